/* What is to follow, once or again and again, and until when: one alarm for each silence. */
#include "tests/unit/clock_watch.h"

#include <stdlib.h>

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
    struct watch *w = watch_with(&every_day);

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
    struct watch *w = watch_with(&closed_in_time);
    struct custody_told custody;
    struct envelope e;

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

int timing_expected_tests(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("expected", tests, NULL, NULL);
}
