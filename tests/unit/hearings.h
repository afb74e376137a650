/*
 * hearings.h - hearing messages of any size and number, of people who do not exist.
 */
#ifndef TESTS_UNIT_HEARINGS_H
#define TESTS_UNIT_HEARINGS_H

#include <stdbool.h>
#include <stddef.h>

struct hearing_plan {
    unsigned number;     /* distinct numbers are distinct hearings, cases and people */
    unsigned defendants; /* at least 1 */
    size_t size;         /* bytes of the text, at least; offences fill it up */
    bool sentenced;      /* each defendant, for the first offence */
};

/* A bare hearing at B35CZ00, listed or with its results; free() it. */
char *hearing_make(const struct hearing_plan *plan, size_t *size);
/* A file's text, NUL-terminated; NULL when it cannot be read. free() it. */
char *hearing_load(const char *path, size_t *size);

#endif
