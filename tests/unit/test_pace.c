/* The exchange's time follows the wall clock, but not where that jumps. */
#include "tests/unit/unit.h"

#include <string.h>

#include "broker/pace.h"

#define WALL INT64_C(1800000000000)
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static void it_follows_a_clock_that_goes_or_is_corrected(void **)
{
    struct pace pace = {0};

    assert_int_equal(pace_now(&pace, WALL, 50), WALL);
    assert_int_equal(pace_now(&pace, WALL + 1000, 1050), WALL + 1000);
    assert_int_equal(pace_now(&pace, WALL + CLOCK_JUMP_MS + 1000, 1050),
                     WALL + CLOCK_JUMP_MS + 1000);
    assert_int_equal(pace_now(&pace, WALL + 30 * DAY, 1051 + 30 * DAY),
                     WALL + 30 * DAY); /* quiet */
    assert_false(pace.is_off);
}

static void a_jump_ahead_is_not_followed_and_time_goes_on(void **)
{
    struct pace pace = {0};

    (void)pace_now(&pace, WALL, 0);
    assert_int_equal(pace_now(&pace, WALL + CLOCK_JUMP_MS + 6, 5), WALL + 5);
    assert_true(pace.is_off);
    for (int64_t hour = 1; hour < 100; hour++)
        assert_int_equal(pace_now(&pace, WALL + 1000 * DAY + hour * HOUR, 5 + hour * HOUR),
                         WALL + 5 + hour * HOUR);
    assert_true(pace.is_off);
}

static void many_small_steps_are_one_jump(void **)
{
    struct pace pace = {0};

    (void)pace_now(&pace, WALL, 0);
    assert_int_equal(pace_now(&pace, WALL + CLOCK_JUMP_MS - 1, 0), WALL + CLOCK_JUMP_MS - 1);
    assert_int_equal(pace_now(&pace, WALL + CLOCK_JUMP_MS + 3, 2), WALL + CLOCK_JUMP_MS + 1);
    assert_true(pace.is_off);
}

static void a_clock_that_is_right_again_is_followed_again(void **)
{
    struct pace pace = {0};

    (void)pace_now(&pace, WALL, 0);
    (void)pace_now(&pace, WALL + 900 * DAY, 10);
    assert_int_equal(pace_now(&pace, WALL + 77, 20), WALL + 77);
    assert_false(pace.is_off);
}

/* What is owed in a quarter of an hour is told soon after it, whatever the wall clock says. */
static void a_clock_set_back_is_waited_for_at_nine_tenths(void **)
{
    struct pace pace = {0};
    int64_t last = 0;

    (void)pace_now(&pace, WALL, 0);
    for (int64_t ms = 1; ms <= 60 * HOUR; ms += ms < 100000 ? 7 : 60000) { /* 5 h behind */
        const int64_t wall_ms = WALL - 5 * HOUR + ms, now_ms = pace_now(&pace, wall_ms, ms);

        assert_true(now_ms >= last);
        last = now_ms;
        if (ms < 49 * HOUR)
            assert_int_equal(now_ms, WALL + ms * 9 / 10);
        else if (ms >= 50 * HOUR)
            assert_int_equal(now_ms, wall_ms);
    }
    assert_false(pace.is_behind);
}

static void a_clock_that_was_ahead_before_the_start_is_waited_for(void **)
{
    struct pace pace = {.good_ms = WALL + 10 * DAY};

    assert_int_equal(pace_now(&pace, WALL, 50), WALL + 10 * DAY);
    assert_int_equal(pace_now(&pace, WALL + HOUR, 50 + HOUR), WALL + 10 * DAY + HOUR * 9 / 10);
    assert_int_equal(pace_now(&pace, WALL + 101 * DAY, 50 + 101 * DAY), WALL + 101 * DAY);
    assert_false(pace.is_off);
}

static void a_start_far_ahead_needs_a_word(void **)
{
    const int64_t most = (int64_t)CLOCK_AHEAD_DAYS * DAY;
    struct reason why = {""};

    assert_int_equal(pace_check_start(0, WALL, &why), ST_OK); /* a new store */
    assert_int_equal(pace_check_start(WALL, WALL - 5 * most, &why), ST_OK);
    assert_int_equal(pace_check_start(WALL, WALL + 7 * DAY, &why), ST_OK);
    assert_int_equal(pace_check_start(WALL, WALL + most, &why), ST_OK);
    assert_int_equal(pace_check_start(WALL, WALL + most + DAY, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "the clock is 401 days ahead"));
    assert_non_null(strstr(why.text, "--take-clock"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_a_clock_that_goes_or_is_corrected),
        cmocka_unit_test(a_jump_ahead_is_not_followed_and_time_goes_on),
        cmocka_unit_test(many_small_steps_are_one_jump),
        cmocka_unit_test(a_clock_that_is_right_again_is_followed_again),
        cmocka_unit_test(a_clock_set_back_is_waited_for_at_nine_tenths),
        cmocka_unit_test(a_clock_that_was_ahead_before_the_start_is_waited_for),
        cmocka_unit_test(a_start_far_ahead_needs_a_word),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
