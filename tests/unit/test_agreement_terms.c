/* Keys, desks, clocks, conditions, charters, expectations and tests of an agreement: each is read
 * as it stands, or refused with its line. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/agreement.h"
#include "agreements/span.h"
#include "lib/day.h"
#include "proto/evidence.pb-c.h"
#include "proto/header.pb-c.h"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_C "20112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* A correct agreement, in numbered lines; cases replace one of them. */
static const char *const good[] = {
    /*  1 */ "agreement: ISA-TERMS",
    /*  2 */ "version: 1",
    /*  3 */ "title: Every term",
    /*  4 */ "in-force: 2024-01-01",
    /*  5 */ "review: 2025-01-01",
    /*  6 */ "expires: 2026-01-01",
    /*  7 */ "owner: csc.cambs",
    /*  8 */ "marking:",
    /*  9 */ "  floor: OFFICIAL",
    /* 10 */ "  ceiling: OFFICIAL_SENSITIVE",
    /* 11 */ "retention-days: 30",
    /* 12 */ "onward: []",
    /* 13 */ "subject-access: Records desk",
    /* 14 */ "foi: \"Freedom of information: desk\"",
    /* 15 */ "breach-contact: Security desk",
    /* 16 */ "breach-report-hours: 24",
    /* 17 */ "parties:",
    /* 18 */ "  - agency: nps.cambs",
    /* 19 */ "    kind: NPS",
    /* 20 */ "    contact: Court team",
    /* 21 */ "    dpo: Data protection officer",
    /* 22 */ "    out-of-hours: Duty director",
    /* 23 */ "    calendar: always",
    /* 24 */ "    signing-keys: [" KEY_B ", " KEY_A "]",
    /* 25 */ "    governance-keys: [" KEY_C "]",
    /* 26 */ "  - agency: csc.cambs",
    /* 27 */ "    kind: LA_CHILDREN",
    /* 28 */ "    contact: Safeguarding hub",
    /* 29 */ "clauses:",
    /* 30 */ "  - id: referral",
    /* 31 */ "    type: safeguarding.referral.child",
    /* 32 */ "    from: NPS",
    /* 33 */ "    to: LA_CHILDREN",
    /* 34 */ "    only-by-holder: true",
    /* 35 */ "    capacities: [VICTIM, CONVICTED]",
    /* 36 */ "    small-number-floor: 5",
    /* 37 */ "    purpose: safeguard_child",
    /* 38 */ "    gateway: CA1989_S17_S47",
    /* 39 */ "    required: [DC_IDENTITY, DC_CHILD]",
    /* 40 */ "    acknowledge-within: 15m",
    /* 41 */ "    decide-within: 1wd",
    /* 42 */ "    answer-within: 2d",
    /* 43 */ "    escalation: [Team manager, \"Head of service, children\"]",
    /* 44 */ "expectations:",
    /* 45 */ "  - id: outcome",
    /* 46 */ "    after: safeguarding.referral.child",
    /* 47 */ "    expect: psr.report",
    /* 48 */ "    within: 4wh",
    /* 49 */ "    tell: Team manager",
    /* 50 */ "tests:",
    /* 51 */ "  - name: a referral passes",
    /* 52 */ "    from: nps.cambs",
    /* 53 */ "    to: csc.cambs",
    /* 54 */ "    type: safeguarding.referral.child",
    /* 55 */ "    categories: [DC_IDENTITY, DC_CHILD]",
    /* 56 */ "    expect: permitted",
    /* 57 */ "  - name: the police are no party",
    /* 58 */ "    from: police.35",
    /* 59 */ "    to: csc.cambs",
    /* 60 */ "    type: psr.report",
    /* 61 */ "    purpose: court_advice",
    /* 62 */ "    categories: []",
    /* 63 */ "    in-reply: true",
    /* 64 */ "    capacity: CONVICTED",
    /* 65 */ "    on: 2024-02-29",
    /* 66 */ "    expect: PARTY_NOT_SIGNATORY",
};

/* `good` with line `number` (from 1; 0 = none) replaced; NULL leaves the line out. */
static char *text_with(size_t number, const char *line)
{
    char *text = calloc(1, 16384);

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

static struct agreement *parsed(const char *text)
{
    struct agreement *a = NULL;
    struct reason why = {""};

    if (agreement_parse("test.yaml", text, strlen(text), &a, &why) != ST_OK)
        fail_msg("%s in\n%s", why.text, text);
    return a;
}

static void expect_refusal(const char *text, const char *expected)
{
    struct agreement *a = NULL;
    struct reason why = {""};
    enum status st = agreement_parse("test.yaml", text, strlen(text), &a, &why);

    if (st != ST_INVALID || !strstr(why.text, expected))
        fail_msg("expected `%s', got %s `%s'", expected, status_name(st), why.text);
    assert_null(a);
}

static void assert_span(const struct span *span, uint32_t minutes, bool working)
{
    assert_int_equal(span->minutes, minutes);
    assert_int_equal(span->working, working);
}

static void parties_and_terms_are_read(void **)
{
    char *text = text_with(0, NULL);
    OWNED(agreement) a = parsed(text);
    const struct party *nps = agreement_party(a, "nps.cambs"),
                       *csc = agreement_party(a, "csc.cambs");

    free(text);
    assert_string_equal(a->owner, "csc.cambs");
    assert_string_equal(a->subject_access, "Records desk");
    assert_string_equal(a->foi, "Freedom of information: desk");
    assert_string_equal(a->breach_contact, "Security desk");
    assert_int_equal(a->breach_report_hours, 24);
    assert_false(a->is_charter);
    assert_int_equal(a->uses_per_day, 0);
    assert_span(&a->review_within, 0, false);
    assert_string_equal(nps->dpo, "Data protection officer");
    assert_string_equal(nps->out_of_hours, "Duty director");
    assert_int_equal(nps->calendar, CALENDAR_ALWAYS);
    assert_int_equal(nps->signing_count, 2);
    assert_int_equal(nps->signing[0].bytes[0], 0x00); /* in order */
    assert_int_equal(nps->signing[1].bytes[0], 0x10);
    assert_int_equal(nps->signing[1].bytes[31], 0xff);
    assert_int_equal(nps->governance_count, 1);
    assert_int_equal(nps->governance[0].bytes[0], 0x20);
    assert_string_equal(csc->dpo, "");
    assert_string_equal(csc->out_of_hours, "");
    assert_int_equal(csc->calendar, CALENDAR_ENGLAND_AND_WALES);
    assert_int_equal(csc->signing_count, 0);
    assert_int_equal(csc->governance_count, 0);
}

static void conditions_clocks_and_tests_are_read(void **)
{
    char *text = text_with(0, NULL);
    OWNED(agreement) a = parsed(text);
    const struct clause *c = &a->clauses[0];
    const struct expectation *e = &a->expectations[0];
    const struct trial *t = a->trials;

    free(text);
    assert_true(c->only_by_holder);
    assert_int_equal(c->capacities, 1u << CONCORDAT__SUBJECT_CAPACITY__CONVICTED
                                        | 1u << CONCORDAT__SUBJECT_CAPACITY__VICTIM);
    assert_span(&c->acknowledge, 15, false);
    assert_span(&c->decide, 450, true);
    assert_span(&c->answer, 2880, false);
    assert_int_equal(c->ladder_count, 2);
    assert_string_equal(a->roles[c->ladder[0]], "Team manager");
    assert_string_equal(a->roles[c->ladder[1]], "Head of service, children");
    assert_int_equal(c->small_number_floor, 5);
    assert_int_equal(a->role_count, 2);
    assert_int_equal(a->expectation_count, 1);
    assert_string_equal(e->id, "outcome");
    assert_string_equal(e->after->name, "safeguarding.referral.child");
    assert_string_equal(e->then->name, "psr.report");
    assert_span(&e->within, 240, true);
    assert_int_equal(e->tell, c->ladder[0]); /* the same text is the same role */
    assert_int_equal(e->line, 45);
    assert_int_equal(a->trial_count, 2);
    assert_string_equal(t[0].name, "a referral passes");
    assert_int_equal(t[0].categories, c->required);
    assert_int_equal(t[0].expected, 0);
    assert_int_equal(t[0].capacity, 0);
    assert_int_equal(t[0].on_ms, 0);
    assert_false(t[0].in_reply);
    assert_string_equal(t[0].purpose, "");
    assert_string_equal(t[1].from, "police.35");
    assert_string_equal(t[1].to, "csc.cambs");
    assert_string_equal(t[1].type, "psr.report");
    assert_string_equal(t[1].purpose, "court_advice");
    assert_int_equal(t[1].categories, 0);
    assert_true(t[1].in_reply);
    assert_int_equal(t[1].capacity, CONCORDAT__SUBJECT_CAPACITY__CONVICTED);
    assert_int_equal(t[1].on_ms, 1709164800000);
    assert_int_equal(t[1].expected, CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY);
    assert_int_equal(t[1].line, 57);
}

static void a_bad_term_is_refused_with_its_line(void **)
{
    static const struct {
        size_t line;
        const char *with, *reason;
    } cases[] = {
        {7, "owner: police.35", "test.yaml:7: the owner `police.35' is no party"},
        {7, "owner: Head of service", "test.yaml:7: `Head of service' is not an agency id"},
        {7, "owner: NPS", "test.yaml:7: `NPS' is not an agency id"},
        {13, "subject-access: \"\"", "test.yaml:13: `subject-access' is empty"},
        {14, "foi: [a]", "test.yaml:14: `foi' must be a text"},
        {16, "breach-report-hours: 0", "test.yaml:16: `breach-report-hours' must be a whole"},
        {16, "breach-report-hours: 721", "test.yaml:16: `breach-report-hours' is over 720"},
        {16, "charter: break-glass", "test.yaml:16: a charter has no `uses-per-day'"},
        {16, "uses-per-day: 3", "test.yaml:16: `uses-per-day' is for a `charter'"},
        {16, "review-within: 24h", "test.yaml:16: `review-within' is for a `charter'"},
        {16, "charter: break-glass\nuses-per-day: 3\nreview-within: 24h",
         "test.yaml:40: a charter's clauses go by VITAL_INTEREST, not by `CA1989_S17_S47'"},
        {16, "charter: yes\nuses-per-day: 3\nreview-within: 24h",
         "test.yaml:16: `charter' must be break-glass, not `yes'"},
        {16, "charter: break-glass\nuses-per-day: 101\nreview-within: 24h",
         "test.yaml:17: `uses-per-day' is over 100"},
        {16, "charter: break-glass\nuses-per-day: 3\nreview-within: soon",
         "test.yaml:18: `review-within' must be a time"},
        {21, "    dpo:", "test.yaml:21: `dpo' is empty"},
        {23, "    calendar: scotland", "test.yaml:23: `calendar' must be england-and-wales or"},
        {24, "    signing-keys: []", "test.yaml:24: `signing-keys' needs at least 1"},
        {24, "    signing-keys: " KEY_A, "test.yaml:24: `signing-keys' must be a list"},
        {24, "    signing-keys: [abc]", "test.yaml:24: a key must be the SHA-256"},
        {24, "    signing-keys: [\"" KEY_A "\"]", "test.yaml:24: `an item' must be a plain word"},
        {24, "    signing-keys: [" KEY_A "0]", "test.yaml:24: `an item' is longer than 64 bytes"},
        {24, "    signing-keys: [00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff]",
         "test.yaml:24: a key must be the SHA-256 of its SubjectPublicKeyInfo in 64 digits"},
        {24, "    signing-keys: [0x112233445566778899aabbccddeeff00112233445566778899aabbccddeeff]",
         "test.yaml:24: a key must be the SHA-256"},
        {24, "    signing-keys: [" KEY_A ", " KEY_A "]",
         "test.yaml:24: a key of `nps.cambs' stands here already"},
        {24, "    signing-keys: [" KEY_C "]",
         "test.yaml:25: a key of `nps.cambs' stands here already"},
        {28, "    contact: A\n    signing-keys: [" KEY_A "]",
         "test.yaml:29: a key of `nps.cambs' stands here already"},
        {28, "    contact: A\n    governance-keys: [" KEY_C "]",
         "test.yaml:29: a key of `nps.cambs' stands here already"},
        {28, "    contact: A\n    governance-keys: [" KEY_B "]",
         "test.yaml:29: a key of `nps.cambs' stands here already"},
        {34, "    only-by-holder: yes", "test.yaml:34: `only-by-holder' must be true or false"},
        {35, "    capacities: []", "test.yaml:35: `capacities' needs at least 1"},
        {35, "    capacities: [CONVICT]",
         "test.yaml:35: unknown capacity `CONVICT'; did you mean `CONVICTED'?"},
        {35, "    capacities: [SUBJECT_CAPACITY_UNSPECIFIED]", "test.yaml:35: unknown capacity"},
        {35, "    capacities: [VICTIM, VICTIM]", "test.yaml:35: VICTIM stands here twice"},
        {38, "    gateway: VITAL_INTEREST", "VITAL_INTEREST is for a charter's clauses alone"},
        {39, "    required: [DC_IDENTITY, DC_CHILD]\n    allowed: []\n    capacities: [VICTIM]",
         "stands here twice"},
        {39, "    required:\n      - DC_IDENTITY\n      - DC_CHILD",
         "test.yaml:39: write `required' as [A, B], or another key"},
        {40, "    acknowledge-within: 15", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 0m", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 015m", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 15 m", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 15wm", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 15M", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: -1d", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 1.5d", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 367d", "test.yaml:40: `acknowledge-within' must be a time"},
        {40, "    acknowledge-within: 527041m", "must be a time of at most a year"},
        {40, "    acknowledge-within: 4294967297m", "must be a time of at most a year"},
        {41, "    decide-within: \"1wd\"", "test.yaml:41: `decide-within' must be a plain word"},
        {31, "    type: safeguarding.update\n    close-within: 3d",
         "test.yaml:32: `close-within' is for what is watched to an end"},
        {43, "    escalation: []", "test.yaml:43: `escalation' needs at least 1"},
        {43, "    escalation: [A, B, C, D, E]", "test.yaml:43: `escalation' has more than 4"},
        {43, "    escalation: [A, A]", "test.yaml:43: `A' stands here twice"},
        {36, "    small-number-floor: 1001", "test.yaml:36: `small-number-floor' is over 1000"},
        {36, "    small-number-floor: 0", "test.yaml:36: `small-number-floor' must be a whole"},
        {46, "    after: psr.reprot",
         "unknown message type `psr.reprot'; did you mean `psr.report'"},
        {48, NULL, "test.yaml:45: an expectation has no `within'"},
        {48, "    within: 4wh\n    every: 4wh", "test.yaml:49: `every' does not go with `within'"},
        {48, "    every: soon", "test.yaml:48: `every' must be a time"},
        {48, "    every: 4wh", "test.yaml:48: `every' is for what keeps a conversation up to date"},
        {49, NULL, "test.yaml:45: an expectation has no `tell'"},
        {49,
         "    tell: A\n  - id: outcome\n    after: psr.request\n    expect: psr.report\n"
         "    within: 1d\n    tell: A",
         "test.yaml:50: expectation `outcome' stands here twice; first on line 45"},
        {51, "  - name: the police are no party", "test.yaml:57: test `the police are no party'"},
        {52, "    from: NPS", "test.yaml:52: `NPS' is not an agency id"},
        {54, "    type: psr.reprot", "test.yaml:54: unknown message type `psr.reprot'"},
        {55, "    categories: [DC_NONE]", "test.yaml:55: unknown category `DC_NONE'"},
        {56, "    expect: allowed", "test.yaml:56: unknown outcome"},
        {56, "    expect: REFUSAL_UNSPECIFIED", "test.yaml:56: unknown outcome"},
        {56, "    expect: CATEGORY_NOT_COVERD", "did you mean `CATEGORY_NOT_COVERED'?"},
        {56, NULL, "test.yaml:51: a test has no `expect'"},
        {61, "    purpose: nosiness", "test.yaml:61: unknown purpose `nosiness'"},
        {64, "    capacity: SUSPECTED", "test.yaml:64: unknown capacity `SUSPECTED'"},
        {65, "    on: 2023-02-29", "test.yaml:65: `on' must be a day of the calendar"},
        {65, "    on: 1970-01-01", "test.yaml:65: `on' must be a day after 1970-01-01"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *text = text_with(cases[i].line, cases[i].with);
        expect_refusal(text, cases[i].reason);
        free(text);
    }
    print_message("%zu bad terms refused, each with line and reason\n", LENGTH(cases));
}

/* Behind the last key that a clause must have, a cut between two lines would lose them. */
static void what_narrows_a_clause_stands_before_what_it_must_have(void **)
{
    char *text = text_with(34, NULL), *late = NULL, *at = strstr(text, "    acknowledge-within:");

    assert_true(asprintf(&late, "%.*s    only-by-holder: true\n%s", (int)(at - text), text, at)
                > 0);
    expect_refusal(late, "test.yaml:39: `only-by-holder' must stand before `required'");
    free(text);
    free(late);
    text = text_with(35, NULL);
    at = strstr(text, "    acknowledge-within:");
    assert_true(asprintf(&late, "%.*s    capacities: [VICTIM]\n%s", (int)(at - text), text, at)
                > 0);
    expect_refusal(late, "test.yaml:39: `capacities' must stand before `required'");
    free(text);
    free(late);
}

static void a_charter_is_one_altogether(void **)
{
    static const char terms[] = "charter: break-glass\nuses-per-day: 3\nreview-within: 24h";
    char *text = text_with(16, terms), *gateway = strstr(text, "CA1989_S17_S47");

    memcpy(gateway, "VITAL_INTEREST", 14); /* as long */
    OWNED(agreement) a = parsed(text);
    assert_true(a->is_charter);
    assert_int_equal(a->uses_per_day, 3);
    assert_span(&a->review_within, 1440, false);
    free(text);
}

static void more_roles_than_there_is_room_for_are_refused(void **)
{
    char *text = text_with(0, NULL), *end = text + strlen(text), *at = strstr(text, "tests:");
    char reason[64];

    at[0] = '\0';                                    /* without tests */
    for (int i = 0; i < EXPECTATIONS_MAX - 1; i++) { /* 2 + 62 roles fit, with the one below */
        end = at + strlen(at);
        (void)sprintf(end,
                      "  - id: e%d\n    after: psr.request\n    expect: psr.report\n"
                      "    within: 1d\n    tell: Role %d\n",
                      i, i);
    }
    (void)snprintf(reason, sizeof reason, "more than %d different roles", ROLES_MAX);
    expect_refusal(text, reason);
    *strstr(text, "Role 62") = '\0';
    strcat(text, "Role 61\n");
    agreement_free(parsed(text));
    free(text);
}

static void a_span_has_one_spelling(void **)
{
    static const struct {
        const char *text, *printed;
        uint32_t minutes;
        bool working;
    } cases[] = {
        {"1m", "1m", 1, false},
        {"59m", "59m", 59, false},
        {"60m", "1h", 60, false},
        {"90m", "90m", 90, false},
        {"24h", "1d", 1440, false},
        {"36h", "36h", 2160, false},
        {"366d", "366d", 527040, false},
        {"527040m", "366d", 527040, false},
        {"1wh", "1wh", 60, true},
        {"8wh", "8wh", 480, true},
        {"1wd", "1wd", 450, true},
        {"30wh", "4wd", 1800, true},
        {"1171wd", "1171wd", 526950, true},
    };
    char text[SPAN_TEXT_SIZE];
    struct span span;

    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_true(span_parse(cases[i].text, &span));
        assert_span(&span, cases[i].minutes, cases[i].working);
        assert_true(span_print(&span, text));
        assert_string_equal(text, cases[i].printed);
    }
    assert_false(span_parse("", &span));
    assert_false(span_parse("d", &span));
    assert_false(span_parse("1172wd", &span));
    assert_false(span_print(&(struct span){0, false}, text));
    assert_false(span_print(&(struct span){61, true}, text)); /* no text says it */
    assert_false(span_print(&(struct span){SPAN_MINUTES_MAX + 1, false}, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parties_and_terms_are_read),
        cmocka_unit_test(conditions_clocks_and_tests_are_read),
        cmocka_unit_test(a_bad_term_is_refused_with_its_line),
        cmocka_unit_test(what_narrows_a_clause_stands_before_what_it_must_have),
        cmocka_unit_test(a_charter_is_one_altogether),
        cmocka_unit_test(more_roles_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_span_has_one_spelling),
    };
    return cmocka_run_group_tests_name("agreement terms", tests, NULL, NULL);
}
