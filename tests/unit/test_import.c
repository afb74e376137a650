/* A hearing becomes what it should, and what cannot be carried is said: table by table, part by
 * part. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/codes.h"
#include "agents/common_platform/hearing.h"
#include "agents/common_platform/losses.h"
#include "agents/common_platform/take.h"
#include "agents/common_platform/term.h"
#include "tests/unit/hearings.h"

#define NOW 1782864000000 /* 2026-07-01 */

#define OFFENCE "{\"offenceCode\":\"TH68010\"}"
#define DETAILS(name) "\"personDefendant\":{\"personDetails\":{\"lastName\":\"" name "\"}}"
#define PERSON(name) "\"id\":\"d-" name "\"," DETAILS(name)
#define DEFENDANT "{" PERSON("Example") ",\"offences\":[" OFFENCE "]}"
#define LESSER ",\"lesserOrAlternativeOffence\":{\"offenceCode\":\"TH68010\"}"
#define DAY "{\"sittingDay\":\"2026-06-15T09:30:00.000Z\"}"
#define COURT "\"courtCentre\":{\"code\":\"B35CZ00\"}"

static const struct hearing_settings settings = {NULL, "B35CZ00", NOW};

/* A hearing with this list of defendants. */
static char *hearing_of(const char *defendants)
{
    char *text = NULL;

    assert_true(asprintf(&text,
                         "{\"id\":\"h-1\"," COURT ",\"hearingDays\":[" DAY "],"
                         "\"prosecutionCases\":[{\"id\":\"c-1\",\"defendants\":[%s]}]}",
                         defendants)
                > 0);
    return text;
}

static struct hearing_messages *convert(const char *text)
{
    struct hearing_messages *messages = NULL;
    struct problem problem;

    if (hearing_convert(text, strlen(text), &settings, &messages, &problem) != ST_OK)
        fail_msg("%s: %s", problem.where, problem.text);
    return messages;
}

static struct hearing_messages *convert_defendants(const char *defendants)
{
    char *text = hearing_of(defendants);
    struct hearing_messages *messages = convert(text);

    free(text);
    return messages;
}

/* The body of message `index`; json_decref() it. */
static json_t *body(const struct hearing_messages *messages, size_t index)
{
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct reason why;
    char *text = NULL;
    json_t *json;

    assert_true(index < messages->count);
    assert_int_equal(body_to_json(messages->messages[index].type, messages->messages[index].body,
                                  arena, &text, &why),
                     ST_OK);
    json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

/* Why the leaf at `path` was left out; NULL: it was not. */
static const char *left_out(const struct hearing_messages *messages, const char *path)
{
    for (size_t i = 0; i < source_leaf_count(messages->source); i++) {
        const struct node *leaf = source_leaf(messages->source, i);
        char where[NODE_PATH_MAX];

        node_path(leaf, where);
        if (strcmp(where, path) == 0)
            return leaf->fate == FATE_LEFT_OUT ? loss_reason(leaf) : NULL;
    }
    fail_msg("no leaf %s", path);
    return NULL;
}

static void expect_left_out(const struct hearing_messages *messages, const char *path,
                            const char *why)
{
    const char *reason = left_out(messages, path);

    if (!reason || !strstr(reason, why))
        fail_msg("%s: %s, expected %s", path, reason ? reason : "carried", why);
}

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

/* ---- people ---- */

static void identifiers_are_brought_into_form_or_left_out(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants(
        "{\"pncId\":\"18/123456P\",\"croNumber\":\"SF97/12F\",\"crn\":\"x000001\"," PERSON(
            "Example") ",\"offences\":[" OFFENCE "]},"
                       "{\"pncId\":\"2018/0123456Q\",\"croNumber\":\"12345/"
                       "18Z\",\"id\":\"d-2\",\"personDefendant\":{"
                       "\"arrestSummonsNumber\":\"0800NP0100000000001H\",\"personDetails\":{"
                       "\"lastName\":"
                       "\"Other\",\"nationalInsuranceNumber\":\"none\"}},\"offences\":[{"
                       "\"offenceCode\":\"THEFT\"}"
                       "]}");
    json_t *first = body(messages, 0), *second = body(messages, 1);
    json_t *person = json_object_get(first, "defendant");
    char *ids = json_dumps(json_object_get(person, "identifiers"), JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(ids, "[{\"type\":\"PNC\",\"value\":\"2018/0123456P\"},"
                             "{\"type\":\"CRO\",\"value\":\"SF97/12F\"},"
                             "{\"type\":\"CRN\",\"value\":\"X000001\"},"
                             "{\"type\":\"COMMON_PLATFORM_DEFENDANT\",\"value\":\"d-Example\"}]");
    assert_true(json_is_false(json_object_get(person, "pncMissing")));
    assert_true(json_is_false(json_object_get(person, "croMissing")));
    person = json_object_get(second, "defendant");
    assert_int_equal(json_array_size(json_object_get(person, "identifiers")), 1);
    assert_true(json_is_true(json_object_get(person, "pncMissing")));
    assert_true(json_is_true(json_object_get(person, "croMissing")));
    expect_left_out(messages, "prosecutionCases[0].defendants[1].pncId",
                    "PNC check character should be");
    expect_left_out(messages, "prosecutionCases[0].defendants[1].croNumber", "CRO check character");
    expect_left_out(messages,
                    "prosecutionCases[0].defendants[1].personDefendant.arrestSummonsNumber",
                    "a dummy number");
    expect_left_out(
        messages,
        "prosecutionCases[0].defendants[1].personDefendant.personDetails.nationalInsuranceNumber",
        "NINO");
    expect_left_out(messages, "prosecutionCases[0].defendants[1].offences[0].offenceCode",
                    "CJS offence code");
    free(ids);
    json_decref(first);
    json_decref(second);
}

static void each_defendant_of_each_case_gets_a_notice(void **)
{
    OWNED(hearing_messages)
    messages = convert(
        "{\"hearing\":{\"id\":\"h-1\"," COURT ",\"hearingDays\":[" DAY
        "],\"prosecutionCases\":[{\"id\":\"c-1\",\"defendants\":[" DEFENDANT
        ",{" PERSON("Other") ",\"offences\":[" OFFENCE "]}]},{\"id\":\"c-2\",\"defendants\":["
                             "{" PERSON("Third") ",\"offences\":[" OFFENCE "]}]}]}}");

    assert_int_equal(messages->shape, SHAPE_WRAPPED);
    assert_int_equal(messages->count, 3);
    assert_string_equal(messages->messages[0].accusation, "c-1");
    assert_string_equal(messages->messages[2].accusation, "c-2");
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(messages->messages[i].type->name, "court.hearing.notice");
        assert_null(messages->messages[i].same);
    }
}

static void the_same_twice_is_one_message(void **)
{
    OWNED(hearing_messages) messages = convert_defendants(DEFENDANT "," DEFENDANT);

    assert_int_equal(messages->count, 2);
    assert_null(messages->messages[0].same);
    assert_ptr_equal(messages->messages[1].same, &messages->messages[0]);
}

static void a_company_gets_no_notice_and_is_said(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants("{\"legalEntityDefendant\":{\"organisation\":{\"name\":\"Example "
                                  "Ltd\"}},\"offences\":[" OFFENCE "]}," DEFENDANT);

    assert_int_equal(messages->count, 1);
    assert_int_equal(messages->skipped_count, 1);
    assert_false(messages->skipped[0].faulty);
    assert_string_equal(messages->skipped[0].problem.where, "prosecutionCases[0].defendants[0]");
    expect_left_out(messages,
                    "prosecutionCases[0].defendants[0].legalEntityDefendant.organisation.name",
                    "a company");
}

static void an_application_is_said(void **)
{
    OWNED(hearing_messages)
    messages =
        convert("{\"id\":\"h-1\"," COURT ",\"hearingDays\":[" DAY
                "],\"courtApplications\":[{\"id\":\"a-1\",\"applicationReference\":\"x\"}]}");

    assert_int_equal(messages->count, 0);
    assert_int_equal(messages->skipped_count, 1);
    assert_string_equal(messages->skipped[0].problem.where, "courtApplications[0]");
    expect_left_out(messages, "courtApplications[0].applicationReference", "application");
}

static void who_has_no_name_or_no_offence_is_faulty_and_holds_up_nobody(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants(
        "{\"personDefendant\":{\"personDetails\":{\"middleName\":\"Kit\"}},\"offences\":[" OFFENCE
        "]},{" PERSON("Example") ",\"offences\":[]},{" PERSON("<text>") ",\"offences\":[" OFFENCE
                                                                        "]}," DEFENDANT);

    assert_int_equal(messages->count, 1);
    assert_int_equal(messages->skipped_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(messages->skipped[i].faulty);
    assert_string_equal(messages->skipped[0].problem.where,
                        "prosecutionCases[0].defendants[0].personDefendant.personDetails.lastName");
    assert_string_equal(messages->skipped[1].problem.where,
                        "prosecutionCases[0].defendants[1].offences");
    assert_non_null(
        strstr(messages->skipped[2].problem.text, "court.hearing.notice, defendant.name.surname:"));
    assert_non_null(left_out(messages, /* what it took has been given back */
                             "prosecutionCases[0].defendants[2].personDefendant.personDetails."
                             "lastName"));
}

static void two_in_one_case_are_told_apart_or_one_is_faulty(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants("{\"masterDefendantId\":\"m-1\"," DETAILS(
        "Example") ",\"offences\":[" OFFENCE "]},"
                   "{\"masterDefendantId\":\"m-2\"," DETAILS(
                       "Other") ",\"offences\":[" OFFENCE "]},"
                                "{\"id\":\"d-3\",\"masterDefendantId\":\"m-2\"," DETAILS(
                                    "Third") ",\"offences\":[" OFFENCE
                                             "]},{\"id\":\" \"," DETAILS(
                                                 "Fourth") ",\"offences\":[" OFFENCE "]},"
                                                           "{\"id\":7," DETAILS(
                                                               "Fifth") ",\"offences\":[" OFFENCE
                                                                        "]}");
    static const char *const names[] = {"m-1", "m-2", "d-3"};

    assert_int_equal(messages->count, LENGTH(names));
    for (size_t i = 0; i < LENGTH(names); i++)
        assert_string_equal(messages->messages[i].accused, names[i]);
    assert_int_equal(messages->skipped_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(messages->skipped[i].faulty);
    assert_string_equal(messages->skipped[0].problem.where, "prosecutionCases[0].defendants[3].id");
}

static void one_name_is_enough(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants("{\"id\":\"d-1\",\"personDefendant\":{\"personDetails\":{"
                                  "\"firstName\":\"Kit\"}},\"offences\":[" OFFENCE "]}");

    assert_int_equal(messages->count, 1);
    assert_int_equal(messages->skipped_count, 0);
}

static void a_line_names_its_offence_by_its_place(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants("{" PERSON("Example") ",\"offences\":[7," OFFENCE
                                                        ",{\"judicialResults\":[{\"category\":"
                                                        "\"FINAL\",\"cjsCode\":\"1015\"}]}]}");
    json_t *json = body(messages, 1), *line = json_array_get(json_object_get(json, "lines"), 0);

    assert_int_equal(json_array_size(json_object_get(json, "offences")), 2);
    assert_int_equal(json_integer_value(json_object_get(line, "offence")), 2);
    json_decref(json);
}

static void welsh_is_listed_once_and_honoured_once(void **)
{
    OWNED(hearing_messages)
    messages = convert_defendants(
        "{\"id\":\"d-1\",\"personDefendant\":{\"personDetails\":{\"lastName\":\"Example\","
        "\"documentationLanguageNeeds\":\"ENGLISH\",\"hearingLanguageNeeds\":\"WELSH\"}},"
        "\"offences\":[{\"offenceCode\":\"TH68010\",\"offenceTitle\":\"Theft\","
        "\"offenceTitleWelsh\":\"Dwyn\"}]}");
    json_t *json = body(messages, 0);
    char *text = json_dumps(json, JSON_COMPACT);

    assert_null(strstr(text, "Dwyn"));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "defendant"), "preferredLanguage")),
        "cy");
    expect_left_out(messages, "prosecutionCases[0].defendants[0].offences[0].offenceTitleWelsh",
                    "Welsh");
    expect_left_out(messages,
                    "prosecutionCases[0].defendants[0].personDefendant.personDetails."
                    "documentationLanguageNeeds",
                    "other need is Welsh");
    free(text);
    json_decref(json);
}

static void what_changes_the_rest_is_warned_of(void **)
{
    static const struct {
        const char *field;
        bool loud;
    } cases[] = {
        {"\"isDiscontinued\":true", true},
        {"\"isDiscontinued\":\"true\"", true}, /* who knows */
        {"\"isDiscontinued\":false", false},
        {"\"isDiscontinued\":null", false},
        {"\"proceedingsConcluded\":true", true},
        {"\"reportingRestrictions\":[{\"label\":\"Section 49\"}]", true},
        {"\"reportingRestrictions\":[]", false},
        {"\"reportingRestrictionReason\":\"Section 45\"", true},
        {"\"reportingRestrictionReason\":\" \"", false},
    };

    for (size_t i = 0; i < 2 * LENGTH(cases); i++) {
        const char *field = cases[i / 2].field;
        char *defendant = NULL, path[NODE_PATH_MAX];

        assert_true(asprintf(&defendant,
                             "{" PERSON("Example") ",%s\"offences\":[{%s\"id\":\"o\"}]}",
                             i % 2 ? field : "", i % 2 ? "" : field)
                    > 0);
        /* the comma behind the field */
        char *text = NULL, *at = strstr(defendant, field);
        assert_true(asprintf(&text, "%.*s%s,%s", (int)(at - defendant), defendant, field,
                             at + strlen(field))
                    > 0);
        OWNED(hearing_messages) messages = convert_defendants(text);

        assert_int_equal(messages->count, 1);
        assert_int_equal(messages->warning_count, cases[i / 2].loud);
        if (cases[i / 2].loud) {
            node_path(messages->warnings[0].node, path);
            assert_non_null(strstr(path, i % 2 ? "defendants[0]." : "offences[0]."));
        }
        free(text);
        free(defendant);
    }
}

static void an_interpreter_is_needed_unless_the_text_says_none(void **)
{
    static const struct {
        const char *text;
        int needed; /* -1: not said */
    } cases[] = {
        {"Polish", 1},       {"Norwegian", 1}, {"None", 0}, {"NO", 0}, {" none. ", 0},
        {"Not required", 0}, {"N/A", 0},       {" ", -1},   {"", -1},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *defendant = NULL;

        assert_true(
            asprintf(
                &defendant,
                "{\"id\":\"d\",\"personDefendant\":{\"personDetails\":{\"lastName\":\"Example\","
                "\"interpreterLanguageNeeds\":\"%s\"}},\"offences\":[" OFFENCE "]}",
                cases[i].text)
            > 0);
        OWNED(hearing_messages) messages = convert_defendants(defendant);
        json_t *json = body(messages, 0);
        const json_t *needed =
            json_object_get(json_object_get(json, "defendant"), "interpreterRequired");

        assert_int_equal(needed ? json_is_true(needed) : -1, cases[i].needed);
        json_decref(json);
        free(defendant);
    }
}

static void nobody_is_born_in_the_future(void **)
{
    static const struct {
        const char *day;
        uint32_t born;
    } cases[] = {
        {"2026-07-01", 20260701}, {"2026-07-02", 0}, {"2091-04-12", 0}, {"12/04/1991", 19910412}};

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *defendant = NULL;

        assert_true(
            asprintf(
                &defendant,
                "{\"id\":\"d\",\"personDefendant\":{\"personDetails\":{\"lastName\":\"Example\","
                "\"dateOfBirth\":\"%s\"}},\"offences\":[" OFFENCE "]}",
                cases[i].day)
            > 0);
        OWNED(hearing_messages) messages = convert_defendants(defendant);
        json_t *json = body(messages, 0);
        const json_t *born = json_object_get(json_object_get(json, "defendant"), "dateOfBirth");

        assert_int_equal(json_integer_value(json_object_get(born, "ymd")), cases[i].born);
        if (!cases[i].born)
            expect_left_out(messages,
                            "prosecutionCases[0].defendants[0].personDefendant.personDetails."
                            "dateOfBirth",
                            "in the future");
        json_decref(json);
        free(defendant);
    }
}

/* ---- results ---- */

/* One defendant with these judicial results of the offence. */
static struct hearing_messages *resulted(const char *results)
{
    char *defendant = NULL;
    struct hearing_messages *messages;

    assert_true(asprintf(&defendant,
                         "{" PERSON("Example") ",\"offences\":[{\"offenceCode\":\"TH68010\","
                                               "\"judicialResults\":[%s]}]}",
                         results)
                > 0);
    messages = convert_defendants(defendant);
    free(defendant);
    return messages;
}

static void only_a_final_sentence_makes_a_sentence_result(void **)
{
    static const struct {
        const char *results;
        bool sentence;
    } cases[] = {
        {"{\"category\":\"FINAL\",\"cjsCode\":\"1116\"}", true},
        {"{\"category\":\"FINAL\",\"judicialResultTypeId\":\"418b3aa7-65ab-4a4a-bab9-"
         "2f96b698118c\"}",
         true},
        {"{\"category\":\"INTERMEDIARY\",\"cjsCode\":\"1116\"}", false},
        {"{\"cjsCode\":\"1116\"}", false},
        {"{\"category\":\"FINAL\",\"cjsCode\":\"2006\"}", false}, /* dismissed */
        {"{\"category\":\"FINAL\",\"cjsCode\":\"1116\",\"isDeleted\":true}", false},
        {"{\"category\":\"FINAL\",\"cjsCode\":1116}", false},
        {"\"1116\"", false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(hearing_messages) messages = resulted(cases[i].results);
        json_t *notice = body(messages, 0);

        assert_int_equal(messages->count, cases[i].sentence ? 2 : 1);
        assert_string_equal(json_string_value(json_object_get(notice, "event")),
                            i == 5 || i == 7 ? "CONFIRMED_OR_UPDATED" : "RESULTED");
        json_decref(notice);
    }
}

/* kind, length of the sentence and number of its requirements, as "KIND 12 MONTHS 2". */
static void expect_sentence(const char *results, const char *expected)
{
    OWNED(hearing_messages) messages = resulted(results);
    json_t *json = body(messages, 1), *sentence = json_object_get(json, "sentence");
    json_t *length = json_object_get(sentence, "length");
    char got[128];

    (void)snprintf(got, sizeof got, "%s %lld %s %zu",
                   json_string_value(json_object_get(sentence, "kind")),
                   (long long)json_integer_value(json_object_get(length, "count")),
                   length ? json_string_value(json_object_get(length, "unit")) : "-",
                   json_array_size(json_object_get(sentence, "requirements")));
    assert_string_equal(got, expected);
    json_decref(json);
}

#define RESULT(category, code, more)                                                               \
    "{\"category\":\"" category "\",\"cjsCode\":\"" code "\"" more "}"
#define MONTHS(count)                                                                              \
    ",\"durationElement\":{\"primaryDurationUnit\":\"M\",\"primaryDurationValue\":" count "}"
#define PROMPT(label, value)                                                                       \
    ",\"judicialResultPrompts\":[{\"label\":\"" label "\",\"value\":\"" value "\"}]"

static void the_gravest_sentence_is_told_with_its_length(void **)
{
    expect_sentence(RESULT("FINAL", "1015", "") "," RESULT("FINAL", "1116", MONTHS("12")),
                    "COMMUNITY_ORDER 12 MONTHS 0");
    expect_sentence(RESULT("FINAL", "1002", PROMPT("Imprisonment Period", "7 Months")),
                    "IMMEDIATE_CUSTODY 7 MONTHS 0");
    expect_sentence(RESULT("FINAL", "1002", MONTHS("4")) "," RESULT("FINAL", "1002", MONTHS("4")),
                    "IMMEDIATE_CUSTODY 4 MONTHS 0");
    /* terms that differ have no common length, unless the court said the total */
    expect_sentence(RESULT("FINAL", "1002", MONTHS("4")) "," RESULT("FINAL", "1002", MONTHS("2")),
                    "IMMEDIATE_CUSTODY 0 - 0");
    expect_sentence(
        RESULT("FINAL", "1002", MONTHS("4")) "," RESULT(
            "FINAL", "1002", MONTHS("2")) ",{\"category\":\"ANCILLARY\",\"judicialResultTypeId\":"
                                          "\"6cb15971-c945-4398-b7c9-3f8b743a4de3\"" PROMPT(
                                              "Total imprisonment period", "6 Months") "}",
        "IMMEDIATE_CUSTODY 6 MONTHS 0");
    expect_sentence(
        RESULT("FINAL", "1115", PROMPT("Suspended period", "12 Months")) /* not its length */,
        "SUSPENDED_SENTENCE_ORDER 0 - 0");
    expect_sentence("{\"category\":\"FINAL\",\"cjsCode\":\"1002\",\"judicialResultTypeId\":"
                    "\"cfbe83c8-935b-4410-a68c-49452519f2d3\",\"lifeDuration\":true}",
                    "LIFE_OR_IPP 0 LIFE 0");
    /* one order for two offences has its requirements once */
    expect_sentence(
        RESULT("FINAL", "1116", "") "," RESULT(
            "ANCILLARY", "3101",
            PROMPT("Number of hours",
                   "100")) "," RESULT("ANCILLARY", "3101",
                                      PROMPT("Number of hours",
                                             "100")) "," RESULT("ANCILLARY", "3109",
                                                                PROMPT("Period to provide samples",
                                                                       "6 Months")),
        "COMMUNITY_ORDER 0 - 2");
    expect_sentence(RESULT("FINAL", "1002", "") "," RESULT("ANCILLARY", "3101", ""),
                    "IMMEDIATE_CUSTODY 0 - 0");
}

#define TOTAL_CUSTODY "6cb15971-c945-4398-b7c9-3f8b743a4de3"
#define TOTAL_SUSPENDED "b65fb5f1-b11d-4a95-a198-3b81333c7cf9"
#define TOTAL_DTO "f9d43a8f-dd19-4c0f-9fad-a3d339fd09b4"
#define TOTAL(type, months)                                                                        \
    "{\"category\":\"ANCILLARY\",\"judicialResultTypeId\":\"" type                                 \
    "\"" PROMPT("Total period", months " Months") "}"
#define DEFINED(code, type, more)                                                                  \
    "{\"category\":\"FINAL\",\"cjsCode\":\"" code "\",\"judicialResultTypeId\":\"" type "\"" more  \
    "}"
#define LIFE_TYPE "cfbe83c8-935b-4410-a68c-49452519f2d3"
#define EXTENDED_TYPE "a920be42-b376-420b-ace9-d2d0634559b0"

/* A defendant with two offences and these results of each; the requirements of the sentence as
 * JSON. free() it. */
static char *requirements_of(const char *first, const char *second)
{
    char *defendant = NULL, *text;

    assert_true(asprintf(&defendant,
                         "{" PERSON("Example") ",\"offences\":[{\"judicialResults\":[%s]},"
                                               "{\"judicialResults\":[%s]}]}",
                         first, second)
                > 0);
    OWNED(hearing_messages) messages = convert_defendants(defendant);
    json_t *json = body(messages, 1);
    json_t *list = json_object_get(json_object_get(json, "sentence"), "requirements");

    text = list ? json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS) : strdup("");
    json_decref(json);
    free(defendant);
    return text;
}

#define HOURS(count) PROMPT("Number of hours", count)
#define ID(id) ",\"judicialResultId\":\"" id "\""
#define PARENT(id) ",\"parentJudicialResultId\":\"" id "\""
#define UNPAID(count)                                                                              \
    "{\"kind\":\"UNPAID_WORK\",\"length\":{\"count\":" count                                       \
    ",\"unit\":\"HOURS\"},\"pncCode\":\"3101\"}"

static void a_requirement_belongs_to_its_own_order(void **)
{
    static const struct {
        const char *first, *second, *requirements;
    } cases[] = {
        /* a suspended sentence, and a community order with unpaid work on another offence */
        {RESULT("FINAL", "1115", ""),
         RESULT("FINAL", "1116", "") "," RESULT("ANCILLARY", "3101", HOURS("80")), ""},
        {RESULT("FINAL", "1115", "") "," RESULT("ANCILLARY", "3101", HOURS("40")),
         RESULT("FINAL", "1116", "") "," RESULT("ANCILLARY", "3101", HOURS("80")),
         "[" UNPAID("40") "]"},
        /* the parent decides, wherever the requirement stands */
        {RESULT("FINAL", "1115", ID("s")),
         RESULT("FINAL", "1116", ID("c")) "," RESULT(
             "ANCILLARY", "3101", PARENT("S") HOURS("40")) "," RESULT("ANCILLARY", "3101",
                                                                      PARENT("c") HOURS("80")),
         "[" UNPAID("40") "]"},
        /* through another requirement */
        {RESULT("FINAL", "1115", ID("s")) "," RESULT("ANCILLARY", "3105", ID("q") PARENT("s")),
         RESULT("ANCILLARY", "3101", PARENT("q") HOURS("40")),
         "[{\"kind\":\"CURFEW\",\"pncCode\":\"3105\"}," UNPAID("40") "]"},
        /* a parent that is not there, or is itself */
        {RESULT("FINAL", "1115", ID("s")) "," RESULT("ANCILLARY", "3101", PARENT("x") HOURS("40")),
         "", ""},
        {RESULT("FINAL", "1115", "") "," RESULT("ANCILLARY", "3101",
                                                ID("y") PARENT("y") HOURS("40")),
         "", ""},
        /* two orders on one offence, and nothing says which */
        {RESULT("FINAL", "1115", "") "," RESULT("FINAL", "1116", "") "," RESULT("ANCILLARY", "3101",
                                                                                HOURS("40")),
         "", ""},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *got = requirements_of(cases[i].first, cases[i].second);

        if (strcmp(got, cases[i].requirements) != 0)
            fail_msg("case %zu: %s", i, got);
        free(got);
    }
}

static void a_requirement_is_counted_in_its_own_unit(void **)
{
    static const struct {
        const char *code, *more, *length; /* as JSON; "": none */
    } cases[] = {
        {"3101", MONTHS("12") HOURS("80"), "{\"count\":80,\"unit\":\"HOURS\"}"},
        {"3101", MONTHS("12"), ""},
        {"3101", PROMPT("Complete within", "12 Months"), ""},
        {"3272", PROMPT("Complete within", "12 Months"), ""},
        {"3272", PROMPT("Max number of days", "25"), "{\"count\":25,\"unit\":\"DAYS\"}"},
        {"3272", MONTHS("12") PROMPT("Max number of days", "25"),
         "{\"count\":25,\"unit\":\"DAYS\"}"},
        {"3109", PROMPT("Complete within", "12 Months"), ""},
        {"3109", PROMPT("Period", "6 Months"), "{\"count\":6,\"unit\":\"MONTHS\"}"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *results = NULL, *got, length[128] = "";

        assert_true(asprintf(&results, "%s,{\"category\":\"ANCILLARY\",\"cjsCode\":\"%s\"%s}",
                             RESULT("FINAL", "1116", ""), cases[i].code, cases[i].more)
                    > 0);
        got = requirements_of(results, "");
        if (*cases[i].length)
            (void)snprintf(length, sizeof length, "\"length\":%s", cases[i].length);
        if (!strstr(got, *length ? length : "kind") || (!*length && strstr(got, "length")))
            fail_msg("case %zu: %s", i, got);
        free(got);
        free(results);
    }
}

/* And docs/import.md says the same. */
static void these_kinds_of_sentence_have_requirements(void **)
{
    size_t size;
    char *page = hearing_load(SOURCE_DIR "/docs/import.md", &size);
    char *list = page ? strstr(page, "Requirements belong to") : NULL;
    static const struct {
        const char *code, *kind;
        bool have;
    } cases[] = {
        {"1008", "HOSPITAL_ORDER", false},
        {"1002", "IMMEDIATE_CUSTODY", false},
        {"1081", "DETENTION_AND_TRAINING", false},
        {"1115", "SUSPENDED_SENTENCE_ORDER", true},
        {"1116", "COMMUNITY_ORDER", true},
        {"1141", "YOUTH_REHABILITATION_ORDER", true},
        {"1180", "OTHER", true},
        {"1015", "FINE", false},
        {"1018", "DISCHARGE", false},
    };

    assert_non_null(list);
    *strchr(list, ':') = '\0';
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *results = NULL, *got, word[64];

        assert_true(asprintf(&results, "{\"category\":\"FINAL\",\"cjsCode\":\"%s\"},%s",
                             cases[i].code, RESULT("ANCILLARY", "3105", ""))
                    > 0);
        got = requirements_of(results, "");
        (void)snprintf(word, sizeof word, "`%s`", cases[i].kind);
        if ((*got != '\0') != cases[i].have || (strstr(list, word) != NULL) != cases[i].have)
            fail_msg("%s", cases[i].kind);
        free(got);
        free(results);
    }
    free(page);
}

static void custody_for_life_is_life_by_whatever_definition(void **)
{
    static const char unknown[] = "01234567-0123-4123-8123-0123456789ab";
    static const struct {
        const char *cjs_code, *type_id, *kind;
    } cases[] = {
        {"1002", unknown, "LIFE_OR_IPP"},
        {"1024", unknown, "LIFE_OR_IPP"},
        {"1007", unknown, "LIFE_OR_IPP"},
        {"1002", NULL, "LIFE_OR_IPP"},
        {"1002", "abb95a52-2a75-40c3-8d3f-a1d75a199c47", "LIFE_OR_IPP"},
        {NULL, "abb95a52-2a75-40c3-8d3f-a1d75a199c47", "LIFE_OR_IPP"},
        {"1002", EXTENDED_TYPE, "EXTENDED"},
        {"1116", NULL, "COMMUNITY_ORDER"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct result_code *row = sentence_find(cases[i].cjs_code, cases[i].type_id, true);

        assert_string_equal(row ? row->kind : "", cases[i].kind);
    }
    expect_sentence(
        DEFINED("1002", "01234567-0123-4123-8123-0123456789ab", ",\"lifeDuration\":true"),
        "LIFE_OR_IPP 0 LIFE 0");
    expect_sentence(DEFINED("1002", "01234567-0123-4123-8123-0123456789ab",
                            ",\"durationElement\":{\"primaryDurationUnit\":\"L\"}"),
                    "LIFE_OR_IPP 0 LIFE 0");
}

static void a_total_is_the_length_of_its_own_kind_of_sentence(void **)
{
    /* imprisonment of two months and a suspended total of twelve */
    expect_sentence(RESULT("FINAL", "1002", MONTHS("2")) "," TOTAL(TOTAL_SUSPENDED, "12"),
                    "IMMEDIATE_CUSTODY 2 MONTHS 0");
    expect_sentence(RESULT("FINAL", "1115", MONTHS("2")) "," TOTAL(TOTAL_CUSTODY, "12"),
                    "SUSPENDED_SENTENCE_ORDER 2 MONTHS 0");
    expect_sentence(RESULT("FINAL", "1115", MONTHS("2")) "," RESULT(
                        "FINAL", "1134", MONTHS("3")) "," TOTAL(TOTAL_SUSPENDED, "5"),
                    "SUSPENDED_SENTENCE_ORDER 5 MONTHS 0");
    expect_sentence(RESULT("FINAL", "1081", MONTHS("4")) "," TOTAL(TOTAL_DTO, "8"),
                    "DETENTION_AND_TRAINING 8 MONTHS 0");
    /* never for life or an extended sentence, nor a minimum term */
    expect_sentence(
        DEFINED("1002", LIFE_TYPE, ",\"lifeDuration\":true") "," TOTAL(TOTAL_CUSTODY, "36"),
        "LIFE_OR_IPP 0 LIFE 0");
    expect_sentence(DEFINED("1002", LIFE_TYPE, ",\"lifeDuration\":true" MONTHS("216")),
                    "LIFE_OR_IPP 0 LIFE 0");
    expect_sentence(DEFINED("1002", LIFE_TYPE, PROMPT("Minimum term", "18 Years")),
                    "LIFE_OR_IPP 0 - 0");
    expect_sentence(DEFINED("1002", EXTENDED_TYPE, MONTHS("60")) "," TOTAL(TOTAL_CUSTODY, "36"),
                    "EXTENDED 60 MONTHS 0");
    /* totals that contradict each other; and the case of letters */
    expect_sentence(RESULT("FINAL", "1002",
                           MONTHS("2")) "," TOTAL(TOTAL_CUSTODY, "4") "," TOTAL(TOTAL_CUSTODY, "6"),
                    "IMMEDIATE_CUSTODY 0 - 0");
    expect_sentence(
        RESULT("FINAL", "1002", MONTHS("2")) "," TOTAL("6CB15971-C945-4398-B7C9-3F8B743A4DE3", "4"),
        "IMMEDIATE_CUSTODY 4 MONTHS 0");
}

static void results_of_case_and_hearing_count_too(void **)
{
    OWNED(hearing_messages)
    messages = convert(
        "{\"id\":\"h-1\"," COURT ",\"hearingDays\":[" DAY
        "],\"defendantJudicialResults\":[{\"masterDefendantId\":\"m-1\",\"judicialResult\":"
        "{\"category\":\"ANCILLARY\",\"cjsCode\":\"3047\",\"label\":\"Restraining order\"}},"
        "{\"masterDefendantId\":\"m-2\",\"judicialResult\":{\"label\":\"Another's\"}}],"
        "\"prosecutionCases\":[{\"id\":\"c-1\",\"defendants\":[{\"masterDefendantId\":"
        "\"m-1\",\"defendantCaseJudicialResults\":[{\"category\":\"FINAL\",\"cjsCode\":"
        "\"1018\"}]," PERSON("Example") ",\"offences\":[" OFFENCE "]}]}]}");
    json_t *json = body(messages, 1);
    json_t *orders = json_object_get(json_object_get(json, "sentence"), "ancillaryOrderCodes");

    assert_int_equal(json_array_size(json_object_get(json, "lines")), 2);
    assert_string_equal(json_string_value(json_array_get(orders, 0)), "3047");
    assert_non_null(left_out(messages, "defendantJudicialResults[1].judicialResult.label"));
    json_decref(json);
}

static void a_result_of_one_case_is_not_told_in_another(void **)
{
    static const struct {
        const char *ids; /* of the hearing's result */
        bool first, second;
    } cases[] = {
        {"\"masterDefendantId\":\"m-1\",\"defendantId\":\"d-1\"", true, false},
        {"\"masterDefendantId\":\"m-1\",\"defendantId\":\"d-2\"", false, true},
        {"\"masterDefendantId\":\"m-1\",\"defendantId\":\"d-3\"", false, false},
        {"\"masterDefendantId\":\"m-1\",\"defendantId\":7", false, false},
        {"\"masterDefendantId\":\"m-1\",\"defendantId\":null", true, true},
        {"\"masterDefendantId\":\"m-1\"", true, true}, /* of the person, in whatever case */
        {"\"masterDefendantId\":\"m-2\"", false, false},
        {"\"masterDefendantId\":\"M-1\",\"defendantId\":\"D-1\"", true, false},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *text = NULL;

        assert_true(
            asprintf(&text,
                     "{\"id\":\"h-1\"," COURT ",\"hearingDays\":[" DAY
                     "],\"defendantJudicialResults\":[{%s,\"judicialResult\":"
                     "{\"category\":\"FINAL\",\"cjsCode\":\"1015\"}}],"
                     "\"prosecutionCases\":[{\"id\":\"c-1\",\"defendants\":[{\"id\":\"d-1\","
                     "\"masterDefendantId\":\"m-1\"," DETAILS(
                         "Example") ",\"offences\":[" OFFENCE
                                    "]}]},{\"id\":\"c-2\",\"defendants\":[{\"id\":\"d-2\","
                                    "\"masterDefendantId\":\"m-1\"," DETAILS(
                                        "Example") ",\"offences\":[" OFFENCE "]}]}]}",
                     cases[i].ids)
            > 0);
        OWNED(hearing_messages) messages = convert(text);
        bool first = false, second = false;

        for (size_t j = 0; j < messages->count; j++) {
            if (strcmp(messages->messages[j].type->name, "court.sentence.result") != 0)
                continue;
            first |= strcmp(messages->messages[j].accusation, "c-1") == 0;
            second |= strcmp(messages->messages[j].accusation, "c-2") == 0;
        }
        if (first != cases[i].first || second != cases[i].second)
            fail_msg("%s: in the first %d, in the second %d", cases[i].ids, first, second);
        free(text);
    }
}

static void a_flag_of_another_type_carries_nothing_and_is_a_fault(void **)
{
    static const char *const values[] = {"\"true\"", "1", "0", "[]", "{}", "\"\"", "[true]"};
    static const char *const flags[] = {"isDeleted", "lifeDuration"};

    for (size_t i = 0; i < LENGTH(values) * LENGTH(flags); i++) {
        const char *flag = flags[i % LENGTH(flags)], *value = values[i / LENGTH(flags)];
        char *results = NULL;

        assert_true(asprintf(&results,
                             "{\"category\":\"FINAL\",\"cjsCode\":\"1002\",\"label\":\"Said\","
                             "\"%s\":%s}",
                             flag, value)
                    > 0);
        OWNED(hearing_messages) messages = resulted(results);
        assert_int_equal(messages->count, 1); /* the notice alone */
        assert_int_equal(messages->skipped_count, 1);
        assert_true(messages->skipped[0].faulty);
        assert_non_null(strstr(messages->skipped[0].problem.where, flag));
        expect_left_out(messages,
                        "prosecutionCases[0].defendants[0].offences[0].judicialResults[0].label",
                        "true or false");
        free(results);
    }
}

static void a_day_of_which_nobody_knows_whether_it_is_cancelled_is_a_fault(void **)
{
    OWNED(hearing_messages)
    messages = convert("{\"id\":\"h-1\"," COURT
                       ",\"hearingDays\":[{\"isCancelled\":\"true\",\"sittingDay\":"
                       "\"2026-05-15T09:30:00.000Z\"}," DAY
                       "],\"prosecutionCases\":[{\"defendants\":[" DEFENDANT "]}]}");
    json_t *json = body(messages, 0);

    assert_int_equal(json_array_size(json_object_get(json, "days")), 1);
    assert_int_equal(messages->skipped_count, 1);
    assert_true(messages->skipped[0].faulty);
    assert_string_equal(messages->skipped[0].problem.where, "hearingDays[0].isCancelled");
    expect_left_out(messages, "hearingDays[0].sittingDay", "true or false");
    assert_int_equal(messages->month_ms, 1780272000000); /* 2026-06-01 */
    json_decref(json);
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
        cmocka_unit_test(identifiers_are_brought_into_form_or_left_out),
        cmocka_unit_test(each_defendant_of_each_case_gets_a_notice),
        cmocka_unit_test(the_same_twice_is_one_message),
        cmocka_unit_test(a_company_gets_no_notice_and_is_said),
        cmocka_unit_test(an_application_is_said),
        cmocka_unit_test(who_has_no_name_or_no_offence_is_faulty_and_holds_up_nobody),
        cmocka_unit_test(two_in_one_case_are_told_apart_or_one_is_faulty),
        cmocka_unit_test(one_name_is_enough),
        cmocka_unit_test(a_line_names_its_offence_by_its_place),
        cmocka_unit_test(welsh_is_listed_once_and_honoured_once),
        cmocka_unit_test(what_changes_the_rest_is_warned_of),
        cmocka_unit_test(an_interpreter_is_needed_unless_the_text_says_none),
        cmocka_unit_test(nobody_is_born_in_the_future),
        cmocka_unit_test(only_a_final_sentence_makes_a_sentence_result),
        cmocka_unit_test(the_gravest_sentence_is_told_with_its_length),
        cmocka_unit_test(a_requirement_belongs_to_its_own_order),
        cmocka_unit_test(a_requirement_is_counted_in_its_own_unit),
        cmocka_unit_test(these_kinds_of_sentence_have_requirements),
        cmocka_unit_test(custody_for_life_is_life_by_whatever_definition),
        cmocka_unit_test(a_total_is_the_length_of_its_own_kind_of_sentence),
        cmocka_unit_test(results_of_case_and_hearing_count_too),
        cmocka_unit_test(a_result_of_one_case_is_not_told_in_another),
        cmocka_unit_test(a_flag_of_another_type_carries_nothing_and_is_a_fault),
        cmocka_unit_test(a_day_of_which_nobody_knows_whether_it_is_cancelled_is_a_fault),
        cmocka_unit_test(what_is_no_hearing_is_told_what_was_looked_for),
        cmocka_unit_test(the_court_is_the_one_that_is_expected),
        cmocka_unit_test(a_verdict_with_a_lesser_offence_is_of_that_one),
        cmocka_unit_test(bounds_are_refused_by_name),
        cmocka_unit_test(a_field_that_stands_twice_counts_the_second_time),
        cmocka_unit_test(a_cancelled_day_is_left_out),
        cmocka_unit_test(a_key_that_is_no_word_is_told_by_its_place),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
