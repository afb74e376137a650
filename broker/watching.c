/*
 * watching.c - until when what is referred is watched: an update may name another end of it.
 *
 *     acceptance.c: an update is accepted --> its CLOSE clock is due by the new end
 *     ladder.c, withholding.c: it cannot be opened, or is withheld --> by the end before
 *
 * Until the update is delivered the end before rests as a record of its own under that message, so
 * that a restart finds it; the message's step stops it as it does any clock that rests. Several may
 * be on their way, and become known to be opened or not in any order: each record holds the end
 * that stood before its update, by the numbers of who sends them. What was told stays told. Source:
 * docs/clocks.md.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define CLOSE CONCORDAT__CLOCK_KIND__CLOCK_CLOSE
#define BREACHED CONCORDAT__CLOCK_STAGE__STAGE_BREACHED
#define FORMER_ENDS_MAX 4 /* of a conversation; beyond, the first update counts as delivered */

bool exchange_is_former_end(const struct clock_running *running)
{
    return running->clock.kind == CLOSE && running->before != 0;
}

/* All of a conversation's. */
struct watch_ends {
    struct clock_running *clock;         /* NULL: none runs */
    struct clock_running *first, *after; /* former ends: the first of all; and the next after
                                            the number asked for */
    struct clock_running *said_in;       /* has the end that the number asked for said */
    uint32_t former_count;
};

static struct watch_ends ends_of(struct exchange *x, const struct id *conversation, uint64_t number)
{
    struct watch_ends ends = {.clock = NULL};
    struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, CLOCKS_BY_CONVERSATION, conversation, &at))) {
        if (running->clock.kind != CLOSE)
            continue;
        if (running->end_in == number)
            ends.said_in = running;
        if (running->before == 0) {
            ends.clock = running;
            continue;
        }
        ends.former_count++;
        if (!ends.first || running->before < ends.first->before)
            ends.first = running;
        if (running->before > number && (!ends.after || running->before < ends.after->before))
            ends.after = running;
    }
    return ends;
}

/* ---- an end ---- */

/* The close is due by `end`, in place of another. What is overdue and was told is not told again.
 */
static enum status take(struct exchange *x, struct clock_running *running, const struct clock *end,
                        uint64_t end_in)
{
    const bool was_told = running->clock.stage == BREACHED;

    running->clock = *end;
    running->clock.next_ms = INT64_MAX; /* as it is of one that rests */
    running->end_in = end_in;
    if (!exchange_is_former_end(running)) {
        clock_resume(&running->clock, exchange_calendar(x));
        if (was_told && running->clock.due_ms <= x->now_ms)
            running->clock.stage = BREACHED;
        if (running->clock.stage == BREACHED || running->met_by != 0)
            running->clock.next_ms = INT64_MAX;
        clocks_put(x->clocks, running);
    }
    return exchange_keep_clock(x, running);
}

/* ---- an update says another ---- */

/* Nobody had said an end before, or it is long forgotten: the clause for such a referral in the
 * update's own agreement says by when it is to be closed. False: there is none, or it says nothing.
 */
static bool clock_of(struct exchange *x, const struct acceptance *accepted,
                     const struct conversation_kept *kept, struct clock_running *out)
{
    const struct conversation *c = &kept->conversation;
    const struct agreement *agreement = accepted->decision->agreement;
    const struct clock_cause cause = {.agreement = agreement,
                                      .clause = agreement_clause_for(agreement, c->opened,
                                                                     accepted->question->from,
                                                                     accepted->question->to),
                                      .sender = accepted->question->from,
                                      .watch_until_ms = accepted->submit->watch_until_ms};

    *out = (struct clock_running){.message = c->id,
                                  .conversation = c->id,
                                  .case_handle = c->case_handle,
                                  .message_sequence = kept->first,
                                  .owed_by = c->asker,
                                  .owed_to = c->other,
                                  .end_in = accepted->submit->sequence,
                                  .agreement_version = agreement->version,
                                  .agreement_hash = agreement->hash};
    if (!cause.clause || !clock_close(&cause, exchange_calendar(x), &out->clock))
        return false;
    TEXT_COPY(out->type, c->opened->name);
    TEXT_COPY(out->expected, c->opened->closed_by);
    TEXT_COPY(out->agreement_id, agreement->id);
    TEXT_COPY(out->clause, cause.clause->id);
    return true;
}

/* The end that stood before the update rests under it. */
static enum status keep_former(struct exchange *x, const struct clock_running *ended,
                               const struct acceptance *accepted)
{
    struct clock_running former = *ended;

    former.message = accepted->submit->message_id;
    former.met_by = accepted->sequence;
    former.before = accepted->submit->sequence;
    former.clock.next_ms = INT64_MAX;
    return exchange_clock_start(x, &former);
}

static enum status drop_first(struct exchange *x, const struct id *conversation)
{
    const struct watch_ends ends = ends_of(x, conversation, 0);

    return ends.former_count < FORMER_ENDS_MAX ? ST_OK : exchange_clock_stop(x, ends.first, false);
}

/* Stops again if this update is undone. */
static enum status start(struct exchange *x, const struct acceptance *accepted,
                         const struct conversation_kept *kept)
{
    struct clock_running first, none;

    if (!clock_of(x, accepted, kept, &first))
        return ST_OK;
    none = first;
    none.end_in = 0;
    none.clock.started_ms = none.clock.due_ms = 0;
    enum status status = exchange_clock_start(x, &first);
    return status == ST_OK ? keep_former(x, &none, accepted) : status;
}

static enum status move(struct exchange *x, const struct acceptance *accepted)
{
    const struct id *id = &accepted->submit->conversation_id;
    const uint64_t number = accepted->submit->sequence;
    const struct watch_ends before = ends_of(x, id, number);
    const struct clock_running *ended = before.after ? before.after : before.clock;
    struct clock end = before.clock->clock;

    end.stage = CONCORDAT__CLOCK_STAGE__STAGE_UNSPECIFIED;
    end.started_ms = accepted->submit->watch_until_ms;
    if (before.former_count == 0 && ended->clock.started_ms == end.started_ms)
        return ST_OK;
    enum status status = keep_former(x, ended, accepted);
    if (status != ST_OK)
        return status;
    const struct watch_ends now = ends_of(x, id, number); /* starting one moves the others */
    return take(x, now.after ? now.after : now.clock, &end, number);
}

static bool is_said(const struct acceptance *accepted, const struct conversation_kept *kept)
{
    const struct conversation *c = &kept->conversation;

    return accepted->submit->watch_until_ms != 0 && c->state != CONVERSATION_CLOSED
        && c->asker == accepted->submit->head.member + 1 && c->opened->updated_by
        && strcmp(c->opened->updated_by, accepted->question->type) == 0;
}

enum status exchange_watch_moves(struct exchange *x, const struct acceptance *accepted)
{
    const struct id *id = &accepted->submit->conversation_id;
    const struct conversation_kept *kept = conversations_find(x->cases, id);

    if (!kept || !is_said(accepted, kept))
        return ST_OK;
    enum status status = drop_first(x, id);
    if (status != ST_OK)
        return status;
    const struct watch_ends ends = ends_of(x, id, 0);
    if (ends.clock)
        return move(x, accepted);
    return ends.former_count == 0 ? start(x, accepted, kept) : ST_OK;
}

enum status exchange_watch_undone(struct exchange *x, struct clock_running *former)
{
    const struct clock_running before = *former;
    const struct watch_ends ends = ends_of(x, &before.conversation, before.before);
    enum status status = exchange_clock_stop(x, former, false);

    /* A later update that was delivered has said another, or nothing is to be closed any more. */
    if (status != ST_OK || !ends.said_in)
        return status;
    if (before.clock.due_ms == 0 && !exchange_is_former_end(ends.said_in))
        return exchange_clock_stop(x, ends.said_in, false);
    return take(x, ends.said_in, &before.clock, before.end_in);
}
