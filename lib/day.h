/*
 * day.h - calendar days, as agreements and records give them.
 *
 * The proleptic Gregorian calendar, years 1000 to 9999; a day starts at midnight UTC.
 */
#ifndef LIB_DAY_H
#define LIB_DAY_H

#include <stdbool.h>
#include <stdint.h>

#define DAY_TEXT_SIZE 11 /* bytes with the NUL: "2026-06-30" */
#define DAY_MS 86400000  /* milliseconds in a day */

/* Is `ymd`, written 20260630, a day of the calendar? */
bool day_is_real(uint32_t ymd);
/* Exactly YYYY-MM-DD, a real day: its midnight in milliseconds since 1970. */
bool day_parse(const char *text, int64_t *start_ms);
/* The day that holds `at_ms`; "----------" outside the years above. */
void day_print(int64_t at_ms, char out[static DAY_TEXT_SIZE]);
/* The year, four digits, that holds `at_ms`; 0 outside the years above. */
int day_year(int64_t at_ms);

#endif
