#include "broker/pace.h"

#define DAY_MS INT64_C(86400000)

/* Behind the time that was given, and how long already: a tenth of it is given back. */
static int64_t slow(struct pace *pace, int64_t monotonic_ms)
{
    if (!pace->is_behind) {
        pace->slow_ms = pace->good_ms;
        pace->slow_since_ms = pace->monotonic_ms;
    }
    pace->is_behind = true;
    return pace->slow_ms + (monotonic_ms - pace->slow_since_ms) * 9 / 10;
}

int64_t pace_now(struct pace *pace, int64_t wall_ms, int64_t monotonic_ms)
{
    if (!pace->has_begun) {
        pace->ahead_ms = wall_ms - monotonic_ms;
        pace->monotonic_ms = monotonic_ms;
        pace->has_begun = true;
    }
    pace->is_off = wall_ms - monotonic_ms - pace->ahead_ms > CLOCK_JUMP_MS;
    if (pace->is_off) {
        pace->good_ms += monotonic_ms - pace->monotonic_ms;
        pace->is_behind = false;
    } else {
        const int64_t slow_ms = wall_ms < pace->good_ms ? slow(pace, monotonic_ms) : wall_ms;

        pace->good_ms = slow_ms > wall_ms ? slow_ms : wall_ms;
        pace->is_behind = slow_ms > wall_ms;
    }
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
