/* What the court decided: the sentence, its length, its requirements. */
#include "tests/unit/import_hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/codes.h"
#include "tests/unit/hearings.h"

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

int import_results_tests(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("import results", tests, NULL, NULL);
}
