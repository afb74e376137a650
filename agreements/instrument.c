#include "agreements/instrument.h"

#include <assert.h>
#include <string.h>

#include "lib/identity.h"
#include "lib/sign.h"
#include "lib/text.h"
#include "proto/field.h"
#include "proto/prescan.h"

#define INSTRUMENT_VERSION 1

/* What an act has besides act, agency and signed_ms. */
enum {
    HAS_AGREEMENT = 1, /* id, version and hash */
    HAS_PROPOSAL = 2,  /* proposal id and expiry; and may name a predecessor */
    HAS_SIGNING_KEY = 4,
    HAS_MESSAGE = 8,
    HAS_COUNTERPART = 16,
    MAY_UPHOLD = 32,
    HAS_CLAUSE = 64,
    HAS_OFFICER = 128
};

struct act_row {
    const char *name;
    unsigned has;
};

static const struct act_row acts[] = {
    [CONCORDAT__ACT__PROPOSE] = {"propose", HAS_AGREEMENT | HAS_PROPOSAL},
    [CONCORDAT__ACT__ACCEPT] = {"accept", HAS_AGREEMENT | HAS_PROPOSAL},
    [CONCORDAT__ACT__REJECT] = {"reject", HAS_AGREEMENT | HAS_PROPOSAL},
    [CONCORDAT__ACT__WITHDRAW] = {"withdraw", HAS_AGREEMENT | HAS_PROPOSAL},
    [CONCORDAT__ACT__REVOKE] = {"revoke", HAS_AGREEMENT},
    [CONCORDAT__ACT__SUSPEND] = {"suspend", HAS_AGREEMENT},
    [CONCORDAT__ACT__RESUME] = {"resume", HAS_AGREEMENT},
    [CONCORDAT__ACT__ROLL] = {"roll", HAS_SIGNING_KEY},
    [CONCORDAT__ACT__RETIRE] = {"retire", HAS_SIGNING_KEY},
    [CONCORDAT__ACT__REVIEW] = {"review", HAS_AGREEMENT | HAS_MESSAGE | MAY_UPHOLD},
    [CONCORDAT__ACT__AUTHORISE] = {"authorise", HAS_AGREEMENT | HAS_MESSAGE | HAS_COUNTERPART
                                                    | HAS_CLAUSE | HAS_OFFICER},
    [CONCORDAT__ACT__REINSTATE] = {"reinstate", HAS_AGREEMENT | HAS_COUNTERPART},
};
#define ACTS (sizeof acts / sizeof *acts)

static const struct act_row *row_of(Concordat__Act act)
{
    return (unsigned)act < ACTS && acts[act].name ? &acts[act] : NULL;
}

const char *act_name(Concordat__Act act)
{
    const struct act_row *row = row_of(act);

    return row ? row->name : "?";
}

Concordat__Act act_parse(const char *name)
{
    for (unsigned i = 1; i < ACTS; i++)
        if (strcmp(acts[i].name, name) == 0)
            return (Concordat__Act)i;
    return CONCORDAT__ACT__ACT_UNSPECIFIED;
}

/* --- the canonical bytes --- */

#define UNWANTED "this act has none"

static enum status take_agreement(const Concordat__Instrument *m, bool wanted, struct instrument *i,
                                  struct reason *why)
{
    if (!wanted) {
        if (m->agreement_id[0] != '\0')
            return field_refuse(why, "agreement_id", UNWANTED);
        if (m->agreement_version != 0)
            return field_refuse(why, "agreement_version", UNWANTED);
        return m->agreement_hash.len == 0 ? ST_OK : field_refuse(why, "agreement_hash", UNWANTED);
    }
    if (!field_take_word(m->agreement_id, i->agreement_id, AGREEMENT_ID_MAX))
        return field_refuse(why, "agreement_id", "not an agreement's id");
    if (m->agreement_version == 0 || m->agreement_version > VERSION_MAX)
        return field_refuse(why, "agreement_version", "missing or too large");
    if (!field_take(&m->agreement_hash, i->agreement_hash.bytes, DIGEST_SIZE))
        return field_refuse(why, "agreement_hash", "not 32 bytes, or zero");
    i->agreement_version = m->agreement_version;
    return ST_OK;
}

static enum status take_proposal(const Concordat__Instrument *m, bool wanted, struct instrument *i,
                                 struct reason *why)
{
    if (!wanted) {
        if (m->predecessor_hash.len != 0)
            return field_refuse(why, "predecessor_hash", UNWANTED);
        if (m->proposal_id.len != 0)
            return field_refuse(why, "proposal_id", UNWANTED);
        return m->proposal_expires_ms == 0 ? ST_OK
                                           : field_refuse(why, "proposal_expires_ms", UNWANTED);
    }
    if (!field_take_optional(&m->predecessor_hash, i->predecessor_hash.bytes, DIGEST_SIZE))
        return field_refuse(why, "predecessor_hash", "neither empty nor 32 bytes");
    if (!field_take(&m->proposal_id, i->proposal_id.bytes, ID_SIZE))
        return field_refuse(why, "proposal_id", "not 16 bytes, or zero");
    if (m->proposal_expires_ms <= 0)
        return field_refuse(why, "proposal_expires_ms", "missing or before 1970");
    i->proposal_expires_ms = m->proposal_expires_ms;
    return ST_OK;
}

static enum status take_rest(const Concordat__Instrument *m, unsigned has, struct instrument *i,
                             struct reason *why)
{
    if (has & HAS_SIGNING_KEY ? !field_take(&m->signing_key, i->signing_key.bytes, DIGEST_SIZE)
                              : m->signing_key.len != 0)
        return field_refuse(why, "signing_key", "32 bytes, and with ROLL and RETIRE alone");
    if (has & HAS_MESSAGE ? !field_take(&m->message_id, i->message_id.bytes, ID_SIZE)
                          : m->message_id.len != 0)
        return field_refuse(why, "message_id", "16 bytes, and with REVIEW and AUTHORISE alone");
    if (!(has & MAY_UPHOLD) && m->upheld)
        return field_refuse(why, "upheld", "goes with REVIEW alone");
    if (has & HAS_COUNTERPART ? !field_take_agency(m->counterpart, i->counterpart)
                              : m->counterpart[0] != '\0')
        return field_refuse(why, "counterpart",
                            "an agency id, and with AUTHORISE and REINSTATE alone");
    if (has & HAS_CLAUSE ? !field_take_word(m->clause, i->clause, CLAUSE_ID_MAX)
                         : m->clause[0] != '\0')
        return field_refuse(why, "clause", "a clause's id, and with AUTHORISE alone");
    if (has & HAS_OFFICER ? !field_take_word(m->officer, i->officer, OFFICER_CODE_MAX)
                          : m->officer[0] != '\0')
        return field_refuse(why, "officer", "an officer's code, and with AUTHORISE alone");
    i->upheld = m->upheld;
    return ST_OK;
}

static enum status take_instrument(const Concordat__Instrument *m, struct instrument *i,
                                   struct reason *why)
{
    const struct act_row *row = row_of(m->act);
    enum status st;

    if (m->version != INSTRUMENT_VERSION)
        return field_refuse(why, "version", "not 1");
    if (!row)
        return field_refuse(why, "act", "missing");
    if (!field_take_agency(m->agency, i->agency))
        return field_refuse(why, "agency", "not an agency id");
    if (m->signed_ms <= 0)
        return field_refuse(why, "signed_ms", "missing or before 1970");
    i->act = m->act;
    i->signed_ms = m->signed_ms;
    if ((st = take_agreement(m, row->has & HAS_AGREEMENT, i, why))
        || (st = take_proposal(m, row->has & HAS_PROPOSAL, i, why)))
        return st;
    return take_rest(m, row->has, i, why);
}

enum status instrument_read(struct bytes bytes, struct instrument *out, struct reason *why)
{
    static const struct prescan rules = {
        .fields_max = 20,
        .heap_max = FIELD_SCRATCH,
        .canonical = true,
    };
    struct field_scratch scratch = {0};
    struct instrument i = {0};
    ProtobufCMessage *message;

    if (bytes.size > INSTRUMENT_MAX) {
        reason_set(why, "instrument: over %d bytes", INSTRUMENT_MAX);
        return ST_INVALID;
    }
    enum status status = prescan_unpack(&concordat__instrument__descriptor, bytes, &rules,
                                        field_scratch_allocator(&scratch), &message, why);
    if (status != ST_OK)
        return ST_INVALID;
    if ((status = take_instrument((const Concordat__Instrument *)message, &i, why)) != ST_OK)
        return status;
    i.digest = sha256(bytes.data, bytes.size);
    *out = i;
    return ST_OK;
}

enum status instrument_write(const struct instrument *i, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room < INSTRUMENT_MAX ? room : INSTRUMENT_MAX);

    field_number(&w, 1, INSTRUMENT_VERSION);
    field_number(&w, 2, (uint32_t)i->act);
    field_text(&w, 3, i->agency);
    field_text(&w, 4, i->agreement_id);
    field_number(&w, 5, i->agreement_version);
    field_digest(&w, 6, &i->agreement_hash);
    field_digest(&w, 7, &i->predecessor_hash);
    field_id(&w, 8, &i->proposal_id);
    field_number(&w, 9, (uint64_t)i->proposal_expires_ms);
    field_number(&w, 10, (uint64_t)i->signed_ms);
    field_digest(&w, 11, &i->signing_key);
    field_id(&w, 12, &i->message_id);
    field_number(&w, 13, i->upheld);
    field_text(&w, 14, i->counterpart);
    field_text(&w, 15, i->clause);
    field_text(&w, 16, i->officer);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

/* --- signatures --- */

#define SIGNED_PARTS 3

static void signed_parts(const struct digest *community, struct bytes instrument,
                         struct bytes parts[static SIGNED_PARTS])
{
    static const char prefix[] = "concordat/1 governance"; /* with its NUL: the 0x00 */

    parts[0] = (struct bytes){(const uint8_t *)prefix, sizeof prefix};
    parts[1] = (struct bytes){community->bytes, DIGEST_SIZE};
    parts[2] = instrument;
}

/* The certificate that goes with an act: of an officer, or of the agency's governance key. Fills in
 * what the instrument says of its signer; `key` is the caller's to free. */
static enum status read_certificate(struct bytes certificate, struct instrument *i, EVP_PKEY **key,
                                    struct reason *why)
{
    enum identity_use use = i->act == CONCORDAT__ACT__AUTHORISE ? USE_OFFICER : USE_GOVERNANCE;
    struct identity identity;
    struct reason fault = {""};
    EVP_PKEY *found = NULL;

    enum status st =
        identity_of_der(certificate.data, certificate.size, use, &identity, &found, &fault);
    if (st != ST_OK) {
        reason_set(why, "certificate: %s", fault.text);
        return st == ST_NOMEM ? ST_NOMEM : ST_FORGED;
    }
    if (strcmp(identity.id, i->agency) != 0) {
        EVP_PKEY_free(found);
        reason_set(why, "certificate: it is of %s, the instrument of %s", identity.id, i->agency);
        return ST_FORGED;
    }
    if (strcmp(identity.officer, i->officer) != 0) {
        EVP_PKEY_free(found);
        reason_set(why, "certificate: it is of officer %s, the instrument of %s", identity.officer,
                   i->officer);
        return ST_FORGED;
    }
    memcpy(i->key.bytes, identity.spki, DIGEST_SIZE);
    *key = found;
    return ST_OK;
}

static enum status write_signed(struct bytes instrument, struct bytes certificate,
                                const uint8_t signature[static SIGNATURE_SIZE], uint8_t *out,
                                size_t room, size_t *size)
{
    struct writer w = writer_of(out, room < SIGNED_INSTRUMENT_MAX ? room : SIGNED_INSTRUMENT_MAX);

    field_bytes(&w, 1, instrument.data, instrument.size);
    field_bytes(&w, 2, certificate.data, certificate.size);
    field_bytes(&w, 3, signature, SIGNATURE_SIZE);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

enum status instrument_sign(const struct instrument *instrument, EVP_PKEY *key,
                            struct bytes certificate, const struct digest *community, uint8_t *out,
                            size_t room, size_t *size, struct reason *why)
{
    uint8_t bytes[INSTRUMENT_MAX], signature[SIGNATURE_SIZE];
    struct bytes written = {bytes, 0}, parts[SIGNED_PARTS];
    struct instrument again;
    EVP_PKEY *certified = NULL;
    enum status st;

    if ((st = instrument_write(instrument, bytes, sizeof bytes, &written.size))
        || (st = instrument_read(written, &again, why)) /* what nobody would read is not signed */
        || (st = read_certificate(certificate, &again, &certified, why)))
        return st;
    bool is_its = EVP_PKEY_eq(key, certified) == 1;
    EVP_PKEY_free(certified);
    if (!is_its) {
        reason_set(why, "certificate: it is of another key than the one that signs");
        return ST_FORGED;
    }
    signed_parts(community, written, parts);
    if ((st = sign_parts(key, parts, SIGNED_PARTS, signature)) != ST_OK)
        return st;
    return write_signed(written, certificate, signature, out, room, size);
}

enum status signed_instrument_read(struct bytes bytes, struct signed_instrument *out,
                                   struct reason *why)
{
    static const struct prescan rules = {
        .fields_max = 4,
        .heap_max = 4 * SIGNED_INSTRUMENT_MAX,
        .canonical = true,
    };

    if (bytes.size > SIGNED_INSTRUMENT_MAX) {
        reason_set(why, "signed instrument: over %d bytes", SIGNED_INSTRUMENT_MAX);
        return ST_INVALID;
    }
    if (prescan(&concordat__signed_instrument__descriptor, bytes, &rules, why) != ST_OK)
        return ST_INVALID;
    struct signed_instrument parts = {.instrument = field_find(bytes, 1),
                                      .certificate = field_find(bytes, 2)};
    struct bytes signature = field_find(bytes, 3);
    if (parts.instrument.size == 0 || parts.instrument.size > INSTRUMENT_MAX)
        return field_refuse(why, "instrument", "missing or too long");
    if (parts.certificate.size == 0)
        return field_refuse(why, "certificate", "missing");
    if (signature.size != SIGNATURE_SIZE)
        return field_refuse(why, "signature", "not 64 bytes");
    memcpy(parts.signature, signature.data, SIGNATURE_SIZE);
    *out = parts;
    return ST_OK;
}

enum status instrument_verify(const struct signed_instrument *signed_instrument,
                              const struct digest *community, struct instrument *out,
                              struct reason *why)
{
    struct bytes parts[SIGNED_PARTS];
    struct instrument i;
    EVP_PKEY *key = NULL;
    enum status st;

    if ((st = instrument_read(signed_instrument->instrument, &i, why))
        || (st = read_certificate(signed_instrument->certificate, &i, &key, why)))
        return st;
    signed_parts(community, signed_instrument->instrument, parts);
    st = sign_verify(key, parts, SIGNED_PARTS, signed_instrument->signature, SIGNATURE_SIZE);
    EVP_PKEY_free(key);
    if (st != ST_OK) {
        reason_set(why, "signature: it does not hold for this instrument, key and community");
        return ST_FORGED;
    }
    *out = i;
    return ST_OK;
}
