/* What a message of ours goes on from: the message that is replied to, the conversation that is
 * named, the transfer that is open; and who is on the other side by now. See desk_inside.h. */
#include <string.h>

#include "agents/desk_inside.h"

/* What opens a conversation that is kept opens its own; an offer again is of its transfer. */
static bool opens_own(const struct message_type *type)
{
    return conversation_is_kept(type) && type->custody != CUSTODY_OFFER;
}

/* The conversation goes on: what follows from the message that is replied to. */
void desk_continue_from(const struct context *context, struct draft *draft)
{
    const struct track *original = &context->original;
    struct track *track = &draft->track;

    track->in_reply_to = original->message_id;
    track->conversation_id = original->conversation_id;
    draft->in_reply = true;
    if (id_is_zero(&track->case_handle) && !draft->new_case)
        track->case_handle = original->case_handle;
    if (opens_own(draft->type))
        track->conversation_id = (struct id){{0}};
}

/* A conversation that the sender names goes on, though the message that is replied to, its first
 * unless another is named, may never have been ours. */
void desk_continue_talk(const struct context *context, struct draft *draft)
{
    const struct conversation *c = &context->talk.rules;
    struct track *track = &draft->track;

    draft->asked_talk = c->id;
    track->conversation_id = c->id;
    if (!context->has_original)
        track->in_reply_to = c->id;
    draft->in_reply = true;
    if (id_is_zero(&track->case_handle) && !draft->new_case)
        track->case_handle = c->case_handle;
    if (opens_own(draft->type))
        track->conversation_id = (struct id){{0}};
}

/* Acts of custody and parts of the record go on in the conversation of the transfer that is open.
 */
void desk_continue_transfer(struct desk *desk, struct draft *draft)
{
    struct track *track = &draft->track;
    const struct holding holding = desk_holding(desk, &track->case_handle);

    if (draft->type->pattern == PATTERN_TRANSFER && !draft->in_reply
        && !id_is_zero(&holding.transfer.id)) {
        track->conversation_id = holding.transfer.conversation_id;
        track->in_reply_to = holding.transfer.conversation_id;
        draft->in_reply = !id_is_zero(&track->in_reply_to);
    }
}

bool desk_find_original(struct desk *desk, struct bytes route, const struct draft *draft,
                        struct context *context)
{
    const struct id *id = &draft->track.in_reply_to;
    enum status status;

    if (id_is_zero(id))
        return true;
    status = track_get(desk->txn, WAY_IN, id, &context->original);
    if (status == ST_MORE)
        status = track_get(desk->txn, WAY_OUT, id, &context->original);
    if (status == ST_MORE || status == ST_INVALID) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "in_reply_to",
                           "there is no such message here");
        return false;
    }
    context->has_original = true;
    return desk_ok(desk, status) && desk_ok(desk, track_follow(desk->txn, &context->original));
}

bool desk_was_sent(struct desk *desk, const struct draft *draft)
{
    struct track known;

    return !id_is_zero(&draft->track.message_id)
        && track_get(desk->txn, WAY_OUT, &draft->track.message_id, &known) == ST_OK;
}

/* An act of custody is judged by its case, which says more than that its transfer's conversation
 * has ended. */
static bool is_act(const char *name)
{
    const struct message_type *type = catalogue_find(name);

    return type && type->custody != CUSTODY_NONE;
}

bool desk_find_named_talk(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                          const struct draft *draft, struct context *context)
{
    struct id id;

    if (!desk_take_id(&r->conversation_id, &id)) {
        desk_say_bad_id(desk, route, "conversation_id");
        return false;
    }
    if (id_is_zero(&id)) {
        if (context->has_original)
            context->has_talk =
                desk_find_talk(desk, &context->original.conversation_id, &context->talk);
        return true;
    }
    context->has_talk = desk_find_talk(desk, &id, &context->talk);
    if (!context->has_talk)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "conversation_id",
                           "there is no such conversation here");
    else if (desk_was_sent(desk, draft))
        return true;
    else if (context->talk.holder[0])
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "conversation_id",
                           "it goes on under %s, which holds the case now", context->talk.holder);
    else if (context->talk.rules.state == CONVERSATION_CLOSED && !is_act(r->type))
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "conversation_id",
                           "it has ended");
    else if (r->to[0] && strcmp(r->to, context->talk.other) != 0
             && strcmp(r->to, context->talk.before) != 0)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "to",
                           "on the other side of this conversation is %s", context->talk.other);
    else
        return true;
    return false;
}

/* To whom, when the sender does not say: the other side as it is by now. */
const char *desk_usual_recipient(const struct context *context)
{
    if (context->has_talk)
        return context->talk.other;
    if (!context->has_original)
        return "";
    return context->original.way == WAY_IN ? context->original.from : context->original.to;
}
