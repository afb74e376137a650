/* A hearing becomes what it should, and what cannot be carried is said: tables and the hearing
 * itself; people and results have files of their own beside this one. */
#include "tests/unit/import_hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/codes.h"
#include "agents/common_platform/losses.h"
#include "agents/common_platform/take.h"
#include "agents/common_platform/term.h"
#include "tests/unit/hearings.h"

/* ---- tables ---- */

static void a_remand_status_is_the_tables_or_none(void **)
{
    static const struct {
        const char *code, *description, *remand;
    } cases[] = {
        {"B", "Conditional bail", "CB"},
        {"B", "CONDITIONAL BAIL", "CB"},
        {"B", NULL, "CB"},
        {"C", "Custody", "PR"},
        {"C", "Custody or remanded into custody", "PR"},
        {"U", "Unconditional Bail", "UB"},
        {"L", "Remanded into care of Local Authority", "LA"},
        {"S", "Remanded to youth detention accommodation", "SA"},
        {"A", "Not applicable", "NA"},
        {"P", "Conditional Bail with Pre-Release conditions", "CB"},
        {"P", "Custody or remanded into custody", NULL},
        {"P", NULL, NULL},
        {"P", "Something else", NULL},
        {"R", "Re-arrested after release on bail", NULL},
        {"X", "Unknown", NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct bail_code *row = bail_find(cases[i].code, cases[i].description);

        if (cases[i].remand)
            assert_string_equal(row ? row->remand : "none", cases[i].remand);
        else
            assert_null(row);
    }
}

static void an_unknown_status_is_listed_and_not_guessed(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants(
        "{\"id\":\"d-1\",\"personDefendant\":{\"bailStatus\":{\"code\":\"X\",\"description\":"
        "\"Odd\"},"
        "\"personDetails\":{\"lastName\":\"Example\"}},\"offences\":[" OFFENCE "]}");
    json_t *json = body(messages, 0);

    assert_null(json_object_get(json, "remandStatus"));
    expect_left_out(messages, "prosecutionCases[0].defendants[0].personDefendant.bailStatus.code",
                    "unknown remand status");
    json_decref(json);
}

static void results_are_known_by_code_or_by_definition(void **)
{
    static const struct {
        const struct result_code *codes;
        const char *cjs_code, *type_id, *kind; /* "": none */
    } cases[] = {
        {sentence_codes, "1116", NULL, "COMMUNITY_ORDER"},
        {sentence_codes, NULL, "418b3aa7-65ab-4a4a-bab9-2f96b698118c", "COMMUNITY_ORDER"},
        {sentence_codes, "1002", NULL, "IMMEDIATE_CUSTODY"},
        {sentence_codes, "1002", "cfbe83c8-935b-4410-a68c-49452519f2d3", "LIFE_OR_IPP"},
        {sentence_codes, "1002", "a920be42-b376-420b-ace9-d2d0634559b0", "EXTENDED"},
        {sentence_codes, "1002", "CFBE83C8-935B-4410-A68C-49452519F2D3", "LIFE_OR_IPP"},
        {sentence_codes, "1007", NULL, "IMMEDIATE_CUSTODY"},
        {sentence_codes, "1115", NULL, "SUSPENDED_SENTENCE_ORDER"},
        {sentence_codes, "1015", NULL, "FINE"},
        {sentence_codes, "1017", NULL, "DISCHARGE"},
        {sentence_codes, "1141", NULL, "YOUTH_REHABILITATION_ORDER"},
        {sentence_codes, "1081", NULL, "DETENTION_AND_TRAINING"},
        {sentence_codes, "1008", NULL, "HOSPITAL_ORDER"},
        {sentence_codes, "4506", NULL, ""},
        {sentence_codes, NULL, NULL, ""},
        {requirement_codes, "3109", NULL, "DRR"},
        {requirement_codes, "3272", NULL, "RAR"},
        {requirement_codes, "3149", "ce5f92f8-2b32-4364-964b-2ea4b6ec0cae", "RAR"},
        {requirement_codes, "3149", NULL, ""}, /* found under a disability */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct result_code *row =
            result_find(cases[i].codes, cases[i].cjs_code, cases[i].type_id);

        assert_string_equal(row ? row->kind : "", cases[i].kind);
    }
}

/* docs/import.md prints the tables: each row of ours stands there. */
static void the_page_prints_the_tables(void **)
{
    const struct result_code *const tables[] = {sentence_codes, life_codes, requirement_codes,
                                                ancillary_codes};
    size_t size, rows = 0;
    char *page = hearing_load(SOURCE_DIR "/docs/import.md", &size), row[256];

    assert_non_null(page);
    for (const struct bail_code *b = bail_codes; b->code; b++, rows++) {
        (void)snprintf(row, sizeof row, "| %s | %s | %s |", b->code, b->description,
                       b->remand ? b->remand : "none: listed");
        if (!strstr(page, row))
            fail_msg("docs/import.md has no row %s", row);
    }
    for (size_t i = 0; i < LENGTH(tables); i++) {
        for (const struct result_code *r = tables[i]; r->label; r++, rows++) {
            (void)snprintf(row, sizeof row, "| %s | %s |", r->pnc_code, r->label);
            if (!strstr(page, row))
                fail_msg("docs/import.md has no row %s", row);
        }
    }
    for (const struct word *w = plea_words; w->from; w++, rows++) {
        (void)snprintf(row, sizeof row, "`%s`", w->from);
        if (!strstr(page, row))
            fail_msg("docs/import.md has no %s", row);
    }
    free(page);
    assert_true(rows > 70);
}

static void lengths_are_read_or_none(void **)
{
    static const struct {
        const char *value, *label;
        unsigned count;
        const char *unit; /* NULL: none */
    } cases[] = {
        {"12 Months", "Period", 12, "MONTHS"},
        {"1 Year", "Period", 1, "YEARS"},
        {"2 Years, 6 Months", "Period", 30, "MONTHS"},
        {"2 Weeks, 3 Days", "Period", 17, "DAYS"},
        {"2 Years, 2 Months, 2 Weeks, 2 Days", "Period", 0, NULL},
        {"25", "Max number of days", 25, "DAYS"},
        {"100", "Number of hours", 100, "HOURS"},
        {"25", "Amount", 0, NULL},
        {"0 Months", "Period", 0, NULL},
        {"12 Monkeys", "Period", 0, NULL},
        {"999999 Days", "Period", 0, NULL},
        {"", "Number of days", 0, NULL},
        {"true", "Number of days", 0, NULL},
        {"28/06/2027", "End date of the months", 0, NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct term term = {0};

        assert_int_equal(term_parse(cases[i].value, cases[i].label, &term), cases[i].unit != NULL);
        assert_int_equal(term.count, cases[i].count);
        if (cases[i].unit)
            assert_string_equal(term.unit, cases[i].unit);
    }
}

static void days_and_times_are_real_ones(void **)
{
    int64_t ms;

    assert_int_equal(day_of("2026-06-30"), 20260630);
    assert_int_equal(day_of("30/06/2026"), 20260630);
    assert_int_equal(day_of("2026-06-31"), 0);
    assert_int_equal(day_of("30-06-2026"), 0);
    assert_int_equal(day_of("2026/06/30"), 0);
    assert_int_equal(day_of("2026-6-30"), 0);
    assert_true(instant_of("2026-06-15T09:30:00.000Z", &ms) && ms == 1781515800000);
    assert_true(instant_of("2026-06-15T09:30:00Z", &ms) && ms == 1781515800000);
    assert_true(instant_of("2026-06-15T10:30:00.000+01:00", &ms) && ms == 1781515800000);
    assert_true(instant_of("2026-06-15T09:30:00.1234567Z", &ms) && ms == 1781515800123);
    assert_false(instant_of("2026-06-15T09:30:00.000", &ms)); /* whose time? */
    assert_false(instant_of("2026-06-31T09:30:00.000Z", &ms));
    assert_false(instant_of("2026-06-15T24:30:00.000Z", &ms));
    assert_false(instant_of("2026-06-15", &ms));
    assert_false(instant_of("2026-06-15T09:30:00.000Zulu", &ms));
}

/* ---- hearings ---- */

static void expect_refused(const char *text, const char *where, const char *why)
{
    struct hearing_messages *messages = NULL;
    struct problem problem;
    enum status status = hearing_convert(text, strlen(text), &settings, &messages, &problem);

    hearing_messages_free(messages);
    assert_true(status == ST_INVALID || status == ST_LIMIT);
    assert_string_equal(problem.where, where);
    if (!strstr(problem.text, why))
        fail_msg("%s: %s; expected %s", problem.where, problem.text, why);
}

static void what_is_no_hearing_is_told_what_was_looked_for(void **)
{
    expect_refused("{}", "", "looked for");
    expect_refused("[]", "", "looked for");
    expect_refused("{\"hearing\":[]}", "", "looked for");
    expect_refused("{\"hearing\":{\"id\":\"h\"}}", "", "looked for");
    expect_refused("{\"hearingId\":\"h\"}", "", "deleted");
    expect_refused("", "", "ends too early");
    expect_refused("{\"id\":}", "", "line 1, column 7: not JSON");
    expect_refused("{\"id\":\"Example", "", "line 1");
    expect_refused("{\"id\":\"\xff\"}", "", "UTF-8");
    expect_refused("{\"prosecutionCases\":[]," COURT ",\"hearingDays\":[" DAY "]}", "id", "no id");
    expect_refused("{\"id\":\"h\",\"prosecutionCases\":[]," COURT "}", "hearingDays", "no day");
    expect_refused("{\"id\":\"h\"," COURT ",\"hearingDays\":[{\"isCancelled\":true,"
                   "\"sittingDay\":\"2026-06-15T09:30:00.000Z\"}]}",
                   "hearingDays", "no day");
}

static void the_court_is_the_one_that_is_expected(void **)
{
    static const char *const named[] = {"{\"code\":\"B01GQ00\"}",   "{\"code\":\"b01gq00\"}",
                                        "{\"code\":\"B35CZ00\"}",   "{\"code\":\"B10JQ\"}",
                                        "{\"name\":\"Somewhere\"}", "{\"code\":7}"};
    static const struct {
        struct hearing_settings how;
        const char *answers[LENGTH(named)]; /* the court that is told, or why it is refused */
    } cases[] = {
        {{NULL, "B35CZ00", NOW},
         {"another court than this", "not a court code", "B35CZ00", "not a court code",
          "names no court", "not a court code"}},
        {{"B01GQ00", "B35CZ00", NOW},
         {"B01GQ00", "not a court code", "another court than --court", "not a court code",
          "B01GQ00", "not a court code"}},
        {{"B01GQ00", NULL, NOW},
         {"B01GQ00", "not a court code", "another court than --court", "not a court code",
          "B01GQ00", "not a court code"}},
        {{NULL, NULL, NOW},
         {"another court than this", "not a court code", "another court than this",
          "not a court code", "names no court", "not a court code"}},
    };

    for (size_t i = 0; i < LENGTH(cases) * LENGTH(named); i++) {
        const struct hearing_settings *how = &cases[i / LENGTH(named)].how;
        const char *answer = cases[i / LENGTH(named)].answers[i % LENGTH(named)];
        struct hearing_messages *messages = NULL;
        struct problem problem;
        char *text = NULL;

        assert_true(asprintf(&text,
                             "{\"id\":\"h\",\"hearingDays\":[" DAY "],\"courtCentre\":%s,"
                             "\"prosecutionCases\":[{\"id\":\"c\",\"defendants\":[" DEFENDANT
                             "]}]}",
                             named[i % LENGTH(named)])
                    > 0);
        if (hearing_convert(text, strlen(text), how, &messages, &problem) == ST_OK) {
            json_t *json = body(messages, 0);

            assert_string_equal(json_string_value(json_object_get(json, "courtOu")), answer);
            json_decref(json);
            hearing_messages_free(messages);
        } else if (!strstr(problem.text, answer)) {
            fail_msg("%s: %s, expected %s", text, problem.text, answer);
        }
        free(text);
    }
}

static void a_verdict_with_a_lesser_offence_is_of_that_one(void **)
{
    static const struct {
        const char *type, *more, *verdict;
    } cases[] = {
        {"\"cjsVerdictCode\":\"N\"", "", "NG"},
        {"\"cjsVerdictCode\":\"N\"", LESSER, "NA"},
        {"\"cjsVerdictCode\":\"G\"", LESSER, "NA"},
        {"\"cjsVerdictCode\":\"G\",\"categoryType\":\"GUILTY\"", LESSER, "NA"},
        {"\"categoryType\":\"GUILTY\"", LESSER, "NA"},
        {"\"categoryType\":\"NOT_GUILTY\"", LESSER, "NA"},
        {"\"cjsVerdictCode\":\"X\",\"categoryType\":\"GUILTY\"", LESSER, "NA"},
        {"\"cjsVerdictCode\":\"G\"", ",\"lesserOrAlternativeOffence\":null", "G"},
        {"\"cjsVerdictCode\":\"G\"", ",\"lesserOrAlternativeOffence\":{}", "G"},
        {"\"cjsVerdictCode\":\"O\"", LESSER, "NC"},
        {"\"cjsVerdictCode\":\"X\"", LESSER, NULL},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *defendant = NULL;

        assert_true(
            asprintf(
                &defendant,
                "{" PERSON("Example") ",\"offences\":[{\"verdict\":{\"verdictType\":{%s}%s}}]}",
                cases[i].type, cases[i].more)
            > 0);
        OWNED(hearing_messages) messages = convert_defendants(defendant);
        json_t *json = body(messages, 0);
        const char *verdict = json_string_value(
            json_object_get(json_array_get(json_object_get(json, "offences"), 0), "verdict"));

        if (strcmp(verdict ? verdict : "", cases[i].verdict ? cases[i].verdict : "") != 0)
            fail_msg("case %zu: %s", i, verdict ? verdict : "none");
        json_decref(json);
        free(defendant);
    }
}

static void bounds_are_refused_by_name(void **)
{
    size_t size = HEARING_MAX + 1;
    char *text = malloc(size + 64);

    memset(text, ' ', size);
    text[size] = '\0';
    expect_refused(text, "", "larger than 1048576 bytes");
    for (size_t i = 0; i < 64; i++)
        text[i] = '[';
    text[64] = '\0';
    expect_refused(text, "", "nested deeper than 32");
    size_t at = 0;
    text[at++] = '[';
    for (size_t i = 0; i < HEARING_VALUES_MAX; i++, at += 2)
        memcpy(text + at, "0,", 2);
    memcpy(text + at, "0]", 3);
    expect_refused(text, "", "more than 65536 values");
    free(text);
    text = calloc(1, HEARING_MAX);
    at = (size_t)sprintf(text, "{\"id\":\"h\"," COURT ",\"hearingDays\":[" DAY "],"
                               "\"prosecutionCases\":[{\"defendants\":[{}");
    for (size_t i = 0; i < HEARING_DEFENDANTS_MAX; i++)
        at += (size_t)sprintf(text + at, ",{}");
    (void)sprintf(text + at, "]}]}");
    expect_refused(text, "prosecutionCases", "257 defendants; at most 256");
    at = (size_t)sprintf(text, "{\"id\":\"h\"," COURT ",\"hearingDays\":[" DAY);
    for (size_t i = 0; i < HEARING_DAYS_MAX; i++)
        at += (size_t)sprintf(text + at, "," DAY);
    (void)sprintf(text + at, "]}");
    expect_refused(text, "hearingDays", "more sitting days");
    free(text);
}

static void a_field_that_stands_twice_counts_the_second_time(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants(
        "{\"pncId\":\"2018/0123456P\",\"pncId\":\"2014/0000001N\",\"pncId\":\"1999/"
        "7654321V\"," PERSON("Example") ",\"offences\":[" OFFENCE "]}");
    json_t *json = body(messages, 0);
    json_t *ids = json_object_get(json_object_get(json, "defendant"), "identifiers");
    size_t twice = 0;
    char *text = NULL, *many = NULL;

    assert_string_equal(json_string_value(json_object_get(json_array_get(ids, 0), "value")),
                        "1999/7654321V");
    for (size_t i = 0; i < source_leaf_count(messages->source); i++)
        twice += strstr(loss_reason(source_leaf(messages->source, i)), "twice") != NULL;
    assert_int_equal(twice, 2);
    json_decref(json);
    assert_true(asprintf(&many, "%s", "{\"a\":1") > 0);
    for (size_t i = 0; i <= HEARING_TWICE_MAX; i++) {
        assert_true(asprintf(&text, "%s,\"a\":1", many) > 0);
        free(many);
        many = text;
    }
    assert_true(asprintf(&text, "%s}", many) > 0);
    expect_refused(text, "", "twice");
    free(text);
    free(many);
}

static void a_cancelled_day_is_left_out(void **)
{
    OWNED(hearing_messages)
    messages =
        convert("{\"id\":\"h-1\"," COURT ",\"hearingDays\":[{\"isCancelled\":true,\"sittingDay\":"
                "\"2026-05-15T09:30:00.000Z\"}," DAY
                "],\"prosecutionCases\":[{\"defendants\":[" DEFENDANT "]}]}");
    json_t *json = body(messages, 0);

    assert_int_equal(json_array_size(json_object_get(json, "days")), 1);
    expect_left_out(messages, "hearingDays[0].sittingDay", "cancelled");
    assert_int_equal(messages->month_ms, 1780272000000); /* 2026-06-01 */
    json_decref(json);
}

static void a_key_that_is_no_word_is_told_by_its_place(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants("{\"Kit Example\":{\"a.b\":1},\"notes\":{\"x\":1}," PERSON(
        "Example") ",\"offences\":[" OFFENCE "]}");
    OWNED(losses) losses = losses_new();

    assert_non_null(left_out(messages, "prosecutionCases[0].defendants[0].{0}.{0}"));
    assert_int_equal(losses_add(losses, messages->source), ST_OK);
    for (size_t i = 0; i < losses_count(losses); i++)
        assert_null(strstr(losses_at(losses, i).kind, "Kit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_remand_status_is_the_tables_or_none),
        cmocka_unit_test(an_unknown_status_is_listed_and_not_guessed),
        cmocka_unit_test(results_are_known_by_code_or_by_definition),
        cmocka_unit_test(the_page_prints_the_tables),
        cmocka_unit_test(lengths_are_read_or_none),
        cmocka_unit_test(days_and_times_are_real_ones),
        cmocka_unit_test(what_is_no_hearing_is_told_what_was_looked_for),
        cmocka_unit_test(the_court_is_the_one_that_is_expected),
        cmocka_unit_test(a_verdict_with_a_lesser_offence_is_of_that_one),
        cmocka_unit_test(bounds_are_refused_by_name),
        cmocka_unit_test(a_field_that_stands_twice_counts_the_second_time),
        cmocka_unit_test(a_cancelled_day_is_left_out),
        cmocka_unit_test(a_key_that_is_no_word_is_told_by_its_place),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL) + import_people_tests()
         + import_results_tests();
}
