/*
 * calendar.h - working time: when a desk is open, and when a span that starts now is over.
 *
 *     bank-holidays-england-and-wales.txt --calendar_load--> struct calendar_days --> calendar_add
 *
 * CALENDAR_ENGLAND_AND_WALES is Monday to Friday but bank holidays, 09:00 to 16:30 in London
 * (Europe/London: GMT, and BST from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last
 * Sunday of October; Summer Time Act 1972 s.1, SI 2002/262). CALENDAR_ALWAYS is day and night.
 * A working day (`2wd') is 450 minutes of working time. Plain spans run in any calendar.
 * Times are UTC milliseconds since 1970.
 *
 * Immutable once loaded; threads may share it.
 * Source: Banking and Financial Dealings Act 1971 s.1 and Sch.1; docs/clocks.md.
 */
#ifndef AGREEMENTS_CALENDAR_H
#define AGREEMENTS_CALENDAR_H

#include "agreements/span.h"
#include "lib/reason.h"
#include "lib/status.h"

struct calendar_days;

#define HOLIDAYS_FILE_MAX (64 * 1024) /* bytes: 150 years of them */
#define HOLIDAYS_WARN_DAYS 180        /* before the first year that has none: time to add one */

/* The days compiled in, from agreements/bank-holidays-england-and-wales.txt; never freed. */
const struct calendar_days *calendar_built_in(void);
/* The same from a file: a line a day, `YYYY-MM-DD  name', `#' comments, ascending.
 *   ST_INVALID  a line is none, or there is none; `why' has file and line
 *   ST_NOMEM, ST_IO */
enum status calendar_load(const char *path, struct calendar_days **out, struct reason *why);
void calendar_free(struct calendar_days *days); /* NULL is fine */
/* The first day (UTC midnight) after the last year whose holidays are known, which is one with a
 * holiday in December: beyond it working time may count bank holidays as working days. Warn from
 * 180 days before. */
int64_t calendar_ends_ms(const struct calendar_days *days);

/* Is a desk with that calendar open? */
bool calendar_is_open(const struct calendar_days *days, enum calendar calendar, int64_t at_ms);
/* When the span that starts at `from_ms` is over. A working span that starts while the desk is
 * closed starts when it opens; one that ends exactly at the close ends there. */
int64_t calendar_add(const struct calendar_days *days, enum calendar calendar, int64_t from_ms,
                     const struct span *span);
/* The moment at which `part` of `parts` of the span are over (its warning). Cost grows with the
 * days it spans: a microsecond for a week. */
int64_t calendar_part(const struct calendar_days *days, enum calendar calendar, int64_t from_ms,
                      const struct span *span, uint32_t part, uint32_t parts);
/* What London is ahead of UTC then: an hour, or nothing. */
int64_t calendar_ahead_ms(int64_t at_ms);
/* Midnight in London that ends the day of `at_ms`, and whether that day is a working day. */
int64_t calendar_day_end(int64_t at_ms);
bool calendar_is_working_day(const struct calendar_days *days, int64_t at_ms);

#endif
