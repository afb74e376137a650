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

#include "tests/sim/town.h"

#define CLOCK(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define STEP(name) CONCORDAT__STEP_KIND__##name
#define NEVER INT64_MAX
#define QUARTER (15 * 60 * SECOND)
#define MINUTE (60 * SECOND)
#define HOLIDAY (START + 69 * DAY) /* Good Friday is no working day: no run may come to it */

/* ---- time ---- */

/* The wall clock, unless it jumps ahead; behind it, nine tenths of the pace. */
int64_t clockwork_now(struct town *t)
{
    struct own_time *o = &t->time;
    int64_t passed = t->monotonic_ms - o->monotonic_ms;

    if (!o->has_begun) {
        o->has_begun = true;
        o->ahead_ms = t->wall_ms - t->monotonic_ms;
        passed = 0;
        o->monotonic_ms = t->monotonic_ms;
    }
    if (t->wall_ms - t->monotonic_ms - o->ahead_ms > HOUR) {
        o->now_ms += passed;
        o->is_behind = false;
    } else if (t->wall_ms >= o->now_ms) {
        o->now_ms = t->wall_ms;
        o->is_behind = false;
    } else {
        if (!o->is_behind) {
            o->slow_ms = o->now_ms;
            o->slow_since_ms = o->monotonic_ms;
            t->counts->slow++;
        }
        o->is_behind = true;
        o->now_ms = o->slow_ms + (t->monotonic_ms - o->slow_since_ms) / 10 * 9;
        if (o->now_ms < t->wall_ms) {
            o->now_ms = t->wall_ms;
            o->is_behind = false;
        }
    }
    o->monotonic_ms = t->monotonic_ms;
    return o->now_ms;
}

/* It goes on from the newest event, whatever the clocks say. */
void clockwork_died(struct town *t)
{
    t->time.has_begun = t->time.is_behind = false;
    t->time.now_ms = t->time.newest_ms;
}

static bool is_open_at(int64_t ms)
{
    int64_t minute = ms % DAY / MINUTE, day = ms / DAY % 7; /* 1970 began on a Thursday */

    return day != 2 && day != 3 && minute >= 9 * 60 && minute < 16 * 60 + 30;
}

/* One working hour later. */
static int64_t working_hour(struct town *t, int64_t ms)
{
    int64_t left = HOUR;

    if (ms > HOLIDAY)
        town_fail(t, "the run goes on beyond the days that are known here");
    while (left > 0) {
        int64_t step = MINUTE - ms % MINUTE;
        if (is_open_at(ms)) {
            step = step < left ? step : left;
            left -= step;
        }
        ms += step;
    }
    return ms;
}

/* ---- one clock ---- */

static bool tells_once(const struct tick *k)
{
    return k->kind == CLOCK(GAP) || k->kind == CLOCK(FORWARD) || k->kind == CLOCK(EXPECTED)
        || k->kind == CLOCK(CLOSE);
}

static unsigned strikes_of(const struct tick *k)
{
    return tells_once(k) ? 1 : k->rungs + 2;
}

/* Half of its time, then in even steps to the end. */
static int64_t moment(const struct tick *k, unsigned strike)
{
    unsigned steps = k->rungs + 1;

    if (k->kind == CLOCK(OPEN))
        return k->ladder_ms;
    if (k->due_ms <= k->start_ms)
        return k->start_ms;
    if (strike + 1 >= strikes_of(k))
        return k->due_ms;
    return k->start_ms + (k->due_ms - k->start_ms) / (2 * (int64_t)steps) * (steps + strike);
}

static int64_t next_ms(const struct tick *k)
{
    return k->is_over || k->met_by != NONE || k->is_breached ? NEVER : moment(k, k->struck);
}

static const char *desk_of(const struct town *t, int agency)
{
    const struct agency *a = &t->agencies[agency];

    return a->out_of_hours && !is_open_at(t->time.now_ms) ? a->out_of_hours : a->contact;
}

static const char *role_of(const struct town *t, const struct tick *k)
{
    if (k->kind == CLOCK(GAP) || k->kind == CLOCK(REPLY) || k->kind == CLOCK(FORWARD))
        return ""; /* no clause gives them */
    if (k->kind == CLOCK(EXPECTED))
        return CONTACT_TELL;
    if (k->kind == CLOCK(OPEN) || k->rungs == 0 || k->stage == STAGE(WARNED))
        return desk_of(t, k->by);
    return k->ladder[k->is_breached ? k->rungs - 1 : k->struck - 2];
}

/* The last of what it should have told by now is to be told; *wanted: agencies. */
static void fall_due(struct town *t, struct tick *k)
{
    int64_t now_ms = t->time.now_ms;

    k->before = k->struck;
    k->before_ms = k->ladder_ms;
    k->was_breached = k->is_breached;
    k->wanted = 1u << k->by | 1u << k->to;
    if (k->kind == CLOCK(OPEN)) { /* of a ladder without end one rung waits for who is away */
        for (int i = 0; i < AGENCIES; i++)
            k->wanted &= ~(k->rungs_at[i] != 0 ? 1u << i : 0);
        k->struck++;
        k->ladder_ms = k->start_ms + ((now_ms - k->start_ms) / QUARTER + 1) * QUARTER;
        k->stage = STAGE(ESCALATED);
    } else {
        for (k->struck++; k->struck < strikes_of(k) && moment(k, k->struck) <= now_ms;)
            k->struck++;
        k->is_breached = k->struck == strikes_of(k);
        k->stage = k->is_breached ? STAGE(BREACHED)
                 : k->struck == 1 ? STAGE(WARNED)
                                  : STAGE(ESCALATED);
    }
    k->role = role_of(t, k);
    if (k->is_breached && (k->kind == CLOCK(GAP) || k->kind == CLOCK(REPLY)))
        k->is_over = true;
}

/* In the same moment something else that was due has stopped it. */
static void cancel(struct tick *k)
{
    if (k->wanted == 0)
        return;
    k->struck = k->before;
    k->ladder_ms = k->before_ms;
    k->is_breached = k->was_breached;
    k->wanted = 0;
}

static bool is_owed(const struct tick *k)
{
    return k->kind != CLOCK(OPEN) && k->kind != CLOCK(GAP) && k->kind != CLOCK(REPLY);
}

/* What was owed comes after all: news, when it was told as missed. */
static void come(struct town *t, struct tick *k)
{
    cancel(k);
    if (k->is_breached && is_owed(k)) {
        k->late = 1u << k->by | 1u << k->to;
        t->counts->late++;
    }
}

static void stop(struct tick *k)
{
    cancel(k);
    k->is_over = true;
}

static void rest(struct tick *k, const struct letter *under, const struct town *t)
{
    cancel(k);
    k->met_by = (int)(under - t->letters);
}

static struct tick *start(struct town *t, Concordat__ClockKind kind, int by, int to,
                          int64_t start_ms, int64_t due_ms)
{
    static struct tick spare;

    if (t->tick_count == TICKS_MAX) {
        town_fail(t, "too many clocks");
        return &spare;
    }
    struct tick *k = &t->ticks[t->tick_count++];
    *k = (struct tick){.kind = kind,
                       .letter = NONE,
                       .talk = NONE,
                       .case_number = NONE,
                       .by = by,
                       .to = to,
                       .start_ms = start_ms,
                       .due_ms = due_ms,
                       .ladder_ms = start_ms + QUARTER,
                       .ladder = town_ladder,
                       .met_by = NONE};
    return k;
}

static struct tick *find(struct town *t, Concordat__ClockKind kind, int talk, int case_number)
{
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (!k->is_over && k->kind == kind && (talk == NONE || k->talk == talk)
            && (case_number == NONE || k->case_number == case_number))
            return k;
    }
    return NULL;
}

static void stop_all(struct town *t, Concordat__ClockKind kind, int talk, int case_number)
{
    for (struct tick *k; (k = find(t, kind, talk, case_number));)
        stop(k);
}

/* ---- a message is accepted ---- */

static bool is_named(const char *name, const struct letter *letter)
{
    return name && strcmp(name, letter->type->name) == 0;
}

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
            && (is_named(asked->acknowledged_by, letter) || is_named(asked->answered_by, letter));
    if (k->kind == CLOCK(CLOSE)) /* by either side */
        return is_named(asked->closed_by, letter);
    return (k->kind == CLOCK(DECIDE) || k->kind == CLOCK(ANSWER)) && debtors
        && is_named(asked->answered_by, letter);
}

static void meet(struct town *t, struct tick *k, const struct letter *letter)
{
    if (!is_met(t, k, letter))
        return;
    come(t, k);
    if (k->kind == CLOCK(FORWARD) || k->kind == CLOCK(ACKNOWLEDGE) || k->kind == CLOCK(OPEN))
        stop(k);
    else
        rest(k, letter, t); /* until it is delivered */
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
        k = start(t, each[i].kind, letter->to, letter->from, at_ms, due_ms);
        k->letter = (int)(letter - t->letters);
        k->talk = letter->talk;
        k->rungs = spans.rungs;
    }
    if (letter->type->pattern == PATTERN_REFERRAL
        && letter->type->urgency == CONCORDAT__URGENCY__IMMEDIATE) {
        k = start(t, CLOCK(OPEN), letter->to, letter->from, at_ms, at_ms + QUARTER);
        k->letter = (int)(letter - t->letters);
        k->talk = letter->talk;
    }
    if (spans.close > 0 && letter->watch_until_ms > 0) {
        int64_t from_ms = letter->watch_until_ms > at_ms ? letter->watch_until_ms : at_ms;
        k = start(t, CLOCK(CLOSE), letter->from, letter->to, from_ms, from_ms + spans.close * HOUR);
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
            stop(k);
    }
    struct tick *known = find_contact(t, at, by, NULL);
    if (known && !known->is_breached) {
        known->has_causes = true;
        return;
    }
    if (known)
        stop(known);
    struct tick *k = start(t, CLOCK(EXPECTED), by, from, letter->accepted_ms,
                           letter->accepted_ms + CONTACT_HOURS * HOUR);
    k->case_number = at;
    k->letter = (int)(letter - t->letters);
}

static void start_of_offer(struct town *t, const struct letter *letter)
{
    stop_all(t, CLOCK(REPLY), NONE, letter->case_number);
    if (letter->custody.reply_by_ms == 0)
        return;
    start(t, CLOCK(REPLY), letter->to, letter->from, letter->accepted_ms,
          letter->custody.reply_by_ms)
        ->case_number = letter->case_number;
}

/* All of it is accepted: it is to be completed in as long again as the offer was to be decided. */
static void start_complete(struct town *t, const struct letter *letter)
{
    const struct file *f = &t->files[letter->case_number];

    if ((f->offered | f->rejected) != 0)
        return;
    stop_all(t, CLOCK(REPLY), NONE, letter->case_number);
    stop_all(t, CLOCK(COMPLETE), NONE, letter->case_number);
    start(t, CLOCK(COMPLETE), letter->from, letter->to, letter->accepted_ms,
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
    struct tick *k = find(t, CLOCK(COMPLETE), NONE, letter->case_number);
    if (k) {
        come(t, k);
        stop(k);
    }
    take_over(t, letter);
}

void clockwork_no_transfer(struct town *t, int case_number)
{
    stop_all(t, CLOCK(REPLY), NONE, case_number);
    stop_all(t, CLOCK(COMPLETE), NONE, case_number);
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
            stop(k); /* it has come, and can be read */
        else if (k->met_by != NONE && k->letter == place && k->kind != CLOCK(EXPECTED)
                 && is_ended_by(t, k, step)) { /* at rest, but done or declined all the same */
            if (k->kind == CLOCK(ACKNOWLEDGE) && step != STEP(REJECTED))
                come(t, k);
            stop(k);
        } else if (k->met_by == NONE && k->letter == place && !k->has_causes
                   && is_ended_by(t, k, step)) {
            if (step != STEP(REJECTED))
                come(t, k);
            stop(k);
        }
    }
    if (step == STEP(REJECTED))
        t->undone = place;
}

void clockwork_withheld(struct town *t, const struct letter *letter)
{
    const int place = (int)(letter - t->letters);

    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (!k->is_over && k->met_by == NONE && k->letter == place && !k->has_causes)
            stop(k);
    }
    t->undone = place;
}

static const struct letter *letter_at(const struct town *t, uint64_t sequence)
{
    for (int i = 0; i < t->letter_count && sequence != 0; i++)
        if (t->letters[i].accepted == sequence)
            return &t->letters[i];
    return NULL;
}

/* Its conversation has ended: it rests until who is to have what ended it has that. */
static void end(struct town *t, struct tick *k, uint64_t ended_in)
{
    const struct letter *by = letter_at(t, ended_in);

    if (by && !by->settled)
        rest(k, by, t);
    else
        stop(k);
}

/* It goes on as if nothing had come. What came may have ended its conversation, or another did. */
static void go_on(struct town *t, struct tick *k)
{
    const struct conversation *c = k->talk != NONE ? &t->talks[k->talk].said : NULL;

    t->counts->resumed++;
    if (k->kind == CLOCK(EXPECTED) ? find_contact(t, k->case_number, k->by, k) != NULL : !c) {
        stop(k);
    } else if (c && c->state == CONVERSATION_CLOSED) {
        end(t, k, c->ended_in);
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

/* ---- conversations ---- */

static bool is_of_conversation(const struct tick *k, const struct talk *talk)
{
    return k->kind == CLOCK(GAP) || k->kind == CLOCK(FORWARD) || k->met_by != NONE
        || k->letter == talk->opening;
}

/* One of its sides is another agency: what it owed and was owed goes with it, but for what only the
 * recipient of a message can do, and what the former holder passes on. */
static void hand_on(struct town *t, const struct talk *talk, int from, int to)
{
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (k->is_over || k->talk != (int)(talk - t->talks) || !is_of_conversation(k, talk))
            continue;
        if (k->by == from && k->kind != CLOCK(ACKNOWLEDGE) && k->kind != CLOCK(OPEN)
            && k->kind != CLOCK(FORWARD))
            k->by = to;
        if (k->to == from)
            k->to = to;
        if (k->by == k->to)
            stop(k);
    }
}

static void end_talk(struct town *t, const struct talk *talk, const struct conversation *now)
{
    const bool owed = now->answered && now->before != 0 && !now->before_was_other;

    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (k->is_over || k->met_by != NONE || k->talk != (int)(talk - t->talks))
            continue;
        if (k->kind == CLOCK(GAP) || (k->kind == CLOCK(FORWARD) && !owed))
            stop(k);
        else if (k->kind != CLOCK(FORWARD))
            end(t, k, now->ended_in);
    }
}

/* An answer has come for who asked before and has not the case any more; or what it has passed on
 * could not be opened. */
static void owe_forward(struct town *t, const struct talk *talk, const struct conversation *now)
{
    const struct conversation *was = &talk->said;
    const struct letter *answer = letter_at(t, now->answered_in);
    const int place = (int)(talk - t->talks);
    const bool comes =
        now->answered && !was->answered && answer && answer->to == (int)now->before - 1;
    const bool again = now->answered && was->answered && was->before == 0
                    && was->asker == now->asker && was->other == now->other;

    if (!talk->is_kept || now->before == 0 || now->before_was_other || (!comes && !again)
        || find(t, CLOCK(FORWARD), place, NONE))
        return;
    struct tick *k = start(t, CLOCK(FORWARD), (int)now->before - 1, (int)now->asker - 1,
                           t->time.now_ms, working_hour(t, t->time.now_ms));
    k->talk = place;
    k->letter = comes ? (int)(answer - t->letters) : NONE;
}

static unsigned count_held(const struct conversation_kept *kept, int agency, bool messages)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < kept->held_count; i++)
        count += (int)kept->held[i].from - 1 == agency
              && (!messages || kept->held[i].what != HELD_REFUSED);
    return count;
}

/* A minute runs for a side while a number of it waits; each time that the next one is another, and
 * when the first message waits that is not refused, it is another minute. */
static void watch_gap(struct town *t, struct talk *talk, const struct conversation_kept *now,
                      int side)
{
    const struct conversation *c = &now->conversation, *was = &talk->said;
    const int agency = (int)(side == 0 ? c->asker : c->other) - 1;
    const int other = (int)(side == 0 ? c->other : c->asker) - 1;
    const uint32_t next = side == 0 ? c->next_of_asker : c->next_of_other;
    const uint32_t next_was = side == 0 ? was->next_of_asker : was->next_of_other;
    const int agency_was = (int)(side == 0 ? was->asker : was->other) - 1;
    const unsigned held = count_held(now, agency, false), said = count_held(now, agency, true);
    const bool anew = talk->waits[side] == 0 || next != next_was || agency != agency_was
                   || (talk->says[side] == 0 && said > 0);

    talk->waits[side] = held;
    talk->says[side] = said;
    for (int i = 0; i < t->tick_count && (anew || held == 0); i++) {
        struct tick *k = &t->ticks[i];
        if (!k->is_over && k->kind == CLOCK(GAP) && k->talk == (int)(talk - t->talks)
            && k->by == agency)
            stop(k);
    }
    if (held == 0 || !anew)
        return;
    start(t, CLOCK(GAP), agency, other, t->time.now_ms, t->time.now_ms + MINUTE)->talk =
        (int)(talk - t->talks);
}

void clockwork_talk(struct town *t, struct talk *talk, const struct conversation_kept *now)
{
    const struct conversation *c = &now->conversation, *was = &talk->said;
    const bool ends =
        c->state == CONVERSATION_CLOSED && (!talk->is_kept || was->state != CONVERSATION_CLOSED);

    if (talk->is_kept && c->state != CONVERSATION_CLOSED && c->asker != was->asker)
        hand_on(t, talk, (int)was->asker - 1, (int)c->asker - 1);
    if (talk->is_kept && c->state != CONVERSATION_CLOSED && c->other != was->other)
        hand_on(t, talk, (int)was->other - 1, (int)c->other - 1);
    if (ends)
        end_talk(t, talk, c);
    owe_forward(t, talk, c);
    for (int side = 0; side < 2; side++)
        watch_gap(t, talk, now, side);
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
        unsigned *left = told->stage == STAGE(LATE) ? &k->late : &k->wanted;
        if ((*left & bit) == 0 || (told->stage != STAGE(LATE) && told->stage != k->stage)
            || !is_about(t, k, told))
            continue;
        check_told(t, k, told);
        *left &= ~bit;
        k->number = told->clock;
        if (k->kind == CLOCK(OPEN))
            k->rungs_at[agency] = event->sequence;
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
        if (t->ticks[i].wanted == 0 && next_ms(&t->ticks[i]) <= t->time.now_ms)
            fall_due(t, &t->ticks[i]);
}

void clockwork_batch(struct town *t)
{
    if (!t->is_in_batch)
        return;
    undo(t);
    check_due(t);
    for (int i = 0; i < t->tick_count; i++)
        if (t->ticks[i].late != 0)
            town_fail(t, "nobody is told that what clock %" PRIu64 " waited for has come late: %s",
                      t->ticks[i].number, clock_kind_name(t->ticks[i].kind));
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
    const bool undone = t->undone != NONE;
    undo(t);
    if (undone && !t->has_commands) /* it goes on in time for what is due */
        all_due(t);
    if (event->kind == EVENT_TOLD || event->kind == EVENT_WITHHELD || event->kind == EVENT_COUNTED)
        return;
    if (!t->has_commands) /* what was due came before anything that somebody asked for */
        check_due(t);
    t->has_commands = true;
    for (int i = 0; i < t->tick_count && event->kind == EVENT_TAKEN; i++)
        for (int j = 0; j < AGENCIES; j++)
            if (t->ticks[i].rungs_at[j] == event->item_sequence)
                t->ticks[i].rungs_at[j] = 0;
}
