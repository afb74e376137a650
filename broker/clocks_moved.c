/*
 * clocks_moved.c - whose the clocks of a case are when it has another holder.
 *
 *     custody.c: COMPLETE --> what the former holder owed or was owed --> EVENT_KEPT
 *
 * Source: docs/clocks.md.
 */
#include "broker/exchange_inside.h"

#define CLOCK(name) CONCORDAT__CLOCK_KIND__CLOCK_##name

/* From whom to whom, and how many clocks so far. */
struct passage {
    uint32_t from, to, count;
    bool is_judged; /* nothing changes yet: they are counted */
};

/* What was sent to the former holder, it alone can acknowledge or open; and it passes on what came
 * for it. All else follows the case. */
static bool follows_by(Concordat__ClockKind kind)
{
    return kind != CLOCK(ACKNOWLEDGE) && kind != CLOCK(OPEN) && kind != CLOCK(FORWARD)
        && kind != CLOCK(REPLY);
}

/* A conversation that is open and has not moved stays with who had it, and so does what is owed in
 * it. Before they have moved all may, but for those between the two. */
static bool has_stayed(const struct conversation *c, const struct passage *p)
{
    return p->is_judged ? (c->asker == p->from && c->other == p->to)
                              || (c->asker == p->to && c->other == p->from)
                        : c->asker == p->from || c->other == p->from;
}

static bool stays(struct exchange *x, const struct clock_running *running, const struct passage *p)
{
    const struct conversation_kept *kept = conversations_find(x->cases, &running->conversation);

    return kept && kept->conversation.state != CONVERSATION_CLOSED
        && has_stayed(&kept->conversation, p);
}

/* Does the clock belong to the conversation, and not to one message said in it? */
static bool is_of_conversation(const struct conversation_kept *kept,
                               const struct clock_running *running)
{
    Concordat__ClockKind kind = running->clock.kind;

    return kind == CLOCK(GAP) || kind == CLOCK(FORWARD)
        || (kind != CLOCK(EXPECTED)
            && (running->met_by != 0 || running->message_sequence == kept->first));
}

static enum status pass_on(struct exchange *x, struct clock_running *running, struct passage *p)
{
    const bool by = running->owed_by == p->from && follows_by(running->clock.kind)
                 && !exchange_is_named(x, running);
    const bool to = running->owed_to == p->from && exchange_may_be_sent(x, running, p->to);

    if (!by && !to)
        return ST_OK;
    p->count++;
    if (p->is_judged)
        return ST_OK;
    running->owed_by = by ? p->to : running->owed_by;
    running->owed_to = to ? p->to : running->owed_to;
    /* Both sides may be one now: nothing is owed. */
    return running->owed_by == running->owed_to ? exchange_clock_stop(x, running, false)
                                                : exchange_keep_clock(x, running);
}

static enum status pass_conversation(struct exchange *x, const struct conversation_kept *kept,
                                     struct passage *p)
{
    struct clock_running *running;
    enum status status = ST_OK;
    uint32_t at = 0;

    while (
        status == ST_OK
        && (running = clocks_next(x->clocks, CLOCKS_BY_CONVERSATION, &kept->conversation.id, &at)))
        if (is_of_conversation(kept, running))
            status = pass_on(x, running, p);
    return status;
}

/* What is owed in the open conversations of the case, and what is expected about it. In one that
 * has ended nothing can be said again once the case has moved, so what rests there stays. */
static enum status pass_all(struct exchange *x, const struct case_held *held, struct passage *p)
{
    const struct conversation_kept *kept = conversations_first(x->cases, held);
    struct clock_running *running;
    enum status status = ST_OK;
    uint32_t at = 0;

    for (; kept && status == ST_OK; kept = conversations_next(x->cases, kept))
        if (kept->conversation.state != CONVERSATION_CLOSED && !has_stayed(&kept->conversation, p))
            status = pass_conversation(x, kept, p);
    while (status == ST_OK
           && (running = clocks_next(x->clocks, CLOCKS_BY_CASE, &held->handle, &at)))
        if (running->clock.kind == CLOCK(EXPECTED) && !stays(x, running, p))
            status = pass_on(x, running, p);
    return status;
}

uint32_t exchange_clocks_moving(struct exchange *x, const struct case_held *held, uint32_t from,
                                uint32_t to)
{
    struct passage passage = {from, to, 0, .is_judged = true};
    enum status status = pass_all(x, held, &passage);

    assert(status == ST_OK); /* nothing is written */
    return passage.count;
}

enum status exchange_clocks_moved(struct exchange *x, const struct case_held *held, uint32_t from,
                                  uint32_t to)
{
    struct passage passage = {from, to, 0, .is_judged = false};

    return pass_all(x, held, &passage);
}
