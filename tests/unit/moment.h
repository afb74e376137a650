/* moment.h - times as tests write them: "2021-12-24 16:29", UTC. */
#ifndef TESTS_UNIT_MOMENT_H
#define TESTS_UNIT_MOMENT_H

#include <stdio.h>

#include "lib/day.h"
#include "tests/unit/unit.h"

static inline int64_t moment_of(const char *text)
{
    char day[DAY_TEXT_SIZE];
    int64_t ms;
    int hour, minute;

    assert_int_equal(sscanf(text, "%10s %d:%d", day, &hour, &minute), 3);
    assert_true(day_parse(day, &ms));
    return ms + (hour * 60 + minute) * INT64_C(60000);
}

/* Says both when they are not the same. */
static inline void assert_moment(int64_t got_ms, const char *wanted, const char *about)
{
    char day[DAY_TEXT_SIZE];

    if (got_ms == moment_of(wanted))
        return;
    day_print(got_ms, day);
    fail_msg("%s: %s %02d:%02d, not %s", about, day, (int)(got_ms / 3600000 % 24),
             (int)(got_ms / 60000 % 60), wanted);
}

#endif
