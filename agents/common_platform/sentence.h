/*
 * sentence.h - the sentence of a court.sentence.result: its length and end, what it requires, and
 * the ancillary orders beside it.
 *
 * What is of another order, or of no order that the results tell, stays out of it; all of it is
 * told as lines (result.h).
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_SENTENCE_H
#define AGENTS_COMMON_PLATFORM_SENTENCE_H

#include "agents/common_platform/result.h"

/* A new Sentence; results->sentence is set. `court_ou` is the sentencing court. */
json_t *sentence_of(struct source *source, const struct results *results, const char *court_ou);

#endif
