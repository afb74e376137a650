#define _GNU_SOURCE 1 /* strptime, timegm */

#include "agents/roles/day.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t day_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct tm parts_of(uint32_t day)
{
    return (struct tm){.tm_year = (int)(day / 10000) - 1900,
                       .tm_mon = (int)(day / 100 % 100) - 1,
                       .tm_mday = (int)(day % 100)};
}

/* timegm(3) also puts in order what overflows: the 32nd of a month, its month 0. */
static uint32_t day_from(struct tm *parts)
{
    (void)timegm(parts);
    return (uint32_t)((parts->tm_year + 1900) * 10000 + (parts->tm_mon + 1) * 100 + parts->tm_mday);
}

uint32_t day_of(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;

    (void)gmtime_r(&seconds, &parts);
    return day_from(&parts);
}

int64_t day_at(uint32_t day, int hour)
{
    struct tm parts = parts_of(day);

    parts.tm_hour = hour;
    return (int64_t)timegm(&parts) * 1000;
}

uint32_t day_after(uint32_t day, int days)
{
    struct tm parts = parts_of(day);

    parts.tm_mday += days;
    return day_from(&parts);
}

uint32_t day_months_before(uint32_t day, int months)
{
    struct tm parts = parts_of(day);

    parts.tm_mon -= months;
    return day_from(&parts);
}

static bool is_closed(uint32_t day, const json_t *closed)
{
    struct tm parts = parts_of(day);
    const json_t *one;
    size_t i;

    (void)timegm(&parts);
    json_array_foreach(closed, i, one)
    {
        if (json_integer_value(one) == day)
            return true;
    }
    return parts.tm_wday == 0 || parts.tm_wday == 6;
}

uint32_t day_next_working(uint32_t day, const json_t *closed)
{
    do {
        day = day_after(day, 1);
    } while (is_closed(day, closed));
    return day;
}

bool day_parse_time(const char *text, int64_t *ms)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"};

    if (*text && text[strspn(text, "0123456789")] == '\0' && strlen(text) <= 12) {
        *ms = strtoll(text, NULL, 10) * 1000;
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm parts = {0};
        const char *end = strptime(text, forms[i], &parts);

        if (end && !*end) {
            *ms = (int64_t)timegm(&parts) * 1000;
            return true;
        }
    }
    return false;
}
