/* ticks.c - the time, and one clock, of the simulation: see ticks.h. */
#include "tests/sim/ticks.h"

#include <string.h>

#define NEVER INT64_MAX
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
int64_t tick_working_hour(struct town *t, int64_t ms)
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

int64_t tick_next_ms(const struct tick *k)
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
void tick_fall_due(struct town *t, struct tick *k)
{
    int64_t now_ms = t->time.now_ms;

    k->fell_ms = tick_next_ms(k);
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
    k->is_silent = k->wanted == 0;
    k->role = role_of(t, k);
    k->asked = k->wanted;
    k->may_stop = k->kind != CLOCK(GAP) && k->kind != CLOCK(REPLY);
}

void tick_stir(struct town *t, int talk, int case_number)
{
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        const struct talk *own = k->talk != NONE ? &t->talks[k->talk] : NULL;
        if ((talk != NONE && k->talk == talk)
            || (case_number != NONE
                && (own ? own->case_number == case_number
                              && own->opened->pattern == PATTERN_TRANSFER
                        : k->case_number == case_number)))
            k->may_stop = true;
    }
}

/* A minute and a reply's time end with their breach; but when that is told, not when it is due:
 * until then they may be stopped. */
void tick_told(struct town *t, struct tick *k, int agency)
{
    k->wanted &= ~(1u << agency);
    if (k->wanted != 0 || !k->is_breached || (k->kind != CLOCK(GAP) && k->kind != CLOCK(REPLY)))
        return;
    k->is_over = true;
    tick_stir(t, k->talk, k->case_number);
}

/* In the same moment something else has stopped it. It is owed all the same when one side has been
 * told, and when nothing stirs it but what its own breach brings about. */
static void cancel(struct tick *k)
{
    if ((k->wanted == 0 && !k->is_silent) || k->wanted != k->asked || !k->may_stop)
        return;
    k->is_silent = false;
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
void tick_come(struct town *t, struct tick *k)
{
    cancel(k);
    if (k->is_breached && is_owed(k)) {
        k->late = 1u << k->by | 1u << k->to;
        t->counts->late++;
    }
}

void tick_stop(struct tick *k)
{
    cancel(k);
    k->is_over = true;
}

void tick_rest(struct tick *k, const struct letter *under, const struct town *t)
{
    cancel(k);
    k->met_by = (int)(under - t->letters);
}

struct tick *tick_start(struct town *t, Concordat__ClockKind kind, int by, int to, int64_t start_ms,
                        int64_t due_ms)
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

struct tick *tick_find(struct town *t, Concordat__ClockKind kind, int talk, int case_number)
{
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (!k->is_over && k->kind == kind && (talk == NONE || k->talk == talk)
            && (case_number == NONE || k->case_number == case_number))
            return k;
    }
    return NULL;
}

void tick_stop_all(struct town *t, Concordat__ClockKind kind, int talk, int case_number)
{
    for (struct tick *k; (k = tick_find(t, kind, talk, case_number));)
        tick_stop(k);
}

bool tick_is_named(const char *name, const struct letter *letter)
{
    return name && strcmp(name, letter->type->name) == 0;
}

const struct letter *tick_letter(const struct town *t, uint64_t sequence)
{
    for (int i = 0; i < t->letter_count && sequence != 0; i++)
        if (t->letters[i].accepted == sequence)
            return &t->letters[i];
    return NULL;
}

void tick_end(struct town *t, struct tick *k, uint64_t ended_in)
{
    const struct letter *by = tick_letter(t, ended_in);

    if (by && !by->settled)
        tick_rest(k, by, t);
    else
        tick_stop(k);
}
