/* What a third agency is to say about a case: it owes it that the expectation names, to who waits.
 */
#include "tests/unit/clock_watch.h"

#include <string.h>

#define HOUR (60 * MINUTE)
#define KNOWN "mappa.info.response" /* police.a may say it to probation and to the companies */
#define REQUEST "psr.request"       /* court.a to probation alone */

/* Neither police nor court are sides of the referral. */
#define THEIRS(type, from)                                                                         \
    "expectations:\n"                                                                              \
    "  - id: said\n"                                                                               \
    "    after: " REFERRAL_CHILD "\n"                                                              \
    "    expect: " type "\n"                                                                       \
    "    from: " from "\n"                                                                         \
    "    within: 1d\n"                                                                             \
    "    tell: Team manager\n"
static const struct case_terms police = {.expectations = THEIRS(KNOWN, "POLICE")};
static const struct case_terms court = {.expectations = THEIRS(REQUEST, "court.a")};

/* Probation holds the case. */
static struct watch *watch_named(const struct case_terms *terms)
{
    struct watch *w = watch_with(terms);
    struct custody_told custody;

    w->stride_ms = HOUR;
    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    return w;
}

/* So often, to these two and to nobody else. */
static void assert_told_to(const struct watch *w, enum agency one, enum agency other, size_t count)
{
    for (enum agency a = NPS_A; a < AGENCIES; a++)
        assert_int_equal(told_of(w, a, KIND(EXPECTED)), a == one || a == other ? count : 0);
}

static void silence_is_told_once_to_who_owes_it_and_to_who_waits(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_named(&police);

        w->restarts = restarts;
        say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
        run_until(w, NOW + 23 * HOUR);
        if (restarts)
            case_desk_restart(w->c);
        assert_told_to(w, NPS_A, POLICE_A, 0);
        run_until(w, NOW + 5 * DAY);
        assert_told_to(w, NPS_A, POLICE_A, 1);
        const struct clock_told *t = nth(w, NPS_A, KIND(EXPECTED), 0);
        assert_int_equal(t->stage, STAGE(BREACHED));
        assert_int_equal(t->due_ms, NOW + DAY);
        assert_string_equal(t->owed_by, "police.a");
        assert_string_equal(t->owed_to, "nps.a");
        assert_string_equal(t->role, "Team manager");
        assert_string_equal(t->clause, "said");
        say(w, letter(w->c, 2, POLICE_A, NPS_A, KNOWN));
        assert_told_to(w, NPS_A, POLICE_A, 2);
        assert_int_equal(nth(w, NPS_A, KIND(EXPECTED), 1)->stage, STAGE(LATE));
        watch_free(w);
    }
}

static void what_came_is_not_told(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct watch *w = watch_named(&police);
        struct envelope known = letter(w->c, 2, POLICE_A, NPS_A, KNOWN);

        say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
        run_until(w, NOW + 20 * HOUR);
        say(w, known);
        step(w->c, &known, STEP(DELIVERED));
        if (restarts)
            case_desk_restart(w->c);
        run_until(w, NOW + 5 * DAY);
        assert_told_to(w, NPS_A, POLICE_A, 0);
        watch_free(w);
    }
}

static void what_cannot_be_opened_has_not_been_said(void **)
{
    struct watch *w = watch_named(&police);
    struct envelope known = letter(w->c, 2, POLICE_A, NPS_A, KNOWN);

    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, known);
    case_desk_restart(w->c);
    step(w->c, &known, STEP(REJECTED));
    run_until(w, NOW + 5 * DAY);
    assert_told_to(w, NPS_A, POLICE_A, 1);
    watch_free(w);
}

/* By another, to another, of another case. */
static void only_that_agency_on_that_case_to_who_waits_meets_it(void **)
{
    struct watch *w = watch_named(&police);
    struct envelope elsewhere = letter(w->c, 4, POLICE_A, NPS_A, KNOWN);

    elsewhere.case_handle.bytes[0] ^= 1;
    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, letter(w->c, 2, NPS_A, POLICE_A, KNOWN));
    say(w, letter(w->c, 3, POLICE_A, CRC_A, KNOWN));
    say(w, elsewhere);
    run_until(w, NOW + 5 * DAY);
    assert_told_to(w, NPS_A, POLICE_A, 1);
    watch_free(w);
}

/* Each agency that waits has a clock of its own; an agency that asks again has not. */
static void each_who_waits_is_told(void **)
{
    struct watch *w = watch_named(&police);

    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, letter(w->c, 2, NPS_A, CSC_A, REFERRAL_CHILD));
    say(w, letter(w->c, 3, CRC_A, CSC_A, REFERRAL_CHILD));
    say(w, letter(w->c, 4, POLICE_A, CRC_A, KNOWN));
    run_until(w, NOW + 5 * DAY);
    assert_told_to(w, NPS_A, POLICE_A, 1);
    watch_free(w);
}

static void nothing_is_owed_for_what_was_rejected(void **)
{
    struct watch *w = watch_named(&police);
    struct envelope first = letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD);

    say(w, first);
    step(w->c, &first, STEP(REJECTED));
    run_until(w, NOW + 5 * DAY);
    assert_told_to(w, NPS_A, POLICE_A, 0);
    watch_free(w);
}

static void hand_over(struct watch *w)
{
    struct envelope first = offer(w->c, 10, NPS_A, CRC_A, 1, 15, 1), done;

    name(&first, 1);
    say(w, first);
    say(w, act(w->c, 11, CRC_A, NPS_A, "case.transfer.accept", 10, 1, 15));
    done = act(w->c, 12, CRC_A, NPS_A, "case.transfer.complete", 10, 2, 0);
    done.custody.manifest.bytes[0] = 1;
    say(w, done);
}

static void who_holds_the_case_by_then_waits_for_it(void **)
{
    struct watch *w = watch_named(&police);

    say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
    hand_over(w);
    case_desk_restart(w->c);
    run_until(w, NOW + 5 * DAY);
    assert_told_to(w, CRC_A, POLICE_A, 1);
    assert_string_equal(nth(w, CRC_A, KIND(EXPECTED), 0)->owed_to, "crc.a");
    watch_free(w);
}

/* The court may say it to probation alone, which waits for it whoever holds the case. */
static void who_may_not_be_told_does_not_wait_for_it(void **)
{
    for (int comes = 0; comes < 2; comes++) {
        struct watch *w = watch_named(&court);

        say(w, letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD));
        hand_over(w);
        if (comes)
            say(w, letter(w->c, 2, COURT_A, NPS_A, REQUEST));
        run_until(w, NOW + 5 * DAY);
        assert_told_to(w, NPS_A, COURT_A, comes ? 0 : 1);
        watch_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_told_once_to_who_owes_it_and_to_who_waits),
        cmocka_unit_test(what_came_is_not_told),
        cmocka_unit_test(what_cannot_be_opened_has_not_been_said),
        cmocka_unit_test(only_that_agency_on_that_case_to_who_waits_meets_it),
        cmocka_unit_test(each_who_waits_is_told),
        cmocka_unit_test(nothing_is_owed_for_what_was_rejected),
        cmocka_unit_test(who_holds_the_case_by_then_waits_for_it),
        cmocka_unit_test(who_may_not_be_told_does_not_wait_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
