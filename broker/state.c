#include "broker/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "broker/record.h"
#include "lib/arena.h"

#define FORMAT 1                      /* of trees, keys and values */
#define ARENA_FIRST (1024 * 1024)     /* bytes */
#define ARENA_ROOM ((size_t)1 << 30)  /* bytes: far above SPILL_SIZE and one batch */
#define SPILL_SIZE ((size_t)64 << 20) /* bytes gathered in a window before it is spilled */
#define AGED_AT_ONCE 1024             /* ids forgotten between two walks */
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

static const char *const tree_names[TREE_COUNT] = {
    [TREE_META] = "meta",         [TREE_ITEMS] = "items",       [TREE_QUEUES] = "queues",
    [TREE_MESSAGES] = "messages", [TREE_SETTLED] = "settled",   [TREE_AGENCIES] = "agencies",
    [TREE_KEYS] = "keys",         [TREE_REFUSALS] = "refusals",
};

/* A message that this window touched: its record as it will be written. */
struct slot {
    uint64_t hash;
    struct bytes key; /* in the arena, like `value` */
    uint8_t *value;
    size_t value_size;
};

/* An item that this window made. */
struct item {
    uint64_t sequence;
    struct bytes record; /* in the caller's payload */
    struct bytes key;    /* its place in `queues` */
    bool gone;           /* settled in the same window */
};

/* An item of an earlier window that this one settled. */
struct removal {
    uint64_t sequence;
    struct bytes key; /* its place in `queues` */
};

/* Anything else that is written. */
struct put {
    int tree;
    struct bytes key, value;
};

/* What the batches since the last commit amount to. Vectors keep their memory over windows. */
struct window {
    struct arena *arena; /* owned */
    size_t taken;        /* bytes of arena */
    struct slot *slots;
    size_t slot_count, slot_room;
    uint32_t *table; /* open addressing: place in slots + 1, or 0 */
    size_t table_size;
    struct item *items; /* ascending by sequence */
    size_t item_count, item_room;
    struct removal *removals;
    size_t removal_count, removal_room;
    struct put *puts;
    size_t put_count, put_room;
};

struct state {
    struct store *store; /* owned */
    struct txn *txn;     /* owned: begun by the window's first need, NULL between windows */
    uint64_t sequence;   /* of the last event gathered */
    uint64_t secret[2];  /* of the hash table: message ids are the senders' to choose */
    enum status failed;  /* sticky */
    struct window window;
};

/* ---- the window's memory ---- */

static enum status take_bytes(struct window *w, const void *data, size_t size, uint8_t **out)
{
    uint8_t *copy = arena_take(w->arena, size);

    if (!copy)
        return ST_NOMEM;
    if (size > 0)
        memcpy(copy, data, size);
    w->taken += size;
    *out = copy;
    return ST_OK;
}

static enum status take_key(struct window *w, const struct tree_key *key, struct bytes *out)
{
    uint8_t *copy = NULL;
    enum status status = take_bytes(w, key->bytes, key->size, &copy);

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

static void window_reset(struct window *w)
{
    arena_reset(w->arena, false);
    if (w->slot_count > 0)
        memset(w->table, 0, w->table_size * sizeof *w->table);
    w->taken = w->slot_count = w->item_count = w->removal_count = w->put_count = 0;
}

static void window_fini(struct window *w)
{
    arena_free(w->arena);
    free(w->slots);
    free(w->table);
    free(w->items);
    free(w->removals);
    free(w->puts);
}

/* ---- messages of the window ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_key(const struct state *state, struct bytes key)
{
    uint64_t hash = state->secret[0] ^ key.size;

    for (size_t at = 0; at < key.size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, key.data + at, key.size - at < 8 ? key.size - at : 8);
        hash = mix(hash ^ word, state->secret[1]);
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

static struct slot *slot_find(const struct window *w, uint64_t hash, struct bytes key)
{
    if (w->slot_count == 0)
        return NULL;
    for (size_t at = hash & (w->table_size - 1); w->table[at] != 0;
         at = (at + 1) & (w->table_size - 1)) {
        struct slot *slot = &w->slots[w->table[at] - 1];
        if (slot->hash == hash && slot->key.size == key.size
            && memcmp(slot->key.data, key.data, key.size) == 0)
            return slot;
    }
    return NULL;
}

static enum status slot_add(struct window *w, uint64_t hash, const struct tree_key *key,
                            struct slot **out)
{
    struct slot *slots = grow(w->slots, w->slot_count, &w->slot_room, sizeof *slots), *slot;

    if (!slots)
        return ST_NOMEM;
    w->slots = slots;
    if (2 * (w->slot_count + 1) > w->table_size && table_grow(w) != ST_OK)
        return ST_NOMEM;
    slot = &slots[w->slot_count];
    *slot = (struct slot){.hash = hash};
    if (take_key(w, key, &slot->key) != ST_OK)
        return ST_NOMEM;
    w->slot_count++;
    table_insert(w, w->slot_count - 1);
    *out = slot;
    return ST_OK;
}

static enum status slot_set(struct window *w, struct slot *slot,
                            const struct message_record *record)
{
    uint8_t value[MESSAGE_RECORD_MAX];
    struct writer writer = writer_of(value, sizeof value);

    message_write(record, &writer);
    assert(!writer.failed);
    slot->value_size = writer.size;
    return take_bytes(w, value, writer.size, &slot->value);
}

static enum status begin(struct state *state)
{
    return state->txn ? ST_OK : store_begin(state->store, true, &state->txn);
}

/* What the store holds under a key, its check taken off.
 *   ST_MORE     nothing */
static enum status get_checked(struct txn *txn, int tree, struct bytes key, struct bytes *value)
{
    struct bytes stored;
    enum status status = store_get(txn, tree, key, &stored);

    return status == ST_OK ? check_read(key, stored, value) : status;
}

/* The record of a message, in this window or before.
 *   ST_MORE     there is none; *out is NULL */
static enum status slot_load(struct state *state, const struct event *e, struct slot **out)
{
    const struct tree_key key = key_of_message(e->sender, &e->message_id);
    uint64_t hash = hash_key(state, key_bytes(&key));
    struct bytes value;
    enum status status;

    *out = slot_find(&state->window, hash, key_bytes(&key));
    if (*out)
        return ST_OK;
    if ((status = begin(state)) != ST_OK
        || (status = get_checked(state->txn, TREE_MESSAGES, key_bytes(&key), &value)) != ST_OK
        || (status = slot_add(&state->window, hash, &key, out)) != ST_OK)
        return status;
    (*out)->value_size = value.size;
    return take_bytes(&state->window, value.data, value.size, &(*out)->value);
}

/* ---- items, removals, other values of the window ---- */

static enum status add_item(struct state *state, const struct event *e, const char *agency,
                            struct bytes record)
{
    struct window *w = &state->window;
    const struct tree_key key = key_of_queued(agency, e->lane, e->sequence);
    struct item *items = grow(w->items, w->item_count, &w->item_room, sizeof *items);
    struct item item = {.sequence = e->sequence, .record = record};

    if (!items)
        return ST_NOMEM;
    w->items = items;
    if (take_key(w, &key, &item.key) != ST_OK)
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

/* Takes an item out of its queue. One that is not in that queue stays where it is. */
static enum status remove_item(struct state *state, const char *agency, uint8_t lane,
                               uint64_t sequence)
{
    struct window *w = &state->window;
    const struct tree_key key = key_of_queued(agency, lane, sequence);
    struct item *item = find_item(w, sequence);
    struct removal removal = {.sequence = sequence}, *removals;

    if (item) {
        if (item->key.size == key.size && memcmp(item->key.data, key.bytes, key.size) == 0)
            item->gone = true;
        return ST_OK;
    }
    removals = grow(w->removals, w->removal_count, &w->removal_room, sizeof *removals);
    if (!removals)
        return ST_NOMEM;
    w->removals = removals;
    if (take_key(w, &key, &removal.key) != ST_OK)
        return ST_NOMEM;
    removals[w->removal_count++] = removal;
    return ST_OK;
}

static enum status add_put(struct state *state, int tree, const struct tree_key *key,
                           struct bytes value)
{
    struct window *w = &state->window;
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

static enum status add_settled(struct state *state, const struct event *e)
{
    const struct tree_key key = key_of_settled(e->at_ms, e->sender, &e->message_id);

    return add_put(state, TREE_SETTLED, &key, (struct bytes){NULL, 0});
}

/* ---- writing the window ---- */

static enum status put_checked(struct state *state, int tree, struct bytes key, struct bytes value)
{
    uint8_t *place;
    enum status status = store_reserve(state->txn, tree, key, value.size + CHECK_SIZE, &place);

    if (status != ST_OK)
        return status;
    if (value.size > 0)
        memcpy(place, value.data, value.size);
    check_write(key, value, place + value.size);
    return ST_OK;
}

/* `queues` says whether the item is there: only then both go. */
static enum status write_removal(struct state *state, const struct removal *removal)
{
    const struct tree_key key = key_of_sequence(removal->sequence);
    struct bytes value;
    enum status status = store_get(state->txn, TREE_QUEUES, removal->key, &value);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    status = store_delete(state->txn, TREE_QUEUES, removal->key);
    return status == ST_OK ? store_delete(state->txn, TREE_ITEMS, key_bytes(&key)) : status;
}

static enum status write_item(struct state *state, const struct item *item)
{
    const struct tree_key key = key_of_sequence(item->sequence);
    enum status status;

    if (item->gone)
        return ST_OK;
    status = store_put(state->txn, TREE_QUEUES, item->key, (struct bytes){NULL, 0});
    return status == ST_OK ? put_checked(state, TREE_ITEMS, key_bytes(&key), item->record) : status;
}

static enum status write_put(struct state *state, const struct put *put)
{
    return put->tree == TREE_SETTLED ? store_put(state->txn, put->tree, put->key, put->value)
                                     : put_checked(state, put->tree, put->key, put->value);
}

static enum status write_window(struct state *state)
{
    struct window *w = &state->window;
    enum status status = begin(state);

    for (size_t i = 0; i < w->removal_count && status == ST_OK; i++)
        status = write_removal(state, &w->removals[i]);
    for (size_t i = 0; i < w->item_count && status == ST_OK; i++)
        status = write_item(state, &w->items[i]);
    for (size_t i = 0; i < w->slot_count && status == ST_OK; i++)
        status = put_checked(state, TREE_MESSAGES, w->slots[i].key,
                             (struct bytes){w->slots[i].value, w->slots[i].value_size});
    for (size_t i = 0; i < w->put_count && status == ST_OK; i++)
        status = write_put(state, &w->puts[i]);
    window_reset(w);
    return status;
}

/* ---- the fold ---- */

static void copy_text(char *out, size_t room, const char *text)
{
    size_t size = strlen(text);

    assert(size < room);
    memcpy(out, text, size + 1);
}

static enum status fold_accepted(struct state *state, const struct event *e, struct bytes record)
{
    const struct tree_key key = key_of_message(e->sender, &e->message_id);
    uint64_t hash = hash_key(state, key_bytes(&key));
    struct slot *slot = slot_find(&state->window, hash, key_bytes(&key));
    struct message_record message = {
        .header_digest = e->header_digest,
        .sequence = e->sequence,
        .accepted_ms = e->at_ms,
        .lane = e->lane,
        .agreement_hash = e->agreement_hash,
    };
    enum status status = slot ? ST_OK : slot_add(&state->window, hash, &key, &slot);

    copy_text(message.recipient, sizeof message.recipient, e->recipient);
    copy_text(message.clause, sizeof message.clause, e->clause);
    if (status == ST_OK)
        status = slot_set(&state->window, slot, &message);
    return status == ST_OK ? add_item(state, e, e->recipient, record) : status;
}

static enum status fold_refused(struct state *state, const struct event *e, struct bytes record)
{
    const struct tree_key refusal = key_of_sequence(e->sequence);
    const struct tree_key key = key_of_message(e->sender, &e->message_id);
    struct message_record message = {
        .header_digest = e->header_digest,
        .sequence = e->sequence,
        .accepted_ms = e->at_ms,
        .settled_ms = e->at_ms,
        .refused = true,
        .code = e->code,
        .offending = e->offending,
        .agreement_version = e->agreement_version,
    };
    struct slot *slot;
    enum status status = add_put(state, TREE_REFUSALS, &refusal, record);

    if (status == ST_OK)
        status = slot_load(state, e, &slot);
    if (status != ST_MORE) /* the id has its answer already, and keeps it */
        return status;
    copy_text(message.clause, sizeof message.clause, e->clause);
    copy_text(message.agreement_id, sizeof message.agreement_id, e->agreement_id);
    status = slot_add(&state->window, hash_key(state, key_bytes(&key)), &key, &slot);
    if (status == ST_OK)
        status = slot_set(&state->window, slot, &message);
    return status == ST_OK ? add_settled(state, e) : status;
}

/* The recipient's step changes the message's record; the first one settles the message. */
static enum status fold_step_of_message(struct state *state, const struct event *e)
{
    struct message_record message;
    struct slot *slot;
    enum status status = slot_load(state, e, &slot);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status; /* forgotten since: the item alone remains */
    status = message_read((struct bytes){slot->value, slot->value_size}, &message);
    if (status != ST_OK || message.refused)
        return status;

    message.steps |= UINT32_C(1) << e->step_kind;
    message.last_step = sha256(e->step.data, e->step.size);
    if (message.settled_ms == 0) {
        message.settled_ms = e->at_ms;
        status = add_settled(state, e);
        if (status == ST_OK)
            status = remove_item(state, message.recipient, message.lane, message.sequence);
    }
    message_patch(&message, slot->value, slot->value_size);
    return status;
}

static enum status fold_step(struct state *state, const struct event *e, struct bytes record)
{
    enum status status = fold_step_of_message(state, e);

    return status == ST_OK ? add_item(state, e, e->sender, record) : status;
}

static enum status fold_key(struct state *state, const struct event *e)
{
    const struct tree_key key = key_of_sealing_key(e->agency, e->open_until_ms, e->key_id);
    size_t size = 8 + e->statement.size + e->statement_proof.size;
    uint8_t *value = arena_take(state->window.arena, size);
    struct writer w;

    if (!value)
        return ST_NOMEM;
    state->window.taken += size;
    w = writer_of(value, size);
    write_prefixed(&w, e->statement.data, e->statement.size);
    write_prefixed(&w, e->statement_proof.data, e->statement_proof.size);
    return add_put(state, TREE_KEYS, &key, (struct bytes){value, w.size});
}

/* Forgets one id, unless it was settled at another time than this entry says. */
static enum status forget(struct state *state, const struct tree_key *settled)
{
    struct reader r = reader_of(settled->bytes, settled->size);
    int64_t settled_ms = (int64_t)read_u64(&r);
    const struct bytes key = {r.next, r.left};
    struct message_record message;
    struct bytes value;
    enum status status = get_checked(state->txn, TREE_MESSAGES, key, &value);

    if (status == ST_OK)
        status = message_read(value, &message);
    if (status == ST_OK && message.settled_ms == settled_ms)
        status = store_delete(state->txn, TREE_MESSAGES, key);
    if (status == ST_OK || status == ST_MORE)
        status = store_delete(state->txn, TREE_SETTLED, key_bytes(settled));
    return status;
}

/* The oldest entries settled before `until_ms`, copied, since deleting moves what a walk stands on.
 */
static enum status read_aged(struct state *state, int64_t until_ms, struct tree_key *out,
                             size_t *count)
{
    struct walk *walk;
    struct bytes key, value;
    enum status status = walk_open(state->txn, TREE_SETTLED, (struct bytes){NULL, 0}, &walk);

    if (status != ST_OK)
        return status;
    for (*count = 0; *count < AGED_AT_ONCE; ++*count) {
        struct reader r;

        status = walk_next(walk, &key, &value);
        if (status != ST_OK)
            break;
        r = reader_of(key.data, key.size);
        if ((int64_t)read_u64(&r) >= until_ms)
            break;
        if (r.failed || key.size > TREE_KEY_MAX) {
            status = ST_INVALID;
            break;
        }
        memcpy(out[*count].bytes, key.data, key.size);
        out[*count].size = key.size;
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

/* Looks at the trees alone, so the window goes there first. */
static enum status fold_aged(struct state *state, const struct event *e)
{
    int64_t until_ms = e->at_ms - DUPLICATE_DAYS * DAY_MS;
    struct tree_key *aged;
    size_t count = AGED_AT_ONCE;
    enum status status = write_window(state);

    if (status != ST_OK)
        return status;
    aged = malloc(AGED_AT_ONCE * sizeof *aged);
    if (!aged)
        return ST_NOMEM;
    while (status == ST_OK && count == AGED_AT_ONCE) {
        status = read_aged(state, until_ms, aged, &count);
        for (size_t i = 0; i < count && status == ST_OK; i++)
            status = forget(state, &aged[i]);
    }
    free(aged);
    return status;
}

static enum status fold(struct state *state, const struct event *e, struct bytes record)
{
    struct tree_key key;

    switch (e->kind) {
    case EVENT_ACCEPTED:
        return fold_accepted(state, e, record);
    case EVENT_REFUSED:
        return fold_refused(state, e, record);
    case EVENT_STEP:
        return fold_step(state, e, record);
    case EVENT_TAKEN:
        return remove_item(state, e->agency, e->lane, e->item_sequence);
    case EVENT_AGENCY:
        key = key_of_certificate(e->agency, e->certificate);
        return add_put(state, TREE_AGENCIES, &key, e->certificate);
    case EVENT_KEY:
        return fold_key(state, e);
    case EVENT_AGED:
        return fold_aged(state, e);
    case EVENT_KIND_END:
        break;
    }
    return ST_INVALID;
}

/* ---- opening ---- */

static enum status read_meta(struct state *state, const char *name, uint8_t *out, size_t size)
{
    const struct tree_key key = key_of_name(name);
    struct txn *txn;
    struct bytes value;
    enum status status = store_begin(state->store, false, &txn);

    if (status != ST_OK)
        return status;
    status = get_checked(txn, TREE_META, key_bytes(&key), &value);
    if (status == ST_OK && value.size != size)
        status = ST_INVALID;
    if (status == ST_OK)
        memcpy(out, value.data, size);
    store_abort(txn);
    return status;
}

static enum status write_meta(struct state *state, const char *name, struct bytes value)
{
    const struct tree_key key = key_of_name(name);
    enum status status = begin(state);

    return status == ST_OK ? put_checked(state, TREE_META, key_bytes(&key), value) : status;
}

static enum status commit(struct state *state)
{
    struct txn *txn = state->txn;

    state->txn = NULL;
    return store_commit(txn);
}

/* Compares what meta holds under `name`, or writes it into a new store.
 *   ST_INVALID  it is something else */
static enum status settle_meta(struct state *state, const char *name, struct bytes value)
{
    uint8_t found[DIGEST_SIZE];
    enum status status = read_meta(state, name, found, value.size);

    if (status == ST_OK)
        return memcmp(found, value.data, value.size) == 0 ? ST_OK : ST_INVALID;
    if (status == ST_MORE)
        status = write_meta(state, name, value);
    return status == ST_OK ? commit(state) : status;
}

enum status state_open(const char *folder, size_t map_size, struct state **out, struct reason *why)
{
    OWNED(state) state = calloc(1, sizeof *state);
    static const uint8_t format[4] = {0, 0, 0, FORMAT};
    struct journal_mark mark;
    enum status status;

    if (!state || !(state->window.arena = arena_new(ARENA_FIRST, ARENA_ROOM)))
        return ST_NOMEM;
    if (RAND_bytes((uint8_t *)state->secret, sizeof state->secret) != 1) {
        reason_set(why, "%s: the system has no randomness", folder);
        return ST_IO;
    }
    state->secret[1] |= 1;
    status = store_open(folder, map_size, tree_names, TREE_COUNT, &state->store, why);
    if (status != ST_OK)
        return status;
    status = settle_meta(state, "format", (struct bytes){format, sizeof format});
    if (status == ST_OK)
        status = state_mark(state, &mark);
    if (status != ST_OK) {
        reason_set(why, "%s: not a store of format %d, or damaged", folder, FORMAT);
        return status;
    }
    state->sequence = mark.sequence;
    *out = GIVE(state);
    return ST_OK;
}

void state_close(struct state *state)
{
    store_abort(state->txn);
    store_close(state->store);
    window_fini(&state->window);
    free(state);
}

enum status state_bind(struct state *state, const struct digest *community, struct reason *why)
{
    enum status status =
        settle_meta(state, "community", (struct bytes){community->bytes, DIGEST_SIZE});

    if (status == ST_INVALID)
        reason_set(why, "the store belongs to another community: its root certificate was another");
    return status;
}

enum status state_mark(struct state *state, struct journal_mark *out)
{
    uint8_t value[MARK_SIZE];
    enum status status = read_meta(state, "mark", value, sizeof value);

    if (status == ST_MORE) {
        *out = (struct journal_mark){0};
        return ST_OK;
    }
    return status == ST_OK ? mark_read((struct bytes){value, sizeof value}, out) : status;
}

/* ---- gathering and committing ---- */

static enum status fail(struct state *state, enum status status)
{
    state->failed = status;
    store_abort(state->txn);
    state->txn = NULL;
    window_reset(&state->window);
    return status;
}

enum status state_gather(struct state *state, struct bytes payload)
{
    struct reader r = reader_of(payload.data, payload.size);
    enum status status = state->failed;

    if (status == ST_OK && state->window.taken > SPILL_SIZE)
        status = write_window(state);
    while (status == ST_OK) {
        const uint8_t *start = r.next;
        struct event event;

        status = event_read(&r, &event);
        if (status == ST_MORE)
            return ST_OK;
        if (status == ST_OK && event.sequence != state->sequence + 1)
            status = ST_INVALID;
        if (status == ST_OK)
            status = fold(state, &event, (struct bytes){start, (size_t)(r.next - start)});
        state->sequence++;
    }
    return fail(state, status);
}

enum status state_spill(struct state *state)
{
    enum status status = state->failed;

    if (status == ST_OK)
        status = write_window(state);
    return status == ST_OK ? ST_OK : fail(state, status);
}

enum status state_commit(struct state *state, const struct journal_mark *mark)
{
    uint8_t value[MARK_SIZE];
    struct writer w = writer_of(value, sizeof value);
    enum status status = state->failed;

    if (status == ST_OK && mark->sequence != state->sequence)
        status = ST_INVALID;
    if (status == ST_OK)
        status = write_window(state);
    mark_write(mark, &w);
    assert(!w.failed && w.size == MARK_SIZE);
    if (status == ST_OK)
        status = write_meta(state, "mark", (struct bytes){value, sizeof value});
    if (status == ST_OK)
        status = commit(state);
    return status == ST_OK ? ST_OK : fail(state, status);
}

/* ---- the hash ---- */

static enum status hash_tree(struct txn *txn, int tree, struct digest *hash)
{
    struct bytes key, value;
    struct walk *walk;
    enum status status = walk_open(txn, tree, (struct bytes){NULL, 0}, &walk);

    if (status != ST_OK)
        return status;
    while ((status = walk_next(walk, &key, &value)) == ST_OK) {
        uint8_t sizes[12];
        struct writer w = writer_of(sizes, sizeof sizes);
        write_u32(&w, (uint32_t)tree);
        write_u32(&w, (uint32_t)key.size);
        write_u32(&w, (uint32_t)value.size);
        const struct bytes parts[] = {
            {hash->bytes, DIGEST_SIZE}, {sizes, sizeof sizes}, key, value};
        *hash = sha256_parts(parts, sizeof parts / sizeof *parts);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

enum status state_hash(struct state *state, struct digest *out)
{
    struct digest hash = {0};
    struct txn *txn;
    enum status status = store_begin(state->store, false, &txn);

    if (status != ST_OK)
        return status;
    for (int tree = TREE_META + 1; tree < TREE_COUNT && status == ST_OK; tree++)
        status = hash_tree(txn, tree, &hash);
    store_abort(txn);
    if (status == ST_OK)
        *out = hash;
    return status;
}

unsigned state_fullness(struct state *state)
{
    return store_fullness(state->store);
}

struct store *state_store(struct state *state)
{
    return state->store;
}
