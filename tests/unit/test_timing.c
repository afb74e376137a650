/* What does not come in time is told, to both sides, once: whatever the broker or its clock does
 * meanwhile. */
#include "tests/unit/case_desk.h"
#include "tests/unit/moment.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/clock.h"
#include "broker/batch_size.h"

#define KIND(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define STEP(name) CONCORDAT__STEP_KIND__##name
#define MINUTE INT64_C(60000)
#define CHECK_REQUEST "check.social_care.children.request"
#define CHECK_RESPONSE "check.social_care.children.response"
#define REFERRAL_CHILD "safeguarding.referral.child"
#define DECISION "safeguarding.referral.decision"
#define UPDATE "safeguarding.update"
#define ALARMS_SEEN_MAX 2048
#define PROCLAIMED "2027-01-18  Proclaimed\n2027-12-27  Christmas Day\n"

/* NOW is Friday 15 January 2027, 08:00 in London: an hour before the desks open. */
static const struct case_terms terms = {
    .head = "owner: police.a\n",
    .party = {[CSC_A] = "    out-of-hours: emergency duty team\n"},
    .clauses = {{CHECK_REQUEST, "    acknowledge-within: 1h\n"
                                "    answer-within: 4h\n"
                                "    escalation: [Team manager, Head of service]\n"},
                {REFERRAL_CHILD, "    decide-within: 1wd\n"}},
    .expectations = "expectations:\n"
                    "  - id: checks-come\n"
                    "    from: NPS\n"
                    "    type: " CHECK_REQUEST "\n"
                    "    at-least: 2\n"
                    "    tell: Head of service\n"
                    "  - id: updated\n"
                    "    after: " DECISION "\n"
                    "    expect: " UPDATE "\n"
                    "    within: 1wd\n"
                    "    tell: Team manager\n"};

/* ---- what was told ---- */

struct seen {
    int64_t at_ms;
    enum agency to;
    struct clock_told told;
};

struct watch {
    struct case_desk *c;
    struct seen seen[ALARMS_SEEN_MAX];
    size_t count;
    int64_t stride_ms;            /* from batch to batch */
    bool restarts;                /* after each batch in which something was told */
    uint64_t told_last[AGENCIES]; /* sequence of the last of a clock that it was told */
    uint32_t takes;               /* bits of agencies: which settle what they are told */
};

static struct watch *watch_new(void)
{
    struct watch *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->c = case_desk_with(&terms);
    w->stride_ms = MINUTE;
    return w;
}

static void watch_free(struct watch *w)
{
    case_desk_free(w->c);
    free(w);
}

static uint64_t sequence_of(const struct watch *w, enum agency to, size_t n)
{
    for (size_t i = 0; i < desk_events(w->c->d, EVENT_TOLD); i++) {
        const struct event *event = desk_event(w->c->d, EVENT_TOLD, i);
        if (strcmp(event->agency, agency_names[to]) == 0 && n-- == 0)
            return event->sequence;
    }
    return 0;
}

static void take(struct watch *w)
{
    uint64_t taken[EFFECTS_MAX];
    size_t count = 0;

    for (enum agency a = NPS_A; a < AGENCIES; a++)
        for (size_t i = 0; i < desk_events(w->c->d, EVENT_TOLD); i++) {
            const struct event *event = desk_event(w->c->d, EVENT_TOLD, i);
            if (strcmp(event->agency, agency_names[a]) == 0 && w->takes >> a & 1)
                taken[count++] = event->sequence;
        }
    for (size_t i = 0; i < count; i++)
        for (enum agency a = NPS_A; a < AGENCIES; a++)
            desk_settle(w->c->d, session_of(a), w->c->members[a], taken[i]);
    if (count == 0)
        return;
    desk_run(w->c->d);
    assert_int_equal(desk_events(w->c->d, EVENT_TAKEN), count);
}

static void look(struct watch *w)
{
    struct told read;
    size_t before = w->count;

    for (enum agency a = NPS_A; a < AGENCIES; a++)
        for (size_t n = 0; told(w->c, a, n, &read); n++)
            if (read.kind == TOLD_CLOCK) {
                assert_true(w->count < ALARMS_SEEN_MAX);
                w->seen[w->count++] = (struct seen){read.clock.at_ms, a, read.clock};
                w->told_last[a] = sequence_of(w, a, n);
            }
    take(w);
    if (w->restarts && w->count > before)
        case_desk_restart(w->c);
}

/* Batches until that time. */
static void run_until(struct watch *w, int64_t until_ms)
{
    while (w->c->d->now_ms < until_ms) {
        case_desk_wait(w->c, w->stride_ms);
        look(w);
    }
}

static void say(struct watch *w, struct envelope e)
{
    (void)accepted(w->c, &e);
    look(w);
}

/* The `n`-th that was told to the agency of that kind. */
static const struct clock_told *nth(const struct watch *w, enum agency to,
                                    Concordat__ClockKind kind, size_t n)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->seen[i].to == to && w->seen[i].told.kind == kind && n-- == 0)
            return &w->seen[i].told;
    fail_msg("%s was not told so often of a clock %d", agency_names[to], kind);
    return NULL;
}

static size_t told_of(const struct watch *w, enum agency to, Concordat__ClockKind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < w->count; i++)
        count += w->seen[i].to == to && w->seen[i].told.kind == kind;
    return count;
}

struct wanted {
    Concordat__ClockStage stage;
    int after; /* minutes from NOW */
    const char *role;
};

/* Both sides were told exactly that, in this order. */
static void assert_stages(const struct watch *w, Concordat__ClockKind kind,
                          const struct wanted wanted[], size_t count)
{
    static const enum agency sides[] = {NPS_A, CSC_A};

    for (size_t s = 0; s < LENGTH(sides); s++) {
        assert_int_equal(told_of(w, sides[s], kind), count);
        for (size_t i = 0; i < count; i++) {
            const struct clock_told *t = nth(w, sides[s], kind, i);
            assert_int_equal(t->stage, wanted[i].stage);
            assert_int_equal((t->at_ms - NOW) / MINUTE, wanted[i].after);
            assert_string_equal(t->role, wanted[i].role);
            assert_string_equal(t->owed_by, "csc.a");
            assert_string_equal(t->owed_to, "nps.a");
        }
    }
}

static const struct wanted of_acknowledge[] = {
    {STAGE(WARNED), 30, "emergency duty team"}, /* 08:30: the desk is closed */
    {STAGE(ESCALATED), 40, "Team manager"},
    {STAGE(ESCALATED), 50, "Head of service"},
    {STAGE(BREACHED), 60, "Head of service"},
};
static const struct wanted of_answer[] = {
    {STAGE(WARNED), 120, "desk"},
    {STAGE(ESCALATED), 160, "Team manager"},
    {STAGE(ESCALATED), 200, "Head of service"},
    {STAGE(BREACHED), 240, "Head of service"},
};

/* ---- each clock, each stage ---- */

static void climb(bool restarts)
{
    struct watch *w = watch_new();

    w->restarts = restarts;
    say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
    run_until(w, NOW + 10 * 60 * MINUTE);
    assert_stages(w, KIND(ACKNOWLEDGE), of_acknowledge, LENGTH(of_acknowledge));
    assert_stages(w, KIND(ANSWER), of_answer, LENGTH(of_answer));
    assert_int_equal(w->count, 16);
    const struct clock_told *t = nth(w, NPS_A, KIND(ANSWER), 0);
    assert_string_equal(t->type, CHECK_REQUEST);
    assert_string_equal(t->expected, CHECK_RESPONSE);
    assert_string_equal(t->agreement_id, "ISA-TEST");
    assert_true(id_equal(&t->case_handle, &w->c->handle));
    const struct id first = id_of(1);
    assert_true(id_equal(&t->message_id, &first) && id_equal(&t->conversation_id, &first));
    assert_int_equal((t->due_ms - NOW) / MINUTE, 240);
    watch_free(w);
}

static void each_stage_is_told_once_to_both_sides(void **)
{
    climb(false);
}

static void a_restart_between_any_two_changes_nothing(void **)
{
    climb(true);
}

static void what_came_in_time_is_not_told(void **)
{
    struct watch *w = watch_new();
    struct envelope e = letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST);

    say(w, e);
    run_until(w, NOW + 20 * MINUTE);
    step(w->c, &e, STEP(DELIVERED));
    step(w->c, &e, STEP(ACKNOWLEDGED));
    run_until(w, NOW + 100 * MINUTE);
    assert_int_equal(w->count, 0);
    struct envelope answer = reply(w->c, 2, CSC_A, NPS_A, CHECK_RESPONSE, 1, 1);
    say(w, answer);
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(w->count, 0);
    step(w->c, &answer, STEP(DELIVERED));
    run_until(w, NOW + 601 * MINUTE);
    assert_int_equal(exchange_counts(w->c->d->x)->clocks, 0);
    watch_free(w);
}

static void a_late_answer_stops_the_clock_and_is_told_as_late(void **)
{
    struct watch *w = watch_new();

    say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
    run_until(w, NOW + 300 * MINUTE);
    w->count = 0;
    say(w, reply(w->c, 2, CSC_A, NPS_A, CHECK_RESPONSE, 1, 1));
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 1);
    assert_int_equal(told_of(w, CSC_A, KIND(ANSWER)), 1);
    assert_int_equal(nth(w, NPS_A, KIND(ANSWER), 0)->stage, STAGE(LATE));
    /* an answer was due an acknowledgement too, and is one */
    assert_int_equal(nth(w, NPS_A, KIND(ACKNOWLEDGE), 0)->stage, STAGE(LATE));
    assert_int_equal(w->count, 4);
    assert_int_equal(exchange_counts(w->c->d->x)->clocks_late, 2);
    watch_free(w);
}

/* An answer that its asker cannot open is none: it is owed as before, over a restart too. */
static void an_answer_that_is_rejected_is_owed_again(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_new();

        w->restarts = restarts;
        say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
        run_until(w, NOW + 130 * MINUTE); /* warned */
        struct envelope answer = reply(w->c, 2, CSC_A, NPS_A, CHECK_RESPONSE, 1, 1);
        say(w, answer);
        if (restarts)
            case_desk_restart(w->c);
        run_until(w, NOW + 170 * MINUTE);
        assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 1);
        step(w->c, &answer, STEP(REJECTED));
        run_until(w, NOW + 300 * MINUTE);
        assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 4);
        assert_int_equal(nth(w, NPS_A, KIND(ANSWER), 3)->stage, STAGE(BREACHED));
        answer = reply(w->c, 3, CSC_A, NPS_A, CHECK_RESPONSE, 1, 2);
        say(w, answer);
        assert_int_equal(nth(w, NPS_A, KIND(ANSWER), 4)->stage, STAGE(LATE));
        step(w->c, &answer, STEP(DELIVERED));
        run_until(w, NOW + 400 * MINUTE);
        assert_int_equal(exchange_counts(w->c->d->x)->clocks, 0);
        watch_free(w);
    }
}

static void nobody_else_can_stop_a_clock(void **)
{
    struct watch *w = watch_new();
    struct envelope other = letter(w->c, 3, POLICE_A, CRC_A, CHECK_RESPONSE);

    say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
    say(w, letter(w->c, 2, CRC_A, CSC_A, CHECK_REQUEST));
    other.in_reply_to = id_of(1); /* names what was asked of another */
    say(w, other);
    say(w, reply(w->c, 4, CSC_A, CRC_A, CHECK_RESPONSE, 2, 1));
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 4);
    assert_int_equal(told_of(w, CRC_A, KIND(ANSWER)), 0);
    watch_free(w);
}

/* What was asked by one is answered to that one, or in its conversation. */
static void a_copy_for_another_stops_no_clock(void **)
{
    struct watch *w = watch_new();
    struct envelope copy = letter(w->c, 2, CSC_A, CRC_A, CHECK_RESPONSE);

    say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
    copy.in_reply_to = id_of(1);
    say(w, copy);
    step(w->c, &copy, STEP(DELIVERED));
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 4);
    watch_free(w);
}

/* What was withdrawn by a message that nobody could open is not: its clocks run on, due when they
 * were. */
static void a_close_that_is_rejected_leaves_the_clocks_as_they_were(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_new();
        struct envelope close;

        w->restarts = restarts;
        w->stride_ms = 15 * MINUTE;
        say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
        run_until(w, NOW + 60 * MINUTE);
        size_t before = told_of(w, NPS_A, KIND(DECIDE));
        close = reply(w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 2);
        say(w, close);
        if (restarts)
            case_desk_restart(w->c);
        run_until(w, NOW + 4 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(DECIDE)), before);
        step(w->c, &close, STEP(REJECTED));
        run_until(w, NOW + 5 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(DECIDE)), before + 1);
        assert_int_equal(told_of(w, CSC_A, KIND(DECIDE)), before + 1);
        const struct clock_told *t = nth(w, CSC_A, KIND(DECIDE), before);
        assert_int_equal(t->stage, STAGE(BREACHED));
        assert_int_equal(t->at_ms, NOW + 4 * DAY + w->stride_ms);
        close = reply(w->c, 3, NPS_A, CSC_A, "safeguarding.close", 1, 3);
        say(w, close);
        step(w->c, &close, STEP(DELIVERED));
        run_until(w, NOW + 6 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(DECIDE)), before + 1);
        assert_int_equal(exchange_counts(w->c->d->x)->clocks, 0);
        watch_free(w);
    }
}

static void what_is_declined_or_rejected_is_owed_no_more(void **)
{
    static const int ends[] = {STEP(REJECTED), STEP(DECLINED)};

    for (size_t i = 0; i < LENGTH(ends); i++) {
        struct watch *w = watch_new();
        struct envelope e = letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST);

        say(w, e);
        if (ends[i] == STEP(DECLINED))
            step(w->c, &e, STEP(DELIVERED));
        step(w->c, &e, ends[i]);
        run_until(w, NOW + 600 * MINUTE);
        assert_int_equal(w->count, 0);
        assert_int_equal(exchange_counts(w->c->d->x)->clocks, 0);
        watch_free(w);
    }
}

static void needed_by_a_hearing_is_the_sooner(void **)
{
    struct watch *w = watch_new();
    struct envelope e = letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST);

    e.needed_by_ms = NOW + 180 * MINUTE;
    say(w, e);
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 4);
    assert_int_equal((nth(w, NPS_A, KIND(ANSWER), 0)->at_ms - NOW) / MINUTE, 90);
    assert_int_equal((nth(w, NPS_A, KIND(ANSWER), 3)->at_ms - NOW) / MINUTE, 180);
    watch_free(w);
}

/* ---- the clock of the machine ---- */

static void a_clock_set_back_or_far_ahead_tells_nothing_twice(void **)
{
    struct watch *w = watch_new();

    say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
    run_until(w, NOW + 45 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(ACKNOWLEDGE)), 2);
    w->c->d->now_ms -= 40 * MINUTE; /* set back: nothing until it has come there again */
    run_until(w, NOW + 49 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(ACKNOWLEDGE)), 2);
    case_desk_wait(w->c, 3 * DAY); /* ahead: what was missed is told as one, the last of it */
    look(w);
    assert_int_equal(told_of(w, NPS_A, KIND(ACKNOWLEDGE)), 3);
    assert_int_equal(nth(w, NPS_A, KIND(ACKNOWLEDGE), 2)->stage, STAGE(BREACHED));
    assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 1);
    assert_int_equal(nth(w, NPS_A, KIND(ANSWER), 0)->stage, STAGE(BREACHED));
    w->c->d->now_ms -= 2 * DAY;
    run_until(w, NOW + 2 * DAY);
    assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 1);
    watch_free(w);
}

static void what_falls_due_at_once_strikes_over_several_batches(void **)
{
    struct watch *w = watch_new();
    size_t told_in_all = 0;
    int batches = 0;

    for (uint32_t n = 1; n <= 600; n++) {
        struct envelope e = letter(w->c, n, NPS_A, CSC_A, CHECK_REQUEST);
        e.case_handle = (struct id){{0}};
        (void)accepted(w->c, &e);
    }
    w->c->d->now_ms += 2 * DAY;
    do {
        uint64_t before = exchange_counts(w->c->d->x)->clocks_breached;
        desk_run(w->c->d);
        told_in_all = exchange_counts(w->c->d->x)->clocks_breached;
        assert_true(told_in_all - before <= 1024 + 1); /* and the day's tally */
        batches++;
    } while (w->c->d->more && batches < 10);
    assert_true(told_in_all >= 1200);
    assert_true(batches >= 2 && batches < 10);
    watch_free(w);
}

#define LONG_ROLE                                                                                  \
    "Head of the service that answers for checks of children and of everybody living with "        \
    "them in the county and its districts"

/* Whoever is to hear of them: what a batch begins with stays within its bound, and goes on. */
static void what_falls_due_at_once_leaves_room_for_a_command(void **)
{
    static const struct case_terms wordy = {
        .clauses = {{CHECK_REQUEST, "    acknowledge-within: 1h\n"
                                    "    answer-within: 4h\n"
                                    "    escalation: [" LONG_ROLE "]\n"}}};
    struct case_desk *c = case_desk_with(&wordy);
    bool was_full = false;

    for (uint32_t n = 1; n <= 600; n++) {
        struct envelope e = letter(c, n, NPS_A, CSC_A, CHECK_REQUEST);
        e.case_handle = (struct id){{0}};
        (void)accepted(c, &e);
    }
    c->d->now_ms += 2 * DAY;
    do {
        desk_run(c->d);
        size_t size = exchange_batch_size(c->d->x);
        assert_true(size < EXCHANGE_BEGIN_MAX + CLOCK_TOLD_MAX);
        was_full = was_full || size >= EXCHANGE_BEGIN_MAX;
    } while (c->d->more);
    assert_true(was_full);
    assert_int_equal(exchange_counts(c->d->x)->clocks_breached, 1200);
    case_desk_free(c);
}

/* ---- an immediate referral ---- */

static void an_unopened_referral_is_told_every_quarter_hour_until_it_is_opened(void **)
{
    struct watch *w = watch_new();
    struct envelope e = letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD);

    w->restarts = true;
    w->takes = 1u << NPS_A | 1u << CSC_A;
    say(w, e);
    run_until(w, NOW + 95 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(OPEN)), 6);
    assert_int_equal(told_of(w, CSC_A, KIND(OPEN)), 6);
    for (size_t n = 0; n < 6; n++) {
        const struct clock_told *t = nth(w, CSC_A, KIND(OPEN), n);
        assert_int_equal(t->stage, STAGE(ESCALATED));
        assert_int_equal((t->at_ms - NOW) / MINUTE, 15 * (n + 1));
        assert_int_equal(t->count, n + 1);
        assert_string_equal(t->role, n < 3 ? "emergency duty team" : "desk"); /* opens at 09:00 */
    }
    step(w->c, &e, STEP(DELIVERED));
    run_until(w, NOW + 110 * MINUTE);
    assert_int_equal(told_of(w, CSC_A, KIND(OPEN)), 7); /* nobody has opened it yet */
    step(w->c, &e, STEP(OPENED));
    run_until(w, NOW + 200 * MINUTE);
    assert_int_equal(told_of(w, CSC_A, KIND(OPEN)), 7);
    watch_free(w);
}

/* It is away: one of the ladder waits for it, however long. Who is there hears of each. */
static void who_is_away_has_one_rung_waiting(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_new();

        w->restarts = restarts;
        w->takes = 1u << NPS_A;
        say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
        run_until(w, NOW + 95 * MINUTE);
        assert_int_equal(told_of(w, NPS_A, KIND(OPEN)), 6);
        assert_int_equal(told_of(w, CSC_A, KIND(OPEN)), 1);
        desk_settle(w->c->d, session_of(CSC_A), w->c->members[CSC_A], w->told_last[CSC_A]);
        run_until(w, NOW + 300 * MINUTE);
        assert_int_equal(told_of(w, NPS_A, KIND(OPEN)), 20);
        assert_int_equal(told_of(w, CSC_A, KIND(OPEN)), 2); /* and how many it would have been */
        assert_int_equal(nth(w, CSC_A, KIND(OPEN), 1)->count, 7);
        watch_free(w);
    }
}

/* ---- a transfer that is accepted and not completed ---- */

static struct watch *accepted_whole(bool restarts)
{
    struct watch *w = watch_new();
    struct custody_told custody;

    w->restarts = restarts;
    w->stride_ms = 15 * MINUTE;
    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    say(w, offer(w->c, 1, NPS_A, CRC_A, 1, 15, 9));
    say(w, act(w->c, 2, CRC_A, NPS_A, "case.transfer.accept", 1, 1, 7));
    run_until(w, NOW + 60 * MINUTE);
    say(w, act(w->c, 3, CRC_A, NPS_A, "case.transfer.accept", 1, 2, 8));
    return w;
}

/* Two working days after the last acceptance: NOW + 60 is Friday, 09:00. */
static void what_is_accepted_and_not_completed_is_told(void **)
{
    static const struct wanted_complete {
        Concordat__ClockStage stage;
        int64_t at_ms;
    } wanted[] = {
        {STAGE(WARNED), NOW + (60 + 450) * MINUTE}, /* the end of the first day */
        {STAGE(BREACHED), NOW + (60 + 450) * MINUTE + 3 * DAY},
    };

    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = accepted_whole(restarts);
        struct envelope e;

        run_until(w, NOW + 5 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(COMPLETE)), 2);
        assert_int_equal(told_of(w, CRC_A, KIND(COMPLETE)), 2);
        for (size_t i = 0; i < 2; i++) {
            const struct clock_told *t = nth(w, NPS_A, KIND(COMPLETE), i);
            assert_int_equal(t->stage, wanted[i].stage);
            assert_true(t->at_ms >= wanted[i].at_ms && t->at_ms - wanted[i].at_ms < DAY);
            assert_int_equal(t->due_ms, wanted[1].at_ms);
            assert_string_equal(t->owed_by, "crc.a");
            assert_string_equal(t->owed_to, "nps.a");
            assert_string_equal(t->expected, "case.transfer.complete");
            assert_string_equal(t->role, "desk");
            assert_true(id_equal(&t->case_handle, &w->c->handle));
        }
        e = act(w->c, 4, CRC_A, NPS_A, "case.transfer.complete", 1, 3, 0);
        e.custody.manifest.bytes[0] = 9;
        say(w, e);
        assert_int_equal(nth(w, NPS_A, KIND(COMPLETE), 2)->stage, STAGE(LATE));
        run_until(w, w->c->d->now_ms + w->stride_ms);
        assert_int_equal(exchange_counts(w->c->d->x)->clocks, 0);
        watch_free(w);
    }
}

static void nothing_is_owed_of_a_transfer_that_is_over(void **)
{
    enum {
        COMPLETED,
        WITHDRAWN,
        TAKEN_BACK, /* by a claim */
        WAYS
    };

    for (int way = COMPLETED; way < WAYS; way++) {
        struct watch *w = accepted_whole(false);
        struct envelope e = act(w->c, 4, CRC_A, NPS_A, "case.transfer.complete", 1, 3, 0);
        struct custody_told custody;

        e.custody.manifest.bytes[0] = 9;
        if (way == WITHDRAWN)
            e = act(w->c, 4, NPS_A, CRC_A, "case.transfer.withdraw", 1, 2, 0);
        if (way == TAKEN_BACK)
            assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW, 2, &custody),
                             0);
        else
            say(w, e);
        run_until(w, NOW + 10 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(COMPLETE)), 0);
        assert_int_equal(told_of(w, CRC_A, KIND(COMPLETE)), 0);
        watch_free(w);
    }
}

/* ---- expectations ---- */

static void one_alarm_when_what_was_expected_did_not_come(void **)
{
    struct watch *w = watch_new();

    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, reply(w->c, 2, CSC_A, NPS_A, DECISION, 1, 1));
    w->restarts = true;
    run_until(w, NOW + 60 * 60 * MINUTE);
    /* a working day from 08:00 on Friday: 16:30 */
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
    assert_int_equal(told_of(w, CSC_A, KIND(EXPECTED)), 1);
    const struct clock_told *t = nth(w, NPS_A, KIND(EXPECTED), 0);
    assert_int_equal(t->stage, STAGE(BREACHED));
    assert_int_equal((t->at_ms - NOW) / MINUTE, 510);
    assert_string_equal(t->role, "Team manager");
    assert_string_equal(t->clause, "updated");
    assert_string_equal(t->expected, UPDATE);
    assert_string_equal(t->owed_by, "nps.a");
    watch_free(w);
}

/* However often the cause comes, one clock waits; after its breach the next cause has its own. */
static void one_clock_waits_for_what_is_expected(void **)
{
    struct watch *w = watch_new();

    w->stride_ms = 60 * MINUTE;
    for (uint32_t n = 1; n <= 3; n++) {
        say(w, letter(w->c, 10 * n, NPS_A, CSC_A, REFERRAL_CHILD));
        say(w, reply(w->c, 10 * n + 1, CSC_A, NPS_A, DECISION, 10 * n, 1));
        run_until(w, NOW + (int64_t)n * 3 * DAY);
    }
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 3);
    w->count = 0;
    say(w, reply(w->c, 40, NPS_A, CSC_A, UPDATE, 30, 2));
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1); /* late, once */
    watch_free(w);
}

/* Social care says that its plan has begun: that is no word of who supervises. */
static void what_is_expected_of_one_side_the_other_does_not_meet(void **)
{
    struct watch *w = watch_new();

    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, reply(w->c, 2, CSC_A, NPS_A, DECISION, 1, 1));
    say(w, reply(w->c, 3, CSC_A, NPS_A, UPDATE, 1, 2));
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
    assert_int_equal(told_of(w, CSC_A, KIND(EXPECTED)), 1);
    assert_string_equal(nth(w, CSC_A, KIND(EXPECTED), 0)->owed_by, "nps.a");
    watch_free(w);
}

/* Two referrals of one case: an update in one says nothing of the other. */
static void each_referral_of_a_case_is_watched(void **)
{
    struct watch *w = watch_new();
    const struct id silent = id_of(10);

    for (uint32_t n = 1; n <= 2; n++) {
        say(w, letter(w->c, 10 * n, NPS_A, CSC_A, REFERRAL_CHILD));
        say(w, reply(w->c, 10 * n + 1, CSC_A, NPS_A, DECISION, 10 * n, 1));
    }
    say(w, reply(w->c, 22, NPS_A, CSC_A, UPDATE, 20, 2));
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
    assert_true(id_equal(&nth(w, NPS_A, KIND(EXPECTED), 0)->conversation_id, &silent));
    watch_free(w);
}

static void an_update_elsewhere_about_the_case_is_not_the_one_expected(void **)
{
    struct watch *w = watch_new();

    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, reply(w->c, 2, CSC_A, NPS_A, DECISION, 1, 1));
    say(w, letter(w->c, 3, NPS_A, CSC_A, UPDATE));
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
    watch_free(w);
}

/* ---- expected again and again ---- */

static const struct case_terms every_day = {.expectations = "expectations:\n"
                                                            "  - id: updated\n"
                                                            "    after: " DECISION "\n"
                                                            "    expect: " UPDATE "\n"
                                                            "    every: 1d\n"
                                                            "    tell: Team manager\n"};

/* Decided, and its first update said. */
static struct watch *watch_every_day(void)
{
    struct watch *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->c = case_desk_with(&every_day);
    w->stride_ms = 30 * MINUTE;
    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, reply(w->c, 2, CSC_A, NPS_A, DECISION, 1, 1));
    run_until(w, NOW + DAY / 2);
    say(w, reply(w->c, 3, NPS_A, CSC_A, UPDATE, 1, 2));
    w->count = 0;
    return w;
}

static void each_update_makes_the_next_expected_and_each_silence_is_told_once(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_every_day();

        w->restarts = restarts;
        run_until(w, NOW + DAY + DAY / 4);
        assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 0);
        run_until(w, NOW + 5 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
        assert_int_equal(told_of(w, CSC_A, KIND(EXPECTED)), 1);
        assert_int_equal(nth(w, CSC_A, KIND(EXPECTED), 0)->stage, STAGE(BREACHED));
        assert_int_equal(nth(w, CSC_A, KIND(EXPECTED), 0)->due_ms, NOW + DAY + DAY / 2);
        say(w, reply(w->c, 4, CSC_A, NPS_A, UPDATE, 1, 2)); /* not from who owes it */
        run_until(w, NOW + 6 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
        say(w, reply(w->c, 5, NPS_A, CSC_A, UPDATE, 1, 3));
        assert_int_equal(nth(w, NPS_A, KIND(EXPECTED), 1)->stage, STAGE(LATE));
        run_until(w, NOW + 9 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 3);
        assert_int_equal(nth(w, NPS_A, KIND(EXPECTED), 2)->due_ms, NOW + 7 * DAY);
        watch_free(w);
    }
}

static void nothing_is_expected_after_the_close(void **)
{
    struct watch *w = watch_every_day();
    struct envelope closing = reply(w->c, 4, NPS_A, CSC_A, "safeguarding.close", 1, 3);

    say(w, closing);
    step(w->c, &closing, STEP(DELIVERED));
    run_until(w, NOW + 5 * DAY);
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 0);
    watch_free(w);
}

/* What its recipient cannot open has neither kept it up to date nor closed it. */
static void what_is_rejected_has_not_been_said(void **)
{
    static const char *const types[] = {UPDATE, "safeguarding.close"};

    for (size_t i = 0; i < LENGTH(types); i++) {
        struct watch *w = watch_every_day();
        struct envelope e = reply(w->c, 4, NPS_A, CSC_A, types[i], 1, 3);

        run_until(w, NOW + DAY);
        say(w, e);
        case_desk_restart(w->c);
        step(w->c, &e, STEP(REJECTED));
        run_until(w, NOW + 5 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
        assert_int_equal(nth(w, NPS_A, KIND(EXPECTED), 0)->due_ms, NOW + DAY + DAY / 2);
        watch_free(w);
    }
}

static void of_another_case_it_is_still_expected(void **)
{
    struct watch *w = watch_new();
    struct envelope update;

    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, reply(w->c, 2, CSC_A, NPS_A, DECISION, 1, 1));
    update = letter(w->c, 3, CRC_A, CSC_A, UPDATE);
    update.case_handle.bytes[0] ^= 1;
    say(w, update);
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), 1);
    watch_free(w);
}

/* ---- watched to the end of an order ---- */

static const struct case_terms closed_in_time = {
    .clauses = {{REFERRAL_CHILD, "    close-within: 3d\n"}}};

/* Referred while an order runs that ends in ten days. */
static struct watch *watch_order(void)
{
    struct watch *w = calloc(1, sizeof *w);
    struct custody_told custody;
    struct envelope e;

    assert_non_null(w);
    w->c = case_desk_with(&closed_in_time);
    w->stride_ms = 60 * MINUTE;
    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    e = letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD);
    e.watch_until_ms = NOW + 10 * DAY;
    say(w, e);
    step(w->c, &e, STEP(DELIVERED));
    step(w->c, &e, STEP(OPENED));
    return w;
}

static void a_referral_open_past_its_order_is_told_once_to_both(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_order();

        w->restarts = restarts;
        run_until(w, NOW + 13 * DAY - 60 * MINUTE);
        assert_int_equal(told_of(w, NPS_A, KIND(CLOSE)), 0);
        if (restarts)
            case_desk_restart(w->c);
        run_until(w, NOW + 20 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(CLOSE)), 1);
        assert_int_equal(told_of(w, CSC_A, KIND(CLOSE)), 1);
        const struct clock_told *t = nth(w, CSC_A, KIND(CLOSE), 0);
        assert_int_equal(t->stage, STAGE(BREACHED));
        assert_int_equal(t->due_ms, NOW + 13 * DAY);
        assert_string_equal(t->expected, "safeguarding.close");
        assert_string_equal(t->owed_by, "nps.a");
        say(w, reply(w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 2));
        assert_int_equal(nth(w, NPS_A, KIND(CLOSE), 1)->stage, STAGE(LATE));
        watch_free(w);
    }
}

/* A close that its recipient cannot open is none: it is missed all the same. */
static void a_close_in_time_is_not_told_unless_it_is_rejected(void **)
{
    for (int rejected = 0; rejected < 2; rejected++) {
        struct watch *w = watch_order();

        run_until(w, NOW + 11 * DAY);
        struct envelope closing = reply(w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 2);
        say(w, closing);
        step(w->c, &closing, rejected ? STEP(REJECTED) : STEP(DELIVERED));
        run_until(w, NOW + 20 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(CLOSE)), rejected);
        assert_int_equal(told_of(w, CSC_A, KIND(CLOSE)), rejected);
        watch_free(w);
    }
}

static void the_close_is_owed_by_who_holds_the_case(void **)
{
    struct watch *w = watch_order();
    struct envelope first = offer(w->c, 10, NPS_A, CRC_A, 1, 15, 1), done;

    name(&first, 1);
    say(w, first);
    say(w, act(w->c, 11, CRC_A, NPS_A, "case.transfer.accept", 10, 1, 15));
    done = act(w->c, 12, CRC_A, NPS_A, "case.transfer.complete", 10, 2, 0);
    done.custody.manifest.bytes[0] = 1;
    say(w, done);
    run_until(w, NOW + 20 * DAY);
    assert_int_equal(told_of(w, NPS_A, KIND(CLOSE)), 0);
    assert_int_equal(told_of(w, CRC_A, KIND(CLOSE)), 1);
    assert_int_equal(told_of(w, CSC_A, KIND(CLOSE)), 1);
    assert_string_equal(nth(w, CSC_A, KIND(CLOSE), 0)->owed_by, "crc.a");
    watch_free(w);
}

/* ---- so many a day ---- */

/* The first day is not whole: it begins on Friday, and Monday is the first that is judged. */
static void a_silent_feed_is_told_once_a_working_day(void **)
{
    struct watch *w = watch_new();

    w->restarts = true;
    w->stride_ms = 30 * MINUTE;
    run_until(w, moment_of("2027-01-18 23:30")); /* the weekend, and Monday */
    assert_int_equal(w->count, 0);
    run_until(w, moment_of("2027-01-19 12:00"));
    assert_int_equal(w->count, 2);
    assert_int_equal(told_of(w, NPS_A, KIND(VOLUME)), 1);
    assert_int_equal(told_of(w, POLICE_A, KIND(VOLUME)), 1); /* the agreement's owner */
    const struct clock_told *t = nth(w, POLICE_A, KIND(VOLUME), 0);
    assert_moment(t->at_ms, "2027-01-19 00:00", "at the day's end");
    assert_int_equal(t->stage, STAGE(BREACHED));
    assert_int_equal(t->count, 0);
    assert_string_equal(t->role, "Head of service");
    assert_string_equal(t->type, CHECK_REQUEST);
    assert_string_equal(t->owed_by, "nps.a");
    assert_string_equal(t->owed_to, "police.a");
    watch_free(w);
}

static void what_is_sent_is_counted_over_a_restart(void **)
{
    static const struct {
        uint32_t sent;
        size_t told;
    } cases[] = {{1, 1}, {2, 0}, {3, 0}};

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct watch *w = watch_new();

        w->stride_ms = 30 * MINUTE;
        run_until(w, moment_of("2027-01-18 10:00"));
        for (uint32_t n = 1; n <= cases[i].sent; n++) {
            say(w, letter(w->c, n, NPS_A, CSC_A, CHECK_REQUEST));
            say(w, reply(w->c, 100 + n, CSC_A, NPS_A, CHECK_RESPONSE, n, 1));
            case_desk_restart(w->c);
        }
        run_until(w, moment_of("2027-01-19 12:00"));
        assert_int_equal(told_of(w, NPS_A, KIND(VOLUME)), cases[i].told);
        if (cases[i].told)
            assert_int_equal(nth(w, NPS_A, KIND(VOLUME), 0)->count, 1);
        watch_free(w);
    }
}

/* ---- the calendar ---- */

static struct calendar_days *days_of(const char *text)
{
    char path[] = "/tmp/timing-XXXXXX";
    int file = mkstemp(path);
    struct calendar_days *days = NULL;

    assert_true(file >= 0);
    FILE *f = fdopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(calendar_load(path, &days, NULL), ST_OK);
    (void)remove(path);
    return days;
}

/* Monday is proclaimed a bank holiday on Friday afternoon. More clocks run than one batch looks at.
 */
static void a_bank_holiday_added_moves_the_clocks_that_run(void **)
{
    struct watch *w = watch_new();
    int batches = 0;

    run_until(w, moment_of("2027-01-15 12:00"));
    for (uint32_t n = 1; n <= 300; n++) {
        struct envelope e = letter(w->c, n, NPS_A, CSC_A, REFERRAL_CHILD);
        e.case_handle.bytes[1] = (uint8_t)n;
        e.urgency = CONCORDAT__URGENCY__SAME_DAY; /* no quarter hours */
        (void)accepted(w->c, &e);
    }
    assert_int_equal(exchange_counts(w->c->d->x)->clocks, 299); /* before the last was accepted */
    exchange_set_calendar(w->c->d->x, days_of(PROCLAIMED));
    uint64_t before = w->c->d->last;
    do
        desk_run(w->c->d);
    while (w->c->d->more && ++batches < 10);
    assert_int_equal(w->c->d->last - before, 300); /* each is kept anew, and nothing else happens */
    assert_int_equal(batches, 1);
    case_desk_restart(w->c);
    exchange_set_calendar(w->c->d->x, days_of(PROCLAIMED));
    w->stride_ms = 15 * MINUTE;
    run_until(w, moment_of("2027-01-19 11:45"));
    assert_int_equal(exchange_counts(w->c->d->x)->clocks_warned, 300);
    assert_int_equal(exchange_counts(w->c->d->x)->clocks_breached, 0);
    run_until(w, moment_of("2027-01-19 12:00")); /* a working day later, Monday being none */
    assert_int_equal(exchange_counts(w->c->d->x)->clocks_breached, 300);
    watch_free(w);
}

/* ---- a case that moves ---- */

static void the_new_holder_hears_what_its_case_is_owed(void **)
{
    struct watch *w = watch_new();
    struct custody_told custody;
    struct envelope given, done;

    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
    given = offer(w->c, 2, NPS_A, CRC_A, 1, 15, 9);
    name(&given, 1);
    say(w, given);
    say(w, act(w->c, 3, CRC_A, NPS_A, "case.transfer.accept", 2, 1, 15));
    run_until(w, NOW + 45 * MINUTE);
    size_t before = told_of(w, NPS_A, KIND(ACKNOWLEDGE));
    assert_int_equal(before, 2);
    done = act(w->c, 4, CRC_A, NPS_A, "case.transfer.complete", 2, 2, 0);
    done.custody.manifest.bytes[0] = 9;
    say(w, done);
    w->restarts = true;
    run_until(w, NOW + 600 * MINUTE);
    assert_int_equal(told_of(w, NPS_A, KIND(ACKNOWLEDGE)), 2);
    assert_int_equal(told_of(w, CRC_A, KIND(ACKNOWLEDGE)), 2);
    assert_int_equal(told_of(w, CSC_A, KIND(ACKNOWLEDGE)), 4);
    assert_int_equal(told_of(w, NPS_A, KIND(ANSWER)), 0);
    assert_int_equal(told_of(w, CRC_A, KIND(ANSWER)), 4);
    assert_string_equal(nth(w, CSC_A, KIND(ANSWER), 3)->owed_to, "crc.a");
    watch_free(w);
}

static const struct told_due *due_with(const struct custody_told *told, Concordat__ClockKind kind)
{
    for (uint32_t i = 0; i < told->due_count; i++)
        if (told->due[i].kind == kind)
            return &told->due[i];
    return NULL;
}

static void a_case_that_moves_tells_what_is_due(void **)
{
    struct watch *w = watch_new();
    struct custody_told custody;
    struct envelope given, done;

    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, reply(w->c, 2, CSC_A, NPS_A, DECISION, 1, 1));
    say(w, letter(w->c, 3, NPS_A, CSC_A, CHECK_REQUEST));
    given = offer(w->c, 4, NPS_A, CRC_A, 1, 15, 9);
    name(&given, 1);
    name(&given, 3);
    say(w, given);
    say(w, act(w->c, 5, CRC_A, NPS_A, "case.transfer.accept", 4, 1, 15));
    done = act(w->c, 6, CRC_A, NPS_A, "case.transfer.complete", 4, 2, 0);
    done.custody.manifest.bytes[0] = 9;
    (void)accepted(w->c, &done);
    assert_told(w->c, NPS_A, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, &custody);
    assert_int_equal(custody.due_count, 0);
    assert_told(w->c, CSC_A, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, &custody);
    assert_int_equal(custody.due_count, 1);
    assert_told(w->c, CRC_A, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, &custody);
    assert_int_equal(custody.due_count, 3); /* and both of the enquiry */
    const struct told_due *due = due_with(&custody, KIND(EXPECTED));
    assert_string_equal(due->expected, UPDATE);
    assert_string_equal(due->type, DECISION);
    assert_string_equal(due->role, "Team manager");
    assert_true(strcmp(due->owed_by, "crc.a") == 0 || strcmp(due->owed_to, "crc.a") == 0);
    assert_string_equal(due_with(&custody, KIND(ACKNOWLEDGE))->owed_to, "crc.a");
    assert_string_equal(due_with(&custody, KIND(ANSWER))->owed_by, "csc.a");
    for (uint32_t i = 1; i < custody.due_count; i++)
        assert_true(custody.due[i - 1].due_ms <= custody.due[i].due_ms);
    watch_free(w);
}

/* Up to where the company holds the case, and probation's enquiry is answered to probation. */
static struct watch *answered_to_the_former_holder(void)
{
    struct watch *w = watch_new();
    struct custody_told custody;
    struct envelope given, done;

    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    say(w, letter(w->c, 1, NPS_A, CSC_A, CHECK_REQUEST));
    given = offer(w->c, 2, NPS_A, CRC_A, 1, 15, 9);
    name(&given, 1);
    say(w, given);
    say(w, act(w->c, 3, CRC_A, NPS_A, "case.transfer.accept", 2, 1, 15));
    done = act(w->c, 4, CRC_A, NPS_A, "case.transfer.complete", 2, 2, 0);
    done.custody.manifest.bytes[0] = 9;
    say(w, done);
    say(w, reply(w->c, 5, CSC_A, NPS_A, CHECK_RESPONSE, 1, 1));
    return w;
}

static void an_answer_not_passed_on_within_a_working_hour_is_told(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = answered_to_the_former_holder();

        w->restarts = restarts;
        run_until(w, NOW + 119 * MINUTE); /* the desk opens at 09:00 */
        assert_int_equal(w->count, 0);
        run_until(w, NOW + 400 * MINUTE);
        assert_int_equal(told_of(w, NPS_A, KIND(FORWARD)), 1);
        assert_int_equal(told_of(w, CRC_A, KIND(FORWARD)), 1);
        const struct clock_told *t = nth(w, CRC_A, KIND(FORWARD), 0);
        assert_int_equal(t->stage, STAGE(BREACHED));
        assert_int_equal((t->at_ms - NOW) / MINUTE, 120);
        assert_string_equal(t->expected, "case.late_answer");
        assert_string_equal(t->owed_by, "nps.a");
        assert_string_equal(t->owed_to, "crc.a");
        w->restarts = false;
        say(w, reply(w->c, 6, NPS_A, CRC_A, "case.late_answer", 1, 1));
        assert_int_equal(nth(w, CRC_A, KIND(FORWARD), 1)->stage, STAGE(LATE));
        watch_free(w);
    }
}

static void an_answer_passed_on_in_time_is_not_told(void **)
{
    struct watch *w = answered_to_the_former_holder();

    say(w, reply(w->c, 6, NPS_A, CRC_A, "case.late_answer", 1, 1));
    run_until(w, NOW + 400 * MINUTE);
    assert_int_equal(w->count, 0);
    watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stage_is_told_once_to_both_sides),
        cmocka_unit_test(a_restart_between_any_two_changes_nothing),
        cmocka_unit_test(what_came_in_time_is_not_told),
        cmocka_unit_test(a_late_answer_stops_the_clock_and_is_told_as_late),
        cmocka_unit_test(an_answer_that_is_rejected_is_owed_again),
        cmocka_unit_test(nobody_else_can_stop_a_clock),
        cmocka_unit_test(a_copy_for_another_stops_no_clock),
        cmocka_unit_test(a_close_that_is_rejected_leaves_the_clocks_as_they_were),
        cmocka_unit_test(what_is_declined_or_rejected_is_owed_no_more),
        cmocka_unit_test(needed_by_a_hearing_is_the_sooner),
        cmocka_unit_test(a_clock_set_back_or_far_ahead_tells_nothing_twice),
        cmocka_unit_test(what_falls_due_at_once_strikes_over_several_batches),
        cmocka_unit_test(what_falls_due_at_once_leaves_room_for_a_command),
        cmocka_unit_test(an_unopened_referral_is_told_every_quarter_hour_until_it_is_opened),
        cmocka_unit_test(who_is_away_has_one_rung_waiting),
        cmocka_unit_test(what_is_accepted_and_not_completed_is_told),
        cmocka_unit_test(nothing_is_owed_of_a_transfer_that_is_over),
        cmocka_unit_test(one_alarm_when_what_was_expected_did_not_come),
        cmocka_unit_test(one_clock_waits_for_what_is_expected),
        cmocka_unit_test(what_is_expected_of_one_side_the_other_does_not_meet),
        cmocka_unit_test(each_referral_of_a_case_is_watched),
        cmocka_unit_test(an_update_elsewhere_about_the_case_is_not_the_one_expected),
        cmocka_unit_test(each_update_makes_the_next_expected_and_each_silence_is_told_once),
        cmocka_unit_test(nothing_is_expected_after_the_close),
        cmocka_unit_test(what_is_rejected_has_not_been_said),
        cmocka_unit_test(a_referral_open_past_its_order_is_told_once_to_both),
        cmocka_unit_test(a_close_in_time_is_not_told_unless_it_is_rejected),
        cmocka_unit_test(the_close_is_owed_by_who_holds_the_case),
        cmocka_unit_test(of_another_case_it_is_still_expected),
        cmocka_unit_test(a_silent_feed_is_told_once_a_working_day),
        cmocka_unit_test(what_is_sent_is_counted_over_a_restart),
        cmocka_unit_test(a_bank_holiday_added_moves_the_clocks_that_run),
        cmocka_unit_test(the_new_holder_hears_what_its_case_is_owed),
        cmocka_unit_test(a_case_that_moves_tells_what_is_due),
        cmocka_unit_test(an_answer_not_passed_on_within_a_working_hour_is_told),
        cmocka_unit_test(an_answer_passed_on_in_time_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
