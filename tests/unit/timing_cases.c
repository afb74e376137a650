/* What is owed of a case that is offered and moves: its completion, what goes with it to the new
 * holder, and the answer that came to the former one. */
#include "tests/unit/clock_watch.h"

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

/* ---- what a transfer's own messages made expected ---- */

static const struct case_terms record_asked = {.expectations = "expectations:\n"
                                                               "  - id: record\n"
                                                               "    after: case.record.query\n"
                                                               "    expect: case.record.part\n"
                                                               "    within: 2d\n"
                                                               "    tell: Head of probation\n"};

/* The case is offered, and who is offered it asks for a part that did not come. */
static struct watch *part_asked_for(struct envelope *offered)
{
    struct watch *w = watch_with(&record_asked);
    struct custody_told custody;

    w->stride_ms = 60 * MINUTE;
    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    *offered = offer(w->c, 1, NPS_A, CRC_A, 1, 15, 9);
    offered->custody.reply_by_ms = NOW + DAY;
    say(w, *offered);
    say(w, reply(w->c, 2, CRC_A, NPS_A, "case.record.query", 1, 1));
    return w;
}

static void what_a_transfer_asked_for_ends_with_it(void **)
{
    enum {
        ACCEPTED, /* it goes on, and the part is waited for */
        COMPLETED,
        WITHDRAWN,
        TAKEN_BACK, /* by a claim */
        LAPSED,
        UNOPENED,
        WAYS
    };

    for (int way = ACCEPTED; way < WAYS; way++) {
        struct envelope e, part;
        struct watch *w = part_asked_for(&e);
        struct custody_told custody;

        w->restarts = way % 2 == 0;
        part = reply(w->c, 3, NPS_A, CRC_A, "case.record.part", 1, 2);
        if (way == TAKEN_BACK) /* a part was on its way */
            say(w, part);
        if (way == ACCEPTED || way == COMPLETED)
            say(w, act(w->c, 4, CRC_A, NPS_A, "case.transfer.accept", 1, 2, 15));
        if (way == COMPLETED) {
            e = act(w->c, 5, CRC_A, NPS_A, "case.transfer.complete", 1, 3, 0);
            e.custody.manifest.bytes[0] = 9;
            say(w, e);
        } else if (way == WITHDRAWN) {
            say(w, act(w->c, 5, NPS_A, CRC_A, "case.transfer.withdraw", 1, 2, 0));
        } else if (way == TAKEN_BACK) {
            assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW, 2, &custody),
                             0);
            step(w->c, &part, STEP(REJECTED));
        } else if (way == UNOPENED) {
            step(w->c, &e, STEP(REJECTED));
        }
        run_until(w, NOW + 5 * DAY);
        assert_int_equal(told_of(w, NPS_A, KIND(EXPECTED)), way == ACCEPTED);
        assert_int_equal(told_of(w, CRC_A, KIND(EXPECTED)), way == ACCEPTED);
        if (way > COMPLETED)
            assert_int_equal(exchange_counts(w->c->d->x)->clocks, 0);
        watch_free(w);
    }
}

/* What the holder asked of who had the case before it, and had handed it on, is no matter of an
 * offer back to that agency. */
static void what_was_asked_after_a_transfer_outlasts_the_next(void **)
{
    struct envelope e;
    struct watch *w = part_asked_for(&e);

    say(w, act(w->c, 4, CRC_A, NPS_A, "case.transfer.accept", 1, 2, 15));
    e = act(w->c, 5, CRC_A, NPS_A, "case.transfer.complete", 1, 3, 0);
    e.custody.manifest.bytes[0] = 9;
    say(w, e);
    say(w, letter(w->c, 6, CRC_A, NPS_A, "case.record.query"));
    say(w, offer(w->c, 7, CRC_A, NPS_A, 3, 15, 9));
    say(w, act(w->c, 8, CRC_A, NPS_A, "case.transfer.withdraw", 7, 2, 0));
    run_until(w, NOW + 5 * DAY);
    assert_int_equal(told_of(w, CRC_A, KIND(EXPECTED)), 1);
    assert_string_equal(nth(w, CRC_A, KIND(EXPECTED), 0)->owed_by, "nps.a");
    watch_free(w);
}

/* ---- what rests when its case moves ---- */

/* The case moves while the referral's clocks rest under its close: of that conversation nothing is
 * to be said again, so with the close they are gone, whatever is done with the referral later. */
static void what_ended_before_its_case_moved_stays_ended(void **)
{
    static const struct case_terms terms = {
        .clauses = {{REFERRAL_CHILD, "    acknowledge-within: 15m\n    decide-within: 1wd\n"}}};

    for (int withheld = 0; withheld < 2; withheld++) {
        struct watch *w = watch_with(&terms);
        struct envelope referral = letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD), given, close;
        struct custody_told custody;

        assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
        say(w, referral);
        run_until(w, NOW + 20 * MINUTE);
        size_t before = told_of(w, CSC_A, KIND(ACKNOWLEDGE));
        assert_int_equal(nth(w, CSC_A, KIND(ACKNOWLEDGE), before - 1)->stage, STAGE(BREACHED));
        given = offer(w->c, 2, NPS_A, CRC_A, 1, 15, 9);
        name(&given, 1);
        say(w, given);
        say(w, act(w->c, 3, CRC_A, NPS_A, "case.transfer.accept", 2, 1, 15));
        if (withheld)
            desk_gone(w->c->d, session_of(NPS_A), w->c->members[NPS_A], true);
        close = reply(w->c, 4, CSC_A, NPS_A, "safeguarding.close", 1, 1);
        say(w, close);
        given = act(w->c, 5, CRC_A, NPS_A, "case.transfer.complete", 2, 2, 0);
        given.custody.manifest.bytes[0] = 9;
        say(w, given);
        assert_int_not_equal(exchange_counts(w->c->d->x)->clocks, 0); /* they rest */
        if (!withheld)
            step(w->c, &close, STEP(REJECTED));
        run_until(w, NOW + 120 * MINUTE);
        assert_int_equal(exchange_counts(w->c->d->x)->withheld > 0, withheld);
        assert_int_equal(exchange_counts(w->c->d->x)->clocks, 0);
        step(w->c, &referral, STEP(DELIVERED));
        step(w->c, &referral, STEP(OPENED));
        step(w->c, &referral, STEP(ACKNOWLEDGED));
        look(w);
        assert_int_equal(told_of(w, CSC_A, KIND(ACKNOWLEDGE)), before);
        watch_free(w);
    }
}

int timing_case_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_and_not_completed_is_told),
        cmocka_unit_test(nothing_is_owed_of_a_transfer_that_is_over),
        cmocka_unit_test(what_a_transfer_asked_for_ends_with_it),
        cmocka_unit_test(what_was_asked_after_a_transfer_outlasts_the_next),
        cmocka_unit_test(the_new_holder_hears_what_its_case_is_owed),
        cmocka_unit_test(a_case_that_moves_tells_what_is_due),
        cmocka_unit_test(an_answer_not_passed_on_within_a_working_hour_is_told),
        cmocka_unit_test(an_answer_passed_on_in_time_is_not_told),
        cmocka_unit_test(what_ended_before_its_case_moved_stays_ended),
    };
    return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
