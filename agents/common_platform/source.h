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

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/limits.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"

enum fate {
    FATE_LEFT_OUT = 0, /* `why`, or NULL: no body has a field for it */
    FATE_SAID,         /* what a message says in other words, or nothing that could be said */
    FATE_CARRIED
};

struct node {
    const json_t *value; /* borrowed from the source, as all here */
    const char *key;     /* in an object, not terminated; NULL in a list and at the top */
    size_t key_size;     /* bytes */
    size_t index;        /* its place in the parent */
    struct node *parent, *next, *first;
    bool shadowed; /* the same field stands again further on, and that one counts */
    enum fate fate;
    const char *why;           /* of a leaf left out: static, or the source's */
    const struct node *why_at; /* it is the reason of all below this one; NULL: of the leaf alone */

    bool taken; /* by the message in the making: */
    enum fate next_fate;
    const char *next_why;
    struct node *next_taken;
};

struct source;

/* Reads a message. `why` says line and column, and never repeats what stands there.
 *   ST_INVALID  not JSON, not UTF-8, or fields twice in one object more than HEARING_TWICE_MAX
 * times ST_LIMIT    HEARING_MAX, HEARING_VALUES_MAX, HEARING_DEPTH_MAX ST_NOMEM */
enum status source_read(const char *text, size_t size, struct source **out, struct reason *why);
void source_free(struct source *source); /* NULL is fine */
OWN(source)

/* ---- finding ---- */

struct node *source_top(const struct source *source);
/* The field `key` of an object; NULL when there is none, or `parent` is no object or NULL. */
struct node *node_get(const struct node *parent, const char *key);
/* The same through several, "personDefendant.personDetails". */
struct node *node_find(const struct node *parent, const char *path);
/* The first item of a list and, after it, node->next; NULL for anything else. */
struct node *node_items(const struct node *list);
bool node_is_object(const struct node *node);
/* A text that is not blank; NULL for anything else. */
const char *node_text(const struct node *node);
bool node_is_leaf(const struct node *node);

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

#define NODE_PATH_MAX 256 /* bytes with the NUL; longer paths are cut */
/* "prosecutionCases[0].defendants[1].pncId". A key that is no plain word could name a person, so it
 * is told by its place, "{3}". */
void node_path(const struct node *node, char out[static NODE_PATH_MAX]);
/* The same for all of a kind: "prosecutionCases[*].defendants[*].pncId". */
void node_kind(const struct node *node, char out[static NODE_PATH_MAX]);

#endif
