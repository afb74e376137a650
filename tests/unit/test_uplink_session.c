/* Our side of the talk with the broker: bytes in, bytes out, and what ends it. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agents/uplink_session.h"
#include "proto/frame.h"
#include "proto/wire.h"

#define NOW 1000000

static const uint8_t community[DIGEST_SIZE] = {1};
static const uint8_t certificate[300] = {0x30, 0x82};

static struct uplink_session *session_of(void)
{
    struct uplink_hello hello = {.community = {community, sizeof community},
                                 .signing_certificate = {certificate, sizeof certificate},
                                 .broker = "hub"};
    struct uplink_session *s = uplink_session_new(&hello, NOW);

    assert_non_null(s);
    return s;
}

static enum status feed_bytes(struct uplink_session *s, const uint8_t *data, size_t size,
                              struct reason *why)
{
    enum status status = ST_OK;

    while (size > 0 && status == ST_OK) {
        size_t room;
        uint8_t *to = uplink_session_room(s, &room);

        assert_non_null(to);
        room = room < size ? room : size;
        memcpy(to, data, room);
        status = uplink_session_filled(s, room, NOW, why);
        data += room;
        size -= room;
    }
    return status;
}

static enum status feed(struct uplink_session *s, const struct wire *wire, size_t body_size,
                        struct reason *why)
{
    uint8_t frame[32 * 1024] = {0};
    size_t size;

    assert_int_equal(wire_write(wire, body_size, frame, sizeof frame, &size), ST_OK);
    return feed_bytes(s, frame, size + body_size, why);
}

static struct wire welcome_of(const char *broker, uint32_t version)
{
    struct wire wire = {.kind = WIRE_WELCOME};

    wire.welcome.version = version;
    wire.welcome.broker = broker;
    wire.welcome.now_ms = NOW;
    wire.welcome.credit = 10;
    wire.welcome.credit_size = 1000;
    return wire;
}

static struct uplink_session *welcomed(void)
{
    struct uplink_session *s = session_of();
    struct wire wire = welcome_of("hub", 1);
    struct reason why = {""};

    assert_int_equal(feed(s, &wire, 0, &why), ST_OK);
    assert_true(uplink_session_is_open(s, NULL));
    (void)uplink_session_output(s);
    return s;
}

static void it_says_hello_and_opens_at_the_welcome(void **)
{
    OWNED(uplink_session) s = session_of();
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    struct bytes out = uplink_session_output(s);
    struct wire hello, wire = welcome_of("hub", 1);
    struct uplink_welcome welcome;
    struct reason why = {""};

    assert_true(out.size > FRAME_PREFIX);
    assert_int_equal(wire_read((struct bytes){out.data + FRAME_PREFIX, out.size - FRAME_PREFIX},
                               arena, &hello, &why),
                     ST_OK);
    assert_int_equal(hello.kind, WIRE_HELLO);
    assert_int_equal(hello.hello.credit, DELIVER_CREDIT);
    assert_int_equal(hello.hello.signing_certificate.size, sizeof certificate);
    assert_null(uplink_session_output(s).data);
    assert_false(uplink_session_is_open(s, NULL));
    assert_int_equal(feed(s, &wire, 0, &why), ST_OK);
    assert_true(uplink_session_is_open(s, &welcome));
    assert_int_equal(welcome.credit, 10);
}

static void another_brokers_name_or_version_ends_it(void **)
{
    static const struct {
        const char *broker;
        uint32_t version;
    } cases[] = {{"hob", 1}, {"hub", 2}};

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(uplink_session) s = session_of();
        struct wire wire = welcome_of(cases[i].broker, cases[i].version);
        struct reason why = {""};

        assert_int_equal(feed(s, &wire, 0, &why), ST_INVALID);
        assert_true(strlen(why.text) > 0);
        assert_false(uplink_session_is_open(s, NULL));
    }
}

static void nothing_passes_before_the_welcome(void **)
{
    OWNED(uplink_session) s = session_of();
    struct wire wire = {.kind = WIRE_CREDIT};
    struct reason why = {""};

    wire.credit.credit = 1;
    assert_int_equal(feed(s, &wire, 0, &why), ST_INVALID);
    assert_null(uplink_session_take(s).data);
}

static void frames_go_to_the_keeper_whole_however_they_come(void **)
{
    OWNED(uplink_session) s = welcomed();
    struct wire wire = {.kind = WIRE_CREDIT};
    uint8_t frame[1024];
    struct reason why = {""};
    struct bytes taken;
    size_t size;

    wire.credit.credit = 3;
    assert_int_equal(wire_write(&wire, 0, frame, sizeof frame, &size), ST_OK);
    for (size_t i = 0; i < size; i++) {
        assert_null(uplink_session_take(s).data);
        assert_int_equal(feed_bytes(s, frame + i, 1, &why), ST_OK);
    }
    taken = uplink_session_take(s);
    assert_int_equal(taken.size, size);
    assert_memory_equal(taken.data, frame, size);
    assert_null(uplink_session_take(s).data);
}

static void what_is_told_of_cases_goes_to_the_keeper(void **)
{
    static const uint8_t custody[] = {0x20, 5}; /* whatever it says: the keeper reads it */
    struct wire wires[] = {{.kind = WIRE_TOLD}, {.kind = WIRE_CASE}};

    wires[0].told.sequence = 4;
    wires[0].told.kind = 1;
    wires[0].told.told = (struct bytes){custody, sizeof custody};
    wires[1].case_frame.request = 7;
    wires[1].case_frame.answered = true;
    wires[1].case_frame.custody = (struct bytes){custody, sizeof custody};
    for (size_t i = 0; i < LENGTH(wires); i++) {
        OWNED(uplink_session) s = welcomed();
        uint8_t frame[256];
        struct reason why = {""};
        size_t size;

        assert_int_equal(wire_write(&wires[i], 0, frame, sizeof frame, &size), ST_OK);
        assert_int_equal(feed(s, &wires[i], 0, &why), ST_OK);
        struct bytes taken = uplink_session_take(s);
        assert_int_equal(taken.size, size);
        assert_memory_equal(taken.data, frame, size);
        assert_int_equal(feed(s, &wires[i], 3, &why), ST_INVALID); /* with a body */
    }
}

static void a_refusal_or_goodbye_ends_it_with_its_words(void **)
{
    struct wire wires[] = {{.kind = WIRE_REFUSE}, {.kind = WIRE_BYE}};

    wires[0].refuse.code = "busy";
    wires[0].refuse.advice = "come again";
    wires[1].bye.why = "stopping";
    for (size_t i = 0; i < LENGTH(wires); i++) {
        OWNED(uplink_session) s = welcomed();
        struct reason why = {""};

        assert_int_equal(feed(s, &wires[i], 0, &why), ST_CLOSED);
        assert_non_null(strstr(why.text, i == 0 ? "busy" : "stopping"));
    }
}

static void what_a_broker_never_says_ends_it(void **)
{
    static const enum wire_kind kinds[] = {WIRE_WELCOME, WIRE_HELLO};

    for (size_t i = 0; i < LENGTH(kinds); i++) {
        OWNED(uplink_session) s = welcomed();
        struct wire wire = welcome_of("hub", 1);
        struct reason why = {""};

        if (kinds[i] == WIRE_HELLO) {
            wire = (struct wire){.kind = WIRE_HELLO};
            wire.hello.version = 1;
            wire.hello.community = (struct bytes){community, sizeof community};
            wire.hello.signing_certificate = (struct bytes){certificate, sizeof certificate};
            wire.hello.credit = wire.hello.credit_size = 1;
        }
        assert_int_equal(feed(s, &wire, 0, &why), ST_INVALID);
    }
}

static void a_body_where_none_belongs_ends_it(void **)
{
    OWNED(uplink_session) s = welcomed();
    struct wire wire = {.kind = WIRE_CREDIT};
    struct reason why = {""};

    wire.credit.credit = 1;
    assert_int_equal(feed(s, &wire, 5, &why), ST_INVALID);
}

static void an_oversize_frame_ends_it_before_it_is_held(void **)
{
    static const uint8_t prefixes[][FRAME_PREFIX] = {
        {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
        {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff},
        {0, 0, 0, 0, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < LENGTH(prefixes); i++) {
        OWNED(uplink_session) s = welcomed();
        struct reason why = {""};

        assert_int_equal(feed_bytes(s, prefixes[i], FRAME_PREFIX, &why), ST_INVALID);
    }
}

static void a_ping_is_answered_and_silence_is_pinged_then_given_up(void **)
{
    OWNED(uplink_session) s = welcomed();
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    struct wire wire = {.kind = WIRE_PING}, said;
    struct reason why = {""};
    struct bytes out;

    wire.ping.token = 77;
    assert_int_equal(feed(s, &wire, 0, &why), ST_OK);
    out = uplink_session_output(s);
    assert_int_equal(wire_read((struct bytes){out.data + FRAME_PREFIX, out.size - FRAME_PREFIX},
                               arena, &said, &why),
                     ST_OK);
    assert_int_equal(said.kind, WIRE_PING);
    assert_true(said.ping.answer);
    assert_int_equal(said.ping.token, 77);
    assert_int_equal(uplink_session_tick(s, NOW + PING_MS - 1, &why), ST_OK);
    assert_null(uplink_session_output(s).data);
    assert_int_equal(uplink_session_tick(s, NOW + PING_MS, &why), ST_OK);
    assert_non_null(uplink_session_output(s).data);
    assert_int_equal(uplink_session_tick(s, NOW + IDLE_MS, &why), ST_OK);
    assert_int_equal(uplink_session_tick(s, NOW + IDLE_MS + 1, &why), ST_CLOSED);
}

static void a_welcome_that_does_not_come_is_given_up(void **)
{
    OWNED(uplink_session) s = session_of();
    struct reason why = {""};

    assert_int_equal(uplink_session_tick(s, NOW + HANDSHAKE_MS, &why), ST_OK);
    assert_int_equal(uplink_session_tick(s, NOW + HANDSHAKE_MS + 1, &why), ST_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_hello_and_opens_at_the_welcome),
        cmocka_unit_test(another_brokers_name_or_version_ends_it),
        cmocka_unit_test(nothing_passes_before_the_welcome),
        cmocka_unit_test(frames_go_to_the_keeper_whole_however_they_come),
        cmocka_unit_test(what_is_told_of_cases_goes_to_the_keeper),
        cmocka_unit_test(a_refusal_or_goodbye_ends_it_with_its_words),
        cmocka_unit_test(what_a_broker_never_says_ends_it),
        cmocka_unit_test(a_body_where_none_belongs_ends_it),
        cmocka_unit_test(an_oversize_frame_ends_it_before_it_is_held),
        cmocka_unit_test(a_ping_is_answered_and_silence_is_pinged_then_given_up),
        cmocka_unit_test(a_welcome_that_does_not_come_is_given_up),
    };
    return cmocka_run_group_tests_name("uplink_session", tests, NULL, NULL);
}
