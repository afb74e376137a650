/*
 * reason.h - one sentence for the person who has to mend what was refused.
 *
 * Filled by functions whose failure a person reads: a line of a file, a field of
 * a body, a certificate. Plain English, names the place first, holds no personal
 * data beyond what the caller itself supplied.
 */
#ifndef LIB_REASON_H
#define LIB_REASON_H

#include "lib/limits.h"

struct reason {
    char text[REASON_MAX];
};

/* printf into `reason`, cut at its end; NULL is fine and does nothing. */
void reason_set(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
