/* What is owed to this agency and by it: noted when a message is accepted, struck off when what was
 * owed has come, and moved with its case. The list: due_list.c. See desk_inside.h and owed.h. */
#include <assert.h>
#include <string.h>

#include "agents/desk_inside.h"
#include "agents/owed.h"
#include "agreements/clock.h"
#include "lib/text.h"

#define PLACE_TOLD 128     /* and up: as the broker has told it, not reckoned here */
#define RECKONED_A_TURN 64 /* by other bank holidays; a turn comes 20 times a second */

/* ---- what ends it ---- */

static_assert(CLOCKS_OF_MAX <= PLACE_TOLD && PLACE_TOLD + TOLD_DUE_COUNT <= UINT8_MAX,
              "a place is one byte");

struct ending {
    struct desk *desk;         /* of a message */
    const struct track *track; /* the message that has come, or that a step is about */
    Concordat__StepKind step;  /* UNSPECIFIED: a message */
    const char *other;         /* of a move */
    const struct custody_told *told;
    bool is_known[TOLD_DUE_COUNT]; /* of what it says is due: it stands here already */
    bool ends;                     /* what is not among it */
};

static bool is_from_who_owes(const struct owed *o, const struct track *track)
{
    return o->by_us == (track->way == WAY_OUT);
}

/* What is expected of a third agency, no other meets. */
static bool is_of_debtor(const struct owed *o, const struct track *track)
{
    return is_from_who_owes(o, track) && (o->by_us || strcmp(o->other, track->from) == 0);
}

/* What keeps a conversation up to date or closes it is expected there, and ends with it; all else
 * about the case: as the broker has it. */
static enum owed_fate judge_expected(const struct ending *e, const struct owed *o)
{
    const struct track *t = e->track;
    bool is_it = strcmp(o->expected, t->type) == 0 && is_of_debtor(o, t);
    struct talk talk;
    enum status status = talks_get(e->desk->txn, &o->conversation_id, &talk);

    if (status != ST_OK && status != ST_MORE && status != ST_INVALID)
        (void)desk_ok(e->desk, status);
    if (status == ST_OK && talk.is_kept && conversation_goes_on_by(talk.rules.opened, o->expected))
        is_it = id_equal(&o->conversation_id, &t->conversation_id)
             && (is_it || conversation_is_closed_by(talk.rules.opened, t->type));
    return is_it ? OWED_ENDS : OWED_STAYS;
}

static enum owed_fate judge_message(void *context, struct owed *o)
{
    const struct ending *e = context;
    const struct track *t = e->track;

    if (o->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED)
        return judge_expected(e, o);
    /* What had been asked before us was answered, and has come by way of who asked. */
    if (strcmp(t->type, LATE_ANSWER) == 0)
        return o->kind != CONCORDAT__CLOCK_KIND__CLOCK_REPLY ? OWED_ENDS : OWED_STAYS;
    if (!is_from_who_owes(o, t))
        return OWED_STAYS;
    return clock_is_stopped_by_type(o->kind, catalogue_find(o->type), t->type) ? OWED_ENDS
                                                                               : OWED_STAYS;
}

static enum owed_fate judge_step(void *context, struct owed *o)
{
    const struct ending *e = context;

    if (!id_equal(&o->message_id, &e->track->message_id))
        return OWED_STAYS;
    return clock_is_stopped_by_step(o->kind, catalogue_find(o->type), e->step) ? OWED_ENDS
                                                                               : OWED_STAYS;
}

/* A completion is the transfer's: that stands, whether or not its last acceptance is opened. */
static enum owed_fate judge_gone(void *context, struct owed *o)
{
    const struct ending *e = context;

    return id_equal(&o->message_id, &e->track->message_id)
                && o->kind != CONCORDAT__CLOCK_KIND__CLOCK_COMPLETE
             ? OWED_ENDS
             : OWED_STAYS;
}

static enum owed_fate judge_reply_by(void *context, struct owed *o)
{
    (void)context;
    return o->kind == CONCORDAT__CLOCK_KIND__CLOCK_REPLY ? OWED_ENDS : OWED_STAYS;
}

/* The transfer is over: nothing of it is owed. */
static enum owed_fate judge_transfer(void *context, struct owed *o)
{
    (void)context;
    return o->kind == CONCORDAT__CLOCK_KIND__CLOCK_REPLY
                || o->kind == CONCORDAT__CLOCK_KIND__CLOCK_COMPLETE
             ? OWED_ENDS
             : OWED_STAYS;
}

static enum owed_fate judge_all(void *context, struct owed *o)
{
    (void)context;
    (void)o;
    return OWED_ENDS;
}

/* Of what was sent to who held the case: it alone can acknowledge or open that. */
static bool stays_behind(const struct owed *o)
{
    return o->kind == CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE
        || o->kind == CONCORDAT__CLOCK_KIND__CLOCK_OPEN;
}

/* What is expected is told with the move. */
static enum owed_fate judge_left(void *context, struct owed *o)
{
    (void)context;
    return o->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED || (o->by_us && stays_behind(o))
             ? OWED_STAYS
             : OWED_ENDS;
}

static enum owed_fate judge_move(void *context, struct owed *o)
{
    const struct ending *e = context;

    if (!o->by_us && stays_behind(o))
        return OWED_STAYS;
    if (o->by_us ? false : strcmp(o->other, e->other) == 0)
        return OWED_STAYS;
    TEXT_COPY(o->other, e->other);
    return OWED_CHANGES;
}

static void stop(struct desk *desk, enum owed_by by, const struct id *id,
                 enum owed_fate (*judge)(void *context, struct owed *owed), struct ending *ending)
{
    (void)desk_ok(desk, owed_stop(desk->txn, by, id, judge, ending));
}

/* What answers a question in a conversation of its own, because that of the question has ended. */
static void stop_asked(struct desk *desk, const struct track *track, struct ending *ending)
{
    struct track asked;
    enum status status;

    if (id_is_zero(&track->in_reply_to))
        return;
    status =
        track_get(desk->txn, track->way == WAY_OUT ? WAY_IN : WAY_OUT, &track->in_reply_to, &asked);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status)
        || id_equal(&asked.conversation_id, &track->conversation_id))
        return;
    stop(desk, OWED_OF_CONVERSATION, &asked.conversation_id, judge_message, ending);
}

void desk_owed_step(struct desk *desk, const struct track *track, Concordat__StepKind step)
{
    struct ending ending = {.track = track, .step = step};

    if (step == CONCORDAT__STEP_KIND__REJECTED)
        desk_watch_undone(desk, track);
    stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge_step, &ending);
}

void desk_owed_moved(struct desk *desk, const struct talk *talk)
{
    struct ending ending = {.other = talk->other};

    stop(desk, OWED_OF_CONVERSATION, &talk->rules.id, judge_move, &ending);
}

void desk_owed_left(struct desk *desk, const struct id *conversation)
{
    struct ending ending = {0};

    stop(desk, OWED_OF_CONVERSATION, conversation, judge_left, &ending);
}

void desk_owed_ended(struct desk *desk, const struct id *conversation)
{
    struct ending ending = {0};

    stop(desk, OWED_OF_CONVERSATION, conversation, judge_all, &ending);
}

void desk_owed_replied(struct desk *desk, const struct id *conversation)
{
    struct ending ending = {0};

    stop(desk, OWED_OF_CONVERSATION, conversation, judge_transfer, &ending);
}

void desk_owed_gone(struct desk *desk, const struct track *track)
{
    struct ending ending = {.track = track};

    desk_watch_undone(desk, track);
    stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge_gone, &ending);
}

/* ---- what begins it ---- */

static struct owed owed_of(const struct track *track)
{
    struct owed owed = {.message_id = track->message_id,
                        .conversation_id = track->conversation_id,
                        .case_handle = track->case_handle,
                        .by_us = track->way == WAY_IN};

    TEXT_COPY(owed.other, track->way == WAY_IN ? track->from : track->to);
    TEXT_COPY(owed.type, track->type);
    return owed;
}

static void name_expected(struct owed *owed, const struct message_type *type)
{
    if (owed->kind == CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE && type->acknowledged_by)
        TEXT_COPY(owed->expected, type->acknowledged_by);
    if ((owed->kind == CONCORDAT__CLOCK_KIND__CLOCK_ANSWER
         || owed->kind == CONCORDAT__CLOCK_KIND__CLOCK_DECIDE)
        && type->answered_by)
        TEXT_COPY(owed->expected, type->answered_by);
    if (owed->kind == CONCORDAT__CLOCK_KIND__CLOCK_CLOSE && type->closed_by)
        TEXT_COPY(owed->expected, type->closed_by);
}

/* Who is told by the agreement, and what is to come. */
static void complete(struct owed *owed, const struct clock *clock,
                     const struct agreement *agreement, const struct clause *clause)
{
    const struct message_type *type = catalogue_find(owed->type);

    if (clause->ladder_count > 0 && owed->kind != CONCORDAT__CLOCK_KIND__CLOCK_CLOSE)
        TEXT_COPY(owed->role, agreement->roles[clause->ladder[0]]);
    name_expected(owed, type);
    for (size_t i = 0; clock->expectation && i < agreement->expectation_count; i++) {
        const struct expectation *e = &agreement->expectations[i];

        if (strcmp(e->id, clock->expectation) != 0)
            continue;
        TEXT_COPY(owed->expected, e->then->name);
        TEXT_COPY(owed->role, agreement->roles[e->tell]);
    }
}

/* Who owes it, as clocks_of says. False: neither of the two, and it is not to come to us. `owed' is
 * as if the recipient owed it: by_us, then, says that we are that. */
static bool name_debtor(struct owed *owed, const char *holder, const struct agreement *agreement,
                        const struct clock *clock)
{
    const struct expectation *e;

    switch (clock->debtor) {
    case DEBTOR_SENDER:
        owed->by_us = !owed->by_us;
        return true;
    case DEBTOR_HOLDER:
        if (owed->by_us)
            return false;
        TEXT_COPY(owed->other, holder);
        return true;
    case DEBTOR_NAMED:
    case DEBTOR_NAMED_TO_RECIPIENT:
        if (owed->by_us != (clock->debtor == DEBTOR_NAMED_TO_RECIPIENT))
            return false;
        e = agreement_expectation(agreement, clock->expectation);
        TEXT_COPY(owed->other, agreement_named(agreement, e)->agency);
        owed->by_us = false;
        return true;
    case DEBTOR_RECIPIENT:
    case DEBTOR_NONE:
    default:
        return true;
    }
}

void desk_owed_taken(struct desk *desk, const struct talk *talk, Concordat__ClockKind kind,
                     int64_t due_ms)
{
    struct owed owed = {.due_ms = due_ms,
                        .kind = kind,
                        .by_us = !talk_is_asked_by_us(talk),
                        .message_id = talk->rules.id, /* its first message has its id */
                        .conversation_id = talk->rules.id,
                        .case_handle = talk->rules.case_handle};

    TEXT_COPY(owed.other, talk->other);
    TEXT_COPY(owed.type, talk->rules.opened->name);
    name_expected(&owed, talk->rules.opened);
    (void)desk_ok(desk, owed_put(desk->txn, &owed));
}

const struct agreement *desk_agreement_of(const struct desk *desk, const struct track *track)
{
    const struct registrar *registrar = gazette_registrar(desk->gazette);
    const struct agreement *version = registrar_version(registrar, &track->agreement_hash);

    return version ? version : agreement_set_find(registrar_set(registrar), track->agreement_id);
}

const struct calendar_days *desk_calendar(const struct desk *desk)
{
    return desk->setup.calendar ? desk->setup.calendar : calendar_built_in();
}

/* What a message starts, and by what it does. */
struct started {
    const struct agreement *agreement;
    const struct clause *clause; /* NULL: nothing is known of it */
    char holder[AGENCY_MAX + 1]; /* of its case, as far as we know; empty: none */
    struct clock clocks[CLOCKS_OF_MAX];
    size_t count;
};

static struct clock_cause cause_of(const struct track *track, const struct message_type *type,
                                   int64_t accepted_ms, const struct started *started)
{
    return (struct clock_cause){.agreement = started->agreement,
                                .clause = started->clause,
                                .type = type,
                                .urgency = track->urgency,
                                .sender = track->from,
                                .recipient = track->to,
                                .holder = started->holder[0] != '\0' ? started->holder : NULL,
                                .accepted_ms = accepted_ms,
                                .needed_by_ms = track->needed_by_ms,
                                .watch_until_ms = track->watch_until_ms};
}

static void clocks_by(struct desk *desk, const struct track *track, const struct message_type *type,
                      int64_t accepted_ms, struct started *out)
{
    *out = (struct started){.agreement = desk_agreement_of(desk, track)};
    if (out->agreement)
        out->clause = agreement_clause(out->agreement, track->clause);
    if (!out->clause)
        return;
    struct holding holding = desk_holding(desk, &track->case_handle);
    TEXT_COPY(out->holder, holding.holder);
    struct clock_cause cause = cause_of(track, type, accepted_ms, out);
    cause.watch_until_ms = desk_watched_until(desk, track);
    clocks_of(&cause, desk_calendar(desk), out->clocks, &out->count);
}

/* The same of the last acceptance alone: the one clock of its completion. */
static void completion_by(const struct desk *desk, const struct track *track,
                          const struct message_type *type, int64_t accepted_ms, struct started *out)
{
    *out = (struct started){.agreement = desk_agreement_of(desk, track)};
    if (!out->agreement)
        return;
    const struct clock_cause cause = cause_of(track, type, accepted_ms, out);
    out->clocks[0] = clock_complete(&cause, desk_calendar(desk), &out->clause);
    out->count = 1;
}

static void start_clocks(struct desk *desk, const struct track *track,
                         const struct message_type *type, int64_t accepted_ms)
{
    struct started started;

    clocks_by(desk, track, type, accepted_ms, &started);
    for (size_t i = 0; i < started.count; i++) {
        struct owed owed = owed_of(track);

        owed.due_ms = started.clocks[i].due_ms;
        owed.kind = started.clocks[i].kind;
        owed.place = (uint8_t)i;
        complete(&owed, &started.clocks[i], started.agreement, started.clause);
        if (name_debtor(&owed, started.holder, started.agreement, &started.clocks[i]))
            (void)desk_ok(desk, owed_put(desk->txn, &owed));
    }
}

static void owe_completion(struct desk *desk, const struct track *track,
                           const struct message_type *type, int64_t accepted_ms)
{
    struct owed owed = owed_of(track);
    struct started started;

    completion_by(desk, track, type, accepted_ms, &started);
    if (started.count == 0)
        return;
    owed.due_ms = started.clocks[0].due_ms;
    owed.kind = CONCORDAT__CLOCK_KIND__CLOCK_COMPLETE;
    owed.by_us = track->way == WAY_OUT; /* who accepts owes it */
    TEXT_COPY(owed.expected, "case.transfer.complete");
    if (started.clause && started.clause->ladder_count > 0)
        TEXT_COPY(owed.role, started.agreement->roles[started.clause->ladder[0]]);
    (void)desk_ok(desk, owed_put(desk->txn, &owed));
}

/* An offer lapses at its time unless every component is accepted by then. */
static void follow_transfer(struct desk *desk, const struct track *track,
                            const struct message_type *type, int64_t accepted_ms)
{
    struct holding holding = desk_holding(desk, &track->case_handle);
    const struct handover *t = &holding.transfer;
    struct ending ending = {0};
    struct owed owed = owed_of(track);

    if (type->custody == CUSTODY_OFFER || id_is_zero(&t->id) || (t->offered | t->rejected) == 0)
        stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge_reply_by, &ending);
    if (type->custody == CUSTODY_ACCEPT && !id_is_zero(&t->id) && (t->offered | t->rejected) == 0)
        owe_completion(desk, track, type, accepted_ms);
    if (type->custody != CUSTODY_OFFER || id_is_zero(&t->id) || t->offered == 0
        || t->reply_by_ms == 0)
        return;
    owed.due_ms = t->reply_by_ms;
    owed.kind = CONCORDAT__CLOCK_KIND__CLOCK_REPLY;
    (void)desk_ok(desk, owed_put(desk->txn, &owed));
}

void desk_owe(struct desk *desk, const struct track *track, int64_t accepted_ms)
{
    const struct message_type *type = catalogue_find(track->type);
    struct ending ending = {.desk = desk, .track = track};

    if (!type)
        return;
    stop(desk, OWED_OF_CONVERSATION, &track->conversation_id, judge_message, &ending);
    if (!id_is_zero(&track->case_handle))
        stop(desk, OWED_OF_CASE, &track->case_handle, judge_message, &ending);
    stop_asked(desk, track, &ending);
    start_clocks(desk, track, type, accepted_ms);
    desk_watch_moves(desk, track);
    if (type->custody != CUSTODY_NONE)
        follow_transfer(desk, track, type, accepted_ms);
}

/* ---- by other bank holidays ---- */

struct batch {
    struct owed list[RECKONED_A_TURN];
    size_t count;
};

static bool take_owed(void *context, const struct owed *owed)
{
    struct batch *batch = context;

    batch->list[batch->count++] = *owed;
    return batch->count < RECKONED_A_TURN;
}

/* The message that it is owed for. What was taken over with a case is no message of ours: its time
 * stays as the broker has told it. */
static bool find_cause(struct desk *desk, const struct owed *owed, struct track *out)
{
    enum status status = track_get(desk->txn, WAY_IN, &owed->message_id, out);

    if (status == ST_MORE)
        status = track_get(desk->txn, WAY_OUT, &owed->message_id, out);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return false;
    return track_find(out, RUNG_ACCEPTED) != NULL;
}

/* There is one of each kind, but of what an agreement expects. NULL: not there any more. */
static const struct clock *find_started(const struct started *started, const struct owed *owed)
{
    for (size_t i = 0; i < started->count; i++)
        if (started->clocks[i].kind == owed->kind
            && (owed->kind != CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED || owed->place == i))
            return &started->clocks[i];
    return NULL;
}

static void reckon(struct desk *desk, const struct owed *owed)
{
    const struct message_type *type = catalogue_find(owed->type);
    struct started started;
    struct track track;

    /* A reply's time is the offer's own. */
    if (!type || owed->kind == CONCORDAT__CLOCK_KIND__CLOCK_REPLY
        || !find_cause(desk, owed, &track))
        return;
    if (owed->kind == CONCORDAT__CLOCK_KIND__CLOCK_COMPLETE)
        completion_by(desk, &track, type, track_find(&track, RUNG_ACCEPTED)->at_ms, &started);
    else
        clocks_by(desk, &track, type, track_find(&track, RUNG_ACCEPTED)->at_ms, &started);
    const struct clock *clock = find_started(&started, owed);
    if (clock && clock->due_ms != owed->due_ms)
        (void)desk_ok(desk, owed_move(desk->txn, owed, clock->due_ms));
}

void desk_reckon(struct desk *desk)
{
    struct batch batch = {.count = 0};

    if (!desk->reckon_due || desk->failed != ST_OK
        || !desk_ok(desk, owed_each_after(desk->txn, &desk->reckoned, take_owed, &batch)))
        return;
    for (size_t i = 0; i < batch.count; i++)
        reckon(desk, &batch.list[i]);
    desk->reckon_due = batch.count == RECKONED_A_TURN;
    if (desk->reckon_due)
        desk->reckoned = batch.list[batch.count - 1];
}

/* ---- with its case ---- */

/* Is that from before the move? What is ours to reckon from a message since is no matter of it. */
static bool is_since(struct desk *desk, const struct owed *owed, int64_t moved_ms)
{
    struct track track;

    return find_cause(desk, owed, &track) && track_find(&track, RUNG_ACCEPTED)->at_ms >= moved_ms;
}

static void name_sides(const struct desk *desk, const struct told_due *due, struct owed *owed)
{
    owed->by_us = strcmp(due->owed_by, desk->setup.agency) == 0;
    TEXT_COPY(owed->other, owed->by_us ? due->owed_to : due->owed_by);
}

/* May it say less than there is? Who has handed the case on loses what was its own all the same. */
static bool may_lack(const struct desk *desk, const struct custody_told *told)
{
    const char *us = desk->setup.agency;

    return strcmp(told->former, us) != 0
        && told->due_count
               >= (strcmp(told->holder, us) == 0 ? TOLD_DUE_COUNT : (uint32_t)TOLD_DUE_OTHERS);
}

static enum owed_fate judge_told(void *context, struct owed *o)
{
    struct ending *e = context;
    const struct custody_told *told = e->told;

    for (uint32_t i = 0; i < told->due_count; i++) {
        const struct told_due *due = &told->due[i];

        if (due->kind != o->kind || !id_equal(&due->message_id, &o->message_id)
            || strcmp(due->expected, o->expected) != 0)
            continue;
        e->is_known[i] = true;
        name_sides(e->desk, due, o);
        TEXT_COPY(o->role, due->role);
        return OWED_CHANGES;
    }
    if (!e->ends || o->kind != CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED || may_lack(e->desk, told)
        || is_since(e->desk, o, told->at_ms))
        return OWED_STAYS;
    return OWED_ENDS;
}

static struct owed owed_as_told(const struct desk *desk, const struct custody_told *told,
                                uint32_t number)
{
    const struct told_due *due = &told->due[number];
    struct owed owed = {.due_ms = due->due_ms,
                        .kind = due->kind,
                        .message_id = due->message_id,
                        .conversation_id = due->conversation_id,
                        .case_handle = told->case_handle};

    if (due->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED)
        owed.place = (uint8_t)(PLACE_TOLD + number);
    name_sides(desk, due, &owed);
    TEXT_COPY(owed.type, due->type);
    TEXT_COPY(owed.expected, due->expected);
    TEXT_COPY(owed.role, due->role);
    return owed;
}

void desk_owed_told(struct desk *desk, const struct custody_told *told)
{
    struct ending ending = {.desk = desk, .told = told};

    for (uint32_t i = 0; i < told->due_count; i++)
        stop(desk, OWED_OF_CONVERSATION, &told->due[i].conversation_id, judge_told, &ending);
    ending.ends = true;
    stop(desk, OWED_OF_CASE, &told->case_handle, judge_told, &ending);
    for (uint32_t i = 0; i < told->due_count; i++) {
        const struct owed owed = owed_as_told(desk, told, i);

        if (!ending.is_known[i] && !is_since(desk, &owed, told->at_ms))
            (void)desk_ok(desk, owed_put(desk->txn, &owed));
    }
}
