/*
 * withholding.c - accepted, and not handed over: what permitted a message ended before it left.
 *
 * Decided in delivery.c, the one place that hands over, after a batch is durable; so the item
 * leaves its queue at once and the record is written with the next batch. A stop in between forgets
 * only the decision: the item is owed again, and is decided again. The record settles the message
 * and is an item of the sender's queue until the sender takes it, like a step.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

void exchange_withhold(struct exchange *x, struct member *member, struct item *item,
                       const struct event *accepted, Concordat__RefusalCode code)
{
    struct withholding *w = &x->withholding[x->withholding_count++];

    assert(x->withholding_count <= WITHHOLDINGS_MAX && !item->is_step && !item->flying);

    *w = (struct withholding){.sequence = item->sequence,
                              .message_id = accepted->message_id,
                              .header_digest = accepted->header_digest,
                              .lane = item->lane,
                              .code = code};
    TEXT_COPY(w->sender, accepted->sender);
    queue_remove(x->queues, &member->queue, item);
}

static enum status record(struct exchange *x, const struct withholding *w)
{
    struct event event = {.kind = EVENT_WITHHELD,
                          .message_id = w->message_id,
                          .header_digest = w->header_digest,
                          .lane = w->lane,
                          .code = (uint32_t)w->code,
                          .message_sequence = w->sequence};
    uint32_t sender, place = 0;

    TEXT_COPY(event.sender, w->sender);
    if (exchange_enter(x, w->sender, &sender) != ST_OK || queues_reserve(x->queues) != ST_OK)
        return ST_NOMEM;
    struct message *message = messages_find(x->messages, sender, &w->message_id);
    if (message && message->sequence == w->sequence) {
        message->touched = ledger_sequence(x->ledger) + 1;
        place = messages_place(x->messages, message);
    }
    enum status status = exchange_record(x, &event, place);
    if (status != ST_OK)
        return status;
    queue_put_step(x->queues, &x->members[sender].queue,
                   &(struct item){.sequence = event.sequence,
                                  .size = (uint32_t)event_size(&event),
                                  .agency = sender,
                                  .lane = w->lane,
                                  .is_step = true});
    exchange_wake(x, sender);
    x->counts.withheld++;
    status = exchange_clocks_withheld(x, &w->message_id, w->sequence);
    if (status == ST_OK)
        status = exchange_words_undone(x, w->sequence);
    if (status == ST_OK)
        status = exchange_clocks_undone(x, &w->message_id, w->sequence);
    if (status == ST_OK)
        status = exchange_offer_undone(x, w->sequence, &w->message_id, sender + 1);
    if (status != ST_OK)
        return status;
    const struct words_end end = {.message = w->message_id,
                                  .sequence = w->sequence,
                                  .from = sender + 1,
                                  .how = CONCORDAT__CLOCK_KIND__CLOCK_WITHHELD};
    return exchange_words_ended(x, &end);
}

enum status exchange_record_withheld(struct exchange *x)
{
    enum status status = ST_OK;
    uint32_t done = 0;

    while (status == ST_OK && done < x->withholding_count && exchange_has_room(x)) {
        const struct withholding w = x->withholding[done];
        x->withholding[done++].sequence = 0; /* on its way no more: nothing rests under it */
        status = record(x, &w);
    }
    x->withholding_count -= done;
    memmove(x->withholding, x->withholding + done, x->withholding_count * sizeof *x->withholding);
    return status;
}
