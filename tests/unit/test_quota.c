/* Refusals past a quota are counted and told, not recorded; what is permitted is never held up. */
#include "tests/unit/exchange_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/quota.h"
#include "proto/notice.h"
#include "tests/unit/samples.h"

#define MAP_SIZE ((size_t)64 << 20)
#define HOUR INT64_C(3600000)

/* The court asks for what its agreement does not cover; what it is told. */
static Concordat__RefusalCode refused(struct desk *d, uint32_t n)
{
    struct envelope e = desk_envelope(d, n);

    strcpy(e.purpose, "safeguard_child");
    desk_submit(d, &e);
    desk_run(d);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    return refusal->refusal.code;
}

static void use_up(struct desk *d)
{
    for (uint32_t n = 1; n <= REFUSALS_QUOTA; n++) {
        assert_int_equal(refused(d, 1000 + n), CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED);
        assert_int_equal(desk_events(d, EVENT_REFUSED), 1);
        assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    }
}

static struct notice notice_of(const struct desk *d)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    struct notice notice = {0};

    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    assert_int_equal(notice_read(desk_event(d, EVENT_GAZETTE, 0)->notice, arena, &notice, NULL),
                     ST_OK);
    return notice;
}

static void past_it_the_answer_is_retryable_and_the_parties_are_told_once(void **)
{
    OWNED(desk) d = desk_with(10);

    use_up(d);
    assert_int_equal(refused(d, 1), CONCORDAT__REFUSAL_CODE__RATE_LIMITED);
    assert_int_equal(desk_events(d, EVENT_REFUSED), 0);
    struct notice notice = notice_of(d);
    assert_int_equal(notice.kind, CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA);
    assert_string_equal(notice.agency, "court.a");
    assert_string_equal(notice.agreement_id, "ISA-TEST");
    assert_int_equal(notice.count, REFUSALS_QUOTA);
    assert_int_equal(notice.to_count, 2);
    for (uint32_t n = 2; n <= 10; n++) {
        assert_int_equal(refused(d, n), CONCORDAT__REFUSAL_CODE__RATE_LIMITED);
        assert_int_equal(d->event_count, 0);
    }
}

/* An agency that is no party asks under the agreement until its hour is over its quota. */
static size_t told_of_an_outsider(struct desk *d, uint32_t member, uint32_t from)
{
    const struct digest key = {{9}};
    size_t told = 0;

    for (uint32_t n = 0; n <= REFUSALS_QUOTA; n++) {
        struct envelope e = desk_envelope(d, from + n);
        e.created_ms = d->now_ms - 1000;
        strcpy(e.sender, "csc.a");
        desk_submit_as(d, 3, member, &key, &e);
        desk_run(d);
        const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, 3, 0);
        assert_int_equal(refusal->refusal.code, n < REFUSALS_QUOTA
                                                    ? CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY
                                                    : CONCORDAT__REFUSAL_CODE__RATE_LIMITED);
        told += desk_events(d, EVENT_GAZETTE);
    }
    return told;
}

/* Every notice stays in the gazette for ever, and goes to all parties: an outsider makes one a day.
 */
static void of_an_outsider_they_are_told_once_a_day(void **)
{
    OWNED(desk) d = desk_with(10);
    uint32_t csc = desk_hello(d, 3, "csc.a", 10);

    assert_int_equal(told_of_an_outsider(d, csc, 1), 1);
    d->now_ms += HOUR;
    assert_int_equal(told_of_an_outsider(d, csc, 101), 0);
    use_up(d); /* a party's own quota is told all the same */
    (void)refused(d, 999);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    d->now_ms += 23 * HOUR;
    assert_int_equal(told_of_an_outsider(d, csc, 201), 1);
    d->now_ms += HOUR; /* a party is told of every hour */
    for (uint32_t n = 1; n <= REFUSALS_QUOTA; n++)
        (void)refused(d, 3000 + n);
    (void)refused(d, 4000);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
}

static void a_restart_knows_that_an_outsider_was_told_of(void **)
{
    char folder[SCRATCH_SIZE];
    struct state *state = NULL;
    struct reason why = {""};
    struct desk *d = desk_with(10);

    scratch_make(folder);
    assert_int_equal(state_open(folder, MAP_SIZE, &state, &why), ST_OK);
    assert_int_equal(told_of_an_outsider(d, desk_hello(d, 3, "csc.a", 10), 1), 1);
    d->now_ms += 2 * HOUR;
    d = desk_restart(d, state, desk_agreement);
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    uint32_t csc = desk_hello(d, 3, "csc.a", 10);
    assert_int_equal(told_of_an_outsider(d, csc, 101), 0);
    d->now_ms += 22 * HOUR;
    assert_int_equal(told_of_an_outsider(d, csc, 201), 1);
    desk_free(d);
    state_close(state);
    scratch_remove(folder);
}

static void an_owner_is_told_alone(void **)
{
    OWNED(desk) d = desk_with(10);

    strcpy(d->agreement->owner, "nps.a");
    use_up(d);
    (void)refused(d, 1);
    struct notice notice = notice_of(d);
    assert_int_equal(notice.to_count, 1);
    assert_string_equal(notice.to[0], "nps.a");
}

static void what_is_permitted_passes_all_the_same(void **)
{
    OWNED(desk) d = desk_with(10);

    use_up(d);
    (void)refused(d, 1);
    (void)desk_accept(d, 2);
    (void)desk_accept(d, 1); /* the id of what was only counted is free */
    assert_int_equal(exchange_counts(d->x)->accepted, 2);
}

static void a_recorded_refusal_is_answered_as_before(void **)
{
    OWNED(desk) d = desk_with(10);

    use_up(d);
    (void)refused(d, 1);
    assert_int_equal(refused(d, 1001), CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED);
    assert_int_equal(d->event_count, 0);
}

static void after_the_hour_the_rest_is_counted_and_it_begins_again(void **)
{
    OWNED(desk) d = desk_with(10);

    use_up(d);
    for (uint32_t n = 1; n <= 10; n++)
        (void)refused(d, n);
    d->now_ms += HOUR - 1;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_COUNTED), 0);
    d->now_ms += 1;
    desk_run(d);
    const struct event *event = desk_event(d, EVENT_COUNTED, 0);
    assert_int_equal(event->refusals, 10);
    assert_int_equal(event->from_ms, NOW);
    assert_string_equal(event->agency, "court.a");
    assert_string_equal(event->agreement_id, "ISA-TEST");
    assert_int_equal(refused(d, 1), CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED);
    d->now_ms += HOUR; /* within its quota there is nothing to count */
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_COUNTED), 0);
}

static void agreements_that_nobody_knows_are_one(void **)
{
    OWNED(desk) d = desk_with(10);

    for (uint32_t n = 1; n <= REFUSALS_QUOTA + 1; n++) {
        struct envelope e = desk_envelope(d, n);
        (void)snprintf(e.agreement_id, sizeof e.agreement_id, "ISA-%u", n);
        desk_submit(d, &e);
        desk_run(d);
        const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
        assert_int_equal(refusal->refusal.code, n <= REFUSALS_QUOTA
                                                    ? CONCORDAT__REFUSAL_CODE__NO_AGREEMENT
                                                    : CONCORDAT__REFUSAL_CODE__RATE_LIMITED);
    }
    assert_int_equal(d->event_count, 0); /* nobody owns it, so nobody is told */
    assert_int_equal(refused(d, 99), CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED);
}

/* The court names a version under which nobody can have sealed: what it is told past the quota. */
static void counts_as_never_in_force(uint32_t version, uint8_t flipped)
{
    OWNED(desk) d = desk_with(10);

    for (uint32_t n = 1; n <= REFUSALS_QUOTA + 1; n++) {
        struct envelope e = desk_envelope(d, n);
        e.agreement_version = version;
        e.agreement_hash.bytes[0] ^= flipped;
        desk_submit(d, &e);
        desk_run(d);
        const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
        assert_int_equal(refusal->refusal.code,
                         n <= REFUSALS_QUOTA ? CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE
                                             : CONCORDAT__REFUSAL_CODE__RATE_LIMITED);
    }
    assert_int_equal(desk_events(d, EVENT_REFUSED), 0);
    assert_int_equal(refused(d, 99), CONCORDAT__REFUSAL_CODE__RATE_LIMITED); /* it is one quota */
}

static void a_version_that_never_was_in_force_is_no_stale_one(void **)
{
    counts_as_never_in_force(1, 1); /* a hash that nobody knows */
    counts_as_never_in_force(2, 0); /* the hash of another number */
}

static void a_restart_knows_what_was_recorded_and_told(void **)
{
    char folder[SCRATCH_SIZE];
    struct state *state = NULL;
    struct reason why = {""};
    struct desk *d = desk_with(10);

    scratch_make(folder);
    assert_int_equal(state_open(folder, MAP_SIZE, &state, &why), ST_OK);
    use_up(d);
    (void)refused(d, 1);
    d->now_ms += HOUR / 2;
    d = desk_restart(d, state, desk_agreement);
    d->court = desk_hello(d, COURT, "court.a", 10);
    assert_int_equal(refused(d, 2), CONCORDAT__REFUSAL_CODE__RATE_LIMITED);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    d->now_ms += HOUR / 2;
    assert_int_equal(refused(d, 3), CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED);
    assert_int_equal(desk_event(d, EVENT_COUNTED, 0)->refusals, 1);
    desk_free(d);
    state_close(state);
    scratch_remove(folder);
}

/* ---- the table ---- */

static void each_agency_and_agreement_has_its_own_hour(void **)
{
    OWNED(quotas) quotas = quotas_new();
    struct quota *a, *b, out;

    assert_int_equal(quotas_find(quotas, 0, "ISA-A", 1000, &a), ST_OK);
    a->recorded = 3;
    assert_int_equal(quotas_find(quotas, 500, "ISA-A", 2000, &b), ST_OK);
    assert_int_equal(b->recorded, 0);
    assert_int_equal(quotas_find(quotas, 0, "ISA-B", 3000, &b), ST_OK);
    assert_int_equal(b->recorded, 0);
    assert_int_equal(quotas_find(quotas, 0, "ISA-A", 1000 + HOUR - 1, &b), ST_OK);
    assert_int_equal(b->recorded, 3);
    assert_int_equal(quotas_end(quotas, 1000 + HOUR - 1, &out), ST_MORE);
    assert_int_equal(quotas_end(quotas, 2000 + HOUR, &out), ST_OK);
    assert_int_equal(quotas_end(quotas, 2000 + HOUR, &out), ST_OK);
    assert_int_equal(quotas_end(quotas, 2000 + HOUR, &out), ST_MORE);
    assert_int_equal(quotas_end(quotas, 3000 + HOUR, &out), ST_OK);
    assert_string_equal(out.agreement_id, "ISA-B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_it_the_answer_is_retryable_and_the_parties_are_told_once),
        cmocka_unit_test(of_an_outsider_they_are_told_once_a_day),
        cmocka_unit_test(a_restart_knows_that_an_outsider_was_told_of),
        cmocka_unit_test(an_owner_is_told_alone),
        cmocka_unit_test(what_is_permitted_passes_all_the_same),
        cmocka_unit_test(a_recorded_refusal_is_answered_as_before),
        cmocka_unit_test(after_the_hour_the_rest_is_counted_and_it_begins_again),
        cmocka_unit_test(agreements_that_nobody_knows_are_one),
        cmocka_unit_test(a_version_that_never_was_in_force_is_no_stale_one),
        cmocka_unit_test(a_restart_knows_what_was_recorded_and_told),
        cmocka_unit_test(each_agency_and_agreement_has_its_own_hour),
    };
    return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
