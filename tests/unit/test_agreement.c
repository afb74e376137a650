/* An agreement is read strictly: what it does not say exactly, it does not say. */
#include "tests/unit/unit.h"

#include "agreements/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/day.h"
#include "proto/header.pb-c.h"

#define EXAMPLES SOURCE_DIR "/agreements/examples"

/* A correct agreement, in numbered lines; cases replace one of them. */
static const char *const good[] = {
    /*  1 */ "agreement: ISA-TEST",
    /*  2 */ "version: 2",
    /*  3 */ "title: A test",
    /*  4 */ "in-force: 2024-02-29",
    /*  5 */ "review: 2025-01-01",
    /*  6 */ "expires: 2026-01-01",
    /*  7 */ "owner: nps.cambs",
    /*  8 */ "marking:",
    /*  9 */ "  floor: OFFICIAL",
    /* 10 */ "  ceiling: OFFICIAL_SENSITIVE",
    /* 11 */ "retention-days: 30",
    /* 12 */ "onward: [ppcs, mh.cambs]",
    /* 13 */ "parties:",
    /* 14 */ "  - agency: nps.cambs",
    /* 15 */ "    kind: NPS",
    /* 16 */ "    contact: Court team",
    /* 17 */ "  - agency: court.b35cz00",
    /* 18 */ "    kind: COURT",
    /* 19 */ "    contact: Listing office",
    /* 20 */ "clauses:",
    /* 21 */ "  - id: report",
    /* 22 */ "    type: psr.report",
    /* 23 */ "    from: NPS",
    /* 24 */ "    to: court.b35cz00",
    /* 25 */ "    purpose: court_advice",
    /* 26 */ "    gateway: SC2020_S30",
    /* 27 */ "    required: [DC_IDENTITY, DC_RISK_SCORE]",
    /* 28 */ "    allowed: [DC_STAFF]",
    /* 29 */ "    only-in-reply: true",
};

/* `good` with line `number` (from 1; 0 = none) replaced; NULL leaves the line out. */
static char *text_with(size_t number, const char *line)
{
    char *text = calloc(1, 8192);

    assert_non_null(text);
    for (size_t i = 0; i < LENGTH(good); i++) {
        const char *next = i + 1 == number ? line : good[i];
        if (next) {
            strcat(text, next);
            strcat(text, "\n");
        }
    }
    return text;
}

static enum status parse(const char *text, size_t size, struct agreement **out, struct reason *why)
{
    /* an allocation of its own size, so that reading past the end is seen */
    char *copy = malloc(size ? size : 1);
    enum status st;

    assert_non_null(copy);
    memcpy(copy, text, size);
    memset(why, 0, sizeof *why);
    st = agreement_parse("test.yaml", copy, size, out, why);
    free(copy);
    return st;
}

static void expect_refusal(const char *text, size_t size, const char *expected)
{
    struct agreement *a = NULL;
    struct reason why;
    enum status st = parse(text, size, &a, &why);

    if (st != ST_INVALID || !strstr(why.text, expected))
        print_error("expected `%s', got %s `%s'\n", expected, status_name(st), why.text);
    assert_int_equal(st, ST_INVALID);
    assert_null(a);
    assert_non_null(strstr(why.text, expected));
}

static int64_t day(const char *text)
{
    int64_t at = 0;

    assert_true(day_parse(text, &at));
    return at;
}

static void every_field_is_read(void **)
{
    OWNED(agreement) a = NULL;
    struct reason why;
    char *text = text_with(0, NULL);

    assert_int_equal(parse(text, strlen(text), &a, &why), ST_OK);
    assert_string_equal(a->id, "ISA-TEST");
    assert_int_equal(a->version, 2);
    assert_string_equal(a->title, "A test");
    assert_string_equal(a->owner, "nps.cambs");
    assert_string_equal(a->dpia, "");
    assert_int_equal(a->from_ms, 1709164800000);
    assert_int_equal(a->review_ms, day("2025-01-01"));
    assert_int_equal(a->until_ms, day("2026-01-01"));
    assert_int_equal(a->marking_floor, CONCORDAT__MARKING__OFFICIAL);
    assert_int_equal(a->marking_ceiling, CONCORDAT__MARKING__OFFICIAL_SENSITIVE);
    assert_int_equal(a->retention_days, 30);
    assert_int_equal(a->onward_count, 2);
    assert_string_equal(a->onward[0], "mh.cambs");
    assert_true(agreement_allows_onward(a, "ppcs"));
    assert_false(agreement_allows_onward(a, "csc.cambs"));
    assert_int_equal(a->party_count, 2);
    assert_string_equal(agreement_party(a, "nps.cambs")->kind, "NPS");
    assert_string_equal(agreement_party(a, "court.b35cz00")->contact, "Listing office");
    assert_null(agreement_party(a, "NPS"));
    assert_int_equal(a->clause_count, 1);

    const struct clause *c = agreement_clause(a, "report");
    assert_non_null(c);
    assert_string_equal(c->type->name, "psr.report");
    assert_string_equal(c->from, "NPS");
    assert_string_equal(c->to, "court.b35cz00");
    assert_string_equal(c->purpose, "court_advice");
    assert_string_equal(c->gateway, "SC2020_S30");
    assert_int_equal(c->required, 1u << 1 | 1u << 6);
    assert_int_equal(c->allowed, 1u << 1 | 1u << 6 | 1u << 19);
    assert_true(c->only_in_reply);
    assert_int_equal(c->line, 21);
    assert_null(agreement_clause(a, "repor"));
    assert_string_equal(a->text, text);
    struct digest hash = sha256(text, strlen(text));
    assert_true(digest_equal(&a->hash, &hash));
    free(text);
}

static void one_bad_line_is_refused_with_its_number_and_reason(void **)
{
    static const struct {
        size_t line;
        const char *with, *reason;
    } cases[] = {
        {1, NULL, "test.yaml:1: an agreement has no `agreement'"},
        {1, "agreement: isa-test", "test.yaml:1: `agreement' must be capital letters"},
        {1, "agreement: 1SA", "test.yaml:1: `agreement' must be capital"},
        {1, "agreement: \"ISA-TEST\"", "test.yaml:1: `agreement' must be a plain word"},
        {1, "agreement:", "test.yaml:1: `agreement' is empty"},
        {1, "agreement: ISA TEST", "test.yaml:1: `agreement' must be capital"},
        {1, "agreement: A123456789B123456789C123456789D123456789E123456789F123456789G123",
         "test.yaml:1: `agreement' is longer than 63 bytes"},
        {2, NULL, "no `version'"},
        {2, "version: 0", "test.yaml:2: `version' must be a whole number"},
        {2, "version: 010", "test.yaml:2: `version' must be a whole number"},
        {2, "version: 1e3", "test.yaml:2: `version' must be a whole number"},
        {2, "version: 0x10", "test.yaml:2: `version' must be a whole number"},
        {2, "version: 1_0", "test.yaml:2: `version' must be a whole number"},
        {2, "version: 1.0", "test.yaml:2: `version' must be a whole number"},
        {2, "version: +1", "test.yaml:2: `version' must be a whole number"},
        {2, "version: -1", "test.yaml:2: `version' must be a whole number"},
        {2, "version: '1'", "test.yaml:2: `version' must be a plain word"},
        {2, "version: 1000000", "test.yaml:2: `version' is over 999999"},
        {2, "version: 99999999999999999999", "test.yaml:2: `version' is longer than 7 bytes"},
        {2, "version: [1]", "test.yaml:2: `version' must be a plain word"},
        {3, "title:", "test.yaml:3: `title' is empty"},
        {3, "title: \"\"", "test.yaml:3: `title' is empty"},
        {3, "title: \"a\\nb\"", "test.yaml:3: `title' has a line break"},
        {3, "title: \"a\\u009bb\"", "test.yaml:3: `title' has a line break"},
        {3, "title: \"a\\u202eb\"", "test.yaml:3: `title' has a line break"},
        {3, "title: \"a\\Lb\"", "test.yaml:3: `title' has a line break"},
        {3, "title: \"a\\0b\"", "test.yaml:3: a NUL in a text"},
        {3, "title: [a]", "test.yaml:3: `title' must be a text"},
        {3, "titel: A test",
         "test.yaml:3: unknown key `titel' in an agreement; did you mean "
         "`title'?"},
        {3, "title: A\ntitle: B", "test.yaml:4: `title' stands here twice; first on line 3"},
        {3, "title: A\npurposes: B", "test.yaml:4: unknown key `purposes' in an agreement"},
        {3, "title: &x A", "test.yaml:3: anchors"},
        {3, "title: *x", "test.yaml:3: aliases"},
        {3, "title: !!str A", "test.yaml:3: anchors (&) and tags (!)"},
        {3, "title: !x A", "test.yaml:3: anchors (&) and tags (!)"},
        {3, "title: A\n---", "a second document begins"},
        {3, "title: A\n...", "test.yaml"},
        {3, "title: @A", "test.yaml:3:"},
        {3, "title: A\n\tb: 1", "test.yaml:4:"},
        {3, "\"title\": A", "test.yaml:3: a key must be a short plain word"},
        {3, "? [a]\n: b", "test.yaml:3: a key must be a short plain word"},
        {3, "? title\n: *x", "aliases"},
        {4, "in-force: 2023-02-29", "test.yaml:4: `in-force' must be a day of the calendar"},
        {4, "in-force: 2024-2-29", "test.yaml:4: `in-force' must be a day"},
        {4, "in-force: 29/02/2024", "test.yaml:4: `in-force' must be a day"},
        {4, "in-force: 2024-02-29T00:00", "test.yaml:4: `in-force' is longer"},
        {4, "in-force: 2024-02-29Z", "test.yaml:4: `in-force' must be a day"},
        {4, "in-force: \"2024-02-29\"", "test.yaml:4: `in-force' must be a plain word"},
        {4, "in-force: 2026-01-01", "test.yaml:6: `expires' is not after `in-force'"},
        {5, "review: 2024-02-28", "test.yaml:5: `review' is not between"},
        {5, "review: 2026-01-02", "test.yaml:5: `review' is not between"},
        {5, NULL, "no `review'"},
        {6, "expires: 2024-02-29", "test.yaml:6: `expires' is not after"},
        {6, "expires: never", "test.yaml:6: `expires' must be a day"},
        {9, "  floor: SECRET", "test.yaml:9: `floor' must be OFFICIAL or OFFICIAL_SENSITIVE"},
        {9, "  floor: MARKING_UNSPECIFIED", "test.yaml:9: `floor' must be OFFICIAL"},
        {9, "  flor: OFFICIAL",
         "test.yaml:9: unknown key `flor' in `marking'; did you mean "
         "`floor'?"},
        {9, "  floor: OFFICIAL_SENSITIVE\n  floor: OFFICIAL", "test.yaml:10: `floor' stands"},
        {8, "marking: {floor: OFFICIAL}", "test.yaml:8: write one key a line"},
        {10, "  ceiling: OFFICIAL\n  ceiling2: OFFICIAL", "test.yaml:11: unknown key"},
        {11, "retention-days: 36501", "test.yaml:11: `retention-days' is over 36500"},
        {12, "onward:", "test.yaml:12: `onward' must be a list"},
        {12, "onward: [ppcs, ppcs]", "test.yaml:12: `ppcs' stands here twice"},
        {12, "onward: [POLICE]", "test.yaml:12: `POLICE' is not an agency id"},
        {12, "onward: [[ppcs]]", "test.yaml:12: `an item' must be a plain word"},
        {12, "onward: [[[[ppcs]]]]", "test.yaml:12: nested too deeply"},
        {14, "  - agency: NPS.cambs", "test.yaml:14: `NPS.cambs' is not an agency id"},
        {14, "  - agency: court.b35cz00", "`court.b35cz00' is a party twice"},
        {15, "    kind: PROBATION", "test.yaml:15: unknown kind of agency `PROBATION'"},
        {16, NULL, "test.yaml:14: a party has no `contact'"},
        {16, "    contakt: A", "test.yaml:16: unknown key `contakt' in a party; did you mean"},
        {21, "  - id: Report", "test.yaml:21: `id' must be lower-case letters"},
        {22, "    type: psr.reprot",
         "test.yaml:22: unknown message type `psr.reprot'; did you mean "
         "`psr.report'?"},
        {22, "    type: psr.*", "test.yaml:22: unknown message type `psr.*'"},
        {22, "    type: psr.request", "test.yaml:27: DC_RISK_SCORE cannot be part of psr.request"},
        {23, "    from: POLICE", "test.yaml:23: `POLICE' is neither a party nor a party's kind"},
        {23, "    from: nps.camb", "did you mean `nps.cambs'?"},
        {23, "    from: COURT",
         "test.yaml:21: from `COURT' to `court.b35cz00' is no two different"},
        {24, "    to: nps.cambs", "test.yaml:21: from `NPS' to `nps.cambs' is no two different"},
        {25, "    purpose: nosiness", "test.yaml:25: unknown purpose `nosiness'"},
        {26, "    gateway: MAGNA_CARTA", "test.yaml:26: unknown gateway `MAGNA_CARTA'"},
        {27, "    required: [DC_IDENTITY]", "psr.report cannot go without DC_RISK_SCORE"},
        {27, "    required: [DC_IDENTITY, DC_RISK_SCORE, DC_VICTIM]",
         "test.yaml:27: DC_VICTIM cannot be part of psr.report"},
        {27, "    required: [DC_IDENTITY, DC_RISK_SCORE, DC_IDENTITY]",
         "test.yaml:27: DC_IDENTITY stands here twice"},
        {27, "    required: [identity]", "test.yaml:27: unknown category `identity'"},
        {27, "    required: DC_IDENTITY", "test.yaml:27: `required' must be a list"},
        {28, "    allowed: [DC_STAFF, DC_IDENTITY]", "DC_IDENTITY is required already"},
        {28, "    allowed: [DC_INTELLIGENCE]", "test.yaml:28: DC_INTELLIGENCE cannot be part of"},
        {28, "    allowed: [DATA_CATEGORY_UNSPECIFIED]", "test.yaml:28: unknown category"},
        {29, "    only-in-reply: yes", "test.yaml:29: `only-in-reply' must be true or false"},
        {29, "    only-in-reply: True", "test.yaml:29: `only-in-reply' must be true or false"},
        {29, "    only-in-reply: \"true\"", "test.yaml:29: `only-in-reply' must be true or false"},
        {29, "    only_in_reply: true", "did you mean `only-in-reply'?"},
        {29, "    deny: true", "test.yaml:29: unknown key `deny' in a clause"},
        {29, NULL, "test.yaml:21: psr.report is an answer: say whether"},
        {20, "clauses: []\nx:", "unknown key `x' in an agreement"},
        {20, "clauses: none\nfoo:", "unknown key `foo'"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *text = text_with(cases[i].line, cases[i].with);
        expect_refusal(text, strlen(text), cases[i].reason);
        free(text);
    }
    print_message("%zu malformed agreements refused, each with line and reason\n", LENGTH(cases));
}

static void a_text_that_is_no_single_document_is_refused(void **)
{
    static const struct {
        const char *text;
        size_t size;
        const char *reason;
    } cases[] = {
        {"", 0, "test.yaml:1: nothing but blank lines and comments"},
        {"# only this\n\n", 13, "test.yaml:1: nothing but blank lines and comments"},
        {"---\n", 4, "test.yaml:2: an agreement must be written as"},
        {"- a\n", 4, "test.yaml:1: an agreement must be written as"},
        {"x\n", 2, "test.yaml:1: an agreement must be written as"},
        {"x", 1, "test.yaml:1: the last line has no end"},
        {"{}\n", 3, "test.yaml:1: write one key a line"},
        {"a: b\n\0: c\n", 10, "test.yaml:2: control characters"},
        {"a: b\nc: \xff\n", 10, "test.yaml:2: invalid leading UTF-8"},
        {"a: \xc0\x80\n", 6, "test.yaml:1: invalid length of a UTF-8"},
        {"\xef\xbb\xbf"
         "a: b\n",
         8, "test.yaml:1: begins with a byte-order mark"},
        {"\xff\xfe"
         "a\0:\0 \0b\0\n",
         11, "test.yaml:1: invalid leading UTF-8"},
        {"%YAML 1.1\n---\na: b\n", 19, "directives (%) are not used here"},
        {"%TAG ! tag:x,2000:\n---\na: b\n", 28, "directives (%) are not used here"},
        {"# why\xc2\x85"
         "a: b\n",
         12, "test.yaml:1: a line break or direction mark that editors"},
        {"a: b\n# why \xe2\x80\xa8"
         "c: d\n",
         19, "test.yaml:2: a line break or direction mark that editors"},
        {"a: b # why \xe2\x80\xa9"
         "c: d\n",
         19, "test.yaml:1: a line break or direction mark that editors"},
        {"a: b # \xe2\x80\xae why\n", 15,
         "test.yaml:1: a line break or direction mark that editors"},
        {"a: \"b\xe2\x80\x8f\"\n", 10, "direction mark that editors do not show"},
        {"a: \"b\xd8\x9c\"\n", 9, "direction mark that editors do not show"},
        {"a: \"b\xe2\x80\x8b\"\n", 10, "direction mark that editors do not show"},
        {"a: \"b\xef\xbb\xbf\"\n", 10, "direction mark that editors do not show"},
        {"a: \xe2\x81\xa7"
         "b\n",
         8, "test.yaml:1: a line break or direction mark that editors"},
        {"a: b # why\rc: d\n", 16, "test.yaml:1: a line break or direction mark that editors"},
        {"a: &b c\n", 8, "anchors"},
        {"&x a: b\n", 8, "anchors"},
        {"--- !x\na: b\n", 12, "anchors"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++)
        expect_refusal(cases[i].text, cases[i].size, cases[i].reason);
}

static void a_text_over_its_limits_is_refused_at_once(void **)
{
    const size_t size = AGREEMENT_FILE_MAX + 1;
    char *text = malloc(size), key[32];
    size_t used = 0;

    assert_non_null(text);
    memset(text, ' ', size);
    expect_refusal(text, size, "longer than 1048576 bytes");
    memset(text, '[', size - 1);
    text[size - 2] = '\n';
    expect_refusal(text, size - 1, "nested too deeply");
    for (size_t i = 0; i + 1 < size; i += 2)
        memcpy(text + i, "- ", 2);
    text[size - 2] = '\n';
    expect_refusal(text, size - 1, "nested too deeply");
    for (size_t i = 0; i + 2 < size; i += 2)
        memcpy(text + i, "-\n", 2);
    expect_refusal(text, size - 1, "too many values");
    for (int i = 0; i < 40; i++) {
        int n = snprintf(key, sizeof key, "k%d: 1\n", i);
        memcpy(text + used, key, (size_t)n);
        used += (size_t)n;
    }
    expect_refusal(text, used, "test.yaml:33: too many keys");
    free(text);
}

static void two_clauses_never_share_an_id_or_a_flow(void **)
{
    static const char second[] = "  - id: %s\n    type: psr.report\n    from: NPS\n"
                                 "    to: court.b35cz00\n    purpose: court_advice\n"
                                 "    gateway: SC2020_S30\n"
                                 "    required: [DC_IDENTITY, DC_RISK_SCORE]\n"
                                 "    only-in-reply: %s\n";
    char *text = text_with(0, NULL), *end = text + strlen(text);
    struct agreement *a = NULL;
    struct reason why;

    (void)sprintf(end, second, "report", "false");
    expect_refusal(text, strlen(text),
                   "test.yaml:30: clause `report' stands here twice; first on "
                   "line 21");
    (void)sprintf(end, second, "again", "true");
    expect_refusal(text, strlen(text),
                   "test.yaml:30: clause `again' is about the same flow as "
                   "`report' on line 21");
    (void)sprintf(end, second, "again", "false");
    assert_int_equal(parse(text, strlen(text), &a, &why), ST_OK);
    assert_int_equal(a->clause_count, 2);
    assert_string_equal(a->clauses[0].id, "again"); /* in order of id, wherever it stands */
    agreement_free(a);
    free(text);
}

static void a_type_above_the_ceiling_is_refused(void **)
{
    struct agreement *a = NULL;
    struct reason why;
    char *path = NULL, *text = NULL, *ceiling;

    assert_true(asprintf(&path, "%s/safeguarding.yaml", EXAMPLES) > 0);
    assert_int_equal(agreement_load(path, &a, &why), ST_OK);
    text = strdup(a->text);
    agreement_free(a);
    a = NULL;
    for (int i = 0; i < 2; i++) { /* floor and ceiling */
        ceiling = strstr(text, ": OFFICIAL_SENSITIVE");
        assert_non_null(ceiling);
        memcpy(ceiling, ": OFFICIAL          ", 20);
    }
    expect_refusal(text, strlen(text), "marked above the agreement's ceiling");
    free(text);
    free(path);
}

static void it_is_active_from_its_first_midnight_until_its_last(void **)
{
    OWNED(agreement) a = NULL;
    struct reason why;
    char *text = text_with(0, NULL);

    assert_int_equal(parse(text, strlen(text), &a, &why), ST_OK);
    free(text);
    assert_int_equal(agreement_state_at(a, a->from_ms), AGREEMENT_STATE_DRAFT); /* unsigned */
    a->standing = STANDING_ASSUMED;
    assert_int_equal(agreement_state_at(a, a->from_ms - 1), AGREEMENT_STATE_NOT_YET);
    assert_int_equal(agreement_state_at(a, a->from_ms), AGREEMENT_STATE_ACTIVE);
    assert_int_equal(agreement_state_at(a, a->until_ms - 1), AGREEMENT_STATE_ACTIVE);
    assert_int_equal(agreement_state_at(a, a->until_ms), AGREEMENT_STATE_EXPIRED);
    assert_string_equal(agreement_state_name(AGREEMENT_STATE_ACTIVE), "active");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(one_bad_line_is_refused_with_its_number_and_reason),
        cmocka_unit_test(a_text_that_is_no_single_document_is_refused),
        cmocka_unit_test(a_text_over_its_limits_is_refused_at_once),
        cmocka_unit_test(two_clauses_never_share_an_id_or_a_flow),
        cmocka_unit_test(a_type_above_the_ceiling_is_refused),
        cmocka_unit_test(it_is_active_from_its_first_midnight_until_its_last),
    };
    return cmocka_run_group_tests_name("agreement", tests, NULL, NULL);
}
