#include "lib/day.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool is_leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool day_is_real(uint32_t ymd)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t year = ymd / 10000, month = ymd / 100 % 100, day = ymd % 100;

    if (year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= lengths[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

bool day_parse(const char *text, int64_t *start_ms)
{
    uint32_t ymd = 0;

    if (strlen(text) != DAY_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < DAY_TEXT_SIZE - 1; i++) {
        if (i == 4 || i == 7) {
            if (text[i] != '-')
                return false;
        } else if (text[i] < '0' || text[i] > '9') {
            return false;
        } else {
            ymd = ymd * 10 + (uint32_t)(text[i] - '0');
        }
    }
    if (!day_is_real(ymd))
        return false;

    struct tm day = {.tm_year = (int)(ymd / 10000) - 1900,
                     .tm_mon = (int)(ymd / 100 % 100) - 1,
                     .tm_mday = (int)(ymd % 100)};
    *start_ms = (int64_t)timegm(&day) * 1000;
    return true;
}

/* gmtime_r of the second that holds `at_ms`; false outside the years we know. */
static bool split(int64_t at_ms, struct tm *out)
{
    time_t seconds = at_ms / 1000 - (at_ms % 1000 < 0);

    return gmtime_r(&seconds, out) && out->tm_year >= 1000 - 1900 && out->tm_year <= 9999 - 1900;
}

void day_print(int64_t at_ms, char out[static DAY_TEXT_SIZE])
{
    struct tm day;

    if (!split(at_ms, &day) || strftime(out, DAY_TEXT_SIZE, "%Y-%m-%d", &day) == 0)
        memcpy(out, "----------", DAY_TEXT_SIZE);
}

int day_year(int64_t at_ms)
{
    struct tm day;

    return split(at_ms, &day) ? day.tm_year + 1900 : 0;
}
