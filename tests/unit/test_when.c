/* Times are read as people write them, and slips are refused rather than moved. */
#include "tests/unit/unit.h"

#include "agents/cli/when.h"

static void what_people_write_is_read(void **)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2026-11-27", 1795737600000},
        {"2026-11-27T10:00", 1795773600000},
        {"2026-11-27 10:00", 1795773600000},
        {"2026-11-27T10:00Z", 1795773600000},
        {"2026-11-27T10:00:30Z", 1795773630000},
        {"2026-11-27T10:00:00+01:00", 1795770000000},
        {"2026-11-27T10:00-0530", 1795793400000},
        {"1795773600", 1795773600000},
        {"2024-02-29", 1709164800000},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t ms = 0;
        assert_true(when_parse(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void slips_are_refused(void **)
{
    static const char *const cases[] = {
        "",           "tomorrow",         "2026",
        "2026-11",    "2026-11-31",       "2025-02-29",
        "2026-13-01", "2026-11-27T",      "2026-11-27T24:00",
        "26-11-27",   "2026-11-27T10:0",  "2026-11-27T10:00+1",
        "-1",         "2026-11-27x",      "99999999999999999999",
        "12345",      "2026-11-27T10:60", "2026-11-27T10:00:00+15:00",
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t ms = 42;
        assert_false(when_parse(cases[i], &ms));
        assert_int_equal(ms, 42);
    }
}

static void what_is_printed_is_read_again(void **)
{
    static const int64_t cases[] = {1795773600000, 1000, 253402300799000};

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char text[WHEN_SIZE];
        int64_t ms = 0;
        when_print(cases[i], text);
        assert_true(when_parse(text, &ms));
        assert_int_equal(ms, cases[i]);
    }
}

static void never_said_is_printed_as_nothing(void **)
{
    char text[WHEN_SIZE] = "x";

    when_print(0, text);
    assert_string_equal(text, "");
}

static void a_span_is_said_in_its_two_largest_units(void **)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {-5, "0 s"},
        {0, "0 s"},
        {999, "0 s"},
        {1000, "1 s"},
        {59999, "59 s"},
        {60000, "1 min"},
        {61000, "1 min 1 s"},
        {7800000, "2 h 10 min"},
        {7859000, "2 h 10 min"},
        {86400000, "1 d"},
        {86400000 + 59 * 60000, "1 d"},
        {INT64_C(400) * 86400000 + 3600000, "400 d 1 h"},
        {INT64_MAX, "106751991167 d 7 h"},
    };
    char text[SPAN_SIZE];

    for (size_t i = 0; i < LENGTH(cases); i++) {
        when_print_span(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_time_is_read_off_the_wall_in_london(void **)
{
    static const struct {
        const char *utc, *local;
    } cases[] = {
        {"2026-11-27T16:30:00Z", "Fri 27 Nov 2026 16:30 GMT"},
        {"2026-06-26T15:30:00Z", "Fri 26 Jun 2026 16:30 BST"},
        {"2026-06-30T23:30:00Z", "Wed 01 Jul 2026 00:30 BST"}, /* another day already */
        {"2026-03-29T00:59:00Z", "Sun 29 Mar 2026 00:59 GMT"}, /* clocks go forward */
        {"2026-03-29T01:00:00Z", "Sun 29 Mar 2026 02:00 BST"},
        {"2026-10-25T00:59:00Z", "Sun 25 Oct 2026 01:59 BST"}, /* and back */
        {"2026-10-25T01:00:00Z", "Sun 25 Oct 2026 01:00 GMT"},
    };
    char text[WHEN_SIZE];
    int64_t ms;

    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_true(when_parse(cases[i].utc, &ms));
        when_print_local(ms, text);
        assert_string_equal(text, cases[i].local);
    }
    when_print_local(0, text);
    assert_string_equal(text, "");
}

static void what_is_due_is_so_far_away(void **)
{
    const int64_t now = INT64_C(1795773600000), minute = 60000, day = 86400000;
    static const struct {
        int64_t minutes;
        const char *text;
    } cases[] = {
        {130, "in 2 h 10 min"},
        {0, "in 0 s"},
        {-4, "overdue by 4 min"},
    };
    char text[AWAY_SIZE];

    for (size_t i = 0; i < LENGTH(cases); i++) {
        when_print_away(now + cases[i].minutes * minute, now, text);
        assert_string_equal(text, cases[i].text);
    }
    when_print_away(now - 3 * day, now, text);
    assert_string_equal(text, "overdue by 3 d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_write_is_read),
        cmocka_unit_test(slips_are_refused),
        cmocka_unit_test(what_is_printed_is_read_again),
        cmocka_unit_test(never_said_is_printed_as_nothing),
        cmocka_unit_test(a_span_is_said_in_its_two_largest_units),
        cmocka_unit_test(a_time_is_read_off_the_wall_in_london),
        cmocka_unit_test(what_is_due_is_so_far_away),
    };
    return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
