#include "agreements/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/bank_holidays.h"
#include "lib/day.h"

#define HOUR_MS (60 * INT64_C(60000))
#define OPENS_MS (9 * HOUR_MS)                 /* after midnight in London */
#define CLOSES_MS (16 * HOUR_MS + HOUR_MS / 2) /* 450 minutes later */
#define LINE_MAX_SIZE 256                      /* bytes of a line of the file, with its end */

struct calendar_days {
    size_t count;
    const int32_t *days; /* since 1970, ascending */
    int32_t *own;        /* owned: the same, when they were loaded */
};

/* ---- the days ---- */

const struct calendar_days *calendar_built_in(void)
{
    static const struct calendar_days built_in = {sizeof bank_holidays / sizeof *bank_holidays,
                                                  bank_holidays, NULL};

    return &built_in;
}

/* `YYYY-MM-DD  name' */
static bool parse_line(const char *line, int32_t *day)
{
    char text[DAY_TEXT_SIZE];
    int64_t start_ms;

    if (strlen(line) < sizeof text || line[sizeof text - 1] != ' ')
        return false;
    memcpy(text, line, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    if (line[strspn(line + sizeof text - 1, " ") + sizeof text - 1] == '\0'
        || !day_parse(text, &start_ms))
        return false;
    *day = (int32_t)(start_ms / DAY_MS);
    return true;
}

/* One line of the file into the days, which have room for it. */
static enum status take_line(const char *path, unsigned number, char *line,
                             struct calendar_days *days, struct reason *why)
{
    int32_t day;
    size_t size = strcspn(line, "\r\n");

    if (line[size] == '\0' && size == LINE_MAX_SIZE - 1) {
        reason_set(why, "%s:%u: a line of more than %d bytes", path, number, LINE_MAX_SIZE - 2);
        return ST_INVALID;
    }
    line[size] = '\0';
    if (line[0] == '\0' || line[0] == '#')
        return ST_OK;
    if (!parse_line(line, &day)) {
        reason_set(why, "%s:%u: not a day as YYYY-MM-DD and its name", path, number);
        return ST_INVALID;
    }
    if (days->count > 0 && day <= days->own[days->count - 1]) {
        reason_set(why, "%s:%u: a day that is not after the one before it", path, number);
        return ST_INVALID;
    }
    days->own[days->count++] = day;
    return ST_OK;
}

static enum status read_days(const char *path, FILE *file, struct calendar_days *days,
                             struct reason *why)
{
    char line[LINE_MAX_SIZE];
    size_t room = HOLIDAYS_FILE_MAX / DAY_TEXT_SIZE; /* a day takes more bytes than that */
    size_t size = 0;

    days->own = calloc(room, sizeof *days->own);
    if (!days->own)
        return ST_NOMEM;
    days->days = days->own;
    for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
        if ((size += strlen(line)) > HOLIDAYS_FILE_MAX) {
            reason_set(why, "%s: more than %d bytes", path, HOLIDAYS_FILE_MAX);
            return ST_INVALID;
        }
        enum status status = take_line(path, number, line, days, why);
        if (status != ST_OK)
            return status;
    }
    if (ferror(file)) {
        reason_set(why, "%s: %s", path, strerror(errno));
        return ST_IO;
    }
    if (days->count > 0)
        return ST_OK;
    reason_set(why, "%s: it names no day", path);
    return ST_INVALID;
}

enum status calendar_load(const char *path, struct calendar_days **out, struct reason *why)
{
    struct calendar_days *days = calloc(1, sizeof *days);
    FILE *file = days ? fopen(path, "re") : NULL;
    enum status status = ST_NOMEM;

    if (file)
        status = read_days(path, file, days, why);
    else if (days) {
        reason_set(why, "%s: %s", path, strerror(errno));
        status = ST_IO;
    }
    if (file)
        (void)fclose(file);
    if (status == ST_OK)
        *out = days;
    else
        calendar_free(days);
    return status;
}

void calendar_free(struct calendar_days *days)
{
    if (!days)
        return;
    free(days->own);
    free(days);
}

static bool is_holiday(const struct calendar_days *days, int64_t day)
{
    size_t low = 0, high = days->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (days->days[mid] < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low < days->count && days->days[low] == day;
}

/* ---- London ---- */

/* Rounds down, also before 1970. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t day_of(int64_t ms)
{
    return floor_div(ms, DAY_MS);
}

/* Days from 1970-01-01 to the first of March of a year of the Gregorian calendar. Years that begin
 * in March end with the leap day, if there is one. */
static int64_t first_of_march(int64_t year)
{
    return 365 * year + floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400) - 719468;
}

/* The year whose March to February holds the day. */
static int64_t march_year(int64_t day)
{
    int64_t year = floor_div((day + 719468) * 400, 146097); /* this one, or one beside it */

    while (first_of_march(year) > day)
        year--;
    while (first_of_march(year + 1) <= day)
        year++;
    return year;
}

/* Monday 0 to Sunday 6; 1970-01-01 was a Thursday. */
static int weekday(int64_t day)
{
    return (int)(((day + 3) % 7 + 7) % 7);
}

/* The last Sunday that is not after the day. */
static int64_t sunday_until(int64_t day)
{
    return day - (weekday(day) + 1) % 7;
}

/* From 01:00 UTC on the last Sunday of March to 01:00 UTC on that of October, the 244th day from
 * the first of March being the 31st of October. */
int64_t calendar_ahead_ms(int64_t at_ms)
{
    int64_t first = first_of_march(march_year(day_of(at_ms)));
    int64_t begins = sunday_until(first + 30), ends = sunday_until(first + 244);

    return at_ms >= begins * DAY_MS + HOUR_MS && at_ms < ends * DAY_MS + HOUR_MS ? HOUR_MS : 0;
}

/* The day that it is in London. */
static int64_t london_day(int64_t at_ms)
{
    return day_of(at_ms + calendar_ahead_ms(at_ms));
}

/* A time of that day in London, but for the hour that is missing or stands twice: UTC. Clocks
 * change at 01:00 UTC, so midnight goes by what held the hour before, and the rest of a day by what
 * holds at noon. */
static int64_t london_ms(int64_t day, int64_t after_midnight_ms)
{
    int64_t look_ms = day * DAY_MS + (after_midnight_ms == 0 ? -HOUR_MS : 12 * HOUR_MS);

    return day * DAY_MS + after_midnight_ms - calendar_ahead_ms(look_ms);
}

int64_t calendar_ends_ms(const struct calendar_days *days)
{
    int64_t last = days->days[days->count - 1], year = march_year(last);

    /* December is from the 275th day after the first of March to the 305th. A year whose file ends
     * before its Christmas is not known: New Year's Day alone is proclaimed with the year before.
     */
    if (last - first_of_march(year) < 275)
        year--;
    return (first_of_march(year) + 306) * DAY_MS;
}

static bool is_working(const struct calendar_days *days, int64_t day)
{
    return weekday(day) < 5 && !is_holiday(days, day);
}

bool calendar_is_working_day(const struct calendar_days *days, int64_t at_ms)
{
    return is_working(days, london_day(at_ms));
}

int64_t calendar_day_end(int64_t at_ms)
{
    return london_ms(london_day(at_ms) + 1, 0);
}

bool calendar_is_open(const struct calendar_days *days, enum calendar calendar, int64_t at_ms)
{
    int64_t day = london_day(at_ms);

    return calendar == CALENDAR_ALWAYS
        || (is_working(days, day) && at_ms >= london_ms(day, OPENS_MS)
            && at_ms < london_ms(day, CLOSES_MS));
}

/* ---- spans ---- */

/* When that much working time is over. */
static int64_t add_working(const struct calendar_days *days, int64_t from_ms, int64_t left_ms)
{
    for (int64_t day = london_day(from_ms);; day++) {
        if (!is_working(days, day))
            continue;
        int64_t start_ms = london_ms(day, OPENS_MS), end_ms = london_ms(day, CLOSES_MS);
        if (start_ms < from_ms)
            start_ms = from_ms;
        if (start_ms >= end_ms)
            continue;
        if (left_ms <= end_ms - start_ms)
            return start_ms + left_ms;
        left_ms -= end_ms - start_ms;
    }
}

int64_t calendar_part(const struct calendar_days *days, enum calendar calendar, int64_t from_ms,
                      const struct span *span, uint32_t part, uint32_t parts)
{
    int64_t left_ms = span->minutes * INT64_C(60000) * part / parts;

    if (!span->working || calendar == CALENDAR_ALWAYS)
        return from_ms + left_ms;
    return add_working(days, from_ms, left_ms);
}

int64_t calendar_add(const struct calendar_days *days, enum calendar calendar, int64_t from_ms,
                     const struct span *span)
{
    return calendar_part(days, calendar, from_ms, span, 1, 1);
}
