/*
 * expecting.c - what agreements expect after a message: whose clock it is, and what meets it.
 *
 *     timing.c: a message is accepted --> is it expected? does it make something expected?
 *
 * What keeps a conversation up to date or closes it is expected in that conversation, so that two
 * referrals of one case are each watched; all else about the case. Who owes it moves with the case,
 * and meets it alone; but whom the expectation names owes it whoever holds the case, and meets it
 * by what it sends to who is owed it. Source: docs/clocks.md.
 */
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define EXPECTED CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED
#define BREACHED CONCORDAT__CLOCK_STAGE__STAGE_BREACHED

bool exchange_is_expected_there(struct exchange *x, const struct clock_running *running)
{
    const struct conversation_kept *kept = conversations_find(x->cases, &running->conversation);

    return kept && conversation_goes_on_by(kept->conversation.opened, running->expected);
}

/* The party that the clock's expectation names; NULL: it names none. */
static const struct party *named_of(const struct exchange *x, const struct clock_running *running,
                                    const struct agreement **agreement)
{
    if (running->clock.kind != EXPECTED)
        return NULL;
    *agreement = registrar_version(x->registrar, &running->agreement_hash);
    const struct expectation *e =
        *agreement ? agreement_expectation(*agreement, running->clause) : NULL;
    return e ? agreement_named(*agreement, e) : NULL;
}

bool exchange_is_named(const struct exchange *x, const struct clock_running *running)
{
    const struct agreement *agreement;

    return named_of(x, running, &agreement);
}

bool exchange_may_be_sent(const struct exchange *x, const struct clock_running *running,
                          uint32_t agency)
{
    const struct agreement *agreement;
    const struct party *named = named_of(x, running, &agreement);

    return !named
        || agreement_clause_for(agreement, catalogue_find(running->expected), named->agency,
                                directory_name(x->directory, agency - 1));
}

/* Of whom is named, what goes to somebody else tells who waits for it nothing. (A side that is
 * named may have a clause for others alone.) */
static bool is_told(const struct exchange *x, const struct clock_running *running,
                    const struct acceptance *accepted)
{
    return running->owed_to == accepted->recipient + 1 || !exchange_is_named(x, running)
        || !exchange_may_be_sent(x, running, running->owed_to);
}

bool exchange_meets_expected(struct exchange *x, const struct clock_running *running,
                             enum clocks_by by, const struct acceptance *accepted)
{
    const char *type = accepted->question->type;
    bool is_it = strcmp(running->expected, type) == 0
              && running->owed_by == accepted->submit->head.member + 1;

    if (exchange_is_expected_there(x, running)) {
        const struct conversation_kept *kept = conversations_find(x->cases, &running->conversation);

        return by == CLOCKS_BY_CONVERSATION
            && (is_it || conversation_is_closed_by(kept->conversation.opened, type));
    }
    return is_it && (by == CLOCKS_BY_CASE || id_is_zero(&running->case_handle))
        && is_told(x, running, accepted);
}

/* Is the sender a party of the agreement that expects it? */
static bool is_party(const struct exchange *x, const struct clock_running *running,
                     const char *agency)
{
    const struct agreement *agreement = registrar_version(x->registrar, &running->agreement_hash);

    return agreement && agreement_party(agreement, agency);
}

/* What is expected: about the case; without one, in the conversation. */
static struct clock_running *next_expected(struct exchange *x, const struct id *case_handle,
                                           const struct id *conversation, uint32_t *at)
{
    const bool of_case = !id_is_zero(case_handle);
    struct clock_running *running;

    do
        running = clocks_next(x->clocks, of_case ? CLOCKS_BY_CASE : CLOCKS_BY_CONVERSATION,
                              of_case ? case_handle : conversation, at);
    while (running && running->clock.kind != EXPECTED);
    return running;
}

enum status exchange_transfer_over(struct exchange *x, const struct case_held *held, uint32_t to)
{
    const uint32_t holder = held->custody.holder;
    struct clock_running *running;
    enum status status = ST_OK;
    uint32_t at = 0;

    while (status == ST_OK && (running = next_expected(x, &held->handle, &held->handle, &at))) {
        const bool by_holder = running->owed_by == holder;

        if ((by_holder ? running->owed_to == to
                       : running->owed_by == to && running->owed_to == holder)
            && clock_is_of_transfer(catalogue_find(running->type),
                                    catalogue_find(running->expected), by_holder))
            status = exchange_clock_stop(x, running, false);
    }
    return status;
}

static bool expects_after(const struct agreement *agreement, const struct message_type *type)
{
    for (size_t i = 0; i < agreement->expectation_count; i++)
        if (agreement->expectations[i].at_least == 0 && agreement->expectations[i].after == type)
            return true;
    return false;
}

/* Of its own agreements only, so that no other agency's expectations keep it from speaking. */
Concordat__RefusalCode exchange_judge_clocks(struct exchange *x,
                                             const struct command_submit *submit,
                                             const struct question *question,
                                             const struct decision *decision)
{
    const struct clock_running *running;
    uint32_t at = 0, count = 0;

    if (!expects_after(decision->agreement, decision->clause->type))
        return CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    while ((running = next_expected(x, &submit->case_handle, &submit->conversation_id, &at)))
        count += is_party(x, running, question->from);
    return count < CLOCKS_EXPECTED_MAX ? CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
                                       : CONCORDAT__REFUSAL_CODE__RATE_LIMITED;
}

struct clock_running *exchange_find_expected(struct exchange *x, const struct clock_running *wanted)
{
    const bool of_case =
        !id_is_zero(&wanted->case_handle) && !exchange_is_expected_there(x, wanted);
    const struct id *id = of_case ? &wanted->case_handle : &wanted->conversation;
    struct clock_running *running;
    uint32_t at = 0;

    while ((running =
                clocks_next(x->clocks, of_case ? CLOCKS_BY_CASE : CLOCKS_BY_CONVERSATION, id, &at)))
        if (running->clock.kind == EXPECTED && running != wanted && running->met_by == 0
            && strcmp(running->clause, wanted->clause) == 0
            && strcmp(running->agreement_id, wanted->agreement_id) == 0
            && running->owed_by == wanted->owed_by
            && ((of_case && !exchange_is_named(x, wanted)) || running->owed_to == wanted->owed_to))
            return running;
    return NULL;
}

/* Who is owed it, or owes it, where the conversation is by now: what came for who asked before, its
 * holder goes on with. False: it has ended, and nothing is expected in it. */
static bool place(struct exchange *x, struct clock_running *running)
{
    const struct conversation_kept *kept = conversations_find(x->cases, &running->conversation);
    const struct conversation *c = &kept->conversation;

    if (c->state == CONVERSATION_CLOSED)
        return false;
    uint32_t now = c->before_was_other ? c->other : c->asker;
    if (c->before != 0 && running->owed_by == c->before)
        running->owed_by = now;
    if (c->before != 0 && running->owed_to == c->before)
        running->owed_to = now;
    return true;
}

/* Who owes it, where that is not the side that it seemed to be. */
static enum status name_debtor(struct exchange *x, const struct clock *clock,
                               const struct expectation *e, const struct agreement *agreement,
                               struct clock_running *wanted)
{
    uint32_t member = 0;

    if (clock->debtor == DEBTOR_HOLDER) /* who asks is owed it */
        wanted->owed_by = cases_find(x->cases, &wanted->case_handle)->custody.holder;
    if (clock->debtor != DEBTOR_NAMED && clock->debtor != DEBTOR_NAMED_TO_RECIPIENT)
        return ST_OK;
    enum status status = exchange_enter(x, agreement_named(agreement, e)->agency, &member);
    if (status != ST_OK)
        return status;
    if (clock->debtor == DEBTOR_NAMED_TO_RECIPIENT)
        wanted->owed_to = wanted->owed_by;
    wanted->owed_by = member + 1;
    return ST_OK;
}

enum status exchange_start_expected(struct exchange *x, const struct clock *clock,
                                    struct clock_running *wanted, const struct agreement *agreement)
{
    const struct expectation *e = agreement_expectation(agreement, clock->expectation);
    enum status status = name_debtor(x, clock, e, agreement, wanted);

    if (status != ST_OK)
        return status;
    TEXT_COPY(wanted->clause, e->id);
    TEXT_COPY(wanted->expected, e->then->name);
    if (exchange_is_expected_there(x, wanted) && !place(x, wanted))
        return ST_OK;
    /* One alarm is enough, whichever cause remains; but after a breach the next is waited for anew,
     * in its place. */
    struct clock_running *known = exchange_find_expected(x, wanted);
    if (known && known->clock.stage != BREACHED) {
        if (known->message_sequence == 0)
            return ST_OK;
        known->message_sequence = 0; /* what undoes one cause leaves the other */
        return exchange_keep_clock(x, known);
    }
    status = known ? exchange_clock_stop(x, known, false) : ST_OK;
    return status == ST_OK ? exchange_clock_start(x, wanted) : status;
}
