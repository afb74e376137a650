/*
 * conversing.c - conversations from acceptance on: opened, gone on with, held for what is missing,
 * ended. Whether something may be said: judging.c.
 *
 *     accepted --exchange_say--> said, and what waited for it with it
 *                       '------> held: a number before it is missing --60 s--> handed over all the
 *                                                                              same, and both told
 *
 * What is held is durable and has its receipt; it only waits in no lane of its queue. The waiting
 * numbers stand in the conversation's record, so a restart holds the same. A number that was
 * refused for good will not come, so nothing waits for it. Rules: agreements/conversation.h.
 * Source: docs/custody.md.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define DONE CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
#define SEQUENCE_REUSED CONCORDAT__REFUSAL_CODE__SEQUENCE_REUSED

/* ---- numbers ---- */

static uint32_t next_of(const struct conversation *c, uint32_t from)
{
    return from == c->asker ? c->next_of_asker : c->next_of_other;
}

/* ---- handing over what waited ---- */

/* It goes on as what has just been accepted. */
static void let_go(struct exchange *x, const struct held *held)
{
    struct item *item = queues_find(x->queues, held->message);

    if (held->what == HELD_REFUSED || !item || !item->held)
        return;
    uint32_t member = item->agency;
    queue_release(x->queues, &x->members[member].queue, item);
    exchange_wake(x, member);
}

/* The id of a message that is held, so that its event is in memory or in the checkpoint. */
static enum status read_id(struct exchange *x, uint64_t sequence, struct id *out)
{
    struct event event;
    enum status status = exchange_event(x, sequence, &event);

    if (status == ST_OK)
        *out = event.message_id;
    return status == ST_MORE ? ST_INVALID : status;
}

/* The answer to who asked and has not the case any more. */
static bool is_for_former(const struct conversation *c, const struct held *held,
                          const struct item *item)
{
    return held->what == HELD_ANSWERS && held->from == c->other && c->before != 0
        && !c->before_was_other && item && item->agency + 1 == c->before;
}

/* It has not been said yet, and is owed to the holder all the same, unless another is. */
static enum status owe_held(struct exchange *x, struct conversation *c, uint64_t message)
{
    struct id answer;

    if (c->answered) {
        conversation_add_second(c, message);
        return ST_OK;
    }
    c->answered = true;
    c->answered_in = message;
    enum status status = read_id(x, message, &answer);
    return status == ST_OK ? exchange_clock_forward(x, c, &answer, message) : status;
}

enum status exchange_end_conversation(struct exchange *x, struct conversation_kept *kept,
                                      uint64_t by)
{
    struct conversation *c = &kept->conversation;
    enum status status;

    c->state = CONVERSATION_CLOSED;
    c->ended_in = by;
    c->changed_ms = x->now_ms;
    status = exchange_clocks_ended(x, c);
    for (; kept->held_count > 0 && status == ST_OK; conversation_release(kept, 0)) {
        const struct held *held = &kept->held[0];
        if (is_for_former(c, held, queues_find(x->queues, held->message)))
            status = owe_held(x, c, held->message);
        let_go(x, held);
    }
    return status == ST_OK ? exchange_keep_conversation(x, kept) : status;
}

static enum status apply(struct exchange *x, struct conversation_kept *kept,
                         const struct utterance *u, const struct id *message, uint64_t sequence)
{
    struct conversation *c = &kept->conversation;
    const bool was_answered = c->answered, was_forwarding = c->state == CONVERSATION_FORWARDING;
    const bool before_asked = c->before != 0 && !c->before_was_other;

    conversation_apply(c, u, x->now_ms);
    /* A referral goes on when it is answered: then a second answer is owed as the first was. */
    const bool comes =
        (c->answered && !was_answered) || (c->state == CONVERSATION_FORWARDING && !was_forwarding);
    if (!comes || !before_asked || u->to != c->before)
        return ST_OK;
    return exchange_clock_forward(x, c, message, sequence);
}

static const struct message_type *type_of(const struct conversation *c, enum held_what what)
{
    const char *names[HELD_WHAT_END] = {
        [HELD_ACKNOWLEDGES] = c->opened->acknowledged_by,
        [HELD_ANSWERS] = c->opened->answered_by,
        [HELD_CLOSES] = c->opened->closed_by,
    };

    return names[what] ? catalogue_find(names[what]) : c->opened;
}

static enum held_what what_of(const struct conversation *c, const struct message_type *type)
{
    for (enum held_what what = HELD_ACKNOWLEDGES; what <= HELD_CLOSES; what++)
        if (type != c->opened && type_of(c, what) == type)
            return what;
    return HELD_SAID;
}

/* held[place] has waited long enough: it is said now. */
static enum status say_held(struct exchange *x, struct conversation_kept *kept, uint32_t place)
{
    struct conversation *c = &kept->conversation;
    const struct held held = kept->held[place];
    const struct item *item = queues_find(x->queues, held.message);
    struct id message;

    conversation_release(kept, place);
    if (held.what == HELD_REFUSED || !item) {
        conversation_skip(c, held.from, held.sequence);
        return ST_OK;
    }
    const struct utterance u = {type_of(c, held.what), held.from, item->agency + 1, held.sequence,
                                held.message};
    enum status status = read_id(x, held.message, &message);
    if (status == ST_OK)
        status = apply(x, kept, &u, &message, held.message);
    let_go(x, &held);
    return status;
}

/* The lowest number of the side of which a message waits: its place; held_count: none. */
static uint32_t find_lowest(const struct conversation_kept *kept, uint32_t from)
{
    uint32_t lowest = kept->held_count;

    for (uint32_t i = 0; i < kept->held_count; i++)
        if (kept->held[i].from == from && kept->held[i].what != HELD_REFUSED
            && (lowest == kept->held_count || kept->held[i].sequence < kept->held[lowest].sequence))
            lowest = i;
    return lowest;
}

/* The place of one whose turn it is; held_count: none. */
static uint32_t find_ready(const struct conversation_kept *kept)
{
    uint32_t place = 0;

    while (place < kept->held_count
           && kept->held[place].sequence > next_of(&kept->conversation, kept->held[place].from))
        place++;
    return place;
}

/* A clock runs for the side exactly while a message of it waits, or a number that was refused: that
 * has its end too. */
static enum status watch_gap(struct exchange *x, const struct conversation_kept *kept,
                             uint32_t from)
{
    const struct conversation *c = &kept->conversation;
    enum status status = exchange_clock_gap_stop(x, &c->id, from);

    for (uint32_t i = 0; i < kept->held_count && status == ST_OK; i++)
        if (kept->held[i].from == from)
            return exchange_clock_gap(x, c, from, next_of(c, from));
    return status;
}

/* The number of `from' has moved on: says what waited for it, and keeps it all. `waited': something
 * of the side did. */
static enum status go_on(struct exchange *x, struct conversation_kept *kept, uint32_t from,
                         bool waited)
{
    struct conversation *c = &kept->conversation;
    enum status status = ST_OK;

    for (uint32_t place; status == ST_OK && c->state != CONVERSATION_CLOSED
                         && (place = find_ready(kept)) < kept->held_count;)
        status = say_held(x, kept, place);
    if (status != ST_OK)
        return status;
    if (c->state == CONVERSATION_CLOSED)
        return exchange_end_conversation(x, kept, c->ended_in);
    if (waited)
        status = watch_gap(x, kept, from);
    return status == ST_OK ? exchange_keep_conversation(x, kept) : status;
}

/* ---- what has been accepted ---- */

static enum status open_new(struct exchange *x, const struct acceptance *a,
                            const struct message_type *type)
{
    const struct conversation conversation = {.id = a->submit->conversation_id,
                                              .case_handle = a->submit->case_handle,
                                              .opened = type,
                                              .state = CONVERSATION_OPEN,
                                              .asker = a->submit->head.member + 1,
                                              .other = a->recipient + 1,
                                              .next_of_asker = 2,
                                              .next_of_other = 1,
                                              .changed_ms = x->now_ms};
    struct conversation_kept *kept = conversations_add(x->cases, &conversation);

    if (!kept)
        return ST_NOMEM;
    kept->first = a->sequence;
    return exchange_keep_conversation(x, kept);
}

static enum status hold(struct exchange *x, const struct acceptance *a,
                        struct conversation_kept *kept, const struct utterance *u)
{
    const struct conversation *c = &kept->conversation;
    const struct held held = {a->sequence, u->from, u->sequence, what_of(c, u->type)};
    bool is_first = find_lowest(kept, u->from) == kept->held_count;
    enum status status = conversation_hold(kept, &held);

    assert(status != ST_LIMIT); /* judged before */
    if (status == ST_OK
        && is_first) /* its minute is not that of a number that was refused before */
        status = exchange_clock_gap_stop(x, &c->id, u->from);
    if (status != ST_OK)
        return status;
    queue_hold(x->queues, &x->members[a->recipient].queue, queues_find(x->queues, a->sequence));
    x->counts.held++;
    status = exchange_keep_conversation(x, kept);
    return status == ST_OK ? exchange_clock_gap(x, c, u->from, next_of(c, u->from)) : status;
}

enum status exchange_say(struct exchange *x, const struct acceptance *a)
{
    const struct message_type *type = catalogue_find(a->question->type);
    struct conversation_kept *kept = conversations_find(x->cases, &a->submit->conversation_id);
    const struct utterance u = {type, a->submit->head.member + 1, a->recipient + 1,
                                a->submit->sequence, a->sequence};
    bool ahead = false;

    if (!kept)
        return exchange_opens_own(a->submit) && conversation_is_kept(type) ? open_new(x, a, type)
                                                                           : ST_OK;
    Concordat__RefusalCode code = conversation_judge(&kept->conversation, &u, &ahead);
    assert(code == DONE); /* judged before, with nothing in between */
    if (ahead)
        return hold(x, a, kept, &u);
    bool was_closed = kept->conversation.state == CONVERSATION_CLOSED;
    enum status status = apply(x, kept, &u, &a->submit->message_id, a->sequence);
    if (status != ST_OK || was_closed)
        return status == ST_OK ? exchange_keep_conversation(x, kept) : status;
    return go_on(x, kept, u.from, kept->held_count > 0);
}

/* ---- what will not come ---- */

enum status exchange_words_refused(struct exchange *x, const struct command_submit *submit,
                                   uint64_t sequence, Concordat__RefusalCode code)
{
    struct conversation_kept *kept = conversations_find(x->cases, &submit->conversation_id);
    uint32_t from = submit->head.member + 1;

    if (!kept || exchange_opens_own(submit) || code == SEQUENCE_REUSED
        || kept->conversation.state == CONVERSATION_CLOSED
        || !conversation_has_side(&kept->conversation, from))
        return ST_OK;
    if (submit->sequence == next_of(&kept->conversation, from)) {
        conversation_skip(&kept->conversation, from, submit->sequence);
        return go_on(x, kept, from, kept->held_count > 0);
    }
    if (submit->sequence < next_of(&kept->conversation, from)
        || submit->sequence - next_of(&kept->conversation, from) > SEQUENCE_AHEAD_MAX
        || conversation_held_by(kept, from) == HELD_MAX
        || conversation_is_taken(kept, from, submit->sequence))
        return ST_OK;
    const struct held held = {sequence, from, submit->sequence, HELD_REFUSED};
    enum status status = conversation_hold(kept, &held);
    assert(status != ST_LIMIT);
    if (status == ST_OK)
        status = exchange_keep_conversation(x, kept);
    return status == ST_OK
             ? exchange_clock_gap(x, &kept->conversation, from, next_of(&kept->conversation, from))
             : status;
}

/* What is put to somebody moves to who can answer it, and to nobody else. */
static bool can_answer(struct exchange *x, const struct conversation *c, uint32_t agency)
{
    const char *name = c->opened->answered_by ? c->opened->answered_by : c->opened->closed_by;

    return exchange_may_send(x, catalogue_find(name), agency, c->asker);
}

/* Do its sides still stand as they stood? Else it is not theirs any more to open again. What was
 * put to who held the case before stays with it when the holder cannot answer it. */
static bool is_theirs(struct exchange *x, const struct conversation *c)
{
    const struct case_held *held =
        id_is_zero(&c->case_handle) ? NULL : cases_find(x->cases, &c->case_handle);

    if (!held || held->custody.version == 0 || conversation_has_side(c, held->custody.holder)
        || c->ended_with_case)
        return true;
    uint32_t holder = held->custody.holder;
    if (custody_concerns(&held->custody, c->asker))
        return false;
    return !custody_concerns(&held->custody, c->other) || holder == 0 || !can_answer(x, c, holder);
}

/* What the header of the event says of a conversation that is kept: NULL when it is in none. */
static struct conversation_kept *find_said(struct exchange *x, const struct event *event,
                                           struct utterance *out)
{
    struct envelope envelope;

    if (event->kind != EVENT_ACCEPTED
        || envelope_read(event->header, x->arena, &envelope, NULL) != ST_OK)
        return NULL;
    *out = (struct utterance){.type = catalogue_find(envelope.type),
                              .from = directory_find(x->directory, envelope.sender) + 1,
                              .to = directory_find(x->directory, envelope.recipient) + 1,
                              .sequence = envelope.sequence,
                              .message = event->sequence};
    return out->type ? conversations_find(x->cases, &envelope.conversation_id) : NULL;
}

/* Who is to have what is passed on, as the case stands by now; 0: nobody. */
static uint32_t holder_of(struct exchange *x, const struct conversation *c)
{
    const struct case_held *held =
        id_is_zero(&c->case_handle) ? NULL : cases_find(x->cases, &c->case_handle);

    if (held && held->custody.holder != 0)
        return held->custody.holder;
    return is_theirs(x, c) ? c->asker : 0;
}

/* The other answer that had come for who asked before is owed now. */
static enum status owe_second(struct exchange *x, const struct conversation *c)
{
    struct event event = {.message_id = c->id};
    uint64_t message = c->answered_in;

    if (c->before == 0 || c->before_was_other)
        return ST_OK; /* it is passed on, or holds the case again */
    enum status status =
        message == CONVERSATION_BY_MANY ? ST_MORE : exchange_event(x, message, &event);
    if (status == ST_MORE) {
        event.message_id = c->id;
        message = 0;
        status = ST_OK;
    }
    return status == ST_OK ? exchange_clock_forward(x, c, &event.message_id, message) : status;
}

static enum status undo_late(struct exchange *x, struct conversation_kept *kept,
                             const struct utterance *u)
{
    struct conversation *c = &kept->conversation;
    const uint32_t holder = holder_of(x, c);

    if (holder == 0 || !conversation_undo_late(c, u, holder, x->now_ms))
        return ST_OK;
    enum status status = exchange_clock_forward(x, c, &c->id, 0);
    return status == ST_OK ? exchange_keep_conversation(x, kept) : status;
}

enum status exchange_words_undone(struct exchange *x, uint64_t sequence)
{
    struct event event;
    struct utterance u;
    enum status status = exchange_event(x, sequence, &event);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    struct conversation_kept *kept = find_said(x, &event, &u);
    if (kept && strcmp(u.type->name, LATE_ANSWER) == 0)
        return undo_late(x, kept, &u);
    const uint64_t counted = kept ? kept->conversation.answered_in : 0;
    if (!kept || !is_theirs(x, &kept->conversation)
        || !conversation_undo(&kept->conversation, &u, x->now_ms))
        return ST_OK;
    if (kept->conversation.answered && kept->conversation.answered_in != counted)
        status = owe_second(x, &kept->conversation);
    return status == ST_OK ? exchange_keep_conversation(x, kept) : status;
}

/* Who goes on with what another asked, and has no evidence of its message. */
static enum status tell_ended(struct exchange *x, const struct conversation_kept *kept,
                              Concordat__ClockKind how)
{
    const struct conversation *c = &kept->conversation;
    struct clock_running over = {
        .number = kept->first,
        .clock = {.kind = how, .due_ms = x->now_ms},
        .message = c->id,
        .conversation = c->id,
        .case_handle = c->case_handle,
        .owed_by = c->other,
        .owed_to = c->asker,
    };

    TEXT_COPY(over.type, c->opened->name);
    return exchange_tell_clock_to(x, c->asker, &over, CONCORDAT__CLOCK_STAGE__STAGE_BREACHED, "");
}

enum status exchange_words_ended(struct exchange *x, const struct words_end *end)
{
    struct conversation_kept *kept = conversations_find(x->cases, &end->message);

    /* Another sender's message may have the id; a transfer's ends with the transfer. */
    if (!kept || kept->first != end->sequence || kept->conversation.opened->custody == CUSTODY_OFFER
        || (end->by != 0 && end->by != kept->conversation.other)
        || !conversation_ended(&kept->conversation, &end->message))
        return ST_OK;
    enum status status = exchange_end_conversation(x, kept, 0);
    return status == ST_OK && kept->conversation.asker != end->from ? tell_ended(x, kept, end->how)
                                                                    : status;
}

/* What was missing may still come, and what waits for its turn is nothing that anybody misses. */
static enum status forget_refused(struct exchange *x, struct conversation_kept *kept, uint32_t from)
{
    for (uint32_t i = kept->held_count; i-- > 0;)
        if (kept->held[i].from == from)
            conversation_release(kept, i);
    return exchange_keep_conversation(x, kept);
}

enum status exchange_gap_over(struct exchange *x, const struct id *conversation, uint32_t from)
{
    struct conversation_kept *kept = conversations_find(x->cases, conversation);
    uint32_t lowest = kept ? find_lowest(kept, from) : 0;

    if (!kept || conversation_held_by(kept, from) == 0)
        return ST_OK;
    x->counts.gaps++;
    if (lowest == kept->held_count)
        return forget_refused(x, kept, from);
    enum status status = say_held(x, kept, lowest);
    return status == ST_OK ? go_on(x, kept, from, true) : status;
}

/* ---- the case moves ---- */

bool exchange_moves_conversation(struct exchange *x, const struct conversation *c, uint32_t from,
                                 uint32_t to)
{
    struct conversation moved = *c;

    return c->opened->custody != CUSTODY_OFFER && conversation_move(&moved, from, to, 0)
        && (c->asker == from || can_answer(x, c, to));
}

bool exchange_leaves_conversation(struct exchange *x, const struct conversation *c, uint32_t from,
                                  uint32_t to)
{
    return c->opened->custody != CUSTODY_OFFER && c->state != CONVERSATION_CLOSED
        && c->other == from && c->asker != to && !exchange_moves_conversation(x, c, from, to);
}

enum status exchange_move_conversation(struct exchange *x, struct conversation_kept *kept,
                                       uint32_t from, uint32_t to)
{
    bool moved = conversation_move(&kept->conversation, from, to, x->now_ms);

    assert(moved);
    for (uint32_t i = 0; i < kept->held_count; i++)
        if (kept->held[i].from == from)
            kept->held[i].from = to;                     /* the number is the side's */
    if (kept->conversation.state == CONVERSATION_CLOSED) /* who owed the answer holds the case */
        return exchange_end_conversation(x, kept, kept->conversation.ended_in);
    enum status status = ST_OK;
    if (kept->held_count > 0)
        status = exchange_clock_gap_stop(x, &kept->conversation.id, from);
    if (kept->held_count > 0 && status == ST_OK)
        status = watch_gap(x, kept, to);
    return status == ST_OK ? exchange_keep_conversation(x, kept) : status;
}
