/*
 * delivery.c - hands out what is owed, as far as each member's credit goes.
 *
 * Members that may have something take turns, a little each, so that nobody's long queue holds up
 * another's short one. Within a member the lanes go in order; one eighth of the credit is kept for
 * lane 0, so that an immediate message never waits behind routine ones in flight.
 */
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

static enum status send_item(struct exchange *x, struct member *member, struct item *item)
{
    struct bytes record = ledger_record(x->ledger, item->sequence);

    if (!record.data) {
        enum status status = x->reader.item(x->reader.context, item->sequence, &record);
        if (status != ST_OK)
            return status == ST_MORE ? ST_INVALID : status; /* it is owed, so it must be there */
    }
    struct effect_item *effect = exchange_effect(x, item->is_step ? EFFECT_STEP : EFFECT_DELIVER,
                                                 member->session, sizeof *effect + record.size);
    if (!effect)
        return ST_NOMEM;
    effect->sequence = item->sequence;
    effect->again = item->again;
    effect->record_size = (uint32_t)record.size;
    memcpy(effect->record, record.data, record.size);
    if (item->is_step)
        x->counts.steps_delivered++;
    else if (item->again)
        x->counts.delivered_again++;
    else
        x->counts.delivered++;
    queue_fly(x->queues, &member->queue, item);
    return ST_OK;
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
