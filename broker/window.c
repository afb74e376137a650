#include "broker/window.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "lib/arena.h"

#define ARENA_FIRST (1024 * 1024)    /* bytes */
#define ARENA_ROOM ((size_t)1 << 30) /* bytes: far above what one batch can need */

/* An item that this window made. */
struct item {
    uint64_t sequence;
    struct bytes record; /* in the caller's payload */
    struct bytes key;    /* its place in `queues` */
    bool gone;           /* removed in the same window */
};

/* An item of an earlier window that this one removes. */
struct removal {
    uint64_t sequence;
    struct bytes key; /* its place in `queues` */
};

struct put {
    int tree;
    struct bytes key, value;
};

struct window {
    struct arena *arena; /* owned */
    size_t taken;        /* bytes of arena */
    uint64_t secret[2];  /* of the hash table: message ids are the senders' to choose */
    struct slot *slots;
    size_t slot_count, slot_room;
    uint32_t *table;   /* open addressing: place in slots + 1, or 0 */
    size_t table_size; /* a power of two, at least twice slot_count */
    struct item *items;
    size_t item_count, item_room;
    struct removal *removals;
    size_t removal_count, removal_room;
    struct put *puts;
    size_t put_count, put_room;
};

/* ---- life ---- */

struct window *window_new(void)
{
    OWNED(window) w = calloc(1, sizeof *w);

    if (!w || !(w->arena = arena_new(ARENA_FIRST, ARENA_ROOM))
        || RAND_bytes((uint8_t *)w->secret, sizeof w->secret) != 1)
        return NULL;
    w->secret[1] |= 1;
    return GIVE(w);
}

void window_free(struct window *w)
{
    if (!w)
        return;
    arena_free(w->arena);
    free(w->slots);
    free(w->table);
    free(w->items);
    free(w->removals);
    free(w->puts);
    free(w);
}

size_t window_size(const struct window *w)
{
    return w->taken;
}

uint8_t *window_take(struct window *w, size_t size)
{
    w->taken += size;
    return arena_take(w->arena, size);
}

void window_reset(struct window *w)
{
    arena_reset(w->arena, false);
    if (w->slot_count > 0)
        memset(w->table, 0, w->table_size * sizeof *w->table);
    w->taken = w->slot_count = w->item_count = w->removal_count = w->put_count = 0;
}

static enum status take_copy(struct window *w, struct bytes b, uint8_t **out)
{
    uint8_t *copy = window_take(w, b.size);

    if (!copy)
        return ST_NOMEM;
    if (b.size > 0)
        memcpy(copy, b.data, b.size);
    *out = copy;
    return ST_OK;
}

static enum status take_key(struct window *w, const struct tree_key *key, struct bytes *out)
{
    uint8_t *copy;
    enum status status = take_copy(w, key_bytes(key), &copy);

    if (status == ST_OK)
        *out = (struct bytes){copy, key->size};
    return status;
}

/* Room for one more in a vector; gives the vector, moved or not. NULL when memory is out. */
static void *grow(void *vector, size_t count, size_t *room, size_t size)
{
    size_t more = *room > 0 ? 2 * *room : 256;

    if (count < *room)
        return vector;
    vector = reallocarray(vector, more, size);
    if (vector)
        *room = more;
    return vector;
}

/* ---- messages and kept records ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_key(const struct window *w, struct bytes key)
{
    uint64_t hash = w->secret[0] ^ key.size;

    for (size_t at = 0; at < key.size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, key.data + at, key.size - at < 8 ? key.size - at : 8);
        hash = mix(hash ^ word, w->secret[1]);
    }
    return hash;
}

static void table_insert(struct window *w, size_t place)
{
    size_t at = w->slots[place].hash & (w->table_size - 1);

    while (w->table[at] != 0)
        at = (at + 1) & (w->table_size - 1);
    w->table[at] = (uint32_t)place + 1;
}

static enum status table_grow(struct window *w)
{
    size_t size = w->table_size > 0 ? 2 * w->table_size : 1024;
    uint32_t *table = calloc(size, sizeof *table);

    if (!table)
        return ST_NOMEM;
    free(w->table);
    w->table = table;
    w->table_size = size;
    for (size_t i = 0; i < w->slot_count; i++)
        table_insert(w, i);
    return ST_OK;
}

static struct slot *find_slot(const struct window *w, int tree, const struct tree_key *key)
{
    uint64_t hash = hash_key(w, key_bytes(key));

    if (w->slot_count == 0)
        return NULL;
    for (size_t at = hash & (w->table_size - 1); w->table[at] != 0;
         at = (at + 1) & (w->table_size - 1)) {
        struct slot *slot = &w->slots[w->table[at] - 1];
        if (slot->hash == hash && slot->tree == tree && slot->key.size == key->size
            && memcmp(slot->key.data, key->bytes, key->size) == 0)
            return slot;
    }
    return NULL;
}

static enum status add_slot(struct window *w, int tree, const struct tree_key *key,
                            struct slot **out)
{
    struct slot *slots = grow(w->slots, w->slot_count, &w->slot_room, sizeof *slots), *slot;

    if (!slots)
        return ST_NOMEM;
    w->slots = slots;
    if (2 * (w->slot_count + 1) > w->table_size && table_grow(w) != ST_OK)
        return ST_NOMEM;
    slot = &slots[w->slot_count];
    *slot = (struct slot){.hash = hash_key(w, key_bytes(key)), .tree = tree};
    if (take_key(w, key, &slot->key) != ST_OK)
        return ST_NOMEM;
    table_insert(w, w->slot_count++);
    *out = slot;
    return ST_OK;
}

struct slot *window_message(const struct window *w, const struct tree_key *key)
{
    return find_slot(w, TREE_MESSAGES, key);
}

enum status window_add_message(struct window *w, const struct tree_key *key, struct slot **out)
{
    return add_slot(w, TREE_MESSAGES, key, out);
}

enum status window_set_message(struct window *w, struct slot *slot, struct bytes value)
{
    slot->value_size = value.size;
    return take_copy(w, value, &slot->value);
}

enum status window_keep(struct window *w, const struct tree_key *key, struct bytes record)
{
    struct slot *slot = find_slot(w, TREE_KEPT, key);

#ifdef PLANT_FIRST_KEPT /* a bug for tests/sim and tests/system to catch; no other has it */
    if (slot)
        return ST_OK;
#endif
    if (!slot && add_slot(w, TREE_KEPT, key, &slot) != ST_OK)
        return ST_NOMEM;
    return window_set_message(w, slot, record);
}

/* ---- items ---- */

enum status window_add_item(struct window *w, uint64_t sequence, const struct tree_key *queued,
                            struct bytes record)
{
    struct item *items = grow(w->items, w->item_count, &w->item_room, sizeof *items);
    struct item item = {.sequence = sequence, .record = record};

    if (!items)
        return ST_NOMEM;
    w->items = items;
    if (take_key(w, queued, &item.key) != ST_OK)
        return ST_NOMEM;
    items[w->item_count++] = item;
    return ST_OK;
}

static struct item *find_item(const struct window *w, uint64_t sequence)
{
    size_t low = 0, high = w->item_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->items[middle].sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->item_count && w->items[low].sequence == sequence ? &w->items[low] : NULL;
}

enum status window_remove_item(struct window *w, uint64_t sequence, const struct tree_key *queued)
{
    struct item *item = find_item(w, sequence);
    struct removal removal = {.sequence = sequence}, *removals;

    if (item) {
        if (item->key.size == queued->size
            && memcmp(item->key.data, queued->bytes, queued->size) == 0)
            item->gone = true;
        return ST_OK;
    }
    removals = grow(w->removals, w->removal_count, &w->removal_room, sizeof *removals);
    if (!removals)
        return ST_NOMEM;
    w->removals = removals;
    if (take_key(w, queued, &removal.key) != ST_OK)
        return ST_NOMEM;
    removals[w->removal_count++] = removal;
    return ST_OK;
}

enum status window_put(struct window *w, int tree, const struct tree_key *key, struct bytes value)
{
    struct put *puts = grow(w->puts, w->put_count, &w->put_room, sizeof *puts);
    struct put put = {.tree = tree, .value = value};

    if (!puts)
        return ST_NOMEM;
    w->puts = puts;
    if (take_key(w, key, &put.key) != ST_OK)
        return ST_NOMEM;
    puts[w->put_count++] = put;
    return ST_OK;
}

/* ---- writing ---- */

/* `queues` says whether the item is there: only then both go. */
static enum status write_removal(struct txn *txn, const struct removal *removal)
{
    const struct tree_key key = key_of_sequence(removal->sequence);
    struct bytes value;
    enum status status = store_get(txn, TREE_QUEUES, removal->key, &value);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    status = store_delete(txn, TREE_QUEUES, removal->key);
    return status == ST_OK ? store_delete(txn, TREE_ITEMS, key_bytes(&key)) : status;
}

static enum status write_item(struct txn *txn, const struct item *item)
{
    const struct tree_key key = key_of_sequence(item->sequence);
    enum status status;

    if (item->gone)
        return ST_OK;
    status = store_put(txn, TREE_QUEUES, item->key, (struct bytes){NULL, 0});
    return status == ST_OK ? checked_put(txn, TREE_ITEMS, key_bytes(&key), item->record) : status;
}

static enum status write_put(struct txn *txn, const struct put *put)
{
    /* `settled` has keys alone. */
    return put->tree == TREE_SETTLED ? store_put(txn, put->tree, put->key, put->value)
                                     : checked_put(txn, put->tree, put->key, put->value);
}

static enum status write_slot(struct txn *txn, const struct slot *slot)
{
    if (slot->tree == TREE_KEPT && slot->value_size == 0)
        return store_delete(txn, TREE_KEPT, slot->key);
    return checked_put(txn, slot->tree, slot->key, (struct bytes){slot->value, slot->value_size});
}

enum status window_write(struct window *w, struct txn *txn)
{
    enum status status = ST_OK;

    for (size_t i = 0; i < w->removal_count && status == ST_OK; i++)
        status = write_removal(txn, &w->removals[i]);
    for (size_t i = 0; i < w->item_count && status == ST_OK; i++)
        status = write_item(txn, &w->items[i]);
    for (size_t i = 0; i < w->slot_count && status == ST_OK; i++)
        status = write_slot(txn, &w->slots[i]);
    for (size_t i = 0; i < w->put_count && status == ST_OK; i++)
        status = write_put(txn, &w->puts[i]);
    window_reset(w);
    return status;
}
