#include "broker/clocks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/idmap.h"

#define ROOM_FIRST 256

/* A clock and its neighbours: among those of the same message, conversation and case, a ring each
 * in the order of numbers. A free place has the number 0. */
struct entry {
    struct clock_running running;
    uint32_t heap_at;                                          /* where it stands in the heap */
    uint32_t next[CLOCKS_BY_COUNT], previous[CLOCKS_BY_COUNT]; /* places; free: next[0] */
};

struct clocks {
    struct entry *pool; /* owned; place 0 is never used */
    uint32_t *heap;     /* owned; places, the one that strikes first in front */
    uint32_t room, fresh, free, count;
    struct idmap first[CLOCKS_BY_COUNT]; /* of each ring */
};

/* ---- life ---- */

struct clocks *clocks_new(uint64_t seed)
{
    OWNED(clocks) clocks = calloc(1, sizeof *clocks);

    if (!clocks)
        return NULL;
    for (size_t by = 0; by < CLOCKS_BY_COUNT; by++)
        clocks->first[by] = idmap_of(seed + by);
    clocks->room = ROOM_FIRST;
    clocks->fresh = 1;
    clocks->pool = calloc(ROOM_FIRST, sizeof *clocks->pool);
    clocks->heap = calloc(ROOM_FIRST, sizeof *clocks->heap);
    return clocks->pool && clocks->heap ? GIVE(clocks) : NULL;
}

void clocks_free(struct clocks *clocks)
{
    if (!clocks)
        return;
    free(clocks->pool);
    free(clocks->heap);
    for (size_t by = 0; by < CLOCKS_BY_COUNT; by++)
        idmap_fini(&clocks->first[by]);
    free(clocks);
}

static struct entry *entry_of(struct clock_running *running)
{
    static_assert(offsetof(struct entry, running) == 0);
    return (struct entry *)running;
}

static uint32_t place_of(const struct clocks *clocks, const struct entry *entry)
{
    return (uint32_t)(entry - clocks->pool);
}

/* ---- the heap: by next_ms, then by number, so that a restart strikes in the same order ---- */

static bool strikes_before(const struct clocks *clocks, uint32_t a, uint32_t b)
{
    const struct clock_running *x = &clocks->pool[a].running, *y = &clocks->pool[b].running;

    if (x->clock.next_ms != y->clock.next_ms)
        return x->clock.next_ms < y->clock.next_ms;
    return x->number < y->number;
}

static void heap_set(struct clocks *clocks, uint32_t at, uint32_t place)
{
    clocks->heap[at] = place;
    clocks->pool[place].heap_at = at;
}

static void heap_up(struct clocks *clocks, uint32_t at)
{
    uint32_t place = clocks->heap[at];

    while (at > 0 && strikes_before(clocks, place, clocks->heap[(at - 1) / 2])) {
        heap_set(clocks, at, clocks->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(clocks, at, place);
}

static void heap_down(struct clocks *clocks, uint32_t at)
{
    uint32_t place = clocks->heap[at], child;

    while ((child = 2 * at + 1) < clocks->count) {
        if (child + 1 < clocks->count
            && strikes_before(clocks, clocks->heap[child + 1], clocks->heap[child]))
            child++;
        if (!strikes_before(clocks, clocks->heap[child], place))
            break;
        heap_set(clocks, at, clocks->heap[child]);
        at = child;
    }
    heap_set(clocks, at, place);
}

static void heap_remove(struct clocks *clocks, uint32_t at)
{
    uint32_t last = clocks->heap[--clocks->count];

    if (at == clocks->count)
        return;
    heap_set(clocks, at, last);
    heap_up(clocks, at);
    heap_down(clocks, clocks->pool[last].heap_at);
}

/* ---- the rings ---- */

/* Does the case wait, and not one message of it? A case may have any number of messages that wait:
 * those stand under these and their conversations alone. */
static bool is_of_case(const struct clock_running *running)
{
    return running->clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED
        || running->clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_REPLY
        || running->clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_COMPLETE;
}

static const struct id *id_of(const struct clock_running *running, size_t by)
{
    static const struct id none;

    return by == CLOCKS_BY_MESSAGE      ? &running->message
         : by == CLOCKS_BY_CONVERSATION ? &running->conversation
         : is_of_case(running)          ? &running->case_handle
                                        : &none;
}

/*   ST_NOMEM */
static enum status ring_join(struct clocks *clocks, size_t by, uint32_t place)
{
    struct entry *pool = clocks->pool, *entry = &pool[place];
    const struct id *id = id_of(&entry->running, by);
    uint32_t first, after;

    entry->next[by] = entry->previous[by] = place;
    if (id_is_zero(id))
        return ST_OK;
    first = idmap_get(&clocks->first[by], id);
    if (first == 0)
        return idmap_put(&clocks->first[by], id, place);
    after = pool[first].previous[by]; /* the newest: mostly it goes behind that */
    while (pool[after].running.number > entry->running.number && after != first)
        after = pool[after].previous[by];
    if (pool[after].running.number > entry->running.number) {
        after = pool[first].previous[by];
        idmap_replace(&clocks->first[by], id, place);
    }
    entry->previous[by] = after;
    entry->next[by] = pool[after].next[by];
    pool[entry->next[by]].previous[by] = place;
    pool[after].next[by] = place;
    return ST_OK;
}

static void ring_leave(struct clocks *clocks, size_t by, uint32_t place)
{
    struct entry *pool = clocks->pool, *entry = &pool[place];
    const struct id *id = id_of(&entry->running, by);

    if (id_is_zero(id))
        return;
    if (entry->next[by] == place) {
        idmap_remove(&clocks->first[by], id);
        return;
    }
    pool[entry->next[by]].previous[by] = entry->previous[by];
    pool[entry->previous[by]].next[by] = entry->next[by];
    if (idmap_get(&clocks->first[by], id) == place)
        idmap_replace(&clocks->first[by], id, entry->next[by]);
}

/* ---- what the exchange does ---- */

static enum status grow(struct clocks *clocks)
{
    uint32_t room = 2 * clocks->room;
    struct entry *pool;
    uint32_t *heap;

    if (clocks->free != 0 || clocks->fresh < clocks->room)
        return ST_OK;
    if (room <= clocks->room || !(pool = reallocarray(clocks->pool, room, sizeof *pool)))
        return ST_NOMEM;
    clocks->pool = pool;
    if (!(heap = reallocarray(clocks->heap, room, sizeof *heap)))
        return ST_NOMEM;
    clocks->heap = heap;
    clocks->room = room;
    return ST_OK;
}

struct clock_running *clocks_start(struct clocks *clocks, const struct clock_running *running)
{
    assert(running->number > 0);

    if (grow(clocks) != ST_OK)
        return NULL;
    uint32_t place = clocks->free ? clocks->free : clocks->fresh;
    struct entry *entry = &clocks->pool[place];
    uint32_t next_free = clocks->free ? entry->next[0] : 0;
    *entry = (struct entry){.running = *running};
    entry->running.clock.expectation = NULL;
    for (size_t by = 0; by < CLOCKS_BY_COUNT; by++)
        if (ring_join(clocks, by, place) != ST_OK) {
            while (by-- > 0)
                ring_leave(clocks, by, place);
            *entry = (struct entry){.next = {next_free}};
            return NULL;
        }
    if (clocks->free)
        clocks->free = next_free;
    else
        clocks->fresh++;
    heap_set(clocks, clocks->count++, place);
    heap_up(clocks, clocks->count - 1);
    return &entry->running;
}

struct clock_running *clocks_due(struct clocks *clocks, int64_t now_ms)
{
    struct clock_running *first = clocks->count > 0 ? &clocks->pool[clocks->heap[0]].running : NULL;

    return first && first->clock.next_ms <= now_ms ? first : NULL;
}

void clocks_put(struct clocks *clocks, struct clock_running *running)
{
    uint32_t place = place_of(clocks, entry_of(running));

    heap_up(clocks, clocks->pool[place].heap_at);
    heap_down(clocks, clocks->pool[place].heap_at);
}

void clocks_stop(struct clocks *clocks, struct clock_running *running)
{
    struct entry *entry = entry_of(running);
    uint32_t place = place_of(clocks, entry);

    for (size_t by = 0; by < CLOCKS_BY_COUNT; by++)
        ring_leave(clocks, by, place);
    heap_remove(clocks, entry->heap_at);
    *entry = (struct entry){.next = {clocks->free}};
    clocks->free = place;
}

struct clock_running *clocks_next(struct clocks *clocks, enum clocks_by by, const struct id *id,
                                  uint32_t *at)
{
    uint32_t first = id_is_zero(id) ? 0 : idmap_get(&clocks->first[by], id);
    uint32_t place = *at == 0 ? first : *at;

    if (first == 0 || place == UINT32_MAX)
        return NULL;
    uint32_t next = clocks->pool[place].next[by];
    *at = next == first ? UINT32_MAX : next;
    return &clocks->pool[place].running;
}

struct clock_running *clocks_walk(struct clocks *clocks, uint32_t *place)
{
    while (++*place < clocks->fresh)
        if (clocks->pool[*place].running.number != 0)
            return &clocks->pool[*place].running;
    *place = 0;
    return NULL;
}

size_t clocks_count(const struct clocks *clocks)
{
    return clocks->count;
}
