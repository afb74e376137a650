/*
 * custody.c - acts of custody at acceptance: what a message does to its case, and who hears of it.
 *
 *     decide --> exchange_judge_deed --> accepted, said --> exchange_do_deed --> KEPT, TOLD
 *
 * The holder changes at COMPLETE alone, and in that batch every open conversation of the old holder
 * goes to the new one, but for what was put to the old and the new cannot answer: so between any
 * two batches a case has one holder, and its open conversations are the holder's. The transfer's
 * own conversation ends with the transfer. Rules: agreements/custody.h. Source: docs/custody.md.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"

#define DONE CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
#define CHANGE(name) CONCORDAT__CUSTODY_CHANGE__CASE_##name

bool exchange_is_holder(const struct exchange *x, uint32_t agency, const struct id *case_handle)
{
    const struct case_held *held = cases_find(x->cases, case_handle);

    return held && held->custody.holder == agency;
}

bool exchange_may_send(const struct exchange *x, const struct message_type *type, uint32_t from,
                       uint32_t to)
{
    const struct agreement_set *set = registrar_set(x->registrar);
    const char *sender = directory_name(x->directory, from - 1);
    const char *recipient = directory_name(x->directory, to - 1);

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        if (a->is_charter || !agreement_party(a, sender) || !agreement_party(a, recipient)
            || agreement_state_at(a, x->now_ms) != AGREEMENT_STATE_ACTIVE)
            continue;
        for (size_t j = 0; j < a->clause_count; j++)
            if (a->clauses[j].type == type && agreement_fits(a, a->clauses[j].from, sender)
                && agreement_fits(a, a->clauses[j].to, recipient))
                return true;
    }
    return false;
}

/* ---- judging ---- */

static struct custody_deed deed_of(const struct exchange *x, const struct command_submit *submit,
                                   const struct question *question)
{
    const struct custody_claim *claim = &submit->custody;

    return (struct custody_deed){
        .act = catalogue_find(question->type)->custody,
        .by = submit->head.member + 1,
        .to = directory_find(x->directory, question->to) + 1,
        .transfer = claim->transfer_id,
        .version = claim->case_version,
        .count = claim->component_count,
        .components = claim->components,
        .manifest = claim->manifest,
        .reply_by_ms = claim->reply_by_ms,
    };
}

static bool is_open_offer(const struct conversation *c)
{
    return c->opened->custody == CUSTODY_OFFER && c->state != CONVERSATION_CLOSED;
}

/* Only who was asked can end it. */
static bool is_own_enquiry(const struct conversation *c, uint32_t agency)
{
    return c->asker == agency && c->opened->pattern == PATTERN_ENQUIRY;
}

/* Does the offer name every open conversation in which the holder has part? Both lists ascend. A
 * list that is full may lack enquiries of the holder's own, which it cannot end itself. */
static bool names_all(struct exchange *x, const struct case_held *held,
                      const struct custody_claim *claim)
{
    const bool is_full = claim->conversation_count == CONVERSATIONS_MAX;
    uint32_t holder = held->custody.holder, at = 0;
    const struct conversation_kept *kept = conversations_first(x->cases, held);

    for (; kept; kept = conversations_next(x->cases, kept)) {
        const struct conversation *c = &kept->conversation;
        if (c->state == CONVERSATION_CLOSED || is_open_offer(c)
            || (c->asker != holder && c->other != holder))
            continue;
        while (at < claim->conversation_count
               && memcmp(claim->conversations[at].bytes, c->id.bytes, ID_SIZE) < 0)
            at++;
        bool named = at < claim->conversation_count && id_equal(&claim->conversations[at], &c->id);
        if (!named && !(is_full && is_own_enquiry(c, holder)))
            return false;
    }
    return true;
}

/* Of what is open when a case goes from one to another. */
struct moving {
    uint32_t answerable; /* referrals, and what was put to it: it can close or answer these */
    uint32_t asked;      /* enquiries of its own: only others can end them */
    uint32_t staying;    /* put to it, and it alone can answer it */
};

static struct moving count_moving(struct exchange *x, const struct case_held *held, uint32_t from,
                                  uint32_t to)
{
    const struct conversation_kept *kept = conversations_first(x->cases, held);
    struct moving moving = {0};

    for (; kept; kept = conversations_next(x->cases, kept)) {
        const struct conversation *c = &kept->conversation;
        if (exchange_leaves_conversation(x, c, from, to))
            moving.staying++;
        else if (exchange_moves_conversation(x, c, from, to))
            *(is_own_enquiry(c, from) ? &moving.asked : &moving.answerable) += 1;
    }
    return moving;
}

Concordat__RefusalCode exchange_judge_deed(struct exchange *x, const struct command_submit *submit,
                                           const struct question *question)
{
    const struct message_type *type = catalogue_find(question->type);
    const struct case_held *held = cases_find(x->cases, &submit->case_handle);
    struct custody custody = held ? held->custody : (struct custody){0};

    if (type->custody == CUSTODY_NONE)
        return DONE;
    const struct custody_deed deed = deed_of(x, submit, question);
    Concordat__RefusalCode code = custody_apply(&custody, &deed, x->now_ms);
    if (code == DONE && deed.act == CUSTODY_OFFER && !names_all(x, held, &submit->custody))
        return CONCORDAT__REFUSAL_CODE__CONVERSATION_MISSING;
    if (code != DONE || deed.act != CUSTODY_COMPLETE)
        return code;
    struct moving moving = count_moving(x, held, deed.to, deed.by);
    if (moving.answerable + moving.staying > CONVERSATIONS_MAX)
        return CONCORDAT__REFUSAL_CODE__CONVERSATION_MISSING;
    return exchange_clocks_moving(x, held, deed.to, deed.by) > CLOCKS_MOVED_MAX
             ? CONCORDAT__REFUSAL_CODE__RATE_LIMITED
             : DONE;
}

/* ---- doing ---- */

static enum status keep(struct exchange *x, struct case_held *held)
{
    held->changed_ms = x->now_ms;
    if (held->custody.transfer.to == 0)
        case_offer_nothing(x->cases, held);
    return exchange_keep_case(x, held);
}

/* The transfer's own conversation. */
static enum status end_offer(struct exchange *x, const struct case_held *held)
{
    struct conversation_kept *kept = conversations_first(x->cases, held);
    enum status status = ST_OK;

    for (; kept && status == ST_OK; kept = conversations_next(x->cases, kept))
        if (is_open_offer(&kept->conversation))
            status = exchange_end_conversation(x, kept, 0);
    return status;
}

/* It is over, and the case stays where it is. */
static enum status end_transfer(struct exchange *x, const struct case_held *held, uint32_t to)
{
    enum status status = end_offer(x, held);

    return status == ST_OK ? exchange_transfer_over(x, held, to) : status;
}

/* The holder, and to whom it is offered. */
static enum status tell_both(struct exchange *x, const struct case_held *held,
                             const struct case_news *news)
{
    enum status status = exchange_tell_case(x, held, held->custody.holder, news);

    return status == ST_OK ? exchange_tell_case(x, held, news->transfer->to, news) : status;
}

/* Agencies, each once. */
struct audience {
    uint32_t agencies[2 * CONVERSATIONS_MAX + 2], count;
};

static void invite(struct audience *audience, uint32_t agency)
{
    for (uint32_t i = 0; i < audience->count; i++)
        if (audience->agencies[i] == agency)
            return;
    if (agency != 0)
        audience->agencies[audience->count++] = agency;
}

/* The two, the other side of each conversation that has moved, and who owes an answer in it. */
static enum status tell_transferred(struct exchange *x, const struct case_held *held,
                                    const struct case_news *news)
{
    uint32_t holder = held->custody.holder;
    struct audience audience = {{news->former, holder}, 2};
    enum status status = ST_OK;

    for (uint32_t i = 0; i < news->conversation_count; i++) {
        const struct conversation *c = news->conversations[i];
        if (c->asker != holder && c->other != holder)
            continue; /* it stays with `former' */
        invite(&audience, c->asker == holder ? c->other : c->asker);
        if (c->state == CONVERSATION_FORWARDING)
            invite(&audience, c->before);
    }
    for (uint32_t i = 0; i < audience.count && status == ST_OK; i++)
        status = exchange_tell_case(x, held, audience.agencies[i], news);
    return status;
}

/* Every open conversation of `from' goes to the holder, but for what it alone can answer: *count of
 * both, in `told'. Where there are more than CONVERSATIONS_MAX, its oldest enquiries stay with who
 * asked them. */
static enum status move_conversations(struct exchange *x, const struct case_held *held,
                                      uint32_t from,
                                      const struct conversation *told[static CONVERSATIONS_MAX],
                                      uint32_t *count)
{
    struct conversation_kept *kept = conversations_first(x->cases, held);
    uint32_t to = held->custody.holder;
    const struct moving moving = count_moving(x, held, from, to);
    const uint32_t all = moving.answerable + moving.staying + moving.asked;
    uint32_t over = all > CONVERSATIONS_MAX ? all - CONVERSATIONS_MAX : 0;
    enum status status = ST_OK;

#ifdef PLANT_DROP_CONVERSATIONS /* a bug for tests/sim/custody.c to catch; no other build has it   \
                                 */
    kept = NULL;
#endif
    for (*count = 0; kept && status == ST_OK; kept = conversations_next(x->cases, kept)) {
        const struct conversation *c = &kept->conversation;
        bool moves = exchange_moves_conversation(x, c, from, to);
        if (!moves && !exchange_leaves_conversation(x, c, from, to))
            continue;
        if (moves && over > 0 && is_own_enquiry(c, from)) {
            over--;
            continue;
        }
        if (moves)
            status = exchange_move_conversation(x, kept, from, to);
        told[(*count)++] = c;
    }
    return status;
}

/* Responsibility moves, with everything that hangs on it. */
static enum status hand_on(struct exchange *x, struct case_held *held, uint32_t from,
                           struct case_news *news)
{
    const struct conversation *told[CONVERSATIONS_MAX];
    enum status status = end_offer(x, held);

    if (status == ST_OK)
        status = move_conversations(x, held, from, told, &news->conversation_count);
    if (status == ST_OK)
        status = exchange_clocks_moved(x, held, from, held->custody.holder);
    news->change = CHANGE(TRANSFERRED);
    news->former = from;
    news->conversations = told;
    x->counts.transferred++;
    status = status == ST_OK ? tell_transferred(x, held, news) : status;
    news->conversations = NULL;
    return status;
}

static enum status start_reply_clock(struct exchange *x, const struct case_held *held,
                                     const struct custody_deed *deed, const struct id *message)
{
    enum status status = exchange_clock_reply_stop(x, &held->handle);

    if (status != ST_OK || deed->reply_by_ms == 0)
        return status;
    return exchange_clock_reply(x, &held->handle, message, deed->by, deed->to, deed->reply_by_ms);
}

/* It lapses no more, and waits for its completion. */
static enum status accepted_whole(struct exchange *x, const struct case_held *held,
                                  const struct acceptance *a)
{
    enum status status = exchange_clock_reply_stop(x, &held->handle);

    return status == ST_OK ? exchange_clock_complete(x, a) : status;
}

/* What follows of the act; `held` is as it is after it. */
static enum status follow(struct exchange *x, struct case_held *held, const struct acceptance *a,
                          const struct custody_deed *deed, struct case_news *news)
{
    enum status status = ST_OK;

    switch (deed->act) {
    case CUSTODY_OFFER:
        news->change = CHANGE(OFFERED);
        status = start_reply_clock(x, held, deed, &news->message);
        break;
    case CUSTODY_ACCEPT:
        news->change = CHANGE(COMPONENTS_ACCEPTED);
        if ((held->custody.transfer.offered | held->custody.transfer.rejected) == 0)
            status = accepted_whole(x, held, a);
        break;
    case CUSTODY_REJECT:
        news->change = CHANGE(COMPONENTS_REJECTED);
        break;
    case CUSTODY_WITHDRAW:
        news->change = CHANGE(OFFER_WITHDRAWN);
        status = exchange_clock_reply_stop(x, &held->handle);
        if (status == ST_OK)
            status = exchange_clock_complete_stop(x, &held->handle, false);
        if (status == ST_OK)
            status = end_transfer(x, held, news->transfer->to);
        break;
    case CUSTODY_COMPLETE:
        status = exchange_clock_complete_stop(x, &held->handle, true);
        return status == ST_OK ? hand_on(x, held, deed->to, news) : status;
    case CUSTODY_NONE:
        break;
    }
    return status == ST_OK ? tell_both(x, held, news) : status;
}

enum status exchange_do_deed(struct exchange *x, const struct acceptance *a)
{
    struct case_held *held = cases_find(x->cases, &a->submit->case_handle);

    if (catalogue_find(a->question->type)->custody == CUSTODY_NONE)
        return ST_OK;
    assert(held); /* judged before */
    const struct custody_deed deed = deed_of(x, a->submit, a->question);
    const struct transfer before = held->custody.transfer;
    Concordat__RefusalCode code = custody_apply(&held->custody, &deed, x->now_ms);
    assert(code == DONE);
    const struct transfer now = held->custody.transfer.to != 0 ? held->custody.transfer : before;
    struct case_news news = {
        .transfer = &now, .message = a->submit->message_id, .components = deed.components};
    enum status status = ST_OK;
    if (deed.act == CUSTODY_OFFER && before.to != 0)
        status = case_offer_again(x->cases, held, deed.components, a->sequence);
    status = status == ST_OK ? keep(x, held) : status;
    x->counts.custody_acts++;
    return status == ST_OK ? follow(x, held, a, &deed, &news) : status;
}

/* ---- offers that end by themselves ---- */

static enum status lapse(struct exchange *x, struct case_held *held)
{
    const struct transfer transfer = held->custody.transfer;
    const struct case_news news = {.change = CHANGE(OFFER_LAPSED), .transfer = &transfer};

    if (!custody_lapse(&held->custody, &transfer.id))
        return ST_OK;
    x->counts.lapsed++;
    enum status status = keep(x, held);
    if (status == ST_OK)
        status = end_transfer(x, held, transfer.to);
    return status == ST_OK ? tell_both(x, held, &news) : status;
}

enum status exchange_offer_retracted(struct exchange *x, struct case_held *held,
                                     const struct transfer *transfer)
{
    const struct case_news news = {.change = CHANGE(OFFER_WITHDRAWN), .transfer = transfer};
    enum status status = exchange_clock_reply_stop(x, &held->handle);

    if (status == ST_OK)
        status = exchange_clock_complete_stop(x, &held->handle, false);
    if (status == ST_OK)
        status = end_transfer(x, held, transfer->to);
    return status == ST_OK ? tell_both(x, held, &news) : status;
}

enum status exchange_offer_lapsed(struct exchange *x, const struct id *case_handle)
{
    struct case_held *held = cases_find(x->cases, case_handle);
    const struct transfer *transfer = held ? &held->custody.transfer : NULL;

    if (!transfer || transfer->to == 0 || transfer->reply_by_ms == 0
        || x->now_ms < transfer->reply_by_ms)
        return ST_OK;
    return lapse(x, held);
}

enum status exchange_offer_undone(struct exchange *x, uint64_t sequence, const struct id *message,
                                  uint32_t sender)
{
    const struct conversation_kept *kept = conversations_find(x->cases, message);
    struct case_held *held;

    /* What offers again may be declined long after its event has left with its delivery. */
    if (kept && kept->conversation.asker == sender)
        held = is_open_offer(&kept->conversation)
                 ? cases_find(x->cases, &kept->conversation.case_handle)
                 : NULL;
    else
        held = cases_find_offered(x->cases, sequence);
    if (!held || held->custody.holder != sender || held->custody.transfer.to == 0)
        return ST_OK;
    enum status status = exchange_clock_reply_stop(x, &held->handle);
    return status == ST_OK ? lapse(x, held) : status;
}
