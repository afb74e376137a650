/* A referral is closed by the end of its watch as its side last said: whatever becomes of that
 * word. */
#include "tests/unit/case_desk.h"

#include <stdlib.h>
#include <string.h>

#define CLOSE CONCORDAT__CLOCK_KIND__CLOCK_CLOSE
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define STEP(name) CONCORDAT__STEP_KIND__##name
#define HOUR INT64_C(3600000)
#define REFERRAL_CHILD "safeguarding.referral.child"
#define UPDATE "safeguarding.update"

static const struct case_terms three_days = {
    .clauses = {{REFERRAL_CHILD, "    close-within: 3d\n"}}};

struct desk_watch {
    struct case_desk *c;
    bool restarts; /* after whatever is said or signed */
    size_t told_to[AGENCIES];
    struct clock_told last;
};

static void look(struct desk_watch *w)
{
    struct told read;

    for (enum agency a = NPS_A; a < AGENCIES; a++)
        for (size_t n = 0; told(w->c, a, n, &read); n++)
            if (read.kind == TOLD_CLOCK && read.clock.kind == CLOSE) {
                w->told_to[a]++;
                w->last = read.clock;
            }
    if (w->restarts)
        case_desk_restart(w->c);
}

static void say(struct desk_watch *w, const struct envelope *e)
{
    (void)accepted(w->c, e);
    look(w);
}

static void signs(struct desk_watch *w, const struct envelope *e, int kind)
{
    step(w->c, e, kind);
    look(w);
}

/* Referred while an order runs that ends `days` from now; 0: nobody says when. */
static struct desk_watch *watch_new(int days, bool restarts)
{
    struct desk_watch *w = calloc(1, sizeof *w);
    struct custody_told custody;
    struct envelope e;

    assert_non_null(w);
    w->c = case_desk_with(&three_days);
    w->restarts = restarts;
    assert_int_equal(claim(w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    e = letter(w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD);
    e.watch_until_ms = days > 0 ? NOW + days * DAY : 0;
    say(w, &e);
    signs(w, &e, STEP(DELIVERED));
    signs(w, &e, STEP(OPENED));
    return w;
}

static void watch_free(struct desk_watch *w)
{
    case_desk_free(w->c);
    free(w);
}

/* The `n`-th of probation's updates says that it ends `days` from NOW. */
static struct envelope update(struct desk_watch *w, uint32_t n, int days)
{
    struct envelope e = reply(w->c, 100 + n, NPS_A, CSC_A, UPDATE, 1, 1 + n);

    e.watch_until_ms = NOW + days * DAY;
    return e;
}

static void run_until(struct desk_watch *w, int64_t until_ms)
{
    const bool restarts = w->restarts;

    while (w->c->d->now_ms < until_ms) {
        w->restarts = false;
        case_desk_wait(w->c, 6 * HOUR);
        look(w);
        w->restarts = restarts;
    }
}

/* Told once, to both sides, that it was to be closed three days after that; and not before. */
static void assert_due_after(struct desk_watch *w, int days)
{
    run_until(w, NOW + (days + 3) * DAY - 6 * HOUR);
    assert_int_equal(w->told_to[NPS_A] + w->told_to[CSC_A], 0);
    run_until(w, NOW + 60 * DAY);
    assert_int_equal(w->told_to[NPS_A], 1);
    assert_int_equal(w->told_to[CSC_A], 1);
    assert_int_equal(w->last.stage, STAGE(BREACHED));
    assert_int_equal(w->last.due_ms, NOW + (days + 3) * DAY);
    assert_int_equal(w->last.count, 0);
    assert_string_equal(w->last.expected, "safeguarding.close");
    assert_string_equal(w->last.type, REFERRAL_CHILD);
}

/* Later or sooner, while the update is on its way and when it has come. */
static void an_order_that_ends_another_day_moves_the_close(void **)
{
    static const int days[] = {20, 5, 10};

    for (size_t i = 0; i < LENGTH(days); i++)
        for (int restarts = 0; restarts < 2; restarts++)
            for (int comes = 0; comes < 2; comes++) {
                struct desk_watch *w = watch_new(10, restarts);

                run_until(w, NOW + DAY);
                struct envelope e = update(w, 1, days[i]);
                say(w, &e);
                if (comes)
                    signs(w, &e, STEP(DELIVERED));
                assert_due_after(w, days[i]);
                watch_free(w);
            }
}

static void an_end_that_was_never_said_can_be_said_later(void **)
{
    for (int restarts = 0; restarts < 2; restarts++)
        for (int rejected = 0; rejected < 2; rejected++) {
            struct desk_watch *w = watch_new(0, restarts);
            struct envelope e = update(w, 1, 12);

            say(w, &e);
            signs(w, &e, rejected ? STEP(REJECTED) : STEP(DELIVERED));
            if (!rejected)
                assert_due_after(w, 12);
            run_until(w, NOW + 60 * DAY);
            assert_int_equal(w->told_to[NPS_A], rejected ? 0 : 1);
            watch_free(w);
        }
}

/* The order ended a week ago: it is missed at once, once. */
static void an_end_that_is_past_is_missed_at_once(void **)
{
    struct desk_watch *w = watch_new(30, false);

    run_until(w, NOW + 9 * DAY);
    struct envelope e = update(w, 1, 2);
    say(w, &e);
    case_desk_wait(w->c, 1);
    look(w);
    assert_int_equal(w->told_to[NPS_A], 1);
    assert_int_equal(w->told_to[CSC_A], 1);
    assert_int_equal(w->last.due_ms, NOW + 5 * DAY);
    run_until(w, NOW + 60 * DAY);
    assert_int_equal(w->told_to[NPS_A], 1);
    watch_free(w);
}

/* What was told stays told: another end that is past is no other omission, one to come is. */
static void what_was_told_stays_told(void **)
{
    for (int to_come = 0; to_come < 2; to_come++) {
        struct desk_watch *w = watch_new(10, false);

        run_until(w, NOW + 15 * DAY);
        assert_int_equal(w->told_to[NPS_A], 1);
        struct envelope e = update(w, 1, to_come ? 20 : 11);
        say(w, &e);
        signs(w, &e, STEP(DELIVERED));
        run_until(w, NOW + 22 * DAY);
        assert_int_equal(w->told_to[NPS_A], 1);
        run_until(w, NOW + 25 * DAY);
        assert_int_equal(w->told_to[NPS_A], to_come ? 2 : 1);
        struct envelope closing = reply(w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 3);
        say(w, &closing);
        assert_int_equal(w->last.stage, STAGE(LATE));
        watch_free(w);
    }
}

/* What its recipient cannot open has moved nothing. */
static void an_update_that_is_rejected_moves_nothing(void **)
{
    static const int days[] = {20, 5};

    for (size_t i = 0; i < LENGTH(days); i++)
        for (int restarts = 0; restarts < 2; restarts++) {
            struct desk_watch *w = watch_new(10, restarts);
            struct envelope e = update(w, 1, days[i]);

            say(w, &e);
            signs(w, &e, STEP(REJECTED));
            assert_due_after(w, 10);
            watch_free(w);
        }
}

/* Two on their way, and in whatever order it becomes known which of them were opened: the last one
 * that was counts. */
static void of_several_the_last_that_was_opened_counts(void **)
{
    for (int restarts = 0; restarts < 2; restarts++)
        for (int fate = 0; fate < 4; fate++)
            for (int order = 0; order < 2; order++)
                for (int back = 0; back < 2; back++) { /* the second says what the referral did */
                    struct desk_watch *w = watch_new(10, restarts);
                    const int second = back ? 10 : 30;
                    struct envelope e[2] = {update(w, 1, 20), update(w, 2, second)};

                    say(w, &e[0]);
                    say(w, &e[1]);
                    for (int n = 0; n < 2; n++) {
                        int which = n ^ order;
                        signs(w, &e[which], fate >> which & 1 ? STEP(DELIVERED) : STEP(REJECTED));
                    }
                    assert_due_after(w, fate & 2 ? second : fate & 1 ? 20 : 10);
                    watch_free(w);
                }
}

/* The second came before the first, which was on another way: the number says which is the later.
 */
static void the_later_word_is_the_one_with_the_higher_number(void **)
{
    for (int rejected = 0; rejected < 2; rejected++) {
        struct desk_watch *w = watch_new(10, false);
        struct envelope first = update(w, 1, 20), second = update(w, 2, 30);

        say(w, &second);
        say(w, &first);
        signs(w, &first, STEP(DELIVERED));
        signs(w, &second, rejected ? STEP(REJECTED) : STEP(DELIVERED));
        assert_due_after(w, rejected ? 20 : 30);
        watch_free(w);
    }
}

/* Many while its recipient is away: the last that it opens counts. What is kept of the others is
 * bounded, so that beyond four the first count as said. */
static void many_on_their_way_are_bounded(void **)
{
    for (int opened = 0; opened < 2; opened++) {
        struct desk_watch *w = watch_new(10, true);
        struct envelope e[12];

        for (uint32_t n = 0; n < LENGTH(e); n++) {
            e[n] = update(w, n + 1, 11 + (int)n);
            say(w, &e[n]);
        }
        for (uint32_t n = 0; n < LENGTH(e); n++)
            signs(w, &e[n], opened && n + 1 == LENGTH(e) ? STEP(DELIVERED) : STEP(REJECTED));
        assert_due_after(w, opened ? 22 : 18);
        watch_free(w);
    }
}

/* Social care says when its plan ends: the order is not its to end. */
static void only_who_referred_says_another_end(void **)
{
    struct desk_watch *w = watch_new(10, false);
    struct envelope e = reply(w->c, 5, CSC_A, NPS_A, UPDATE, 1, 1);

    e.watch_until_ms = NOW + 30 * DAY;
    say(w, &e);
    assert_due_after(w, 10);
    watch_free(w);
}

/* Who holds the case by then says it in the referral's side's stead. */
static void its_new_holder_says_another_end(void **)
{
    for (int rejected = 0; rejected < 2; rejected++) {
        struct desk_watch *w = watch_new(10, true);
        struct envelope first = offer(w->c, 10, NPS_A, CRC_A, 1, 15, 1), done, e;
        struct envelope waits = update(w, 1, 15);

        say(w, &waits);
        name(&first, 1);
        say(w, &first);
        e = act(w->c, 11, CRC_A, NPS_A, "case.transfer.accept", 10, 1, 15);
        say(w, &e);
        done = act(w->c, 12, CRC_A, NPS_A, "case.transfer.complete", 10, 2, 0);
        done.custody.manifest.bytes[0] = 1;
        say(w, &done);
        e = reply(w->c, 13, CRC_A, CSC_A, UPDATE, 1, 3);
        e.watch_until_ms = NOW + 20 * DAY;
        say(w, &e);
        signs(w, &waits, STEP(DELIVERED));
        signs(w, &e, rejected ? STEP(REJECTED) : STEP(DELIVERED));
        run_until(w, NOW + 60 * DAY);
        assert_int_equal(w->told_to[NPS_A], 0);
        assert_int_equal(w->told_to[CRC_A], 1);
        assert_int_equal(w->told_to[CSC_A], 1);
        assert_int_equal(w->last.due_ms, NOW + (rejected ? 18 : 23) * DAY);
        watch_free(w);
    }
}

/* Closed while the update is on its way: nothing is to be closed, whatever becomes of that. */
static void what_is_closed_stays_closed(void **)
{
    for (int fate = 0; fate < 4; fate++) {
        struct desk_watch *w = watch_new(10, true);
        struct envelope e = update(w, 1, 20);
        struct envelope closing = reply(w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 3);

        say(w, &e);
        say(w, &closing);
        signs(w, &e, fate & 1 ? STEP(DELIVERED) : STEP(REJECTED));
        signs(w, &closing, fate & 2 ? STEP(DELIVERED) : STEP(REJECTED));
        if (fate & 2) {
            run_until(w, NOW + 60 * DAY);
            assert_int_equal(w->told_to[NPS_A], 0);
        } else {
            assert_due_after(w, fate & 1 ? 20 : 10);
        }
        watch_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_that_ends_another_day_moves_the_close),
        cmocka_unit_test(an_end_that_was_never_said_can_be_said_later),
        cmocka_unit_test(an_end_that_is_past_is_missed_at_once),
        cmocka_unit_test(what_was_told_stays_told),
        cmocka_unit_test(an_update_that_is_rejected_moves_nothing),
        cmocka_unit_test(of_several_the_last_that_was_opened_counts),
        cmocka_unit_test(the_later_word_is_the_one_with_the_higher_number),
        cmocka_unit_test(many_on_their_way_are_bounded),
        cmocka_unit_test(only_who_referred_says_another_end),
        cmocka_unit_test(its_new_holder_says_another_end),
        cmocka_unit_test(what_is_closed_stays_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
