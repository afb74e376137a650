#include "agents/uplink_session.h"

#include <stdlib.h>
#include <string.h>

#include "proto/catalogue.h"
#include "proto/frame.h"
#include "proto/wire.h"

#define PROTOCOL_VERSION 1
#define HELLO_ROOM (FRAME_PREFIX + 16 * 1024) /* a certificate and little else */
#define PING_ROOM (FRAME_PREFIX + 64)

enum state {
    STATE_HELLO = 0,
    STATE_OPEN,
    STATE_ENDED
};

/* Bytes that grow and are handed out whole. */
struct heap {
    uint8_t *data; /* owned */
    size_t size, room;
    bool taken; /* the next append starts anew */
};

struct uplink_session {
    enum state state;
    char broker[AGENCY_MAX + 1];
    struct frame_reader *reader;
    struct arena *arena;
    struct uplink_welcome welcome;
    struct heap in, out;
    int64_t started_ms, heard_ms, said_ms;
    uint64_t pings;
};

static bool append(struct heap *heap, const void *data, size_t size)
{
    if (heap->taken) {
        heap->size = 0;
        heap->taken = false;
    }
    if (heap->size + size > heap->room) {
        size_t room = heap->room ? heap->room : 64 * 1024;

        while (room < heap->size + size)
            room *= 2;
        uint8_t *grown = realloc(heap->data, room);
        if (!grown)
            return false;
        heap->data = grown;
        heap->room = room;
    }
    memcpy(heap->data + heap->size, data, size);
    heap->size += size;
    return true;
}

static struct bytes take(struct heap *heap)
{
    if (heap->taken || heap->size == 0)
        return (struct bytes){NULL, 0};
    heap->taken = true;
    return (struct bytes){heap->data, heap->size};
}

static enum status say(struct uplink_session *s, const struct wire *wire, uint8_t *room,
                       size_t room_size)
{
    size_t size;
    enum status status = wire_write(wire, 0, room, room_size, &size);

    if (status != ST_OK)
        return status;
    return append(&s->out, room, size) ? ST_OK : ST_NOMEM;
}

struct uplink_session *uplink_session_new(const struct uplink_hello *hello, int64_t now_ms)
{
    OWNED(uplink_session) s = calloc(1, sizeof *s);
    struct wire wire = {.kind = WIRE_HELLO};
    uint8_t room[HELLO_ROOM];

    if (!s || !(s->reader = frame_reader_new()) || !(s->arena = arena_new(16 * 1024, HEAD_ARENA)))
        return NULL;
    frame_reader_limit(s->reader, HEAD_MAX_BEFORE_HELLO, 0);
    memcpy(s->broker, hello->broker, strnlen(hello->broker, AGENCY_MAX));
    s->started_ms = s->heard_ms = s->said_ms = now_ms;
    wire.hello.version = PROTOCOL_VERSION;
    wire.hello.community = hello->community;
    wire.hello.signing_certificate = hello->signing_certificate;
    wire.hello.credit = DELIVER_CREDIT;
    wire.hello.credit_size = DELIVER_CREDIT_SIZE;
    if (say(s, &wire, room, sizeof room) != ST_OK)
        return NULL;
    return GIVE(s);
}

void uplink_session_free(struct uplink_session *s)
{
    if (!s)
        return;
    frame_reader_free(s->reader);
    arena_free(s->arena);
    free(s->in.data);
    free(s->out.data);
    free(s);
}

uint8_t *uplink_session_room(struct uplink_session *s, size_t *room)
{
    return frame_reader_room(s->reader, room);
}

static enum status on_welcome(struct uplink_session *s, const struct wire *wire, struct reason *why)
{
    if (wire->welcome.version != PROTOCOL_VERSION) {
        reason_set(why, "the broker speaks version %u", wire->welcome.version);
        return ST_INVALID;
    }
    if (strcmp(wire->welcome.broker, s->broker) != 0) {
        reason_set(why, "the broker calls itself otherwise than its certificate");
        return ST_INVALID;
    }
    s->welcome = (struct uplink_welcome){wire->welcome.credit, wire->welcome.credit_size,
                                         wire->welcome.now_ms};
    s->state = STATE_OPEN;
    frame_reader_limit(s->reader, HEAD_MAX, SEALED_MAX);
    return ST_OK;
}

static enum status on_ping(struct uplink_session *s, const struct wire *wire)
{
    struct wire answer = {.kind = WIRE_PING};
    uint8_t room[PING_ROOM];

    if (wire->ping.answer)
        return ST_OK;
    answer.ping.token = wire->ping.token;
    answer.ping.answer = true;
    return say(s, &answer, room, sizeof room);
}

static enum status pass_on(struct uplink_session *s, const struct frame *frame)
{
    uint8_t prefix[FRAME_PREFIX];

    frame_prefix(prefix, frame->head.size, frame->body.size);
    return append(&s->in, prefix, sizeof prefix)
                && append(&s->in, frame->head.data, frame->head.size)
                && (frame->body.size == 0 || append(&s->in, frame->body.data, frame->body.size))
             ? ST_OK
             : ST_NOMEM;
}

static enum status on_frame(struct uplink_session *s, const struct frame *frame, struct reason *why)
{
    struct wire wire;
    enum status status = wire_read(frame->head, s->arena, &wire, why);

    if (status != ST_OK)
        return ST_INVALID;
    if (frame->body.size > 0 && wire.kind != WIRE_DELIVER && wire.kind != WIRE_GAZETTE) {
        reason_set(why, "a body where none belongs");
        return ST_INVALID;
    }
    if (wire.kind == WIRE_REFUSE) {
        reason_set(why, "the broker refuses: %s: %s", wire.refuse.code, wire.refuse.advice);
        return ST_CLOSED;
    }
    if (s->state == STATE_HELLO && wire.kind == WIRE_WELCOME)
        return on_welcome(s, &wire, why);
    if (s->state != STATE_OPEN) {
        reason_set(why, "a frame before the welcome");
        return ST_INVALID;
    }
    switch (wire.kind) {
    case WIRE_RECEIPT:
    case WIRE_REFUSAL:
    case WIRE_STEP:
    case WIRE_DELIVER:
    case WIRE_SETTLE:
    case WIRE_CREDIT:
    case WIRE_DIRECTORY:
    case WIRE_TOLD:
    case WIRE_CASE:
    case WIRE_GAZETTE:
    case WIRE_WITHHELD:
        return pass_on(s, frame);
    case WIRE_PING:
        return on_ping(s, &wire);
    case WIRE_BYE:
        reason_set(why, "the broker says bye: %s", wire.bye.why);
        return ST_CLOSED;
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_SUBMIT:
    case WIRE_REFUSE:
    default:
        reason_set(why, "a frame out of place");
        return ST_INVALID;
    }
}

enum status uplink_session_filled(struct uplink_session *s, size_t size, int64_t now_ms,
                                  struct reason *why)
{
    struct frame frame;
    enum status status = ST_OK;

    if (s->state == STATE_ENDED)
        return ST_CLOSED;
    s->heard_ms = now_ms;
    frame_reader_filled(s->reader, size);
    while (status == ST_OK) {
        status = frame_next(s->reader, &frame);
        if (status == ST_INVALID)
            reason_set(why, "a frame over its bounds");
        if (status == ST_OK)
            status = on_frame(s, &frame, why);
    }
    if (status == ST_MORE)
        return ST_OK;
    s->state = STATE_ENDED;
    return status;
}

enum status uplink_session_tick(struct uplink_session *s, int64_t now_ms, struct reason *why)
{
    struct wire ping = {.kind = WIRE_PING};
    uint8_t room[PING_ROOM];

    if (s->state == STATE_HELLO && now_ms - s->started_ms > HANDSHAKE_MS) {
        reason_set(why, "no welcome within %d s", HANDSHAKE_MS / 1000);
        return ST_CLOSED;
    }
    if (now_ms - s->heard_ms > IDLE_MS) {
        reason_set(why, "nothing heard for %d s", IDLE_MS / 1000);
        return ST_CLOSED;
    }
    if (s->state != STATE_OPEN || (now_ms - s->said_ms < PING_MS && now_ms - s->heard_ms < PING_MS))
        return ST_OK;
    if (now_ms - s->said_ms < PING_MS / 4) /* one ping is on its way */
        return ST_OK;
    ping.ping.token = ++s->pings;
    s->said_ms = now_ms;
    return say(s, &ping, room, sizeof room);
}

void uplink_session_sent(struct uplink_session *s, int64_t now_ms)
{
    s->said_ms = now_ms;
}

bool uplink_session_is_open(const struct uplink_session *s, struct uplink_welcome *out)
{
    if (s->state != STATE_OPEN)
        return false;
    if (out)
        *out = s->welcome;
    return true;
}

struct bytes uplink_session_take(struct uplink_session *s)
{
    return take(&s->in);
}

struct bytes uplink_session_output(struct uplink_session *s)
{
    return take(&s->out);
}
