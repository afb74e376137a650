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

/* Does somebody hear within four days that an answer of `by' has not been passed on? Of which
 * conversation, and to whom, the clock says. */
static bool hears_of_forward(struct case_desk *c, enum agency by, struct clock_told *out)
{
    struct told read;

    for (unsigned hours = 0; hours < 96; hours++) {
        case_desk_wait(c, INT64_C(3600000));
        for (size_t n = 0; told(c, by, n, &read); n++)
            if (read.kind == TOLD_CLOCK
                && read.clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_FORWARD) {
                *out = read.clock;
                return true;
            }
    }
    return false;
}

static void assert_forward_owed(struct case_desk *c, enum agency by, enum agency to,
                                uint32_t conversation)
{
    const struct id id = id_of(conversation);
    struct clock_told clock;

    assert_true(hears_of_forward(c, by, &clock));
    assert_true(id_equal(&clock.conversation_id, &id));
    assert_string_equal(clock.owed_by, agency_names[by]);
    assert_string_equal(clock.owed_to, agency_names[to]);
}

static void assert_forward_not_owed(struct case_desk *c)
{
    struct clock_told clock;

    assert_false(hears_of_forward(c, NPS_A, &clock));
}

/* That the referral is over does not bring the decision to the holder. */
static void an_answer_to_be_passed_on_is_owed_also_when_its_referral_ends(void **)
{
    OWNED(case_desk) c = referred();

    hand_the_case_over(c);
    done(c, reply(c, 90, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 1));
    done(c, reply(c, 91, CSC_A, CRC_A, "safeguarding.close", REFERRAL, 2));
    case_desk_restart(c);
    assert_forward_owed(c, NPS_A, CRC_A, REFERRAL);
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
    assert_forward_owed(c, NPS_A, CRC_A, REFERRAL);
    done(c, reply(c, 92, NPS_A, CRC_A, "case.late_answer", REFERRAL, 1));
}

/* It was decided while the first holder had the case; another decision goes to it after that. */
static void a_second_answer_to_who_held_the_case_is_owed_too(void **)
{
    OWNED(case_desk) c = referred();

    done(c, reply(c, 90, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 1));
    hand_the_case_over(c);
    done(c, reply(c, 91, CSC_A, NPS_A, "safeguarding.referral.decision", REFERRAL, 2));
    assert_forward_owed(c, NPS_A, CRC_A, REFERRAL);
    done(c, reply(c, 92, NPS_A, CRC_A, "case.late_answer", REFERRAL, 1));
}

/* The case goes on from one agency to another, with what is open named. */
static void hand_on(struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                    uint64_t version, uint32_t open)
{
    struct envelope e = offer(c, n, from, to, version, 15, 9);

    if (open != 0)
        name(&e, open);
    done(c, e);
    done(c, act(c, n + 1, to, from, "case.transfer.accept", n, 1, 15));
    e = act(c, n + 2, to, from, "case.transfer.complete", n, 2, 0);
    e.custody.manifest.bytes[0] = 9;
    done(c, e);
}

/* It was sealed to who held the case at the time, who has handed it on unread: what could not be
 * opened is owed to who holds the case by now. */
static void a_late_answer_that_was_not_opened_is_owed_to_the_next_holder(void **)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        for (int refers = 0; refers < 2; refers++) {
            OWNED(case_desk) c = case_desk_new();
            const uint32_t first = refers ? REFERRAL : CHECK;

            assert_int_equal(claim(c, CRC_A, OPEN, 0, &custody), OK);
            done(c, letter(c, first, CRC_A, CSC_A,
                           refers ? "safeguarding.referral.child"
                                  : "check.social_care.children.request"));
            hand_on(c, 20, CRC_A, NPS_A, 1, first);
            done(c, reply(c, 30, CSC_A, CRC_A, refers ? "safeguarding.referral.decision" : answer,
                          first, 1));
            struct envelope late = reply(c, 31, CRC_A, NPS_A, "case.late_answer", first, 1);
            done(c, late);
            hand_on(c, 40, NPS_A, CRC_B, 3, refers ? first : 0);
            step(c, &late, CONCORDAT__STEP_KIND__REJECTED);
            if (restarted)
                case_desk_restart(c);
            assert_forward_owed(c, CRC_A, CRC_B, first);
            refused(c, reply(c, 50, CRC_A, NPS_A, "case.late_answer", first, 1),
                    CODE(CONVERSATION_UNKNOWN));
            done(c, reply(c, 51, CRC_A, CRC_B, "case.late_answer", first, 1));
            refused(c, reply(c, 52, CRC_A, CRC_B, "case.late_answer", first, 1),
                    CODE(CONVERSATION_UNKNOWN));
        }
    }
}

/* The case has come back to who had the answer first: it lies there. */
static void a_late_answer_is_not_owed_by_who_holds_the_case_again(void **)
{
    OWNED(case_desk) c = referred();

    hand_the_case_over(c);
    done(c, reply(c, 71, CSC_A, NPS_A, answer, CHECK, 1));
    struct envelope late = reply(c, 73, NPS_A, CRC_A, "case.late_answer", CHECK, 1);
    done(c, late);
    hand_on(c, 40, CRC_A, NPS_A, 3, REFERRAL);
    step(c, &late, CONCORDAT__STEP_KIND__REJECTED);
    refused(c, reply(c, 74, NPS_A, CRC_A, "case.late_answer", CHECK, 1),
            CODE(CONVERSATION_UNKNOWN));
}

/* Two answers have come for who asked and has not the case any more, the second before its turn. */
static struct case_desk *answered_twice(enum agency first_to, struct envelope both[static 2])
{
    struct case_desk *c = referred();

    hand_the_case_over(c);
    both[1] = reply(c, 61, CSC_A, NPS_A, answer, CHECK, 2);
    both[0] = reply(c, 60, CSC_A, first_to, answer, CHECK, 1);
    done(c, both[1]);
    done(c, both[0]);
    return c;
}

/* The first that is said counts: when that cannot be opened the other does, and is owed. */
static void of_two_answers_the_other_is_owed_when_the_first_is_not_opened(void **)
{
    static const enum agency to[] = {NPS_A, CRC_A};

    for (size_t i = 0; i < 2; i++) {
        for (int restarted = 0; restarted < 2; restarted++) {
            struct envelope both[2];
            OWNED(case_desk) c = answered_twice(to[i], both);

            step(c, &both[1], CONCORDAT__STEP_KIND__DELIVERED);
            if (restarted)
                case_desk_restart(c);
            step(c, &both[0], CONCORDAT__STEP_KIND__REJECTED);
            if (restarted)
                case_desk_restart(c);
            assert_forward_owed(c, NPS_A, CRC_A, CHECK);
            done(c, reply(c, 62, NPS_A, CRC_A, "case.late_answer", CHECK, 1));
            refused(c, reply(c, 63, CSC_A, CRC_A, answer, CHECK, 3), CODE(CONVERSATION_UNKNOWN));
        }
    }
}

/* When neither can be opened nothing has been said, whichever is found out first. */
static void of_two_answers_neither_is_owed_when_neither_is_opened(void **)
{
    for (size_t first = 0; first < 2; first++) {
        struct envelope both[2];
        OWNED(case_desk) c = answered_twice(NPS_A, both);

        step(c, &both[first], CONCORDAT__STEP_KIND__REJECTED);
        step(c, &both[1 - first], CONCORDAT__STEP_KIND__REJECTED);
        refused(c, reply(c, 62, NPS_A, CRC_A, "case.late_answer", CHECK, 1),
                CODE(CONVERSATION_UNKNOWN));
        assert_forward_not_owed(c);
        done(c, reply(c, 63, CSC_A, NPS_A, answer, CHECK, 3));
        done(c, reply(c, 64, NPS_A, CRC_A, "case.late_answer", CHECK, 1));
    }
}

/* The one that was not opened is not the one that counts: the other is owed as before. */
static void of_two_answers_the_first_is_owed_when_the_other_is_not_opened(void **)
{
    struct envelope both[2];
    OWNED(case_desk) c = answered_twice(NPS_A, both);

    step(c, &both[1], CONCORDAT__STEP_KIND__REJECTED);
    assert_forward_owed(c, NPS_A, CRC_A, CHECK);
    done(c, reply(c, 62, NPS_A, CRC_A, "case.late_answer", CHECK, 1));
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
        cmocka_unit_test(a_late_answer_that_was_not_opened_is_owed_to_the_next_holder),
        cmocka_unit_test(a_late_answer_is_not_owed_by_who_holds_the_case_again),
        cmocka_unit_test(of_two_answers_the_other_is_owed_when_the_first_is_not_opened),
        cmocka_unit_test(of_two_answers_neither_is_owed_when_neither_is_opened),
        cmocka_unit_test(of_two_answers_the_first_is_owed_when_the_other_is_not_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
