/* Claims and questions about a case, and what a message is in its case: what a session makes of
 * them. */
#include "tests/unit/opened_guest.h"

#include <stdlib.h>
#include <string.h>

#include "proto/told.h"

static void spoil_claimant(struct claim *claim)
{
    strcpy(claim->agency, "csc.a");
}

static void spoil_claim_ahead(struct claim *claim)
{
    claim->at_ms = GUEST_NOW_MS + CREATED_AHEAD_MS + 1;
}

static void spoil_claim_old(struct claim *claim)
{
    claim->at_ms = GUEST_NOW_MS - INT64_C(86400000) * CREATED_PAST_DAYS - 1;
}

/* It names no version of the case. */
static void spoil_claim_close(struct claim *claim)
{
    claim->kind = CONCORDAT__CLAIM_KIND__CLAIM_CLOSE;
}

/* The one command of the turn, in `kept`. */
static const struct command_case *given_case(struct guest *guest, uint8_t **kept)
{
    size_t size;

    assert_int_equal(guest->turn.count, 1);
    *kept = turn_give(&guest->turn, &size);
    assert_non_null(*kept);
    struct turn_walk walk = turn_walk_of(*kept, size);
    const struct command *command = turn_next(&walk);
    assert_int_equal(command->kind, COMMAND_CASE);
    return (const void *)command;
}

static void a_claim_is_its_agencys_own_and_of_now(void **)
{
    static const struct {
        void (*spoil)(struct claim *claim);
        Concordat__RefusalCode code;
    } spoilt[] = {
        {spoil_claimant, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE},
        {spoil_claim_ahead, CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE},
        {spoil_claim_old, CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE},
        {spoil_claim_close, CONCORDAT__REFUSAL_CODE__HEADER_INVALID},
    };
    struct guest guest;
    uint8_t *kept;

    (void)heard(open_guest(&guest));
    for (size_t i = 0; i < LENGTH(spoilt); i++) {
        size_t size = guest_claim(&guest, spoilt[i].spoil, frame, sizeof frame);
        assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
        struct wire wire = heard(&guest);
        assert_int_equal(wire.kind, WIRE_CASE);
        assert_true(wire.case_frame.answered);
        assert_int_equal(wire.case_frame.request, 9);
        assert_int_equal(wire.case_frame.code, spoilt[i].code);
        assert_int_equal(guest.turn.count, 0);
        assert_string_equal(guest.alarm, "claim_refused");
    }
    size_t size = guest_claim(&guest, NULL, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    const struct command_case *given = given_case(&guest, &kept);
    assert_true(given->is_claim);
    assert_int_equal(given->request, 9);
    assert_int_equal(given->handle.bytes[0], 5);
    assert_int_equal(given->claim.kind, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
    assert_true(given->head.charge >= TOLD_MAX); /* what the answer may bring */
    /* As it was signed: the exchange keeps it. */
    assert_true(given->bytes_size > 0);
    assert_non_null(memmem(frame, size, given->bytes, given->bytes_size));
    assert_non_null(memmem(frame, size, given->signature, SIGNATURE_SIZE));
    assert_non_null(memmem(frame, size, given->signer.bytes, DIGEST_SIZE));
    free(kept);
    guest_stop(&guest);
}

static void no_flipped_bit_of_a_claim_passes(void **)
{
    struct guest guest;
    struct wire wire;

    guest_start(&guest);
    size_t size = guest_claim(&guest, NULL, frame, sizeof frame);
    guest_stop(&guest);
    for (size_t at = FRAME_PREFIX; at < size; at++) {
        (void)heard(open_guest(&guest));
        frame[at] ^= 0x10;
        (void)guest_feed(&guest, frame, size);
        frame[at] ^= 0x10;
        size_t said = 0;
        if (guest.turn.count > 0) { /* the request's number is not signed: it is the agent's own */
            assert_int_equal(frame[at - 1], 0x08);
            assert_int_equal(at, FRAME_PREFIX + 4);
        } else if (guest_said(&guest, &said, &wire)) {
            assert_true(
                wire.kind == WIRE_REFUSE
                || (wire.kind == WIRE_CASE
                    && (wire.case_frame.code == CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE
                        || wire.case_frame.code == CONCORDAT__REFUSAL_CODE__HEADER_INVALID)));
        }
        guest_stop(&guest);
    }
}

static void who_holds_a_case_is_a_command_and_an_answer_from_an_agent_is_none(void **)
{
    static const uint8_t handle[ID_SIZE] = {6};
    struct wire wire = {.kind = WIRE_CASE};
    struct guest guest;
    uint8_t *kept;

    (void)heard(open_guest(&guest));
    wire.case_frame.request = 3;
    wire.case_frame.ask = (struct bytes){handle, ID_SIZE};
    size_t size = guest_frame(&wire, (struct bytes){NULL, 0}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    const struct command_case *given = given_case(&guest, &kept);
    assert_false(given->is_claim);
    assert_int_equal(given->request, 3);
    assert_memory_equal(given->handle.bytes, handle, ID_SIZE);
    free(kept);

    wire = (struct wire){.kind = WIRE_CASE};
    wire.case_frame.answered = true;
    size = guest_frame(&wire, (struct bytes){NULL, 0}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    assert_int_equal(heard(&guest).kind, WIRE_REFUSE);
    guest_stop(&guest);
}

static void spoil_into_offer(struct envelope *e)
{
    strcpy(e->type, "case.transfer.offer");
    e->urgency = CONCORDAT__URGENCY__SAME_DAY;
    e->case_handle = (struct id){{8}};
    e->in_reply_to = (struct id){{9}};
    e->sequence = 4;
    e->needed_by_ms = GUEST_NOW_MS + 1;
    e->custody = (struct custody_claim){.transfer_id = {{7}},
                                        .case_version = 3,
                                        .component_count = 2,
                                        .components = 3,
                                        .manifest = {{1}},
                                        .reply_by_ms = GUEST_NOW_MS + 2,
                                        .conversation_count = 2,
                                        .conversations = {{{1}}, {{2}}}};
}

/* The command of a submission, to be freed. */
static struct command_submit *submitted(void (*change)(struct envelope *e), size_t *size)
{
    struct guest guest;
    size_t given;

    (void)heard(open_guest(&guest));
    *size = guest_submit(&guest, 1, 900, change, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, *size), ST_MORE);
    uint8_t *data = turn_give(&guest.turn, &given);
    struct turn_walk walk = turn_walk_of(data, given);
    struct command *command = turn_next(&walk);
    assert_non_null(command);
    assert_int_equal(command->kind, COMMAND_SUBMIT);
    struct command_submit *copy = malloc(command->size);
    memcpy(copy, command, command->size);
    *size = command->size;
    free(data);
    guest_stop(&guest);
    return copy;
}

static void a_command_says_what_the_message_is_in_its_case(void **)
{
    size_t size, plain;
    struct command_submit *submit = submitted(NULL, &plain);

    assert_true(id_is_zero(&submit->custody.transfer_id));
    assert_int_equal(submit->custody.conversation_count, 0);
    assert_true(plain < sizeof *submit); /* room for conversations is given when there are some */
    free(submit);
    submit = submitted(spoil_into_offer, &size);
    assert_int_equal(submit->case_handle.bytes[0], 8);
    assert_int_equal(submit->in_reply_to.bytes[0], 9);
    assert_true(submit->in_reply);
    assert_int_equal(submit->sequence, 4);
    assert_int_equal(submit->needed_by_ms, GUEST_NOW_MS + 1);
    assert_int_equal(submit->custody.transfer_id.bytes[0], 7);
    assert_int_equal(submit->custody.case_version, 3);
    assert_int_equal(submit->custody.component_count, 2);
    assert_int_equal(submit->custody.components, 3);
    assert_int_equal(submit->custody.manifest.bytes[0], 1);
    assert_int_equal(submit->custody.reply_by_ms, GUEST_NOW_MS + 2);
    assert_int_equal(submit->custody.conversation_count, 2);
    assert_int_equal(submit->custody.conversations[1].bytes[0], 2);
    assert_string_equal((const char *)submit + submit->type, "case.transfer.offer");
    assert_string_equal((const char *)submit + submit->recipient, "csc.a");
    free(submit);
}

int session_case_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_is_its_agencys_own_and_of_now),
        cmocka_unit_test(no_flipped_bit_of_a_claim_passes),
        cmocka_unit_test(who_holds_a_case_is_a_command_and_an_answer_from_an_agent_is_none),
        cmocka_unit_test(a_command_says_what_the_message_is_in_its_case),
    };
    return cmocka_run_group_tests_name("session: cases", tests, NULL, NULL);
}
