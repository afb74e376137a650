/*
 * offence.h - the offences of a defendant as those of our bodies.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_OFFENCE_H
#define AGENTS_COMMON_PLATFORM_OFFENCE_H

#include "agents/common_platform/source.h"

/* A new list; NULL when the defendant has no offence. */
json_t *offences_of(struct source *source, struct node *defendant);

#endif
