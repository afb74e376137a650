#include "agents/cli/when.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agreements/calendar.h"
#include "lib/day.h"

#define SECONDS_MOST INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Exactly `count` digits at *text, stepping over them. */
static bool take_digits(const char **text, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*text)[i]))
            return false;
        *value = *value * 10 + ((*text)[i] - '0');
    }
    *text += count;
    return true;
}

static bool take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

/* "", "Z", "+01:00" or "-0530", to the end of the text. */
static bool take_zone(const char *text, int *offset_minutes)
{
    int sign = 1, hours, minutes;

    *offset_minutes = 0;
    if (*text == '\0' || strcmp(text, "Z") == 0)
        return true;
    if (take_char(&text, '-'))
        sign = -1;
    else if (!take_char(&text, '+'))
        return false;
    if (!take_digits(&text, 2, &hours))
        return false;
    (void)take_char(&text, ':');
    if (!take_digits(&text, 2, &minutes) || *text != '\0' || hours > 14 || minutes > 59)
        return false;
    *offset_minutes = sign * (60 * hours + minutes);
    return true;
}

static bool parse_epoch(const char *text, int64_t *ms)
{
    char *end;
    long long seconds;

    for (const char *c = text; *c; c++) {
        if (!isdigit((unsigned char)*c))
            return false;
    }
    if (strlen(text) < 9 || strlen(text) > 12) /* shorter is a year or a slip, not a time */
        return false;
    seconds = strtoll(text, &end, 10);
    if (*end != '\0' || seconds > SECONDS_MOST)
        return false;
    *ms = (int64_t)seconds * 1000;
    return true;
}

bool when_parse(const char *text, int64_t *ms)
{
    char day[DAY_TEXT_SIZE] = "";
    int hour = 0, minute = 0, second = 0, zone = 0;
    int64_t midnight_ms, at_ms;

    if (parse_epoch(text, ms))
        return true;
    if (strlen(text) < sizeof day - 1)
        return false;
    memcpy(day, text, sizeof day - 1);
    text += sizeof day - 1;
    if (!day_parse(day, &midnight_ms)) /* which knows that June has 30 days */
        return false;
    if (*text == 'T' || *text == ' ') {
        text++;
        if (!take_digits(&text, 2, &hour) || !take_char(&text, ':')
            || !take_digits(&text, 2, &minute))
            return false;
        if (take_char(&text, ':') && !take_digits(&text, 2, &second))
            return false;
        if (!take_zone(text, &zone))
            return false;
    } else if (*text != '\0') {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;

    at_ms = midnight_ms + 1000 * (3600 * (int64_t)hour + 60 * (int64_t)(minute - zone) + second);
    if (at_ms <= 0)
        return false;
    *ms = at_ms;
    return true;
}

void when_print(int64_t ms, char out[static WHEN_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    out[0] = '\0';
    if (ms <= 0 || !gmtime_r(&seconds, &tm))
        return;
    (void)strftime(out, WHEN_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void when_print_span(int64_t ms, char out[static SPAN_SIZE])
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {
        {"d", INT64_C(86400000)}, {"h", INT64_C(3600000)}, {"min", INT64_C(60000)}, {"s", 1000}};
    size_t i = 0;
    int64_t large, small;

    while (i < sizeof units / sizeof *units - 1 && ms < units[i].ms)
        i++;
    large = ms > 0 ? ms / units[i].ms : 0;
    small = i < sizeof units / sizeof *units - 1 ? ms % units[i].ms / units[i + 1].ms : 0;
    if (small > 0)
        (void)snprintf(out, SPAN_SIZE, "%lld %s %lld %s", (long long)large, units[i].name,
                       (long long)small, units[i + 1].name);
    else
        (void)snprintf(out, SPAN_SIZE, "%lld %s", (long long)large, units[i].name);
}

void when_print_local(int64_t ms, char out[static WHEN_SIZE])
{
    int64_t ahead_ms = ms > 0 ? calendar_ahead_ms(ms) : 0;
    time_t seconds = (time_t)((ms + ahead_ms) / 1000);
    struct tm tm;

    out[0] = '\0';
    if (ms <= 0 || !gmtime_r(&seconds, &tm))
        return;
    (void)strftime(out, WHEN_SIZE, ahead_ms ? "%a %d %b %Y %H:%M BST" : "%a %d %b %Y %H:%M GMT",
                   &tm);
}

void when_print_away(int64_t due_ms, int64_t now_ms, char out[static AWAY_SIZE])
{
    char span[SPAN_SIZE];
    bool overdue = due_ms < now_ms;

    when_print_span(overdue ? now_ms - due_ms : due_ms - now_ms, span);
    (void)snprintf(out, AWAY_SIZE, "%s %s", overdue ? "overdue by" : "in", span);
}
