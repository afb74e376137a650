/* A body is told everything that is wrong with it, by path; what is right goes there and back. */
#include "tests/unit/unit.h"

#include "agents/body.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/reflect.h"
#include "proto/bodies/common.pb-c.h"
#include "proto/bodies/psr.pb-c.h"
#include "tests/unit/full_body.h"

#define NOW 1781524800000 /* 2026-06-15 */

static const char request[] = "{\n"
                              "  \"hearingId\": \"H-1\",\n"
                              "  \"courtOu\": \"B35CZ00\",\n"
                              "  \"neededByMs\": \"1781611200000\",\n"
                              "  \"defendant\": {\n"
                              "    \"identifiers\": [\n"
                              "      {\n"
                              "        \"type\": \"PNC\",\n"
                              "        \"value\": \"2018/0123456P\"\n"
                              "      }\n"
                              "    ],\n"
                              "    \"name\": {\n"
                              "      \"forename\": \"Kit\",\n"
                              "      \"surname\": \"Marlow\"\n"
                              "    },\n"
                              "    \"dateOfBirth\": {\n"
                              "      \"ymd\": 19960229\n"
                              "    }\n"
                              "  },\n"
                              "  \"offences\": [\n"
                              "    {\n"
                              "      \"cjsCode\": \"TH68001\"\n"
                              "    }\n"
                              "  ],\n"
                              "  \"requestedFormat\": \"ORAL\"\n"
                              "}";

static const struct message_type *type(const char *name)
{
    const struct message_type *found = catalogue_find(name);

    assert_non_null(found);
    return found;
}

static struct arena *room(void)
{
    struct arena *arena = arena_new(64 * 1024, BODY_ARENA);

    assert_non_null(arena);
    return arena;
}

/* From an allocation of its own size, so that reading past the end is seen. */
static enum status from_json(const char *name, const char *json, size_t size, struct arena *arena,
                             struct bytes *out, struct problems *problems)
{
    char *copy = malloc(size ? size : 1);
    enum status st;

    assert_non_null(copy);
    memcpy(copy, json, size);
    st = body_from_json(type(name), copy, size, NOW, arena, out, problems);
    free(copy);
    return st;
}

static void print_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++)
        print_error("%s: %s\n", problems->items[i].where, problems->items[i].text);
}

/* Bounds that the schema names, in other types. */
static void bounds_of_the_schema_are_kept(void **)
{
    static const struct {
        const char *type, *json, *where, *text;
    } cases[] = {
        {"safeguarding.close",
         "{\"referralId\": \"AA==\", \"reason\": \"DIED\", \"date\": {\"ymd\": 20260615}}",
         "referralId", "must be an id of 16 bytes"},
        {"risk.rsr.result",
         "{\"subject\": {\"name\": {\"surname\": \"M\"}}, \"rsr\": {\"tool\": \"RSR\", "
         "\"basisPoints\": 10000}}",
         "rsr.basisPoints", "must be from 0 to 9999 hundredths of a percent"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(arena) arena = room();
        struct problems problems;
        struct bytes body;

        assert_int_equal(
            from_json(cases[i].type, cases[i].json, strlen(cases[i].json), arena, &body, &problems),
            ST_INVALID);
        assert_int_equal(problems.count, 1);
        assert_string_equal(problems.items[0].where, cases[i].where);
        assert_string_equal(problems.items[0].text, cases[i].text);
    }
}

#define DECIDED(day, rosh, points, ground, more)                                                   \
    "{\"subject\": {\"name\": {\"surname\": \"M\"}}, \"rsr\": {\"tool\": \"RSR\", "                \
    "\"basisPoints\": " points "}, \"rosh\": \"ROSH_" rosh                                         \
    "\", \"targetAgencyId\": \"crc.bench\", \"ground\": \"" ground                                 \
    "\", \"decided\": {\"ymd\": " day "}" more "}"
#define TO_CRC "LOW_OR_MEDIUM_TO_CRC"
#define OVERRIDE ", \"override\": true, \"overrideReason\": "

/* A decision on who takes a case, against the rule of its day: docs/allocation.md. */
static void a_case_is_allocated_as_the_rule_says(void **)
{
    static const struct {
        const char *json, *where; /* NULL: as it should be */
        const char *text;
    } cases[] = {
        {DECIDED("20210625", "MEDIUM", "240", TO_CRC, ""), NULL, ""},
        {DECIDED("20140601", "LOW", "689", TO_CRC, ""), NULL, ""},
        {DECIDED("20210625", "LOW", "240", "PSS_OR_SHORT_CUSTODY_TO_CRC", ""), NULL, ""},
        {DECIDED("20210625", "LOW", "240", "DEFERRED_OR_PUBLIC_INTEREST", ""), NULL, ""},
        {DECIDED("20210625", "LOW", "240", "MAPPA_ELIGIBLE", ""), NULL, ""},
        {DECIDED("20210626", "LOW", "240", "UNIFIED_SERVICE", ""), NULL, ""},
        {DECIDED("20210626", "LOW", "240", TO_CRC, ""), "ground", "UNIFIED_SERVICE"},
        {DECIDED("20210625", "LOW", "240", "UNIFIED_SERVICE", ""), "ground", TO_CRC},
        {DECIDED("20210625", "HIGH", "240", TO_CRC, ""), "ground", "ROSH_HIGH_OR_ABOVE"},
        {DECIDED("20210625", "LOW", "690", TO_CRC, ""), "ground", "RSR_AT_OR_OVER_6_90"},
        {DECIDED("20210625", "LOW", "240", TO_CRC, ", \"mappa\": {\"category\": 1}"), "ground",
         "MAPPA_ELIGIBLE"},
        {DECIDED("20210625", "LOW", "240", TO_CRC, ", \"sentence\": {\"kind\": \"DEFERRED\"}"),
         "ground", "DEFERRED_OR_PUBLIC_INTEREST"},
        {DECIDED("20140531", "LOW", "240", TO_CRC, ""), "decided", "1 June 2014"},
        {DECIDED("20260302", "LOW", "240", TO_CRC, OVERRIDE "\"A trial.\""), NULL, ""},
        {DECIDED("20260302", "LOW", "240", TO_CRC, OVERRIDE "\" \""), "overrideReason", "missing"},
        {DECIDED("20260302", "LOW", "240", TO_CRC, ", \"overrideReason\": \"A trial.\""), "ground",
         "UNIFIED_SERVICE"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(arena) arena = room();
        struct problems problems;
        struct bytes body;
        enum status status = from_json("case.allocation.decision", cases[i].json,
                                       strlen(cases[i].json), arena, &body, &problems);

        print_problems(&problems);
        assert_int_equal(status, cases[i].where ? ST_INVALID : ST_OK);
        assert_int_equal(problems.count, cases[i].where != NULL);
        if (!cases[i].where)
            continue;
        assert_string_equal(problems.items[0].where, cases[i].where);
        assert_non_null(strstr(problems.items[0].text, cases[i].text));
    }
}

/* It meets what is expected after a sentence, a release or a transfer: who was not seen has had
 * none. */
static void a_first_contact_is_one_at_which_somebody_was_seen(void **)
{
    static const struct {
        const char *outcome;
        bool is_sent;
    } cases[] = {
        {", \"outcome\": \"SEEN\"", true},
        {"", true}, /* not shared under every agreement */
        {", \"outcome\": \"NOT_SEEN_ACCEPTABLE\"", false},
        {", \"outcome\": \"NOT_SEEN_UNACCEPTABLE\"", false},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(arena) arena = room();
        struct problems problems;
        struct bytes body;
        char json[256];
        int size =
            snprintf(json, sizeof json, "{\"subject\": {\"name\": {\"surname\": \"Example\"}}%s}",
                     cases[i].outcome);

        assert_int_equal(
            from_json("case.first_contact", json, (size_t)size, arena, &body, &problems),
            cases[i].is_sent ? ST_OK : ST_INVALID);
        assert_int_equal(problems.count, !cases[i].is_sent);
        if (!cases[i].is_sent)
            assert_string_equal(problems.items[0].where, "outcome");
    }
}

/* Children whose surname nobody knows, or who are not born yet, can be named. */
static void who_has_no_surname_can_be_asked_about(void **)
{
    static const char json[] =
        "{\"subject\": {\"name\": {\"forename\": \"Kit\"}}, \"why\": \"PRE_SENTENCE\", "
        "\"neededByMs\": 1781611200000, \"children\": ["
        "{\"person\": {\"name\": {\"forename\": \"Lily\"}}, \"relationship\": \"daughter\"}, "
        "{\"unborn\": true, \"relationship\": \"child\"}]}";
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body;

    assert_int_equal(from_json("check.social_care.children.request", json, sizeof json - 1, arena,
                               &body, &problems),
                     ST_OK);
}

static void json_becomes_a_body_and_the_same_json_again(void **)
{
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body, again;
    struct reason why;
    char *json = NULL;

    enum status st = from_json("psr.request", request, sizeof request - 1, arena, &body, &problems);
    print_problems(&problems);
    assert_int_equal(st, ST_OK);
    assert_int_equal(problems.count, 0);

    Concordat__Body__PsrRequest *message =
        concordat__body__psr_request__unpack(NULL, body.size, body.data);
    assert_non_null(message);
    assert_string_equal(message->court_ou, "B35CZ00");
    assert_int_equal(message->needed_by_ms, 1781611200000);
    assert_false(message->has_remanded_in_custody); /* not said is not false */
    assert_string_equal(message->defendant->identifiers[0]->value, "2018/0123456P");
    assert_int_equal(message->defendant->date_of_birth->ymd, 19960229);
    concordat__body__psr_request__free_unpacked(message, NULL);

    assert_int_equal(body_to_json(type("psr.request"), body, arena, &json, &why), ST_OK);
    assert_string_equal(json, request);
    free(json);
    assert_int_equal(body_from_protobuf(type("psr.request"), body, NOW, arena, &again, &problems),
                     ST_OK);
    assert_int_equal(again.size, body.size);
    assert_memory_equal(again.data, body.data, body.size);
}

static void identifiers_are_brought_into_canonical_form(void **)
{
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body;
    struct reason why;
    char *json = strdup(request), *value = strstr(json, "2018/0123456P"), *out = NULL;

    memcpy(value, "18/0123456p  ", 13);
    assert_int_equal(from_json("psr.request", json, strlen(json), arena, &body, &problems), ST_OK);
    assert_int_equal(body_to_json(type("psr.request"), body, arena, &out, &why), ST_OK);
    assert_string_equal(out, request);
    free(out);
    free(json);
}

/* `request` with the first `find` replaced. */
static char *request_with(const char *find, const char *with)
{
    const char *at = strstr(request, find);
    char *out = NULL;

    assert_non_null(at);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - request), request, with, at + strlen(find))
                > 0);
    return out;
}

static void each_fault_is_told_with_its_path(void **)
{
    static const struct {
        const char *find, *with, *where, *text;
    } cases[] = {
        {"\"B35CZ00\"", "7", "courtOu", "must be a text, not a number"},
        {"\"B35CZ00\"", "null", "courtOu", "is missing"},
        {"\"B35CZ00\"", "\"\"", "courtOu", "is empty"},
        {"\"B35CZ00\"", "\"A35CZ00\"", "courtOu", "court"},
        {"\"B35CZ00\"", "\"B35CZ00\", \"court_ou\": \"B35CZ00\"", "court_ou", "twice"},
        {"\"courtOu\"", "\"courtOU\"", "courtOU", "unknown field; did you mean `courtOu'?"},
        {"\"courtOu\"", "\"cuortOu\"", "cuortOu", "unknown field; did you mean `courtOu'?"},
        {"\"courtOu\"", "\"tribunal\"", "tribunal", "unknown field"},
        {"\"1781611200000\"", "1781611200000.5", "neededByMs", "whole number, not a fraction"},
        {"\"1781611200000\"", "1e3", "neededByMs", "whole number, not a fraction"},
        {"\"1781611200000\"", "\"01\"", "neededByMs", "must be a whole number"},
        {"\"1781611200000\"", "\"-0\"", "neededByMs", "must be a whole number"},
        {"\"1781611200000\"", "\"+1\"", "neededByMs", "must be a whole number"},
        {"\"1781611200000\"", "\"\"", "neededByMs", "must be a whole number"},
        {"\"1781611200000\"", "\"9223372036854775808\"", "neededByMs", "must be from -92233"},
        {"\"1781611200000\"", "\"99999999999999999999\"", "neededByMs", "must be a whole number"},
        {"\"1781611200000\"", "true", "neededByMs", "whole number, not true or false"},
        {"\"1781611200000\"", "[1]", "neededByMs", "whole number, not a list"},
        {"2018/0123456P", "2018/0123456Q", "defendant.identifiers[0].value",
         "PNC check character should be P"},
        {"2018/0123456P", "", "defendant.identifiers[0].value", "is empty"},
        {"\"type\": \"PNC\",", "", "defendant.identifiers[0].type", "is missing"},
        {"\"PNC\"", "\"TYPE_UNSPECIFIED\"", "defendant.identifiers[0].type", "is empty"},
        {"\"PNC\"", "\"pnc\"", "defendant.identifiers[0].type", "must be one of CRN, PNC, CRO"},
        {"\"PNC\"", "99", "defendant.identifiers[0].type", "must be one of CRN, PNC"},
        {"\"PNC\"", "{}", "defendant.identifiers[0].type", "must be one of CRN, PNC"},
        {"\"forename\": \"Kit\",\n      \"surname\": \"Marlow\"", "\"title\": \"Mr\"",
         "defendant.name", "names nobody: forename or surname is missing"},
        {"\"1781611200000\"", "\"-5\"", "neededByMs", "must be a time, in milliseconds"},
        {"\"surname\"", "\"surnam\"", "defendant.name.surnam", "did you mean `surname'?"},
        {"19960229", "19970229", "defendant.dateOfBirth.ymd", "19970229 is no day of the calendar"},
        {"19960229", "\"1996-02-29\"", "defendant.dateOfBirth.ymd", "must be a whole number"},
        {"19960229", "-1", "defendant.dateOfBirth.ymd", "must not be negative"},
        {"19960229", "4294967296", "defendant.dateOfBirth.ymd", "must be from 0 to 4294967295"},
        {"\"ymd\": 19960229", "", "defendant.dateOfBirth.ymd", "is missing"},
        {"\"TH68001\"", "\"68TH001\"", "offences[0].cjsCode", "offence"},
        {"\"offences\": [", "\"offences\": [7, ", "offences[0]", "must be an object"},
        {"\"offences\": [", "\"offences\": [null, ", "offences[0]", "must be an object"},
        {"\"ORAL\"", "\"SPOKEN\"", "requestedFormat",
         "must be one of ORAL, SHORT, STANDARD, ADDENDUM"},
        {"\"ORAL\"", "\"ORAL\", \"offences\": []", "", "line 25, column"},
        {"\"ORAL\"", "\"ORAL\", \"purposes\": \"PUNISHMENT\"", "purposes", "must be a list"},
        {"\"ORAL\"", "\"ORAL\", \"purposes\": [\"PUNISHMENT\", \"SPITE\"]", "purposes[1]",
         "must be one of PUNISHMENT"},
        {"\"ORAL\"", "\"ORAL\", \"remandedInCustody\": \"no\"", "remandedInCustody",
         "must be true or false, not a text"},
        {"\"ORAL\"", "\"ORAL\", \"onBehalfOf\": {\"salt\": \"AB=C\"}", "onBehalfOf.salt",
         "must be base64 with padding"},
        {"\"ORAL\"", "\"ORAL\", \"onBehalfOf\": {\"salt\": 5}", "onBehalfOf.salt",
         "must be base64 text, not a number"},
        {"\"ORAL\"", "\"ORAL\", \"judgeNotes\": \"<text>\"", "judgeNotes", "still holds"},
        {"\"ORAL\"", "\"ORAL\", \"judgeNotes\": \"a\\u0000b\"", "", "line 25, column"},
        {"\"ORAL\"", "\"ORAL\", \"judgeNotes\": \"\xc3\x28\"", "", "line 25, column"},
        {"\"ORAL\"", "\"ORAL\"}, {", "", "line 25, column"},
        {"{\n  \"hearingId\"", "[{\"hearingId\"", "", "line"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(arena) arena = room();
        struct bytes body = {NULL, 7};
        struct problems problems;
        char *json = request_with(cases[i].find, cases[i].with);
        bool told = false;

        enum status st = from_json("psr.request", json, strlen(json), arena, &body, &problems);
        for (size_t j = 0; j < problems.count && j < PROBLEMS_MAX; j++)
            told |= strcmp(problems.items[j].where, cases[i].where) == 0
                 && strstr(problems.items[j].text, cases[i].text);
        if (!told || st != ST_INVALID) {
            print_problems(&problems);
            fail_msg("%s -> %s: expected %s: %s, got %s", cases[i].find, cases[i].with,
                     cases[i].where, cases[i].text, status_name(st));
        }
        assert_int_equal(body.size, 7); /* outputs stay untouched */
        free(json);
    }
    print_message("%zu faults told with their path\n", LENGTH(cases));
}

static void all_faults_are_told_at_once_up_to_sixteen(void **)
{
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body;
    static const char empty[] = "{}";
    char many[1024] = "{\"x0\": 0";

    assert_int_equal(from_json("psr.request", empty, 2, arena, &body, &problems), ST_INVALID);
    assert_int_equal(problems.count, 6); /* its required fields */
    for (int i = 1; i < 40; i++)
        (void)sprintf(many + strlen(many), ", \"x%d\": 0", i);
    strcat(many, "}");
    assert_int_equal(from_json("psr.request", many, strlen(many), arena, &body, &problems),
                     ST_INVALID);
    assert_int_equal(problems.count, 40);
    assert_string_equal(problems.items[PROBLEMS_MAX - 1].where, "x15");
}

static void no_beginning_of_a_body_is_a_body(void **)
{
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body;

    for (size_t cut = 0; cut < sizeof request - 1; cut++) {
        assert_int_equal(from_json("psr.request", request, cut, arena, &body, &problems),
                         ST_INVALID);
        assert_int_equal(problems.count, 1);
        arena_reset(arena, false);
    }
    print_message("%zu beginnings refused\n", sizeof request - 1);
}

/* ---- any message with every field set ---- */

static void every_body_with_every_field_goes_there_and_back(void **)
{
    size_t count = 0, rounds = 0;
    const struct message_type *types = catalogue_all(&count);

    full_body_seed(7);
    for (size_t i = 0; i < 100 * count; i++) {
        OWNED(arena) arena = room();
        const struct message_type *t = &types[i % count];
        struct bytes full = full_body(t, ~(category_set)0, arena);
        struct problems problems;
        struct bytes body, again;
        struct reason why;
        char *json = NULL, *second = NULL;

        if (body_from_protobuf(t, full, NOW, arena, &body, &problems) != ST_OK) {
            print_problems(&problems);
            fail_msg("%s", t->name);
        }
        assert_int_equal(body.size, full.size);
        assert_memory_equal(body.data, full.data, full.size);
        assert_int_equal(body_to_json(t, body, arena, &json, &why), ST_OK);
        if (body_from_json(t, json, strlen(json), NOW, arena, &again, &problems) != ST_OK) {
            print_problems(&problems);
            fail_msg("%s: %s", t->name, json);
        }
        assert_int_equal(again.size, full.size);
        assert_memory_equal(again.data, full.data, full.size);
        assert_int_equal(body_to_json(t, again, arena, &second, &why), ST_OK);
        assert_string_equal(json, second);
        free(json);
        free(second);
        rounds++;
    }
    print_message("%zu full bodies of %zu types there and back\n", rounds, count);
}

static void a_part_of_a_body_is_shown_and_unknown_choices_stay_numbers(void **)
{
    /* requested_format = 77, nothing else: as a recipient may see it who got one section */
    static const uint8_t part[] = {0x38, 77};
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body = {part, sizeof part}, out;
    struct reason why;
    char *json = NULL;

    assert_int_equal(body_to_json(type("psr.request"), body, arena, &json, &why), ST_OK);
    assert_string_equal(json, "{\n  \"requestedFormat\": 77\n}");
    free(json);
    assert_int_equal(body_to_json(type("psr.request"), (struct bytes){part, 0}, arena, &json, &why),
                     ST_OK);
    assert_string_equal(json, "{}");
    free(json);
    /* a sender may not */
    assert_int_equal(body_from_protobuf(type("psr.request"), body, NOW, arena, &out, &problems),
                     ST_INVALID);
    bool told = false;
    for (size_t i = 0; i < problems.count; i++)
        told |= strstr(problems.items[i].text, "77 is not a known value") != NULL;
    assert_true(told);
}

static void broken_protobuf_is_refused_at_every_offset(void **)
{
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body, out;
    size_t refused = 0;

    assert_int_equal(from_json("psr.request", request, sizeof request - 1, arena, &body, &problems),
                     ST_OK);
    for (size_t cut = 0; cut < body.size; cut++) {
        OWNED(arena) other = room();
        uint8_t *copy = malloc(cut + 1);

        assert_non_null(copy);
        memcpy(copy, body.data, cut);
        refused += body_from_protobuf(type("psr.request"), (struct bytes){copy, cut}, NOW, other,
                                      &out, &problems)
                != ST_OK;
        assert_true(problems.count > 0);
        free(copy);
    }
    assert_int_equal(refused, body.size);

    static const uint8_t unknown[] = {0xf8, 0x7f, 1};
    assert_int_equal(body_from_protobuf(type("psr.request"),
                                        (struct bytes){unknown, sizeof unknown}, NOW, arena, &out,
                                        &problems),
                     ST_INVALID);
    assert_int_equal(problems.count, 1);
}

/* `request` with judge's notes of `size` letters. */
static char *long_request(size_t size)
{
    char *notes = malloc(size + 1), *json, *with = NULL;

    assert_non_null(notes);
    memset(notes, 'n', size);
    notes[size] = '\0';
    assert_true(asprintf(&with, "\"ORAL\", \"judgeNotes\": \"%s\"", notes) > 0);
    json = request_with("\"ORAL\"", with);
    free(with);
    free(notes);
    return json;
}

static void a_body_may_have_a_mebibyte_and_no_more(void **)
{
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body;

    assert_int_equal(from_json("psr.request", request, sizeof request - 1, arena, &body, &problems),
                     ST_OK);
    size_t rest = body.size + 1 + 3; /* tag and length of the notes */
    arena_reset(arena, false);

    char *json = long_request(BODY_MAX - rest);
    assert_int_equal(from_json("psr.request", json, strlen(json), arena, &body, &problems), ST_OK);
    assert_int_equal(body.size, BODY_MAX);
    free(json);

    struct reason why;
    OWNED(arena) second = room();
    assert_int_equal(body_to_json(type("psr.request"), body, second, &json, &why), ST_OK);
    free(json);
    arena_reset(arena, false);

    json = long_request(BODY_MAX - rest + 1);
    assert_int_equal(from_json("psr.request", json, strlen(json), arena, &body, &problems),
                     ST_LIMIT);
    assert_int_equal(problems.count, 1);
    free(json);
}

static void json_that_would_swell_is_refused_before_it_is_parsed(void **)
{
    OWNED(arena) arena = room();
    struct problems problems;
    struct bytes body;
    const size_t size = 4 * 1024 * 1024;
    char *json = malloc(size);

    assert_non_null(json);
    for (size_t i = 0; i + 3 <= size; i += 3)
        memcpy(json + i, "[],", 3);
    json[0] = '[';
    assert_int_equal(from_json("psr.request", json, size, arena, &body, &problems), ST_LIMIT);
    memset(json, '[', size);
    assert_int_equal(from_json("psr.request", json, size, arena, &body, &problems), ST_LIMIT);
    memset(json, '[', 100000);
    assert_int_equal(from_json("psr.request", json, 100000, arena, &body, &problems), ST_INVALID);
    free(json);
}

static void count_leaves(json_t *json, size_t *leaves, size_t *texts)
{
    const char *key, *text = json_string_value(json);
    json_t *value;
    size_t i;

    if (json_is_string(json)) {
        ++*leaves;
        assert_int_equal(text[0], '<');
        *texts += strstr(text, "required") != NULL;
    }
    json_object_foreach(json, key, value) count_leaves(value, leaves, texts);
    json_array_foreach(json, i, value) count_leaves(value, leaves, texts);
}

static void a_skeleton_has_every_field_and_cannot_be_sent_as_it_is(void **)
{
    size_t count = 0;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++) {
        OWNED(arena) arena = room();
        struct problems problems;
        struct bytes body;
        char *skeleton = NULL;
        size_t leaves = 0, required = 0;

        assert_int_equal(body_skeleton(&types[i], &skeleton), ST_OK);
        json_t *json = json_loads(skeleton, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        size_t fields = 0;
        for (unsigned j = 0; j < types[i].body->n_fields; j++)
            fields +=
                types[i].allowed >> category_of_field(types[i].body, types[i].body->fields[j].id)
                & 1;
        assert_int_equal(json_object_size(json), fields);
        count_leaves(json, &leaves, &required);
        assert_true(required > 0);
        assert_int_equal(
            body_from_json(&types[i], skeleton, strlen(skeleton), NOW, arena, &body, &problems),
            ST_INVALID);
        if (problems.count != leaves) /* each placeholder, and nothing else */
            print_problems(&problems);
        assert_int_equal(problems.count, leaves);
        json_decref(json);
        free(skeleton);
    }
}

static void base64_is_standard_and_nothing_looser(void **)
{
    static const struct {
        const char *text, *plain;
    } good[] = {/* RFC 4648 §10 */
                {"", ""},
                {"Zg==", "f"},
                {"Zm8=", "fo"},
                {"Zm9v", "foo"},
                {"Zm9vYg==", "foob"},
                {"Zm9vYmE=", "fooba"},
                {"Zm9vYmFy", "foobar"}};
    static const char *const bad[] = {"Zg",       "Zg=",      "Zh==", "Zm9=", "Z===",
                                      "====",     "Zm8=Zm8=", "Zm 8", "Zm-_", "Zm8\n",
                                      "Zg==Zg==", "Zm9vYg=",  "=Zg="};
    uint8_t out[64];
    char text[BASE64_SIZE(8)];
    size_t size;

    for (size_t i = 0; i < LENGTH(good); i++) {
        assert_true(base64_parse(good[i].text, strlen(good[i].text), out, &size));
        assert_int_equal(size, strlen(good[i].plain));
        assert_memory_equal(out, good[i].plain, size);
        base64_print(out, size, text);
        assert_string_equal(text, good[i].text);
    }
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_false(base64_parse(bad[i], strlen(bad[i]), out, &size));
    assert_false(base64_parse("Zm\0v", 4, out, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_becomes_a_body_and_the_same_json_again),
        cmocka_unit_test(bounds_of_the_schema_are_kept),
        cmocka_unit_test(a_case_is_allocated_as_the_rule_says),
        cmocka_unit_test(a_first_contact_is_one_at_which_somebody_was_seen),
        cmocka_unit_test(who_has_no_surname_can_be_asked_about),
        cmocka_unit_test(identifiers_are_brought_into_canonical_form),
        cmocka_unit_test(each_fault_is_told_with_its_path),
        cmocka_unit_test(all_faults_are_told_at_once_up_to_sixteen),
        cmocka_unit_test(no_beginning_of_a_body_is_a_body),
        cmocka_unit_test(every_body_with_every_field_goes_there_and_back),
        cmocka_unit_test(a_part_of_a_body_is_shown_and_unknown_choices_stay_numbers),
        cmocka_unit_test(broken_protobuf_is_refused_at_every_offset),
        cmocka_unit_test(a_body_may_have_a_mebibyte_and_no_more),
        cmocka_unit_test(json_that_would_swell_is_refused_before_it_is_parsed),
        cmocka_unit_test(a_skeleton_has_every_field_and_cannot_be_sent_as_it_is),
        cmocka_unit_test(base64_is_standard_and_nothing_looser),
    };
    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
