/* What time does to certificates, CRLs, keys, and what is kept. */
#include "tests/unit/desk_town.h"

#include <stdlib.h>
#include <string.h>

/* The second message of a sender whose certificate was good for the first, `days` later. */
static struct id after(struct town *town, int64_t days)
{
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &id), "accepted delivered");
    town_disconnect(town, 1);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_disconnect(town, 0);
    town_wait(town, days * TOWN_DAY_MS);
    town_connect(town, 1);
    town_settle(town);
    return id;
}

static void a_certificate_is_out_of_date_when_its_day_has_come(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = after(town, TOWN_SIGNING_DAYS + 1);

    assert_string_equal(town_ladder(town, 1, &id), "accepted rejected");
    assert_string_equal(town_detail(town, 1, &id), "BAD_SIGNATURE");
}

static void with_crls_out_of_date_nothing_is_judged(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = after(town, TOWN_CRL_DAYS + 1);

    assert_string_equal(town_ladder(town, 1, &id), "?"); /* still the broker's */
}

static void a_sealing_key_ends_with_the_certificate_behind_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    town_disconnect(town, 0);
    town_disconnect(town, 1);
    town_wait(town, TOWN_SIGNING_DAYS * TOWN_DAY_MS - 3600 * 1000);
    town_connect(town, 1); /* publishes a key for a week */
    town_connect(town, 0);
    town_settle(town);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    town_disconnect(town, 0);
    town_wait(town, 2 * 3600 * 1000);
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    assert_string_equal(town_ladder(town, 0, &id), "queued");
    town_restart(town, 0);
    town_mischief(town)->lose_receipts = true;
    town_connect(town, 0);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, 2); /* not sealed, so not sent */
}

static void a_sealing_key_that_lives_too_long_is_not_used(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->seal_days = SEAL_UNTIL_DAYS + 2;
    town_restart(town, 1);
    town_wait(town, TOWN_DAY_MS + 1000); /* it is time for a new key */
    town_settle(town);
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    assert_string_equal(town_ladder(town, 0, &id), "queued");
}

static void a_clock_that_jumps_erases_no_key(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct reason why;
    struct id id;

    town_disconnect(town, 1);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_jump(town,
              (int64_t)61 * 24 * 60 * 60 * 1000); /* past open-until, by the wall clock only */
    town_wait(town, 20000);
    town_jump(town, (int64_t)-61 * 24 * 60 * 60 * 1000);
    assert_true(town_dropped(town, 0, &why)); /* by that clock its CRLs were out of date */
    town_connect(town, 0);
    town_connect(town, 1);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
}

static void what_is_done_is_forgotten_after_its_time(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    town_disconnect(town, 0);
    town_disconnect(town, 1);
    town_wait(town, (int64_t)91 * 24 * 60 * 60 * 1000);
    assert_string_equal(town_ladder(town, 0, &id), "?");
    assert_string_equal(town_ladder(town, 1, &id), "?");
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
}

int desk_ageing_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_out_of_date_when_its_day_has_come),
        cmocka_unit_test(with_crls_out_of_date_nothing_is_judged),
        cmocka_unit_test(a_sealing_key_ends_with_the_certificate_behind_it),
        cmocka_unit_test(a_sealing_key_that_lives_too_long_is_not_used),
        cmocka_unit_test(a_clock_that_jumps_erases_no_key),
        cmocka_unit_test(what_is_done_is_forgotten_after_its_time),
    };
    return cmocka_run_group_tests_name("desk: ageing", tests, NULL, NULL);
}
