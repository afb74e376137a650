/* What became of a former holder's message: told to who has its conversation since. */
#include "tests/unit/case_desk.h"

#include <string.h>

#define OK CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
#define STEP(name) CONCORDAT__STEP_KIND__##name
#define KIND(name) CONCORDAT__CLOCK_KIND__CLOCK_##name

/* Numbers of messages. */
enum {
    REFERRAL = 1,
    CHECK,
    OFFER,
    FREE = 10 /* from here on */
};

static const char *const types[] = {
    [REFERRAL] = "safeguarding.referral.child", [CHECK] = "check.social_care.children.request"};

static void done(struct case_desk *c, struct envelope e)
{
    (void)accepted(c, &e);
}

static struct envelope first(const struct case_desk *c, uint32_t n)
{
    return letter(c, n, NPS_A, CSC_A, types[n]);
}

/* A case of the probation office with a referral and a check, both open. */
static struct case_desk *referred(void)
{
    struct case_desk *c = case_desk_new();
    struct custody_told custody;

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK);
    done(c, first(c, REFERRAL));
    done(c, first(c, CHECK));
    return c;
}

static void hand_over(struct case_desk *c, enum agency from, enum agency to, uint32_t n,
                      uint64_t version)
{
    struct envelope e = offer(c, n, from, to, version, 15, 9);

    name(&e, REFERRAL);
    name(&e, CHECK);
    done(c, e);
    done(c, act(c, n + 1, to, from, "case.transfer.accept", n, 1, 15));
    e = act(c, n + 2, to, from, "case.transfer.complete", n, 2, 0);
    e.custody.manifest.bytes[0] = 9;
    done(c, e);
}

/* Once, in the batch of the step, and nobody else is told anything. */
static void assert_over_told(const struct case_desk *c, enum agency to, uint32_t of,
                             Concordat__ClockKind how)
{
    const struct id id = id_of(of);
    struct told read;

    assert_int_equal(told_count(c), 1);
    assert_true(told(c, to, 0, &read));
    assert_int_equal(read.kind, TOLD_CLOCK);
    assert_int_equal(read.clock.kind, how);
    assert_int_equal(read.clock.stage, CONCORDAT__CLOCK_STAGE__STAGE_BREACHED);
    assert_true(id_equal(&read.clock.conversation_id, &id));
    assert_true(id_equal(&read.clock.message_id, &id));
    assert_true(id_equal(&read.clock.case_handle, &c->handle));
    assert_string_equal(read.clock.type, types[of]);
    assert_string_equal(read.clock.owed_by, agency_names[CSC_A]);
    assert_string_equal(read.clock.owed_to, agency_names[to]);
}

static void the_holder_is_told_what_is_declined(void **)
{
    for (int restarted = 0; restarted < 2; restarted++)
        for (uint32_t of = REFERRAL; of <= CHECK; of++) {
            OWNED(case_desk) c = referred();
            const struct envelope e = first(c, of);

            hand_over(c, NPS_A, CRC_A, OFFER, 1);
            if (restarted)
                case_desk_restart(c);
            step(c, &e, STEP(DELIVERED));
            assert_int_equal(told_count(c), 0);
            step(c, &e, STEP(DECLINED));
            assert_over_told(c, CRC_A, of, KIND(DECLINED));
            case_desk_restart(c);
            case_desk_wait(c, 1);
            assert_int_equal(told_count(c), 0);
        }
}

static void the_holder_is_told_what_is_rejected(void **)
{
    OWNED(case_desk) c = referred();
    const struct envelope e = first(c, REFERRAL);

    hand_over(c, NPS_A, CRC_A, OFFER, 1);
    step(c, &e, STEP(REJECTED));
    assert_over_told(c, CRC_A, REFERRAL, KIND(REJECTED));
}

/* It hears nothing of what else is done with it: that is the sender's evidence. */
static void other_steps_are_told_to_nobody(void **)
{
    OWNED(case_desk) c = referred();
    const struct envelope e = first(c, REFERRAL);

    hand_over(c, NPS_A, CRC_A, OFFER, 1);
    step(c, &e, STEP(DELIVERED));
    step(c, &e, STEP(OPENED));
    assert_int_equal(told_count(c), 0);
    step(c, &e, STEP(ACKNOWLEDGED));
    assert_int_equal(told_count(c), 0);
}

static void who_has_the_evidence_is_not_told_besides(void **)
{
    OWNED(case_desk) c = referred();
    const struct envelope e = first(c, REFERRAL), f = first(c, CHECK);

    step(c, &e, STEP(REJECTED));
    assert_int_equal(told_count(c), 0);
    hand_over(c, NPS_A, CRC_A, OFFER, 1);
    hand_over(c, CRC_A, NPS_A, FREE, 3);
    step(c, &f, STEP(REJECTED));
    assert_int_equal(told_count(c), 0);
}

/* Whoever has handed the case on hears nothing of what is the next one's. */
static void the_last_holder_alone_is_told(void **)
{
    OWNED(case_desk) c = referred();
    const struct envelope e = first(c, CHECK);

    hand_over(c, NPS_A, CRC_A, OFFER, 1);
    hand_over(c, CRC_A, NPS_A, FREE, 3);
    hand_over(c, NPS_A, CRC_B, FREE + 3, 5);
    step(c, &e, STEP(REJECTED));
    assert_over_told(c, CRC_B, CHECK, KIND(REJECTED));
}

static void what_had_ended_is_not_told(void **)
{
    OWNED(case_desk) c = referred();
    const struct envelope e = first(c, REFERRAL);
    struct envelope close = reply(c, FREE, NPS_A, CSC_A, "safeguarding.close", REFERRAL, 2);

    done(c, close);
    step(c, &close, STEP(DELIVERED));
    hand_over(c, NPS_A, CRC_A, OFFER, 1);
    step(c, &e, STEP(REJECTED));
    assert_int_equal(told_count(c), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_holder_is_told_what_is_declined),
        cmocka_unit_test(the_holder_is_told_what_is_rejected),
        cmocka_unit_test(other_steps_are_told_to_nobody),
        cmocka_unit_test(who_has_the_evidence_is_not_told_besides),
        cmocka_unit_test(the_last_holder_alone_is_told),
        cmocka_unit_test(what_had_ended_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
