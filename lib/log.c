#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

#define LINE_MAX_SIZE 1024 /* bytes; longer lines are cut */

static const char *program_name = "concordat";
static enum log_level least_level = LOG_INFO;

void log_start(const char *program, enum log_level least)
{
    program_name = program;
    least_level = least;
}

static void put_line(enum log_level level, const char *event, const char *format, va_list args)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char line[LINE_MAX_SIZE];
    int64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    size_t at;

    (void)gmtime_r(&seconds, &tm);
    at = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &tm);
    at += (size_t)snprintf(line + at, sizeof line - at, ".%03dZ %s level=%s event=%s ",
                           (int)(now_ms % 1000), program_name, levels[level], event);
    int wrote = vsnprintf(line + at, sizeof line - at - 1, format, args);
    if (wrote > 0)
        at += (size_t)wrote < sizeof line - at - 1 ? (size_t)wrote : sizeof line - at - 2;
    for (size_t i = 0; i < at; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[at++] = '\n';
    (void)!write(STDERR_FILENO, line, at);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    va_list args;

    if (level < least_level)
        return;
    va_start(args, format);
    put_line(level, event, format, args);
    va_end(args);
}

void log_limited(struct log_limit *limit, int64_t now_ms, enum log_level level, const char *event,
                 const char *format, ...)
{
    va_list args;

    if (level < least_level)
        return;
    if (now_ms - limit->since_ms >= limit->period_ms) {
        if (limit->left_out > 0)
            log_event(level, "lines_left_out", "of=%s count=%u", event, limit->left_out);
        limit->since_ms = now_ms;
        limit->used = limit->left_out = 0;
    }
    if (limit->used == limit->burst) {
        limit->left_out++;
        return;
    }
    limit->used++;
    va_start(args, format);
    put_line(level, event, format, args);
    va_end(args);
}
