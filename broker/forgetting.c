/*
 * forgetting.c - what has ended long ago is forgotten; and what is open, and silent for ever.
 *
 *     open, SILENT_DAYS of silence --> both sides are told --SILENT_MORE_DAYS, and both have heard
 *         of it--> forgotten
 *
 * An open conversation waits as long as anything of it may come due: while a clock of it runs or
 * rests, its case is open, an answer of it is to be passed on, a message is held, or something
 * older than the telling waits for one of its sides. Then nobody is promised anything by it any
 * more: an answer that comes after all is accepted like one in a conversation that is not kept.
 * Source: docs/custody.md.
 */
#include "broker/exchange_inside.h"
#include "lib/text.h"

#define LOOKED_AT_ONCE                                                                             \
    1024 /* cases and conversations in one batch, whether they can be forgotten */
#define DAY_MS INT64_C(86400000)

/* ---- conversations that are open ---- */

static bool is_held_open(struct exchange *x, const struct conversation_kept *kept)
{
    const struct conversation *c = &kept->conversation;
    const struct case_held *held =
        id_is_zero(&c->case_handle) ? NULL : cases_find(x->cases, &c->case_handle);
    uint32_t at = 0;

    return kept->held_count > 0 || c->state == CONVERSATION_FORWARDING /* an answer is owed */
        || (held && held->custody.version > 0 && !held->custody.is_closed)
        || clocks_next(x->clocks, CLOCKS_BY_CONVERSATION, &c->id, &at);
}

/* Nothing waits for the agency that is as old as event `sequence'. Within minutes: what was held
 * stands behind what came later. */
static bool has_heard(struct exchange *x, uint32_t agency, uint64_t sequence)
{
    const struct queue *queue = &x->members[agency - 1].queue;
    const struct item *item = queue_first_flying(x->queues, queue);

    for (unsigned lane = 0; lane < LANES; lane++) {
        if (item && item->sequence <= sequence)
            return false;
        item = queue_first(x->queues, queue, lane);
    }
    return !item || item->sequence > sequence;
}

/* Both sides, once; and it is kept that they were. */
static enum status tell_silent(struct exchange *x, struct conversation_kept *kept)
{
    const struct conversation *c = &kept->conversation;
    struct clock_running silent = {
        .number = kept->first,
        .clock = {.kind = CONCORDAT__CLOCK_KIND__CLOCK_SILENT,
                  .due_ms = x->now_ms + SILENT_MORE_DAYS * DAY_MS},
        .message = c->id,
        .conversation = c->id,
        .case_handle = c->case_handle,
        .owed_by = c->other,
        .owed_to = c->asker,
    };

    TEXT_COPY(silent.type, c->opened->name);
    enum status status = exchange_tell_clock(x, &silent, CONCORDAT__CLOCK_STAGE__STAGE_WARNED, "");
    kept->silent_ms = x->now_ms;
    kept->silent_told = ledger_sequence(x->ledger);
    x->counts.silent++;
    return status == ST_OK ? exchange_keep_conversation(x, kept) : status;
}

static bool was_told(const struct conversation_kept *kept)
{
    return kept->silent_told != 0 && kept->silent_ms >= kept->conversation.changed_ms;
}

static bool may_go(struct exchange *x, const struct conversation_kept *kept)
{
    const struct conversation *c = &kept->conversation;

    return was_told(kept) && kept->silent_ms <= x->now_ms - SILENT_MORE_DAYS * DAY_MS
        && has_heard(x, c->asker, kept->silent_told) && has_heard(x, c->other, kept->silent_told);
}

static enum status forget_conversation(struct exchange *x, const struct conversation_kept *kept)
{
    const struct id id = kept->conversation.id;

    conversations_delete(x->cases, &id);
    return exchange_keep_no(x, KEPT_CONVERSATION, &id);
}

static enum status look_at_open(struct exchange *x, struct conversation_kept *kept)
{
    if (kept->conversation.changed_ms > x->now_ms - SILENT_DAYS * DAY_MS || is_held_open(x, kept))
        return ST_OK;
    if (!was_told(kept))
        return tell_silent(x, kept);
    if (!may_go(x, kept))
        return ST_OK;
    x->counts.silent_forgotten++;
    return forget_conversation(x, kept);
}

/* ---- what has ended ---- */

static enum status look_at_conversation(struct exchange *x, struct conversation_kept *kept,
                                        int64_t until_ms)
{
    if (kept->conversation.state != CONVERSATION_CLOSED)
        return look_at_open(x, kept);
    return kept->conversation.changed_ms < until_ms ? forget_conversation(x, kept) : ST_OK;
}

/* A case goes after its conversations, so that none is left without. */
static enum status forget_case(struct exchange *x, const struct case_held *held, int64_t until_ms)
{
    const struct id handle = held->handle;

    if (!held->custody.is_closed || held->changed_ms >= until_ms || held->first != 0)
        return ST_OK;
    x->members[held->opened_by - 1].cases_opened--;
    cases_delete(x->cases, &handle);
    return exchange_keep_no(x, KEPT_CASE, &handle);
}

enum status exchange_forget_cases(struct exchange *x)
{
    int64_t until_ms = x->now_ms - DUPLICATE_DAYS * DAY_MS;
    enum status status = ST_OK;

    for (int i = 0; status == ST_OK && x->forgetting != FORGET_NOTHING && i < LOOKED_AT_ONCE
                    && exchange_has_room(x);
         i++) {
        struct conversation_kept *kept = NULL;
        const struct case_held *held = NULL;

        if (x->forgetting == FORGET_CONVERSATIONS)
            kept = conversations_walk(x->cases, &x->looked_at);
        else
            held = cases_walk(x->cases, &x->looked_at);
        if (kept)
            status = look_at_conversation(x, kept, until_ms);
        else if (held)
            status = forget_case(x, held, until_ms);
        else
            x->forgetting = x->forgetting == FORGET_CONVERSATIONS ? FORGET_CASES : FORGET_NOTHING;
    }
    x->counts.cases = cases_count(x->cases);
    x->counts.conversations = conversations_count(x->cases);
    return status;
}
