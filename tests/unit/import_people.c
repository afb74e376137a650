/* Who is told of, and as whom: defendants, their names and identifiers, what they need. */
#include "tests/unit/import_hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int import_people_tests(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("import people", tests, NULL, NULL);
}
