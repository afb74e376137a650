/* A referral is closed by the end of its watch as its side last said: whatever becomes of that
 * word. */
#include "tests/unit/clock_watch.h"

#include <string.h>

#define STRIDE_MS (360 * MINUTE)

static const struct case_terms three_days = {
    .clauses = {{REFERRAL_CHILD, "    close-within: 3d\n"}}};

struct order {
    struct watch *w;
    bool restarts; /* after whatever is said or signed */
};

static void says(struct order *o, const struct envelope *e)
{
    say(o->w, *e);
    if (o->restarts)
        case_desk_restart(o->w->c);
}

static void signs(struct order *o, const struct envelope *e, int kind)
{
    step(o->w->c, e, kind);
    look(o->w);
    if (o->restarts)
        case_desk_restart(o->w->c);
}

/* Referred while it runs, which ends `days` from now; 0: nobody says when. */
static struct order order_new(int days, bool restarts)
{
    struct order o = {watch_with(&three_days), restarts};
    struct custody_told custody;
    struct envelope e;

    o.w->stride_ms = STRIDE_MS;
    assert_int_equal(claim(o.w->c, NPS_A, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, 0, &custody), 0);
    e = letter(o.w->c, 1, NPS_A, CSC_A, REFERRAL_CHILD);
    e.watch_until_ms = days > 0 ? NOW + days * DAY : 0;
    says(&o, &e);
    signs(&o, &e, STEP(DELIVERED));
    signs(&o, &e, STEP(OPENED));
    return o;
}

static size_t told_to(const struct order *o, enum agency agency)
{
    return told_of(o->w, agency, KIND(CLOSE));
}

static const struct clock_told *last(const struct order *o, enum agency agency)
{
    return nth(o->w, agency, KIND(CLOSE), told_to(o, agency) - 1);
}

/* The `n`-th of probation's updates says that it ends `days` from NOW. */
static struct envelope update(struct order *o, uint32_t n, int days)
{
    struct envelope e = reply(o->w->c, 100 + n, NPS_A, CSC_A, UPDATE, 1, 1 + n);

    e.watch_until_ms = NOW + days * DAY;
    return e;
}

/* Told once, to both sides, that it was to be closed three days after that; and not before. */
static void assert_due_after(struct order *o, int days)
{
    run_until(o->w, NOW + (days + 3) * DAY - STRIDE_MS);
    assert_int_equal(told_to(o, NPS_A) + told_to(o, CSC_A), 0);
    run_until(o->w, NOW + 60 * DAY);
    assert_int_equal(told_to(o, NPS_A), 1);
    assert_int_equal(told_to(o, CSC_A), 1);
    assert_int_equal(last(o, NPS_A)->stage, STAGE(BREACHED));
    assert_int_equal(last(o, NPS_A)->due_ms, NOW + (days + 3) * DAY);
    assert_int_equal(last(o, NPS_A)->count, 0);
    assert_string_equal(last(o, NPS_A)->expected, "safeguarding.close");
    assert_string_equal(last(o, NPS_A)->type, REFERRAL_CHILD);
}

/* Later or sooner, while the update is on its way and when it has come. */
static void an_order_that_ends_another_day_moves_the_close(void **)
{
    static const int days[] = {20, 5, 10};

    for (size_t i = 0; i < LENGTH(days); i++)
        for (int restarts = 0; restarts < 2; restarts++)
            for (int comes = 0; comes < 2; comes++) {
                struct order o = order_new(10, restarts);

                run_until(o.w, NOW + DAY);
                struct envelope e = update(&o, 1, days[i]);
                says(&o, &e);
                if (comes)
                    signs(&o, &e, STEP(DELIVERED));
                assert_due_after(&o, days[i]);
                watch_free(o.w);
            }
}

static void an_end_that_was_never_said_can_be_said_later(void **)
{
    for (int restarts = 0; restarts < 2; restarts++)
        for (int rejected = 0; rejected < 2; rejected++) {
            struct order o = order_new(0, restarts);
            struct envelope e = update(&o, 1, 12);

            says(&o, &e);
            signs(&o, &e, rejected ? STEP(REJECTED) : STEP(DELIVERED));
            if (!rejected)
                assert_due_after(&o, 12);
            run_until(o.w, NOW + 60 * DAY);
            assert_int_equal(told_to(&o, NPS_A), rejected ? 0 : 1);
            watch_free(o.w);
        }
}

/* The order ended a week ago: it is missed at once, once. */
static void an_end_that_is_past_is_missed_at_once(void **)
{
    struct order o = order_new(30, false);

    run_until(o.w, NOW + 9 * DAY);
    struct envelope e = update(&o, 1, 2);
    says(&o, &e);
    case_desk_wait(o.w->c, 1);
    look(o.w);
    assert_int_equal(told_to(&o, NPS_A), 1);
    assert_int_equal(told_to(&o, CSC_A), 1);
    assert_int_equal(last(&o, CSC_A)->due_ms, NOW + 5 * DAY);
    run_until(o.w, NOW + 60 * DAY);
    assert_int_equal(told_to(&o, NPS_A), 1);
    watch_free(o.w);
}

/* What was told stays told: another end that is past is no other omission, one to come is. */
static void what_was_told_stays_told(void **)
{
    for (int to_come = 0; to_come < 2; to_come++) {
        struct order o = order_new(10, false);

        run_until(o.w, NOW + 15 * DAY);
        assert_int_equal(told_to(&o, NPS_A), 1);
        struct envelope e = update(&o, 1, to_come ? 20 : 11);
        says(&o, &e);
        signs(&o, &e, STEP(DELIVERED));
        run_until(o.w, NOW + 22 * DAY);
        assert_int_equal(told_to(&o, NPS_A), 1);
        run_until(o.w, NOW + 25 * DAY);
        assert_int_equal(told_to(&o, NPS_A), to_come ? 2 : 1);
        struct envelope closing = reply(o.w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 3);
        says(&o, &closing);
        assert_int_equal(last(&o, CSC_A)->stage, STAGE(LATE));
        watch_free(o.w);
    }
}

/* What its recipient cannot open has moved nothing. */
static void an_update_that_is_rejected_moves_nothing(void **)
{
    static const int days[] = {20, 5};

    for (size_t i = 0; i < LENGTH(days); i++)
        for (int restarts = 0; restarts < 2; restarts++) {
            struct order o = order_new(10, restarts);
            struct envelope e = update(&o, 1, days[i]);

            says(&o, &e);
            signs(&o, &e, STEP(REJECTED));
            assert_due_after(&o, 10);
            watch_free(o.w);
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
                    struct order o = order_new(10, restarts);
                    const int second = back ? 10 : 30;
                    struct envelope e[2] = {update(&o, 1, 20), update(&o, 2, second)};

                    says(&o, &e[0]);
                    says(&o, &e[1]);
                    for (int n = 0; n < 2; n++) {
                        int which = n ^ order;
                        signs(&o, &e[which], fate >> which & 1 ? STEP(DELIVERED) : STEP(REJECTED));
                    }
                    assert_due_after(&o, fate & 2 ? second : fate & 1 ? 20 : 10);
                    watch_free(o.w);
                }
}

/* The second came before the first, which was on another way: the number says which is the later.
 */
static void the_later_word_is_the_one_with_the_higher_number(void **)
{
    for (int rejected = 0; rejected < 2; rejected++) {
        struct order o = order_new(10, false);
        struct envelope first = update(&o, 1, 20), second = update(&o, 2, 30);

        says(&o, &second);
        says(&o, &first);
        signs(&o, &first, STEP(DELIVERED));
        signs(&o, &second, rejected ? STEP(REJECTED) : STEP(DELIVERED));
        assert_due_after(&o, rejected ? 20 : 30);
        watch_free(o.w);
    }
}

/* Many while its recipient is away: the last that it opens counts. What is kept of the others is
 * bounded, so that beyond four the first count as said. */
static void many_on_their_way_are_bounded(void **)
{
    for (int opened = 0; opened < 2; opened++) {
        struct order o = order_new(10, true);
        struct envelope e[12];

        for (uint32_t n = 0; n < LENGTH(e); n++) {
            e[n] = update(&o, n + 1, 11 + (int)n);
            says(&o, &e[n]);
        }
        for (uint32_t n = 0; n < LENGTH(e); n++)
            signs(&o, &e[n], opened && n + 1 == LENGTH(e) ? STEP(DELIVERED) : STEP(REJECTED));
        assert_due_after(&o, opened ? 22 : 18);
        watch_free(o.w);
    }
}

/* Social care says when its plan ends: the order is not its to end. */
static void only_who_referred_says_another_end(void **)
{
    struct order o = order_new(10, false);
    struct envelope e = reply(o.w->c, 5, CSC_A, NPS_A, UPDATE, 1, 1);

    e.watch_until_ms = NOW + 30 * DAY;
    says(&o, &e);
    assert_due_after(&o, 10);
    watch_free(o.w);
}

/* Who holds the case by then says it in the referral's side's stead. */
static void its_new_holder_says_another_end(void **)
{
    for (int rejected = 0; rejected < 2; rejected++) {
        struct order o = order_new(10, true);
        struct envelope first = offer(o.w->c, 10, NPS_A, CRC_A, 1, 15, 1), done, e;
        struct envelope waits = update(&o, 1, 15);

        says(&o, &waits);
        name(&first, 1);
        says(&o, &first);
        e = act(o.w->c, 11, CRC_A, NPS_A, "case.transfer.accept", 10, 1, 15);
        says(&o, &e);
        done = act(o.w->c, 12, CRC_A, NPS_A, "case.transfer.complete", 10, 2, 0);
        done.custody.manifest.bytes[0] = 1;
        says(&o, &done);
        e = reply(o.w->c, 13, CRC_A, CSC_A, UPDATE, 1, 3);
        e.watch_until_ms = NOW + 20 * DAY;
        says(&o, &e);
        signs(&o, &waits, STEP(DELIVERED));
        signs(&o, &e, rejected ? STEP(REJECTED) : STEP(DELIVERED));
        run_until(o.w, NOW + 60 * DAY);
        assert_int_equal(told_to(&o, NPS_A), 0);
        assert_int_equal(told_to(&o, CRC_A), 1);
        assert_int_equal(told_to(&o, CSC_A), 1);
        assert_int_equal(last(&o, CSC_A)->due_ms, NOW + (rejected ? 18 : 23) * DAY);
        watch_free(o.w);
    }
}

/* Closed while the update is on its way: nothing is to be closed, whatever becomes of that. */
static void what_is_closed_stays_closed(void **)
{
    for (int fate = 0; fate < 4; fate++) {
        struct order o = order_new(10, true);
        struct envelope e = update(&o, 1, 20);
        struct envelope closing = reply(o.w->c, 2, NPS_A, CSC_A, "safeguarding.close", 1, 3);

        says(&o, &e);
        says(&o, &closing);
        signs(&o, &e, fate & 1 ? STEP(DELIVERED) : STEP(REJECTED));
        signs(&o, &closing, fate & 2 ? STEP(DELIVERED) : STEP(REJECTED));
        if (fate & 2) {
            run_until(o.w, NOW + 60 * DAY);
            assert_int_equal(told_to(&o, NPS_A), 0);
        } else {
            assert_due_after(&o, fate & 1 ? 20 : 10);
        }
        watch_free(o.w);
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
