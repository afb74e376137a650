/* What is owed ends: by a message, by a step, or with its conversation. What came for it may yet be
 * rejected or withheld: until its recipient has it, what it ends rests under it, listed nowhere,
 * and goes on if it never arrives, as at the broker (broker/timing.c). See desk_inside.h and
 * owed.h. */
#include <string.h>

#include "agents/desk_inside.h"
#include "agreements/clock.h"

#define KIND(name) CONCORDAT__CLOCK_KIND__CLOCK_##name

struct ending {
    struct desk *desk;
    const struct track *track; /* the message that has come, or that a step is about */
    enum owed_by by;           /* what it and the owed have in common */
    bool is_asked;             /* only that it replies to what is owed */
    int64_t accepted_ms;
    Concordat__StepKind step;
    const struct talk *talk;   /* that has ended */
    const char *giver, *taker; /* of the transfer that has */
};

static void stop(struct desk *desk, enum owed_by by, const struct id *id,
                 enum owed_fate (*judge)(void *context, struct owed *owed), struct ending *ending)
{
    ending->by = by;
    (void)desk_ok(desk, owed_stop(desk->txn, by, id, judge, ending));
}

static bool find_kept(struct desk *desk, const struct id *conversation, struct talk *out)
{
    return desk_find_talk(desk, conversation, out) && out->is_kept;
}

/* ---- by a message ---- */

static bool is_from_who_owes(const struct owed *o, const struct track *t)
{
    return t->way == WAY_OUT ? o->by_us : !o->by_us && strcmp(o->other, t->from) == 0;
}

bool desk_owed_is_there(struct desk *desk, const struct owed *o)
{
    struct talk talk;

    return find_kept(desk, &o->conversation_id, &talk)
        && conversation_goes_on_by(talk.rules.opened, o->expected);
}

/* What keeps a conversation up to date or closes it is expected there, and ends with it; all else
 * about the case: as the broker has it. */
static bool meets_expected(const struct ending *e, const struct owed *o)
{
    const struct track *t = e->track;
    const bool is_it = strcmp(o->expected, t->type) == 0 && is_from_who_owes(o, t);
    struct talk talk;

    if (!desk_owed_is_there(e->desk, o))
        return is_it && (e->by == OWED_OF_CASE || id_is_zero(&o->case_handle));
    return e->by == OWED_OF_CONVERSATION && !e->is_asked
        && (is_it
            || (find_kept(e->desk, &o->conversation_id, &talk)
                && conversation_is_closed_by(talk.rules.opened, t->type)));
}

/* Does it go to who waits for it? In a conversation that is kept its rules see to that. */
static bool is_to_who_waits(const struct ending *e, const struct owed *o)
{
    struct talk talk;

    if (find_kept(e->desk, &o->conversation_id, &talk))
        return id_equal(&o->conversation_id, &e->track->conversation_id);
    return e->track->way == WAY_IN || strcmp(o->other, e->track->to) == 0;
}

static bool meets(const struct ending *e, const struct owed *o)
{
    const struct track *t = e->track;

    if (o->kind == KIND(EXPECTED))
        return meets_expected(e, o);
    /* What had been asked before us was answered, and has come by way of who asked. */
    if (strcmp(t->type, LATE_ANSWER) == 0)
        return o->kind != KIND(REPLY) && o->kind != KIND(CLOSE);
    if (!clock_is_stopped_by_type(o->kind, catalogue_find(o->type), t->type))
        return false;
    if (o->kind == KIND(CLOSE)) /* whichever side closes it */
        return !e->is_asked;
    return is_from_who_owes(o, t) && is_to_who_waits(e, o);
}

/* Can it be owed again, when what came is undone? */
static bool may_go_on(struct desk *desk, const struct owed *o)
{
    struct talk talk;

    return o->kind == KIND(EXPECTED)
        || ((o->kind == KIND(DECIDE) || o->kind == KIND(ANSWER) || o->kind == KIND(CLOSE))
            && find_kept(desk, &o->conversation_id, &talk));
}

/* Until the message is delivered; one for us is by now. */
static enum owed_fate rest(const struct track *message, struct owed *o)
{
    if (message->way == WAY_IN)
        return OWED_ENDS;
    o->met_by = message->message_id;
    return OWED_CHANGES;
}

static enum owed_fate judge_message(void *context, struct owed *o)
{
    const struct ending *e = context;

    /* It may have waited for us while we said what it comes before. */
    if (!id_is_zero(&o->met_by) || e->accepted_ms < o->started_ms || !meets(e, o))
        return OWED_STAYS;
    return may_go_on(e->desk, o) ? rest(e->track, o) : OWED_ENDS;
}

/* What the broker has stopped for good by its acceptance stays so; all else goes on. */
static enum owed_fate judge_rejected(void *context, struct owed *o)
{
    const struct ending *e = context;

    return judge_message(context, o) == OWED_ENDS && !may_go_on(e->desk, o) ? OWED_ENDS
                                                                            : OWED_STAYS;
}

/* Of what the conversation's first message asked for, or an offer that was made again. */
static bool is_of_first(struct desk *desk, const struct talk *talk, const struct owed *o)
{
    if (o->kind == KIND(EXPECTED))
        return desk_owed_is_there(desk, o);
    return id_equal(&o->message_id, &talk->rules.id)
        || (talk->rules.opened->custody == CUSTODY_OFFER
            && strcmp(o->type, talk->rules.opened->name) == 0
            && (o->kind == KIND(ACKNOWLEDGE) || o->kind == KIND(DECIDE)));
}

static enum owed_fate judge_over(void *context, struct owed *o)
{
    const struct ending *e = context;

    if (!id_is_zero(&o->met_by) || !is_of_first(e->desk, e->talk, o))
        return OWED_STAYS;
    return e->track ? rest(e->track, o) : OWED_ENDS;
}

void desk_owed_over(struct desk *desk, const struct talk *talk)
{
    struct ending ending = {.desk = desk, .talk = talk};

    stop(desk, OWED_OF_CONVERSATION, &talk->rules.id, judge_over, &ending);
}

/* Its conversation, its case, and that of what it answers in one of its own, because the question's
 * has ended. */
static void stop_about(struct desk *desk, const struct track *track,
                       enum owed_fate (*judge)(void *context, struct owed *owed),
                       struct ending *ending)
{
    struct track asked;
    enum status status;

    stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge, ending);
    stop(desk, OWED_OF_CASE, &track->case_handle, judge, ending);
    if (id_is_zero(&track->in_reply_to))
        return;
    status =
        track_get(desk->txn, track->way == WAY_OUT ? WAY_IN : WAY_OUT, &track->in_reply_to, &asked);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status)
        || id_equal(&asked.conversation_id, &track->conversation_id))
        return;
    ending->is_asked = true;
    stop(desk, OWED_OF_CONVERSATION, &asked.conversation_id, judge, ending);
}

/* The one before it is met, and this is not. */
static enum owed_fate judge_behind(void *context, struct owed *o)
{
    const struct ending *e = context;

    if (!o->is_behind || !id_is_zero(&o->met_by) || desk_owed_is_known(e->desk, o))
        return OWED_STAYS;
    o->is_behind = false;
    return OWED_CHANGES;
}

void desk_owed_met(struct desk *desk, const struct track *track, int64_t accepted_ms)
{
    struct ending ending = {.desk = desk, .track = track, .accepted_ms = accepted_ms};
    struct talk talk;

    stop_about(desk, track, judge_message, &ending);
    ending.is_asked = false;
    stop_about(desk, track, judge_behind, &ending);
    if (!find_kept(desk, &track->conversation_id, &talk) || talk.rules.state != CONVERSATION_CLOSED
        || !id_equal(&talk.ended_by, &track->message_id))
        return;
    ending.talk = &talk;
    stop(desk, OWED_OF_CONVERSATION, &talk.rules.id, judge_over, &ending);
}

/* ---- that is undone, or for good ---- */

static enum owed_fate judge_settled(void *context, struct owed *o)
{
    const struct ending *e = context;

    return id_equal(&o->met_by, &e->track->message_id) ? OWED_ENDS : OWED_STAYS;
}

/* It is owed again, unless by what has come since, or in a conversation that has ended otherwise.
 */
static enum owed_fate judge_undone(void *context, struct owed *o)
{
    const struct ending *e = context;
    const bool is_there = o->kind != KIND(EXPECTED) || desk_owed_is_there(e->desk, o);
    struct talk talk;

    if (!id_equal(&o->met_by, &e->track->message_id))
        return OWED_STAYS;
    if (is_there
        && (!find_kept(e->desk, &o->conversation_id, &talk)
            || (talk.rules.state == CONVERSATION_CLOSED && id_is_zero(&talk.ended_by))))
        return OWED_ENDS;
    o->met_by =
        is_there && talk.rules.state == CONVERSATION_CLOSED ? talk.ended_by : (struct id){{0}};
    if (o->kind == KIND(EXPECTED) && id_is_zero(&o->met_by) && desk_owed_is_known(e->desk, o))
        return OWED_ENDS;
    return OWED_CHANGES;
}

void desk_owed_undone(struct desk *desk, const struct track *track)
{
    struct ending ending = {.desk = desk, .track = track};

    stop_about(desk, track, judge_undone, &ending);
}

/* ---- by a step ---- */

static enum owed_fate judge_step(void *context, struct owed *o)
{
    const struct ending *e = context;

    if (!id_is_zero(&o->met_by) || !id_equal(&o->message_id, &e->track->message_id) || o->is_shared)
        return OWED_STAYS;
    return clock_is_stopped_by_step(o->kind, catalogue_find(o->type), e->step) ? OWED_ENDS
                                                                               : OWED_STAYS;
}

void desk_owed_step(struct desk *desk, const struct track *track, Concordat__StepKind step)
{
    struct ending ending = {.desk = desk, .track = track, .step = step};

    if (step == CONCORDAT__STEP_KIND__REJECTED)
        desk_watch_undone(desk, track);
    stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge_step, &ending);
    if (track->way == WAY_OUT && step != CONCORDAT__STEP_KIND__REJECTED)
        stop_about(desk, track, judge_settled, &ending);
}

/* What it made owed was told before it came, when its case had moved. */
void desk_owed_rejected(struct desk *desk, const struct track *track, int64_t accepted_ms)
{
    struct ending ending = {.desk = desk,
                            .track = track,
                            .accepted_ms = accepted_ms,
                            .step = CONCORDAT__STEP_KIND__REJECTED};

    stop_about(desk, track, judge_rejected, &ending);
    stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge_step, &ending);
}

/* What is withheld comes to nothing as what is rejected does. */
void desk_owed_refused(struct desk *desk, const struct talk *talk, Concordat__ClockKind how)
{
    const struct track first = {.message_id = talk->rules.id}; /* it has its id */
    struct ending ending = {.desk = desk,
                            .track = &first,
                            .step = how == CONCORDAT__CLOCK_KIND__CLOCK_DECLINED
                                      ? CONCORDAT__STEP_KIND__DECLINED
                                      : CONCORDAT__STEP_KIND__REJECTED};

    stop(desk, OWED_OF_CONVERSATION, &talk->rules.id, judge_step, &ending);
}

/* ---- with what it was about ---- */

/* A completion is the transfer's: that stands, whether or not its last acceptance is opened. */
static enum owed_fate judge_gone(void *context, struct owed *o)
{
    const struct ending *e = context;

    return id_is_zero(&o->met_by) && id_equal(&o->message_id, &e->track->message_id)
                && o->kind != KIND(COMPLETE) && !o->is_shared
             ? OWED_ENDS
             : OWED_STAYS;
}

void desk_owed_gone(struct desk *desk, const struct track *track)
{
    struct ending ending = {.track = track};

    desk_watch_undone(desk, track);
    stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge_gone, &ending);
}

/* The transfer is over: nothing of it is owed. */
static enum owed_fate judge_transfer(void *, struct owed *o)
{
    return o->kind == KIND(REPLY) || o->kind == KIND(COMPLETE) ? OWED_ENDS : OWED_STAYS;
}

void desk_owed_replied(struct desk *desk, const struct id *conversation)
{
    struct ending ending = {0};

    stop(desk, OWED_OF_CONVERSATION, conversation, judge_transfer, &ending);
}

static enum owed_fate judge_reply_by(void *, struct owed *o)
{
    return o->kind == KIND(REPLY) ? OWED_ENDS : OWED_STAYS;
}

void desk_owed_no_reply(struct desk *desk, const struct id *conversation)
{
    struct ending ending = {0};

    stop(desk, OWED_OF_CONVERSATION, conversation, judge_reply_by, &ending);
}

/* What was expected in it, whoever of the two owes it. */
static enum owed_fate judge_of_transfer(void *context, struct owed *o)
{
    const struct ending *e = context;
    const char *us = e->desk->setup.agency;
    const char *by = o->by_us ? us : o->other, *to = o->by_us ? o->other : us;
    const bool by_holder = strcmp(by, e->giver) == 0;

    if (o->kind != KIND(EXPECTED) || (!by_holder && strcmp(to, e->giver) != 0)
        || strcmp(by_holder ? to : by, e->taker) != 0)
        return OWED_STAYS;
    return clock_is_of_transfer(catalogue_find(o->type), catalogue_find(o->expected), by_holder)
             ? OWED_ENDS
             : OWED_STAYS;
}

void desk_owed_transfer_over(struct desk *desk, const struct id *case_handle, const char *giver,
                             const char *taker)
{
    struct ending ending = {.desk = desk, .giver = giver, .taker = taker};

    stop(desk, OWED_OF_CASE, case_handle, judge_of_transfer, &ending);
}
