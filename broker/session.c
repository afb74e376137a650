/* session.c - a session's states, what it says, and what the exchange's effects become; frames are
 * taken in arrivals.c. */
#include "broker/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/session_inside.h"

#define OUT_KEEP ((size_t)64 * 1024) /* bytes of room for output kept between turns */

/* ---- life ---- */

struct session *session_new(session_id id, const struct session_rules *rules)
{
    OWNED(session) session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->id = id;
    session->rules = rules;
    session->member = MEMBER_NONE;
    session->frames = frame_reader_new();
    if (!session->frames)
        return NULL;
    return GIVE(session);
}

void session_free(struct session *session)
{
    if (!session)
        return;
    signers_fini(&session->signers);
    frame_reader_free(session->frames);
    parcel_fini(&session->out);
    free(session);
}

void session_identify(struct session *session, const struct identity *peer)
{
    assert(session->state == SESSION_HANDSHAKE);

    session->peer = *peer;
    session->state = SESSION_HELLO;
}

uint8_t *session_room(struct session *session, size_t *room)
{
    return frame_reader_room(session->frames, room);
}

void session_filled(struct session *session, size_t size)
{
    frame_reader_filled(session->frames, size);
}

session_id session_name(const struct session *session)
{
    return session->id;
}

enum session_state session_state(const struct session *session)
{
    return session->state;
}

const char *session_agency(const struct session *session)
{
    return session->peer.id;
}

/* ---- bytes out ---- */

struct bytes session_out(const struct session *session)
{
    return (struct bytes){session->out.data, session->out.size};
}

void session_sent(struct session *session)
{
    parcel_clear(&session->out, OUT_KEEP);
}

/* A frame with a body; `most` bounds the head. */
static enum status say_with(struct session *session, const struct wire *wire, struct bytes body,
                            size_t most)
{
    size_t room = FRAME_PREFIX + most, size;
    uint8_t *out = parcel_room(&session->out, room + body.size);

    if (!out)
        return ST_NOMEM;
    enum status status = wire_write(wire, body.size, out, room, &size);
    assert(status == ST_OK); /* `most` is a bound */
    if (body.size > 0)
        memcpy(out + size, body.data, body.size);
    session->out.size += size + body.size;
    return ST_OK;
}

enum status session_say(struct session *session, const struct wire *wire, size_t most)
{
    return say_with(session, wire, (struct bytes){NULL, 0}, most);
}

enum status session_refuse(struct session *session, const char *code, const char *advice)
{
    struct wire wire = {.kind = code ? WIRE_REFUSE : WIRE_BYE};

    if (session->state == SESSION_ENDED)
        return ST_OK;
    if (code) {
        wire.refuse.code = code;
        wire.refuse.advice = advice;
    } else {
        wire.bye.why = advice;
    }
    session->state = SESSION_ENDED;
    return session_say(session, &wire, SMALL_FRAME);
}

enum status session_fail(struct session *session, const char *code, const char *event,
                         const struct reason *why)
{
    session->rules->alarm(session->rules->context, session, event, why);
    return session_refuse(session, code, "");
}

enum status session_ping(struct session *session, int64_t wall_ms)
{
    struct wire wire = {.kind = WIRE_PING};

    wire.ping.token = (uint64_t)wall_ms;
    return session->state == SESSION_OPEN ? session_say(session, &wire, SMALL_FRAME) : ST_OK;
}

/* ---- the end ---- */

enum status session_gone(struct session *session)
{
    /* While joining, its place is not known yet: the link says it when the welcome comes. */
    if (session->member == MEMBER_NONE)
        return ST_OK;
    struct command_gone *gone =
        turn_command(session->rules->turn, COMMAND_GONE, session->id, sizeof *gone);
    if (!gone)
        return ST_NOMEM;
    gone->head.member = session->member;
    gone->lost = session->is_lost;
    session->member = MEMBER_NONE;
    return ST_OK;
}

enum status session_drained(struct session *session)
{
    if (session->entries_size == 0 || session->member == MEMBER_NONE)
        return ST_OK;
    struct command_drained *drained =
        turn_command(session->rules->turn, COMMAND_DRAINED, session->id, sizeof *drained);
    if (!drained)
        return ST_NOMEM;
    drained->head.member = session->member;
    drained->size = session->entries_size;
    session->entries_size = 0;
    return ST_OK;
}

enum status session_run(struct session *session, int64_t wall_ms)
{
    struct frame frame;

    if (session->state == SESSION_HANDSHAKE)
        return ST_MORE;
    if (session->state == SESSION_ENDED)
        return ST_CLOSED;
    if (session->state == SESSION_JOINING || session->in_flight >= SUBMIT_CREDIT
        || session->charge >= SUBMIT_CREDIT_SIZE)
        return ST_LIMIT;
    enum status status = frame_next(session->frames, &frame);
    if (status == ST_MORE)
        return status;
    if (status == ST_OK)
        status = session_take(session, &frame, wall_ms);
    else
        status = session_fail(session, "frame", "frame_refused",
                              &(struct reason){"an empty head, or a size over the limits"});
    if (status == ST_OK && session->state == SESSION_ENDED)
        return ST_CLOSED;
    return status;
}

enum status session_recheck(struct session *session, struct reason *why)
{
    enum status status =
        signers_recheck(&session->signers, session->rules->check, session->rules->context, why);

    session->is_lost = status == ST_FORGED;
    return status;
}

/* ---- effects ---- */

static enum status do_welcome(struct session *session, const struct effect_welcome *effect,
                              int64_t wall_ms)
{
    struct reader r = reader_of(effect->bytes, effect->bytes_size);
    struct wire wire = {.kind = WIRE_WELCOME};

    session->member = effect->member;
    if (session->state != SESSION_JOINING)
        return ST_OK; /* refused in the meantime */
    while (r.left > 0) {
        struct reason why = {""};
        struct bytes der = read_prefixed(&r);
        /* An older one that no longer holds proves nothing any more; that is not the peer's fault.
         */
        if (signers_add(&session->signers, session->peer.id, der, session->rules->check,
                        session->rules->context, &why)
            == ST_NOMEM)
            return ST_NOMEM;
    }
    session->state = SESSION_OPEN;
    frame_reader_limit(session->frames, HEAD_MAX, SEALED_MAX);
    wire.welcome.version = SESSION_VERSION;
    wire.welcome.broker = session->rules->broker;
    wire.welcome.now_ms = wall_ms;
    wire.welcome.credit = SUBMIT_CREDIT;
    wire.welcome.credit_size = SUBMIT_CREDIT_SIZE;
    return session_say(session, &wire, SMALL_FRAME);
}

static enum status do_withheld(struct session *session, const struct event *event)
{
    struct wire wire = {.kind = WIRE_WITHHELD};

    wire.withheld.sequence = event->sequence;
    wire.withheld.withheld = (struct withheld){.message_id = event->message_id,
                                               .header_digest = event->header_digest,
                                               .code = (Concordat__RefusalCode)event->code,
                                               .withheld_ms = event->at_ms};
    return session_say(session, &wire, SMALL_FRAME);
}

/* What the exchange tells of its own: kind, then the message. */
static enum status do_told(struct session *session, const struct effect_item *effect,
                           const struct event *event)
{
    struct wire wire = {.kind = WIRE_TOLD};

    assert(event->told.size > 1);
    wire.told.sequence = effect->sequence;
    wire.told.kind = event->told.data[0];
    wire.told.told = (struct bytes){event->told.data + 1, event->told.size - 1};
    return session_say(session, &wire, SMALL_FRAME + event->told.size);
}

static enum status do_entry(struct session *session, const struct effect_item *effect,
                            const struct event *event)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.sequence = event->sequence;
    wire.gazette.at_ms = event->at_ms;
    wire.gazette.instrument = event->instrument;
    wire.gazette.notice = event->notice;
    session->entries_size += effect->record_size;
    return say_with(session, &wire, event->text,
                    SMALL_FRAME + event->instrument.size + event->notice.size);
}

static enum status do_verdict(struct session *session, const struct effect_verdict *effect)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.request = effect->request;
    wire.gazette.published = effect->sequence != 0;
    wire.gazette.after = effect->sequence;
    wire.gazette.why = effect->why;
    return session_say(session, &wire, SMALL_FRAME);
}

static enum status do_item(struct session *session, const struct effect_item *effect)
{
    struct reader r = reader_of(effect->record, effect->record_size);
    struct wire wire = {.kind = WIRE_DELIVER};
    struct event event;

    if (event_read(&r, &event) != ST_OK)
        abort(); /* the exchange has read it, or written it */
    if (event.kind == EVENT_GAZETTE)
        return do_entry(session, effect, &event);
    if (event.kind == EVENT_WITHHELD)
        return do_withheld(session, &event);
    if (event.kind == EVENT_TOLD)
        return do_told(session, effect, &event);
    if (event.kind == EVENT_STEP) {
        wire.kind = WIRE_STEP;
        wire.step.sequence = effect->sequence;
        wire.step.step = event.step;
        if (event_unpack_proof(event.step_proof, &wire.step.proof) != ST_OK)
            abort();
        return session_say(session, &wire, SMALL_FRAME + STEP_MAX);
    }
    wire.deliver.sequence = effect->sequence;
    wire.deliver.again = effect->again;
    wire.deliver.accepted_ms = event.at_ms;
    wire.deliver.header = event.header;
    if (event_unpack_proof(event.proof, &wire.deliver.proof) != ST_OK)
        abort();
    return say_with(session, &wire, event.body, SMALL_FRAME + event.header.size);
}

enum status session_flush(struct session *session)
{
    struct wire wire = {.kind = WIRE_SETTLE};

    if (session->settle_count == 0)
        return ST_OK;
    wire.settle.count = session->settle_count;
    wire.settle.sequences = session->settles;
    session->settle_count = 0;
    return session_say(session, &wire, SMALL_FRAME + 10 * (size_t)wire.settle.count);
}

static enum status do_settle(struct session *session, uint64_t sequence)
{
    session->settles[session->settle_count++] = sequence;
    return session->settle_count == SETTLES_MAX ? session_flush(session) : ST_OK;
}

static enum status do_frame(struct session *session, const struct effect_frame *effect)
{
    uint8_t *out = parcel_room(&session->out, effect->bytes_size);

    if (!out)
        return ST_NOMEM;
    memcpy(out, effect->bytes, effect->bytes_size);
    session->out.size += effect->bytes_size;
    return ST_OK;
}

enum status session_effect(struct session *session, const struct effect *effect, int64_t wall_ms)
{
    const void *whole = effect;
    struct wire wire = {.kind = WIRE_RECEIPT};

    session->in_flight -= effect->released;
    session->charge -= effect->charge;
    if (effect->kind == EFFECT_WELCOME)
        return do_welcome(session, whole, wall_ms);
    if (session->state != SESSION_OPEN && effect->kind != EFFECT_CLOSE)
        return ST_OK; /* nobody is listening any more */
    switch (effect->kind) {
    case EFFECT_RECEIPT:
        wire.receipt.receipt = ((const struct effect_receipt *)whole)->receipt;
        return session_say(session, &wire, SMALL_FRAME);
    case EFFECT_REFUSAL:
        wire.kind = WIRE_REFUSAL;
        wire.refusal.refusal = ((const struct effect_refusal *)whole)->refusal;
        return session_say(session, &wire, SMALL_FRAME);
    case EFFECT_DELIVER:
    case EFFECT_STEP:
    case EFFECT_GAZETTE:
        return do_item(session, whole);
    case EFFECT_VERDICT:
        return do_verdict(session, whole);
    case EFFECT_SETTLE:
        return do_settle(session, ((const struct effect_settle *)whole)->sequence);
    case EFFECT_FRAME:
        return do_frame(session, whole);
    case EFFECT_CLOSE:
        return session_refuse(session, ((const struct effect_close *)whole)->code,
                              ((const struct effect_close *)whole)->advice);
    case EFFECT_RELEASE:
    case EFFECT_WELCOME:
        return ST_OK;
    }
    abort(); /* a kind that stage.h does not know */
}
