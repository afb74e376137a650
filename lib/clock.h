/*
 * clock.h - the two times there are.
 *
 * Loops read them once a turn and hand `now` down; nothing below a loop asks the
 * system, so that tests can turn the clock.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);      /* milliseconds since 1970, UTC; may be stepped */
int64_t clock_monotonic_ms(void); /* milliseconds since boot; never goes back */
int64_t clock_monotonic_ns(void); /* the same in nanoseconds */

#endif
