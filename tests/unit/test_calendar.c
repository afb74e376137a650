/* Working time is what a desk in England and Wales works: tables, and a calendar that looks at each
 * minute. */
#include "agreements/calendar.h"
#include "tests/unit/moment.h"

#include <stdlib.h>
#include <string.h>

#define FILE_OF_DAYS SOURCE_DIR "/agreements/bank-holidays-england-and-wales.txt"

static void spans_end_when_they_should(void **)
{
    static const struct {
        const char *about;
        enum calendar calendar;
        const char *from, *span, *ends; /* UTC */
    } cases[] = {
        {"plain time runs", 1, "2024-06-14 15:59", "15m", "2024-06-14 16:14"},
        {"plain days over a leap day", 1, "2024-02-28 12:00", "2d", "2024-03-01 12:00"},
        {"plain days without one", 1, "2023-02-28 12:00", "2d", "2023-03-02 12:00"},
        {"plain time over the missing hour", 1, "2021-03-28 00:30", "1h", "2021-03-28 01:30"},
        {"plain time over the doubled hour", 1, "2021-10-31 00:30", "1h", "2021-10-31 01:30"},
        {"a working day in winter", 1, "2024-01-15 09:00", "1wd", "2024-01-15 16:30"},
        {"from the close it is the next day's", 1, "2024-01-15 16:30", "1wh", "2024-01-16 10:00"},
        {"before the desk opens", 1, "2024-01-15 03:00", "1wh", "2024-01-15 10:00"},
        {"Friday 16:59 in London", 1, "2024-06-14 15:59", "4wh", "2024-06-17 12:00"},
        {"Saturday", 1, "2024-06-15 12:00", "1wh", "2024-06-17 09:00"},
        {"over Easter 2021", 1, "2021-04-01 15:00", "1wh", "2021-04-06 08:30"},
        {"over Christmas on a Saturday", 1, "2021-12-24 16:00", "1wd", "2021-12-29 16:00"},
        {"over Christmas on a Sunday", 1, "2022-12-23 16:00", "1wd", "2022-12-28 16:00"},
        {"over New Year's Day on a Sunday", 1, "2022-12-30 16:00", "1wd", "2023-01-03 16:00"},
        {"over the missing hour", 1, "2021-03-26 16:00", "1wd", "2021-03-29 15:00"},
        {"over the doubled hour", 1, "2021-10-29 15:00", "1wd", "2021-11-01 16:00"},
        {"on a leap day", 1, "2024-02-28 16:30", "1wd", "2024-02-29 16:30"},
        {"VE day was moved to 8 May", 1, "2020-05-07 15:30", "1wd", "2020-05-11 15:30"},
        {"and 4 May 2020 was worked", 1, "2020-05-01 15:30", "1wd", "2020-05-04 15:30"},
        {"over the Jubilee", 1, "2022-06-01 15:30", "1wd", "2022-06-06 15:30"},
        {"over the State Funeral", 1, "2022-09-16 15:30", "1wd", "2022-09-20 15:30"},
        {"over the Coronation", 1, "2023-05-05 15:30", "1wd", "2023-05-09 15:30"},
        {"ten working days", 1, "2024-12-16 09:00", "10wd", "2024-12-31 16:30"},
        {"a desk that is always open", 2, "2024-06-15 12:00", "2wd", "2024-06-16 03:00"},
        {"the same in plain time", 2, "2024-06-15 12:00", "2d", "2024-06-17 12:00"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct span span;
        assert_true(span_parse(cases[i].span, &span));
        assert_moment(
            calendar_add(calendar_built_in(), cases[i].calendar, moment_of(cases[i].from), &span),
            cases[i].ends, cases[i].about);
    }
}

static void a_part_of_a_span_is_a_moment_in_it(void **)
{
    const struct span day = {WORKING_DAY_MINUTES, true}, hour = {60, false};
    const struct calendar_days *days = calendar_built_in();
    int64_t friday = moment_of("2024-06-14 15:00"); /* half an hour before the close */

    assert_moment(calendar_part(days, 1, friday, &day, 1, 2), "2024-06-17 11:15", "half a day");
    assert_moment(calendar_part(days, 1, friday, &day, 0, 2), "2024-06-14 15:00", "none of it");
    assert_moment(calendar_part(days, 1, friday, &hour, 3, 4), "2024-06-14 15:45", "plain");
}

static void a_desk_is_open_in_its_hours(void **)
{
    static const struct {
        const char *at;
        bool open;
    } cases[] = {
        {"2021-03-26 08:59", false}, {"2021-03-26 09:00", true},  {"2021-03-29 07:59", false},
        {"2021-03-29 08:00", true},  {"2021-03-29 15:29", true},  {"2021-03-29 15:30", false},
        {"2021-10-29 08:00", true},  {"2021-11-01 08:00", false}, {"2021-11-01 09:00", true},
        {"2021-11-01 16:30", false}, {"2021-12-27 12:00", false}, {"2021-12-29 12:00", true},
        {"2021-11-06 12:00", false}, {"1969-12-30 12:00", true},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t at_ms = moment_of(cases[i].at);
        assert_int_equal(calendar_is_open(calendar_built_in(), 1, at_ms), cases[i].open);
        assert_true(calendar_is_open(calendar_built_in(), CALENDAR_ALWAYS, at_ms));
    }
}

static void a_day_ends_at_midnight_in_london(void **)
{
    static const char *const cases[][2] = {
        {"2021-01-15 12:00", "2021-01-16 00:00"}, {"2021-03-27 23:59", "2021-03-28 00:00"},
        {"2021-03-28 00:00", "2021-03-28 23:00"}, {"2021-03-28 23:00", "2021-03-29 23:00"},
        {"2021-06-14 22:59", "2021-06-14 23:00"}, {"2021-10-30 22:59", "2021-10-30 23:00"},
        {"2021-10-30 23:00", "2021-11-01 00:00"}, {"2024-02-29 12:00", "2024-03-01 00:00"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_moment(calendar_day_end(moment_of(cases[i][0])), cases[i][1], cases[i][0]);
    assert_false(calendar_is_working_day(calendar_built_in(), moment_of("2021-06-13 22:59")));
    assert_true(calendar_is_working_day(calendar_built_in(), moment_of("2021-06-13 23:00")));
}

/* ---- the file ---- */

/* Easter Sunday of the Gregorian calendar, by Gauss with Lichtenberg's exceptions: days from the
 * first of March, 1 being that day. */
static int easter(int year)
{
    int a = year % 19, k = year / 100, m = 15 + (3 * k + 3) / 4 - (8 * k + 13) / 25;
    int d = (19 * a + m) % 30, s = 2 - (3 * k + 3) / 4, r = (d + a / 11) / 29;
    int og = 21 + d - r, sz = 7 - (year + year / 4 + s) % 7;

    return og + 7 - (og - sz) % 7;
}

static bool is_off(int64_t day_ms)
{
    int weekday = (int)((day_ms / DAY_MS + 3) % 7);

    return weekday < 5
        && !calendar_is_working_day(calendar_built_in(), day_ms + 12 * INT64_C(3600000));
}

static void easter_and_christmas_are_in_every_year(void **)
{
    for (int year = 2014; year <= 2028; year++) {
        char text[24];
        (void)snprintf(text, sizeof text, "%d-03-01 00:00", year);
        int64_t march = moment_of(text);
        int64_t sunday = march + (easter(year) - 1) * (int64_t)DAY_MS;
        assert_int_equal((sunday / DAY_MS + 3) % 7, 6);
        assert_true(is_off(sunday - 2 * DAY_MS) && is_off(sunday + DAY_MS));
        assert_false(is_off(sunday - 3 * DAY_MS) || is_off(sunday + 2 * DAY_MS));
        int off = 0;
        for (int64_t day = march - 60 * INT64_C(86400000); day < march + 306 * INT64_C(86400000);
             day += DAY_MS)
            off += is_off(day) && day_year(day) == year;
        assert_int_equal(off, year == 2022 ? 10 : year == 2023 ? 9 : 8);
        int rest = 0; /* weekdays off from Christmas to the 28th: two, wherever they fall */
        for (int64_t day = march + 299 * INT64_C(86400000); day < march + 303 * INT64_C(86400000);
             day += DAY_MS)
            rest += is_off(day);
        assert_int_equal(rest, 2);
    }
}

static void it_says_where_the_days_end(void **)
{
    assert_moment(calendar_ends_ms(calendar_built_in()), "2029-01-01 00:00", "built in");
}

static struct calendar_days *load(const char *text, enum status wanted, struct reason *why)
{
    char path[] = "/tmp/calendar-XXXXXX";
    int file = mkstemp(path);
    struct calendar_days *days = NULL;

    assert_true(file >= 0);
    FILE *f = fdopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(calendar_load(path, &days, why), wanted);
    (void)remove(path);
    return days;
}

static void the_file_is_what_is_compiled_in(void **)
{
    struct calendar_days *days = NULL;
    struct reason why = {""};

    if (calendar_load(FILE_OF_DAYS, &days, &why) != ST_OK)
        fail_msg("%s", why.text);
    for (int64_t at = moment_of("2013-01-01 12:00"); at < moment_of("2030-01-01 12:00");
         at += DAY_MS)
        assert_int_equal(calendar_is_working_day(days, at),
                         calendar_is_working_day(calendar_built_in(), at));
    assert_int_equal(calendar_ends_ms(days), calendar_ends_ms(calendar_built_in()));
    calendar_free(days);
}

static void a_loaded_day_counts_and_no_other(void **)
{
    struct calendar_days *days =
        load("# made up\n\n2024-06-12  a day\r\n2025-01-02 the last", ST_OK, NULL);

    assert_false(calendar_is_working_day(days, moment_of("2024-06-12 12:00")));
    assert_true(calendar_is_working_day(days, moment_of("2024-06-13 12:00")));
    assert_true(calendar_is_working_day(days, moment_of("2024-12-25 12:00")));
    calendar_free(days);
}

static void a_year_is_known_up_to_its_december(void **)
{
    static const struct {
        const char *text, *ends;
    } cases[] = {
        {"2028-12-26  Boxing Day\n", "2029-01-01 00:00"},
        {"2028-12-01  the first\n", "2029-01-01 00:00"},
        {"2028-12-31  the last\n", "2029-01-01 00:00"},
        {"2028-12-26  Boxing Day\n2029-01-01  New Year's Day\n", "2029-01-01 00:00"},
        {"2028-12-26  Boxing Day\n2029-02-28  in February\n", "2029-01-01 00:00"},
        {"2027-12-27  Christmas Day\n2028-02-29  a leap day\n", "2028-01-01 00:00"},
        {"2028-12-26  Boxing Day\n2029-03-01  in March\n", "2029-01-01 00:00"},
        {"2028-12-26  Boxing Day\n2029-11-30  in November\n", "2029-01-01 00:00"},
        {"2028-12-26  Boxing Day\n2029-12-25  Christmas Day\n", "2030-01-01 00:00"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct calendar_days *days = load(cases[i].text, ST_OK, NULL);

        assert_moment(calendar_ends_ms(days), cases[i].ends, cases[i].text);
        calendar_free(days);
    }
}

static void what_is_no_file_of_days_is_refused(void **)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "it names no day"},
        {"# nothing\n", "it names no day"},
        {"2024-06-12\n", ":1: not a day"},
        {"2024-06-12  \n", ":1: not a day"},
        {"2024-06-31  no such day\n", ":1: not a day"},
        {"\n 2024-06-12  blank before it\n", ":2: not a day"},
        {"2024-06-12  a\n2024-06-12  a\n", ":2: a day that is not after"},
        {"2024-06-12  a\n2024-06-11  b\n", ":2: a day that is not after"},
    };
    struct reason why;

    for (size_t i = 0; i < LENGTH(cases); i++) {
        why.text[0] = '\0';
        assert_null(load(cases[i].text, ST_INVALID, &why));
        if (!strstr(why.text, cases[i].why))
            fail_msg("%s", why.text);
    }
    struct calendar_days *none = NULL;
    assert_int_equal(calendar_load("/nonexistent/days", &none, &why), ST_IO);
}

/* ---- the same, minute by minute ---- */

/* The weekdays off of the file, read once by other means. */
static size_t read_holidays(int64_t out[static 256])
{
    FILE *file = fopen(FILE_OF_DAYS, "re");
    char line[256], day[DAY_TEXT_SIZE] = "";
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (line[0] == '2') {
            memcpy(day, line, sizeof day - 1);
            assert_true(count < 256 && day_parse(day, &out[count++]));
        }
    assert_int_equal(fclose(file), 0);
    return count;
}

/* Is it summer time? The days as they were published. */
static bool is_summer(int64_t at_ms)
{
    static const char *const changes[][2] = {
        {"2019-03-31 01:00", "2019-10-27 01:00"}, {"2020-03-29 01:00", "2020-10-25 01:00"},
        {"2021-03-28 01:00", "2021-10-31 01:00"}, {"2022-03-27 01:00", "2022-10-30 01:00"},
        {"2023-03-26 01:00", "2023-10-29 01:00"}, {"2024-03-31 01:00", "2024-10-27 01:00"},
        {"2025-03-30 01:00", "2025-10-26 01:00"}, {"2026-03-29 01:00", "2026-10-25 01:00"},
    };
    static int64_t from[LENGTH(changes)], until[LENGTH(changes)];

    if (from[0] == 0)
        for (size_t i = 0; i < LENGTH(changes); i++) {
            from[i] = moment_of(changes[i][0]);
            until[i] = moment_of(changes[i][1]);
        }
    for (size_t i = 0; i < LENGTH(changes); i++)
        if (at_ms >= from[i] && at_ms < until[i])
            return true;
    return false;
}

static bool naive_open(const int64_t holidays[], size_t count, int64_t at_ms)
{
    int64_t london = at_ms + (is_summer(at_ms) ? 3600000 : 0);
    int minute = (int)(london / 60000 % 1440);

    if ((london / DAY_MS + 3) % 7 >= 5 || minute < 540 || minute >= 990)
        return false;
    for (size_t i = 0; i < count; i++)
        if (holidays[i] == london / DAY_MS * DAY_MS)
            return false;
    return true;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void it_agrees_with_a_calendar_of_minutes(void **)
{
    int64_t holidays[256], first = moment_of("2019-01-01 00:00");
    size_t count = read_holidays(holidays);
    uint64_t seed = 1;

    for (int i = 0; i < 400; i++) {
        struct span span = {(uint32_t)(1 + next_random(&seed) % (i % 4 ? 900 : 4500)), true};
        int64_t from = first + (int64_t)(next_random(&seed) % (7 * 365 * 1440)) * 60000;
        int64_t at = from;
        for (uint32_t left = span.minutes; left > 0; at += 60000) {
            bool open = naive_open(holidays, count, at);
            left -= open;
            if (at - from < 3 * INT64_C(86400000))
                assert_int_equal(open, calendar_is_open(calendar_built_in(), 1, at));
        }
        int64_t got = calendar_add(calendar_built_in(), 1, from, &span);
        if (got != at)
            fail_msg("case %d: %u minutes from %lld: %lld, not %lld", i, span.minutes,
                     (long long)from, (long long)got, (long long)at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_end_when_they_should),
        cmocka_unit_test(a_part_of_a_span_is_a_moment_in_it),
        cmocka_unit_test(a_desk_is_open_in_its_hours),
        cmocka_unit_test(a_day_ends_at_midnight_in_london),
        cmocka_unit_test(easter_and_christmas_are_in_every_year),
        cmocka_unit_test(it_says_where_the_days_end),
        cmocka_unit_test(the_file_is_what_is_compiled_in),
        cmocka_unit_test(a_loaded_day_counts_and_no_other),
        cmocka_unit_test(a_year_is_known_up_to_its_december),
        cmocka_unit_test(what_is_no_file_of_days_is_refused),
        cmocka_unit_test(it_agrees_with_a_calendar_of_minutes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
