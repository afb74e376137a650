/* How much of the gazette one agency may use up, and what that never stops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/law_desk.h"

/* Which are refused before the store is full, so that mail and what ends agreements have room. */
static void a_store_above_its_mark_takes_everything_but_proposals(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0), other = law_of("ISA-OTHER", 1, 0);
    struct law third = law_of("ISA-THIRD", 1, 0);

    (void)law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    (void)law_published(d, &other, CONCORDAT__ACT__PROPOSE, "court.a");
    exchange_set_high(d->x, true);
    law_refused(d, &third, CONCORDAT__ACT__PROPOSE, "court.a");
    (void)law_published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");
    d->agreement_hash = law.hash;
    (void)desk_accept(d, 1);
    exchange_set_full(d->x, true);
    (void)law_published(d, &other, CONCORDAT__ACT__REJECT, "nps.a");
    exchange_set_full(d->x, false);
    exchange_set_high(d->x, false);
    (void)law_published(d, &third, CONCORDAT__ACT__PROPOSE, "court.a");
    exchange_set_full(d->x, true);
    (void)law_published(d, &third, CONCORDAT__ACT__WITHDRAW, "court.a");
    free(law.text);
    free(other.text);
    free(third.text);
}

static const char *why_refused(const struct desk *d)
{
    const struct effect_verdict *effect = desk_effect(d, EFFECT_VERDICT, COURT, 0);

    return effect->why;
}

/* The last of them would fit a day that is one byte longer. */
static void their_texts_are_so_many_bytes_a_day(void **)
{
    OWNED(desk) d = law_desk();
    struct law first = law_of("ISA-FIRST", 1, AGREEMENT_FILE_MAX - 100);
    struct law second = law_of("ISA-SECOND", 1, AGREEMENT_FILE_MAX - 100);
    struct law third = law_of("ISA-THIRD", 1, 0), fourth = law_of("ISA-FOURTH", 1, 0);

    (void)law_published(d, &first, CONCORDAT__ACT__PROPOSE, "court.a");
    (void)law_published(d, &second, CONCORDAT__ACT__PROPOSE, "court.a");
    law_refused(d, &third, CONCORDAT__ACT__PROPOSE, "court.a");
    assert_string_equal(
        why_refused(d),
        "the texts of court.a's proposals would be over 2097152 bytes in a day: try later");
    (void)law_published(d, &fourth, CONCORDAT__ACT__PROPOSE, "nps.a"); /* its day is its own */
    (void)law_published(d, &first, CONCORDAT__ACT__ACCEPT, "nps.a");
    (void)law_published(d, &first, CONCORDAT__ACT__REVOKE, "court.a");
    (void)law_published(d, &second, CONCORDAT__ACT__WITHDRAW, "court.a"); /* frees no bytes */
    law_refused(d, &third, CONCORDAT__ACT__PROPOSE, "court.a");
    d->now_ms += DAY;
    (void)law_published(d, &third, CONCORDAT__ACT__PROPOSE, "court.a");
    free(first.text);
    free(second.text);
    free(third.text);
    free(fourth.text);
}

/* A proposal whose text does not parse: its hash is right. */
static struct law broken_law(uint32_t n)
{
    struct law law = law_of("ISA-BROKEN", 1, 0);

    (void)snprintf(law.text, 128, "agreement: ISA-BROKEN\nversion: %u\nand no more\n", n);
    law.size = strlen(law.text);
    law.hash = sha256(law.text, law.size);
    return law;
}

static const char too_many[] =
    "too many that this agency brought were refused in an hour: try again later";

static void refuse_many(struct desk *d, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        struct law law = broken_law(n);
        law_refused(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
        assert_string_not_equal(why_refused(d), too_many);
        free(law.text);
    }
}

static void past_so_many_refusals_in_an_hour_only_what_stops_sharing_is_judged(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0), good = law_of("ISA-GOOD", 1, 0);
    const struct instrument proposal = law_instrument(&good, CONCORDAT__ACT__PROPOSE, "court.a");
    struct exchange_alarm alarm;

    law_put_in_force(d, &law);
    refuse_many(d, PROPOSALS_REFUSED_MAX);
    law_refused(d, &good, CONCORDAT__ACT__PROPOSE, "court.a");
    assert_string_equal(why_refused(d), too_many);
    assert_true(exchange_next_alarm(d->x, &alarm));
    assert_int_equal(alarm.kind, ALARM_INSTRUMENTS_OVER);
    (void)law_published(d, &law, CONCORDAT__ACT__SUSPEND, "court.a");
    (void)law_published(d, &law, CONCORDAT__ACT__RESUME, "court.a"); /* costs no parsing */
    for (uint32_t n = PROPOSALS_REFUSED_MAX; n < INSTRUMENTS_REFUSED_MAX; n++)
        law_refused(d, &good, CONCORDAT__ACT__ACCEPT, "nps.a");
    assert_string_not_equal(why_refused(d), too_many);
    law_refused(d, &good, CONCORDAT__ACT__ACCEPT, "nps.a");
    assert_string_equal(why_refused(d), too_many);
    (void)law_published(d, &law, CONCORDAT__ACT__SUSPEND, "court.a");
    (void)law_published(d, &law, CONCORDAT__ACT__REVOKE, "court.a");
    d->now_ms += DAY / 24;
    assert_true(law_brought(d, &proposal, &good) > 0);
    free(law.text);
    free(good.text);
}

/* What others bring is judged: a bound of one is not everybody's. */
static void it_is_counted_for_who_brings_it(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct instrument proposal = law_instrument(&law, CONCORDAT__ACT__PROPOSE, "court.a");

    refuse_many(d, PROPOSALS_REFUSED_MAX);
    law_bring(d, NPS, d->nps, &proposal, (struct bytes){(const uint8_t *)law.text, law.size});
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    free(law.text);
}

/* And it does not count: an agent asks again until it is told. */
static void the_same_refused_again_is_answered_without_judging_it(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = broken_law(1), good = law_of("ISA-TEST", 1, 0);
    const struct instrument proposal = law_instrument(&law, CONCORDAT__ACT__PROPOSE, "court.a");

    for (uint32_t n = 0; n < 2 * PROPOSALS_REFUSED_MAX; n++) {
        assert_int_equal(law_brought(d, &proposal, &law), 0);
        assert_string_not_equal(why_refused(d), too_many);
    }
    (void)law_published(d, &good, CONCORDAT__ACT__PROPOSE, "court.a");
    free(law.text);
    free(good.text);
}

/* What was early is in time later. */
static void what_was_refused_is_judged_again_once_something_was_published(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0), later = law_of("ISA-LATER", 1, 0);
    const struct instrument acceptance = law_instrument(&law, CONCORDAT__ACT__ACCEPT, "nps.a");
    struct instrument proposal = law_instrument(&later, CONCORDAT__ACT__PROPOSE, "court.a");

    assert_int_equal(law_brought(d, &acceptance, &law), 0);
    (void)law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    assert_true(law_brought(d, &acceptance, &law) > 0);
    proposal.signed_ms = d->now_ms + CREATED_AHEAD_MS + 60000;
    assert_int_equal(law_brought(d, &proposal, &later), 0);
    d->now_ms += 60000; /* time alone changes things too */
    assert_true(law_brought(d, &proposal, &later) > 0);
    free(law.text);
    free(later.text);
}

/* A queue sealed just before a new version came. Not so under what was never in force, and not for
 * who is no party of it. */
static void a_version_gone_stale_is_nobodys_fault(void **)
{
    OWNED(desk) d = law_desk();
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);
    struct law third = law_of("ISA-TEST", 3, 0);
    const struct digest key = {{9}};

    second.predecessor = first.hash;
    third.predecessor = second.hash;
    law_put_in_force(d, &first);
    law_put_in_force(d, &second);
    (void)law_published(d, &third, CONCORDAT__ACT__PROPOSE, "court.a");
    d->agreement_hash = first.hash;
    for (uint32_t n = 1; n <= REFUSALS_QUOTA + 5; n++)
        assert_int_equal(law_refusal_of(d, n), CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
    uint32_t csc = desk_hello(d, 3, "csc.a", 10);
    for (uint32_t n = 1; n <= 2 * REFUSALS_QUOTA; n++) {
        struct envelope e = desk_envelope(d, n);
        strcpy(e.sender, "csc.a");
        desk_submit_as(d, 3, csc, &key, &e);
        desk_run(d);
    }
    assert_int_equal(exchange_counts(d->x)->rate_limited, REFUSALS_QUOTA);
    d->agreement_hash = third.hash;
    for (uint32_t n = 1; n <= REFUSALS_QUOTA + 1; n++) {
        struct envelope e = desk_envelope(d, 100 + n);
        e.agreement_version = 3;
        desk_submit(d, &e);
        desk_run(d);
    }
    assert_int_equal(exchange_counts(d->x)->rate_limited, REFUSALS_QUOTA + 1);
    free(first.text);
    free(second.text);
    free(third.text);
}

/* Signed by two officers the same bytes are two words; each is published once. */
static void the_same_words_of_another_officer_are_published_too(void **)
{
    OWNED(desk) d = law_desk();
    struct law law =
        law_with("ISA-TEST", 1,
                 "owner: nps.a\ncharter: break-glass\nuses-per-day: 2\nreview-within: 24h\n", 0);
    struct instrument one = law_instrument(&law, CONCORDAT__ACT__AUTHORISE, "court.a"), two;
    uint64_t first;

    law_put_in_force(d, &law);
    one.message_id = desk_envelope(d, 1).message_id;
    strcpy(one.counterpart, "nps.a");
    strcpy(one.clause, "psr-request");
    two = one;
    strcpy(one.officer, "officer.1");
    strcpy(two.officer, "officer.2");
    first = law_brought(d, &one, &law);
    assert_true(first > 0);
    assert_true(law_brought(d, &two, &law) > first);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    assert_int_equal(law_brought(d, &one, &law), first);
    assert_int_equal(d->event_count, 0);
    free(law.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_above_its_mark_takes_everything_but_proposals),
        cmocka_unit_test(their_texts_are_so_many_bytes_a_day),
        cmocka_unit_test(past_so_many_refusals_in_an_hour_only_what_stops_sharing_is_judged),
        cmocka_unit_test(it_is_counted_for_who_brings_it),
        cmocka_unit_test(the_same_refused_again_is_answered_without_judging_it),
        cmocka_unit_test(what_was_refused_is_judged_again_once_something_was_published),
        cmocka_unit_test(a_version_gone_stale_is_nobodys_fault),
        cmocka_unit_test(the_same_words_of_another_officer_are_published_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
