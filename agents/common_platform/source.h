/*
 * source.h - one hearing message as it came in, and what becomes of each of its values.
 *
 *     text --> source_read --> nodes --> hearing.c takes what the bodies carry --> the rest is told
 *
 * A body has fewer fields than the court's message. So that nothing is dropped in silence, every
 * value of the input, a `leaf`, has a fate: carried into a message, said by it in other words, or
 * left out for a reason. Left out is what it is until somebody takes it. What one message takes is
 * kept back until that message stands (source_settle) or falls (source_forget).
 *
 * A leaf is a text, a number, true, false or null, or an object or list with nothing inside.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_SOURCE_H
#define AGENTS_COMMON_PLATFORM_SOURCE_H

#include "agents/common_platform/node.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"

struct source;

/* Reads a message. `why` says line and column, and never repeats what stands there.
 *   ST_INVALID  not JSON, not UTF-8, or HEARING_TWICE_MAX fields stand twice in one object
 *   ST_LIMIT    HEARING_MAX, HEARING_VALUES_MAX, HEARING_DEPTH_MAX
 *   ST_NOMEM */
enum status source_read(const char *text, size_t size, struct source **out, struct reason *why);
void source_free(struct source *source); /* NULL is fine */
OWN(source)

struct node *source_top(const struct source *source);

/* ---- telling ---- */

/* `node` may be NULL: then nothing. Of several fates for one leaf the best counts. */
void source_carry(struct source *source, struct node *node);
void source_say(struct source *source, struct node *node);
/* Why it is left out; copied, unless memory is out: then it has no reason. */
void source_leave(struct source *source, struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same at once for every leaf below that has no other fate and no reason; `why` is static. */
void source_leave_below(struct node *node, const char *why);

void source_settle(struct source *source); /* the message stands */
void source_forget(struct source *source); /* it falls */

/* ---- looking back ---- */

size_t source_leaf_count(const struct source *source);
/* In the input's order. */
const struct node *source_leaf(const struct source *source, size_t index);

#endif
