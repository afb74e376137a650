/*
 * warning.h - what an import leaves out that changes how the rest should be read.
 *
 * That an offence has been discontinued, or that its reporting is restricted, has no field in the
 * bodies. Among a hundred values not carried, who imports would overlook it.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_WARNING_H
#define AGENTS_COMMON_PLATFORM_WARNING_H

#include "agents/common_platform/source.h"

struct warning {
    const struct node *node; /* borrowed from the source */
    const char *text;        /* static */
};

/* All below `top`, in the input's order. `out` is to be freed; NULL when there are none. ST_NOMEM
 */
enum status warnings_find(const struct node *top, struct warning **out, size_t *count);

#endif
