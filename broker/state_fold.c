/*
 * state_fold.c - what an event makes true: each kind changes the trees in its own way.
 *
 *     batch --state_gather--> event --fold--> window --> (state.c) commit
 *
 * Invariant 3: the state is the fold of the events, however they are grouped. So a fold looks at
 * the event, at what the window holds and at what the trees hold, and at nothing else; a message's
 * record is changed where it lies. Threads: the state's.
 */
#include <assert.h>
#include <string.h>

#include "broker/aging.h"
#include "broker/record.h"
#include "broker/state_inside.h"

#define SPILL_SIZE ((size_t)64 << 20) /* bytes gathered in a window before it is spilled */

/* ---- a message's record ---- */

/* The record of a message, in this window or before.
 *   ST_MORE     there is none */
static enum status find_message(struct state *state, const struct tree_key *key, struct slot **out)
{
    struct bytes value;
    enum status status;

    *out = window_message(state->window, key);
    if (*out)
        return ST_OK;
    if ((status = state_begin(state)) != ST_OK
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

/* ---- kind by kind ---- */

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
    enum status status = state_write_window(state);

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
    case EVENT_CLAIM:
        key = key_of_claim(&e->case_handle, e->sequence);
        return window_put(state->window, TREE_CLAIMS, &key, record);
    case EVENT_KIND_END:
        break;
    }
    return ST_INVALID;
}

/* ---- gathering ---- */

enum status state_gather(struct state *state, struct bytes payload)
{
    struct reader r = reader_of(payload.data, payload.size);
    enum status status = state->failed;

    if (status == ST_OK && window_size(state->window) > SPILL_SIZE)
        status = state_write_window(state);
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
    return state_fail(state, status);
}
