/*
 * judging.c - may it be said? What a message is to the conversation that it names, or would open.
 *
 *     decide() permits --exchange_judge_words--> accepted --exchange_say (conversing.c)
 *
 * Changes nothing. Rules: agreements/conversation.h. Source: docs/custody.md.
 */
#include <string.h>

#include "broker/exchange_inside.h"

#define DONE CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
#define UNKNOWN CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN

/* Somebody else holds the case by now, and can ask the same: opened by who held it before, the
 * conversation would never be the holder's, and nobody would see to it. What is put to the holder
 * itself is its own. */
static bool is_holders_to_open(struct exchange *x, const struct command_submit *submit,
                               const struct message_type *type, const struct question *question)
{
    const struct case_held *held = cases_find(x->cases, &submit->case_handle);
    uint32_t by = submit->head.member + 1, holder = held ? held->custody.holder : 0;

    if (holder == 0 || holder == by || !custody_was_holder(&held->custody, by))
        return false;
    uint32_t to = directory_find(x->directory, question->to) + 1;
    return to != holder && exchange_may_send(x, type, holder, to);
}

/* The holder has to name its open conversations in an offer: so it has no more than go with one,
 * and few of them were opened by an agency that has no part in the case. The transfer's own is not
 * among them, nor are, before a referral, its own enquiries, which others may leave open for ever.
 */
static bool has_too_many(struct exchange *x, const struct id *case_handle, uint32_t from,
                         uint32_t to, const struct message_type *type)
{
    const struct case_held *held = cases_find(x->cases, case_handle);
    const uint32_t holder = held ? held->custody.holder : 0;
    const struct conversation_kept *kept = held ? conversations_first(x->cases, held) : NULL;
    uint32_t count = 0, opened = 0;

    if (holder == 0 || (holder != from && holder != to))
        return false;
    for (; kept; kept = conversations_next(x->cases, kept)) {
        const struct conversation *c = &kept->conversation;
        if (c->state == CONVERSATION_CLOSED || c->opened->custody == CUSTODY_OFFER)
            continue;
        count += conversation_has_side(c, holder)
              && (type->pattern != PATTERN_REFERRAL || c->asker != holder
                  || c->opened->pattern != PATTERN_ENQUIRY);
        opened += c->asker == from && c->other == to;
    }
    return count >= CONVERSATIONS_MAX
        || (opened >= CONVERSATIONS_APART_MAX && !custody_concerns(&held->custody, from));
}

/* Of a conversation that is not kept, or whose id the message has for its own. */
static Concordat__RefusalCode judge_opening(struct exchange *x, const struct command_submit *submit,
                                            const struct question *question,
                                            const struct message_type *type)
{
    if (!conversation_is_kept(type))
        return DONE;
    if (!exchange_opens_own(submit) || submit->sequence != 1)
        return UNKNOWN;
    if (is_holders_to_open(x, submit, type, question))
        return CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER;
    return type->custody != CUSTODY_OFFER
                && has_too_many(x, &submit->case_handle, submit->head.member + 1,
                                directory_find(x->directory, question->to) + 1, type)
             ? CONCORDAT__REFUSAL_CODE__RATE_LIMITED
             : DONE;
}

/* Every message that opens a conversation has to open its own, or nobody would see that it is open;
 * but for what a transfer offers again. */
static bool offers_again(struct exchange *x, const struct command_submit *submit,
                         const struct message_type *type, const struct conversation_kept *kept)
{
    const struct case_held *held = cases_find(x->cases, &submit->case_handle);

    return type->custody == CUSTODY_OFFER && kept->conversation.opened == type && held
        && id_equal(&held->custody.transfer.id, &submit->custody.transfer_id);
}

Concordat__RefusalCode exchange_judge_words(struct exchange *x, const struct command_submit *submit,
                                            const struct question *question)
{
    const struct message_type *type = catalogue_find(question->type);
    struct conversation_kept *kept = conversations_find(x->cases, &submit->conversation_id);
    bool ahead = false;

    if (id_is_zero(&submit->conversation_id))
        return DONE;
    if (kept && exchange_opens_own(submit))
        return UNKNOWN; /* another's, who chose the id before */
    if (!kept)
        return judge_opening(x, submit, question, type);
    if (!id_equal(&submit->case_handle, &kept->conversation.case_handle)
        || (conversation_is_kept(type) && !offers_again(x, submit, type, kept)))
        return UNKNOWN;

    const struct utterance u = {type, submit->head.member + 1,
                                directory_find(x->directory, question->to) + 1, submit->sequence,
                                0};
    Concordat__RefusalCode code = conversation_judge(&kept->conversation, &u, &ahead);
    if (code != DONE || !ahead)
        return code;
    if (conversation_is_taken(kept, u.from, u.sequence))
        return CONCORDAT__REFUSAL_CODE__SEQUENCE_REUSED;
    return conversation_held_by(kept, u.from) < HELD_MAX ? DONE
                                                         : CONCORDAT__REFUSAL_CODE__RATE_LIMITED;
}
