/*
 * day.h - days of the calendar as YYYYMMDD, as bodies write them.
 *
 * All in UTC: an agency's own system would use its own zone and its own list of bank holidays.
 */
#ifndef AGENTS_ROLES_DAY_H
#define AGENTS_ROLES_DAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

int64_t day_now_ms(void);               /* milliseconds since 1970, UTC */
uint32_t day_of(int64_t ms);            /* the day that holds this moment */
int64_t day_at(uint32_t day, int hour); /* that hour of the day, as milliseconds */
uint32_t day_after(uint32_t day, int days);
uint32_t day_months_before(uint32_t day, int months); /* the 31st becomes the 1st after it */
/* The next day that is neither Saturday, Sunday nor in the list `closed` (NULL: none). */
uint32_t day_next_working(uint32_t day, const json_t *closed);
/* "2026-11-24T10:00Z", "...:00Z" or seconds since 1970. False: neither. */
bool day_parse_time(const char *text, int64_t *ms);

#endif
