/* Clocks that go by days: so many messages a day, and bank holidays that are added. */
#include "tests/unit/clock_watch.h"

#include <stdlib.h>
#include <unistd.h>

#define PROCLAIMED "2027-01-18  Proclaimed\n2027-12-27  Christmas Day\n"

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

int timing_day_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_feed_is_told_once_a_working_day),
        cmocka_unit_test(what_is_sent_is_counted_over_a_restart),
        cmocka_unit_test(a_bank_holiday_added_moves_the_clocks_that_run),
    };
    return cmocka_run_group_tests_name("days", tests, NULL, NULL);
}
