#include "broker/pace.h"

#define DAY_MS INT64_C(86400000)

int64_t pace_now(struct pace *pace, int64_t wall_ms, int64_t monotonic_ms)
{
    if (!pace->has_begun)
        *pace = (struct pace){.ahead_ms = wall_ms - monotonic_ms, .has_begun = true};
    pace->is_off = wall_ms - monotonic_ms - pace->ahead_ms > CLOCK_JUMP_MS;
    pace->good_ms = pace->is_off ? pace->good_ms + (monotonic_ms - pace->monotonic_ms) : wall_ms;
    pace->monotonic_ms = monotonic_ms;
    return pace->good_ms;
}

enum status pace_check_start(int64_t recorded_ms, int64_t wall_ms, struct reason *why)
{
    if (recorded_ms == 0 || wall_ms - recorded_ms <= CLOCK_AHEAD_DAYS * DAY_MS)
        return ST_OK;
    reason_set(why,
               "the clock is %lld days ahead of the newest event in the store: time that is taken "
               "once never goes back. If the clock is right, start once with --take-clock",
               (long long)((wall_ms - recorded_ms) / DAY_MS));
    return ST_INVALID;
}
