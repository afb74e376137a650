/* A session takes each frame in its place, refuses what its agency cannot have said, and stops
 * reading while it is over its credit. What it makes of cases and instruments, and what it says of
 * its own, have files of their own beside this one. */
#include "tests/unit/opened_guest.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/mint.h"

static void hello_is_answered_by_welcome(void **)
{
    struct guest guest;
    struct wire wire = heard(open_guest(&guest));

    assert_int_equal(wire.kind, WIRE_WELCOME);
    assert_string_equal(wire.welcome.broker, "broker");
    assert_int_equal(wire.welcome.credit, SUBMIT_CREDIT);
    assert_int_equal(wire.welcome.now_ms, GUEST_NOW_MS);
    guest_stop(&guest);
}

static void any_split_of_the_bytes_is_the_same(void **)
{
    struct guest guest;
    unsigned count, kinds;

    (void)heard(open_guest(&guest));
    size_t size = guest_submit(&guest, 1, 400, NULL, frame, sizeof frame);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(guest_feed(&guest, frame + i, 1), ST_MORE);
    assert_int_equal(guest_answer(&guest, &count, &kinds), ST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(kinds, 1u << COMMAND_SUBMIT);
    assert_int_equal(heard(&guest).kind, WIRE_RECEIPT);
    guest_stop(&guest);
}

/* Feeds a hello with one thing wrong; the word of the refusal. */
static void refused_hello(void (*spoil)(struct wire *hello), const char *code)
{
    static const uint8_t der[] = "certificate of nps.b";
    struct wire wire = {.kind = WIRE_HELLO};
    struct guest guest;

    guest_start(&guest);
    wire.hello.version = 1;
    wire.hello.community = (struct bytes){guest.rules.community, DIGEST_SIZE};
    wire.hello.signing_certificate = (struct bytes){der, sizeof der};
    spoil(&wire);
    size_t size = guest_frame(&wire, (struct bytes){NULL, 0}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    wire = heard(&guest);
    assert_int_equal(wire.kind, WIRE_REFUSE);
    assert_string_equal(wire.refuse.code, code);
    assert_int_equal(guest.alarms, 1);
    assert_int_equal(guest.turn.count, 0);
    guest_stop(&guest);
}

static void spoil_version(struct wire *hello)
{
    hello->hello.version = 2;
}

static void spoil_community(struct wire *hello)
{
    static const uint8_t other[DIGEST_SIZE] = {9};

    hello->hello.community = (struct bytes){other, DIGEST_SIZE};
}

static void spoil_nothing(struct wire *)
{
    /* the certificate is another's already */
}

static void a_wrong_hello_is_refused_with_a_word(void **)
{
    refused_hello(spoil_version, "version");
    refused_hello(spoil_community, "community");
    refused_hello(spoil_nothing, "certificate");
}

static void frames_out_of_place_end_the_session(void **)
{
    struct wire ping = {.kind = WIRE_PING};
    struct guest guest;

    guest_start(&guest); /* a ping before hello */
    size_t size = guest_frame(&ping, (struct bytes){NULL, 0}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    assert_int_equal(heard(&guest).kind, WIRE_REFUSE);
    guest_stop(&guest);

    (void)heard(open_guest(&guest)); /* a second hello */
    size = guest_hello(frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    assert_int_equal(heard(&guest).kind, WIRE_REFUSE);
    guest_stop(&guest);

    (void)heard(open_guest(&guest)); /* a body where none belongs */
    size = guest_frame(&ping, (struct bytes){(const uint8_t *)"x", 1}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    assert_int_equal(heard(&guest).kind, WIRE_REFUSE);
    assert_string_equal(guest.alarm, "frame_refused");
    guest_stop(&guest);
}

static void before_hello_little_is_held(void **)
{
    static const uint8_t prefix[] = {0, 0, 0x10, 1, 0, 0, 0, 0};
    struct guest guest;

    guest_start(&guest);
    assert_int_equal(guest_feed(&guest, prefix, sizeof prefix), ST_CLOSED);
    guest_stop(&guest);
}

static void spoil_sender(struct envelope *e)
{
    strcpy(e->sender, "nps.b");
}

static void spoil_size(struct envelope *e)
{
    e->sections[0].sealed_size++;
}

static void spoil_hash(struct envelope *e)
{
    e->sections[1].sealed_sha256.bytes[5] ^= 1;
}

static void spoil_deadline(struct envelope *e)
{
    e->needed_by_ms = e->created_ms + (DEADLINE_AHEAD_DAYS + 1) * INT64_C(86400000);
}

static void what_its_agency_cannot_have_said_is_refused(void **)
{
    static const struct {
        void (*change)(struct envelope *e);
        Concordat__RefusalCode code;
    } cases[] = {
        {spoil_sender, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE},
        {spoil_size, CONCORDAT__REFUSAL_CODE__HEADER_INVALID},
        {spoil_hash, CONCORDAT__REFUSAL_CODE__HEADER_INVALID},
        {spoil_deadline, CONCORDAT__REFUSAL_CODE__HEADER_INVALID},
    };
    struct guest guest;

    (void)heard(open_guest(&guest));
    for (size_t i = 0; i < LENGTH(cases); i++) {
        size_t size = guest_submit(&guest, 1, 400, cases[i].change, frame, sizeof frame);
        assert_int_equal(guest_feed(&guest, frame, size), ST_MORE); /* it goes on */
        struct wire wire = heard(&guest);
        assert_int_equal(wire.kind, WIRE_REFUSAL);
        assert_int_equal(wire.refusal.refusal.code, cases[i].code);
        assert_false(id_is_zero(&wire.refusal.refusal.message_id));
        assert_int_equal(guest.turn.count, 0);
        assert_int_equal(guest.alarms, i + 1);
    }
    guest_stop(&guest);
}

static void a_flipped_bit_of_header_or_proof_never_passes(void **)
{
    struct guest guest;
    static uint8_t bad[4096];
    size_t size, head;

    (void)heard(open_guest(&guest));
    size = guest_submit(&guest, 1, 400, NULL, frame, sizeof frame);
    head = size - 400;
    for (size_t i = FRAME_PREFIX; i < head; i++) {
        memcpy(bad, frame, size);
        bad[i] ^= (uint8_t)(1u << (i % 8));
        enum status status = guest_feed(&guest, bad, size);
        assert_int_equal(guest.turn.count, 0);
        session_sent(guest.session);
        if (status == ST_MORE)
            continue;
        guest_stop(&guest);
        (void)heard(open_guest(&guest));
    }
    guest_stop(&guest);
}

static void a_step_of_another_is_not_taken(void **)
{
    struct guest guest;
    unsigned kinds;

    (void)heard(open_guest(&guest));
    size_t size = guest_step(&guest, 5, "csc.a", frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest.turn.count, 0);
    assert_string_equal(guest.alarm, "step_refused");
    size = guest_step(&guest, 6, "nps.a", frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest_answer(&guest, NULL, &kinds), ST_OK);
    assert_int_equal(kinds, 1u << COMMAND_STEP);
    struct wire wire = heard(&guest);
    assert_int_equal(wire.kind, WIRE_SETTLE);
    assert_int_equal(wire.settle.count, 1);
    assert_int_equal(wire.settle.sequences[0], 6);
    guest_stop(&guest);
}

static void a_key_of_another_is_not_published(void **)
{
    struct guest guest;
    unsigned kinds;

    (void)heard(open_guest(&guest));
    size_t size = guest_publish(&guest, "csc.a", frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    struct wire wire = heard(&guest);
    assert_int_equal(wire.kind, WIRE_DIRECTORY);
    assert_int_equal(wire.directory.request, 9);
    assert_int_equal(wire.directory.entry_count, 0);
    assert_int_equal(guest.turn.count, 0);
    size = guest_publish(&guest, "nps.a", frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest_answer(&guest, NULL, &kinds), ST_OK);
    assert_int_equal(kinds, 1u << COMMAND_PUBLISH);
    guest_stop(&guest);
}

static void over_its_credit_it_is_not_read(void **)
{
    struct guest guest;
    unsigned count, taken = 0;

    (void)heard(open_guest(&guest));
    size_t size = guest_submit(&guest, 1, 400, NULL, frame, sizeof frame);
    while (guest_feed(&guest, frame, size) == ST_MORE)
        taken++;
    assert_int_equal(taken + 1, SUBMIT_CREDIT);
    assert_int_equal(guest_answer(&guest, &count, NULL), ST_OK);
    assert_int_equal(count, SUBMIT_CREDIT);
    assert_int_equal(session_run(guest.session, GUEST_NOW_MS), ST_MORE); /* read again */
    guest_stop(&guest);
}

static void credit_counts_bytes_too(void **)
{
    struct guest guest;
    size_t taken = 0;

    (void)heard(open_guest(&guest));
    size_t size = guest_submit(&guest, 1, BODY_MAX, NULL, frame, sizeof frame);
    while (guest_feed(&guest, frame, size) == ST_MORE)
        taken += size;
    assert_true(taken < SUBMIT_CREDIT_SIZE && taken + size >= SUBMIT_CREDIT_SIZE);
    guest_stop(&guest);
}

static void settlements_of_a_turn_are_one_frame(void **)
{
    struct guest guest;

    (void)heard(open_guest(&guest));
    for (uint64_t i = 1; i <= 100; i++) {
        size_t size = guest_step(&guest, i, "nps.a", frame, sizeof frame);
        assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    }
    assert_int_equal(guest_answer(&guest, NULL, NULL), ST_OK);
    assert_int_equal(heard(&guest).settle.count, 100);
    guest_stop(&guest);
}

static void pings_are_answered_and_byes_end(void **)
{
    struct wire wire = {.kind = WIRE_PING};
    struct guest guest;

    (void)heard(open_guest(&guest));
    wire.ping.token = 77;
    size_t size = guest_frame(&wire, (struct bytes){NULL, 0}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    wire = heard(&guest);
    assert_int_equal(wire.ping.token, 77);
    assert_true(wire.ping.answer);
    wire = (struct wire){.kind = WIRE_BYE};
    wire.bye.why = "";
    size = guest_frame(&wire, (struct bytes){NULL, 0}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    assert_int_equal(session_out(guest.session).size, 0);
    assert_int_equal(session_gone(guest.session), ST_OK);
    assert_int_equal(guest.turn.count, 1); /* the exchange is told */
    guest_stop(&guest);
}

static enum status check_says; /* what every certificate is told */

static enum status check_again(void *, struct bytes, struct identity *, EVP_PKEY **,
                               struct reason *why)
{
    reason_set(why, "as the test says");
    return check_says;
}

/* Is its recipient lost, by what the end of the session says to the exchange? */
static bool goes_lost(struct guest *guest)
{
    size_t size;

    assert_int_equal(session_gone(guest->session), ST_OK);
    uint8_t *turn = turn_give(&guest->turn, &size);
    struct turn_walk walk = turn_walk_of(turn, size);
    bool lost = false;
    for (struct command *c; (c = turn_next(&walk));) {
        const void *whole = c;
        assert_int_equal(c->kind, COMMAND_GONE);
        lost = ((const struct command_gone *)whole)->lost;
    }
    free(turn);
    return lost;
}

static bool is_lost_after(enum status says)
{
    struct reason why = {""};
    struct guest guest;

    (void)heard(open_guest(&guest));
    guest.rules.check = check_again;
    check_says = says;
    assert_int_equal(session_recheck(guest.session, &why), says);
    bool lost = goes_lost(&guest);
    guest_stop(&guest);
    return lost;
}

/* Memory that is out says nothing about a certificate. */
static void only_a_certificate_that_does_not_hold_is_dropped(void **)
{
    struct reason why = {""};
    struct guest guest;

    assert_true(is_lost_after(ST_FORGED));
    assert_false(is_lost_after(ST_NOMEM));

    (void)heard(open_guest(&guest));
    signer_check *check = guest.rules.check;
    guest.rules.check = check_again;
    check_says = ST_NOMEM;
    assert_int_equal(session_recheck(guest.session, &why), ST_NOMEM);
    guest.rules.check = check;
    assert_int_equal(session_recheck(guest.session, &why), ST_OK); /* it is still there */
    size_t size = guest_submit(&guest, 1, 400, NULL, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest.alarms, 0);
    guest_stop(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_certificate_that_does_not_hold_is_dropped),
        cmocka_unit_test(hello_is_answered_by_welcome),
        cmocka_unit_test(any_split_of_the_bytes_is_the_same),
        cmocka_unit_test(a_wrong_hello_is_refused_with_a_word),
        cmocka_unit_test(frames_out_of_place_end_the_session),
        cmocka_unit_test(before_hello_little_is_held),
        cmocka_unit_test(what_its_agency_cannot_have_said_is_refused),
        cmocka_unit_test(a_flipped_bit_of_header_or_proof_never_passes),
        cmocka_unit_test(a_step_of_another_is_not_taken),
        cmocka_unit_test(a_key_of_another_is_not_published),
        cmocka_unit_test(over_its_credit_it_is_not_read),
        cmocka_unit_test(credit_counts_bytes_too),
        cmocka_unit_test(settlements_of_a_turn_are_one_frame),
        cmocka_unit_test(pings_are_answered_and_byes_end),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL) + session_case_tests()
         + session_told_tests() + session_instrument_tests();
}
