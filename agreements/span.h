/*
 * span.h - a length of time as an agreement writes it: `15m', `4h', `2d'; `4wh', `2wd'.
 *
 * Minutes, hours and days as they run, or hours and days of the recipient's working calendar. A
 * working day has 450 minutes, 09:00 to 16:30. Source: docs/agreements.md, clocks.
 */
#ifndef AGREEMENTS_SPAN_H
#define AGREEMENTS_SPAN_H

#include <stdbool.h>

#include "agreements/agreement.h"

#define WORKING_DAY_MINUTES 450
#define SPAN_MINUTES_MAX (366 * 1440) /* a year, also of working time */
#define SPAN_TEXT_SIZE 16             /* bytes with the NUL: "527040m" */

/* A number from 1 without leading zeros, then its unit; at most SPAN_MINUTES_MAX. False leaves
 * `out` alone. */
bool span_parse(const char *text, struct span *out);
/* In the largest unit that gives a whole number: 1440 minutes are "1d". False when no text gives
 * that span: none at all, too long, or working time that is neither whole hours nor whole days. */
bool span_print(const struct span *span, char out[static SPAN_TEXT_SIZE]);

#endif
