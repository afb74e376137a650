/*
 * when.h - points in time as people write and read them.
 *
 * Written: ISO 8601 with or without seconds and zone ("2026-11-27", "2026-11-27T10:00",
 * "2026-11-27T10:00:00+01:00"; no zone means UTC, no time means its first second), or whole seconds
 * since 1970 ("1795773600"). Read: "2026-11-27T10:00:00Z". In memory: milliseconds since 1970, UTC.
 */
#ifndef AGENTS_CLI_WHEN_H
#define AGENTS_CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define WHEN_SIZE 32 /* bytes with the NUL */
#define SPAN_SIZE 64 /* the same of a span */
#define AWAY_SIZE (SPAN_SIZE + 16)

/* False for anything else, and for days the calendar does not have. */
bool when_parse(const char *text, int64_t *ms);
/* "" for 0, which stands for "never said". */
void when_print(int64_t ms, char out[static WHEN_SIZE]);
/* How long something takes, in its two largest units: "3 d 4 h", "2 h 10 min", "40 s"; what is less
 * is left out. "0 s" for less than a second. */
void when_print_span(int64_t ms, char out[static SPAN_SIZE]);
/* As a desk in England or Wales reads it off the wall: "Fri 27 Nov 2026 16:30 GMT", "... BST". ""
 * for 0. */
void when_print_local(int64_t ms, char out[static WHEN_SIZE]);
/* How far `due_ms` is from `now_ms`: "in 2 h 10 min", "overdue by 3 d". */
void when_print_away(int64_t due_ms, int64_t now_ms, char out[static AWAY_SIZE]);

#endif
