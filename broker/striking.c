/*
 * striking.c - what is not done by its time: clocks strike, and both sides are told.
 *
 *     exchange_begin --exchange_clocks_due--> EVENT_KEPT, EVENT_TOLD, in one batch
 *
 * So a strike is told once, whenever the broker stops: the batch is there with all of it or with
 * nothing. Its time is the exchange's, which no step of the wall clock sets back. What falls due at
 * once strikes over several batches, CLOCKS_A_BATCH each. Source: docs/clocks.md.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/day.h"
#include "lib/text.h"
#include "proto/told.h"

#define CLOCK(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define LANE_IMMEDIATE 0
#define LANE_SAME_DAY 1

/* ---- telling ---- */

static void name_of(const struct exchange *x, uint32_t agency, char out[static AGENCY_MAX + 1])
{
    out[0] = '\0';
    if (agency > 0)
        text_copy(out, AGENCY_MAX + 1, directory_name(x->directory, agency - 1));
}

enum status exchange_tell_clock_to(struct exchange *x, uint32_t agency,
                                   const struct clock_running *running, Concordat__ClockStage stage,
                                   const char *role)
{
    struct told told = {.kind = TOLD_CLOCK,
                        .clock = {.clock = running->number,
                                  .kind = running->clock.kind,
                                  .stage = stage,
                                  .message_id = running->message,
                                  .case_handle = running->case_handle,
                                  .conversation_id = running->conversation,
                                  .agreement_version = running->agreement_version,
                                  .count = running->clock.count,
                                  .due_ms = running->clock.due_ms,
                                  .at_ms = x->now_ms}};
    uint8_t bytes[TOLD_MAX];
    size_t size;

    TEXT_COPY(told.clock.type, running->type);
    TEXT_COPY(told.clock.expected, running->expected);
    TEXT_COPY(told.clock.agreement_id, running->agreement_id);
    TEXT_COPY(told.clock.clause, running->clause);
    TEXT_COPY(told.clock.role, role);
    name_of(x, running->owed_by, told.clock.owed_by);
    name_of(x, running->owed_to, told.clock.owed_to);
    enum status status = told_write(&told, bytes, sizeof bytes, &size);
    if (status != ST_OK)
        return status;
    return exchange_tell(x, agency,
                         running->clock.kind == CLOCK(OPEN) ? LANE_IMMEDIATE : LANE_SAME_DAY,
                         (struct bytes){bytes, size});
}

enum status exchange_tell_clock(struct exchange *x, const struct clock_running *running,
                                Concordat__ClockStage stage, const char *role)
{
    enum status status = ST_OK;

    if (running->owed_to != 0)
        status = exchange_tell_clock_to(x, running->owed_to, running, stage, role);
    if (status == ST_OK && running->owed_by != 0 && running->owed_by != running->owed_to)
        status = exchange_tell_clock_to(x, running->owed_by, running, stage, role);
    x->counts.clocks_late += stage == STAGE(LATE);
    return status;
}

/* Each quarter of an hour without end: who has not taken the last yet gets no other on top of it.
 * The clock counts on, and what it is told next says the how manyth that is. */
static enum status tell_rung(struct exchange *x, const struct clock_running *running,
                             uint32_t agency, const char *role, uint64_t *last)
{
    const struct item *waits = queues_find(x->queues, *last);

    if (agency == 0 || (waits && waits->agency + 1 == agency))
        return ST_OK;
    enum status status = exchange_tell_clock_to(x, agency, running, STAGE(ESCALATED), role);
    *last = ledger_sequence(x->ledger); /* of what was just recorded */
    return status;
}

static enum status tell_strike(struct exchange *x, struct clock_running *running,
                               Concordat__ClockStage stage, const char *role)
{
#ifdef PLANT_SILENT /* a bug for tests/sim/custody.c to catch; no other build has it */
    if (running->clock.kind == PLANT_SILENT && stage == STAGE(BREACHED))
        return ST_OK;
#endif
    if (running->clock.kind != CLOCK(OPEN))
        return exchange_tell_clock(x, running, stage, role);
    enum status status = tell_rung(x, running, running->owed_to, role, &running->told_to);
    return status == ST_OK ? tell_rung(x, running, running->owed_by, role, &running->told_by)
                           : status;
}

/* ---- whom ---- */

/* The desk of who owes it: out of hours another may answer. */
static const char *desk_of(const struct exchange *x, const struct agreement *agreement,
                           uint32_t agency)
{
    const struct party *party =
        agency > 0 ? agreement_party(agreement, directory_name(x->directory, agency - 1)) : NULL;

    if (!party)
        return "";
    return party->out_of_hours[0] != '\0'
                && !calendar_is_open(exchange_calendar(x), party->calendar, x->now_ms)
             ? party->out_of_hours
             : party->contact;
}

const char *exchange_role_of(const struct exchange *x, const struct clock_running *running,
                             uint32_t rung)
{
    const struct agreement *agreement =
        running->agreement_id[0] == '\0'
            ? NULL
            : registrar_version(x->registrar, &running->agreement_hash);

    if (!agreement)
        return "";
    if (running->clock.kind == CLOCK(EXPECTED)) {
        const struct expectation *e = agreement_expectation(agreement, running->clause);
        return e ? agreement->roles[e->tell] : "";
    }
    const struct clause *clause = agreement_clause(agreement, running->clause);
    if (rung != CLOCK_RUNG_NONE && clause && rung < clause->ladder_count)
        return agreement->roles[clause->ladder[rung]];
    return desk_of(x, agreement, running->owed_by);
}

/* ---- striking ---- */

static void count_stage(struct exchange *x, Concordat__ClockStage stage)
{
    x->counts.clocks_warned += stage == STAGE(WARNED);
    x->counts.clocks_escalated += stage == STAGE(ESCALATED);
    x->counts.clocks_breached += stage == STAGE(BREACHED);
}

/* With its breach it has done what it is for; the others rest until what is owed comes. */
static bool is_over(const struct clock *clock)
{
    return clock->stage == STAGE(BREACHED)
        && (clock->kind == CLOCK(GAP) || clock->kind == CLOCK(REPLY));
}

static enum status keep_struck(struct exchange *x, struct clock_running *running)
{
    uint64_t number = running->number;

    if (!is_over(&running->clock)) {
        clocks_put(x->clocks, running);
        return exchange_keep_clock(x, running);
    }
    clocks_stop(x->clocks, running);
    return exchange_keep_no_clock(x, number);
}

/* What follows from a clock of ours: these may start and stop others. */
static enum status follow(struct exchange *x, const struct clock_running *struck)
{
    if (!is_over(&struck->clock))
        return ST_OK;
    return struck->clock.kind == CLOCK(GAP)
             ? exchange_gap_over(x, &struck->conversation, struck->owed_by)
             : exchange_offer_lapsed(x, &struck->case_handle);
}

static enum status strike(struct exchange *x, struct clock_running *running)
{
    Concordat__ClockStage stage;
    uint32_t rung;

    /* By the calendar of now: it may have become another since the clock was wound. */
    if (clock_reckon(&running->clock, exchange_calendar(x)) && running->clock.next_ms > x->now_ms) {
        clocks_put(x->clocks, running);
        return exchange_keep_clock(x, running);
    }
    bool struck = clock_strike(&running->clock, exchange_calendar(x), x->now_ms, &stage, &rung);
    assert(struck);
    count_stage(x, stage);
    enum status status = tell_strike(x, running, stage, exchange_role_of(x, running, rung));
    const struct clock_running copy = *running;
    if (status == ST_OK)
        status = keep_struck(x, running);
    return status == ST_OK ? follow(x, &copy) : status;
}

/* ---- another calendar ---- */

const struct calendar_days *exchange_calendar(const struct exchange *x)
{
    return x->calendar ? x->calendar : calendar_built_in();
}

void exchange_clocks_look(struct exchange *x)
{
    x->is_reckoning = true;
    x->reckoned = 0;
    x->clocks_wait = true;
}

void exchange_set_calendar(struct exchange *x, struct calendar_days *days)
{
    calendar_free(x->calendar);
    x->calendar = days;
    exchange_clocks_look(x);
}

int64_t exchange_calendar_ends_ms(const struct exchange *x)
{
    return calendar_ends_ms(exchange_calendar(x));
}

/* An answer that is to be passed on stays owed, however old. */
static bool is_forward_owed(struct exchange *x, const struct clock_running *running)
{
    const struct conversation_kept *kept = conversations_find(x->cases, &running->conversation);

    return running->clock.kind == CLOCK(FORWARD) && kept && kept->conversation.before != 0;
}

/* What rests may be forgotten when the message that started it is: nothing stops it any more. Its
 * time may have been long past when that came. */
static enum status look_again(struct exchange *x, struct clock_running *running)
{
    const struct clock *clock = &running->clock;
    int64_t last_ms = clock->due_ms > clock->started_ms ? clock->due_ms : clock->started_ms;
    uint64_t number = running->number;

    if (running->clock.next_ms == INT64_MAX && !is_forward_owed(x, running)
        && (running->met_by == 0 || !queues_find(x->queues, running->met_by))
        && last_ms < x->now_ms - DUPLICATE_DAYS * (int64_t)DAY_MS) {
        clocks_stop(x->clocks, running);
        return exchange_keep_no_clock(x, number);
    }
    if (!clock_reckon(&running->clock, exchange_calendar(x)))
        return ST_OK;
    clocks_put(x->clocks, running);
    return exchange_keep_clock(x, running);
}

/* A part of the clocks, from where the last batch ended. */
static enum status reckon_some(struct exchange *x)
{
    for (int i = 0; x->is_reckoning && i < RECKONED_A_BATCH && exchange_has_room(x); i++) {
        struct clock_running *running = clocks_walk(x->clocks, &x->reckoned);

        x->is_reckoning = running != NULL;
        enum status status = running ? look_again(x, running) : ST_OK;
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* ---- by the clock alone ---- */

enum status exchange_clocks_due(struct exchange *x)
{
    struct clock_running *running;
    bool more = false;

    if (x->now_ms >= x->age_at_ms) /* once an hour: some may be forgotten */
        exchange_clocks_look(x);
    enum status status = reckon_some(x);
    for (int i = 0; status == ST_OK && i < CLOCKS_A_BATCH && exchange_has_room(x)
                    && (running = clocks_due(x->clocks, x->now_ms));
         i++)
        status = strike(x, running);
    if (status == ST_OK)
        status = exchange_tallies_due(x, &more);
    x->clocks_wait = more || x->is_reckoning || clocks_due(x->clocks, x->now_ms);
    x->counts.clocks = clocks_count(x->clocks);
    return status;
}

bool exchange_is_due(const struct exchange *x, int64_t now_ms)
{
    return x->clocks_wait || clocks_due(x->clocks, now_ms) || x->tallies.look_ms <= now_ms;
}
