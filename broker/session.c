#include "broker/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/id.h"
#include "proto/envelope.h"
#include "proto/frame.h"

#define OUT_KEEP (64u * 1024) /* bytes of room for output kept between turns */
#define SMALL_FRAME 1024      /* bytes: any frame without a header, certificate or list */
#define SETTLES_MAX 256       /* numbers gathered before they become a frame */
#define DAY_MS INT64_C(86400000)

/* A signing certificate under which this agency may sign. */
struct signer {
    struct digest digest; /* of der */
    int64_t from_ms, until_ms;
    EVP_PKEY *key; /* owned */
    uint8_t *der;  /* owned */
    size_t der_size;
};

struct session {
    session_id id;
    const struct session_rules *rules; /* borrowed */
    enum session_state state;
    struct identity peer;
    struct frame_reader *frames; /* owned */
    struct parcel out;
    struct signer signers[CERTIFICATES_MAX];
    uint32_t signer_count;
    uint32_t member;    /* its agency's place in the exchange, once open */
    uint32_t in_flight; /* commands the exchange has not answered */
    uint64_t charge;    /* bytes of those */
    uint32_t settle_count;
    uint64_t settles[SETTLES_MAX];
};

/* ---- life ---- */

struct session *session_new(session_id id, const struct session_rules *rules)
{
    OWNED(session) session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->id = id;
    session->rules = rules;
    session->frames = frame_reader_new();
    if (!session->frames)
        return NULL;
    return GIVE(session);
}

static void drop_signer(struct signer *signer)
{
    EVP_PKEY_free(signer->key);
    free(signer->der);
    *signer = (struct signer){.key = NULL};
}

void session_free(struct session *session)
{
    if (!session)
        return;
    for (uint32_t i = 0; i < session->signer_count; i++)
        drop_signer(&session->signers[i]);
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

static enum status say(struct session *session, const struct wire *wire, size_t most)
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
    return say(session, &wire, SMALL_FRAME);
}

/* The peer broke the protocol: it is told what, and that is the end. */
static enum status end(struct session *session, const char *code, const char *event,
                       const struct reason *why)
{
    session->rules->alarm(session->rules->context, session, event, why);
    return session_refuse(session, code, "");
}

enum status session_ping(struct session *session, int64_t wall_ms)
{
    struct wire wire = {.kind = WIRE_PING};

    wire.ping.token = (uint64_t)wall_ms;
    return session->state == SESSION_OPEN ? say(session, &wire, SMALL_FRAME) : ST_OK;
}

/* ---- signers ---- */

static const struct signer *find_signer(const struct session *session, const struct digest *digest,
                                        int64_t wall_ms)
{
    for (uint32_t i = 0; i < session->signer_count; i++) {
        const struct signer *signer = &session->signers[i];
        if (digest_equal(&signer->digest, digest) && signer->from_ms <= wall_ms
            && wall_ms < signer->until_ms)
            return signer;
    }
    return NULL;
}

static bool has_signer(const struct session *session, const struct digest *digest)
{
    for (uint32_t i = 0; i < session->signer_count; i++)
        if (digest_equal(&session->signers[i].digest, digest))
            return true;
    return false;
}

/* Checks a certificate and adds it to those the agency may sign under.
 *   ST_FORGED   it does not hold, or is another agency's */
static enum status add_signer(struct session *session, struct bytes der, struct reason *why)
{
    const struct session_rules *rules = session->rules;
    struct identity identity = {.id = ""};
    EVP_PKEY *key = NULL;
    enum status status = rules->check(rules->context, der, &identity, &key, why);

    if (status != ST_OK)
        return status;
    if (strcmp(identity.id, session->peer.id) != 0) {
        reason_set(why, "signing certificate of %s, transport certificate of %s", identity.id,
                   session->peer.id);
        EVP_PKEY_free(key);
        return ST_FORGED;
    }
    struct signer signer = {.digest = sha256(der.data, der.size),
                            .from_ms = identity.from_ms,
                            .until_ms = identity.until_ms,
                            .key = key,
                            .der = malloc(der.size),
                            .der_size = der.size};
    if (!signer.der || session->signer_count == CERTIFICATES_MAX
        || has_signer(session, &signer.digest)) {
        bool out_of_memory = !signer.der;
        drop_signer(&signer);
        return out_of_memory ? ST_NOMEM : ST_OK;
    }
    memcpy(signer.der, der.data, der.size);
    session->signers[session->signer_count++] = signer;
    return ST_OK;
}

enum status session_recheck(struct session *session, struct reason *why)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < session->signer_count; i++) {
        struct signer *signer = &session->signers[i];
        const struct bytes der = {signer->der, signer->der_size};
        struct identity identity = {.id = ""};
        EVP_PKEY *key = NULL;
        if (session->rules->check(session->rules->context, der, &identity, &key, why) != ST_OK) {
            drop_signer(signer);
            continue;
        }
        EVP_PKEY_free(key);
        if (kept != i) {
            session->signers[kept] = *signer;
            *signer = (struct signer){.key = NULL};
        }
        kept++;
    }
    bool had = session->signer_count > 0;
    session->signer_count = kept;
    return had && kept == 0 ? ST_FORGED : ST_OK;
}

/* ---- commands ---- */

/* A command that the exchange will answer; `cost` bytes are held against the session until then. */
static void *command(struct session *session, enum command_kind kind, size_t size, size_t cost)
{
    struct command *made = turn_command(session->rules->turn, kind, session->id, size);

    if (!made)
        return NULL;
    made->member = session->member;
    made->charge = (uint32_t)cost;
    session->in_flight++;
    session->charge += cost;
    return made;
}

enum status session_gone(struct session *session)
{
    /* While joining, its place is not known yet: the link says it when the welcome comes. */
    bool is_known = session->member != UINT32_MAX
                 && (session->state == SESSION_OPEN || session->state == SESSION_ENDED)
                 && session->signer_count > 0;

    if (!is_known)
        return ST_OK;
    struct command *gone =
        turn_command(session->rules->turn, COMMAND_GONE, session->id, sizeof *gone);
    if (!gone)
        return ST_NOMEM;
    gone->member = session->member;
    session->member = UINT32_MAX;
    return ST_OK;
}

/* ---- what may come when ---- */

struct arrival {
    const struct wire *wire;
    struct frame frame;
    int64_t wall_ms;
};

static enum status take_hello(struct session *session, const struct arrival *a)
{
    const struct wire *wire = a->wire;
    struct bytes der = wire->hello.signing_certificate;
    struct reason why = {""};

    if (wire->hello.version != SESSION_VERSION) {
        reason_set(&why, "version %u", wire->hello.version);
        return end(session, "version", "session_refused", &why);
    }
    if (memcmp(wire->hello.community.data, session->rules->community, DIGEST_SIZE) != 0) {
        reason_set(&why, "another community");
        return end(session, "community", "session_refused", &why);
    }
    enum status status = add_signer(session, der, &why);
    if (status == ST_FORGED || status == ST_INVALID)
        return end(session, "certificate", "certificate_refused", &why);
    if (status != ST_OK)
        return status;

    struct command_hello *hello =
        command(session, COMMAND_HELLO, sizeof *hello + der.size, sizeof *hello + der.size);
    if (!hello)
        return ST_NOMEM;
    strcpy(hello->agency, session->peer.id);
    hello->certificate = session->signers[0].digest;
    hello->credit = wire->hello.credit;
    hello->credit_size = wire->hello.credit_size;
    hello->der_size = (uint32_t)der.size;
    memcpy(hello->der, der.data, der.size);
    session->state = SESSION_JOINING;
    return ST_OK;
}

/* ---- messages ---- */

/* Refused here, and not recorded: the sender is not proved, or the message is none. */
static enum status refuse_submit(struct session *session, const struct envelope *envelope,
                                 const struct digest *digest, Concordat__RefusalCode code,
                                 const struct arrival *a, const struct reason *why)
{
    struct wire wire = {.kind = WIRE_REFUSAL};
    struct refusal *refusal = &wire.refusal.refusal;

    session->rules->alarm(session->rules->context, session, "message_refused", why);
    refusal->code = code;
    refusal->header_digest = *digest;
    refusal->refused_ms = a->wall_ms;
    if (envelope) {
        refusal->message_id = envelope->message_id;
        strcpy(refusal->agreement_id, envelope->agreement_id);
        refusal->agreement_version = envelope->agreement_version;
        strcpy(refusal->clause, envelope->clause);
    }
    return say(session, &wire, SMALL_FRAME);
}

/* Do the sections the header names make up the body, hash by hash? */
static bool body_fits(const struct envelope *envelope, struct bytes body)
{
    struct reader r = reader_of(body.data, body.size);

    if (envelope->body_size != body.size)
        return false;
    for (uint32_t i = 0; i < envelope->section_count; i++) {
        const struct sealed_section *section = &envelope->sections[i];
        struct bytes sealed = read_bytes(&r, section->sealed_size);
        if (r.failed)
            return false;
        struct digest digest = sha256(sealed.data, sealed.size);
        if (!digest_equal(&digest, &section->sealed_sha256))
            return false;
    }
    return reader_done(&r);
}

/* Texts behind a command, each with its NUL. */
struct texts {
    uint8_t *base;
    size_t at;
};

static uint16_t put_text(struct texts *texts, const char *text)
{
    size_t size = strlen(text) + 1, at = texts->at;

    memcpy(texts->base + at, text, size);
    texts->at += size;
    return (uint16_t)at;
}

static enum status command_submit(struct session *session, const struct envelope *e,
                                  const struct digest *digest, uint64_t record_at,
                                  size_t record_size)
{
    size_t onward = e->onward_count * sizeof e->onward[0];
    size_t size = sizeof(struct command_submit) + strlen(e->recipient) + strlen(e->type)
                + strlen(e->purpose) + strlen(e->gateway) + strlen(e->agreement_id)
                + strlen(e->clause) + 6 + onward;
    struct command_submit *submit = command(session, COMMAND_SUBMIT, size, record_size);

    if (!submit)
        return ST_NOMEM;
    submit->message_id = e->message_id;
    submit->header_digest = *digest;
    submit->agreement_hash = e->agreement_hash;
    submit->created_ms = e->created_ms;
    submit->expires_ms = e->expires_ms;
    submit->record_at = record_at;
    submit->record_size = (uint32_t)record_size;
    submit->agreement_version = e->agreement_version;
    submit->retention_days = e->retention_days;
    submit->categories = e->categories;
    submit->marking = e->marking;
    memcpy(submit->recipient_key_id, e->recipient_key_id, KEY_ID_SIZE);
    submit->lane = (uint8_t)(LANES - 1 - e->urgency);
    submit->in_reply = !id_is_zero(&e->in_reply_to);
    submit->onward_count = (uint16_t)e->onward_count;
    struct texts texts = {(uint8_t *)submit, sizeof *submit};
    submit->recipient = put_text(&texts, e->recipient);
    submit->type = put_text(&texts, e->type);
    submit->purpose = put_text(&texts, e->purpose);
    submit->gateway = put_text(&texts, e->gateway);
    submit->agreement_id = put_text(&texts, e->agreement_id);
    submit->clause = put_text(&texts, e->clause);
    submit->onward = (uint16_t)texts.at;
    if (onward > 0)
        memcpy(texts.base + texts.at, e->onward, onward);
    return ST_OK;
}

/* The record as the journal will hold it; the exchange fills in sequence and time. */
static enum status record_accepted(struct session *session, const struct envelope *e,
                                   const struct digest *digest, const struct arrival *a)
{
    uint8_t proof[EVENT_PROOF_MAX];
    struct writer packed = writer_of(proof, sizeof proof);
    struct event event = {.kind = EVENT_ACCEPTED, .sequence = 1}; /* any but 0, for now */
    uint64_t at;

    event_pack_proof(&a->wire->submit.proof, &packed);
    strcpy(event.sender, e->sender);
    strcpy(event.recipient, e->recipient);
    strcpy(event.clause, e->clause);
    event.message_id = e->message_id;
    event.header_digest = *digest;
    event.lane = (uint8_t)(LANES - 1 - e->urgency);
    event.agreement_hash = e->agreement_hash;
    event.expires_ms = e->expires_ms;
    event.header = a->wire->submit.header;
    event.proof = (struct bytes){proof, packed.size};
    event.body = a->frame.body;

    size_t size = event_size(&event);
    uint8_t *record = turn_record(session->rules->turn, size, &at);
    if (!record)
        return ST_NOMEM;
    struct writer w = writer_of(record, size);
    enum status status = event_write(&event, &w);
    assert(status == ST_OK && w.size == size);
    return command_submit(session, e, digest, at, size);
}

static enum status take_submit(struct session *session, const struct arrival *a)
{
    const struct session_rules *rules = session->rules;
    struct bytes header = a->wire->submit.header;
    const struct proof *proof = &a->wire->submit.proof;
    struct digest digest = sha256(header.data, header.size);
    struct reason why = {""};
    struct envelope e;

    enum status status = envelope_read(header, rules->arena, &e, &why);
    if (status == ST_INVALID || status == ST_LIMIT)
        return refuse_submit(session, NULL, &digest, CONCORDAT__REFUSAL_CODE__HEADER_INVALID, a,
                             &why);
    if (status != ST_OK)
        return status;
    if (strcmp(e.sender, session->peer.id) != 0) {
        reason_set(&why, "the header names %s as its sender", e.sender);
        return refuse_submit(session, &e, &digest, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE, a, &why);
    }
    const struct signer *signer = find_signer(session, &proof->signer, a->wall_ms);
    if (!signer
        || batch_verify(BATCH_HEADERS, rules->cache, signer->key, rules->community, header, proof)
               != ST_OK) {
        reason_set(&why, signer ? "the signature does not hold" : "the signer is not known");
        return refuse_submit(session, &e, &digest, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE, a, &why);
    }
    if (!body_fits(&e, a->frame.body)) {
        reason_set(&why, "the body is not what the header describes");
        return refuse_submit(session, &e, &digest, CONCORDAT__REFUSAL_CODE__HEADER_INVALID, a,
                             &why);
    }
    return record_accepted(session, &e, &digest, a);
}

/* ---- evidence ---- */

static enum status take_step(struct session *session, const struct arrival *a)
{
    const struct session_rules *rules = session->rules;
    struct bytes bytes = a->wire->step.step;
    struct proof proof = a->wire->step.proof;
    uint64_t sequence = a->wire->step.sequence;
    struct reason why = {""};
    struct step step;

    enum status status = step_read(bytes, rules->arena, &step, &why);
    if (status == ST_INVALID || status == ST_LIMIT)
        return end(session, "frame", "frame_refused", &why);
    if (status != ST_OK)
        return status;
    const struct signer *signer = find_signer(session, &proof.signer, a->wall_ms);
    if (strcmp(step.agency, session->peer.id) != 0 || !signer
        || batch_verify(BATCH_STEPS, rules->cache, signer->key, rules->community, bytes, &proof)
               != ST_OK) {
        reason_set(&why, "a step of %s: %s", step.agency,
                   signer ? "the signature does not hold" : "the signer is not known");
        rules->alarm(rules->context, session, "step_refused", &why);
        return ST_OK; /* never answered, as nobody can have signed it */
    }

    uint8_t packed[EVENT_PROOF_MAX];
    struct writer w = writer_of(packed, sizeof packed);
    event_pack_proof(&proof, &w);
    size_t size = sizeof(struct command_step) + bytes.size + w.size;
    struct command_step *given = command(session, COMMAND_STEP, size, size);
    if (!given)
        return ST_NOMEM;
    given->sequence = sequence;
    given->message_id = step.message_id;
    given->header_digest = step.header_digest;
    given->previous = step.previous;
    given->step_digest = sha256(bytes.data, bytes.size);
    given->kind = (uint32_t)step.kind;
    given->step_size = (uint32_t)bytes.size;
    given->proof_size = (uint32_t)w.size;
    memcpy(given->bytes, bytes.data, bytes.size);
    memcpy(given->bytes + bytes.size, packed, w.size);
    return ST_OK;
}

static enum status take_settle(struct session *session, const struct arrival *a)
{
    uint32_t count = a->wire->settle.count;
    size_t size = sizeof(struct command_settle) + count * sizeof(uint64_t);
    struct command_settle *settle = command(session, COMMAND_SETTLE, size, size);

    if (!settle)
        return ST_NOMEM;
    settle->count = count;
    memcpy(settle->sequences, a->wire->settle.sequences, count * sizeof(uint64_t));
    return ST_OK;
}

static enum status take_credit(struct session *session, const struct arrival *a)
{
    struct command_credit *credit =
        command(session, COMMAND_CREDIT, sizeof *credit, sizeof *credit);

    if (!credit)
        return ST_NOMEM;
    credit->credit = a->wire->credit.credit;
    credit->credit_size = a->wire->credit.credit_size;
    return ST_OK;
}

/* ---- directory ---- */

static bool statement_is_sound(const struct session *session, const struct signed_statement *given,
                               const struct key_statement *key, int64_t wall_ms, struct reason *why)
{
    const struct signer *signer = find_signer(session, &given->signer, wall_ms);

    if (strcmp(key->agency, session->peer.id) != 0)
        reason_set(why, "a key of %s", key->agency);
    else if (!signer
             || key_statement_verify(signer->key, session->rules->community, given) != ST_OK)
        reason_set(why, "a key: %s",
                   signer ? "the signature does not hold" : "the signer is not known");
    else if (key->from_ms > wall_ms + CREATED_AHEAD_MS || key->seal_until_ms <= key->from_ms
             || key->open_until_ms < key->seal_until_ms
             || key->open_until_ms - key->from_ms > OPEN_UNTIL_DAYS * DAY_MS)
        reason_set(why, "a key: its times are out of range");
    else
        return true;
    return false;
}

static enum status take_publish(struct session *session, const struct arrival *a,
                                const struct signed_statement *given, uint64_t request)
{
    const struct session_rules *rules = session->rules;
    struct reason why = {""};
    struct key_statement key;

    enum status status = key_statement_read(given->statement, rules->arena, &key, &why);
    if (status == ST_INVALID || status == ST_LIMIT)
        return end(session, "frame", "frame_refused", &why);
    if (status != ST_OK)
        return status;
    if (!statement_is_sound(session, given, &key, a->wall_ms, &why)) {
        struct wire wire = {.kind = WIRE_DIRECTORY};
        rules->alarm(rules->context, session, "key_refused", &why);
        wire.directory.request = request; /* answered, and nothing in it */
        return say(session, &wire, SMALL_FRAME);
    }
    size_t size = sizeof(struct command_publish) + given->statement.size;
    struct command_publish *publish = command(session, COMMAND_PUBLISH, size, size);
    if (!publish)
        return ST_NOMEM;
    publish->request = request;
    publish->key = key;
    publish->signer = given->signer;
    memcpy(publish->signature, given->signature, SIGNATURE_SIZE);
    publish->statement_size = (uint32_t)given->statement.size;
    memcpy(publish->statement, given->statement.data, given->statement.size);
    return ST_OK;
}

static enum status take_directory(struct session *session, const struct arrival *a)
{
    const struct wire *wire = a->wire;
    uint64_t request = wire->directory.request;

    if (wire->directory.wanted_count > 0 || wire->directory.certificate_count > 0) {
        struct command_directory *asked =
            command(session, COMMAND_DIRECTORY, sizeof *asked, sizeof *asked);
        if (!asked)
            return ST_NOMEM;
        asked->request = request;
        asked->agency_count = wire->directory.wanted_count;
        asked->certificate_count = wire->directory.certificate_count;
        for (uint32_t i = 0; i < asked->agency_count; i++)
            strcpy(asked->agencies[i], wire->directory.wanted[i]);
        for (uint32_t i = 0; i < asked->certificate_count; i++)
            asked->certificates[i] = wire->directory.wanted_certificates[i];
    }
    if (!wire->directory.has_publish)
        return ST_OK;
    /* The statement's bytes lie in the arena, which reading it uses again. */
    uint8_t copy[HEAD_MAX_BEFORE_HELLO];
    struct signed_statement given = wire->directory.publish;
    if (given.statement.size > sizeof copy)
        return end(session, "frame", "frame_refused",
                   &(struct reason){"a key statement too large"});
    memcpy(copy, given.statement.data, given.statement.size);
    given.statement.data = copy;
    return take_publish(session, a, &given, request);
}

static enum status take_ping(struct session *session, const struct arrival *a)
{
    struct wire wire = {.kind = WIRE_PING};

    if (a->wire->ping.answer)
        return ST_OK;
    wire.ping.token = a->wire->ping.token;
    wire.ping.answer = true;
    return say(session, &wire, SMALL_FRAME);
}

static enum status take_bye(struct session *session, const struct arrival *)
{
    session->state = SESSION_ENDED;
    return ST_OK;
}

/* What may come in which state; anything else ends the session. */
typedef enum status arrival_handler(struct session *session, const struct arrival *arrival);
static arrival_handler *const arrivals[SESSION_STATES][WIRE_BYE + 1] = {
    [SESSION_HELLO] = {[WIRE_HELLO] = take_hello, [WIRE_BYE] = take_bye},
    [SESSION_OPEN] = {[WIRE_SUBMIT] = take_submit,
                      [WIRE_STEP] = take_step,
                      [WIRE_SETTLE] = take_settle,
                      [WIRE_CREDIT] = take_credit,
                      [WIRE_DIRECTORY] = take_directory,
                      [WIRE_PING] = take_ping,
                      [WIRE_BYE] = take_bye},
};

static enum status take_frame(struct session *session, const struct frame *frame, int64_t wall_ms)
{
    struct reason why = {""};
    struct wire wire;
    enum status status = wire_read(frame->head, session->rules->arena, &wire, &why);

    if (status == ST_NOMEM)
        return status;
    if (status != ST_OK)
        return end(session, "frame", "frame_refused", &why);
    arrival_handler *handler = arrivals[session->state][wire.kind];
    if (!handler || (frame->body.size > 0 && wire.kind != WIRE_SUBMIT)) {
        reason_set(&why, "a frame of kind %d out of place, or with a body", (int)wire.kind);
        return end(session, "frame", "frame_refused", &why);
    }
    return handler(session, &(struct arrival){&wire, *frame, wall_ms});
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
        status = take_frame(session, &frame, wall_ms);
    else
        status = end(session, "frame", "frame_refused",
                     &(struct reason){"an empty head, or a size over the limits"});
    if (status == ST_OK && session->state == SESSION_ENDED)
        return ST_CLOSED;
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
        if (add_signer(session, der, &why) == ST_NOMEM)
            return ST_NOMEM;
    }
    session->state = SESSION_OPEN;
    frame_reader_limit(session->frames, HEAD_MAX, SEALED_MAX);
    wire.welcome.version = SESSION_VERSION;
    wire.welcome.broker = session->rules->broker;
    wire.welcome.now_ms = wall_ms;
    wire.welcome.credit = SUBMIT_CREDIT;
    wire.welcome.credit_size = SUBMIT_CREDIT_SIZE;
    return say(session, &wire, SMALL_FRAME);
}

static enum status do_item(struct session *session, const struct effect_item *effect)
{
    struct reader r = reader_of(effect->record, effect->record_size);
    struct wire wire = {.kind = WIRE_DELIVER};
    struct event event;

    if (event_read(&r, &event) != ST_OK)
        abort(); /* the exchange has read it, or written it */
    if (event.kind == EVENT_STEP) {
        wire.kind = WIRE_STEP;
        wire.step.sequence = effect->sequence;
        wire.step.step = event.step;
        if (event_unpack_proof(event.step_proof, &wire.step.proof) != ST_OK)
            abort();
        return say(session, &wire, SMALL_FRAME + STEP_MAX);
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
    return say(session, &wire, SMALL_FRAME + 10 * (size_t)wire.settle.count);
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
        return say(session, &wire, SMALL_FRAME);
    case EFFECT_REFUSAL:
        wire.kind = WIRE_REFUSAL;
        wire.refusal.refusal = ((const struct effect_refusal *)whole)->refusal;
        return say(session, &wire, SMALL_FRAME);
    case EFFECT_DELIVER:
    case EFFECT_STEP:
        return do_item(session, whole);
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
