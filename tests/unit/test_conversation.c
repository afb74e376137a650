/* Conversations: who may say what with which number, what closes them, and how a side moves. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agreements/conversation.h"

enum {
    NPS = 1,
    CSC,
    CRC,
    COUNCIL,
    AGENCIES /* one past the last */
};

#define OK CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
#define UNKNOWN CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN
#define REUSED CONCORDAT__REFUSAL_CODE__SEQUENCE_REUSED

static const char referral[] = "safeguarding.referral.child";
static const char check[] = "check.social_care.children.request";
static const char answer[] = "check.social_care.children.response";

static struct conversation conversation_of(const char *type)
{
    return (struct conversation){.id = {{7}},
                                 .case_handle = {{9}},
                                 .opened = catalogue_find(type),
                                 .state = CONVERSATION_OPEN,
                                 .asker = NPS,
                                 .other = CSC,
                                 .next_of_asker = 2,
                                 .next_of_other = 1};
}

static struct utterance saying(const char *type, uint32_t from, uint32_t to, uint32_t sequence)
{
    struct utterance u = {catalogue_find(type), from, to, sequence, 100 * from + sequence};

    assert_non_null(u.type);
    return u;
}

static Concordat__RefusalCode judge(const struct conversation *c, struct utterance u, bool *ahead)
{
    return conversation_judge(c, &u, ahead);
}

static void say(struct conversation *c, const char *type, uint32_t from, uint32_t to,
                uint32_t sequence)
{
    struct utterance u = saying(type, from, to, sequence);
    bool ahead = true;

    assert_int_equal(conversation_judge(c, &u, &ahead), OK);
    assert_false(ahead);
    conversation_apply(c, &u, 1000);
    assert_int_equal(c->changed_ms, 1000);
}

static void enquiries_referrals_and_offers_are_kept_and_nothing_else(void **)
{
    size_t count, kept = 0;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++) {
        bool asks = types[i].pattern == PATTERN_ENQUIRY || types[i].pattern == PATTERN_REFERRAL;
        bool is_kept = conversation_is_kept(&types[i]);

        assert_int_equal(is_kept, asks || strcmp(types[i].name, "case.transfer.offer") == 0);
        kept += is_kept;
    }
    assert_in_range(kept, 20, count / 2);
    assert_false(conversation_is_kept(catalogue_find("case.record.part")));
    assert_false(conversation_is_kept(catalogue_find(LATE_ANSWER)));
}

/* All senders, recipients and numbers, in an open and a closed one. */
static void only_the_two_sides_speak_and_only_with_numbers_not_yet_used(void **)
{
    struct conversation c = conversation_of(referral);

    c.next_of_asker = 3;
    for (uint32_t i = 0; i < (AGENCIES + 1) * (AGENCIES + 1) * 6 * 2; i++) {
        uint32_t from = i % (AGENCIES + 1), to = i / (AGENCIES + 1) % (AGENCIES + 1);
        uint32_t sequence = i / (AGENCIES + 1) / (AGENCIES + 1) % 6;
        bool is_closed = i >= (AGENCIES + 1) * (AGENCIES + 1) * 6, ahead = false;
        bool are_sides = (from == NPS && to == CSC) || (from == CSC && to == NPS);
        uint32_t next = from == NPS ? 3 : 1;
        Concordat__RefusalCode want = is_closed || !are_sides ? UNKNOWN
                                    : sequence < next         ? REUSED
                                                              : OK;

        c.state = is_closed ? CONVERSATION_CLOSED : CONVERSATION_OPEN;
        assert_int_equal(judge(&c, saying("safeguarding.update", from, to, sequence), &ahead),
                         want);
        assert_int_equal(ahead, want == OK && sequence > next);
    }
}

/* Else who holds a case could use up the numbers of who holds it next. */
static void a_number_far_ahead_is_none_of_the_sides(void **)
{
    struct conversation c = conversation_of(referral);
    bool ahead = false;

    assert_int_equal(
        judge(&c, saying("safeguarding.update", NPS, CSC, 2 + SEQUENCE_AHEAD_MAX), &ahead), OK);
    assert_true(ahead);
    assert_int_equal(
        judge(&c, saying("safeguarding.update", NPS, CSC, 3 + SEQUENCE_AHEAD_MAX), &ahead), REUSED);
}

static void a_referral_lives_until_it_is_closed(void **)
{
    struct conversation c = conversation_of(referral);

    say(&c, "safeguarding.referral.ack", CSC, NPS, 1);
    assert_true(c.acknowledged && !c.answered);
    say(&c, "safeguarding.referral.decision", CSC, NPS, 2);
    assert_true(c.answered);
    assert_int_equal(c.state, CONVERSATION_OPEN);
    say(&c, "safeguarding.update", NPS, CSC, 2);
    say(&c, "safeguarding.update", CSC, NPS, 3);
    assert_int_equal(c.next_of_asker, 3);
    assert_int_equal(c.next_of_other, 4);
    say(&c, "safeguarding.close", NPS, CSC, 3);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
}

static void an_enquiry_ends_with_its_answer_and_only_from_who_was_asked(void **)
{
    struct conversation c = conversation_of(check);

    say(&c, answer, NPS, CSC, 2); /* of the asker's own: answers nothing */
    assert_int_equal(c.state, CONVERSATION_OPEN);
    assert_false(c.answered);
    say(&c, answer, CSC, NPS, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_true(c.answered);
}

static void an_enquiry_that_is_withdrawn_is_over_and_one_that_is_answered_too(void **)
{
    struct conversation c = conversation_of("psr.request");

    say(&c, "psr.withdrawn", NPS, CSC, 2);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    c = conversation_of("psr.request");
    say(&c, "psr.report", CSC, NPS, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
}

static void after_a_gap_the_number_after_the_message_is_next(void **)
{
    struct conversation c = conversation_of(referral);
    struct utterance u = saying("safeguarding.update", NPS, CSC, 4);
    bool ahead = false;

    assert_int_equal(conversation_judge(&c, &u, &ahead), OK);
    assert_true(ahead);
    assert_int_equal(c.next_of_asker, 2);
    conversation_apply(&c, &u, 1000);
    assert_int_equal(c.next_of_asker, 5);
    assert_int_equal(c.next_of_other, 1);
    u.sequence = UINT32_MAX - 1;
    conversation_apply(&c, &u, 1000);
    assert_int_equal(c.next_of_asker, UINT32_MAX);
    u.sequence = UINT32_MAX; /* there is none after it */
    assert_int_equal(conversation_judge(&c, &u, &ahead), REUSED);
}

static void a_refused_number_is_passed_over_only_when_it_is_next(void **)
{
    struct conversation c = conversation_of(referral), before = c;

    conversation_skip(&c, NPS, 3);
    conversation_skip(&c, NPS, 1);
    conversation_skip(&c, CRC, 2);
    assert_memory_equal(&c, &before, sizeof c);
    conversation_skip(&c, NPS, 2);
    assert_int_equal(c.next_of_asker, 3);
    assert_int_equal(c.next_of_other, 1);
    conversation_skip(&c, CSC, 1);
    assert_int_equal(c.next_of_other, 2);
}

static void it_ends_with_its_first_message_and_with_no_other(void **)
{
    struct conversation c = conversation_of(referral);
    struct id other = {{8}};

    assert_false(conversation_ended(&c, &other));
    assert_true(conversation_ended(&c, &c.id));
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_false(conversation_ended(&c, &c.id));
}

static void the_new_holder_goes_on_with_the_numbers_of_the_old(void **)
{
    struct conversation c = conversation_of(referral);
    bool ahead;

    say(&c, "safeguarding.update", NPS, CSC, 2);
    assert_true(conversation_move(&c, NPS, CRC, 500));
    assert_int_equal(c.changed_ms, 500);
    assert_int_equal(judge(&c, saying("safeguarding.update", CRC, CSC, 2), &ahead), REUSED);
    say(&c, "safeguarding.update", CRC, CSC, 3);
    say(&c, "safeguarding.update", CSC, CRC, 1);
    assert_int_equal(judge(&c, saying("safeguarding.update", NPS, CSC, 4), &ahead), UNKNOWN);
    assert_int_equal(judge(&c, saying("safeguarding.update", CSC, NPS, 2), &ahead), UNKNOWN);
}

static void the_side_that_was_asked_moves_and_is_owed_nothing_late(void **)
{
    struct conversation c = conversation_of(check);
    bool ahead;

    assert_true(conversation_move(&c, CSC, CRC, 500));
    assert_int_equal(judge(&c, saying(answer, CSC, NPS, 1), &ahead), UNKNOWN);
    assert_int_equal(judge(&c, saying(answer, NPS, CSC, 2), &ahead), UNKNOWN);
    assert_int_equal(judge(&c, saying(LATE_ANSWER, CSC, CRC, 1), &ahead), UNKNOWN);
    say(&c, answer, CRC, NPS, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
}

static void a_late_answer_reaches_who_asked_and_then_the_holder_once(void **)
{
    struct conversation c = conversation_of(check);
    bool ahead;

    assert_true(conversation_move(&c, NPS, CRC, 500));
    assert_int_equal(judge(&c, saying(LATE_ANSWER, NPS, CRC, 1), &ahead), UNKNOWN);
    assert_int_equal(judge(&c, saying("case.update", CSC, NPS, 1), &ahead), UNKNOWN);
    assert_int_equal(judge(&c, saying(answer, COUNCIL, NPS, 1), &ahead), UNKNOWN);
    say(&c, answer, CSC, NPS, 1);
    assert_int_equal(c.state, CONVERSATION_FORWARDING);

    assert_int_equal(judge(&c, saying(answer, CSC, NPS, 2), &ahead), UNKNOWN);
    assert_int_equal(judge(&c, saying(LATE_ANSWER, NPS, CSC, 1), &ahead), UNKNOWN);
    say(&c, LATE_ANSWER, NPS, CRC, 1); /* the numbers are the holder's: 1 was used, and it may */
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_int_equal(c.next_of_asker, 2);
    assert_int_equal(judge(&c, saying(LATE_ANSWER, NPS, CRC, 2), &ahead), UNKNOWN);
}

static void a_referral_goes_on_after_its_decision_was_forwarded(void **)
{
    struct conversation c = conversation_of(referral);

    assert_true(conversation_move(&c, NPS, CRC, 500));
    say(&c, "safeguarding.referral.decision", CSC, NPS, 1);
    assert_int_equal(c.state, CONVERSATION_FORWARDING);
    say(&c, "safeguarding.update", CRC, CSC, 2);
    say(&c, LATE_ANSWER, NPS, CRC, 1);
    assert_int_equal(c.state, CONVERSATION_OPEN);
    say(&c, "safeguarding.close", CRC, CSC, 3);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
}

static void an_answer_to_the_holder_too_ends_it_and_the_first_may_still_be_forwarded(void **)
{
    struct conversation c = conversation_of(check);

    assert_true(conversation_move(&c, NPS, CRC, 500));
    say(&c, answer, CSC, NPS, 1);
    say(&c, answer, CSC, CRC, 2);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    say(&c, LATE_ANSWER, NPS, CRC, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_int_equal(c.before, 0);
}

static void an_owed_answer_follows_the_case_and_ends_with_its_return(void **)
{
    struct conversation c = conversation_of(check), returned;
    bool ahead;

    assert_true(conversation_move(&c, NPS, CRC, 500));
    say(&c, answer, CSC, NPS, 1);
    returned = c;
    assert_true(conversation_move(&c, CRC, COUNCIL, 600));
    assert_int_equal(c.before, NPS);
    assert_int_equal(judge(&c, saying(LATE_ANSWER, NPS, CRC, 1), &ahead), UNKNOWN);
    say(&c, LATE_ANSWER, NPS, COUNCIL, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);

    assert_true(
        conversation_move(&returned, CRC, NPS, 600)); /* who has the answer holds it again */
    assert_int_equal(returned.state, CONVERSATION_CLOSED);
    assert_int_equal(returned.before, 0);
}

static void the_first_asker_gets_the_answer_however_often_the_case_moves(void **)
{
    struct conversation c = conversation_of(check), returned;

    assert_true(conversation_move(&c, NPS, CRC, 500));
    assert_true(conversation_move(&c, CRC, COUNCIL, 600));
    returned = c;
    say(&c, answer, CSC, NPS, 1);
    assert_int_equal(c.state, CONVERSATION_FORWARDING);
    say(&c, LATE_ANSWER, NPS, COUNCIL, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);

    assert_true(conversation_move(&returned, COUNCIL, NPS, 700));
    assert_int_equal(returned.before, 0);
    say(&returned, answer, CSC, NPS, 1);
    assert_int_equal(returned.state, CONVERSATION_CLOSED);
}

static void what_was_not_opened_can_be_said_again(void **)
{
    struct conversation c = conversation_of(check);
    struct utterance u = saying(answer, CSC, NPS, 1);

    assert_false(conversation_undo(&c, &u, 50)); /* it did nothing */
    say(&c, answer, CSC, NPS, 1);
    assert_true(conversation_undo(&c, &u, 50));
    assert_int_equal(c.state, CONVERSATION_OPEN);
    assert_int_equal(c.changed_ms, 50);
    assert_false(c.answered);
    say(&c, answer, CSC, NPS, 2);
    assert_int_equal(c.state, CONVERSATION_CLOSED);

    c = conversation_of(referral);
    say(&c, "safeguarding.referral.ack", CSC, NPS, 1);
    u = saying("safeguarding.referral.ack", CSC, NPS, 1);
    assert_true(conversation_undo(&c, &u, 50));
    assert_false(c.acknowledged);
    say(&c, "safeguarding.close", NPS, CSC, 2);
    u = saying("safeguarding.close", NPS, CSC, 2);
    assert_true(conversation_undo(&c, &u, 50));
    assert_int_equal(c.state, CONVERSATION_OPEN);
    u = saying("safeguarding.update", NPS, CSC, 2);
    assert_false(conversation_undo(&c, &u, 60));
    assert_int_equal(c.changed_ms, 50);
}

static void a_late_answer_that_was_not_opened_is_owed_again(void **)
{
    struct conversation c = conversation_of(check);
    struct utterance late = saying(LATE_ANSWER, NPS, CRC, 1), u = saying(answer, CSC, NPS, 1);

    assert_true(conversation_move(&c, NPS, CRC, 500));
    assert_false(conversation_undo_late(&c, &late, CRC, 50));
    say(&c, answer, CSC, NPS, 1);
    say(&c, LATE_ANSWER, NPS, CRC, 1);
    assert_true(conversation_undo_late(&c, &late, CRC, 50));
    assert_int_equal(c.state, CONVERSATION_FORWARDING);
    say(&c, LATE_ANSWER, NPS, CRC, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_true(conversation_undo_late(&c, &late, CRC, 50));
    assert_true(conversation_undo(&c, &u, 50)); /* nor could `before` open what it was to pass on */
    assert_int_equal(c.state, CONVERSATION_OPEN);
    say(&c, answer, CSC, NPS, 2);
    assert_int_equal(c.state, CONVERSATION_FORWARDING);
}

/* What was held while it ended, or came after an end without words. */
static void only_the_message_that_ended_it_opens_it_again(void **)
{
    struct conversation c = conversation_of(check);
    struct utterance first = saying(answer, CSC, NPS, 1), second = saying(answer, CSC, NPS, 2);
    struct utterance close = saying("safeguarding.close", NPS, CSC, 2);

    say(&c, answer, CSC, NPS, 1);
    conversation_apply(&c, &second, 1000); /* was held, and is let go */
    assert_false(conversation_undo(&c, &second, 50));
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_true(c.answered);
    assert_true(conversation_undo(&c, &first, 50));
    assert_int_equal(c.state, CONVERSATION_OPEN);

    c = conversation_of(referral);
    assert_true(conversation_ended(&c, &c.id));
    conversation_apply(&c, &close, 1000);
    assert_false(conversation_undo(&c, &close, 50));
    assert_int_equal(c.state, CONVERSATION_CLOSED);

    c = conversation_of(referral);
    first = saying("safeguarding.referral.decision", CSC, NPS, 1);
    say(&c, "safeguarding.referral.decision", CSC, NPS, 1);
    say(&c, "safeguarding.close", NPS, CSC, 2);
    assert_true(conversation_undo(&c, &first, 50)); /* it is not answered, and has ended */
    assert_false(c.answered);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_true(conversation_undo(&c, &close, 50));
    assert_int_equal(c.state, CONVERSATION_OPEN);
}

/* It was ended by who asked before its answer had been passed on: that stays owed, and it ended. */
static void a_late_answer_that_ended_nothing_opens_nothing(void **)
{
    struct conversation c = conversation_of(referral);
    struct utterance late = saying(LATE_ANSWER, NPS, CRC, 1);

    assert_true(conversation_move(&c, NPS, CRC, 500));
    say(&c, "safeguarding.referral.decision", CSC, NPS, 1);
    assert_int_equal(c.state, CONVERSATION_FORWARDING);
    say(&c, "safeguarding.close", CRC, CSC, 2);
    say(&c, LATE_ANSWER, NPS, CRC, 1);
    assert_int_equal(c.before, 0);
    assert_true(conversation_undo_late(&c, &late, CRC, 50));
    assert_int_equal(c.before, NPS);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
}

/* What was held is let go when the answer before it has been said. */
static struct conversation answered_to_former(uint32_t answers)
{
    struct conversation c = conversation_of(check);

    assert_true(conversation_move(&c, NPS, CRC, 500));
    say(&c, answer, CSC, NPS, 1);
    for (uint32_t n = 2; n <= answers; n++) {
        const struct utterance u = saying(answer, CSC, NPS, n);
        conversation_apply(&c, &u, 600);
    }
    assert_int_equal(c.state, CONVERSATION_FORWARDING);
    return c;
}

static void the_second_answer_counts_when_the_first_is_undone(void **)
{
    const struct utterance first = saying(answer, CSC, NPS, 1),
                           second = saying(answer, CSC, NPS, 2);
    struct conversation c = answered_to_former(2), back = c;

    assert_true(conversation_undo(&c, &first, 700));
    assert_int_equal(c.state, CONVERSATION_FORWARDING);
    assert_true(c.answered);
    assert_true(conversation_answered_by_other(&c, first.message));
    assert_false(conversation_answered_by_other(&c, second.message));
    assert_false(conversation_undo(&c, &first, 700)); /* once */
    assert_true(conversation_undo(&c, &second, 700));
    assert_false(c.answered);
    assert_int_equal(c.state, CONVERSATION_OPEN);

    /* Who asked holds the case again: both have come where they belong. */
    assert_true(conversation_move(&back, CRC, NPS, 800));
    assert_int_equal(back.state, CONVERSATION_CLOSED);
    assert_true(conversation_undo(&back, &first, 900));
    assert_int_equal(back.state, CONVERSATION_CLOSED);
    assert_true(conversation_undo(&back, &second, 900));
    assert_int_equal(back.state, CONVERSATION_OPEN);
}

static void of_many_answers_one_stays_owed(void **)
{
    struct conversation c = answered_to_former(4);

    for (uint32_t n = 1; n <= 4; n++) {
        const struct utterance u = saying(answer, CSC, NPS, n);
        assert_true(conversation_undo(&c, &u, 700) == (n == 1));
        assert_int_equal(c.state, CONVERSATION_FORWARDING);
        assert_true(c.answered);
    }
    say(&c, LATE_ANSWER, NPS, CRC, 1);
    assert_int_equal(c.state, CONVERSATION_CLOSED);
}

/* It ended with the late answer, so it did not move with the case. */
static void a_late_answer_is_owed_to_who_holds_the_case_by_now(void **)
{
    const struct utterance late = saying(LATE_ANSWER, NPS, CRC, 1);
    struct conversation c = answered_to_former(1), referred = conversation_of(referral), busy;

    say(&c, LATE_ANSWER, NPS, CRC, 1);
    assert_false(conversation_undo_late(&c, &late, NPS, 700)); /* it has it */
    assert_false(conversation_undo_late(&c, &late, CSC, 700)); /* it said it */
    assert_true(conversation_undo_late(&c, &late, COUNCIL, 700));
    assert_int_equal(c.state, CONVERSATION_CLOSED);
    assert_int_equal(c.asker, COUNCIL);
    assert_int_equal(c.before, NPS);
    assert_false(conversation_undo_late(&c, &late, COUNCIL, 700)); /* once */
    say(&c, LATE_ANSWER, NPS, COUNCIL, 1);
    assert_int_equal(c.before, 0);

    assert_true(conversation_move(&referred, NPS, CRC, 500));
    say(&referred, "safeguarding.referral.decision", CSC, NPS, 1);
    say(&referred, LATE_ANSWER, NPS, CRC, 1);
    assert_true(conversation_move(&referred, CRC, COUNCIL, 600));
    busy = referred;
    assert_true(conversation_undo_late(&referred, &late, COUNCIL, 700));
    assert_int_equal(referred.state, CONVERSATION_FORWARDING);
    assert_int_equal(referred.before, NPS);
    say(&busy, "safeguarding.referral.decision", CSC, CRC, 2); /* another, which is owed itself */
    assert_false(conversation_undo_late(&busy, &late, COUNCIL, 700));
    assert_int_equal(busy.before, CRC);
}

static void who_is_no_side_moves_nothing_and_nobody_becomes_both_sides(void **)
{
    struct conversation c = conversation_of(referral), before = c;

    assert_false(conversation_move(&c, CRC, COUNCIL, 500));
    assert_false(conversation_move(&c, NPS, CSC, 500));
    assert_false(conversation_move(&c, CSC, NPS, 500));
    assert_memory_equal(&c, &before, sizeof c);
    c.state = CONVERSATION_CLOSED;
    assert_false(conversation_move(&c, NPS, CRC, 500));
}

static void what_was_held_and_is_overtaken_is_counted_and_no_more(void **)
{
    struct conversation c = conversation_of(referral);
    struct utterance u = saying("safeguarding.update", CSC, NPS, 3);

    assert_true(conversation_move(&c, NPS, CRC, 500));
    conversation_apply(&c, &u, 700);
    assert_int_equal(c.next_of_other, 4);
    assert_false(c.answered);
    assert_int_equal(c.state, CONVERSATION_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enquiries_referrals_and_offers_are_kept_and_nothing_else),
        cmocka_unit_test(only_the_two_sides_speak_and_only_with_numbers_not_yet_used),
        cmocka_unit_test(a_number_far_ahead_is_none_of_the_sides),
        cmocka_unit_test(a_referral_lives_until_it_is_closed),
        cmocka_unit_test(an_enquiry_ends_with_its_answer_and_only_from_who_was_asked),
        cmocka_unit_test(an_enquiry_that_is_withdrawn_is_over_and_one_that_is_answered_too),
        cmocka_unit_test(after_a_gap_the_number_after_the_message_is_next),
        cmocka_unit_test(a_refused_number_is_passed_over_only_when_it_is_next),
        cmocka_unit_test(it_ends_with_its_first_message_and_with_no_other),
        cmocka_unit_test(the_new_holder_goes_on_with_the_numbers_of_the_old),
        cmocka_unit_test(the_side_that_was_asked_moves_and_is_owed_nothing_late),
        cmocka_unit_test(a_late_answer_reaches_who_asked_and_then_the_holder_once),
        cmocka_unit_test(a_referral_goes_on_after_its_decision_was_forwarded),
        cmocka_unit_test(an_answer_to_the_holder_too_ends_it_and_the_first_may_still_be_forwarded),
        cmocka_unit_test(an_owed_answer_follows_the_case_and_ends_with_its_return),
        cmocka_unit_test(the_first_asker_gets_the_answer_however_often_the_case_moves),
        cmocka_unit_test(what_was_not_opened_can_be_said_again),
        cmocka_unit_test(a_late_answer_that_was_not_opened_is_owed_again),
        cmocka_unit_test(only_the_message_that_ended_it_opens_it_again),
        cmocka_unit_test(a_late_answer_that_ended_nothing_opens_nothing),
        cmocka_unit_test(the_second_answer_counts_when_the_first_is_undone),
        cmocka_unit_test(of_many_answers_one_stays_owed),
        cmocka_unit_test(a_late_answer_is_owed_to_who_holds_the_case_by_now),
        cmocka_unit_test(who_is_no_side_moves_nothing_and_nobody_becomes_both_sides),
        cmocka_unit_test(what_was_held_and_is_overtaken_is_counted_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
