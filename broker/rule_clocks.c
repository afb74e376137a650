/*
 * rule_clocks.c - clocks that no clause gives, but the rules of conversations and custody: a number
 * that is missing, an offer that is open, a case that is all accepted, an answer to be passed on.
 *
 *     conversing.c, custody.c --> start, stop (timing.c)
 *
 * Source: docs/clocks.md.
 */
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define CLOCK(name) CONCORDAT__CLOCK_KIND__CLOCK_##name

static struct clock_running *find(struct exchange *x, enum clocks_by by, const struct id *id,
                                  Concordat__ClockKind kind, uint32_t owed_by)
{
    struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, by, id, &at)))
        if (running->clock.kind == kind && (owed_by == 0 || running->owed_by == owed_by))
            return running;
    return NULL;
}

enum status exchange_clock_gap(struct exchange *x, const struct conversation *conversation,
                               uint32_t from, uint32_t missing)
{
    struct clock_running running = {.clock = clock_until(CLOCK(GAP), x->now_ms, x->now_ms + GAP_MS),
                                    .conversation = conversation->id,
                                    .case_handle = conversation->case_handle,
                                    .owed_by = from,
                                    .owed_to = conversation->asker == from ? conversation->other
                                                                           : conversation->asker};

    if (find(x, CLOCKS_BY_CONVERSATION, &conversation->id, CLOCK(GAP), from))
        return ST_OK;
    running.clock.count = missing;
    TEXT_COPY(running.type, conversation->opened->name);
    return exchange_clock_start(x, &running);
}

enum status exchange_clock_gap_stop(struct exchange *x, const struct id *conversation,
                                    uint32_t from)
{
    struct clock_running *running = find(x, CLOCKS_BY_CONVERSATION, conversation, CLOCK(GAP), from);

    return running ? exchange_clock_stop(x, running, false) : ST_OK;
}

enum status exchange_clock_reply(struct exchange *x, const struct id *case_handle,
                                 const struct id *offer, uint32_t from, uint32_t to,
                                 int64_t reply_by_ms)
{
    struct clock_running running = {.clock = clock_until(CLOCK(REPLY), x->now_ms, reply_by_ms),
                                    .message = *offer,
                                    .case_handle = *case_handle,
                                    .owed_by = to,
                                    .owed_to = from};
    enum status status = exchange_clock_reply_stop(x, case_handle);

    TEXT_COPY(running.type, "case.transfer.offer");
    TEXT_COPY(running.expected, "case.transfer.accept");
    return status == ST_OK ? exchange_clock_start(x, &running) : status;
}

enum status exchange_clock_reply_stop(struct exchange *x, const struct id *case_handle)
{
    struct clock_running *running = find(x, CLOCKS_BY_CASE, case_handle, CLOCK(REPLY), 0);

    return running ? exchange_clock_stop(x, running, false) : ST_OK;
}

/* It belongs to the transfer, not to the message: whether that is opened does not matter to it. */
enum status exchange_clock_complete(struct exchange *x, const struct acceptance *accepted)
{
    const struct clock_cause cause = exchange_clock_cause(x, accepted);
    const struct agreement *agreement = accepted->decision->agreement;
    const struct clause *offer;
    struct clock_running running = {.clock = clock_complete(&cause, exchange_calendar(x), &offer),
                                    .message = accepted->submit->message_id,
                                    .conversation = accepted->submit->conversation_id,
                                    .case_handle = accepted->submit->case_handle,
                                    .owed_by = accepted->submit->head.member + 1,
                                    .owed_to = accepted->recipient + 1,
                                    .agreement_version = agreement->version,
                                    .agreement_hash = agreement->hash};

    TEXT_COPY(running.type, accepted->question->type);
    TEXT_COPY(running.expected, "case.transfer.complete");
    TEXT_COPY(running.agreement_id, agreement->id);
    TEXT_COPY(running.clause, (offer ? offer : accepted->decision->clause)->id);
    enum status status = exchange_clock_complete_stop(x, &accepted->submit->case_handle, false);
    return status == ST_OK ? exchange_clock_start(x, &running) : status;
}

enum status exchange_clock_complete_stop(struct exchange *x, const struct id *case_handle, bool met)
{
    struct clock_running *running = find(x, CLOCKS_BY_CASE, case_handle, CLOCK(COMPLETE), 0);

    return running ? exchange_clock_stop(x, running, met) : ST_OK;
}

enum status exchange_clock_forward(struct exchange *x, const struct conversation *conversation,
                                   const struct id *answer, uint64_t sequence)
{
    const struct span hour = {FORWARD_MINUTES, true};
    struct clock_running running = {
        .clock = clock_until(
            CLOCK(FORWARD), x->now_ms,
            calendar_add(exchange_calendar(x), CALENDAR_ENGLAND_AND_WALES, x->now_ms, &hour)),
        .message = *answer,
        .message_sequence = sequence,
        .conversation = conversation->id,
        .case_handle = conversation->case_handle,
        .owed_by = conversation->before,
        .owed_to = conversation->asker};

    if (find(x, CLOCKS_BY_CONVERSATION, &conversation->id, CLOCK(FORWARD), 0))
        return ST_OK;
    running.clock.span = hour;
    running.clock.calendar = CALENDAR_ENGLAND_AND_WALES;
    TEXT_COPY(running.type,
              conversation->opened->answered_by ? conversation->opened->answered_by : "");
    TEXT_COPY(running.expected, LATE_ANSWER);
    return exchange_clock_start(x, &running);
}
