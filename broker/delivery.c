/*
 * delivery.c - hands out what is owed, as far as each member's credit goes.
 *
 * Members that may have something take turns, a little each, so that nobody's long queue holds up
 * another's short one. Within a member the lanes go in order; one eighth of the credit is kept for
 * lane 0, so that an immediate message never waits behind routine ones in flight. What was
 * published goes before everything, and nothing goes before its recipient has asked for that
 * (gazette.c).
 *
 * This is the one place that hands messages over, so here is decided once more whether they may be:
 * acceptance is the point of law, but what has been revoked or suspended since, and what would go
 * to a recipient whose certificates have been gone for an hour, stays (withholding.c).
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

/* What a member without a session is owed, if it is lost: its messages, which are withheld. */
static struct item *next_lost(struct exchange *x, struct member *member)
{
    struct item *item = NULL;

    for (unsigned lane = 0; lane < LANES && exchange_is_lost(x, member) && !item; lane++)
        item = queue_first_message(x->queues, &member->queue, lane);
    return item;
}

/* Nothing before it follows the gazette: mail that it cannot judge yet it would refuse for good. */
static struct item *next_item(struct exchange *x, struct member *member)
{
    if (member->session == 0)
        return next_lost(x, member);
    if (!member->follows)
        return NULL;
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct item *item = queue_first(x->queues, &member->queue, lane);
        if (item)
            return has_credit(member, item) ? item : NULL; /* later lanes never overtake */
    }
    return NULL;
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

static enum status send_message(struct exchange *x, struct member *member, struct item *item,
                                struct bytes record)
{
    struct reader r = reader_of(record.data, record.size);
    struct event event;

    if (event_read(&r, &event) != ST_OK)
        return ST_INVALID;
    struct decision decision = decide_handover(
        registrar_version(x->registrar, &event.agreement_hash), exchange_is_lost(x, member));
    if (!decision.permitted) {
        exchange_withhold(x, member, item, &event, decision.code);
        return ST_OK;
    }
    enum status status = hand_over(x, member, item, record, decision.permit);
    if (status == ST_OK)
        queue_fly(x->queues, &member->queue, item);
    return status;
}

static enum status send_step(struct exchange *x, struct member *member, struct item *item,
                             struct bytes record)
{
    enum status status = put_effect(x, member, EFFECT_STEP, item, record);

    if (status != ST_OK)
        return status;
    x->counts.steps_delivered++;
    queue_fly(x->queues, &member->queue, item);
    return ST_OK;
}

static enum status find_record(struct exchange *x, uint64_t sequence, struct bytes *out)
{
    *out = ledger_record(x->ledger, sequence);
    return out->data ? ST_OK : x->reader.item(x->reader.context, sequence, out);
}

enum status exchange_event(struct exchange *x, uint64_t sequence, struct event *out)
{
    struct bytes record;
    enum status status = find_record(x, sequence, &record);

    if (status != ST_OK)
        return status;
    struct reader r = reader_of(record.data, record.size);
    return event_read(&r, out) == ST_OK ? ST_OK : ST_INVALID;
}

static enum status send_item(struct exchange *x, struct member *member, struct item *item)
{
    struct bytes record;
    enum status status = find_record(x, item->sequence, &record);

    if (status != ST_OK)
        return status == ST_MORE ? ST_INVALID : status; /* it is owed, so it must be there */
    return item->is_step ? send_step(x, member, item, record)
                         : send_message(x, member, item, record);
}

/* The next entry or item, which may be withheld. *size: bytes, 0 when there is none for it now. */
static enum status send_next(struct exchange *x, uint32_t place, size_t *size)
{
    struct member *member = &x->members[place];

    if (exchange_has_entries(x, member))
        return exchange_send_entry(x, place, size);
    struct item *item = next_item(x, member);
    *size = item ? item->size : 0;
    return item ? send_item(x, member, item) : ST_OK;
}

/* One member's share. *sent is in bytes; *done: nothing more for it now. */
static enum status send_share(struct exchange *x, uint32_t place, size_t *sent, bool *done)
{
    *sent = 0;
    *done = false;
    while (*sent < SHARE_SIZE && x->withholding_count < WITHHOLDINGS_MAX) {
        size_t size;
        enum status status = send_next(x, place, &size);
        if (status != ST_OK)
            return status;
        *done = size == 0;
        if (*done)
            return ST_OK;
        *sent += size;
    }
    return ST_OK;
}

enum status exchange_deliver(struct exchange *x, bool *more)
{
    size_t total = 0;
    uint32_t at = 0;

    while (x->ready_count > 0 && total < PASS_SIZE && x->withholding_count < WITHHOLDINGS_MAX) {
        uint32_t place = x->ready[at];
        size_t sent;
        bool done;
        enum status status = send_share(x, place, &sent, &done);

        if (status != ST_OK)
            return status;
        total += sent;
        if (done) {
            x->members[place].is_ready = false;
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
    *more = x->ready_count > 0 || x->withholding_count > 0;
    return ST_OK;
}
