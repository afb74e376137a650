/*
 * problems.h - what is wrong with a body, each with the path of the field.
 *
 *     size_t mark = path_field(&path, "value");      "defendant.identifiers[0].value"
 *     problem_add(problems, &path, "is missing");
 *     path_back(&path, mark);
 */
#ifndef AGENTS_PROBLEMS_H
#define AGENTS_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "agents/body.h"

/* A place in a body; cut at its end, never overrun. */
struct path {
    char text[sizeof((struct problem *)0)->where];
    size_t size; /* bytes before the NUL */
};

/* Goes into a field, or to one item of a list; gives what path_back() needs. */
size_t path_field(struct path *path, const char *name);
size_t path_item(struct path *path, size_t index);
void path_back(struct path *path, size_t mark);

/* Counts always, keeps the first PROBLEMS_MAX. */
void problem_add(struct problems *problems, const struct path *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Has something at this very place been told already? True as well when it may have been dropped.
 */
bool problem_is_told(const struct problems *problems, const struct path *path);

#endif
