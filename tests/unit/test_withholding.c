/* What was accepted is handed over as long as its agreement is neither revoked nor suspended and
 * its recipient is there to be trusted; else its sender hears why, once. */
#include "tests/unit/exchange_desk.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/samples.h"

#define MAP_SIZE ((size_t)64 << 20)

static void give_credit(struct desk *d, uint32_t credit)
{
    struct command_credit *given = turn_command(&d->turn, COMMAND_CREDIT, NPS, sizeof *given);

    given->head.member = d->nps;
    given->credit = credit;
    given->credit_size = 1 << 20;
    desk_run(d);
}

/* One message, accepted and waiting, whose agreement then comes to stand so; then it is due. */
static struct desk *desk_where(enum standing standing, uint64_t *sequence)
{
    struct desk *d = desk_with(0);

    *sequence = desk_accept(d, 1);
    d->agreement->standing = standing;
    give_credit(d, 10);
    return d;
}

static void withheld_for(enum standing standing, Concordat__RefusalCode code)
{
    uint64_t sequence;
    OWNED(desk) d = desk_where(standing, &sequence);

    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    assert_true(d->more); /* the record comes with the next batch */
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_WITHHELD), 1);
    const struct event *event = desk_event(d, EVENT_WITHHELD, 0);
    assert_int_equal(event->code, code);
    assert_int_equal(event->message_sequence, sequence);
    assert_string_equal(event->sender, "court.a");
    const struct effect_item *item = desk_effect(d, EFFECT_STEP, COURT, 0);
    assert_int_equal(item->sequence, event->sequence);
    assert_false(d->more);
    desk_run(d);
    assert_int_equal(d->event_count, 0);
}

static void what_is_revoked_or_suspended_since_is_withheld(void **)
{
    withheld_for(STANDING_REVOKED, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    withheld_for(STANDING_SUSPENDED, CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
}

static void what_is_superseded_or_expired_since_is_handed_over(void **)
{
    uint64_t sequence;
    OWNED(desk) superseded = desk_where(STANDING_SUPERSEDED, &sequence);
    OWNED(desk) expired = desk_with(0);

    assert_int_equal(desk_count(superseded, EFFECT_DELIVER, NPS), 1);
    (void)desk_accept(expired, 1);
    expired->now_ms = expired->agreement->until_ms + DAY;
    give_credit(expired, 10);
    assert_int_equal(desk_count(expired, EFFECT_DELIVER, NPS), 1);
    assert_int_equal(desk_events(expired, EVENT_WITHHELD), 0);
}

static void its_sender_takes_it_like_a_step(void **)
{
    uint64_t sequence;
    OWNED(desk) d = desk_where(STANDING_REVOKED, &sequence);

    desk_run(d);
    uint64_t item = desk_event(d, EVENT_WITHHELD, 0)->sequence;
    desk_settle(d, NPS, d->nps, item);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_TAKEN), 0);
    desk_settle(d, COURT, d->court, item);
    desk_run(d);
    assert_int_equal(desk_event(d, EVENT_TAKEN, 0)->item_sequence, item);
}

static void a_duplicate_of_it_gets_the_receipt_again(void **)
{
    uint64_t sequence;
    OWNED(desk) d = desk_where(STANDING_REVOKED, &sequence);
    struct envelope e = desk_envelope(d, 1);

    desk_run(d);
    desk_submit(d, &e);
    desk_run(d);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    assert_int_equal(receipt->receipt.sequence, sequence);
    assert_int_equal(d->event_count, 0);
}

static void evidence_is_never_withheld(void **)
{
    OWNED(desk) d = desk_with(10);

    (void)desk_accept(d, 1);
    d->agreement->standing = STANDING_REVOKED;
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 1);
}

/* It had reached the recipient, and the session ended before its step came. */
static void a_late_step_is_recorded_beside_it(void **)
{
    OWNED(desk) d = desk_with(10);

    (void)desk_accept(d, 1);
    desk_gone(d, NPS, d->nps, false);
    d->agreement->standing = STANDING_REVOKED;
    (void)desk_hello(d, NPS, "nps.a", 10);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_WITHHELD), 1);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_STEP), 1);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 1);
}

static void a_lost_recipient_gets_nothing_until_it_is_back(void **)
{
    OWNED(desk) d = desk_with(0);
    struct envelope e = desk_envelope(d, 2);

    (void)desk_accept(d, 1);
    desk_gone(d, NPS, d->nps, true);
    desk_run(d);
    d->now_ms += LOST_GRACE_MS;
    desk_run(d);
    desk_submit(d, &e); /* accepted: it may come back in time, which nobody knows */
    desk_run(d);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->code,
                     CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_WITHHELD), 1);
    (void)desk_hello(d, NPS, "nps.a", 10);
    (void)desk_accept(d, 3);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1);
}

/* A certificate is renewed: the old one is revoked before the agent comes with the new. */
static void one_that_comes_back_within_the_hour_gets_all_of_it(void **)
{
    OWNED(desk) d = desk_with(0);
    struct envelope e = desk_envelope(d, 2);

    (void)desk_accept(d, 1);
    desk_gone(d, NPS, d->nps, true);
    desk_run(d);
    desk_submit(d, &e);
    desk_run(d);
    d->now_ms += LOST_GRACE_MS - 1;
    desk_run(d);
    assert_false(d->more);
    (void)desk_hello(d, NPS, "nps.a", 10);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 2);
    d->now_ms += LOST_GRACE_MS;
    desk_run(d);
    desk_run(d);
    assert_int_equal(exchange_counts(d->x)->withheld, 0);
}

/* The hour is over by the clock alone, for each in its turn. */
static void after_the_hour_what_waits_is_withheld_without_anybody_asking(void **)
{
    OWNED(desk) d = desk_with(0);
    uint32_t csc = desk_hello(d, 3, "csc.a", 10);

    (void)desk_accept(d, 1);
    desk_gone(d, 3, csc, true); /* lost first, and owed nothing */
    desk_run(d);
    d->now_ms += LOST_GRACE_MS / 2;
    desk_gone(d, NPS, d->nps, true);
    desk_run(d);
    d->now_ms += LOST_GRACE_MS - 1;
    desk_run(d);
    assert_false(d->more);
    d->now_ms += 1;
    desk_run(d);
    assert_true(d->more);
    desk_run(d);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->code,
                     CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST);
}

static void one_that_is_only_away_keeps_its_mail(void **)
{
    OWNED(desk) d = desk_with(0);

    (void)desk_accept(d, 1);
    desk_gone(d, NPS, d->nps, false);
    desk_run(d);
    assert_false(d->more);
    (void)desk_hello(d, NPS, "nps.a", 10);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1);
}

static void many_at_once_are_recorded_batch_by_batch(void **)
{
    enum {
        MANY = 1500
    };
    OWNED(desk) d = desk_with(0);
    unsigned batches = 0;

    for (uint32_t n = 1; n <= MANY; n++) {
        struct envelope e = desk_envelope(d, n);
        desk_submit(d, &e);
    }
    desk_run(d);
    d->agreement->standing = STANDING_SUSPENDED;
    give_credit(d, 10);
    for (; d->more; batches++)
        desk_run(d);
    assert_true(batches > 1);
    assert_int_equal(exchange_counts(d->x)->withheld, MANY);
    assert_int_equal(exchange_counts(d->x)->delivered, 0);
}

/* ---- restarts ---- */

struct store {
    char folder[SCRATCH_SIZE];
    struct state *state;
};

static struct store open_store(void)
{
    struct store s = {.state = NULL};
    struct reason why = {""};

    scratch_make(s.folder);
    if (state_open(s.folder, MAP_SIZE, &s.state, &why) != ST_OK)
        fail_msg("%s", why.text);
    return s;
}

static void close_store(struct store *s)
{
    state_close(s->state);
    scratch_remove(s->folder);
}

static void decided_and_not_recorded_it_is_decided_again(void **)
{
    struct store s = open_store();
    uint64_t sequence;
    struct desk *d = desk_where(STANDING_REVOKED, &sequence);

    assert_true(d->more);
    d = desk_restart(d, s.state, desk_agreement); /* before the batch with the record */
    d->agreement->standing = STANDING_REVOKED;
    d->court = desk_hello(d, COURT, "court.a", 10);
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    desk_run(d);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->message_sequence, sequence);
    assert_int_equal(exchange_counts(d->x)->delivered_again, 0);
    desk_free(d);
    close_store(&s);
}

static void once_recorded_it_is_owed_to_its_sender_alone(void **)
{
    struct store s = open_store();
    uint64_t sequence;
    struct desk *d = desk_where(STANDING_REVOKED, &sequence);

    desk_run(d);
    uint64_t item = desk_event(d, EVENT_WITHHELD, 0)->sequence;
    d = desk_restart(d, s.state, desk_agreement);
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    d->court = desk_hello(d, COURT, "court.a", 10);
    const struct effect_item *owed = desk_effect(d, EFFECT_STEP, COURT, 0);
    assert_int_equal(owed->sequence, item);
    assert_true(owed->again);
    struct envelope e = desk_envelope(d, 1);
    desk_submit(d, &e);
    desk_settle(d, COURT, d->court, item);
    desk_run(d);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    assert_int_equal(receipt->receipt.sequence, sequence);
    assert_int_equal(desk_events(d, EVENT_TAKEN), 1);
    desk_free(d);
    close_store(&s);
}

/* Nobody's word stands behind it any more: not even that it was ever agreed. */
static void what_no_agreement_stands_behind_is_withheld(void **)
{
    struct store s = open_store();
    struct desk *d = desk_with(0);

    (void)desk_accept(d, 1);
    d = desk_restart(d, s.state, NULL);
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    desk_run(d);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->code, CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    desk_free(d);
    close_store(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_revoked_or_suspended_since_is_withheld),
        cmocka_unit_test(what_is_superseded_or_expired_since_is_handed_over),
        cmocka_unit_test(its_sender_takes_it_like_a_step),
        cmocka_unit_test(a_duplicate_of_it_gets_the_receipt_again),
        cmocka_unit_test(evidence_is_never_withheld),
        cmocka_unit_test(a_late_step_is_recorded_beside_it),
        cmocka_unit_test(a_lost_recipient_gets_nothing_until_it_is_back),
        cmocka_unit_test(one_that_comes_back_within_the_hour_gets_all_of_it),
        cmocka_unit_test(after_the_hour_what_waits_is_withheld_without_anybody_asking),
        cmocka_unit_test(one_that_is_only_away_keeps_its_mail),
        cmocka_unit_test(many_at_once_are_recorded_batch_by_batch),
        cmocka_unit_test(decided_and_not_recorded_it_is_decided_again),
        cmocka_unit_test(once_recorded_it_is_owed_to_its_sender_alone),
        cmocka_unit_test(what_no_agreement_stands_behind_is_withheld),
    };
    return cmocka_run_group_tests_name("withholding", tests, NULL, NULL);
}
