/* Answers to who does not hold the case any more: taken, owed to the holder, passed on once. */
#include "tests/unit/case_desk.h"

#include <string.h>

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define OK CODE(REFUSAL_UNSPECIFIED)
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
#define GAP_OVER_MS INT64_C(60000)

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

static void assert_forward_told(const struct case_desk *c, enum agency to)
{
    struct told read;

    /* the referral, which nobody has opened, is told of too */
    for (size_t n = 0; told(c, to, n, &read); n++)
        if (read.kind == TOLD_CLOCK && read.clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_FORWARD)
            break;
    assert_int_equal(read.clock.kind, CONCORDAT__CLOCK_KIND__CLOCK_FORWARD);
    assert_string_equal(read.clock.owed_by, "nps.a");
    assert_string_equal(read.clock.owed_to, "crc.a");
}

/* Who is the asker by now has not asked: a message of its own under that id ends nothing. */
static void who_did_not_ask_ends_nothing(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = letter(c, 80, CRC_A, CSC_A, "safeguarding.update");

    hand_the_case_over(c);
    e.message_id = id_of(CHECK);
    e.conversation_id = id_of(9999);
    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    done(c, reply(c, 81, CSC_A, NPS_A, answer, CHECK, 1));
}

/* What waits has its number: the new holder goes on behind it, and neither is lost or refused. */
static void what_is_held_keeps_its_number_when_the_case_moves(void **)
{
    OWNED(case_desk) c = referred();
    struct custody_told told;
    uint32_t next = 0;

    done(c, reply(c, 82, NPS_A, CSC_A, "safeguarding.update", REFERRAL, 3));
    hand_the_case_over(c);
    assert_told(c, CRC_A, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, &told);
    for (uint32_t i = 0; i < told.conversation_count; i++)
        if (strcmp(told.conversations[i].type, "safeguarding.referral.child") == 0) {
            next = told.conversations[i].next_of_holder;
            assert_string_equal(told.conversations[i].before, "nps.a");
        }
    assert_int_equal(next, 4);
    done(c, reply(c, 83, CRC_A, CSC_A, "safeguarding.update", REFERRAL, next));
    case_desk_wait(c, GAP_OVER_MS);
    assert_int_equal(delivered(c, CSC_A), 2);
    done(c, reply(c, 84, CRC_A, CSC_A, "safeguarding.update", REFERRAL, next + 1));
}

/* D1.10: the answer goes to who asked, and from there to who holds the case by now. */
static void a_late_answer_is_taken_and_owed_to_the_holder(void **)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        OWNED(case_desk) c = referred();

        hand_the_case_over(c);
        refused(c, reply(c, 70, NPS_A, CRC_A, "case.late_answer", CHECK, 1),
                CODE(CONVERSATION_UNKNOWN));
        done(c, reply(c, 71, CSC_A, NPS_A, answer, CHECK, 1));
        assert_int_equal(delivered(c, NPS_A), 1);
        if (restarted)
            case_desk_restart(c);
        refused(c, reply(c, 72, CSC_A, NPS_A, answer, CHECK, 2), CODE(CONVERSATION_UNKNOWN));
        case_desk_wait(c, 2 * GAP_OVER_MS * 60); /* over an hour of working time */
        assert_forward_told(c, NPS_A);
        assert_forward_told(c, CRC_A);
        struct envelope e = reply(c, 73, NPS_A, CRC_A, "case.late_answer", CHECK, 1);
        done(c, e);
        assert_int_equal(delivered(c, CRC_A), 1);
        step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
        done(c, reply(c, 76, NPS_A, CRC_A, "case.late_answer", CHECK, 1));
        refused(c, reply(c, 74, NPS_A, CRC_A, "case.late_answer", CHECK, 2),
                CODE(CONVERSATION_UNKNOWN));
        done(c, reply(c, 75, CRC_A, CSC_A, "safeguarding.close", REFERRAL, 2));
        assert_int_equal(claim(c, CRC_A, CONCORDAT__CLAIM_KIND__CLAIM_CLOSE, 3, &custody), OK);
    }
}

static void an_answer_that_waited_while_the_case_moved_is_owed_all_the_same(void **)
{
    OWNED(case_desk) c = referred();

    done(c, reply(c, 80, CSC_A, NPS_A, answer, CHECK, 2));
    hand_the_case_over(c);
    case_desk_restart(c);
    case_desk_wait(c, GAP_OVER_MS);
    assert_int_equal(delivered(c, NPS_A), 1);
    done(c, reply(c, 81, NPS_A, CRC_A, "case.late_answer", CHECK, 1));
}

/* Somebody hears within a day of working time that the answer has not been passed on. */
static void assert_forward_told_of(struct case_desk *c, uint32_t conversation)
{
    const struct id id = id_of(conversation);
    struct told read;
    bool heard = false;

    for (unsigned hours = 0; hours < 96 && !heard; hours++) {
        case_desk_wait(c, INT64_C(3600000));
        for (size_t n = 0; !heard && told(c, NPS_A, n, &read); n++)
            heard = read.kind == TOLD_CLOCK
                 && read.clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_FORWARD
                 && id_equal(&read.clock.conversation_id, &id);
    }
    assert_true(heard);
}

/* That the referral is over does not bring the decision to the holder. */
static void an_answer_to_be_passed_on_is_owed_also_when_its_referral_ends(void **)
{
    OWNED(case_desk) c = referred();

    hand_the_case_over(c);
    done(c, reply(c, 90, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 1));
    done(c, reply(c, 91, CSC_A, CRC_A, "safeguarding.close", REFERRAL, 2));
    case_desk_restart(c);
    assert_forward_told_of(c, REFERRAL);
    done(c, reply(c, 92, NPS_A, CRC_A, "case.late_answer", REFERRAL, 1));
}

static void an_answer_that_waited_when_its_referral_was_declined_is_owed_too(void **)
{
    OWNED(case_desk) c = referred();
    struct envelope e = letter(c, REFERRAL, NPS_A, CSC_A, "safeguarding.referral.child");

    hand_the_case_over(c);
    done(c, reply(c, 90, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 2));
    step(c, &e, CONCORDAT__STEP_KIND__DELIVERED);
    assert_int_equal(delivered(c, NPS_A), 0);
    step(c, &e, CONCORDAT__STEP_KIND__DECLINED);
    assert_int_equal(delivered(c, NPS_A), 1);
    assert_forward_told_of(c, REFERRAL);
    done(c, reply(c, 92, NPS_A, CRC_A, "case.late_answer", REFERRAL, 1));
}

/* It was decided while the first holder had the case; another decision goes to it after that. */
static void a_second_answer_to_who_held_the_case_is_owed_too(void **)
{
    OWNED(case_desk) c = referred();

    done(c, reply(c, 90, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 1));
    hand_the_case_over(c);
    done(c, reply(c, 91, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 2));
    assert_forward_told_of(c, REFERRAL);
    done(c, reply(c, 92, NPS_A, CRC_A, "case.late_answer", REFERRAL, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_did_not_ask_ends_nothing),
        cmocka_unit_test(what_is_held_keeps_its_number_when_the_case_moves),
        cmocka_unit_test(a_late_answer_is_taken_and_owed_to_the_holder),
        cmocka_unit_test(an_answer_that_waited_while_the_case_moved_is_owed_all_the_same),
        cmocka_unit_test(an_answer_to_be_passed_on_is_owed_also_when_its_referral_ends),
        cmocka_unit_test(an_answer_that_waited_when_its_referral_was_declined_is_owed_too),
        cmocka_unit_test(a_second_answer_to_who_held_the_case_is_owed_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
