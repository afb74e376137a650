/* Instruments that come over a session: whose signature counts, and what never passes. */
#include "tests/unit/opened_guest.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/instrument.h"
#include "tests/unit/mint.h"

static void an_instrument_that_is_none_is_answered_and_ends_nothing(void **)
{
    static const uint8_t junk[] = {10, 2, 8, 1};
    struct wire wire = {.kind = WIRE_GAZETTE};
    struct guest guest;

    (void)heard(open_guest(&guest));
    wire.gazette.request = 6;
    wire.gazette.instrument = (struct bytes){junk, sizeof junk};
    size_t size = guest_frame(&wire, (struct bytes){NULL, 0}, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest.turn.count, 0);
    assert_string_equal(guest.alarm, "instrument_refused");
    wire = heard(&guest);
    assert_int_equal(wire.kind, WIRE_GAZETTE);
    assert_int_equal(wire.gazette.request, 6);
    assert_false(wire.gazette.published);
    assert_true(strlen(wire.gazette.why) > 0);
    guest_stop(&guest);
}

#define OURS "2.25.146622499544378802514740566792507863618"

static bool revoked;          /* what the trust says of the governance certificate, */
static struct digest trusted; /* which is this one */

static enum status check_governance(void *, struct bytes der, struct identity *, EVP_PKEY **,
                                    struct reason *why)
{
    struct digest digest = sha256(der.data, der.size);

    reason_set(why, "revoked, or another");
    return revoked || !digest_equal(&digest, &trusted) ? ST_FORGED : ST_OK;
}

/* An instrument of csc.a: who brings it need not be who signs. */
static struct instrument csc_instrument(Concordat__Act act)
{
    struct instrument i = {.act = act,
                           .agency = "csc.a",
                           .agreement_id = "ISA-TEST",
                           .agreement_version = 1,
                           .agreement_hash.bytes = {1},
                           .signed_ms = GUEST_NOW_MS};

    if (act == CONCORDAT__ACT__PROPOSE) {
        i.proposal_id.bytes[0] = 2;
        i.proposal_expires_ms = GUEST_NOW_MS + 1000;
    } else if (act == CONCORDAT__ACT__AUTHORISE) {
        i.message_id.bytes[0] = 2;
        strcpy(i.counterpart, "nps.a");
        strcpy(i.clause, "risk");
        strcpy(i.officer, "duty-1");
    }
    return i;
}

static const uint8_t text[] = "agreement: ISA-TEST\n";
static const struct bytes no_text = {NULL, 0}, some_text = {text, sizeof text - 1};

/* Signed by a fresh governance key for the guest's community, or another. */
static size_t sign_instrument(const struct guest *guest, Concordat__Act act, bool elsewhere,
                              uint8_t out[static SIGNED_INSTRUMENT_MAX])
{
    OWNED(mint) mint = mint_new();
    const bool is_officer = act == CONCORDAT__ACT__AUTHORISE;
    const struct mint_leaf papers = {.key = "P-256",
                                     .name = is_officer ? "URI:urn:concordat:officer:csc.a:duty-1"
                                                        : "URI:urn:concordat:agency:csc.a",
                                     .constraints = "critical,CA:FALSE",
                                     .usage = "critical,digitalSignature,nonRepudiation",
                                     .purpose = is_officer ? OURS ".4" : OURS ".2"};
    struct minted leaf = mint_leaf(mint, &papers);
    const struct instrument instrument = csc_instrument(act);
    uint8_t *der = NULL;
    struct reason why = {""};
    struct digest community;
    size_t size;

    memcpy(community.bytes, guest->rules.community, DIGEST_SIZE);
    community.bytes[0] ^= elsewhere;
    int der_size = i2d_X509(leaf.certificate, &der);
    assert_true(der_size > 0);
    trusted = sha256(der, (size_t)der_size);
    if (instrument_sign(&instrument, leaf.key, (struct bytes){der, (size_t)der_size}, &community,
                        out, SIGNED_INSTRUMENT_MAX, &size, &why)
        != ST_OK)
        fail_msg("%s", why.text);
    OPENSSL_free(der);
    return size;
}

static size_t instrument_frame(struct bytes instrument, struct bytes body, uint8_t *out,
                               size_t room)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.request = 6;
    wire.gazette.instrument = instrument;
    return guest_frame(&wire, body, out, room);
}

static size_t signed_frame(const struct guest *guest, Concordat__Act act, struct bytes body,
                           bool elsewhere, uint8_t *out, size_t room)
{
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    size_t size = sign_instrument(guest, act, elsewhere, bytes);

    return instrument_frame((struct bytes){bytes, size}, body, out, room);
}

static struct guest *trusting_guest(struct guest *guest)
{
    revoked = false;
    (void)heard(open_guest(guest));
    guest->rules.check_governance = check_governance;
    return guest;
}

static void an_instrument_becomes_a_command_whoever_brings_it(void **)
{
    struct guest guest;
    struct command_gazette *given;
    size_t turn_size;

    (void)trusting_guest(&guest);
    size_t size =
        signed_frame(&guest, CONCORDAT__ACT__PROPOSE, some_text, false, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest.turn.count, 1);
    uint8_t *data = turn_give(&guest.turn, &turn_size);
    struct turn_walk walk = turn_walk_of(data, turn_size);
    given = (struct command_gazette *)(void *)turn_next(&walk);
    assert_int_equal(given->head.kind, COMMAND_GAZETTE);
    assert_int_equal(given->request, 6);
    assert_string_equal(given->instrument.agency, "csc.a");
    assert_int_equal(given->instrument.act, CONCORDAT__ACT__PROPOSE);
    assert_int_equal(given->text_size, some_text.size);
    assert_memory_equal(given->bytes + given->signed_size, some_text.data, some_text.size);
    assert_true(given->head.charge >= given->signed_size + given->text_size);
    assert_int_equal(session_out(guest.session).size, 0); /* the exchange answers */
    free(data);
    guest_stop(&guest);
}

/* Refused with a sentence, logged, and the session goes on. */
static void instrument_refused(struct guest *guest, const uint8_t *data, size_t size)
{
    unsigned alarms = guest->alarms;

    assert_int_equal(guest_feed(guest, data, size), ST_MORE);
    assert_int_equal(guest->turn.count, 0);
    assert_int_equal(guest->alarms, alarms + 1);
    struct wire wire = heard(guest);
    assert_int_equal(wire.gazette.request, 6);
    assert_false(wire.gazette.published);
    assert_true(strlen(wire.gazette.why) > 0);
}

static void an_instrument_that_does_not_hold_is_refused(void **)
{
    struct guest guest;

    (void)trusting_guest(&guest);
    size_t size =
        signed_frame(&guest, CONCORDAT__ACT__PROPOSE, some_text, true, frame, sizeof frame);
    instrument_refused(&guest, frame, size); /* another community */
    size = signed_frame(&guest, CONCORDAT__ACT__PROPOSE, no_text, false, frame, sizeof frame);
    instrument_refused(&guest, frame, size); /* a proposal without its text */
    size = signed_frame(&guest, CONCORDAT__ACT__REVOKE, some_text, false, frame, sizeof frame);
    instrument_refused(&guest, frame, size); /* and a text where none belongs */
    size = signed_frame(&guest, CONCORDAT__ACT__REVOKE, no_text, false, frame, sizeof frame);
    revoked = true;
    instrument_refused(&guest, frame, size);
    assert_string_equal(guest.alarm, "instrument_refused");
    revoked = false;
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest.turn.count, 1); /* the same was sound but for that */
    guest_stop(&guest);
}

static void a_flipped_bit_of_an_instrument_never_passes(void **)
{
    static uint8_t bad[8192];
    struct guest guest;

    (void)trusting_guest(&guest);
    size_t size = signed_frame(&guest, CONCORDAT__ACT__REVOKE, no_text, false, frame, sizeof frame);
    assert_true(size <= sizeof bad);
    for (size_t i = FRAME_PREFIX + 16; i < size; i++) {
        memcpy(bad, frame, size);
        bad[i] ^= (uint8_t)(1u << (i % 8));
        enum status status = guest_feed(&guest, bad, size);
        assert_int_equal(guest.turn.count, 0);
        session_sent(guest.session);
        if (status == ST_MORE)
            continue;
        guest_stop(&guest);
        (void)trusting_guest(&guest);
    }
    guest_stop(&guest);
}

static void an_instrument_cut_at_any_byte_never_passes(void **)
{
    static uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    struct guest guest;

    (void)trusting_guest(&guest);
    size_t whole = sign_instrument(&guest, CONCORDAT__ACT__PROPOSE, false, bytes);
    for (size_t cut = 0; cut <= whole; cut++) {
        size_t size = instrument_frame((struct bytes){bytes, cut}, some_text, frame, sizeof frame);
        enum status status = guest_feed(&guest, frame, size);
        assert_int_equal(guest.turn.count, cut == whole);
        session_sent(guest.session);
        if (status == ST_MORE)
            continue;
        guest_stop(&guest);
        (void)trusting_guest(&guest);
    }
    guest_stop(&guest);
}

static enum status trust_nobody(void *, struct bytes, struct identity *, EVP_PKEY **,
                                struct reason *why)
{
    reason_set(why, "no such use");
    return ST_FORGED;
}

static void an_officer_signs_with_a_certificate_of_its_own(void **)
{
    struct guest guest;
    size_t turn_size;

    (void)trusting_guest(&guest);
    guest.rules.check_officer = trust_nobody;
    size_t size =
        signed_frame(&guest, CONCORDAT__ACT__AUTHORISE, no_text, false, frame, sizeof frame);
    instrument_refused(&guest, frame, size);
    guest.rules.check_officer = check_governance;
    guest.rules.check_governance = trust_nobody;
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest.turn.count, 1);
    uint8_t *data = turn_give(&guest.turn, &turn_size);
    struct turn_walk walk = turn_walk_of(data, turn_size);
    const struct command_gazette *given = (const void *)turn_next(&walk);
    assert_string_equal(given->instrument.officer, "duty-1");
    assert_string_equal(given->instrument.agency, "csc.a");
    free(data);
    size = signed_frame(&guest, CONCORDAT__ACT__REVOKE, no_text, false, frame, sizeof frame);
    instrument_refused(&guest, frame, size); /* and nothing else is signed with one */
    guest_stop(&guest);
}

int session_instrument_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instrument_that_is_none_is_answered_and_ends_nothing),
        cmocka_unit_test(an_instrument_becomes_a_command_whoever_brings_it),
        cmocka_unit_test(an_instrument_that_does_not_hold_is_refused),
        cmocka_unit_test(a_flipped_bit_of_an_instrument_never_passes),
        cmocka_unit_test(an_instrument_cut_at_any_byte_never_passes),
        cmocka_unit_test(an_officer_signs_with_a_certificate_of_its_own),
    };
    return cmocka_run_group_tests_name("session: instruments", tests, NULL, NULL);
}
