/*
 * clockwork.c - the clocks that have to run in the simulation, and when each of them must strike.
 *
 *     events --> ticks: started, at rest, stopped --begun--> what is due --told--> as it must be
 *
 * Nothing of the broker's is asked. A clock starts and ends here by docs/clocks.md, from what is
 * durable: messages, steps, what was withheld. Of conversations the record is taken as it is
 * (watch.c and holds.c judge it): its sides, its end, what is held. The simulated agreement gives
 * plain spans alone, so a time is a sum; but for the working hour in which an answer is passed on,
 * which is reckoned here for a winter without holidays.
 *
 * A batch begins with what is due at its time, so each strike is to be told in the first batch that
 * is not before it, to both sides and once. What is told besides is a fault, whatever it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/ticks.h"

#define STEP(name) CONCORDAT__STEP_KIND__##name

/* ---- a message is accepted ---- */

/* Is it what the clock waits for? */
static bool is_met(const struct town *t, const struct tick *k, const struct letter *letter)
{
    const struct talk *talk = k->talk != NONE ? &t->talks[k->talk] : NULL;
    const bool debtors = letter->from == k->by;

    if (k->kind == CLOCK(EXPECTED))
        return debtors && letter->case_number == k->case_number
            && strcmp(letter->type->name, "case.first_contact") == 0;
    if (!talk || letter->talk != k->talk || talk->opening == (int)(letter - t->letters))
        return false;
    const struct message_type *asked = talk->opened;
    if (k->kind == CLOCK(FORWARD))
        return debtors && strcmp(letter->type->name, LATE_ANSWER) == 0;
    if (k->kind == CLOCK(ACKNOWLEDGE) || k->kind == CLOCK(OPEN))
        return debtors
            && (tick_is_named(asked->acknowledged_by, letter)
                || tick_is_named(asked->answered_by, letter));
    if (k->kind == CLOCK(CLOSE)) /* by either side */
        return tick_is_named(asked->closed_by, letter);
    return (k->kind == CLOCK(DECIDE) || k->kind == CLOCK(ANSWER)) && debtors
        && tick_is_named(asked->answered_by, letter);
}

static void meet(struct town *t, struct tick *k, const struct letter *letter)
{
    if (!is_met(t, k, letter))
        return;
    tick_come(t, k);
    if (k->kind == CLOCK(FORWARD) || k->kind == CLOCK(ACKNOWLEDGE) || k->kind == CLOCK(OPEN))
        tick_stop(k);
    else
        tick_rest(k, letter, t); /* until it is delivered */
}

/* A conversation's first message starts what its clause gives. */
static void start_of(struct town *t, const struct letter *letter)
{
    const struct spans spans = letter_spans(t, letter);
    const int64_t at_ms = letter->accepted_ms;
    const struct {
        Concordat__ClockKind kind;
        unsigned hours;
        int64_t named_ms;
    } each[] = {
        {CLOCK(ACKNOWLEDGE), spans.acknowledge, 0},
        {CLOCK(DECIDE), spans.decide, 0},
        {CLOCK(ANSWER), spans.answer, letter->type->answered_by ? letter->needed_by_ms : 0}};
    struct tick *k;

    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        int64_t due_ms = at_ms + each[i].hours * HOUR;
        if (each[i].hours == 0 && each[i].named_ms == 0)
            continue;
        if (each[i].named_ms != 0 && (each[i].hours == 0 || each[i].named_ms < due_ms))
            due_ms = each[i].named_ms;
        k = tick_start(t, each[i].kind, letter->to, letter->from, at_ms, due_ms);
        k->letter = (int)(letter - t->letters);
        k->talk = letter->talk;
        k->rungs = spans.rungs;
    }
    if (letter->type->pattern == PATTERN_REFERRAL
        && letter->type->urgency == CONCORDAT__URGENCY__IMMEDIATE) {
        k = tick_start(t, CLOCK(OPEN), letter->to, letter->from, at_ms, at_ms + QUARTER);
        k->letter = (int)(letter - t->letters);
        k->talk = letter->talk;
    }
    if (spans.close > 0 && letter->watch_until_ms > 0) {
        int64_t from_ms = letter->watch_until_ms > at_ms ? letter->watch_until_ms : at_ms;
        k = tick_start(t, CLOCK(CLOSE), letter->from, letter->to, from_ms,
                       from_ms + spans.close * HOUR);
        k->letter = (int)(letter - t->letters);
        k->talk = letter->talk;
    }
}

static struct tick *find_contact(struct town *t, int case_number, int by, const struct tick *but)
{
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (k != but && !k->is_over && k->kind == CLOCK(EXPECTED) && k->case_number == case_number
            && k->by == by && k->met_by == NONE)
            return k;
    }
    return NULL;
}

/* Who takes the case owes what was expected of its holder, and makes contact. */
static void take_over(struct town *t, const struct letter *letter)
{
    const int by = letter->from, from = letter->to, at = letter->case_number;

    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (k->is_over || k->kind != CLOCK(EXPECTED) || k->case_number != at)
            continue;
        k->by = k->by == from ? by : k->by;
        k->to = k->to == from ? by : k->to;
        if (k->by == k->to)
            tick_stop(k);
    }
    struct tick *known = find_contact(t, at, by, NULL);
    if (known && !known->is_breached) {
        known->has_causes = true;
        return;
    }
    if (known)
        tick_stop(known);
    struct tick *k = tick_start(t, CLOCK(EXPECTED), by, from, letter->accepted_ms,
                                letter->accepted_ms + CONTACT_HOURS * HOUR);
    k->case_number = at;
    k->letter = (int)(letter - t->letters);
}

static void start_of_offer(struct town *t, const struct letter *letter)
{
    tick_stop_all(t, CLOCK(REPLY), NONE, letter->case_number);
    if (letter->custody.reply_by_ms == 0)
        return;
    tick_start(t, CLOCK(REPLY), letter->to, letter->from, letter->accepted_ms,
               letter->custody.reply_by_ms)
        ->case_number = letter->case_number;
}

/* All of it is accepted: it is to be completed in as long again as the offer was to be decided. */
static void start_complete(struct town *t, const struct letter *letter)
{
    const struct file *f = &t->files[letter->case_number];

    if ((f->offered | f->rejected) != 0)
        return;
    tick_stop_all(t, CLOCK(REPLY), NONE, letter->case_number);
    tick_stop_all(t, CLOCK(COMPLETE), NONE, letter->case_number);
    tick_start(t, CLOCK(COMPLETE), letter->from, letter->to, letter->accepted_ms,
               letter->accepted_ms + letter_spans(t, &t->letters[letter->reply_to]).decide * HOUR)
        ->case_number = letter->case_number;
}

void clockwork_accepted(struct town *t, const struct letter *letter)
{
    for (int i = 0; i < t->tick_count; i++)
        if (!t->ticks[i].is_over && t->ticks[i].met_by == NONE)
            meet(t, &t->ticks[i], letter);
    start_of(t, letter);
    if (letter->type->custody == CUSTODY_OFFER)
        start_of_offer(t, letter);
    if (letter->type->custody == CUSTODY_ACCEPT)
        start_complete(t, letter);
    if (letter->type->custody != CUSTODY_COMPLETE)
        return;
    struct tick *k = tick_find(t, CLOCK(COMPLETE), NONE, letter->case_number);
    if (k) {
        tick_come(t, k);
        tick_stop(k);
    }
    take_over(t, letter);
}

void clockwork_no_transfer(struct town *t, int case_number)
{
    tick_stop_all(t, CLOCK(REPLY), NONE, case_number);
    tick_stop_all(t, CLOCK(COMPLETE), NONE, case_number);
}

/* ---- steps, and what was not said after all ---- */

static bool is_ended_by(const struct town *t, const struct tick *k, Concordat__StepKind step)
{
    const bool debtors = k->by == t->letters[k->letter].to;

    if (step == STEP(REJECTED))
        return debtors || (k->kind != CLOCK(DECIDE) && k->kind != CLOCK(ANSWER));
    if (k->kind == CLOCK(OPEN) || k->kind == CLOCK(ACKNOWLEDGE))
        return (k->kind == CLOCK(OPEN) && step == STEP(OPENED)) || step == STEP(ACKNOWLEDGED)
            || step == STEP(DECLINED) || step == STEP(ANSWERED);
    if (k->kind == CLOCK(DECIDE) || k->kind == CLOCK(ANSWER))
        return debtors
            && (step == STEP(DECLINED)
                || (step == STEP(ANSWERED) && !t->letters[k->letter].type->answered_by));
    return k->kind == CLOCK(CLOSE) && step == STEP(DECLINED);
}

void clockwork_step(struct town *t, const struct letter *letter, Concordat__StepKind step)
{
    const int place = (int)(letter - t->letters);

    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (k->is_over)
            continue;
        if (k->met_by == place && step != STEP(REJECTED))
            tick_stop(k); /* it has come, and can be read */
        else if (k->met_by != NONE && k->letter == place && k->kind != CLOCK(EXPECTED)
                 && is_ended_by(t, k, step)) { /* at rest, but done or declined all the same */
            if (k->kind == CLOCK(ACKNOWLEDGE) && step != STEP(REJECTED))
                tick_come(t, k);
            tick_stop(k);
        } else if (k->met_by == NONE && k->letter == place && !k->has_causes
                   && is_ended_by(t, k, step)) {
            if (step != STEP(REJECTED))
                tick_come(t, k);
            tick_stop(k);
        }
    }
    if (step == STEP(REJECTED))
        t->undone = place;
}

void clockwork_withheld(struct town *t, const struct letter *letter)
{
    const int place = (int)(letter - t->letters);

    tick_stir(t, letter->talk, letter->type->custody != CUSTODY_NONE ? letter->case_number : NONE);
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (!k->is_over && k->met_by == NONE && k->letter == place && !k->has_causes)
            tick_stop(k);
    }
    t->undone = place;
}

/* Another answer than the one under which it rests is there, and counts. */
static bool is_answered(const struct town *t, const struct tick *k, const struct conversation *c)
{
    return (k->kind == CLOCK(DECIDE) || k->kind == CLOCK(ANSWER)) && c && c->answered
        && c->opened->pattern != PATTERN_TRANSFER && k->letter == t->talks[k->talk].opening
        && c->answered_in != t->letters[k->met_by].accepted;
}

/* It goes on as if nothing had come. What came may have ended its conversation, or another did. */
static void go_on(struct town *t, struct tick *k)
{
    const struct conversation *c = k->talk != NONE ? &t->talks[k->talk].said : NULL;

    t->counts->resumed++;
    if (k->kind == CLOCK(EXPECTED) ? find_contact(t, k->case_number, k->by, k) != NULL : !c) {
        tick_stop(k);
    } else if (is_answered(t, k, c)) {
        tick_end(t, k, c->answered_in);
    } else if (c && c->state == CONVERSATION_CLOSED) {
        tick_end(t, k, c->ended_in);
    } else {
        k->met_by = NONE;
        if (k->kind == CLOCK(OPEN))
            k->ladder_ms = k->start_ms + ((int64_t)k->struck + 1) * QUARTER;
    }
}

static void undo(struct town *t)
{
    const int place = t->undone;

    t->undone = NONE;
    for (int i = 0; place != NONE && i < t->tick_count; i++)
        if (!t->ticks[i].is_over && t->ticks[i].met_by == place)
            go_on(t, &t->ticks[i]);
}
/* ---- what is told ---- */

/* Is it about this clock? What belongs to a case or to a conversation has no message of its own. */
static bool is_about(struct town *t, const struct tick *k, const struct clock_told *told)
{
    const struct file *f = k->case_number != NONE ? &t->files[k->case_number] : NULL;
    const struct talk *talk = k->talk != NONE ? &t->talks[k->talk] : NULL;

    if (k->kind != told->kind || agency_of(told->owed_by) != k->by
        || agency_of(told->owed_to) != k->to || (k->number != 0 && k->number != told->clock))
        return false;
    if (f)
        return id_equal(&told->case_handle, &f->handle);
    if (!id_equal(&told->conversation_id, &talk->id))
        return false;
    return k->kind == CLOCK(GAP) || k->kind == CLOCK(FORWARD)
        || id_equal(&told->message_id, &t->letters[k->letter].id);
}

/* Of what is due in one batch the soonest strikes first, of two at once the older. So what tells
 * nobody has struck when a later one tells. `last': NULL: all have. */
static void strike_silent(struct town *t, const struct tick *last)
{
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (!last || k->fell_ms < last->fell_ms
            || (k->fell_ms == last->fell_ms && k->number < last->number))
            k->is_silent = false;
    }
}

static void check_told(struct town *t, const struct tick *k, const struct clock_told *told)
{
    const char *name = clock_kind_name(told->kind), *stage = clock_stage_name(told->stage);

    if (told->at_ms != t->time.now_ms)
        town_fail(t, "clock %" PRIu64 " (%s) has another time than its batch", told->clock, name);
    if (k->kind != CLOCK(OPEN) && told->due_ms != k->due_ms)
        town_fail(t, "clock %" PRIu64 " (%s) is due %" PRId64 " s off", told->clock, name,
                  (told->due_ms - k->due_ms) / SECOND);
    if (told->stage != STAGE(LATE) && strcmp(told->role, k->role) != 0)
        town_fail(t, "clock %" PRIu64 " (%s, %s) names \"%s\", not \"%s\"", told->clock, name,
                  stage, told->role, k->role);
    if (k->kind == CLOCK(OPEN) && told->count != k->struck)
        town_fail(t, "clock %" PRIu64 " (%s) tells its rung %u, and has told %u", told->clock, name,
                  told->count, k->struck);
}

void clockwork_told(struct town *t, const struct event *event, const struct clock_told *told)
{
    const int agency = agency_of(event->agency);
    const unsigned bit = 1u << agency;

    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        const bool late = told->stage == STAGE(LATE);
        if (((late ? k->late : k->wanted) & bit) == 0 || (!late && told->stage != k->stage)
            || !is_about(t, k, told))
            continue;
        check_told(t, k, told);
        if (late)
            k->late &= ~bit;
        else
            tick_told(t, k, agency);
        k->number = told->clock;
        /* Each side has the last that it was told; of who had that side before nothing is known. */
        for (int j = 0; j < AGENCIES && k->kind == CLOCK(OPEN); j++)
            if (j == agency)
                k->rungs_at[j] = event->sequence;
            else if (j != k->by && j != k->to)
                k->rungs_at[j] = 0;
        if (told->stage != STAGE(LATE))
            strike_silent(t, k);
        t->counts->struck[k->kind]++;
        return;
    }
    town_fail(t, "clock %" PRIu64 " tells %s what is not due, or again: %s, %s", told->clock,
              event->agency, clock_kind_name(told->kind), clock_stage_name(told->stage));
}

static void check_due(struct town *t)
{
    for (int i = 0; i < t->tick_count; i++) {
        const struct tick *k = &t->ticks[i];
        if (k->wanted != 0)
            town_fail(t, "a clock of letter %d, conversation %d, case %d has not struck: %s, %s",
                      k->letter, k->talk, k->case_number, clock_kind_name(k->kind),
                      clock_stage_name(k->stage));
    }
}

static void all_due(struct town *t)
{
    for (int i = 0; i < t->tick_count; i++)
        if (t->ticks[i].wanted == 0 && tick_next_ms(&t->ticks[i]) <= t->time.now_ms)
            tick_fall_due(t, &t->ticks[i]);
}

/* What is withheld is so before what is due strikes: what goes on since then strikes with that. */
static void undo_in_time(struct town *t)
{
    const bool undone = t->undone != NONE;

    undo(t);
    if (undone && !t->has_commands)
        all_due(t);
}

void clockwork_batch(struct town *t)
{
    if (!t->is_in_batch)
        return;
    undo_in_time(t);
    check_due(t);
    strike_silent(t, NULL);
    for (int i = 0; i < t->tick_count; i++)
        if (t->ticks[i].late != 0)
            town_fail(t, "nobody is told that what clock %" PRIu64 " waited for has come late: %s",
                      t->ticks[i].number, clock_kind_name(t->ticks[i].kind));
    words_batch(t);
    for (int i = 0; i < t->talk_count; i++)
        t->talks[i].owes_again = NONE;
    t->is_in_batch = false;
}

void clockwork_begun(struct town *t, int64_t now_ms)
{
    clockwork_batch(t); /* the one before */
    if (now_ms != t->time.now_ms)
        town_fail(t, "the broker's time is %" PRId64 " ms off", now_ms - t->time.now_ms);
    t->is_in_batch = true;
    t->has_commands = false;
    all_due(t);
}

void clockwork_event(struct town *t, const struct event *event)
{
    t->time.newest_ms = event->at_ms;
    if (event->kind == EVENT_KEPT)
        return;
    undo_in_time(t);
    if (event->kind == EVENT_TOLD || event->kind == EVENT_WITHHELD || event->kind == EVENT_COUNTED)
        return;
    if (!t->has_commands) { /* what was due came before anything that somebody asked for */
        check_due(t);
        strike_silent(t, NULL);
    }
    t->has_commands = true;
    for (int i = 0; i < t->tick_count && event->kind == EVENT_TAKEN; i++)
        for (int j = 0; j < AGENCIES; j++)
            if (t->ticks[i].rungs_at[j] == event->item_sequence)
                t->ticks[i].rungs_at[j] = 0;
}
