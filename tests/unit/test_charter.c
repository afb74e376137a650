/* The glass is broken by two officers, seldom, in the open, and only by who has not lost the right.
 */
#include "tests/unit/law_desk.h"

#include <stdlib.h>
#include <string.h>

/* ---- charters ---- */

#define HOUR INT64_C(3600000)

static struct law charter_of(void)
{
    return law_with("ISA-TEST", 1,
                    "owner: nps.a\ncharter: break-glass\nuses-per-day: 2\nreview-within: 24h\n", 0);
}

/* An officer of `from` lets the `n`-th message to `to` go. */
static void authorise_from(struct desk *d, const struct law *law, const char *from, const char *to,
                           const char *officer, uint32_t n)
{
    struct instrument instrument = law_instrument(law, CONCORDAT__ACT__AUTHORISE, from);

    instrument.message_id = desk_envelope(d, n).message_id;
    strcpy(instrument.counterpart, to);
    strcpy(instrument.clause, strcmp(from, "court.a") == 0 ? "psr-request" : "psr-back");
    strcpy(instrument.officer, officer);
    instrument.signed_ms +=
        d->now_ms - NOW - 10 * 60000; /* not long ago, and each of its own time */
    law_bring(d, COURT, d->court, &instrument, (struct bytes){NULL, 0});
    desk_run(d);
    assert_true(law_verdict(d) > 0);
}

static void authorise(struct desk *d, const struct law *law, const char *officer, uint32_t n)
{
    authorise_from(d, law, "court.a", "nps.a", officer, n);
}

static void authorise_twice(struct desk *d, const struct law *law, uint32_t n)
{
    authorise(d, law, "duty-1", n);
    authorise(d, law, "duty-2", n);
}

static uint64_t review(struct desk *d, const struct law *law, const char *agency, uint32_t n,
                       bool upheld)
{
    struct instrument instrument = law_instrument(law, CONCORDAT__ACT__REVIEW, agency);

    instrument.message_id = desk_envelope(d, n).message_id;
    instrument.upheld = upheld;
    law_bring(d, COURT, d->court, &instrument, (struct bytes){NULL, 0});
    desk_run(d);
    return law_verdict(d);
}

static void reinstate(struct desk *d, const struct law *law)
{
    struct instrument instrument = law_instrument(law, CONCORDAT__ACT__REINSTATE, "nps.a");

    strcpy(instrument.counterpart, "court.a");
    law_bring(d, COURT, d->court, &instrument, (struct bytes){NULL, 0});
    desk_run(d);
    assert_true(law_verdict(d) > 0);
}

/* Another day for one of the text's dates. */
static void redate(struct law *law, const char *key, const char *day)
{
    char *at = strstr(law->text, key);

    assert_non_null(at);
    memcpy(at + strlen(key) + 2, day, strlen(day));
    law->hash = sha256(law->text, law->size);
}

static struct desk *chartered_desk(struct law *law)
{
    struct desk *d = law_desk();

    *law = charter_of();
    d->gateway = "VITAL_INTEREST";
    law_put_in_force(d, law);
    return d;
}

static void the_glass_is_broken_by_two_officers_and_everybody_hears(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    assert_int_equal(law_refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    authorise(d, &law, "duty-1", 2);
    authorise(d, &law, "duty-1", 2);
    assert_int_equal(law_refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    authorise(d, &law, "duty-2", 2);
    (void)desk_accept(d, 2);
    struct notice notice = law_notice(desk_event(d, EVENT_GAZETTE, 0));
    struct id id = desk_envelope(d, 2).message_id;
    assert_int_equal(notice.kind, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED);
    assert_string_equal(notice.agency, "court.a");
    assert_string_equal(notice.counterpart, "nps.a");
    assert_string_equal(notice.clause, "psr-request");
    assert_true(id_equal(&notice.message_id, &id));
    assert_int_equal(notice.due_ms, d->now_ms + 24 * HOUR);
    assert_int_equal(notice.to_count, 2);
    struct envelope e = desk_envelope(d, 2); /* again: the same answer, and no second use */
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, COURT), 1);
    assert_int_equal(d->event_count, 0);
    free(law.text);
}

static void so_often_a_day_and_no_more(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    for (uint32_t n = 1; n <= 2; n++) {
        authorise_twice(d, &law, n);
        (void)desk_accept(d, n);
        assert_true(review(d, &law, "nps.a", n, true) > 0);
    }
    authorise_twice(d, &law, 3);
    assert_int_equal(law_refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA);
    d->now_ms += DAY;
    authorise_twice(d, &law, 4);
    (void)desk_accept(d, 4);
    free(law.text);
}

static void what_is_not_reviewed_in_time_suspends_until_its_owner_reinstates(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    authorise_twice(d, &law, 1);
    (void)desk_accept(d, 1);
    d->now_ms += 24 * HOUR - 1;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    d->now_ms += 1;
    desk_run(d);
    assert_int_equal(law_notice(desk_event(d, EVENT_GAZETTE, 0)).kind,
                     CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    authorise_twice(d, &law, 2);
    assert_int_equal(law_refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED);
    reinstate(d, &law);
    authorise_twice(d, &law, 3);
    (void)desk_accept(d, 3);
    free(law.text);
}

static void what_is_not_upheld_suspends_at_once(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    authorise_twice(d, &law, 1);
    (void)desk_accept(d, 1);
    assert_int_equal(review(d, &law, "court.a", 1, true), 0); /* its own */
    assert_int_equal(review(d, &law, "nps.a", 9, true), 0);   /* of no use */
    assert_true(review(d, &law, "nps.a", 1, false) > 0);
    assert_int_equal(law_notice(desk_event(d, EVENT_GAZETTE, 1)).kind,
                     CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_SUSPENDED);
    authorise_twice(d, &law, 2);
    assert_int_equal(law_refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED);
    free(law.text);
}

/* The other party's `n`-th message, to the first, under the clause that runs that way. */
static void use_by_the_other(struct desk *d, const struct law *law, uint32_t n)
{
    const struct digest answers = {{8}};
    struct envelope e = desk_envelope(d, n);

    authorise_from(d, law, "nps.a", "court.a", "duty-8", n);
    authorise_from(d, law, "nps.a", "court.a", "duty-9", n);
    strcpy(e.sender, "nps.a");
    strcpy(e.recipient, "court.a");
    strcpy(e.clause, "psr-back");
    desk_submit_as(d, NPS, d->nps, &answers, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, NPS), 1);
}

/* Who lost it gets nothing under it either. */
static void nothing_goes_to_who_lost_the_privilege(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    desk_publish_key_of(d, COURT, d->court, "court.a");
    use_by_the_other(d, &law, 1);
    authorise_twice(d, &law, 2);
    (void)desk_accept(d, 2);
    assert_true(review(d, &law, "nps.a", 2, true) > 0);
    assert_true(review(d, &law, "court.a", 1, false) > 0);
    d->now_ms += DAY;
    authorise_twice(d, &law, 3);
    assert_int_equal(law_refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED);
    free(law.text);
}

/* Two officers' words do not outlive the charter. */
static void a_charter_out_of_force_permits_nothing(void **)
{
    static const struct {
        Concordat__Act act;
        Concordat__RefusalCode code;
    } cases[] = {
        {CONCORDAT__ACT__SUSPEND, CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED},
        {CONCORDAT__ACT__REVOKE, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED},
        {0, CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct law law = charter_of();
        OWNED(desk) d = law_desk();

        redate(&law, "review", "2027-01-17");
        redate(&law, "expires", "2027-01-18");
        d->gateway = "VITAL_INTEREST";
        law_put_in_force(d, &law);
        d->now_ms = INT64_C(1800230400000) - 60000; /* a minute before 2027-01-18 */
        authorise_twice(d, &law, 1);
        authorise_twice(d, &law, 2);
        (void)desk_accept(d, 1);
        if (cases[i].act != 0)
            (void)law_published(d, &law, cases[i].act, "nps.a");
        else
            d->now_ms += 60000;
        assert_int_equal(law_refusal_of(d, 2), cases[i].code);
        free(law.text);
    }
}

/* ---- restarts ---- */

static void a_restart_forgets_neither_use_nor_suspension(void **)
{
    struct scratch_store s = scratch_store_open();
    struct law law;
    struct desk *d = chartered_desk(&law);

    authorise_twice(d, &law, 1);
    (void)desk_accept(d, 1);
    authorise(d, &law, "duty-1", 2);
    d = desk_restart(d, s.state, NULL);
    d->agreement_hash = law.hash;
    d->court = desk_hello(d, COURT, "court.a", 1000);
    authorise(d, &law, "duty-2", 2); /* the second officer, after it */
    (void)desk_accept(d, 2);
    authorise_twice(d, &law, 3);
    assert_int_equal(law_refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA);
    d->now_ms += DAY;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 2); /* both are overdue */
    free(law.text);
    desk_free(d);
    scratch_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_glass_is_broken_by_two_officers_and_everybody_hears),
        cmocka_unit_test(so_often_a_day_and_no_more),
        cmocka_unit_test(what_is_not_reviewed_in_time_suspends_until_its_owner_reinstates),
        cmocka_unit_test(what_is_not_upheld_suspends_at_once),
        cmocka_unit_test(nothing_goes_to_who_lost_the_privilege),
        cmocka_unit_test(a_charter_out_of_force_permits_nothing),
        cmocka_unit_test(a_restart_forgets_neither_use_nor_suspension),
    };
    return cmocka_run_group_tests_name("charter", tests, NULL, NULL);
}
