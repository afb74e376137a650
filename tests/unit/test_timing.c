/* What does not come in time is told, to both sides, once: whatever the broker or its clock does
 * meanwhile. Cases that move, expectations, and clocks that go by days have files of their own
 * beside this one. */
#include "tests/unit/clock_watch.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/clock.h"
#include "broker/batch_size.h"

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

/* A close that came before it was opened is undone, but what the recipient has done since is done.
 */
static void what_is_opened_while_its_clocks_rest_is_opened(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_new();
        struct envelope e = letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD);
        struct envelope close = reply(w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 2);

        w->restarts = restarts;
        w->stride_ms = 15 * MINUTE;
        w->takes = 1u << NPS_A | 1u << CSC_A;
        say(w, e);
        run_until(w, NOW + 20 * MINUTE);
        size_t rungs = told_of(w, NPS_A, KIND(OPEN));
        assert_int_not_equal(rungs, 0);
        say(w, close);
        step(w->c, &e, STEP(DELIVERED));
        step(w->c, &e, STEP(OPENED));
        step(w->c, &e, STEP(ACKNOWLEDGED));
        if (restarts)
            case_desk_restart(w->c);
        size_t before = told_of(w, NPS_A, KIND(ACKNOWLEDGE));
        step(w->c, &close, STEP(REJECTED));
        run_until(w, NOW + 5 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(OPEN)), rungs);
        assert_int_equal(told_of(w, CSC_A, KIND(OPEN)), rungs);
        assert_int_equal(told_of(w, NPS_A, KIND(ACKNOWLEDGE)), before);
        assert_int_not_equal(told_of(w, NPS_A, KIND(DECIDE)), 0); /* it is owed, as before */
        watch_free(w);
    }
}

static void what_is_declined_while_its_clocks_rest_is_owed_no_more(void **)
{
    static const int ends[] = {STEP(REJECTED), STEP(DECLINED)};

    for (size_t i = 0; i < LENGTH(ends); i++) {
        struct watch *w = watch_new();
        struct envelope e = letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD);
        struct envelope close = reply(w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 2);

        w->stride_ms = 15 * MINUTE;
        say(w, e);
        say(w, close);
        if (ends[i] == STEP(DECLINED))
            step(w->c, &e, STEP(DELIVERED));
        step(w->c, &e, ends[i]);
        step(w->c, &close, STEP(REJECTED));
        run_until(w, NOW + 5 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(DECIDE)), 0);
        assert_int_equal(told_of(w, CSC_A, KIND(OPEN)), 0);
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
        cmocka_unit_test(what_is_opened_while_its_clocks_rest_is_opened),
        cmocka_unit_test(what_is_declined_while_its_clocks_rest_is_owed_no_more),
        cmocka_unit_test(what_is_declined_or_rejected_is_owed_no_more),
        cmocka_unit_test(needed_by_a_hearing_is_the_sooner),
        cmocka_unit_test(a_clock_set_back_or_far_ahead_tells_nothing_twice),
        cmocka_unit_test(what_falls_due_at_once_strikes_over_several_batches),
        cmocka_unit_test(what_falls_due_at_once_leaves_room_for_a_command),
        cmocka_unit_test(an_unopened_referral_is_told_every_quarter_hour_until_it_is_opened),
        cmocka_unit_test(who_is_away_has_one_rung_waiting),
    };
    return cmocka_run_group_tests_name("timing", tests, NULL, NULL) + timing_case_tests()
         + timing_expected_tests() + timing_day_tests();
}
