/* What a session says to its agency of its own: entries, what was withheld, what is told, verdicts.
 */
#include "tests/unit/opened_guest.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/instrument.h"
#include "proto/told.h"

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

int session_told_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_goes_out_as_it_was_written),
        cmocka_unit_test(entries_are_shown_with_their_text),
        cmocka_unit_test(what_was_withheld_is_said_with_its_reason),
        cmocka_unit_test(a_verdict_says_where_it_stands_or_why_not),
        cmocka_unit_test(following_is_a_command_and_an_entry_from_an_agent_is_none),
    };
    return cmocka_run_group_tests_name("session: told", tests, NULL, NULL);
}
