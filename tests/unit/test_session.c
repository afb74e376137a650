/* A session takes each frame in its place, refuses what its agency cannot have said, and stops
 * reading while it is over its credit. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/instrument.h"

#include "proto/frame.h"
#include "proto/told.h"
#include "tests/unit/guest.h"
#include "tests/unit/mint.h"

static uint8_t frame[FRAME_MAX];

static struct guest *open_guest(struct guest *guest)
{
    unsigned count;

    guest_start(guest);
    size_t size = guest_hello(frame, sizeof frame);
    assert_int_equal(guest_feed(guest, frame, size), ST_LIMIT); /* joining: nothing is read */
    assert_int_equal(session_state(guest->session), SESSION_JOINING);
    assert_int_equal(guest_answer(guest, &count, NULL), ST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(session_state(guest->session), SESSION_OPEN);
    return guest;
}

/* What the session said since it was last asked, which must be one frame. */
static struct wire heard(struct guest *guest)
{
    struct wire wire = {0};
    size_t at = 0;

    assert_true(guest_said(guest, &at, &wire));
    assert_int_equal(at, session_out(guest->session).size);
    session_sent(guest->session);
    return wire;
}

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

/* What the exchange says with a record behind it. */
static void tell(struct guest *guest, enum effect_kind kind, const struct event *event)
{
    static _Alignas(8) uint8_t room[4096];
    struct effect_item *item = (struct effect_item *)(void *)room;
    struct writer w = writer_of(item->record, sizeof room - sizeof *item);

    assert_int_equal(event_write(event, &w), ST_OK);
    item->head = (struct effect){.size = sizeof room, .kind = kind, .session = GUEST_ID};
    item->sequence = event->sequence;
    item->again = false;
    item->record_size = (uint32_t)w.size;
    assert_int_equal(session_effect(guest->session, &item->head, GUEST_NOW_MS), ST_OK);
}

static void entries_are_shown_with_their_text(void **)
{
    static const uint8_t text[] = "agreement: ISA-TEST", instrument[] = {10, 1, 8},
                         notice[] = {8, 5};
    struct event event = {.kind = EVENT_GAZETTE,
                          .sequence = 9,
                          .at_ms = 77,
                          .instrument = {instrument, sizeof instrument},
                          .text = {text, sizeof text}};
    struct guest guest;
    unsigned kinds;

    (void)heard(open_guest(&guest));
    tell(&guest, EFFECT_GAZETTE, &event);
    struct bytes said = session_out(guest.session);
    assert_memory_equal(said.data + said.size - sizeof text, text, sizeof text);
    struct wire wire = heard(&guest);
    assert_int_equal(wire.kind, WIRE_GAZETTE);
    assert_int_equal(wire.gazette.sequence, 9);
    assert_int_equal(wire.gazette.at_ms, 77);
    assert_int_equal(wire.gazette.instrument.size, sizeof instrument);
    event =
        (struct event){.kind = EVENT_GAZETTE, .sequence = 10, .notice = {notice, sizeof notice}};
    tell(&guest, EFFECT_GAZETTE, &event);
    wire = heard(&guest);
    assert_int_equal(wire.gazette.notice.size, sizeof notice);
    assert_int_equal(wire.gazette.instrument.size, 0);
    /* Once they are on their way the exchange hears so, once. */
    assert_int_equal(session_drained(guest.session), ST_OK);
    assert_int_equal(session_drained(guest.session), ST_OK);
    assert_int_equal(guest.turn.count, 1);
    assert_int_equal(guest_answer(&guest, NULL, &kinds), ST_OK);
    assert_int_equal(kinds, 1u << COMMAND_DRAINED);
    guest_stop(&guest);
}

static void what_was_withheld_is_said_with_its_reason(void **)
{
    struct event event = {.kind = EVENT_WITHHELD,
                          .sequence = 9,
                          .at_ms = 77,
                          .sender = "nps.a",
                          .message_id.bytes = {1},
                          .header_digest.bytes = {2},
                          .code = CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED};
    struct guest guest;

    (void)heard(open_guest(&guest));
    tell(&guest, EFFECT_STEP, &event);
    struct wire wire = heard(&guest);
    assert_int_equal(wire.kind, WIRE_WITHHELD);
    assert_int_equal(wire.withheld.sequence, 9);
    assert_int_equal(wire.withheld.withheld.code, event.code);
    assert_int_equal(wire.withheld.withheld.withheld_ms, 77);
    assert_true(id_equal(&wire.withheld.withheld.message_id, &event.message_id));
    guest_stop(&guest);
}

static void what_is_told_goes_out_as_it_was_written(void **)
{
    static const uint8_t told[] = {TOLD_CLOCK, 0x08, 0x07};
    struct event event = {.kind = EVENT_TOLD,
                          .sequence = 9,
                          .at_ms = 77,
                          .agency = "nps.a",
                          .told = {told, sizeof told}};
    struct guest guest;

    (void)heard(open_guest(&guest));
    tell(&guest, EFFECT_STEP, &event);
    struct wire wire = heard(&guest);
    assert_int_equal(wire.kind, WIRE_TOLD);
    assert_int_equal(wire.told.sequence, 9);
    assert_int_equal(wire.told.kind, TOLD_CLOCK);
    assert_int_equal(wire.told.told.size, sizeof told - 1);
    assert_memory_equal(wire.told.told.data, told + 1, sizeof told - 1);
    guest_stop(&guest);
}

static void a_verdict_says_where_it_stands_or_why_not(void **)
{
    struct effect_verdict verdict = {
        .head = {.size = sizeof verdict, .kind = EFFECT_VERDICT, .session = GUEST_ID},
        .request = 3,
        .sequence = 12};
    struct guest guest;

    (void)heard(open_guest(&guest));
    assert_int_equal(session_effect(guest.session, &verdict.head, GUEST_NOW_MS), ST_OK);
    struct wire wire = heard(&guest);
    assert_int_equal(wire.gazette.request, 3);
    assert_true(wire.gazette.published);
    assert_int_equal(wire.gazette.after, 12);
    verdict.sequence = 0;
    memset(verdict.why, 'x', VERDICT_MAX); /* the longest there can be */
    assert_int_equal(session_effect(guest.session, &verdict.head, GUEST_NOW_MS), ST_OK);
    wire = heard(&guest);
    assert_false(wire.gazette.published);
    assert_int_equal(strlen(wire.gazette.why), VERDICT_MAX);
    guest_stop(&guest);
}

static void following_is_a_command_and_an_entry_from_an_agent_is_none(void **)
{
    struct wire wire = {.kind = WIRE_GAZETTE};
    const struct bytes none = {NULL, 0}, text = {(const uint8_t *)"x", 1};
    struct guest guest;
    unsigned kinds;

    (void)heard(open_guest(&guest));
    wire.gazette.follow = true;
    wire.gazette.after = 5;
    size_t size = guest_frame(&wire, none, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_MORE);
    assert_int_equal(guest_answer(&guest, NULL, &kinds), ST_OK);
    assert_int_equal(kinds, 1u << COMMAND_FOLLOW);
    size = guest_frame(&wire, text, frame, sizeof frame); /* with a body */
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    guest_stop(&guest);

    (void)heard(open_guest(&guest));
    wire.gazette.follow = false;
    wire.gazette.sequence = 4;
    wire.gazette.notice = text;
    size = guest_frame(&wire, none, frame, sizeof frame);
    assert_int_equal(guest_feed(&guest, frame, size), ST_CLOSED);
    assert_string_equal(guest.alarm, "frame_refused");
    guest_stop(&guest);
}

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

/* ---- instruments ---- */

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
        cmocka_unit_test(a_claim_is_its_agencys_own_and_of_now),
        cmocka_unit_test(no_flipped_bit_of_a_claim_passes),
        cmocka_unit_test(who_holds_a_case_is_a_command_and_an_answer_from_an_agent_is_none),
        cmocka_unit_test(a_command_says_what_the_message_is_in_its_case),
        cmocka_unit_test(what_is_told_goes_out_as_it_was_written),
        cmocka_unit_test(over_its_credit_it_is_not_read),
        cmocka_unit_test(credit_counts_bytes_too),
        cmocka_unit_test(settlements_of_a_turn_are_one_frame),
        cmocka_unit_test(entries_are_shown_with_their_text),
        cmocka_unit_test(what_was_withheld_is_said_with_its_reason),
        cmocka_unit_test(a_verdict_says_where_it_stands_or_why_not),
        cmocka_unit_test(following_is_a_command_and_an_entry_from_an_agent_is_none),
        cmocka_unit_test(an_instrument_that_is_none_is_answered_and_ends_nothing),
        cmocka_unit_test(an_instrument_becomes_a_command_whoever_brings_it),
        cmocka_unit_test(an_instrument_that_does_not_hold_is_refused),
        cmocka_unit_test(a_flipped_bit_of_an_instrument_never_passes),
        cmocka_unit_test(an_instrument_cut_at_any_byte_never_passes),
        cmocka_unit_test(an_officer_signs_with_a_certificate_of_its_own),
        cmocka_unit_test(pings_are_answered_and_byes_end),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
