/*
 * node.h - one value of a hearing message, where it stands, and what becomes of it.
 *
 * Nodes belong to a source (source.h), which makes them and changes their fates.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_NODE_H
#define AGENTS_COMMON_PLATFORM_NODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/limits.h"

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

/* The field `key` of an object; NULL when there is none, or `parent` is no object or NULL. */
struct node *node_get(const struct node *parent, const char *key);
/* The same through several, "personDefendant.personDetails". */
struct node *node_find(const struct node *parent, const char *path);
/* The first item of a list and, after it, node->next; NULL for anything else. */
struct node *node_items(const struct node *list);
bool node_is_object(const struct node *node);
/* A text that is not blank; NULL for anything else. */
const char *node_text(const struct node *node);
/* A flag decides what becomes of all around it, so one that is neither true nor false is no answer.
 * What is absent or null is not set. */
enum flag {
    FLAG_FAULTY = 0,
    FLAG_CLEAR,
    FLAG_SET
};
enum flag node_flag(const struct node *parent, const char *key);
bool node_is_leaf(const struct node *node);

#define NODE_PATH_MAX 256 /* bytes with the NUL; longer paths are cut */
/* "prosecutionCases[0].defendants[1].pncId". A key that is no plain word could name a person, so it
 * is told by its place, "{3}". */
void node_path(const struct node *node, char out[static NODE_PATH_MAX]);
/* The same for all of a kind: "prosecutionCases[*].defendants[*].pncId". */
void node_kind(const struct node *node, char out[static NODE_PATH_MAX]);

#endif
