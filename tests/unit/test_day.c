/* A day is one of the calendar, and has one spelling. */
#include "tests/unit/unit.h"

#include "lib/day.h"

static void only_real_days_are_days(void **)
{
    static const uint32_t real[] = {10000101, 19960229, 20000229, 20240229, 20261231, 99991231};
    static const uint32_t unreal[] = {0,        20230229,  19000229, 21000229,
                                      20260431, 20261301,  20260001, 20260100,
                                      20260132, 100000101, 9991231,  UINT32_MAX};

    for (size_t i = 0; i < LENGTH(real); i++)
        assert_true(day_is_real(real[i]));
    for (size_t i = 0; i < LENGTH(unreal); i++)
        assert_false(day_is_real(unreal[i]));
}

static void a_day_is_parsed_and_printed_the_same(void **)
{
    static const struct {
        const char *text;
        int64_t at;
        int year;
    } cases[] = {
        {"1970-01-01", 0, 1970},
        {"1969-12-31", -DAY_MS, 1969},
        {"2000-02-29", 951782400000, 2000},
        {"2026-06-30", 1782777600000, 2026},
        {"9999-12-31", 253402214400000, 9999},
        {"1000-01-01", -30610224000000, 1000},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char text[DAY_TEXT_SIZE];
        int64_t at = 1;

        assert_true(day_parse(cases[i].text, &at));
        assert_int_equal(at, cases[i].at);
        day_print(at, text);
        assert_string_equal(text, cases[i].text);
        day_print(at + DAY_MS - 1, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(day_year(at), cases[i].year);
    }
}

static void other_spellings_are_refused(void **)
{
    static const char *const bad[] = {"",
                                      "2026-6-30",
                                      "2026/06/30",
                                      "20260630",
                                      "2026-06-31",
                                      "2026-06-3O",
                                      "2026-06-30 ",
                                      " 2026-06-30",
                                      "2026-06-30T00:00:00Z",
                                      "-026-06-30",
                                      "0026-06-30"};
    int64_t at = 7;

    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_false(day_parse(bad[i], &at));
    assert_int_equal(at, 7);
}

static void times_beyond_the_calendar_print_as_dashes(void **)
{
    char text[DAY_TEXT_SIZE];

    day_print(INT64_MAX, text);
    assert_string_equal(text, "----------");
    day_print(INT64_MIN, text);
    assert_string_equal(text, "----------");
    assert_int_equal(day_year(INT64_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_real_days_are_days),
        cmocka_unit_test(a_day_is_parsed_and_printed_the_same),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(times_beyond_the_calendar_print_as_dashes),
    };
    return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
