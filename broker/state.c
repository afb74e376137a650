#include "broker/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/record.h"
#include "broker/state_inside.h"

#define FORMAT 4 /* of trees, keys, values and the events in them */
#define FORMAT_OLDEST                                                                              \
    2 /* the same: 3 without the tree `claims', 2 without `kept' and clocks either */

static const char *const tree_names[TREE_COUNT] = {
    [TREE_META] = "meta",         [TREE_ITEMS] = "items",       [TREE_QUEUES] = "queues",
    [TREE_MESSAGES] = "messages", [TREE_SETTLED] = "settled",   [TREE_AGENCIES] = "agencies",
    [TREE_KEYS] = "keys",         [TREE_REFUSALS] = "refusals", [TREE_GAZETTE] = "gazette",
    [TREE_KEPT] = "kept",         [TREE_CLAIMS] = "claims",
};

enum status state_begin(struct state *state)
{
    return state->txn ? ST_OK : store_begin(state->store, true, &state->txn);
}

enum status state_write_window(struct state *state)
{
    enum status status = state_begin(state);

    return status == ST_OK ? window_write(state->window, state->txn) : status;
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
    status = checked_get(txn, TREE_META, key_bytes(&key), &value);
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
    enum status status = state_begin(state);

    return status == ST_OK ? checked_put(state->txn, TREE_META, key_bytes(&key), value) : status;
}

static enum status commit(struct state *state)
{
    struct txn *txn = state->txn;

    state->txn = NULL;
    return store_commit(txn);
}

static enum status read_published(struct state *state)
{
    uint8_t value[8];
    enum status status = read_meta(state, PUBLISHED, value, sizeof value);
    struct reader r = reader_of(value, sizeof value);

    if (status == ST_OK)
        state->published = read_u64(&r);
    return status == ST_MORE ? ST_OK : status;
}

static enum status write_published(struct state *state)
{
    uint8_t value[8];
    struct writer w = writer_of(value, sizeof value);

    write_u64(&w, state->published);
    return write_meta(state, PUBLISHED, (struct bytes){value, sizeof value});
}

static enum status read_time(struct state *state)
{
    uint8_t value[8];
    enum status status = read_meta(state, "time", value, sizeof value);
    struct reader r = reader_of(value, sizeof value);

    if (status == ST_OK)
        state->at_ms = (int64_t)read_u64(&r);
    return status == ST_MORE ? ST_OK : status;
}

static enum status write_time(struct state *state)
{
    uint8_t value[8];
    struct writer w = writer_of(value, sizeof value);

    write_u64(&w, (uint64_t)state->at_ms);
    return write_meta(state, "time", (struct bytes){value, sizeof value});
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

/* A store of another format is not read, whatever it holds: half understood, it would be folded
 * into something that nobody wrote. Those before this are raised: an empty tree is what their
 * broker would have kept. */
static enum status settle_format(struct state *state, const char *folder, struct reason *why)
{
    static const uint8_t format[4] = {0, 0, 0, FORMAT};
    uint8_t value[sizeof format];
    enum status status = settle_meta(state, "format", (struct bytes){format, sizeof format});

    if (status != ST_INVALID || read_meta(state, "format", value, sizeof value) != ST_OK)
        return status;
    struct reader r = reader_of(value, sizeof value);
    uint32_t found = read_u32(&r);
    if (found >= FORMAT_OLDEST && found < FORMAT) {
        status = write_meta(state, "format", (struct bytes){format, sizeof format});
        return status == ST_OK ? commit(state) : status;
    }
    reason_set(why,
               "%s: a store of format %u, and this release reads formats %d to %d alone: keep it, "
               "and run the release that wrote it",
               folder, found, FORMAT_OLDEST, FORMAT);
    return status;
}

enum status state_open(const char *folder, size_t map_size, struct state **out, struct reason *why)
{
    OWNED(state) state = calloc(1, sizeof *state);
    struct journal_mark mark;
    enum status status;

    if (!state || !(state->window = window_new()))
        return ST_NOMEM;
    status = store_open(folder, map_size, tree_names, TREE_COUNT, &state->store, why);
    if (status != ST_OK)
        return status;
    reason_set(why, "%s: not a store of format %d, or damaged", folder, FORMAT);
    status = settle_format(state, folder, why);
    if (status == ST_OK)
        status = state_mark(state, &mark);
    if (status == ST_OK)
        status = read_published(state);
    if (status == ST_OK)
        status = read_time(state);
    if (status != ST_OK) {
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
    window_free(state->window);
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

int64_t state_time_ms(const struct state *state)
{
    return state->at_ms;
}

/* ---- committing ---- */

enum status state_fail(struct state *state, enum status status)
{
    state->failed = status;
    store_abort(state->txn);
    state->txn = NULL;
    window_reset(state->window);
    return status;
}

enum status state_spill(struct state *state)
{
    enum status status = state->failed;

    if (status == ST_OK)
        status = state_write_window(state);
    return status == ST_OK ? ST_OK : state_fail(state, status);
}

enum status state_commit(struct state *state, const struct journal_mark *mark)
{
    uint8_t value[MARK_SIZE];
    struct writer w = writer_of(value, sizeof value);
    enum status status = state->failed;

    if (status == ST_OK && mark->sequence != state->sequence)
        status = ST_INVALID;
    if (status == ST_OK)
        status = state_write_window(state);
    mark_write(mark, &w);
    assert(!w.failed && w.size == MARK_SIZE);
    if (status == ST_OK)
        status = write_meta(state, "mark", (struct bytes){value, sizeof value});
    if (status == ST_OK)
        status = write_published(state);
    if (status == ST_OK)
        status = write_time(state);
    if (status == ST_OK)
        status = commit(state);
    return status == ST_OK ? ST_OK : state_fail(state, status);
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
