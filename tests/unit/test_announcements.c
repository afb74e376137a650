/* What the broker makes known by itself: reviews and ends that come, once each, to whom they
 * concern. */
#include "tests/unit/law_desk.h"

#include <stdlib.h>
#include <string.h>

/* ---- dates that come ---- */

struct told {
    Concordat__NoticeKind kind;
    int64_t days; /* before the date that the clock stands at */
    uint32_t told;
};

#define REVIEW CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE
#define EXPIRY CONCORDAT__NOTICE_KIND__NOTICE_EXPIRY_DUE

static int64_t date_of(const struct agreement *agreement, Concordat__NoticeKind kind)
{
    return kind == REVIEW ? agreement->review_ms : agreement->until_ms;
}

/* What is announced when the clock stands so many days before the date. */
static uint32_t announced_at(struct desk *d, Concordat__NoticeKind kind, int64_t date_ms,
                             int64_t days)
{
    d->now_ms = date_ms - days * DAY;
    desk_run(d);
    if (desk_events(d, EVENT_GAZETTE) == 0)
        return 0;
    struct notice notice = law_notice(desk_event(d, EVENT_GAZETTE, 0));
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    assert_int_equal(notice.kind, kind);
    assert_string_equal(notice.agreement_id, "ISA-TEST");
    assert_int_equal(notice.due_ms, date_ms);
    assert_int_equal(notice.to_count, 2);
    return notice.count;
}

static uint32_t announced(struct desk *d, int64_t review_ms, int64_t days)
{
    return announced_at(d, REVIEW, review_ms, days);
}

static void review_and_end_are_announced_three_times_and_each_once(void **)
{
    static const struct told times[] = {
        {REVIEW, 61, 0},  {REVIEW, 60, 60}, {REVIEW, 59, 0},  {REVIEW, 30, 30}, {REVIEW, 29, 0},
        {REVIEW, 7, 7},   {REVIEW, 1, 0},   {REVIEW, 0, 0},   {REVIEW, -1, 0},  {EXPIRY, 61, 0},
        {EXPIRY, 60, 60}, {EXPIRY, 59, 0},  {EXPIRY, 30, 30}, {EXPIRY, 29, 0},  {EXPIRY, 7, 7},
        {EXPIRY, 1, 0},   {EXPIRY, 0, 0},   {EXPIRY, -1, 0}};
    OWNED(desk) d = desk_with(10);

    for (size_t i = 0; i < LENGTH(times); i++) {
        int64_t date_ms = date_of(d->agreement, times[i].kind);
        assert_int_equal(announced_at(d, times[i].kind, date_ms, times[i].days), times[i].told);
        d->now_ms += 60000;
        desk_run(d);
        assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    }
}

static void a_date_that_is_near_when_nobody_looked_is_announced_once(void **)
{
    OWNED(desk) d = desk_with(10);

    assert_int_equal(announced(d, d->agreement->review_ms, 5), 7);
    assert_int_equal(announced(d, d->agreement->review_ms, 4), 0);
    assert_int_equal(announced_at(d, EXPIRY, d->agreement->until_ms, 12), 30);
    assert_int_equal(announced_at(d, EXPIRY, d->agreement->until_ms, 8), 0);
}

/* Both on one day: two notices, each once. */
static void both_dates_may_come_at_once(void **)
{
    OWNED(desk) d = desk_with(10);

    d->agreement->until_ms = d->agreement->review_ms + DAY;
    d->now_ms = d->agreement->review_ms - 20 * DAY;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 2);
    assert_int_equal(law_notice(desk_event(d, EVENT_GAZETTE, 0)).kind, REVIEW);
    assert_int_equal(law_notice(desk_event(d, EVENT_GAZETTE, 1)).kind, EXPIRY);
    d->now_ms += 60000;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
}

/* Of a version that another has replaced, or that is revoked, nobody hears any more. */
static void only_a_version_in_force_is_announced(void **)
{
    OWNED(desk) d = law_desk();
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);
    const int64_t review_ms = INT64_C(1893456000000); /* 2030-01-01, of both */

    second.predecessor = first.hash;
    law_put_in_force(d, &first);
    assert_int_equal(announced(d, review_ms, 60), 60);
    second.open_from_ms = d->now_ms;
    law_put_in_force(d, &second);
    d->now_ms += 60000;
    desk_run(d);
    struct notice notice = law_notice(desk_event(d, EVENT_GAZETTE, 0));
    assert_int_equal(notice.agreement_version, 2); /* its own, since it comes so near to it */
    assert_int_equal(notice.count, 60);
    assert_int_equal(announced(d, review_ms, 30), 30); /* one notice, of the second */
    assert_int_equal(law_notice(desk_event(d, EVENT_GAZETTE, 0)).agreement_version, 2);
    (void)law_published(d, &second, CONCORDAT__ACT__REVOKE, "nps.a");
    assert_int_equal(announced(d, review_ms, 7), 0);
    free(first.text);
    free(second.text);
}

static void a_notice_goes_to_those_it_names(void **)
{
    OWNED(desk) d = desk_with(10);
    const session_id other = 3;
    uint32_t member = desk_hello(d, other, "csc.a", 10);

    desk_follow(d, NPS, d->nps, 0);
    desk_follow(d, other, member, 0);
    assert_int_equal(announced(d, d->agreement->review_ms, 60), 60);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 1);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, other), 0);
}

static void a_full_store_puts_notices_off(void **)
{
    OWNED(desk) d = desk_with(10);

    exchange_set_full(d->x, true);
    assert_int_equal(announced(d, d->agreement->review_ms, 60), 0);
    exchange_set_full(d->x, false);
    assert_int_equal(announced(d, d->agreement->review_ms, 59), 60);
}

/* ---- restarts ---- */

static void a_restart_announces_nothing_again(void **)
{
    struct scratch_store s = scratch_store_open();
    struct desk *d = desk_with(10);
    int64_t review_ms = d->agreement->review_ms, until_ms = d->agreement->until_ms;

    assert_int_equal(announced(d, review_ms, 60), 60);
    d = desk_restart(d, s.state, desk_agreement);
    assert_int_equal(announced(d, review_ms, 58), 0);
    assert_int_equal(announced(d, review_ms, 30), 30);
    assert_int_equal(announced_at(d, EXPIRY, until_ms, 7), 7);
    d = desk_restart(d, s.state, desk_agreement);
    assert_int_equal(announced_at(d, EXPIRY, until_ms, 6), 0);
    desk_free(d);
    scratch_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(review_and_end_are_announced_three_times_and_each_once),
        cmocka_unit_test(a_date_that_is_near_when_nobody_looked_is_announced_once),
        cmocka_unit_test(both_dates_may_come_at_once),
        cmocka_unit_test(only_a_version_in_force_is_announced),
        cmocka_unit_test(a_notice_goes_to_those_it_names),
        cmocka_unit_test(a_full_store_puts_notices_off),
        cmocka_unit_test(a_restart_announces_nothing_again),
    };
    return cmocka_run_group_tests_name("announcements", tests, NULL, NULL);
}
