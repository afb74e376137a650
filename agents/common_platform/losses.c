#include "agents/common_platform/losses.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS (2 * IMPORT_LOSSES_MAX)
#define WRAPPER "hearing."

struct losses {
    struct loss *buckets; /* owned, and the texts: an open-addressed table, a hole has no kind */
    struct loss *list;    /* owned: the same in order; NULL until asked for */
    size_t count, unlisted;
};

struct tally tally_of(const struct source *source)
{
    struct tally tally = {.leaves = source_leaf_count(source)};

    for (size_t i = 0; i < tally.leaves; i++) {
        enum fate fate = source_leaf(source, i)->fate;

        tally.carried += fate == FATE_CARRIED;
        tally.said += fate == FATE_SAID;
        tally.left_out += fate == FATE_LEFT_OUT;
    }
    return tally;
}

const char *loss_reason(const struct node *leaf)
{
    return leaf->why ? leaf->why : LOSS_NO_FIELD;
}

const struct node *loss_next(const struct source *source, size_t *at)
{
    while (*at < source_leaf_count(source)) {
        const struct node *leaf = source_leaf(source, (*at)++);

        if (leaf->fate == FATE_LEFT_OUT)
            return leaf;
    }
    return NULL;
}

struct losses *losses_new(void)
{
    OWNED(losses) losses = calloc(1, sizeof *losses);

    if (!losses || !(losses->buckets = calloc(BUCKETS, sizeof *losses->buckets)))
        return NULL;
    return GIVE(losses);
}

void losses_free(struct losses *losses)
{
    if (!losses)
        return;
    for (size_t i = 0; losses->buckets && i < BUCKETS; i++) {
        free((char *)(uintptr_t)losses->buckets[i].kind);
        free((char *)(uintptr_t)losses->buckets[i].why);
    }
    free(losses->buckets);
    free(losses->list);
    free(losses);
}

/* FNV-1a. The table is bounded, so whoever makes its rows collide gains a slow import of his own.
 */
static size_t bucket_of(const char *kind, const char *why)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    const char *const texts[] = {kind, why};

    for (size_t i = 0; i < 2; i++) {
        for (const char *c = texts[i]; *c; c++)
            hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
    }
    return (size_t)(hash % BUCKETS);
}

static enum status add(struct losses *losses, const struct node *leaf)
{
    char path[NODE_PATH_MAX];
    const char *why = loss_reason(leaf), *kind, *dot;
    size_t at;

    node_kind(leaf->why_at ? leaf->why_at : leaf, path);
    kind = strncmp(path, WRAPPER, strlen(WRAPPER)) == 0 ? path + strlen(WRAPPER) : path;
    at = bucket_of(kind, why);
    while (losses->buckets[at].kind
           && (strcmp(losses->buckets[at].kind, kind) != 0
               || strcmp(losses->buckets[at].why, why) != 0))
        at = (at + 1) % BUCKETS;
    if (losses->buckets[at].kind) {
        losses->buckets[at].count++;
        return ST_OK;
    }
    if (losses->count == IMPORT_LOSSES_MAX) {
        losses->unlisted++;
        return ST_OK;
    }

    char *kind_copy = strdup(kind), *why_copy = strdup(why);
    if (!kind_copy || !why_copy) {
        free(kind_copy);
        free(why_copy);
        return ST_NOMEM;
    }
    dot = strrchr(kind_copy, '.');
    losses->buckets[at] =
        (struct loss){kind_copy, why_copy, dot ? (size_t)(dot - kind_copy) : 0, 1};
    losses->count++;
    return ST_OK;
}

enum status losses_add(struct losses *losses, const struct source *source)
{
    enum status status = ST_OK;
    const struct node *leaf;
    size_t at = 0;

    free(losses->list);
    losses->list = NULL;
    while (status == ST_OK && (leaf = loss_next(source, &at)))
        status = add(losses, leaf);
    return status;
}

static int compare(const void *a, const void *b)
{
    const struct loss *x = a, *y = b;
    size_t less = x->parent_size < y->parent_size ? x->parent_size : y->parent_size;
    int c = strncmp(x->kind, y->kind, less);

    if (c == 0 && x->parent_size != y->parent_size)
        return x->parent_size < y->parent_size ? -1 : 1;
    c = c ? c : strcmp(x->kind, y->kind);
    return c ? c : strcmp(x->why, y->why);
}

size_t losses_count(struct losses *losses)
{
    size_t count = 0;

    if (!losses->list && (losses->list = calloc(losses->count + 1, sizeof *losses->list))) {
        for (size_t i = 0; i < BUCKETS; i++) {
            if (losses->buckets[i].kind)
                losses->list[count++] = losses->buckets[i];
        }
        qsort(losses->list, count, sizeof *losses->list, compare);
    }
    return losses->list ? losses->count : 0;
}

struct loss losses_at(const struct losses *losses, size_t index)
{
    return losses->list[index];
}

size_t losses_unlisted(const struct losses *losses)
{
    return losses->unlisted;
}
