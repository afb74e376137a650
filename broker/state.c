#include "broker/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/aging.h"
#include "broker/record.h"
#include "broker/window.h"

#define FORMAT 3                      /* of trees, keys, values and the events in them */
#define FORMAT_BEFORE 2               /* the same, without the tree `kept` and what is in it */
#define SPILL_SIZE ((size_t)64 << 20) /* bytes gathered in a window before it is spilled */

static const char *const tree_names[TREE_COUNT] = {
    [TREE_META] = "meta",         [TREE_ITEMS] = "items",       [TREE_QUEUES] = "queues",
    [TREE_MESSAGES] = "messages", [TREE_SETTLED] = "settled",   [TREE_AGENCIES] = "agencies",
    [TREE_KEYS] = "keys",         [TREE_REFUSALS] = "refusals", [TREE_GAZETTE] = "gazette",
    [TREE_KEPT] = "kept",
};

struct state {
    struct store *store;   /* owned */
    struct txn *txn;       /* owned: begun by the window's first need, NULL between windows */
    struct window *window; /* owned */
    uint64_t sequence;     /* of the last event gathered */
    uint64_t published;    /* entries of the gazette, with those gathered */
    int64_t at_ms;         /* of the newest event, with those gathered */
    enum status failed;    /* sticky */
};

static enum status begin(struct state *state)
{
    return state->txn ? ST_OK : store_begin(state->store, true, &state->txn);
}

static enum status write_window(struct state *state)
{
    enum status status = begin(state);

    return status == ST_OK ? window_write(state->window, state->txn) : status;
}

/* ---- the fold, kind by kind ---- */

/* The record of a message, in this window or before.
 *   ST_MORE     there is none */
static enum status find_message(struct state *state, const struct tree_key *key, struct slot **out)
{
    struct bytes value;
    enum status status;

    *out = window_message(state->window, key);
    if (*out)
        return ST_OK;
    if ((status = begin(state)) != ST_OK
        || (status = checked_get(state->txn, TREE_MESSAGES, key_bytes(key), &value)) != ST_OK
        || (status = window_add_message(state->window, key, out)) != ST_OK)
        return status;
    return window_set_message(state->window, *out, value);
}

/* `slot` is the message's in this window, NULL if it has none yet. */
static enum status set_message(struct state *state, const struct tree_key *key, struct slot *slot,
                               const struct message_record *message)
{
    uint8_t value[MESSAGE_RECORD_MAX];
    struct writer w = writer_of(value, sizeof value);
    enum status status = slot ? ST_OK : window_add_message(state->window, key, &slot);

    message_write(message, &w);
    assert(!w.failed);
    return status == ST_OK ? window_set_message(state->window, slot, (struct bytes){value, w.size})
                           : status;
}

static enum status add_item(struct state *state, const struct event *e, const char *agency,
                            struct bytes record)
{
    const struct tree_key queued = key_of_queued(agency, e->lane, e->sequence);

    return window_add_item(state->window, e->sequence, &queued, record);
}

static enum status add_settled(struct state *state, const struct event *e)
{
    const struct tree_key key = key_of_settled(e->at_ms, e->sender, &e->message_id);

    return window_put(state->window, TREE_SETTLED, &key, (struct bytes){NULL, 0});
}

static void copy_text(char *out, size_t room, const char *text)
{
    size_t size = strlen(text);

    assert(size < room);
    memcpy(out, text, size + 1);
}

static enum status fold_accepted(struct state *state, const struct event *e, struct bytes record)
{
    const struct tree_key key = key_of_message(e->sender, &e->message_id);
    struct message_record message = {
        .header_digest = e->header_digest,
        .sequence = e->sequence,
        .accepted_ms = e->at_ms,
        .lane = e->lane,
        .agreement_hash = e->agreement_hash,
    };
    enum status status;

    copy_text(message.recipient, sizeof message.recipient, e->recipient);
    copy_text(message.clause, sizeof message.clause, e->clause);
    status = set_message(state, &key, window_message(state->window, &key), &message);
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
    enum status status = window_put(state->window, TREE_REFUSALS, &refusal, record);

    if (status == ST_OK)
        status = find_message(state, &key, &slot);
    if (status != ST_MORE) /* the id has its answer already, and keeps it */
        return status;
    copy_text(message.clause, sizeof message.clause, e->clause);
    copy_text(message.agreement_id, sizeof message.agreement_id, e->agreement_id);
    status = set_message(state, &key, NULL, &message);
    return status == ST_OK ? add_settled(state, e) : status;
}

static enum status settle(struct state *state, const struct event *e,
                          const struct message_record *message)
{
    const struct tree_key queued =
        key_of_queued(message->recipient, message->lane, message->sequence);
    enum status status = add_settled(state, e);

    return status == ST_OK ? window_remove_item(state->window, message->sequence, &queued) : status;
}

/* The recipient's step changes the message's record; the first one settles the message. */
static enum status fold_step_of_message(struct state *state, const struct event *e)
{
    const struct tree_key key = key_of_message(e->sender, &e->message_id);
    struct message_record message;
    struct slot *slot;
    enum status status = find_message(state, &key, &slot);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status; /* forgotten since: the item alone remains */
    status = message_read((struct bytes){slot->value, slot->value_size}, &message);
    if (status != ST_OK || message.refused)
        return status;

    message.steps |= UINT32_C(1) << e->step_kind;
    message.last_step = sha256(e->step.data, e->step.size);
    if (message.settled_ms == 0) {
        message.settled_ms = e->at_ms;
        status = settle(state, e, &message);
    }
    message_patch(&message, slot->value, slot->value_size);
    return status;
}

static enum status fold_step(struct state *state, const struct event *e, struct bytes record)
{
    enum status status = fold_step_of_message(state, e);

    return status == ST_OK ? add_item(state, e, e->sender, record) : status;
}

/* Settles the message, if nothing has, and is owed to its sender like a step. */
static enum status fold_withheld(struct state *state, const struct event *e, struct bytes record)
{
    const struct tree_key key = key_of_message(e->sender, &e->message_id);
    struct message_record message;
    struct slot *slot;
    enum status status = find_message(state, &key, &slot);

    if (status == ST_OK)
        status = message_read((struct bytes){slot->value, slot->value_size}, &message);
    if (status == ST_OK && !message.refused && message.settled_ms == 0) {
        message.settled_ms = e->at_ms;
        status = settle(state, e, &message);
        message_patch(&message, slot->value, slot->value_size);
    }
    return status == ST_OK || status == ST_MORE ? add_item(state, e, e->sender, record) : status;
}

static enum status fold_key(struct state *state, const struct event *e)
{
    const struct tree_key key = key_of_sealing_key(e->agency, e->open_until_ms, e->key_id);
    size_t size = 8 + e->statement.size + e->statement_proof.size;
    uint8_t *value = window_take(state->window, size);
    struct writer w;

    if (!value)
        return ST_NOMEM;
    w = writer_of(value, size);
    write_prefixed(&w, e->statement.data, e->statement.size);
    write_prefixed(&w, e->statement_proof.data, e->statement_proof.size);
    return window_put(state->window, TREE_KEYS, &key, (struct bytes){value, w.size});
}

/* Looks at the trees alone, so the window goes there first. */
static enum status fold_aged(struct state *state, const struct event *e)
{
    enum status status = write_window(state);

    return status == ST_OK ? aging_run(state->txn, e->at_ms) : status;
}

static enum status fold_kept(struct state *state, const struct event *e)
{
    const struct tree_key key = key_of_kept(e->kept_kind, e->key);

    return window_keep(state->window, &key, e->record);
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
        key = key_of_queued(e->agency, e->lane, e->item_sequence);
        return window_remove_item(state->window, e->item_sequence, &key);
    case EVENT_AGENCY:
        key = key_of_certificate(e->agency, e->certificate);
        return window_put(state->window, TREE_AGENCIES, &key, e->certificate);
    case EVENT_KEY:
        return fold_key(state, e);
    case EVENT_AGED:
        return fold_aged(state, e);
    case EVENT_GAZETTE:
        key = key_of_sequence(e->sequence);
        state->published++;
        return window_put(state->window, TREE_GAZETTE, &key, record);
    case EVENT_WITHHELD:
        return fold_withheld(state, e, record);
    case EVENT_COUNTED:
        key = key_of_sequence(e->sequence);
        return window_put(state->window, TREE_REFUSALS, &key, record);
    case EVENT_KEPT:
        return fold_kept(state, e);
    case EVENT_TOLD:
        return add_item(state, e, e->agency, record);
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
    enum status status = begin(state);

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
 * into something that nobody wrote. The one before this is raised: an empty tree is what its broker
 * would have kept. */
static enum status settle_format(struct state *state, const char *folder, struct reason *why)
{
    static const uint8_t format[4] = {0, 0, 0, FORMAT};
    uint8_t value[sizeof format];
    enum status status = settle_meta(state, "format", (struct bytes){format, sizeof format});

    if (status != ST_INVALID || read_meta(state, "format", value, sizeof value) != ST_OK)
        return status;
    struct reader r = reader_of(value, sizeof value);
    uint32_t found = read_u32(&r);
    if (found == FORMAT_BEFORE) {
        status = write_meta(state, "format", (struct bytes){format, sizeof format});
        return status == ST_OK ? commit(state) : status;
    }
    reason_set(why,
               "%s: a store of format %u, and this release reads formats %d and %d alone: keep it, "
               "and run the release that wrote it",
               folder, found, FORMAT_BEFORE, FORMAT);
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

/* ---- gathering and committing ---- */

static enum status fail(struct state *state, enum status status)
{
    state->failed = status;
    store_abort(state->txn);
    state->txn = NULL;
    window_reset(state->window);
    return status;
}

enum status state_gather(struct state *state, struct bytes payload)
{
    struct reader r = reader_of(payload.data, payload.size);
    enum status status = state->failed;

    if (status == ST_OK && window_size(state->window) > SPILL_SIZE)
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
        if (status == ST_OK && event.at_ms > state->at_ms)
            state->at_ms = event.at_ms;
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
        status = write_published(state);
    if (status == ST_OK)
        status = write_time(state);
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
