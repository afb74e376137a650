/*
 * arrivals.c - what each frame of an agency becomes: a command for the exchange, or an answer at
 * once. Sessions, mail and evidence here; what an agency files besides, in filings.c.
 *
 * The checks here need the peer's certificate and the frame alone. A message or step that fails
 * them is refused and logged with the certificate's identity; a frame out of its form ends the
 * session.
 */
#include <string.h>

#include "broker/session_inside.h"
#include "lib/text.h"
#include "proto/envelope.h"

void *session_command(struct session *session, enum command_kind kind, size_t size, size_t cost)
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

static enum status take_hello(struct session *session, const struct arrival *a)
{
    const struct wire *wire = a->wire;
    struct bytes der = wire->hello.signing_certificate;
    struct reason why = {""};

    if (wire->hello.version != SESSION_VERSION) {
        reason_set(&why, "version %u", wire->hello.version);
        return session_fail(session, "version", "session_refused", &why);
    }
    if (memcmp(wire->hello.community.data, session->rules->community, DIGEST_SIZE) != 0) {
        reason_set(&why, "another community");
        return session_fail(session, "community", "session_refused", &why);
    }
    enum status status = signers_add(&session->signers, session->peer.id, der,
                                     session->rules->check, session->rules->context, &why);
    if (status == ST_FORGED || status == ST_INVALID)
        return session_fail(session, "certificate", "certificate_refused", &why);
    if (status != ST_OK)
        return status;

    struct command_hello *hello =
        session_command(session, COMMAND_HELLO, sizeof *hello + der.size, sizeof *hello + der.size);
    if (!hello)
        return ST_NOMEM;
    TEXT_COPY(hello->agency, session->peer.id);
    hello->certificate = session->signers.list[0].digest;
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
        TEXT_COPY(refusal->agreement_id, envelope->agreement_id);
        refusal->agreement_version = envelope->agreement_version;
        TEXT_COPY(refusal->clause, envelope->clause);
    }
    return session_say(session, &wire, SMALL_FRAME);
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

static enum status submit(struct session *session, const struct envelope *e,
                          const struct digest *digest, const struct signer *signer,
                          const struct arrival *a)
{
    const struct submission submission = {
        .session = session->id,
        .member = session->member,
        .envelope = e,
        .header_digest = digest,
        .header = a->wire->submit.header,
        .proof = &a->wire->submit.proof,
        .body = a->frame.body,
        .signing_key = &signer->spki,
    };
    uint32_t charge;
    enum status status = turn_submit(session->rules->turn, &submission, &charge);

    if (status == ST_OK) {
        session->in_flight++;
        session->charge += charge;
    }
    return status;
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
    if (envelope_check_deadlines(&e, &why) != ST_OK)
        return refuse_submit(session, &e, &digest, CONCORDAT__REFUSAL_CODE__HEADER_INVALID, a,
                             &why);
    if (strcmp(e.sender, session->peer.id) != 0) {
        reason_set(&why, "the header names %s as its sender", e.sender);
        return refuse_submit(session, &e, &digest, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE, a, &why);
    }
    const struct signer *signer = signers_find(&session->signers, &proof->signer, a->wall_ms);
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
    return submit(session, &e, &digest, signer, a);
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
        return session_fail(session, "frame", "frame_refused", &why);
    if (status != ST_OK)
        return status;
    const struct signer *signer = signers_find(&session->signers, &proof.signer, a->wall_ms);
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
    struct command_step *given = session_command(session, COMMAND_STEP, size, size);
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
    struct command_settle *settle = session_command(session, COMMAND_SETTLE, size, size);

    if (!settle)
        return ST_NOMEM;
    settle->count = count;
    memcpy(settle->sequences, a->wire->settle.sequences, count * sizeof(uint64_t));
    return ST_OK;
}

static enum status take_credit(struct session *session, const struct arrival *a)
{
    struct command_credit *credit =
        session_command(session, COMMAND_CREDIT, sizeof *credit, sizeof *credit);

    if (!credit)
        return ST_NOMEM;
    credit->credit = a->wire->credit.credit;
    credit->credit_size = a->wire->credit.credit_size;
    return ST_OK;
}

/* ---- the rest ---- */

static enum status take_ping(struct session *session, const struct arrival *a)
{
    struct wire wire = {.kind = WIRE_PING};

    if (a->wire->ping.answer)
        return ST_OK;
    wire.ping.token = a->wire->ping.token;
    wire.ping.answer = true;
    return session_say(session, &wire, SMALL_FRAME);
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
                      [WIRE_DIRECTORY] = session_take_directory,
                      [WIRE_GAZETTE] = session_take_gazette,
                      [WIRE_CASE] = session_take_case,
                      [WIRE_PING] = take_ping,
                      [WIRE_BYE] = take_bye},
};

enum status session_take(struct session *session, const struct frame *frame, int64_t wall_ms)
{
    struct reason why = {""};
    struct wire wire;
    enum status status = wire_read(frame->head, session->rules->arena, &wire, &why);

    if (status == ST_NOMEM)
        return status;
    if (status != ST_OK)
        return session_fail(session, "frame", "frame_refused", &why);
    arrival_handler *handler = arrivals[session->state][wire.kind];
    bool may_have_body = wire.kind == WIRE_SUBMIT || wire.kind == WIRE_GAZETTE;
    if (!handler || (frame->body.size > 0 && !may_have_body)) {
        reason_set(&why, "a frame of kind %d out of place, or with a body", (int)wire.kind);
        return session_fail(session, "frame", "frame_refused", &why);
    }
    return handler(session, &(struct arrival){&wire, *frame, wall_ms});
}
