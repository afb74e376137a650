/*
 * matter.h - one defendant in one prosecution case at one hearing: its messages, as bodies.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_MATTER_H
#define AGENTS_COMMON_PLATFORM_MATTER_H

#include <stdint.h>

#include "agents/common_platform/result.h"
#include "agents/common_platform/source.h"

struct matter { /* all borrowed */
    struct source *source;
    const struct node *hearing, *accusation;
    struct node *defendant;
    const char *court; /* its code */
    uint32_t today;    /* 20260701: dates identifiers with a year of two digits, and births */
    bool resulted;     /* there are results, or the court has shared them */
};

/* Where something is missing without which nothing can be said about the defendant, below it; NULL:
 * nothing is. */
const char *matter_lacks(const struct matter *matter);
/* A new court.hearing.notice. */
json_t *matter_notice(const struct matter *matter);
/* A new court.sentence.result; there is a sentence. */
json_t *matter_sentence(const struct matter *matter, const struct results *results);

#endif
