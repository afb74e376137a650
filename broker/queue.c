#include "broker/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/decide.h"

#define ROOM_FIRST 1024 /* items; the index has twice as many places */

struct queues {
    struct item *items; /* owned; place 0 is never used, so that 0 can mean none */
    uint32_t *index;    /* owned; open addressing by sequence, linear probing; 0 = empty */
    uint32_t room;      /* items, a power of two; the index has 2 * room places */
    uint32_t fresh;     /* places from here on were never used */
    uint32_t free;      /* first of a list by `next` */
    size_t count;
    uint64_t walked; /* items, by queue_first_message */
};

static uint32_t home_of(const struct queues *queues, uint64_t sequence)
{
    /* Sequences are ours and dense: multiplying by 2^64 / golden ratio spreads them evenly. */
    return (uint32_t)((sequence * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (2 * queues->room - 1);
}

static void index_put(struct queues *queues, uint32_t place)
{
    uint32_t mask = 2 * queues->room - 1;
    uint32_t at = home_of(queues, queues->items[place].sequence);

    while (queues->index[at] != 0)
        at = (at + 1) & mask;
    queues->index[at] = place;
}

/* Where `sequence` stands in the index, or the empty place that ends the search. */
static uint32_t index_find(const struct queues *queues, uint64_t sequence)
{
    uint32_t mask = 2 * queues->room - 1;
    uint32_t at = home_of(queues, sequence);

    while (queues->index[at] != 0 && queues->items[queues->index[at]].sequence != sequence)
        at = (at + 1) & mask;
    return at;
}

/* Closes the gap by moving later ones of the run back, so that no tombstones gather. */
static void index_remove(struct queues *queues, uint64_t sequence)
{
    uint32_t mask = 2 * queues->room - 1;
    uint32_t gap = index_find(queues, sequence);

    for (uint32_t at = (gap + 1) & mask; queues->index[at] != 0; at = (at + 1) & mask) {
        uint32_t home = home_of(queues, queues->items[queues->index[at]].sequence);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            queues->index[gap] = queues->index[at];
            gap = at;
        }
    }
    queues->index[gap] = 0;
}

struct queues *queues_new(void)
{
    OWNED(queues) queues = calloc(1, sizeof *queues);

    if (!queues)
        return NULL;
    queues->room = ROOM_FIRST;
    queues->fresh = 1;
    queues->items = calloc(queues->room, sizeof *queues->items);
    queues->index = calloc(2 * (size_t)queues->room, sizeof *queues->index);
    if (!queues->items || !queues->index)
        return NULL;
    return GIVE(queues);
}

void queues_free(struct queues *queues)
{
    if (!queues)
        return;
    free(queues->items);
    free(queues->index);
    free(queues);
}

enum status queues_reserve(struct queues *queues)
{
    if (queues->free != 0 || queues->fresh < queues->room)
        return ST_OK;
    if (queues->room > UINT32_MAX / 4)
        return ST_NOMEM;

    struct item *items = reallocarray(queues->items, 2 * (size_t)queues->room, sizeof *items);
    if (!items)
        return ST_NOMEM;
    queues->items = items;
    uint32_t *index = calloc(4 * (size_t)queues->room, sizeof *index);
    if (!index)
        return ST_NOMEM;
    free(queues->index);
    queues->index = index;
    queues->room *= 2;
    for (uint32_t place = 1; place < queues->fresh; place++)
        index_put(queues, place); /* none is free, or we would not be here */
    return ST_OK;
}

static void append(struct queues *queues, struct ends *ends, uint32_t place)
{
    struct item *item = &queues->items[place];

    item->prev = ends->last;
    item->next = 0;
    if (ends->last)
        queues->items[ends->last].next = place;
    else
        ends->first = place;
    ends->last = place;
    ends->count++;
}

static void prepend(struct queues *queues, struct ends *ends, uint32_t place)
{
    struct item *item = &queues->items[place];

    item->next = ends->first;
    item->prev = 0;
    ends->passed = 0; /* it may be a message */
    if (ends->first)
        queues->items[ends->first].prev = place;
    else
        ends->last = place;
    ends->first = place;
    ends->count++;
}

static void unlink_item(struct queues *queues, struct ends *ends, const struct item *item)
{
    if (ends->passed && &queues->items[ends->passed] == item)
        ends->passed = item->next ? item->next : item->prev; /* what is before it are steps */
    if (item->prev)
        queues->items[item->prev].next = item->next;
    else
        ends->first = item->next;
    if (item->next)
        queues->items[item->next].prev = item->prev;
    else
        ends->last = item->prev;
    ends->count--;
}

static void put(struct queues *queues, struct queue *queue, const struct item *item)
{
    uint32_t place = queues->free;

    assert(item->lane < LANES && (place != 0 || queues->fresh < queues->room));

    if (place)
        queues->free = queues->items[place].next;
    else
        place = queues->fresh++;
    queues->items[place] = *item;
    queues->items[place].flying = false;
    queues->items[place].held = false;
    append(queues, &queue->lanes[item->lane], place);
    index_put(queues, place);
    queues->count++;
}

void queue_put(struct queues *queues, struct queue *queue, const struct item *item,
               const struct permit *permit)
{
    assert(permit_queues(permit) && !item->is_step);

    put(queues, queue, item);
}

void queue_put_step(struct queues *queues, struct queue *queue, const struct item *item)
{
    assert(item->is_step);

    put(queues, queue, item);
}

struct item *queue_first(struct queues *queues, const struct queue *queue, unsigned lane)
{
    uint32_t place = queue->lanes[lane].first;

    return place ? &queues->items[place] : NULL;
}

struct item *queue_first_flying(struct queues *queues, const struct queue *queue)
{
    return queue->flying.first ? &queues->items[queue->flying.first] : NULL;
}

struct item *queue_first_message(struct queues *queues, struct queue *queue, unsigned lane)
{
    struct ends *ends = &queue->lanes[lane];
    uint32_t place = ends->passed ? ends->passed : ends->first;

    for (; place; place = queues->items[place].next) {
        queues->walked++;
        ends->passed = place;
        if (!queues->items[place].is_step)
            return &queues->items[place];
    }
    return NULL;
}

static uint32_t place_of(const struct queues *queues, const struct item *item)
{
    return (uint32_t)(item - queues->items);
}

void queue_fly(struct queues *queues, struct queue *queue, struct item *item)
{
    assert(!item->flying);

    unlink_item(queues, &queue->lanes[item->lane], item);
    append(queues, &queue->flying, place_of(queues, item));
    item->flying = true;
    queue->flying_size += item->size;
}

void queue_land(struct queues *queues, struct queue *queue)
{
    /* Last sent first, so that each lane gets its own back in their old order. */
    while (queue->flying.last) {
        struct item *item = &queues->items[queue->flying.last];

        unlink_item(queues, &queue->flying, item);
        item->flying = false;
        item->again = true;
        prepend(queues, &queue->lanes[item->lane], place_of(queues, item));
    }
    queue->flying_size = 0;
}

void queue_hold(struct queues *queues, struct queue *queue, struct item *item)
{
    assert(!item->flying && !item->held && !item->is_step);

    unlink_item(queues, &queue->lanes[item->lane], item);
    append(queues, &queue->held, place_of(queues, item));
    item->held = true;
}

void queue_release(struct queues *queues, struct queue *queue, struct item *item)
{
    assert(item->held);

    unlink_item(queues, &queue->held, item);
    item->held = false;
    append(queues, &queue->lanes[item->lane], place_of(queues, item));
}

struct item *queues_find(struct queues *queues, uint64_t sequence)
{
    uint32_t place = queues->index[index_find(queues, sequence)];

    return place ? &queues->items[place] : NULL;
}

void queue_remove(struct queues *queues, struct queue *queue, struct item *item)
{
    uint32_t place = place_of(queues, item);

    index_remove(queues, item->sequence);
    unlink_item(queues,
                item->flying ? &queue->flying
                : item->held ? &queue->held
                             : &queue->lanes[item->lane],
                item);
    if (item->flying)
        queue->flying_size -= item->size;
    memset(item, 0, sizeof *item);
    item->next = queues->free;
    queues->free = place;
    queues->count--;
}

uint64_t queues_walked(const struct queues *queues)
{
    return queues->walked;
}

size_t queues_count(const struct queues *queues)
{
    return queues->count;
}
