#include "agreements/span.h"

#include <stdio.h>
#include <string.h>

/* Of each kind of time the largest first, as span_print takes them. */
static const struct unit {
    const char *name;
    uint32_t minutes;
    bool working;
} units[] = {
    {"d", 1440, false}, {"h", 60, false}, {"m", 1, false}, {"wd", WORKING_DAY_MINUTES, true},
    {"wh", 60, true},
};

#define UNITS (sizeof units / sizeof *units)

bool span_parse(const char *text, struct span *out)
{
    uint32_t value = 0;
    const char *c = text;

    for (; *c >= '0' && *c <= '9'; c++) {
        if (c == text && *c == '0')
            return false;
        value = value * 10 + (uint32_t)(*c - '0');
        if (value > SPAN_MINUTES_MAX)
            return false;
    }
    if (c == text)
        return false;
    for (size_t i = 0; i < UNITS; i++)
        if (strcmp(units[i].name, c) == 0) {
            if (value > SPAN_MINUTES_MAX / units[i].minutes)
                return false;
            *out = (struct span){value * units[i].minutes, units[i].working};
            return true;
        }
    return false;
}

bool span_print(const struct span *span, char out[static SPAN_TEXT_SIZE])
{
    if (span->minutes == 0 || span->minutes > SPAN_MINUTES_MAX)
        return false;
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].working == span->working && span->minutes % units[i].minutes == 0) {
            (void)snprintf(out, SPAN_TEXT_SIZE, "%u%s", span->minutes / units[i].minutes,
                           units[i].name);
            return true;
        }
    return false;
}
