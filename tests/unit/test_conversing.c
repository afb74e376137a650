/* Conversations in the exchange: numbers, and what is held and for how long. */
#include "tests/unit/case_desk.h"

#include <string.h>

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define OK CODE(REFUSAL_UNSPECIFIED)
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
#define GAP_OVER_MS INT64_C(60000)

static const char update[] = "safeguarding.update";
static const char answer[] = "check.social_care.children.response";

/* Numbers of messages. */
enum {
    REFERRAL = 1,
    CHECK,
    OFFER,
    FREE /* from here on */
};

static struct custody_told custody;

static void done(struct case_desk *c, struct envelope e)
{
    (void)accepted(c, &e);
}

static void refused(struct case_desk *c, struct envelope e, Concordat__RefusalCode code)
{
    assert_int_equal(send(c, &e), code);
}

/* A case with a referral and a check, both open. */
static struct case_desk *referred(void)
{
    struct case_desk *c = case_desk_new();

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK);
    done(c, letter(c, REFERRAL, NPS_A, CSC_A, "safeguarding.referral.child"));
    done(c, letter(c, CHECK, NPS_A, CSC_A, "check.social_care.children.request"));
    return c;
}

/* The `sequence`-th of the probation office in the referral, as message 100 + sequence. */
static struct envelope nth(const struct case_desk *c, uint32_t sequence)
{
    return reply(c, 100 + sequence, NPS_A, CSC_A, update, REFERRAL, sequence);
}

static void hand_the_case_over(struct case_desk *c)
{
    struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, 15, 9);

    name(&e, REFERRAL);
    name(&e, CHECK);
    done(c, e);
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, 15));
    e = act(c, FREE + 1, CRC_A, NPS_A, "case.transfer.complete", OFFER, 2, 0);
    e.custody.manifest.bytes[0] = 9;
    done(c, e);
}

/* ---- numbers ---- */

static void each_side_counts_its_own(void **)
{
    OWNED(case_desk) c = referred();

    done(c, reply(c, 10, CSC_A, NPS_A, "safeguarding.referral.ack", REFERRAL, 1));
    done(c, nth(c, 2));
    done(c, reply(c, 11, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 2));
    done(c, nth(c, 3));
    assert_int_equal(delivered(c, CSC_A), 1);
}

/* D2.9: the same message again is answered as at first, another with its number is refused. */
static void a_replay_gets_the_original_receipt_and_another_none(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = nth(c, 2), other = reply(c, 200, NPS_A, CSC_A, update, REFERRAL, 2);
    uint64_t sequence = accepted(c, &e);

    c->d->now_ms += 1000;
    assert_int_equal(accepted(c, &e), sequence);
    const struct effect_receipt *receipt = desk_effect(c->d, EFFECT_RECEIPT, session_of(NPS_A), 0);
    assert_int_equal(receipt->receipt.accepted_ms, c->d->now_ms - 1000);
    assert_int_equal(c->d->event_count, 0);
    assert_int_equal(delivered(c, CSC_A), 0);
    refused(c, other, CODE(SEQUENCE_REUSED));
    done(c, nth(c, 3));
}

static void only_its_sides_speak_in_it_and_none_when_it_has_ended(void **)
{
    OWNED(case_desk) c = referred();

    refused(c, reply(c, 10, CRC_A, CSC_A, update, REFERRAL, 1), CODE(CONVERSATION_UNKNOWN));
    refused(c, reply(c, 11, CSC_A, CRC_A, update, REFERRAL, 1), CODE(CONVERSATION_UNKNOWN));
    done(c, reply(c, 12, NPS_A, CSC_A, "safeguarding.close", REFERRAL, 2));
    refused(c, nth(c, 3), CODE(CONVERSATION_UNKNOWN));
    refused(c, reply(c, 13, CSC_A, NPS_A, update, REFERRAL, 2), CODE(CONVERSATION_UNKNOWN));
}

static void what_opens_a_conversation_opens_its_own_with_the_first_number(void **)
{
    static const char check[] = "check.social_care.children.request";
    OWNED(case_desk) c = referred();
    struct envelope e = letter(c, 20, NPS_A, CSC_A, check);

    e.sequence = 2;
    refused(c, e, CODE(CONVERSATION_UNKNOWN));
    refused(c, reply(c, 21, NPS_A, CSC_A, check, REFERRAL, 2), CODE(CONVERSATION_UNKNOWN));
    refused(c, reply(c, 22, NPS_A, CSC_A, check, 9999, 1), CODE(CONVERSATION_UNKNOWN));
    refused(c, letter(c, REFERRAL, CRC_A, CSC_A, check), CODE(CONVERSATION_UNKNOWN));
}

static void what_is_in_no_conversation_that_is_kept_is_not_judged(void **)
{
    OWNED(case_desk) c = referred();

    done(c, reply(c, 30, NPS_A, CSC_A, update, 9999, 7));
    done(c, reply(c, 31, NPS_A, CSC_A, update, 9999, 3));
    done(c, letter(c, 32, NPS_A, CSC_A, update));
    assert_int_equal(delivered(c, CSC_A), 1);
}

/* ---- held ---- */

static void what_is_ahead_waits_for_what_is_before_it_and_keeps_their_order(void **)
{
    OWNED(case_desk) c = referred();

    done(c, nth(c, 4));
    assert_int_equal(delivered(c, CSC_A), 0);
    done(c, nth(c, 3));
    assert_int_equal(delivered(c, CSC_A), 0);
    refused(c, reply(c, 200, NPS_A, CSC_A, update, REFERRAL, 4), CODE(SEQUENCE_REUSED));
    done(c, reply(c, 201, CSC_A, NPS_A, "safeguarding.referral.ack", REFERRAL, 1));
    assert_int_equal(delivered(c, NPS_A), 1); /* the other side's do not wait for them */
    done(c, nth(c, 2));
    assert_int_equal(delivered(c, CSC_A), 3);
    case_desk_wait(c, 2 * GAP_OVER_MS);
    assert_int_equal(told_count(c), 0);
    done(c, nth(c, 5));
    assert_int_equal(delivered(c, CSC_A), 1);
}

static void assert_gap_told(const struct case_desk *c, enum agency to, uint32_t missing)
{
    struct told read;

    assert_true(told(c, to, 0, &read));
    assert_int_equal(read.kind, TOLD_CLOCK);
    assert_int_equal(read.clock.kind, CONCORDAT__CLOCK_KIND__CLOCK_GAP);
    assert_int_equal(read.clock.stage, CONCORDAT__CLOCK_STAGE__STAGE_BREACHED);
    assert_int_equal(read.clock.count, missing);
    const struct id id = id_of(REFERRAL);
    assert_true(id_equal(&read.clock.conversation_id, &id));
    assert_string_equal(read.clock.owed_by, "nps.a");
    assert_string_equal(read.clock.owed_to, "csc.a");
    assert_false(told(c, to, 1, &read));
}

/* D2.10 */
static void after_a_minute_both_are_told_and_it_is_handed_over(void **)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        OWNED(case_desk) c = referred();

        done(c, nth(c, 3));
        if (restarted)
            case_desk_restart(c);
        case_desk_wait(c, GAP_OVER_MS - 1);
        assert_int_equal(told_count(c), 0);
        assert_int_equal(delivered(c, CSC_A), 0);
        case_desk_wait(c, 1);
        assert_int_equal(told_count(c), 2);
        assert_gap_told(c, NPS_A, 2);
        assert_gap_told(c, CSC_A, 2);
        assert_int_equal(delivered(c, CSC_A), 1);
        if (restarted)
            case_desk_restart(c);
        case_desk_wait(c, GAP_OVER_MS);
        assert_int_equal(told_count(c), 0);
        refused(c, nth(c, 2), CODE(SEQUENCE_REUSED));
        done(c, nth(c, 4));
        assert_int_equal(delivered(c, CSC_A), 1);
    }
}

static void a_second_gap_has_its_own_minute(void **)
{
    OWNED(case_desk) c = referred();

    done(c, nth(c, 3));
    done(c, nth(c, 5));
    case_desk_wait(c, GAP_OVER_MS);
    assert_gap_told(c, CSC_A, 2);
    assert_int_equal(delivered(c, CSC_A), 1);
    case_desk_wait(c, GAP_OVER_MS - 1);
    assert_int_equal(told_count(c), 0);
    case_desk_wait(c, 1);
    assert_gap_told(c, CSC_A, 4);
    assert_int_equal(delivered(c, CSC_A), 1);
}

static void a_number_that_was_refused_is_not_waited_for(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = nth(c, 2), ahead = nth(c, 4);

    strcpy(e.purpose, "court_advice");
    strcpy(ahead.purpose, "court_advice");
    refused(c, e, CODE(PURPOSE_NOT_COVERED));
    done(c, nth(c, 3));
    assert_int_equal(delivered(c, CSC_A), 1);

    ahead.sequence = 5;
    done(c, nth(c, 6));
    refused(c, ahead, CODE(PURPOSE_NOT_COVERED));
    case_desk_restart(c);
    e = nth(c, 4);
    e.message_id = id_of(300);
    done(c, e);
    assert_int_equal(desk_events(c->d, EVENT_ACCEPTED), 1);
    assert_int_equal(delivered(c, CSC_A), 2);
}

static void a_retryable_refusal_leaves_its_number_free(void **)
{
    OWNED(case_desk) c = referred();

    exchange_set_full(c->d->x, true);
    refused(c, nth(c, 2), CODE(STORE_FULL));
    exchange_set_full(c->d->x, false);
    done(c, nth(c, 3));
    assert_int_equal(delivered(c, CSC_A), 0);
    done(c, nth(c, 2));
    assert_int_equal(delivered(c, CSC_A), 2);
}

static void so_many_wait_and_then_none_is_taken(void **)
{
    OWNED(case_desk) c = referred();

    for (uint32_t n = 0; n < 16; n++)
        done(c, nth(c, 3 + n));
    refused(c, nth(c, 19), CODE(RATE_LIMITED));
    case_desk_restart(c);
    done(c, nth(c, 2));
    assert_int_equal(delivered(c, CSC_A), 17);
    done(c, nth(c, 19));
}

/* Neither side can fill the other's room. */
static void each_side_has_room_of_its_own(void **)
{
    OWNED(case_desk) c = referred();

    for (uint32_t n = 0; n < 16; n++)
        done(c, nth(c, 3 + n));
    for (uint32_t n = 0; n < 16; n++)
        done(c, reply(c, 300 + n, CSC_A, NPS_A, update, REFERRAL, 2 + n));
    refused(c, reply(c, 400, CSC_A, NPS_A, update, REFERRAL, 18), CODE(RATE_LIMITED));
    case_desk_restart(c);
    done(c, reply(c, 401, CSC_A, NPS_A, update, REFERRAL, 1));
    assert_int_equal(delivered(c, NPS_A), 17);
    done(c, nth(c, 2));
    assert_int_equal(delivered(c, CSC_A), 17);
}

/* They wait for nothing but their turn: a minute later both sides know what is missing, and there
 * is room again. What was missing may still come. */
static void refused_numbers_go_when_their_gap_is_told(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        OWNED(case_desk) c = referred();

        for (uint32_t n = 0; n < 16; n++) {
            struct envelope e = nth(c, 3 + n);
            strcpy(e.purpose, "court_advice");
            refused(c, e, CODE(PURPOSE_NOT_COVERED));
        }
        refused(c, nth(c, 19), CODE(RATE_LIMITED));
        if (restarts)
            case_desk_restart(c);
        case_desk_wait(c, GAP_OVER_MS);
        assert_gap_told(c, NPS_A, 2);
        assert_gap_told(c, CSC_A, 2);
        if (restarts)
            case_desk_restart(c);
        case_desk_wait(c, 10 * GAP_OVER_MS);
        assert_int_equal(told_count(c), 0);
        done(c, nth(c, 19));
        assert_int_equal(delivered(c, CSC_A), 0);
        done(c, nth(c, 2));
        assert_int_equal(delivered(c, CSC_A), 1);
        case_desk_wait(c, GAP_OVER_MS);
        assert_gap_told(c, CSC_A, 3);
        assert_int_equal(delivered(c, CSC_A), 1);
    }
}

/* The minute of a number that was refused is not that of a message which comes during it. */
static void what_waits_has_its_own_minute(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        OWNED(case_desk) c = referred();
        struct envelope e = nth(c, 3);

        strcpy(e.purpose, "court_advice");
        refused(c, e, CODE(PURPOSE_NOT_COVERED));
        case_desk_wait(c, GAP_OVER_MS / 2);
        done(c, nth(c, 5)); /* without 2 and 4 */
        if (restarts)
            case_desk_restart(c);
        case_desk_wait(c, GAP_OVER_MS / 2);
        assert_int_equal(delivered(c, CSC_A), 0);
        case_desk_wait(c, GAP_OVER_MS / 2 - 1);
        assert_int_equal(delivered(c, CSC_A), 0);
        case_desk_wait(c, 1);
        assert_gap_told(c, CSC_A, 2);
        assert_int_equal(delivered(c, CSC_A), 1);
    }
}

static void refused_numbers_go_when_their_gap_is_closed(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = nth(c, 3);

    strcpy(e.purpose, "court_advice");
    refused(c, e, CODE(PURPOSE_NOT_COVERED));
    done(c, nth(c, 2));
    case_desk_wait(c, 2 * GAP_OVER_MS);
    assert_int_equal(told_count(c), 0);
    done(c, nth(c, 4));
    assert_int_equal(delivered(c, CSC_A), 1);
}

static void what_waits_takes_effect_when_it_is_handed_over(void **)
{
    OWNED(case_desk) c = referred();

    done(c, reply(c, 10, NPS_A, CSC_A, "safeguarding.close", REFERRAL, 3));
    done(c, reply(c, 11, CSC_A, NPS_A, update, REFERRAL, 1)); /* not closed yet */
    done(c, reply(c, 12, CSC_A, NPS_A, update, REFERRAL, 3));
    done(c, nth(c, 2));
    assert_int_equal(delivered(c, CSC_A), 2);
    assert_int_equal(delivered(c, NPS_A), 1); /* an end lets go what still waited */
    refused(c, reply(c, 13, CSC_A, NPS_A, update, REFERRAL, 2), CODE(CONVERSATION_UNKNOWN));
}

static void what_waits_goes_with_the_case(void **)
{
    OWNED(case_desk) c = referred();

    done(c, nth(c, 3));
    hand_the_case_over(c);
    assert_int_equal(delivered(c, CSC_A), 0);
    case_desk_restart(c);
    done(c, reply(c, 50, CRC_A, CSC_A, update, REFERRAL, 2)); /* the number is the side's */
    assert_int_equal(delivered(c, CSC_A), 2);
    done(c, reply(c, 51, CRC_A, CSC_A, update, REFERRAL, 4));
}

/* Its minute is told once, to who is a side by then. */
static void a_gap_goes_with_the_case_too(void **)
{
    OWNED(case_desk) c = referred();
    struct told read;
    size_t gaps = 0;

    done(c, nth(c, 3));
    hand_the_case_over(c);
    case_desk_wait(c, GAP_OVER_MS);
    assert_int_equal(delivered(c, CSC_A), 1);
    for (size_t n = 0; told(c, CSC_A, n, &read); n++)
        if (read.kind == TOLD_CLOCK && read.clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_GAP) {
            assert_string_equal(read.clock.owed_by, "crc.a");
            gaps++;
        }
    assert_int_equal(gaps, 1);
}

/* In the order of their numbers, whatever they were accepted in. */
static void what_is_let_go_stands_behind_what_it_waited_for(void **)
{
    OWNED(case_desk) c = referred();
    uint64_t other, waited_for, held;
    struct envelope e = nth(c, 3);

    desk_gone(c->d, session_of(CSC_A), c->members[CSC_A], false);
    held = accepted(c, &e);
    e = letter(c, 60, NPS_A, CSC_A, update);
    other = accepted(c, &e);
    e = nth(c, 2);
    waited_for = accepted(c, &e);
    c->members[CSC_A] = desk_greet(c->d, session_of(CSC_A), agency_names[CSC_A], 1000);
    desk_follow(c->d, session_of(CSC_A), c->members[CSC_A], 0);
    desk_run(c->d);
    const uint64_t order[] = {other, waited_for, held};
    size_t count = delivered(c, CSC_A), at = 0;
    for (size_t n = 0; n < count && at < LENGTH(order); n++) {
        const struct effect_item *item = desk_effect(c->d, EFFECT_DELIVER, session_of(CSC_A), n);
        at += item->sequence == order[at];
    }
    assert_int_equal(at, LENGTH(order));
}

/* ---- the end of a conversation ---- */

static void a_declined_or_rejected_enquiry_is_over(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = letter(c, 40, NPS_A, CSC_A, "check.social_care.children.request");

    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__DELIVERED);
    step(c, &e, CONCORDAT__STEP_KIND__DECLINED);
    refused(c, reply(c, 41, CSC_A, NPS_A, answer, 40, 1), CODE(CONVERSATION_UNKNOWN));
    e = letter(c, 42, NPS_A, CSC_A, "check.social_care.children.request");
    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    refused(c, reply(c, 43, CSC_A, NPS_A, answer, 42, 1), CODE(CONVERSATION_UNKNOWN));
}

static void anothers_message_of_the_same_id_ends_nothing(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = letter(c, 44, CSC_A, NPS_A, update);

    e.message_id = id_of(CHECK);
    e.conversation_id = id_of(9999);
    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    done(c, reply(c, 45, CSC_A, NPS_A, answer, CHECK, 1));
}

/* Its close is undone afterwards: that does not bring back what the recipient will not have. */
static void what_is_declined_or_rejected_stays_over(void **)
{
    static const Concordat__StepKind ends[] = {CONCORDAT__STEP_KIND__REJECTED,
                                               CONCORDAT__STEP_KIND__DECLINED};

    for (size_t i = 0; i < LENGTH(ends); i++) {
        OWNED(case_desk) c = referred();
        struct envelope e = letter(c, 40, NPS_A, CSC_A, "safeguarding.referral.child");
        struct envelope close = reply(c, 41, NPS_A, CSC_A, "safeguarding.close", 40, 2);

        done(c, e);
        done(c, close);
        if (ends[i] == CONCORDAT__STEP_KIND__DECLINED)
            step(c, &e, CONCORDAT__STEP_KIND__DELIVERED);
        step(c, &e, (int)ends[i]);
        step(c, &close, CONCORDAT__STEP_KIND__REJECTED);
        refused(c, reply(c, 42, NPS_A, CSC_A, update, 40, 3), CODE(CONVERSATION_UNKNOWN));
    }
}

static void what_could_not_be_opened_can_be_said_again(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = reply(c, 46, CSC_A, NPS_A, answer, CHECK, 1);

    done(c, e);
    refused(c, reply(c, 47, CSC_A, NPS_A, answer, CHECK, 2), CODE(CONVERSATION_UNKNOWN));
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    done(c, reply(c, 48, CSC_A, NPS_A, answer, CHECK, 2));
    e = reply(c, 49, NPS_A, CSC_A, "safeguarding.close", REFERRAL, 2);
    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    case_desk_restart(c);
    done(c, nth(c, 3));
}

/* The second answer was held, and let go by the first: it ended nothing. */
static void an_answer_that_did_not_end_it_does_not_open_it_again(void **)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        OWNED(case_desk) c = referred();
        struct envelope first = reply(c, 46, CSC_A, NPS_A, answer, CHECK, 1);
        struct envelope second = reply(c, 47, CSC_A, NPS_A, answer, CHECK, 2);

        done(c, second);
        done(c, first);
        assert_int_equal(delivered(c, NPS_A), 2);
        step(c, &first, CONCORDAT__STEP_KIND__DELIVERED);
        if (restarts)
            case_desk_restart(c);
        step(c, &second, CONCORDAT__STEP_KIND__REJECTED);
        refused(c, reply(c, 48, CSC_A, NPS_A, answer, CHECK, 3), CODE(CONVERSATION_UNKNOWN));
    }
}

/* Its asker holds the case no more: it is not opened again behind the holder's back. */
static void what_has_ended_before_the_case_moved_stays_ended(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = reply(c, 46, CSC_A, NPS_A, answer, CHECK, 1);

    done(c, e);
    hand_the_case_over(c);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    refused(c, reply(c, 47, CSC_A, NPS_A, answer, CHECK, 2), CODE(CONVERSATION_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_counts_its_own),
        cmocka_unit_test(a_replay_gets_the_original_receipt_and_another_none),
        cmocka_unit_test(only_its_sides_speak_in_it_and_none_when_it_has_ended),
        cmocka_unit_test(what_opens_a_conversation_opens_its_own_with_the_first_number),
        cmocka_unit_test(what_is_in_no_conversation_that_is_kept_is_not_judged),
        cmocka_unit_test(what_is_ahead_waits_for_what_is_before_it_and_keeps_their_order),
        cmocka_unit_test(after_a_minute_both_are_told_and_it_is_handed_over),
        cmocka_unit_test(a_second_gap_has_its_own_minute),
        cmocka_unit_test(a_number_that_was_refused_is_not_waited_for),
        cmocka_unit_test(a_retryable_refusal_leaves_its_number_free),
        cmocka_unit_test(so_many_wait_and_then_none_is_taken),
        cmocka_unit_test(each_side_has_room_of_its_own),
        cmocka_unit_test(refused_numbers_go_when_their_gap_is_told),
        cmocka_unit_test(what_waits_has_its_own_minute),
        cmocka_unit_test(refused_numbers_go_when_their_gap_is_closed),
        cmocka_unit_test(what_waits_takes_effect_when_it_is_handed_over),
        cmocka_unit_test(what_waits_goes_with_the_case),
        cmocka_unit_test(a_gap_goes_with_the_case_too),
        cmocka_unit_test(what_is_let_go_stands_behind_what_it_waited_for),
        cmocka_unit_test(a_declined_or_rejected_enquiry_is_over),
        cmocka_unit_test(anothers_message_of_the_same_id_ends_nothing),
        cmocka_unit_test(what_is_declined_or_rejected_stays_over),
        cmocka_unit_test(what_could_not_be_opened_can_be_said_again),
        cmocka_unit_test(an_answer_that_did_not_end_it_does_not_open_it_again),
        cmocka_unit_test(what_has_ended_before_the_case_moved_stays_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
