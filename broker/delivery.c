/*
 * delivery.c - hands out what is owed, as far as each member's credit goes.
 *
 * Members that may have something take turns, a little each, so that nobody's long queue holds up
 * another's short one. Within a member the lanes go in order; one eighth of the credit is kept for
 * lane 0, so that an immediate message never waits behind routine ones in flight.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"

#define PASS_SIZE ((size_t)4 * 1024 * 1024) /* bytes handed out in one batch */
#define SHARE_SIZE ((size_t)128 * 1024)     /* bytes a member gets before the next one's turn */

/* Is there credit for this item? One that is larger than all of the credit goes alone. */
static bool has_credit(const struct member *member, const struct item *item)
{
    uint32_t credit = member->credit, size = member->credit_size;

    if (item->lane != 0) {
        credit -= credit / 8;
        size -= size / 8;
    }
    return member->queue.flying.count < credit
        && (member->queue.flying_size + item->size <= size || member->queue.flying.count == 0);
}

static struct item *next_item(struct exchange *x, const struct member *member)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct item *item = queue_first(x->queues, &member->queue, lane);
        if (item)
            return has_credit(member, item) ? item : NULL; /* later lanes never overtake */
    }
    return NULL;
}

/* The version that a message was accepted under. A folder holds no past versions: what was replaced
 * there is superseded, which stops nothing that was accepted. */
static const struct agreement *version_of(const struct exchange *x, const struct digest *hash)
{
    static const struct agreement replaced = {.standing = STANDING_SUPERSEDED};

    for (size_t i = 0; i < agreement_set_count(x->agreements); i++) {
        const struct agreement *a = agreement_set_at(x->agreements, i);

        if (digest_equal(&a->hash, hash))
            return a;
    }
    return &replaced;
}

static enum status put_effect(struct exchange *x, const struct member *member,
                              enum effect_kind kind, const struct item *item, struct bytes record)
{
    struct effect_item *effect =
        exchange_effect(x, kind, member->session, sizeof *effect + record.size);

    if (!effect)
        return ST_NOMEM;
    effect->sequence = item->sequence;
    effect->again = item->again;
    effect->record_size = (uint32_t)record.size;
    memcpy(effect->record, record.data, record.size);
    return ST_OK;
}

/* The one place where a message leaves for its recipient. */
static enum status hand_over(struct exchange *x, const struct member *member,
                             const struct item *item, struct bytes record,
                             const struct permit *permit)
{
    assert(permit_hands_over(permit));

    enum status status = put_effect(x, member, EFFECT_DELIVER, item, record);
    if (status != ST_OK)
        return status;
    if (item->again)
        x->counts.delivered_again++;
    else
        x->counts.delivered++;
    return ST_OK;
}

static enum status send_message(struct exchange *x, const struct member *member,
                                const struct item *item, struct bytes record)
{
    struct reader r = reader_of(record.data, record.size);
    struct event event;

    if (event_read(&r, &event) != ST_OK)
        return ST_INVALID;
    struct decision decision = decide_handover(version_of(x, &event.agreement_hash), false);
    if (!decision.permitted)
        return ST_INVALID; /* a folder's agreements are neither revoked nor suspended */
    return hand_over(x, member, item, record, decision.permit);
}

static enum status send_step(struct exchange *x, const struct member *member,
                             const struct item *item, struct bytes record)
{
    enum status status = put_effect(x, member, EFFECT_STEP, item, record);

    if (status == ST_OK)
        x->counts.steps_delivered++;
    return status;
}

static enum status send_item(struct exchange *x, struct member *member, struct item *item)
{
    struct bytes record = ledger_record(x->ledger, item->sequence);

    if (!record.data) {
        enum status status = x->reader.item(x->reader.context, item->sequence, &record);
        if (status != ST_OK)
            return status == ST_MORE ? ST_INVALID : status; /* it is owed, so it must be there */
    }
    enum status status =
        item->is_step ? send_step(x, member, item, record) : send_message(x, member, item, record);
    if (status == ST_OK)
        queue_fly(x->queues, &member->queue, item);
    return status;
}

/* One member's share. *sent is in bytes; *done: nothing more for it now. */
static enum status send_share(struct exchange *x, struct member *member, size_t *sent, bool *done)
{
    *sent = 0;
    *done = false;
    while (*sent < SHARE_SIZE) {
        struct item *item = member->session ? next_item(x, member) : NULL;
        if (!item) {
            *done = true;
            return ST_OK;
        }
        *sent += item->size;
        enum status status = send_item(x, member, item);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status exchange_deliver(struct exchange *x, bool *more)
{
    size_t total = 0;
    uint32_t at = 0;

    while (x->ready_count > 0 && total < PASS_SIZE) {
        struct member *member = &x->members[x->ready[at]];
        size_t sent;
        bool done;
        enum status status = send_share(x, member, &sent, &done);

        if (status != ST_OK)
            return status;
        total += sent;
        if (done) {
            member->is_ready = false;
            x->ready[at] = x->ready[--x->ready_count];
        } else {
            at++;
        }
        if (at >= x->ready_count)
            at = 0;
    }
    /* Who was not reached stands first next time. */
    if (at > 0 && x->ready_count > 1) {
        for (uint32_t i = 0; at + i < x->ready_count; i++) {
            uint32_t swap = x->ready[i];
            x->ready[i] = x->ready[at + i];
            x->ready[at + i] = swap;
        }
    }
    *more = x->ready_count > 0;
    return ST_OK;
}
