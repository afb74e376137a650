/* What is owed to this agency and by it: noted when a message is accepted. What ends it is in
 * discharge.c, how it goes with its case in owed_moves.c, the list in due_list.c. See desk_inside.h
 * and owed.h. */
#include <string.h>

#include "agents/cases.h"
#include "agents/desk_inside.h"
#include "agents/owed.h"
#include "agreements/clock.h"
#include "lib/text.h"

#define LOOKED_AT 64       /* messages about a case */
#define RECKONED_A_TURN 64 /* by other bank holidays; a turn comes 20 times a second */

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

void owed_name_expected(struct owed *owed, const struct message_type *type)
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
    owed_name_expected(owed, type);
    for (size_t i = 0; clock->expectation && i < agreement->expectation_count; i++) {
        const struct expectation *e = &agreement->expectations[i];

        if (strcmp(e->id, clock->expectation) != 0)
            continue;
        TEXT_COPY(owed->expected, e->then->name);
        TEXT_COPY(owed->role, agreement->roles[e->tell]);
        TEXT_COPY(owed->agreement_id, agreement->id);
        TEXT_COPY(owed->expectation, e->id);
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

/* ---- what is expected ---- */

struct same {
    const struct owed *wanted;
    bool is_there;  /* it is expected in the conversation alone */
    bool is_asked;  /* nothing changes */
    int64_t now_ms; /* else: the one that was missed by then makes room */
    bool found, is_earlier;
};

/* What was told with a case does not say which expectation it is of: that is seen by what began it,
 * what is to come and who is told. */
static bool is_of_one(const struct owed *a, const struct owed *b)
{
    if (a->expectation[0] != '\0' && b->expectation[0] != '\0')
        return strcmp(a->expectation, b->expectation) == 0
            && strcmp(a->agreement_id, b->agreement_id) == 0;
    return strcmp(a->expected, b->expected) == 0 && strcmp(a->role, b->role) == 0
        && (strcmp(a->type, b->type) == 0 || strcmp(a->type, a->expected) == 0
            || strcmp(b->type, b->expected) == 0);
}

static enum owed_fate judge_same(void *context, struct owed *o)
{
    struct same *same = context;
    const struct owed *w = same->wanted;

    if (o->kind != CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED || o->is_behind || !id_is_zero(&o->met_by)
        || !is_of_one(o, w) || o->by_us != w->by_us
        || ((same->is_there || !w->by_us) && strcmp(o->other, w->other) != 0))
        return OWED_STAYS;
    if (!same->is_asked && o->started_ms > same->now_ms && w->due_ms > o->started_ms) {
        same->is_earlier = true; /* and waited for us: the two are one since it came */
        return OWED_ENDS;
    }
    if (!same->is_asked && o->due_ms <= same->now_ms)
        return OWED_ENDS;
    same->found = true;
    o->is_shared = true;
    return same->is_asked ? OWED_STAYS : OWED_CHANGES;
}

static bool find_same(struct desk *desk, struct same *same)
{
    const struct owed *w = same->wanted;

    same->is_there = desk_owed_is_there(desk, w);
    const bool of_case = !id_is_zero(&w->case_handle) && !same->is_there;
    (void)desk_ok(desk,
                  owed_stop(desk->txn, of_case ? OWED_OF_CASE : OWED_OF_CONVERSATION,
                            of_case ? &w->case_handle : &w->conversation_id, judge_same, same));
    return same->found;
}

bool desk_owed_is_known(struct desk *desk, const struct owed *owed)
{
    struct same same = {.wanted = owed, .is_asked = true};

    return find_same(desk, &same);
}

/* We have rejected the conversation's first message, and it ended with that. */
static bool has_been_rejected(struct desk *desk, const struct owed *owed)
{
    struct track first;
    enum status status = track_get(desk->txn, WAY_IN, &owed->conversation_id, &first);

    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return false;
    const struct message_type *opened = catalogue_find(first.type);
    return track_find(&first, RUNG_REJECTED) && opened
        && conversation_goes_on_by(opened, owed->expected);
}

/* Whose it is where its conversation is by now. False: nobody's with us. */
static bool place(struct desk *desk, struct owed *owed)
{
    const bool is_expected = owed->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED;
    struct talk talk;

    if (!desk_find_talk(desk, &owed->conversation_id, &talk) || !talk.is_kept)
        return !is_expected || !has_been_rejected(desk, owed);
    if (is_expected && !desk_owed_is_there(desk, owed))
        return true;
    if (talk.rules.state == CONVERSATION_CLOSED
        && (is_expected || id_equal(&owed->message_id, &owed->conversation_id)))
        return false; /* what closed it has come before this */
    if (is_expected && talk.holder[0] != '\0')
        return false;
    if (strcmp(owed->other, talk.before) == 0 && (owed->by_us || !owed_stays_behind(owed)))
        TEXT_COPY(owed->other, talk.other);
    return true;
}

struct since {
    struct desk *desk;
    const struct owed *wanted;
    int64_t at_ms;
    bool is_there;
    unsigned left;
    bool found;
    struct id on_its_way; /* ours that nobody has yet; zero: it has come */
};

static bool see_since(void *context, char way, const struct id *key)
{
    struct since *since = context;
    const struct owed *w = since->wanted;
    struct track track;
    const enum status status = track_get(since->desk->txn, way, key, &track);

    if (status != ST_OK)
        return (status == ST_MORE || status == ST_INVALID || desk_ok(since->desk, status))
            && --since->left > 0;
    const struct rung *accepted = track_find(&track, RUNG_ACCEPTED);
    if (strcmp(track.type, w->expected) == 0 && accepted && accepted->at_ms > since->at_ms
        && !track_find(&track, RUNG_REJECTED) && !track_find(&track, RUNG_WITHHELD)
        && (w->by_us ? way == WAY_OUT : way == WAY_IN && strcmp(track.from, w->other) == 0)
        && (!since->is_there || id_equal(&track.conversation_id, &w->conversation_id))) {
        since->found = true;
        since->on_its_way = way == WAY_IN || track_find(&track, RUNG_DELIVERED) ? (struct id){{0}}
                                                                                : track.message_id;
    }
    return !since->found && --since->left > 0;
}

/* What starts it has waited for us: has what it expects been said since? Among the newest about its
 * case. */
static bool has_come_since(struct desk *desk, struct owed *owed, int64_t accepted_ms)
{
    struct since since = {.desk = desk,
                          .wanted = owed,
                          .at_ms = accepted_ms,
                          .is_there = desk_owed_is_there(desk, owed),
                          .left = LOOKED_AT};

    if (!id_is_zero(&owed->case_handle))
        (void)desk_ok(desk, cases_newest(desk->txn, &owed->case_handle, see_since, &since));
    owed->met_by = since.on_its_way;
    return since.found && id_is_zero(&since.on_its_way);
}

/* One that is expected already, and was not missed, waits for both. */
static void expect(struct desk *desk, struct owed *owed, int64_t accepted_ms)
{
    struct same same = {.wanted = owed, .now_ms = accepted_ms};

    if (has_come_since(desk, owed, accepted_ms))
        return;
#ifndef PLANT_MERGES_NOTHING /* tests: it must be caught */
    owed->is_behind = id_is_zero(&owed->met_by) && find_same(desk, &same);
#else
    (void)same;
#endif
    owed->is_shared = same.is_earlier;
    (void)desk_ok(desk, owed_put(desk->txn, owed));
}

/* Is it of a transfer that had ended when the message came that makes it expected? */
static bool is_over(struct desk *desk, const struct owed *owed, int64_t accepted_ms)
{
    const struct message_type *after = catalogue_find(owed->type),
                              *expected = catalogue_find(owed->expected);

    if (owed->kind != CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED
        || (!clock_is_of_transfer(after, expected, true)
            && !clock_is_of_transfer(after, expected, false)))
        return false;
    return accepted_ms <= desk_holding(desk, &owed->case_handle).ended_ms;
}

/* ---- all of it ---- */

static void start_clocks(struct desk *desk, const struct track *track,
                         const struct message_type *type, int64_t accepted_ms)
{
    struct started started;

    clocks_by(desk, track, type, accepted_ms, &started);
    for (size_t i = 0; i < started.count; i++) {
        struct owed owed = owed_of(track);

        owed.started_ms = accepted_ms;
        owed.due_ms = started.clocks[i].due_ms;
        owed.kind = started.clocks[i].kind;
        owed.place = (uint8_t)i;
        complete(&owed, &started.clocks[i], started.agreement, started.clause);
        if (!name_debtor(&owed, started.holder, started.agreement, &started.clocks[i])
            || !place(desk, &owed))
            continue;
        if (is_over(desk, &owed, accepted_ms))
            continue;
        if (owed.kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED)
            expect(desk, &owed, accepted_ms);
        else
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
    struct owed owed = owed_of(track);

    if (type->custody == CUSTODY_OFFER || id_is_zero(&t->id) || (t->offered | t->rejected) == 0)
        desk_owed_no_reply(desk, &track->conversation_id);
    if (type->custody == CUSTODY_ACCEPT && !id_is_zero(&t->id) && (t->offered | t->rejected) == 0)
        owe_completion(desk, track, type, accepted_ms);
    if (type->custody != CUSTODY_OFFER || id_is_zero(&t->id) || t->offered == 0
        || t->reply_by_ms == 0)
        return;
    owed.due_ms = t->reply_by_ms;
    owed.kind = CONCORDAT__CLOCK_KIND__CLOCK_REPLY;
    TEXT_COPY(owed.expected, "case.transfer.accept");
    (void)desk_ok(desk, owed_put(desk->txn, &owed));
}

void desk_owe(struct desk *desk, const struct track *track, int64_t accepted_ms)
{
    const struct message_type *type = catalogue_find(track->type);

    if (!type)
        return;
    desk_owed_met(desk, track, accepted_ms);
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
bool desk_owed_cause(struct desk *desk, const struct owed *owed, struct track *out)
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
        || !desk_owed_cause(desk, owed, &track))
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
