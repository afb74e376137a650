#include "broker/messages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024 /* messages; the index has twice as many places */

struct messages {
    struct message *pool; /* owned; place 0 is never used, so that 0 can mean none */
    uint32_t *index;      /* owned; linear probing; 0 = empty */
    uint32_t *next_free;  /* owned; by place */
    uint32_t room;        /* a power of two; the index has 2 * room places */
    uint32_t fresh;       /* places from here on were never used */
    uint32_t free;        /* first free place */
    size_t count;
    uint64_t seed;
};

/* 64 x 64 -> 128 bits, folded: one bit of input changes half of the output. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t home_of(const struct messages *messages, const struct id *id)
{
    uint64_t half[2];

    memcpy(half, id->bytes, sizeof half);
    return (uint32_t)mix(half[0] ^ messages->seed,
                         half[1] ^ (messages->seed * UINT64_C(0x9e3779b97f4a7c15)))
         & (2 * messages->room - 1);
}

static void index_put(struct messages *messages, uint32_t place)
{
    uint32_t mask = 2 * messages->room - 1;
    uint32_t at = home_of(messages, &messages->pool[place].id);

    while (messages->index[at] != 0)
        at = (at + 1) & mask;
    messages->index[at] = place;
}

static void index_remove(struct messages *messages, uint32_t place)
{
    uint32_t mask = 2 * messages->room - 1;
    uint32_t gap = home_of(messages, &messages->pool[place].id);

    while (messages->index[gap] != place)
        gap = (gap + 1) & mask;
    /* Close the gap with later ones of the run, so that no tombstones gather. */
    for (uint32_t at = (gap + 1) & mask; messages->index[at] != 0; at = (at + 1) & mask) {
        uint32_t home = home_of(messages, &messages->pool[messages->index[at]].id);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            messages->index[gap] = messages->index[at];
            gap = at;
        }
    }
    messages->index[gap] = 0;
}

struct messages *messages_new(uint64_t seed)
{
    OWNED(messages) messages = calloc(1, sizeof *messages);

    if (!messages)
        return NULL;
    messages->seed = seed;
    messages->room = ROOM_FIRST;
    messages->fresh = 1;
    messages->pool = calloc(messages->room, sizeof *messages->pool);
    messages->next_free = calloc(messages->room, sizeof *messages->next_free);
    messages->index = calloc(2 * (size_t)messages->room, sizeof *messages->index);
    if (!messages->pool || !messages->next_free || !messages->index)
        return NULL;
    return GIVE(messages);
}

void messages_free(struct messages *messages)
{
    if (!messages)
        return;
    free(messages->pool);
    free(messages->next_free);
    free(messages->index);
    free(messages);
}

struct message *messages_find(struct messages *messages, uint32_t sender, const struct id *id)
{
    uint32_t mask = 2 * messages->room - 1;

    for (uint32_t at = home_of(messages, id); messages->index[at] != 0; at = (at + 1) & mask) {
        struct message *message = &messages->pool[messages->index[at]];
        if (message->sender == sender && id_equal(&message->id, id))
            return message;
    }
    return NULL;
}

struct message *messages_find_received(struct messages *messages, uint32_t recipient,
                                       const struct id *id, const struct digest *header_digest)
{
    uint32_t mask = 2 * messages->room - 1;

    for (uint32_t at = home_of(messages, id); messages->index[at] != 0; at = (at + 1) & mask) {
        struct message *message = &messages->pool[messages->index[at]];
        if (message->recipient == recipient && !message->refused && id_equal(&message->id, id)
            && digest_equal(&message->header_digest, header_digest))
            return message;
    }
    return NULL;
}

enum status messages_reserve(struct messages *messages)
{
    if (messages->free != 0 || messages->fresh < messages->room)
        return ST_OK;
    if (messages->room > UINT32_MAX / 4)
        return ST_NOMEM;

    size_t room = 2 * (size_t)messages->room;
    struct message *pool = reallocarray(messages->pool, room, sizeof *pool);
    if (!pool)
        return ST_NOMEM;
    messages->pool = pool;
    uint32_t *next_free = reallocarray(messages->next_free, room, sizeof *next_free);
    if (!next_free)
        return ST_NOMEM;
    messages->next_free = next_free;
    uint32_t *index = calloc(2 * room, sizeof *index);
    if (!index)
        return ST_NOMEM;
    free(messages->index);
    messages->index = index;
    messages->room = (uint32_t)room;
    for (uint32_t place = 1; place < messages->fresh; place++)
        index_put(messages, place); /* none is free, or we would not be here */
    return ST_OK;
}

uint32_t messages_add(struct messages *messages, const struct message *message)
{
    uint32_t place = messages->free;

    assert(place != 0 || messages->fresh < messages->room);

    if (place)
        messages->free = messages->next_free[place];
    else
        place = messages->fresh++;
    messages->pool[place] = *message;
    messages->pool[place].used = true;
    index_put(messages, place);
    messages->count++;
    return place;
}

struct message *messages_at(struct messages *messages, uint32_t place)
{
    return &messages->pool[place];
}

uint32_t messages_place(const struct messages *messages, const struct message *message)
{
    return (uint32_t)(message - messages->pool);
}

void messages_expire(struct messages *messages, uint32_t place, uint64_t sequence)
{
    struct message *message = &messages->pool[place];

    /* Several events may have named the place; the last one's checkpoint frees it. It may have been
     * used again since, and is then younger. */
    if (!message->used || message->touched > sequence)
        return;
    index_remove(messages, place);
    message->used = false;
    messages->next_free[place] = messages->free;
    messages->free = place;
    messages->count--;
}

size_t messages_count(const struct messages *messages)
{
    return messages->count;
}
