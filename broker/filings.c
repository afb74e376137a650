/*
 * filings.c - what an agency signs besides mail, and files with the broker: sealing keys for the
 * directory, claims about cases, instruments of agreements; and what it asks of each of the three.
 *
 *     frame --form, signer, times--> command --> exchange (registry.c, claims.c, gazette.c)
 *
 * Here is judged what needs the bytes and a certificate alone, so that the exchange is not asked in
 * vain. What fails is answered, not recorded, and logged with the certificate's identity. An
 * instrument need not be signed by who brings it; the others must be. Threads: the link's.
 */
#include <stdio.h>
#include <string.h>

#include "broker/session_inside.h"
#include "lib/id.h"
#include "lib/text.h"
#include "proto/told.h"

#define DAY_MS INT64_C(86400000)

/* ---- directory ---- */

static bool statement_is_sound(const struct session *session, const struct signed_statement *given,
                               const struct key_statement *key, int64_t wall_ms, struct reason *why)
{
    const struct signer *signer = signers_find(&session->signers, &given->signer, wall_ms);

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
        return session_fail(session, "frame", "frame_refused", &why);
    if (status != ST_OK)
        return status;
    if (!statement_is_sound(session, given, &key, a->wall_ms, &why)) {
        struct wire wire = {.kind = WIRE_DIRECTORY};
        rules->alarm(rules->context, session, "key_refused", &why);
        wire.directory.request = request; /* answered, and nothing in it */
        return session_say(session, &wire, SMALL_FRAME);
    }
    size_t size = sizeof(struct command_publish) + given->statement.size;
    struct command_publish *publish = session_command(session, COMMAND_PUBLISH, size, size);
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

enum status session_take_directory(struct session *session, const struct arrival *a)
{
    const struct wire *wire = a->wire;
    uint64_t request = wire->directory.request;

    if (wire->directory.wanted_count > 0 || wire->directory.certificate_count > 0) {
        struct command_directory *asked = session_command(session, COMMAND_DIRECTORY, sizeof *asked,
                                                          HEAD_MAX); /* what it may bring */
        if (!asked)
            return ST_NOMEM;
        asked->request = request;
        asked->agency_count = wire->directory.wanted_count;
        asked->certificate_count = wire->directory.certificate_count;
        for (uint32_t i = 0; i < asked->agency_count; i++)
            TEXT_COPY(asked->agencies[i], wire->directory.wanted[i]);
        for (uint32_t i = 0; i < asked->certificate_count; i++)
            asked->certificates[i] = wire->directory.wanted_certificates[i];
    }
    if (!wire->directory.has_publish)
        return ST_OK;
    /* The statement's bytes lie in the arena, which reading it uses again. */
    uint8_t copy[HEAD_MAX_BEFORE_HELLO];
    struct signed_statement given = wire->directory.publish;
    if (given.statement.size > sizeof copy)
        return session_fail(session, "frame", "frame_refused",
                            &(struct reason){"a key statement too large"});
    memcpy(copy, given.statement.data, given.statement.size);
    given.statement.data = copy;
    return take_publish(session, a, &given, request);
}

/* ---- cases ---- */

/* Refused here: the exchange is not asked. */
static enum status refuse_claim(struct session *session, uint64_t request,
                                Concordat__RefusalCode code, const struct reason *why)
{
    struct wire wire = {.kind = WIRE_CASE};

    session->rules->alarm(session->rules->context, session, "claim_refused", why);
    wire.case_frame.request = request;
    wire.case_frame.answered = true;
    wire.case_frame.code = code;
    return session_say(session, &wire, SMALL_FRAME);
}

/* UNSPECIFIED: it is this agency's word, signed now; *signer is whose key holds. */
static Concordat__RefusalCode judge_claim(struct session *session, const struct arrival *a,
                                          const struct claim *claim, const struct signer **signer,
                                          struct reason *why)
{
    const struct wire *wire = a->wire;

    *signer = signers_find(&session->signers, &wire->case_frame.signer, a->wall_ms);
    if (strcmp(claim->agency, session->peer.id) != 0 || !*signer
        || claim_verify((*signer)->key, session->rules->community, wire->case_frame.claim,
                        wire->case_frame.signature)
               != ST_OK) {
        reason_set(why, "a claim of %s: %s", claim->agency,
                   *signer ? "the signature does not hold" : "the signer is not known");
        return CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE;
    }
    if (claim->at_ms > a->wall_ms + CREATED_AHEAD_MS
        || claim->at_ms < a->wall_ms - CREATED_PAST_DAYS * DAY_MS) {
        reason_set(why, "a claim: its time is out of range");
        return CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE;
    }
    return CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
}

enum status session_take_case(struct session *session, const struct arrival *a)
{
    const struct wire *wire = a->wire;
    const struct signer *signer = NULL;
    struct claim claim = {.agency = ""};
    struct reason why = {""};

    if (wire->case_frame.answered)
        return session_fail(session, "frame", "frame_refused",
                            &(struct reason){"an answer about a case, from an agent"});
    if (wire->case_frame.claim.size > 0) {
        enum status status =
            claim_read(wire->case_frame.claim, session->rules->arena, &claim, &why);
        if (status == ST_INVALID || status == ST_LIMIT)
            return refuse_claim(session, wire->case_frame.request,
                                CONCORDAT__REFUSAL_CODE__HEADER_INVALID, &why);
        if (status != ST_OK)
            return status;
        Concordat__RefusalCode code = judge_claim(session, a, &claim, &signer, &why);
        if (code != CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED)
            return refuse_claim(session, wire->case_frame.request, code, &why);
    }
    struct command_case *given =
        session_command(session, COMMAND_CASE, sizeof *given, TOLD_MAX); /* what it may bring */
    if (!given)
        return ST_NOMEM;
    given->request = wire->case_frame.request;
    given->is_claim = signer != NULL;
    if (signer) {
        given->claim = claim;
        given->handle = claim.case_handle;
        given->signing_key = signer->spki;
        given->signer = wire->case_frame.signer;
        memcpy(given->signature, wire->case_frame.signature, SIGNATURE_SIZE);
        memcpy(given->bytes, wire->case_frame.claim.data, wire->case_frame.claim.size);
        given->bytes_size = (uint32_t)wire->case_frame.claim.size;
    } else {
        memcpy(given->handle.bytes, wire->case_frame.ask.data, ID_SIZE);
    }
    return ST_OK;
}

/* ---- gazette ---- */

/* Refused here: nobody can have signed it. Its submitter need not be its signer. */
static enum status refuse_instrument(struct session *session, uint64_t request,
                                     const struct reason *why)
{
    struct wire wire = {.kind = WIRE_GAZETTE};
    char text[VERDICT_MAX + 1];

    session->rules->alarm(session->rules->context, session, "instrument_refused", why);
    (void)snprintf(text, sizeof text, "%.*s", VERDICT_MAX,
                   why->text[0] ? why->text : "not an instrument");
    wire.gazette.request = request;
    wire.gazette.why = text;
    return session_say(session, &wire, SMALL_FRAME);
}

/* Form, signature, and a certificate of the community that holds: an officer's for what an officer
 * signs, else of governance.
 *   ST_INVALID, ST_FORGED   `why` says which */
static enum status check_instrument(struct session *session, struct bytes bytes, struct bytes text,
                                    struct instrument *out, struct reason *why)
{
    const struct session_rules *rules = session->rules;
    signer_check *check;
    struct signed_instrument given;
    struct identity identity = {.id = ""};
    struct digest community;
    EVP_PKEY *key = NULL;

    memcpy(community.bytes, rules->community, DIGEST_SIZE);
    enum status status = signed_instrument_read(bytes, &given, why);
    if (status == ST_OK)
        status = instrument_verify(&given, &community, out, why);
    if (status != ST_OK)
        return status;
    check = out->act == CONCORDAT__ACT__AUTHORISE ? rules->check_officer : rules->check_governance;
    status = check(rules->context, given.certificate, &identity, &key, why);
    EVP_PKEY_free(key);
    if (status != ST_OK)
        return status;
    if ((out->act == CONCORDAT__ACT__PROPOSE) != (text.size > 0)
        || text.size > AGREEMENT_FILE_MAX) {
        reason_set(why, "a proposal comes with its text of at most %d bytes, nothing else does",
                   AGREEMENT_FILE_MAX);
        return ST_INVALID;
    }
    return ST_OK;
}

static enum status take_instrument(struct session *session, const struct arrival *a)
{
    struct bytes bytes = a->wire->gazette.instrument, text = a->frame.body;
    struct instrument instrument;
    struct reason why = {""};

    enum status status = check_instrument(session, bytes, text, &instrument, &why);
    if (status == ST_NOMEM || status == ST_IO)
        return ST_NOMEM;
    if (status != ST_OK)
        return refuse_instrument(session, a->wire->gazette.request, &why);
    size_t size = sizeof(struct command_gazette) + bytes.size + text.size;
    struct command_gazette *given = session_command(session, COMMAND_GAZETTE, size, size);
    if (!given)
        return ST_NOMEM;
    given->request = a->wire->gazette.request;
    given->instrument = instrument;
    given->signed_size = (uint32_t)bytes.size;
    given->text_size = (uint32_t)text.size;
    memcpy(given->bytes, bytes.data, bytes.size);
    if (text.size > 0)
        memcpy(given->bytes + bytes.size, text.data, text.size);
    return ST_OK;
}

enum status session_take_gazette(struct session *session, const struct arrival *a)
{
    const struct wire *wire = a->wire;

    if (wire->gazette.instrument.size > 0 && wire->gazette.sequence == 0)
        return take_instrument(session, a);
    if (!wire->gazette.follow || a->frame.body.size > 0)
        return session_fail(session, "frame", "frame_refused",
                            &(struct reason){"an entry or verdict from an agent, or a body"});
    struct command_follow *follow =
        session_command(session, COMMAND_FOLLOW, sizeof *follow, sizeof *follow);
    if (!follow)
        return ST_NOMEM;
    follow->after = wire->gazette.after;
    return ST_OK;
}
