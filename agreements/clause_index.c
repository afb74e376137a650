#include "agreements/clause_index.h"

#include <assert.h>
#include <string.h>

static_assert(CLAUSES_MAX < UINT16_MAX, "a place fits a slot");

/* FNV-1a, with the NUL, so that neighbouring texts do not run together. */
static uint64_t mix(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    while (*text++);
    return hash;
}

#define HASH_START 0xcbf29ce484222325u

static size_t slot_of(uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) % CLAUSE_SLOTS;
}

static size_t slot_of_id(const struct clause *c)
{
    return slot_of(mix(HASH_START, c->id));
}

static size_t slot_of_flow(const struct clause *c)
{
    uint64_t hash = mix(HASH_START, c->type->name);

    hash = mix(mix(hash, c->from), c->to);
    hash = mix(mix(hash, c->purpose), c->gateway);
    return slot_of(mix(hash, c->only_in_reply ? "reply" : ""));
}

static bool has_same_id(const struct clause *a, const struct clause *b)
{
    return strcmp(a->id, b->id) == 0;
}

static bool has_same_flow(const struct clause *a, const struct clause *b)
{
    return a->type == b->type && strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) == 0
        && strcmp(a->purpose, b->purpose) == 0 && strcmp(a->gateway, b->gateway) == 0
        && a->only_in_reply == b->only_in_reply;
}

const struct clause *clause_index_id(struct clause_index *index, const struct clause clauses[],
                                     const struct clause *like)
{
    for (size_t i = slot_of_id(like); index->by_id[i]; i = (i + 1) % CLAUSE_SLOTS) {
        const struct clause *c = &clauses[index->by_id[i] - 1];

        index->compared++;
        if (has_same_id(c, like))
            return c;
    }
    return NULL;
}

const struct clause *clause_index_flow(struct clause_index *index, const struct clause clauses[],
                                       const struct clause *like)
{
    for (size_t i = slot_of_flow(like); index->by_flow[i]; i = (i + 1) % CLAUSE_SLOTS) {
        const struct clause *c = &clauses[index->by_flow[i] - 1];

        index->compared++;
        if (has_same_flow(c, like))
            return c;
    }
    return NULL;
}

static void put(uint16_t slots[static CLAUSE_SLOTS], size_t slot, size_t place)
{
    while (slots[slot])
        slot = (slot + 1) % CLAUSE_SLOTS;
    slots[slot] = (uint16_t)(place + 1);
}

void clause_index_add(struct clause_index *index, const struct clause clauses[], size_t place)
{
    assert(place < CLAUSES_MAX);

    put(index->by_id, slot_of_id(&clauses[place]), place);
    put(index->by_flow, slot_of_flow(&clauses[place]), place);
}
