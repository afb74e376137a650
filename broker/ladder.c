/*
 * ladder.c - evidence: the recipient's signed steps come in, and the sender takes them.
 *
 * A message's steps form a ladder, each naming the one before by its digest:
 *
 *     DELIVERED -> OPENED, ACKNOWLEDGED | DECLINED, ANSWERED in any order that the table permits
 *     REJECTED     and nothing after it
 *
 * The first settles the message: it leaves the recipient's queue. Every step is an item of the
 * sender's queue until the sender settles it. A step that does not fit is answered all the same, so
 * that it does not come again for ever, and a person hears of it; it is not recorded.
 */
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define BIT(step) (UINT32_C(1) << CONCORDAT__STEP_KIND__##step)

/* What must and what must not have been recorded before a step. */
static const struct rung {
    uint32_t needs, excludes;
} rungs[] = {
    [CONCORDAT__STEP_KIND__DELIVERED] = {0, BIT(REJECTED)},
    [CONCORDAT__STEP_KIND__REJECTED] = {0, BIT(DELIVERED)},
    [CONCORDAT__STEP_KIND__OPENED] = {BIT(DELIVERED), 0},
    [CONCORDAT__STEP_KIND__ACKNOWLEDGED] = {BIT(DELIVERED), BIT(DECLINED)},
    [CONCORDAT__STEP_KIND__DECLINED] = {BIT(DELIVERED), BIT(ACKNOWLEDGED) | BIT(ANSWERED)},
    [CONCORDAT__STEP_KIND__ANSWERED] = {BIT(DELIVERED), 0},
};

static bool fits(const struct message *message, const struct command_step *given)
{
    const struct rung *rung = &rungs[given->kind];

    return (message->steps & rung->needs) == rung->needs && (message->steps & rung->excludes) == 0
        && digest_equal(&message->last_step, &given->previous);
}

/* The message as a checkpoint holds it, for a step that comes late. Steps do not name the sender,
 * so each agency is asked for; messages of the last second are found in memory. ST_MORE nobody's */
static enum status find_stored(struct exchange *x, const struct command_step *given,
                               struct message *out)
{
    const char *recipient = directory_name(x->directory, given->head.member);
    struct message_record stored;

    for (uint32_t i = 0; i < directory_count(x->directory); i++) {
        enum status status = x->reader.message(x->reader.context, directory_name(x->directory, i),
                                               &given->message_id, &stored);
        if (status == ST_MORE)
            continue;
        if (status != ST_OK)
            return status;
        if (stored.refused || strcmp(stored.recipient, recipient) != 0
            || !digest_equal(&stored.header_digest, &given->header_digest))
            continue;
        *out = (struct message){.id = given->message_id,
                                .header_digest = stored.header_digest,
                                .last_step = stored.last_step,
                                .sequence = stored.sequence,
                                .sender = i,
                                .recipient = given->head.member,
                                .steps = stored.steps,
                                .lane = stored.lane};
        return ST_OK;
    }
    return ST_MORE;
}

static enum status answer(struct exchange *x, const struct command_step *given)
{
    struct effect_settle *effect = exchange_answer(x, EFFECT_SETTLE, &given->head, sizeof *effect);

    if (!effect)
        return ST_NOMEM;
    effect->sequence = given->sequence;
    return ST_OK;
}

static enum status drop(struct exchange *x, const struct command_step *given)
{
    x->counts.steps_refused++;
    exchange_raise(x, ALARM_STEP_REFUSED, given->head.member);
    return answer(x, given);
}

/* The first step settles: the recipient has it for good, or has rejected it for good. */
static void settle_message(struct exchange *x, const struct message *message)
{
    struct item *item = queues_find(x->queues, message->sequence);

    if (!item)
        return;
    queue_remove(x->queues, &x->members[message->recipient].queue, item);
    exchange_wake(x, message->recipient); /* credit is free again */
}

/* What follows of it for a conversation, an offer and the clocks. */
static enum status follow(struct exchange *x, const struct message *message,
                          const struct command_step *given)
{
    Concordat__StepKind kind = (Concordat__StepKind)given->kind;
    enum status status = exchange_clocks_step(x, message, kind);

    if (status != ST_OK
        || (kind != CONCORDAT__STEP_KIND__REJECTED && kind != CONCORDAT__STEP_KIND__DECLINED))
        return status;
    if (kind == CONCORDAT__STEP_KIND__REJECTED)
        status = exchange_words_undone(x, message->sequence);
    if (status == ST_OK && kind == CONCORDAT__STEP_KIND__REJECTED)
        status = exchange_clocks_undone(x, &message->id, message->sequence);
    if (status == ST_OK)
        status = exchange_offer_undone(x, message->sequence, &message->id, message->sender + 1);
    if (status != ST_OK)
        return status;
    const struct words_end end = {.message = message->id,
                                  .sequence = message->sequence,
                                  .from = message->sender + 1,
                                  .by = message->recipient + 1,
                                  .how = kind == CONCORDAT__STEP_KIND__REJECTED
                                           ? CONCORDAT__CLOCK_KIND__CLOCK_REJECTED
                                           : CONCORDAT__CLOCK_KIND__CLOCK_DECLINED};
    return exchange_words_ended(x, &end);
}

static enum status record_step(struct exchange *x, const struct command_step *given, uint32_t place)
{
    struct message *message = messages_at(x->messages, place);
    struct event event = {.kind = EVENT_STEP,
                          .message_id = message->id,
                          .header_digest = message->header_digest,
                          .lane = message->lane,
                          .step_kind = (uint8_t)given->kind,
                          .message_sequence = message->sequence,
                          .step = {given->bytes, given->step_size},
                          .step_proof = {given->bytes + given->step_size, given->proof_size}};
    struct item item = {.size = (uint32_t)event_size(&event),
                        .agency = message->sender,
                        .lane = message->lane,
                        .is_step = true};

    TEXT_COPY(event.sender, directory_name(x->directory, message->sender));
    enum status status = queues_reserve(x->queues);
    if (status == ST_OK)
        status = exchange_record(x, &event, place);
    if (status != ST_OK)
        return status;
    if (message->steps == 0)
        settle_message(x, message);
    message->steps |= UINT32_C(1) << given->kind;
    message->last_step = given->step_digest;
    message->touched = event.sequence;
    item.sequence = event.sequence;
    queue_put_step(x->queues, &x->members[message->sender].queue, &item);
    exchange_wake(x, message->sender);
    x->counts.steps++;
    status = follow(x, messages_at(x->messages, place), given);
    return status == ST_OK ? answer(x, given) : status;
}

enum status exchange_step(struct exchange *x, const struct command_step *given)
{
    struct message *message = messages_find_received(x->messages, given->head.member,
                                                     &given->message_id, &given->header_digest);
    struct message stored;

    if (given->kind == 0 || given->kind >= sizeof rungs / sizeof *rungs)
        return drop(x, given);
    if (!message) {
        enum status status = find_stored(x, given, &stored);
        if (status == ST_MORE)
            return drop(x, given);
        if (status != ST_OK)
            return status;
        message = &stored;
    }
    if (message->steps & UINT32_C(1) << given->kind) {
        /* Its answer was lost, or the agent lost its memory: what is recorded stands. */
        x->counts.steps_again++;
        return answer(x, given);
    }
    if (!fits(message, given))
        return drop(x, given);
    if (message != &stored)
        return record_step(x, given, messages_place(x->messages, message));
    if (messages_reserve(x->messages) != ST_OK)
        return ST_NOMEM;
    return record_step(x, given, messages_add(x->messages, &stored));
}

enum status exchange_settle(struct exchange *x, const struct command_settle *settle)
{
    uint32_t place = settle->head.member;
    struct member *member = &x->members[place];

    for (uint32_t i = 0; i < settle->count; i++) {
        struct item *item = queues_find(x->queues, settle->sequences[i]);

        /* Its own evidence only; a message is settled by a signed step and by nothing else. */
        if (!item || !item->is_step || item->agency != place)
            continue;
        struct event event = {
            .kind = EVENT_TAKEN, .lane = item->lane, .item_sequence = item->sequence};
        TEXT_COPY(event.agency, directory_name(x->directory, place));
        enum status status = exchange_record(x, &event, 0);
        if (status != ST_OK)
            return status;
        queue_remove(x->queues, &member->queue, item);
        x->counts.taken++;
    }
    exchange_wake(x, place);
    return ST_OK;
}
