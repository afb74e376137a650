/*
 * holidays.h - the bank holidays that the broker's clocks go by: read from the file of the
 * settings, or those built in; given to the exchange; and watched, since nobody knows them for
 * ever.
 *
 * Threads: main.
 */
#ifndef BROKER_HOLIDAYS_H
#define BROKER_HOLIDAYS_H

#include "agreements/calendar.h"
#include "lib/pipe.h"

struct holidays {
    const char *path;    /* borrowed; empty: those built in */
    int64_t ends_ms;     /* calendar_ends_ms */
    struct pipe *writer; /* owned; NULL: no thread runs yet */
};

/* For the caller to own; NULL with ST_OK: those built in. Answers as calendar_load. */
enum status holidays_read(struct holidays *holidays, struct calendar_days **out,
                          struct reason *why);
/* Reads them again and gives them to the writer, or keeps the old ones; logs which. */
void holidays_reload(struct holidays *holidays);
/* Sets the gauge, and logs from 180 days before they end. */
void holidays_watch(const struct holidays *holidays, int64_t wall_ms);

#endif
