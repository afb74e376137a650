/*
 * pace.h - the time that the exchange goes by: the wall clock, unless that jumps ahead.
 *
 *     wall clock, monotonic clock --pace_now--> a time that goes on at one pace
 *
 * The exchange's time never goes back (exchange.h), so one wrong step ahead would last for ever:
 * agreements would be expired and messages out of their time until the true clock has come there.
 * While the broker runs, a wall clock that has got more than CLOCK_JUMP_MS ahead of the monotonic
 * one since the start, in one step or in many, is not followed: time goes on from the last good one
 * by the monotonic clock, until the wall clock is back within that bound, or the broker is started
 * again. At start there is nothing but the time of the newest event: a clock more than
 * CLOCK_AHEAD_DAYS after it needs an operator's word.
 *
 * A wall clock that is behind the time given (it was set back, or was ahead before a restart) is
 * waited for without standing still, since what is owed must not wait for it: time goes on at nine
 * tenths of the monotonic clock's pace until the two meet.
 *
 * A machine that slept looks like a clock that jumped, since the monotonic clock stands still
 * meanwhile: start the broker again.
 *
 * Threads: one owner, the exchange's.
 */
#ifndef BROKER_PACE_H
#define BROKER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

/* Zeroes are one that has not been asked: it takes the first wall time that it sees, unless good_ms
 * says what time it was at least. */
struct pace {
    int64_t ahead_ms;               /* of the wall clock before the monotonic one, at first */
    int64_t good_ms, monotonic_ms;  /* the last answer, and when */
    int64_t slow_ms, slow_since_ms; /* behind: what was given then, and when */
    bool has_begun;
    bool is_off;    /* the wall clock is not followed */
    bool is_behind; /* it is waited for */
};

/* The time now, never less than before. `wall_ms` since 1970, `monotonic_ms` from any origin. */
int64_t pace_now(struct pace *pace, int64_t wall_ms, int64_t monotonic_ms);

/* May a broker start at `wall_ms` whose newest event is of `recorded_ms` (0: it has none)?
 *   ST_INVALID  the clock is too far ahead of it; `why` says by how many days */
enum status pace_check_start(int64_t recorded_ms, int64_t wall_ms, struct reason *why);

#endif
