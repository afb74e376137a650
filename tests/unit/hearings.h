/*
 * hearings.h - hearing messages of any size and number, of people who do not exist.
 */
#ifndef TESTS_UNIT_HEARINGS_H
#define TESTS_UNIT_HEARINGS_H

#include <stddef.h>

struct hearing_plan {
    unsigned number;     /* distinct numbers are distinct hearings, cases and people */
    unsigned defendants; /* at least 1 */
    size_t size;         /* bytes of the text, at least; offences fill it up */
};

/* A bare hearing at B35CZ00, listed and not resulted; free() it. */
char *hearing_make(const struct hearing_plan *plan, size_t *size);
/* A file's text, NUL-terminated; NULL when it cannot be read. free() it. */
char *hearing_load(const char *path, size_t *size);

#endif
