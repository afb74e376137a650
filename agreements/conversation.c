#include "agreements/conversation.h"

#include <assert.h>
#include <string.h>

#define UNKNOWN CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN
#define DONE CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED

bool conversation_is_kept(const struct message_type *type)
{
    if (type->custody == CUSTODY_OFFER)
        return true;
    return (type->pattern == PATTERN_ENQUIRY || type->pattern == PATTERN_REFERRAL)
        && (type->answered_by || type->closed_by);
}

bool conversation_is_closed_by(const struct message_type *opened, const char *name)
{
    return opened->closed_by && strcmp(opened->closed_by, name) == 0;
}

bool conversation_goes_on_by(const struct message_type *opened, const char *name)
{
    return conversation_is_closed_by(opened, name)
        || (opened->updated_by && strcmp(opened->updated_by, name) == 0);
}

static bool is_named(const char *name, const struct message_type *type)
{
    return name && strcmp(name, type->name) == 0;
}

/* What it is to this conversation. */
enum manner {
    MANNER_NONE = 0, /* its sender or recipient has no part in it, or it has ended */
    MANNER_USUAL,    /* from one side to the other */
    MANNER_BEFORE,   /* the answer, to who asked and is not the holder any more */
    MANNER_LATE,     /* that answer passed on: outside the numbers of either side */
    MANNER_AFTER     /* the answer to an enquiry that has ended with its case: outside them too */
};

static bool is_after(const struct conversation *c, const struct utterance *u, bool asked_before)
{
    return c->ended_with_case && !c->answered && u->from == c->other
        && (u->to == c->asker || (asked_before && u->to == c->before))
        && is_named(c->opened->answered_by, u->type);
}

static bool is_asked_before(const struct conversation *c)
{
    return c->before != 0 && !c->before_was_other;
}

/* The answer, to who asked and is not the holder any more. */
static bool is_for_former(const struct conversation *c, const struct utterance *u)
{
    return is_asked_before(c) && u->from == c->other && u->to == c->before
        && is_named(c->opened->answered_by, u->type);
}

static enum manner manner_of(const struct conversation *c, const struct utterance *u)
{
    bool asked_before = is_asked_before(c);

    if (asked_before && u->from == c->before && u->to == c->asker && c->answered
        && strcmp(u->type->name, LATE_ANSWER) == 0)
        return MANNER_LATE;
    if (c->state == CONVERSATION_CLOSED)
        return is_after(c, u, asked_before) ? MANNER_AFTER : MANNER_NONE;
    if (is_for_former(c, u) && c->state == CONVERSATION_OPEN)
        return MANNER_BEFORE;
    if ((u->from == c->asker && u->to == c->other) || (u->from == c->other && u->to == c->asker))
        return MANNER_USUAL;
    return MANNER_NONE;
}

bool conversation_has_side(const struct conversation *c, uint32_t agency)
{
    return agency == c->asker || agency == c->other;
}

static uint32_t *next_of(struct conversation *c, uint32_t from)
{
    return from == c->asker ? &c->next_of_asker : from == c->other ? &c->next_of_other : NULL;
}

Concordat__RefusalCode conversation_judge(const struct conversation *c, const struct utterance *u,
                                          bool *ahead)
{
    enum manner manner = manner_of(c, u);

    if (manner == MANNER_NONE)
        return UNKNOWN;
    if (manner == MANNER_LATE || manner == MANNER_AFTER) {
        *ahead = false;
        return DONE;
    }

    uint32_t next = u->from == c->asker ? c->next_of_asker : c->next_of_other;
    if (u->sequence < next || u->sequence - next > SEQUENCE_AHEAD_MAX || u->sequence == UINT32_MAX)
        return CONCORDAT__REFUSAL_CODE__SEQUENCE_REUSED;
    *ahead = u->sequence > next;
    return DONE;
}

/* An enquiry ends with its answer, whatever else may end it; a referral that a type closes goes on.
 */
static bool goes_on_answered(const struct message_type *opened)
{
    return opened->closed_by && opened->pattern != PATTERN_ENQUIRY;
}

static void close_by(struct conversation *c, uint64_t message)
{
    c->state = CONVERSATION_CLOSED;
    c->ended_in = message;
}

/* It is answered where the answer was owed to, with that message. */
static void settle(struct conversation *c, uint64_t message)
{
    if (goes_on_answered(c->opened))
        c->state = CONVERSATION_OPEN;
    else
        close_by(c, message);
}

static void forwarded(struct conversation *c, uint64_t message)
{
    if (c->state == CONVERSATION_FORWARDING)
        settle(c, message);
    c->before = 0;
}

void conversation_add_second(struct conversation *c, uint64_t message)
{
    if (message != 0)
        c->second_in = c->second_in == 0 ? message : CONVERSATION_BY_MANY;
}

bool conversation_answered_by_other(const struct conversation *c, uint64_t message)
{
    return c->answered && c->answered_in != message && c->answered_in != CONVERSATION_BY_ANY;
}

static void answer(struct conversation *c, const struct utterance *u, enum manner manner)
{
    if (!c->answered)
        c->answered_in = u->message;
    else if (manner == MANNER_BEFORE)
        conversation_add_second(c, u->message);
    c->answered = true;
    if (manner == MANNER_BEFORE)
        c->state = CONVERSATION_FORWARDING;
    else
        settle(c, u->message);
}

void conversation_apply(struct conversation *c, const struct utterance *u, int64_t now_ms)
{
    enum manner manner = manner_of(c, u);
    uint32_t *next = next_of(c, u->from);

    c->changed_ms = now_ms;
    if (manner == MANNER_LATE) {
        forwarded(c, u->message);
        return;
    }
    if (manner == MANNER_AFTER) {
        c->answered = true;
        c->answered_in = u->message;
        return;
    }
    if (next && *next <= u->sequence)
        *next = u->sequence + 1;
    if (manner == MANNER_NONE) { /* it was held, and has been overtaken by an end or a move */
        if (is_for_former(c, u) && c->answered)
            conversation_add_second(c, u->message);
        return;
    }

    if (is_named(c->opened->acknowledged_by, u->type))
        c->acknowledged = true;
    if (is_named(c->opened->closed_by, u->type)) {
        close_by(c, u->message);
    } else if (is_named(c->opened->answered_by, u->type) && u->from == c->other) {
        answer(c, u, manner);
    }
}

void conversation_skip(struct conversation *c, uint32_t from, uint32_t sequence)
{
    uint32_t *next = next_of(c, from);

    if (next && *next == sequence)
        ++*next;
}

bool conversation_ended(struct conversation *c, const struct id *message)
{
    if (!id_equal(&c->id, message) || (c->state == CONVERSATION_CLOSED && c->ended_in == 0))
        return false;
    close_by(c, 0);
    return true;
}

static bool has_ended_by(const struct conversation *c, const struct utterance *u)
{
    return c->state == CONVERSATION_CLOSED && u->message != 0
        && (c->ended_in == u->message || c->ended_in == CONVERSATION_BY_ANY);
}

static void reopen(struct conversation *c, enum conversation_state state)
{
    c->state = state;
    c->ended_in = 0;
}

/* `before' has another answer to pass on: that of the agency whose late answer it was to have
 * itself cannot stand beside it. */
static bool owes_another(const struct conversation *c, const struct utterance *u)
{
    return is_asked_before(c) && (c->before != u->to || c->state == CONVERSATION_FORWARDING);
}

bool conversation_undo_late(struct conversation *c, const struct utterance *u, uint32_t holder,
                            int64_t now_ms)
{
    const bool has_moved = c->asker != holder;

    /* Who holds the case has it, when that is who passed it on or who answered. */
    if (!c->answered || u->from == c->other || u->from == holder || holder == c->other
        || owes_another(c, u))
        return false;
    if (c->state != CONVERSATION_CLOSED || (!has_moved && has_ended_by(c, u)))
        reopen(c, CONVERSATION_FORWARDING);
    c->asker = holder;
    c->before = u->from;
    c->before_was_other = false;
    c->changed_ms = now_ms;
    return true;
}

/* The second answer is the one by now. `was_end': the first had ended the conversation. */
static void count_second(struct conversation *c, bool was_end)
{
    c->answered_in = c->second_in;
    c->second_in = 0;
    if (was_end && is_asked_before(c))
        reopen(c, CONVERSATION_FORWARDING);
    else if (was_end) /* `before' holds the case again, and has it */
        c->ended_in = c->answered_in;
}

/* Another answer, before it or after it, is none of its business. */
static bool undo_answer(struct conversation *c, const struct utterance *u)
{
    if (c->answered && u->message != 0 && c->second_in == u->message) {
        c->second_in = 0;
        return true;
    }
    if (!c->answered || (c->answered_in != u->message && c->answered_in != CONVERSATION_BY_ANY))
        return false;
    if (c->second_in != 0) {
        count_second(c, has_ended_by(c, u));
        return true;
    }
    c->answered = false;
    c->answered_in = 0;
    if (c->state == CONVERSATION_FORWARDING || has_ended_by(c, u))
        reopen(c, CONVERSATION_OPEN);
    return true;
}

bool conversation_undo(struct conversation *c, const struct utterance *u, int64_t now_ms)
{
    bool undone = false;

    if (is_named(c->opened->closed_by, u->type)) {
        undone = has_ended_by(c, u);
        if (undone)
            reopen(c, CONVERSATION_OPEN);
    } else if (is_named(c->opened->answered_by, u->type) && u->from == c->other) {
        undone = undo_answer(c, u);
    } else if (is_named(c->opened->acknowledged_by, u->type)) {
        undone = c->acknowledged;
        c->acknowledged = false;
    }
    if (undone)
        c->changed_ms = now_ms;
    return undone;
}

bool conversation_move(struct conversation *c, uint32_t from, uint32_t to, int64_t now_ms)
{
    bool is_other = from != c->asker;

    assert(from != 0 && to != 0 && from != to);
    if (c->state == CONVERSATION_CLOSED || (is_other && from != c->other))
        return false;
    if (to == (is_other ? c->asker : c->other))
        return false;

    *(is_other ? &c->other : &c->asker) = to;
    c->changed_ms = now_ms;
    if (c->state == CONVERSATION_FORWARDING) {
        if (c->before == c->asker)
            forwarded(c, c->answered_in);
        return true;
    }
    if (c->before != 0 && !c->before_was_other && !is_other) {
        /* Who asked first has the answer's address, however often the case moves. */
        if (c->before == to)
            c->before = 0;
        return true;
    }
    c->before = from;
    c->before_was_other = is_other;
    return true;
}
