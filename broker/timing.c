/*
 * timing.c - which clocks run: started by what is accepted, stopped by what it was that they waited
 * for. What happens when one is due: striking.c.
 *
 *     acceptance.c, ladder.c, conversing.c, custody.c --> start, stop --> EVENT_KEPT
 *
 * A clock is kept as it stands, in the batch of what changed it, so a restart finds it as it was.
 * What was owed and comes after the breach is told as late. Who may stop a clock: who owes it; by
 * what type and step, agreements/clock.c says. Source: docs/clocks.md.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define CLOCK(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name

enum status exchange_clock_start(struct exchange *x, struct clock_running *running)
{
    running->number = ledger_sequence(x->ledger) + 1; /* of its own record: unique */
    if (!clocks_start(x->clocks, running))
        return ST_NOMEM;
    return exchange_keep_clock(x, running);
}

/* Does somebody wait for what it is about, so that its coming late is news? */
static bool is_owed(Concordat__ClockKind kind)
{
    return kind == CLOCK(ACKNOWLEDGE) || kind == CLOCK(DECIDE) || kind == CLOCK(ANSWER)
        || kind == CLOCK(EXPECTED) || kind == CLOCK(FORWARD) || kind == CLOCK(CLOSE)
        || kind == CLOCK(COMPLETE);
}

/* `met`: what was owed has come; else it can come no more. */
enum status exchange_clock_stop(struct exchange *x, struct clock_running *running, bool met)
{
    enum status status = ST_OK;
    uint64_t number = running->number;

    if (met && running->clock.stage == STAGE(BREACHED) && is_owed(running->clock.kind))
        status = exchange_tell_clock(x, running, STAGE(LATE), "");
    clocks_stop(x->clocks, running);
    return status == ST_OK ? exchange_keep_no_clock(x, number) : status;
}

/* What came may not be opened, or never be handed over: until it is delivered the clock rests under
 * its message, and goes on if that is undone. */
static enum status rest(struct exchange *x, struct clock_running *running, const struct id *message,
                        uint64_t sequence)
{
    struct clock_running resting = *running;

    clocks_stop(x->clocks, running);
    resting.message = *message;
    resting.met_by = sequence;
    resting.clock.next_ms = INT64_MAX;
    if (!clocks_start(x->clocks, &resting))
        return ST_NOMEM;
    return exchange_keep_clock(x, &resting);
}

static enum status rest_met(struct exchange *x, struct clock_running *running,
                            const struct acceptance *accepted)
{
    enum status status = ST_OK;

    if (running->clock.stage == STAGE(BREACHED)
        && (running->clock.kind != CLOCK(EXPECTED)
            || strcmp(running->expected, accepted->question->type) == 0)) /* or the end of it all */
        status = exchange_tell_clock(x, running, STAGE(LATE), "");
    return status == ST_OK ? rest(x, running, &accepted->submit->message_id, accepted->sequence)
                           : status;
}

/* It may still be undone: nobody has it, or it has just been withheld and is not recorded yet. */
static bool is_on_its_way(struct exchange *x, uint64_t message)
{
    for (uint32_t i = 0; i < x->withholding_count; i++)
        if (x->withholding[i].sequence == message)
            return true;
    return queues_find(x->queues, message) != NULL;
}

/* Its conversation has ended, or was answered: until the message that did it is delivered, that may
 * be undone. */
static enum status rest_under(struct exchange *x, struct clock_running *running, uint64_t message)
{
    struct event event;

    if (message == 0 || !is_on_its_way(x, message))
        return exchange_clock_stop(x, running, false);
    enum status status = exchange_event(x, message, &event);
    if (status != ST_OK)
        return status == ST_MORE ? exchange_clock_stop(x, running, false) : status;
    return rest(x, running, &event.message_id, message);
}

/* What the clock waits for is there all the same: another answer counts. (Of an offer that is made
 * again each has its own.) */
static bool is_answered_by_other(const struct conversation_kept *kept,
                                 const struct clock_running *running)
{
    return kept && kept->conversation.opened->custody == CUSTODY_NONE
        && running->message_sequence == kept->first
        && (running->clock.kind == CLOCK(DECIDE) || running->clock.kind == CLOCK(ANSWER))
        && conversation_answered_by_other(&kept->conversation, running->met_by);
}

/* The message that started it: the conversation's first, but of an expectation it may be another.
 */
static struct id cause_of(struct exchange *x, const struct clock_running *running)
{
    struct event event;

    if (running->clock.kind == CLOCK(EXPECTED) && running->message_sequence != 0
        && exchange_event(x, running->message_sequence, &event) == ST_OK)
        return event.message_id;
    return running->conversation;
}

static enum status go_on(struct exchange *x, struct clock_running *running)
{
    struct clock_running again = *running;

#ifdef PLANT_REJECTED_SILENT /* a bug for tests/sim/custody.c to catch; no other build has it */
    return exchange_clock_stop(x, running, false);
#endif
    if (running->clock.kind == CLOCK(EXPECTED) && exchange_find_expected(x, running))
        return exchange_clock_stop(x, running, false); /* by what has come since */
    again.message = cause_of(x, running);
    clocks_stop(x->clocks, running);
    again.met_by = 0;
    clock_resume(&again.clock, exchange_calendar(x));
    if (!clocks_start(x->clocks, &again))
        return ST_NOMEM;
    return exchange_keep_clock(x, &again);
}

/* ---- a message is accepted ---- */

/* Does it go to who waits for it? In a conversation that is kept its rules see to that; else it
 * goes there itself. A copy for somebody else stops nothing. */
static bool is_to_who_waits(struct exchange *x, const struct clock_running *running,
                            const struct acceptance *accepted)
{
    return conversations_find(x->cases, &running->conversation)
             ? id_equal(&running->conversation, &accepted->submit->conversation_id)
             : running->owed_to == accepted->recipient + 1;
}

/* Is the message what the clock waits for? `by`: what the two have in common. */
static bool is_met(struct exchange *x, const struct clock_running *running, enum clocks_by by,
                   const struct acceptance *accepted)
{
    const char *type = accepted->question->type;
    uint32_t sender = accepted->submit->head.member + 1;

    if (running->met_by != 0)
        return false;
    if (running->clock.kind == CLOCK(EXPECTED))
        return exchange_meets_expected(x, running, by, accepted);
    if (running->clock.kind == CLOCK(CLOSE)) /* whichever side closes it */
        return by == CLOCKS_BY_CONVERSATION
            && clock_is_stopped_by_type(CLOCK(CLOSE), catalogue_find(running->type), type);
    return by != CLOCKS_BY_CASE && running->owed_by == sender
        && clock_is_stopped_by_type(running->clock.kind, catalogue_find(running->type), type)
        && is_to_who_waits(x, running, accepted);
}

/* Can it be owed again, when what came is undone? What is expected; and what is owed to the first
 * message of a conversation that is kept. (What is to be passed on, conversing.c starts again.) */
static bool may_go_on(struct exchange *x, const struct clock_running *running)
{
    return running->clock.kind == CLOCK(EXPECTED)
        || ((running->clock.kind == CLOCK(DECIDE) || running->clock.kind == CLOCK(ANSWER)
             || running->clock.kind == CLOCK(CLOSE))
            && conversations_find(x->cases, &running->conversation));
}

/* What one message meets has a bound, or it would not fit a batch. Beyond it a clock goes on, so
 * that something kept may be told as missed, and never something missed as kept. What is owed has
 * its own: nobody's expectations keep an answer from stopping what it answers. */
static bool may_meet(struct exchange *x, const struct clock_running *running)
{
    uint32_t *left = running->clock.kind == CLOCK(EXPECTED) ? &x->meets_expected : &x->meets;

    if (*left == 0)
        return false;
    --*left;
    return true;
}

static enum status stop_met(struct exchange *x, enum clocks_by by, const struct id *id,
                            const struct acceptance *accepted)
{
    struct clock_running *running;
    uint32_t at = 0;

    if (id_is_zero(id))
        return ST_OK;
    while ((running = clocks_next(x->clocks, by, id, &at))) {
        enum status status = ST_OK;
        if (is_met(x, running, by, accepted) && may_meet(x, running))
            status = may_go_on(x, running) ? rest_met(x, running, accepted)
                                           : exchange_clock_stop(x, running, true);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* The type that is to come; none: a step will do. */
static void name_expected(struct clock_running *running, const struct acceptance *accepted)
{
    const struct message_type *type = accepted->decision->clause->type;
    const char *name = running->clock.kind == CLOCK(ACKNOWLEDGE) ? type->acknowledged_by
                     : running->clock.kind == CLOCK(OPEN)        ? NULL
                     : running->clock.kind == CLOCK(CLOSE)       ? type->closed_by
                                                                 : type->answered_by;

    if (name)
        TEXT_COPY(running->expected, name);
}

static enum status start_of(struct exchange *x, const struct acceptance *accepted,
                            const struct clock *clock)
{
    const struct command_submit *submit = accepted->submit;
    const struct agreement *agreement = accepted->decision->agreement;
    uint32_t sender = submit->head.member + 1, recipient = accepted->recipient + 1;
    struct clock_running running = {.clock = *clock,
                                    .message = submit->message_id,
                                    .conversation = submit->conversation_id,
                                    .case_handle = submit->case_handle,
                                    .message_sequence = accepted->sequence,
                                    .owed_by = clock->debtor == DEBTOR_SENDER ? sender : recipient,
                                    .owed_to = clock->debtor == DEBTOR_SENDER ? recipient : sender,
                                    .agreement_version = agreement->version,
                                    .agreement_hash = agreement->hash};

    TEXT_COPY(running.type, accepted->question->type);
    TEXT_COPY(running.agreement_id, agreement->id);
    TEXT_COPY(running.clause, accepted->decision->clause->id);
    if (clock->kind == CLOCK(EXPECTED))
        return exchange_start_expected(x, clock, &running, agreement);
    name_expected(&running, accepted);
    return exchange_clock_start(x, &running);
}

/* The holder's name, when the case has one. */
static const char *holder_of(const struct exchange *x, const struct id *case_handle)
{
    const struct case_held *held = cases_find(x->cases, case_handle);

    return held && held->custody.holder != 0
             ? directory_name(x->directory, held->custody.holder - 1)
             : NULL;
}

struct clock_cause exchange_clock_cause(const struct exchange *x, const struct acceptance *accepted)
{
    return (struct clock_cause){.agreement = accepted->decision->agreement,
                                .clause = accepted->decision->clause,
                                .type = accepted->decision->clause->type,
                                .urgency = accepted->submit->lane == 0
                                             ? CONCORDAT__URGENCY__IMMEDIATE
                                             : CONCORDAT__URGENCY__ROUTINE,
                                .sender = accepted->question->from,
                                .recipient = accepted->question->to,
                                .holder = holder_of(x, &accepted->submit->case_handle),
                                .accepted_ms = x->now_ms,
                                .needed_by_ms = accepted->submit->needed_by_ms,
                                .watch_until_ms = accepted->submit->watch_until_ms};
}

static enum status start_all(struct exchange *x, const struct acceptance *accepted)
{
    const struct clock_cause cause = exchange_clock_cause(x, accepted);
    struct clock clocks[CLOCKS_OF_MAX];
    size_t count;

    clocks_of(&cause, exchange_calendar(x), clocks, &count);
    for (size_t i = 0; i < count; i++) {
        enum status status = start_of(x, accepted, &clocks[i]);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status exchange_clocks_met(struct exchange *x, const struct acceptance *accepted)
{
    const struct command_submit *submit = accepted->submit;

    x->meets = x->meets_expected = CLOCKS_MET_MAX;
    enum status status = stop_met(x, CLOCKS_BY_MESSAGE, &submit->in_reply_to, accepted);
    if (status == ST_OK)
        status = stop_met(x, CLOCKS_BY_CONVERSATION, &submit->conversation_id, accepted);
    return status == ST_OK ? stop_met(x, CLOCKS_BY_CASE, &submit->case_handle, accepted) : status;
}

enum status exchange_clocks_message(struct exchange *x, const struct acceptance *accepted)
{
    enum status status = exchange_tally(x, accepted);

    return status == ST_OK ? start_all(x, accepted) : status;
}

/* ---- other ends ---- */

/* What is owed to a conversation's first message goes with the case; who has not the case any more
 * answers and declines nothing. */
static bool is_debtors(const struct clock_running *running, uint32_t recipient)
{
    return (running->clock.kind != CLOCK(DECIDE) && running->clock.kind != CLOCK(ANSWER))
        || running->owed_by == recipient + 1;
}

/* What rests stands under another message, but is the conversation's first's: a step on that ends
 * it all the same, or it would go on for what has been done since. */
static enum status stop_resting(struct exchange *x, const struct message *message,
                                Concordat__StepKind step)
{
    struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, CLOCKS_BY_CONVERSATION, &message->id, &at))) {
        struct clock_running told = *running;
        enum status status = ST_OK;
        if (running->met_by == 0 || running->message_sequence != message->sequence
            || !is_debtors(running, message->recipient)
            || !clock_is_stopped_by_step(running->clock.kind, catalogue_find(running->type), step))
            continue;
        told.message = message->id; /* not the one under which it rests */
        if (told.clock.kind == CLOCK(ACKNOWLEDGE) && told.clock.stage == STAGE(BREACHED)
            && step != CONCORDAT__STEP_KIND__REJECTED)
            status = exchange_tell_clock(x, &told, STAGE(LATE), "");
        if (status == ST_OK)
            status = exchange_clock_stop(x, running, false);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status exchange_clocks_step(struct exchange *x, const struct message *message,
                                 Concordat__StepKind step)
{
    enum status stopped = stop_resting(x, message, step);
    struct clock_running *running;
    uint32_t at = 0;

    if (stopped != ST_OK)
        return stopped;
    while ((running = clocks_next(x->clocks, CLOCKS_BY_MESSAGE, &message->id, &at))) {
        bool met = step != CONCORDAT__STEP_KIND__REJECTED;
        if (running->met_by != 0
                ? running->met_by != message->sequence || !met
                : running->message_sequence != message->sequence
                      || !is_debtors(running, message->recipient)
                      || !clock_is_stopped_by_step(running->clock.kind,
                                                   catalogue_find(running->type), step))
            continue;
        enum status status = exchange_clock_stop(x, running, met && running->met_by == 0);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status exchange_clocks_withheld(struct exchange *x, const struct id *message_id,
                                     uint64_t sequence)
{
    struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, CLOCKS_BY_MESSAGE, message_id, &at))) {
        if (running->met_by != 0 || running->message_sequence != sequence)
            continue;
        enum status status = exchange_clock_stop(x, running, false);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status exchange_clocks_undone(struct exchange *x, const struct id *message_id,
                                   uint64_t sequence)
{
    struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, CLOCKS_BY_MESSAGE, message_id, &at))) {
        const struct conversation_kept *kept = conversations_find(x->cases, &running->conversation);

        if (running->met_by != sequence)
            continue;
        if (exchange_is_former_end(running)) {
            enum status undone = exchange_watch_undone(x, running);
            if (undone != ST_OK)
                return undone;
            continue;
        }
        if (is_answered_by_other(kept, running)) {
            enum status rested = rest_under(x, running, kept->conversation.answered_in);
            if (rested != ST_OK)
                return rested;
            continue;
        }
        bool owed =
            (running->clock.kind == CLOCK(EXPECTED) && !exchange_is_expected_there(x, running))
            || (kept && kept->conversation.state != CONVERSATION_CLOSED);
        enum status status = owed ? go_on(x, running)
                           : kept ? rest_under(x, running, kept->conversation.ended_in)
                                  : exchange_clock_stop(x, running, false);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* An answer has come for who asked before, and is still to be passed on: whatever ends. */
static bool is_forward_owed(struct exchange *x, const struct id *conversation)
{
    const struct conversation_kept *kept = conversations_find(x->cases, conversation);

    return kept && kept->conversation.answered && kept->conversation.before != 0
        && !kept->conversation.before_was_other;
}

enum status exchange_clocks_ended(struct exchange *x, const struct conversation *conversation)
{
    const struct conversation_kept *kept = conversations_find(x->cases, &conversation->id);
    const bool owed = is_forward_owed(x, &conversation->id);
    struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, CLOCKS_BY_CONVERSATION, &conversation->id, &at))) {
        Concordat__ClockKind kind = running->clock.kind;
        /* Its first message's (others may have sent one of the same id), or of an offer made again.
         */
        bool of_first = kind == CLOCK(EXPECTED)
                          ? exchange_is_expected_there(x, running)
                          : (kept && running->message_sequence == kept->first)
                                || (conversation->opened->custody == CUSTODY_OFFER
                                    && strcmp(running->type, conversation->opened->name) == 0
                                    && (kind == CLOCK(ACKNOWLEDGE) || kind == CLOCK(DECIDE)));

        if (running->met_by != 0
            || (!of_first && kind != CLOCK(GAP) && (kind != CLOCK(FORWARD) || owed)))
            continue;
        enum status status = of_first ? rest_under(x, running, conversation->ended_in)
                                      : exchange_clock_stop(x, running, false);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}
