/* Of the reference systems: who a person is, which day it is, how an id stands in a body. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/person.h"
#include "agents/roles/wire.h"

#define PERSON(identifiers, surname, born)                                                         \
    "{\"identifiers\": [" identifiers                                                              \
    "], \"name\": {\"forename\": \"Kit\", \"surname\": \"" surname                                 \
    "\"}, \"dateOfBirth\": {\"ymd\": " born "}}"
#define PNC(value) "{\"type\": \"PNC\", \"value\": \"" value "\"}"
#define CRO(value) "{\"type\": \"CRO\", \"value\": \"" value "\"}"

static const char *const numbers[] = {"PNC", "CRO", NULL};
static const char records_text[] = "[{\"person\": " PERSON(
    PNC("p1") "," CRO("c1"), "Example",
    "19910412") "},"
                " {\"person\": " PERSON(
                    PNC("p2"), "Example",
                    "19910412") "},"
                                " {\"person\": " PERSON(
                                    PNC("p3") "," CRO("c3"), "Sample",
                                    "19800101") "},"
                                                " {\"person\": " PERSON(
                                                    PNC("p4"), "Twice",
                                                    "20000101") "},"
                                                                " {\"person\": " PERSON(PNC("p4"), "Other", "20000102") "}, {\"person\": {\"identifiers\": [" PNC(
                                                                    "p5") "," PNC("p6") "], "
                                                                                        "\"name\": "
                                                                                        "{\"forenam"
                                                                                        "e\": "
                                                                                        "\"Kit\", "
                                                                                        "\"surname"
                                                                                        "\": "
                                                                                        "\"Several"
                                                                                        "\"}, "
                                                                                        "\"aliases"
                                                                                        "\": "
                                                                                        "[{"
                                                                                        "\"forename"
                                                                                        "\": "
                                                                                        "\"Kit\", "
                                                                                        "\"surname"
                                                                                        "\": "
                                                                                        "\"Former\""
                                                                                        "}], "
                                                                                        "\"dateOfBi"
                                                                                        "rth\": "
                                                                                        "{\"ymd\": "
                                                                                        "19700101}}"
                                                                                        "}]";

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    return json;
}

struct row {
    const char *person;
    enum match match;
    const char *surname; /* of the record found */
};

static void check_rows(const struct row *rows, size_t count, bool by_name)
{
    json_t *records = parse(records_text);

    for (size_t i = 0; i < count; i++) {
        json_t *person = parse(rows[i].person);
        const json_t *record = NULL;
        enum match match = by_name ? person_find_by_name(records, person, "PNC", &record)
                                   : person_find_by_identifier(records, person, numbers, &record);

        assert_int_equal(match, rows[i].match);
        if (match == MATCH_ONE)
            assert_string_equal(wire_text(record, "person.name.surname"), rows[i].surname);
        else
            assert_null(record);
        json_decref(person);
    }
    json_decref(records);
}

static void a_number_leads_to_one_person_or_it_is_unsure(void **)
{
    static const struct row rows[] = {
        {PERSON(PNC("p1"), "Changed", "19910412"), MATCH_ONE, "Example"},
        {PERSON(PNC("p1"), "Example", "19910413"), MATCH_ONE, "Example"},
        {PERSON(PNC("p1"), "Sample", "19800101"), MATCH_UNSURE, NULL}, /* mistyped: somebody else */
        {PERSON(PNC("p1"), "Changed", "0"), MATCH_ONE, "Example"},
        {PERSON(PNC("p5"), "Former", "1"), MATCH_ONE, "Several"}, /* by a name of the record's */
        {PERSON(PNC("p6"), "Several", "1"), MATCH_ONE, "Several"},
        {PERSON(PNC("p6") "," PNC("p5"), "Several", "1"), MATCH_ONE, "Several"},
        {PERSON(PNC("p1") "," PNC("p3"), "Example", "1"), MATCH_UNSURE, NULL}, /* two people's */
        {PERSON(PNC("p1") "," PNC("p9"), "Example", "1"), MATCH_UNSURE, NULL}, /* one is not */
        {PERSON(PNC("p1") "," CRO("c1"), "Example", "1"), MATCH_ONE, "Example"},
        {PERSON(PNC("p2") "," CRO("new"), "Example", "1"), MATCH_ONE, "Example"},
        {PERSON(PNC("p9"), "Example", "19910412"), MATCH_NONE, NULL},
        {PERSON(PNC("p1") "," CRO("c3"), "Example", "1"), MATCH_UNSURE, NULL}, /* two people's */
        {PERSON(PNC("p1") "," CRO("c9"), "Example", "1"), MATCH_UNSURE, NULL}, /* another's */
        {PERSON(PNC("p4"), "Twice", "1"), MATCH_UNSURE, NULL},                 /* kept twice */
        {PERSON("", "Example", "19910412"), MATCH_UNSURE, NULL}, /* never by name alone */
    };

    check_rows(rows, LENGTH(rows), false);
}

static void a_name_needs_a_day_of_birth_and_agreement(void **)
{
    static const struct row rows[] = {
        {PERSON("", "SAMPLE", "19800101"), MATCH_ONE, "Sample"},
        {PERSON("", "Sample", "19800102"), MATCH_NONE, NULL},
        {PERSON("", "Former", "19700101"), MATCH_ONE, "Several"}, /* the record's alias */
        {PERSON(PNC("p6"), "Former", "19700101"), MATCH_ONE, "Several"},
        {PERSON(PNC("p6") "," PNC("p9"), "Former", "19700101"), MATCH_UNSURE, NULL},
        {PERSON(PNC("p5") "," PNC("p3"), "Several", "19700101"), MATCH_UNSURE, NULL},
        {PERSON("", "Sample", "0"), MATCH_UNSURE, NULL},
        {PERSON("", "Example", "19910412"), MATCH_UNSURE, NULL}, /* two are called so */
        {PERSON(PNC("p2"), "Example", "19910412"), MATCH_ONE, "Example"},
        {PERSON(PNC("p1"), "Sample", "19800101"), MATCH_UNSURE, NULL}, /* the number is another's */
        {PERSON(PNC("p9"), "Sample", "19800101"), MATCH_UNSURE, NULL}, /* the record's differs */
    };

    check_rows(rows, LENGTH(rows), true);
}

static void days_are_counted_as_calendars_do(void **)
{
    json_t *closed = parse("[20261225, 20261228]");
    int64_t ms;

    assert_int_equal(day_of(INT64_C(1798156800000)), 20261225);
    assert_int_equal(day_at(20261225, 0), INT64_C(1798156800000));
    assert_int_equal(day_after(20261231, 1), 20270101);
    assert_int_equal(day_after(20260101, 28), 20260129);
    assert_int_equal(day_months_before(20260115, 24), 20240115);
    assert_int_equal(day_months_before(20260331, 1), 20260303);     /* there is no 31 February */
    assert_int_equal(day_next_working(20261127, NULL), 20261130);   /* a Friday's is Monday */
    assert_int_equal(day_next_working(20261224, closed), 20261229); /* Christmas, its weekend */
    assert_true(day_parse_time("2026-12-25T00:00Z", &ms) && ms == INT64_C(1798156800000));
    assert_true(day_parse_time("2026-12-25T00:00:01Z", &ms) && ms == INT64_C(1798156801000));
    assert_true(day_parse_time("1798156800", &ms) && ms == INT64_C(1798156800000));
    assert_false(day_parse_time("tomorrow", &ms));
    assert_false(day_parse_time("", &ms));
    json_decref(closed);
}

static void an_id_stands_in_a_body_as_base64(void **)
{
    static const char id[] = "01929639-0000-7000-8000-0000000000ff";
    char back[CONCORDAT_ID_TEXT];
    json_t *bytes = wire_id(id), *wrong = json_string("AZKWOQAAcACAAAAAAAAA/w*=");

    assert_string_equal(json_string_value(bytes), "AZKWOQAAcACAAAAAAAAA/w==");
    assert_true(wire_id_text(bytes, back));
    assert_string_equal(back, id);
    assert_false(wire_id_text(wrong, back));
    assert_false(wire_id_text(NULL, back));
    assert_null(wire_id("none"));
    json_decref(bytes);
    json_decref(wrong);
}

static void what_is_not_there_is_not_false(void **)
{
    json_t *body = parse("{\"a\": {\"b\": {\"c\": \"x\"}}, \"n\": \"1796983200000\", \"m\": 7}");

    assert_string_equal(wire_text(body, "a.b.c"), "x");
    assert_string_equal(wire_text(body, "a.b"), "");
    assert_null(wire_at(body, "a.x.c"));
    assert_null(wire_at(NULL, "a"));
    assert_true(wire_number(body, "n") == INT64_C(1796983200000));
    assert_int_equal(wire_number(body, "m"), 7);
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_leads_to_one_person_or_it_is_unsure),
        cmocka_unit_test(a_name_needs_a_day_of_birth_and_agreement),
        cmocka_unit_test(days_are_counted_as_calendars_do),
        cmocka_unit_test(an_id_stands_in_a_body_as_base64),
        cmocka_unit_test(what_is_not_there_is_not_false),
    };
    return cmocka_run_group_tests_name("roles_person", tests, NULL, NULL);
}
