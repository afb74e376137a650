/* What may not silence a clock, nor end what somebody else owes: a former holder's steps, a bare
 * step without an answer, a rejection of something else. */
#include "tests/unit/case_desk.h"

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define OK CODE(REFUSAL_UNSPECIFIED)
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
#define KIND(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STEP(name) CONCORDAT__STEP_KIND__##name

static const char check[] = "check.social_care.children.request";
static const char answer[] = "check.social_care.children.response";
static const char escalation[] = "risk.escalation.request";
static const char update[] = "safeguarding.update";

/* Numbers of messages. */
enum {
    QUESTION = 1,
    OFFER,
    FREE /* from here on */
};

static struct custody_told custody;

static struct case_desk *opened(const struct case_terms *terms)
{
    struct case_desk *c = terms ? case_desk_with(terms) : case_desk_new();

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK);
    return c;
}

static void done(struct case_desk *c, struct envelope e)
{
    (void)accepted(c, &e);
}

/* The case goes from the probation office to `to`, with the conversation of `first`. */
static void hand_over(struct case_desk *c, enum agency to, uint32_t first)
{
    struct envelope e = offer(c, OFFER, NPS_A, to, 1, 15, 9);

    name(&e, first);
    done(c, e);
    done(c, act(c, FREE, to, NPS_A, "case.transfer.accept", OFFER, 1, 15));
    e = act(c, FREE + 1, to, NPS_A, "case.transfer.complete", OFFER, 2, 0);
    e.custody.manifest.bytes[0] = 9;
    done(c, e);
}

/* How often clocks of the kind are told to the agency in `days` days. */
static size_t told_in(struct case_desk *c, int days, enum agency agency, Concordat__ClockKind kind)
{
    size_t count = 0;
    struct told t;

    for (int day = 0; day < days; day++) {
        case_desk_wait(c, DAY);
        for (size_t n = 0; told(c, agency, n, &t); n++)
            count += t.kind == TOLD_CLOCK && t.clock.kind == kind;
    }
    return count;
}

/* ---- who had the case before ---- */

static void a_former_holder_ends_nothing_of_the_new_one(void **)
{
    static const Concordat__StepKind steps[] = {STEP(DECLINED), STEP(ANSWERED), STEP(REJECTED)};
    static const struct case_terms terms = {.clauses = {{escalation, "    answer-within: 2d\n"}}};

    for (size_t i = 0; i < LENGTH(steps); i++) {
        OWNED(case_desk) c = opened(&terms);
        struct envelope question = letter(c, QUESTION, CRC_A, NPS_A, escalation);

        done(c, question);
        if (steps[i] != STEP(REJECTED))
            step(c, &question, STEP(DELIVERED));
        hand_over(c, CRC_B, QUESTION);
        step(c, &question, (int)steps[i]);
        assert_true(told_in(c, 5, CRC_A, KIND(ANSWER)) > 0);
        /* and it can still be answered */
        done(c, reply(c, FREE + 2, CRC_B, CRC_A, "risk.escalation.decision", QUESTION, 1));
    }
}

/* ---- a step is no answer ---- */

static void a_bare_step_is_no_answer(void **)
{
    static const struct case_terms terms = {.clauses = {{check, "    answer-within: 2d\n"}}};
    OWNED(case_desk) c = opened(&terms);
    struct envelope question = letter(c, QUESTION, NPS_A, CSC_A, check);

    done(c, question);
    step(c, &question, STEP(DELIVERED));
    step(c, &question, STEP(ANSWERED));
    assert_true(told_in(c, 5, NPS_A, KIND(ANSWER)) > 0);
}

static void an_answer_and_its_step_are_enough(void **)
{
    static const struct case_terms terms = {.clauses = {{check, "    answer-within: 2d\n"}}};
    OWNED(case_desk) c = opened(&terms);
    struct envelope question = letter(c, QUESTION, NPS_A, CSC_A, check);
    struct envelope said = reply(c, FREE, CSC_A, NPS_A, answer, QUESTION, 1);

    done(c, question);
    step(c, &question, STEP(DELIVERED));
    done(c, said);
    step(c, &question, STEP(ANSWERED));
    step(c, &said, STEP(DELIVERED));
    assert_int_equal(told_in(c, 5, NPS_A, KIND(ANSWER)), 0);
}

/* ---- what is expected ---- */

static const struct case_terms expecting = {.expectations = "expectations:\n"
                                                            "  - id: updated\n"
                                                            "    after: risk.escalation.request\n"
                                                            "    expect: safeguarding.update\n"
                                                            "    within: 1d\n"
                                                            "    tell: Team manager\n"};

/* One clock waits for both causes: it goes on for the second when the first is undone. */
static void another_cause_of_it_remains(void **)
{
    OWNED(case_desk) c = opened(&expecting);
    struct envelope first = letter(c, QUESTION, CRC_A, NPS_A, escalation);

    done(c, first);
    done(c, letter(c, FREE, CRC_A, NPS_A, escalation));
    step(c, &first, STEP(REJECTED));
    assert_true(told_in(c, 5, NPS_A, KIND(EXPECTED)) > 0);
}

static void its_only_cause_was_rejected(void **)
{
    OWNED(case_desk) c = opened(&expecting);
    struct envelope only = letter(c, QUESTION, CRC_A, NPS_A, escalation);

    done(c, only);
    step(c, &only, STEP(REJECTED));
    assert_int_equal(told_in(c, 5, NPS_A, KIND(EXPECTED)), 0);
}

static void what_could_not_be_opened_was_not_said(void **)
{
    for (int rejected = 0; rejected < 2; rejected++)
        for (int restarts = 0; restarts < 2; restarts++) {
            OWNED(case_desk) c = opened(&expecting);
            struct envelope said;

            done(c, letter(c, QUESTION, CRC_A, NPS_A, escalation));
            said = letter(c, FREE, NPS_A, CSC_A, update);
            done(c, said);
            if (restarts)
                case_desk_restart(c);
            step(c, &said, (int)(rejected ? STEP(REJECTED) : STEP(DELIVERED)));
            if (restarts)
                case_desk_restart(c);
            assert_int_equal(told_in(c, 5, NPS_A, KIND(EXPECTED)) > 0, rejected);
        }
}

/* ---- what is to be passed on ---- */

static void nothing_came_that_could_be_passed_on(void **)
{
    OWNED(case_desk) c = opened(NULL);
    struct envelope said;

    done(c, letter(c, QUESTION, NPS_A, CSC_A, check));
    hand_over(c, CRC_A, QUESTION);
    said = reply(c, FREE + 2, CSC_A, NPS_A, answer, QUESTION, 1);
    done(c, said);
    step(c, &said, STEP(REJECTED));
    assert_int_equal(told_in(c, 5, NPS_A, KIND(FORWARD)), 0);
}

static void what_came_is_to_be_passed_on(void **)
{
    OWNED(case_desk) c = opened(NULL);
    struct envelope said;

    done(c, letter(c, QUESTION, NPS_A, CSC_A, check));
    hand_over(c, CRC_A, QUESTION);
    said = reply(c, FREE + 2, CSC_A, NPS_A, answer, QUESTION, 1);
    done(c, said);
    step(c, &said, STEP(DELIVERED));
    assert_true(told_in(c, 5, NPS_A, KIND(FORWARD)) > 0);
}

/* ---- a conversation is of one case ---- */

static void another_case_has_no_part_in_it(void **)
{
    OWNED(case_desk) c = opened(NULL);
    struct envelope said;

    done(c, letter(c, QUESTION, NPS_A, CSC_A, check));
    said = reply(c, FREE, CSC_A, NPS_A, answer, QUESTION, 1);
    said.case_handle.bytes[1] ^= 1;
    assert_int_equal(send(c, &said), CODE(CONVERSATION_UNKNOWN));
}

/* A transfer has a conversation of its own, in which alone it is offered again. */
static void another_transfer_is_not_offered_in_it(void **)
{
    OWNED(case_desk) c = opened(NULL);
    struct envelope e;

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, 15, 9));
    e = act(c, FREE, NPS_A, CRC_A, "case.transfer.withdraw", OFFER, 2, 0);
    done(c, e);
    e = offer(c, FREE + 1, NPS_A, CRC_A, 2, 15, 9);
    e.conversation_id = id_of(OFFER);
    e.sequence = 3;
    e.custody.transfer_id.bytes[0] ^= 1;
    assert_int_equal(send(c, &e), CODE(CONVERSATION_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_former_holder_ends_nothing_of_the_new_one),
        cmocka_unit_test(a_bare_step_is_no_answer),
        cmocka_unit_test(an_answer_and_its_step_are_enough),
        cmocka_unit_test(another_cause_of_it_remains),
        cmocka_unit_test(its_only_cause_was_rejected),
        cmocka_unit_test(what_could_not_be_opened_was_not_said),
        cmocka_unit_test(nothing_came_that_could_be_passed_on),
        cmocka_unit_test(what_came_is_to_be_passed_on),
        cmocka_unit_test(another_case_has_no_part_in_it),
        cmocka_unit_test(another_transfer_is_not_offered_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
