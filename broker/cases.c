#include "broker/cases.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/idmap.h"

#define ROOM_FIRST 256 /* of each pool */

/* Both pools: place 0 is never used, so that 0 can mean none; a free place has a zero id and names
 * the next free one where its list goes on. */
struct cases {
    struct case_held *held;         /* owned */
    struct conversation_kept *kept; /* owned, with what is held of each */
    struct extent {
        uint32_t room, fresh, free; /* fresh: places from here on were never used */
        size_t count;
    } helds, kepts;
    struct idmap by_handle, by_id;
    struct idmap by_offer; /* the event that offers something of a case again */
};

/* ---- life ---- */

struct cases *cases_new(uint64_t seed)
{
    OWNED(cases) cases = calloc(1, sizeof *cases);

    if (!cases)
        return NULL;
    cases->by_handle = idmap_of(seed);
    cases->by_id = idmap_of(seed ^ UINT64_C(0x9e3779b97f4a7c15));
    cases->by_offer = idmap_of(seed ^ UINT64_C(0xbf58476d1ce4e5b9));
    cases->helds.room = cases->kepts.room = ROOM_FIRST;
    cases->helds.fresh = cases->kepts.fresh = 1;
    cases->held = calloc(ROOM_FIRST, sizeof *cases->held);
    cases->kept = calloc(ROOM_FIRST, sizeof *cases->kept);
    return cases->held && cases->kept ? GIVE(cases) : NULL;
}

void cases_free(struct cases *cases)
{
    if (!cases)
        return;
    for (uint32_t i = 1; cases->kept && i < cases->kepts.fresh; i++)
        free(cases->kept[i].held);
    for (uint32_t i = 1; cases->held && i < cases->helds.fresh; i++)
        free(cases->held[i].again);
    free(cases->held);
    free(cases->kept);
    idmap_fini(&cases->by_handle);
    idmap_fini(&cases->by_id);
    idmap_fini(&cases->by_offer);
    free(cases);
}

/* Room for one more in a pool that has no free place; the pool, moved or not. NULL: no memory. */
static void *grow(void *pool, struct extent *extent, size_t size)
{
    if (extent->free != 0 || extent->fresh < extent->room)
        return pool;
    if (extent->room > UINT32_MAX / 2)
        return NULL;
    pool = reallocarray(pool, 2 * (size_t)extent->room, size);
    if (pool)
        extent->room *= 2;
    return pool;
}

/* ---- cases ---- */

struct case_held *cases_find(struct cases *cases, const struct id *handle)
{
    uint32_t place = idmap_get(&cases->by_handle, handle);

    return place > 0 ? &cases->held[place] : NULL;
}

struct case_held *cases_add(struct cases *cases, const struct id *handle)
{
    struct case_held *held = cases_find(cases, handle);

    if (held)
        return held;
    assert(!id_is_zero(handle));
    held = grow(cases->held, &cases->helds, sizeof *held);
    if (!held)
        return NULL;
    cases->held = held;
    uint32_t place = cases->helds.free ? cases->helds.free : cases->helds.fresh;
    if (idmap_put(&cases->by_handle, handle, place) != ST_OK)
        return NULL;
    if (cases->helds.free)
        cases->helds.free = held[place].first;
    else
        cases->helds.fresh++;
    cases->helds.count++;
    held[place] = (struct case_held){.handle = *handle};
    return &held[place];
}

void cases_delete(struct cases *cases, const struct id *handle)
{
    struct case_held *held = cases_find(cases, handle);

    if (!held)
        return;
    uint32_t place = (uint32_t)(held - cases->held);
    held->custody.version = 1; /* it stays while its conversations go */
    while (held->first != 0)
        conversations_delete(cases, &cases->kept[held->first].conversation.id);
    idmap_remove(&cases->by_handle, handle);
    case_offer_nothing(cases, held);
    *held = (struct case_held){.first = cases->helds.free};
    cases->helds.free = place;
    cases->helds.count--;
}

/* ---- what is offered again ---- */

static struct id key_of_event(uint64_t sequence)
{
    struct id key = {{0}};

    for (size_t i = 0; i < sizeof sequence; i++)
        key.bytes[i] = (uint8_t)(sequence >> 8 * i);
    return key;
}

static bool is_offered_by(const struct case_held *held, uint64_t sequence)
{
    for (uint32_t i = 0; held->again && i < COMPONENTS_MAX; i++)
        if (held->again[i] == sequence)
            return true;
    return false;
}

static enum status index_offer(struct cases *cases, const struct case_held *held, uint64_t sequence)
{
    const struct id key = key_of_event(sequence);

    return idmap_put(&cases->by_offer, &key, (uint32_t)(held - cases->held));
}

enum status case_offer_again(struct cases *cases, struct case_held *held, uint32_t components,
                             uint64_t sequence)
{
    if (!held->again && !(held->again = calloc(COMPONENTS_MAX, sizeof *held->again)))
        return ST_NOMEM;
    for (uint32_t i = 0; i < COMPONENTS_MAX; i++) {
        const uint64_t before = held->again[i];
        const struct id key = key_of_event(before);

        if (!(components >> i & 1))
            continue;
        held->again[i] = sequence;
        if (before != 0 && !is_offered_by(held, before))
            idmap_remove(&cases->by_offer, &key);
    }
    return index_offer(cases, held, sequence);
}

void case_offer_nothing(struct cases *cases, struct case_held *held)
{
    for (uint32_t i = 0; held->again && i < COMPONENTS_MAX; i++) {
        const struct id key = key_of_event(held->again[i]);

        if (held->again[i] != 0)
            idmap_remove(&cases->by_offer, &key);
    }
    free(held->again);
    held->again = NULL;
}

struct case_held *cases_find_offered(struct cases *cases, uint64_t sequence)
{
    const struct id key = key_of_event(sequence);
    uint32_t place = idmap_get(&cases->by_offer, &key);

    return place > 0 ? &cases->held[place] : NULL;
}

enum status cases_take(struct cases *cases, struct case_held *read)
{
    struct case_held *held = cases_add(cases, &read->handle);
    enum status status = ST_OK;

    if (!held) {
        free(read->again);
        return ST_NOMEM;
    }
    held->custody = read->custody;
    held->changed_ms = read->changed_ms;
    held->opened_by = read->opened_by;
    held->again = read->again;
    for (uint32_t i = 0; held->again && i < COMPONENTS_MAX && status == ST_OK; i++)
        if (held->again[i] != 0 && !cases_find_offered(cases, held->again[i]))
            status = index_offer(cases, held, held->again[i]);
    return status;
}

/* ---- conversations ---- */

struct conversation_kept *conversations_find(struct cases *cases, const struct id *id)
{
    uint32_t place = idmap_get(&cases->by_id, id);

    return place > 0 ? &cases->kept[place] : NULL;
}

static bool comes_before(const struct cases *cases, uint32_t place, const struct id *id)
{
    return memcmp(cases->kept[place].conversation.id.bytes, id->bytes, ID_SIZE) < 0;
}

/* Where the number of the first that does not come before `id` stands in the case's list. */
static uint32_t *link_of(struct cases *cases, struct case_held *held, const struct id *id)
{
    uint32_t *link = &held->first;

    while (*link != 0 && comes_before(cases, *link, id))
        link = &cases->kept[*link].next;
    return link;
}

/* Into the list, which is in the order of ids: the same after a restart, when they come so. */
static void join(struct cases *cases, struct case_held *held, uint32_t place)
{
    const struct id *id = &cases->kept[place].conversation.id;
    uint32_t *link = held->last != 0 && comes_before(cases, held->last, id)
                       ? &cases->kept[held->last].next
                       : link_of(cases, held, id);

    cases->kept[place].next = *link;
    *link = place;
    if (cases->kept[place].next == 0)
        held->last = place;
}

static void leave(struct cases *cases, struct case_held *held, uint32_t place)
{
    uint32_t before = 0, at = held->first;

    while (at != place) {
        before = at;
        at = cases->kept[at].next;
    }
    if (before != 0)
        cases->kept[before].next = cases->kept[place].next;
    else
        held->first = cases->kept[place].next;
    if (held->last == place)
        held->last = before;
}

struct conversation_kept *conversations_add(struct cases *cases, const struct conversation *c)
{
    struct conversation_kept *kept = conversations_find(cases, &c->id);
    struct case_held *held = NULL;

    if (kept)
        return kept;
    assert(!id_is_zero(&c->id));
    kept = grow(cases->kept, &cases->kepts, sizeof *kept);
    if (!kept)
        return NULL;
    cases->kept = kept;
    uint32_t place = cases->kepts.free ? cases->kepts.free : cases->kepts.fresh;
    if (!id_is_zero(&c->case_handle) && !(held = cases_add(cases, &c->case_handle)))
        return NULL;
    if (idmap_put(&cases->by_id, &c->id, place) != ST_OK) {
        if (held && held->first == 0 && held->custody.version == 0)
            cases_delete(cases, &c->case_handle);
        return NULL;
    }
    if (cases->kepts.free)
        cases->kepts.free = kept[place].next;
    else
        cases->kepts.fresh++;
    cases->kepts.count++;
    kept[place] = (struct conversation_kept){.conversation = *c};
    if (held)
        join(cases, held, place);
    return &kept[place];
}

void conversations_delete(struct cases *cases, const struct id *id)
{
    struct conversation_kept *kept = conversations_find(cases, id);
    struct case_held *held;

    if (!kept)
        return;
    uint32_t place = (uint32_t)(kept - cases->kept);
    const struct id handle = kept->conversation.case_handle;
    held = id_is_zero(&handle) ? NULL : cases_find(cases, &handle);
    idmap_remove(&cases->by_id, &kept->conversation.id);
    if (held)
        leave(cases, held, place);
    free(kept->held);
    *kept = (struct conversation_kept){.next = cases->kepts.free};
    cases->kepts.free = place;
    cases->kepts.count--;
    if (held && held->first == 0 && held->custody.version == 0)
        cases_delete(cases, &handle);
}

struct conversation_kept *conversations_first(struct cases *cases, const struct case_held *held)
{
    return held->first != 0 ? &cases->kept[held->first] : NULL;
}

struct conversation_kept *conversations_next(struct cases *cases,
                                             const struct conversation_kept *kept)
{
    return kept->next != 0 ? &cases->kept[kept->next] : NULL;
}

/* ---- what is held ---- */

bool conversation_is_taken(const struct conversation_kept *kept, uint32_t from, uint32_t sequence)
{
    for (uint32_t i = 0; i < kept->held_count; i++)
        if (kept->held[i].from == from && kept->held[i].sequence == sequence)
            return true;
    return false;
}

uint32_t conversation_held_by(const struct conversation_kept *kept, uint32_t from)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < kept->held_count; i++)
        count += kept->held[i].from == from;
    return count;
}

static bool has_room(const struct conversation_kept *kept, uint32_t from)
{
    uint32_t count = conversation_held_by(kept, from);

    if (count > 0 || kept->held_count == 0)
        return count < HELD_MAX;
    /* It would be a third. */
    return conversation_held_by(kept, kept->held[0].from) == kept->held_count;
}

enum status conversation_hold(struct conversation_kept *kept, const struct held *held)
{
    if (!has_room(kept, held->from))
        return ST_LIMIT;
    assert(kept->held_count == 0 || kept->held[kept->held_count - 1].message < held->message);
    if (!kept->held && !(kept->held = calloc(HELD_ALL_MAX, sizeof *kept->held)))
        return ST_NOMEM;
    kept->held[kept->held_count++] = *held;
    return ST_OK;
}

void conversation_release(struct conversation_kept *kept, uint32_t place)
{
    assert(place < kept->held_count);

    kept->held_count--;
    memmove(kept->held + place, kept->held + place + 1,
            (kept->held_count - place) * sizeof *kept->held);
    if (kept->held_count == 0) {
        free(kept->held);
        kept->held = NULL;
    }
}

/* ---- all of them ---- */

size_t cases_count(const struct cases *cases)
{
    return cases->helds.count;
}

size_t conversations_count(const struct cases *cases)
{
    return cases->kepts.count;
}

struct case_held *cases_walk(struct cases *cases, uint32_t *place)
{
    while (++*place < cases->helds.fresh)
        if (!id_is_zero(&cases->held[*place].handle))
            return &cases->held[*place];
    *place = 0;
    return NULL;
}

struct conversation_kept *conversations_walk(struct cases *cases, uint32_t *place)
{
    while (++*place < cases->kepts.fresh)
        if (!id_is_zero(&cases->kept[*place].conversation.id))
            return &cases->kept[*place];
    *place = 0;
    return NULL;
}
