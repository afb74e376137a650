/*
 * term.h - how long a result lasts: its length, its first and its last day.
 *
 * A result says it in `durationElement`, or only in its prompts. Reading marks nothing; what was
 * used of `durationElement` is in `nodes`, for who puts it into a body to mark. (Prompts are told
 * as lines in any case.)
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_TERM_H
#define AGENTS_COMMON_PLATFORM_TERM_H

#include <stdint.h>

#include "agents/common_platform/source.h"

struct term {
    unsigned count;
    const char *unit; /* DurationUnit's name; NULL: the result states no length */
    struct node *nodes[2];
};

struct term_day {
    uint32_t ymd; /* 0: none */
    struct node *node;
};

struct term term_of(const struct node *result);
/* The same of the first length in this unit: hours of work, and not the months to do it in. */
struct term term_in(const struct node *result, const char *unit);
/* "LIFE" when the result says so, whatever else it says (a minimum term); else none. */
struct term term_life(const struct node *result);
struct term_day term_start(const struct node *result);
struct term_day term_end(const struct node *result);

/* A new Duration. */
json_t *term_json(const struct term *term);

/* "12 Months", "2 Years, 6 Months", or digits with the unit in the label ("Max number of days").
 * What makes no whole number of one unit is none. */
bool term_parse(const char *value, const char *label, struct term *out);

#endif
