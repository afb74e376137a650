#include "proto/wire.h"

#include <string.h>

#include "proto/claim.h"
#include "proto/field.h"
#include "proto/prescan.h"
#include "proto/session.pb-c.h"
#include "proto/told.h"

#define FRAME_FIELDS_MAX (2 * SETTLE_MAX) /* in one head */
#define CERTIFICATE_MAX 4096              /* bytes of DER; ours have about 700 */
#define WORD_MAX 63                       /* bytes of a broker's name or a refusal's code */
#define ADVICE_MAX 255                    /* bytes of a sentence to a peer */

/* Frame's cases have the numbers of their fields. */
#define TAG(kind) CONCORDAT__FRAME__KIND_##kind

/* Up to `max` bytes of text, borrowed; empty is fine. */
static bool take_text(const char *from, size_t max, const char **to)
{
    *to = from;
    return strnlen(from, max + 1) <= max;
}

static bool take_optional_word(const char *from, char *to, size_t max)
{
    return from[0] == '\0' || field_take_word(from, to, max);
}

static enum status take_proof(const Concordat__BatchProof *p, struct proof *out, struct reason *why)
{
    if (!p)
        return field_refuse(why, "proof", "missing");
    if (!field_take(&p->signer, out->signer.bytes, DIGEST_SIZE))
        return field_refuse(why, "proof.signer", "not 32 bytes, or zero");
    if (!field_take(&p->signature, out->signature, SIGNATURE_SIZE))
        return field_refuse(why, "proof.signature", "not 64 bytes, or zero");
    if (!field_take(&p->salt, out->salt, SALT_SIZE))
        return field_refuse(why, "proof.salt", "not 16 bytes, or zero");
    if (p->count == 0 || p->count > BATCH_LEAVES_MAX || p->index >= p->count)
        return field_refuse(why, "proof.index", "not below a count of 1 to 64");
    if (p->path.len % DIGEST_SIZE != 0 || p->path.len > sizeof out->path)
        return field_refuse(why, "proof.path", "not up to 6 hashes");
    out->index = p->index;
    out->count = p->count;
    out->length = (uint32_t)(p->path.len / DIGEST_SIZE);
    if (out->length > 0)
        memcpy(out->path, p->path.data, p->path.len);
    return ST_OK;
}

/* The bytes of a header or step where they lie in the head, not their copy in the arena, so that
 * the arena can be used again while they are read. */
static enum status take_inside(struct bytes outer, uint32_t tag, size_t max, struct bytes *out,
                               struct reason *why)
{
    struct bytes found = field_find(outer, tag);

    if (found.size == 0 || found.size > max)
        return field_refuse(why, "header or step", "missing or too large");
    *out = found;
    return ST_OK;
}

static enum status take_hello(const Concordat__Hello *h, struct wire *w, struct reason *why)
{
    if (h->community.len != DIGEST_SIZE
        || !field_take_bytes(&h->community, DIGEST_SIZE, &w->hello.community))
        return field_refuse(why, "hello.community", "not 32 bytes");
    if (!field_take_bytes(&h->signing_certificate, CERTIFICATE_MAX, &w->hello.signing_certificate))
        return field_refuse(why, "hello.signing_certificate", "missing or too large");
    w->kind = WIRE_HELLO;
    w->hello.version = h->version;
    w->hello.credit = h->credit;
    w->hello.credit_size = h->credit_size;
    return ST_OK;
}

static enum status take_welcome(const Concordat__Welcome *m, struct wire *w, struct reason *why)
{
    if (!take_text(m->broker, WORD_MAX, &w->welcome.broker) || !agency_is_valid(m->broker))
        return field_refuse(why, "welcome.broker", "not an id");
    w->kind = WIRE_WELCOME;
    w->welcome.version = m->version;
    w->welcome.now_ms = m->now_ms;
    w->welcome.credit = m->credit;
    w->welcome.credit_size = m->credit_size;
    return ST_OK;
}

static enum status take_submit(const Concordat__Submit *m, struct bytes head, struct wire *w,
                               struct reason *why)
{
    enum status status =
        take_inside(field_find(head, TAG(SUBMIT)), 1, HEADER_MAX, &w->submit.header, why);

    w->kind = WIRE_SUBMIT;
    return status == ST_OK ? take_proof(m->proof, &w->submit.proof, why) : status;
}

/* By a time of acceptance the agent reckons what is owed. */
static bool is_time(int64_t at_ms)
{
    return at_ms > 0 && at_ms <= TIME_MAX_MS;
}

static enum status take_deliver(const Concordat__Deliver *m, struct bytes head, struct wire *w,
                                struct reason *why)
{
    enum status status =
        take_inside(field_find(head, TAG(DELIVER)), 4, HEADER_MAX, &w->deliver.header, why);

    if (!is_time(m->accepted_ms))
        return field_refuse(why, "deliver.accepted_ms", "missing, or no time at all");
    w->kind = WIRE_DELIVER;
    w->deliver.sequence = m->sequence;
    w->deliver.again = m->again;
    w->deliver.accepted_ms = m->accepted_ms;
    return status == ST_OK ? take_proof(m->proof, &w->deliver.proof, why) : status;
}

static enum status take_receipt(const Concordat__Receipt *m, struct receipt *r, struct reason *why)
{
    if (!field_take(&m->message_id, r->message_id.bytes, ID_SIZE))
        return field_refuse(why, "receipt.message_id", "not 16 bytes, or zero");
    if (!field_take(&m->header_digest, r->header_digest.bytes, DIGEST_SIZE))
        return field_refuse(why, "receipt.header_digest", "not 32 bytes, or zero");
    if (!field_take(&m->agreement_hash, r->agreement_hash.bytes, DIGEST_SIZE))
        return field_refuse(why, "receipt.agreement_hash", "not 32 bytes, or zero");
    if (!field_take_word(m->clause, r->clause, CLAUSE_ID_MAX))
        return field_refuse(why, "receipt.clause", "missing, too long or not printable");
    if (m->proof.len != 0)
        return field_refuse(why, "receipt.proof", "reserved: must be empty");
    if (!is_time(m->accepted_ms))
        return field_refuse(why, "receipt.accepted_ms", "missing, or no time at all");
    r->sequence = m->sequence;
    r->accepted_ms = m->accepted_ms;
    return ST_OK;
}

static enum status take_refusal(const Concordat__Refusal *m, struct refusal *r, struct reason *why)
{
    /* no id: the header could not be read that far */
    if (!field_take_optional(&m->message_id, r->message_id.bytes, ID_SIZE))
        return field_refuse(why, "refusal.message_id", "neither empty nor 16 bytes");
    if (!field_take(&m->header_digest, r->header_digest.bytes, DIGEST_SIZE))
        return field_refuse(why, "refusal.header_digest", "not 32 bytes, or zero");
    if (m->code == CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED)
        return field_refuse(why, "refusal.code", "missing");
    if (!take_optional_word(m->agreement_id, r->agreement_id, AGREEMENT_ID_MAX)
        || !take_optional_word(m->clause, r->clause, CLAUSE_ID_MAX))
        return field_refuse(why, "refusal.agreement_id, clause", "too long or not printable");
    if (m->proof.len != 0)
        return field_refuse(why, "refusal.proof", "reserved: must be empty");
    for (size_t i = 0; i < m->n_offending; i++) { /* pre-scanned: known values */
        category_set at = UINT32_C(1) << m->offending[i];
        if (at <= r->offending || at == 1)
            return field_refuse(why, "refusal.offending", "not categories in ascending order");
        r->offending |= at;
    }
    r->code = m->code;
    r->agreement_version = m->agreement_version;
    r->refused_ms = m->refused_ms;
    return ST_OK;
}

static enum status take_withheld(const Concordat__Withheld *m, struct withheld *w,
                                 struct reason *why)
{
    if (!field_take(&m->message_id, w->message_id.bytes, ID_SIZE))
        return field_refuse(why, "withheld.message_id", "not 16 bytes, or zero");
    if (!field_take(&m->header_digest, w->header_digest.bytes, DIGEST_SIZE))
        return field_refuse(why, "withheld.header_digest", "not 32 bytes, or zero");
    if (m->code == CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED)
        return field_refuse(why, "withheld.code", "missing");
    if (m->proof.len != 0)
        return field_refuse(why, "withheld.proof", "reserved: must be empty");
    w->code = m->code;
    w->withheld_ms = m->withheld_ms;
    return ST_OK;
}

#define EVIDENCE_TOLD                                                                              \
    6 /* Evidence.custody; clock, and what a newer release tells, come after it                    \
       */

/* What the broker tells stays bytes where they lie: told.h reads them. One of a newer release may
 * tell what this one does not know, also another kind; so the frame is taken apart without looking
 * inside. False: it is another frame, or not in its canonical form. */
static bool take_told(struct bytes head, struct wire *w)
{
    struct reader r = reader_of(head.data, head.size);
    const uint64_t frame_key = field_read_varint(&r);
    const struct bytes evidence = read_bytes(&r, field_read_varint(&r));

    if (!reader_done(&r) || frame_key != (TAG(EVIDENCE) << 3 | 2)
        || head.size
               != field_varint_size(frame_key) + field_varint_size(evidence.size) + evidence.size)
        return false;
    r = reader_of(evidence.data, evidence.size);
    const uint64_t number_key = field_read_varint(&r), sequence = field_read_varint(&r),
                   key = field_read_varint(&r);
    const struct bytes message = read_bytes(&r, field_read_varint(&r));
    const uint64_t tag = key >> 3;
    if (!reader_done(&r) || number_key != (1 << 3 | 0) || sequence == 0 || (key & 7) != 2
        || tag < EVIDENCE_TOLD || tag - EVIDENCE_TOLD >= UINT8_MAX || message.size == 0
        || evidence.size
               != 1 + field_varint_size(sequence) + field_varint_size(key)
                      + field_varint_size(message.size) + message.size)
        return false;
    w->kind = WIRE_TOLD;
    w->told.sequence = sequence;
    w->told.told = message;
    w->told.kind = (uint8_t)(tag - EVIDENCE_TOLD + TOLD_CUSTODY);
    return true;
}

static enum status take_evidence(const Concordat__Evidence *m, struct bytes head, struct wire *w,
                                 struct reason *why)
{
    switch (m->what_case) {
    case CONCORDAT__EVIDENCE__WHAT_RECEIPT:
        w->kind = WIRE_RECEIPT;
        w->receipt.sequence = m->sequence;
        return take_receipt(m->receipt, &w->receipt.receipt, why);
    case CONCORDAT__EVIDENCE__WHAT_REFUSAL:
        w->kind = WIRE_REFUSAL;
        w->refusal.sequence = m->sequence;
        return take_refusal(m->refusal, &w->refusal.refusal, why);
    case CONCORDAT__EVIDENCE__WHAT_STEP: {
        struct bytes evidence = field_find(head, TAG(EVIDENCE));
        enum status status = take_inside(field_find(evidence, 4), 1, STEP_MAX, &w->step.step, why);
        w->kind = WIRE_STEP;
        w->step.sequence = m->sequence;
        return status == ST_OK ? take_proof(m->step->proof, &w->step.proof, why) : status;
    }
    case CONCORDAT__EVIDENCE__WHAT_WITHHELD:
        w->kind = WIRE_WITHHELD;
        w->withheld.sequence = m->sequence;
        return take_withheld(m->withheld, &w->withheld.withheld, why);
    case CONCORDAT__EVIDENCE__WHAT_CUSTODY: /* take_told() would have taken it */
    case CONCORDAT__EVIDENCE__WHAT_CLOCK:
        return field_refuse(why, "custody or clock", "empty, or without its sequence");
    case CONCORDAT__EVIDENCE__WHAT__NOT_SET:
    case _CONCORDAT__EVIDENCE__WHAT__CASE_IS_INT_SIZE:
        break;
    }
    return field_refuse(why, "evidence", "empty");
}

static enum status take_settle(const Concordat__Settle *m, struct wire *w, struct reason *why)
{
    if (m->n_sequences == 0 || m->n_sequences > SETTLE_MAX)
        return field_refuse(why, "settle.sequences", "none, or too many");
    w->kind = WIRE_SETTLE;
    w->settle.count = (uint32_t)m->n_sequences;
    w->settle.sequences = m->sequences;
    return ST_OK;
}

static enum status take_statement(const Concordat__SignedKeyStatement *m,
                                  struct signed_statement *out, struct reason *why)
{
    if (!field_take_bytes(&m->statement, STATEMENT_MAX, &out->statement))
        return field_refuse(why, "key.statement", "missing or too large");
    if (!field_take(&m->signer, out->signer.bytes, DIGEST_SIZE))
        return field_refuse(why, "key.signer", "not 32 bytes, or zero");
    if (!field_take(&m->signature, out->signature, SIGNATURE_SIZE))
        return field_refuse(why, "key.signature", "not 64 bytes, or zero");
    return m->proof.len == 0 ? ST_OK : field_refuse(why, "key.proof", "reserved: must be empty");
}

static enum status take_entry(const Concordat__DirectoryEntry *m, struct directory_entry *out,
                              struct reason *why)
{
    if (!field_take_agency(m->agency, out->agency))
        return field_refuse(why, "entry.agency", "not an agency id");
    if (m->n_signing_certificates > CERTIFICATES_MAX || m->n_keys > KEYS_MAX)
        return field_refuse(why, "entry", "too many certificates or keys");
    for (size_t i = 0; i < m->n_signing_certificates; i++)
        if (!field_take_bytes(&m->signing_certificates[i], CERTIFICATE_MAX, &out->certificates[i]))
            return field_refuse(why, "entry.signing_certificates", "empty or too large");
    for (size_t i = 0; i < m->n_keys; i++) {
        enum status status = take_statement(m->keys[i], &out->keys[i], why);
        if (status != ST_OK)
            return status;
    }
    out->known = m->known;
    out->certificate_count = (uint32_t)m->n_signing_certificates;
    out->key_count = (uint32_t)m->n_keys;
    return ST_OK;
}

static enum status take_wanted(const Concordat__Directory *m, struct arena *arena, struct wire *w,
                               struct reason *why)
{
    size_t count = m->n_wanted_certificates;
    struct digest *digests = NULL;

    if (m->n_wanted > DIRECTORY_ENTRIES_MAX || count > DIRECTORY_ENTRIES_MAX)
        return field_refuse(why, "directory.wanted", "too many");
    for (size_t i = 0; i < m->n_wanted; i++)
        if (!agency_is_valid(m->wanted[i]))
            return field_refuse(why, "directory.wanted", "not an agency id");
    if (count > 0 && !(digests = arena_take(arena, count * sizeof *digests)))
        return ST_LIMIT;
    for (size_t i = 0; i < count; i++)
        if (!field_take(&m->wanted_certificates[i], digests[i].bytes, DIGEST_SIZE))
            return field_refuse(why, "directory.wanted_certificates", "not 32 bytes, or zero");
    w->directory.wanted_count = (uint32_t)m->n_wanted;
    w->directory.wanted = (const char *const *)m->wanted;
    w->directory.certificate_count = (uint32_t)count;
    w->directory.wanted_certificates = digests;
    return ST_OK;
}

static enum status take_directory(const Concordat__Directory *m, struct arena *arena,
                                  struct wire *w, struct reason *why)
{
    struct directory_entry *entries = NULL;
    enum status status = take_wanted(m, arena, w, why);

    if (status == ST_OK && m->publish) {
        w->directory.has_publish = true;
        status = take_statement(m->publish, &w->directory.publish, why);
    }
    if (status != ST_OK)
        return status;
    if (m->n_entries > DIRECTORY_ENTRIES_MAX)
        return field_refuse(why, "directory.entries", "too many");
    if (m->n_entries > 0) {
        entries = arena_take(arena, m->n_entries * sizeof *entries);
        if (!entries)
            return ST_LIMIT;
        memset(entries, 0, m->n_entries * sizeof *entries);
    }
    for (size_t i = 0; i < m->n_entries; i++) {
        status = take_entry(m->entries[i], &entries[i], why);
        if (status != ST_OK)
            return status;
    }
    w->kind = WIRE_DIRECTORY;
    w->directory.request = m->request;
    w->directory.entry_count = (uint32_t)m->n_entries;
    w->directory.entries = entries;
    return ST_OK;
}

/* Instrument and notice stay bytes where they lie: who judges them hashes those. */
static enum status take_gazette(const Concordat__Gazette *m, struct bytes head, struct wire *w,
                                struct reason *why)
{
    struct bytes gazette = field_find(head, TAG(GAZETTE)), entry = field_find(gazette, 5);
    int said = (m->follow ? 1 : 0) + (m->instrument ? 1 : 0) + (m->entry ? 1 : 0)
             + (m->published || m->why[0] ? 1 : 0);

    if (said != 1)
        return field_refuse(why, "gazette", "not one of follow, instrument, entry, verdict");
    if (!take_text(m->why, ADVICE_MAX, &w->gazette.why))
        return field_refuse(why, "gazette.why", "too long");
    w->kind = WIRE_GAZETTE;
    w->gazette.request = m->request;
    w->gazette.after = m->after;
    w->gazette.follow = m->follow;
    w->gazette.published = m->published;
    w->gazette.instrument = field_find(gazette, 4);
    if (!m->entry)
        return ST_OK;
    w->gazette.sequence = m->entry->sequence;
    w->gazette.at_ms = m->entry->at_ms;
    w->gazette.instrument = field_find(entry, 3);
    w->gazette.notice = field_find(entry, 4);
    if (m->entry->sequence == 0 || !m->entry->instrument == !m->entry->notice)
        return field_refuse(why, "gazette.entry",
                            "no sequence, or not one of instrument and notice");
    return ST_OK;
}

static enum status take_case(const Concordat__CaseFrame *m, struct bytes head, struct wire *w,
                             struct reason *why)
{
    struct bytes frame = field_find(head, TAG(CASE_FRAME));
    bool is_claim = m->claim.len > 0, is_ask = m->ask.len > 0;

    if (is_claim + is_ask + m->answered != 1)
        return field_refuse(why, "case", "not one of claim, ask, answer");
    if (is_claim ? !field_take(&m->signer, w->case_frame.signer.bytes, DIGEST_SIZE)
                 : m->signer.len != 0)
        return field_refuse(why, "case.signer", "not 32 bytes, zero, or without a claim");
    if (is_claim ? !field_take(&m->signature, w->case_frame.signature, SIGNATURE_SIZE)
                 : m->signature.len != 0)
        return field_refuse(why, "case.signature", "not 64 bytes, zero, or without a claim");
    if (m->claim.len > CLAIM_MAX)
        return field_refuse(why, "case.claim", "too large");
    if (is_ask && m->ask.len != ID_SIZE)
        return field_refuse(why, "case.ask", "not 16 bytes");
    if (!m->answered && (m->code != CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED || m->custody))
        return field_refuse(why, "case.code, case.custody", "without an answer");
    w->kind = WIRE_CASE;
    w->case_frame.request = m->request;
    w->case_frame.claim = field_find(frame, 2);
    w->case_frame.ask = field_find(frame, 5);
    w->case_frame.answered = m->answered;
    w->case_frame.code = m->code; /* pre-scanned: a known value */
    w->case_frame.custody = field_find(frame, 8);
    if (m->custody && (w->case_frame.custody.size == 0 || w->case_frame.custody.size >= TOLD_MAX))
        return field_refuse(why, "case.custody", "empty or too large");
    return ST_OK;
}

static enum status take_rest(const Concordat__Frame *f, struct wire *w, struct reason *why)
{
    bool ok = true;

    if (f->kind_case == CONCORDAT__FRAME__KIND_CREDIT) {
        w->kind = WIRE_CREDIT;
        w->credit.credit = f->credit->credit;
        w->credit.credit_size = f->credit->credit_size;
    } else if (f->kind_case == CONCORDAT__FRAME__KIND_REFUSE) {
        w->kind = WIRE_REFUSE;
        ok = take_text(f->refuse->code, WORD_MAX, &w->refuse.code)
          && take_text(f->refuse->advice, ADVICE_MAX, &w->refuse.advice);
    } else if (f->kind_case == CONCORDAT__FRAME__KIND_PING) {
        w->kind = WIRE_PING;
        w->ping.token = f->ping->token;
        w->ping.answer = f->ping->answer;
    } else if (f->kind_case == CONCORDAT__FRAME__KIND_BYE) {
        w->kind = WIRE_BYE;
        ok = take_text(f->bye->why, ADVICE_MAX, &w->bye.why);
    } else {
        return field_refuse(why, "frame", "empty");
    }
    return ok ? ST_OK : field_refuse(why, "frame", "a text too long");
}

static enum status take_frame(const Concordat__Frame *f, struct bytes head, struct arena *arena,
                              struct wire *w, struct reason *why)
{
    switch (f->kind_case) {
    case CONCORDAT__FRAME__KIND_HELLO:
        return take_hello(f->hello, w, why);
    case CONCORDAT__FRAME__KIND_WELCOME:
        return take_welcome(f->welcome, w, why);
    case CONCORDAT__FRAME__KIND_SUBMIT:
        return take_submit(f->submit, head, w, why);
    case CONCORDAT__FRAME__KIND_EVIDENCE:
        return take_evidence(f->evidence, head, w, why);
    case CONCORDAT__FRAME__KIND_DELIVER:
        return take_deliver(f->deliver, head, w, why);
    case CONCORDAT__FRAME__KIND_SETTLE:
        return take_settle(f->settle, w, why);
    case CONCORDAT__FRAME__KIND_DIRECTORY:
        return take_directory(f->directory, arena, w, why);
    case CONCORDAT__FRAME__KIND_GAZETTE:
        return take_gazette(f->gazette, head, w, why);
    case CONCORDAT__FRAME__KIND_CASE_FRAME:
        return take_case(f->case_frame, head, w, why);
    case CONCORDAT__FRAME__KIND_CREDIT:
    case CONCORDAT__FRAME__KIND_REFUSE:
    case CONCORDAT__FRAME__KIND_PING:
    case CONCORDAT__FRAME__KIND_BYE:
    case CONCORDAT__FRAME__KIND__NOT_SET:
    case _CONCORDAT__FRAME__KIND__CASE_IS_INT_SIZE:
        break;
    }
    return take_rest(f, w, why);
}

enum status wire_read(struct bytes head, struct arena *arena, struct wire *out, struct reason *why)
{
    static const struct prescan rules = {
        .depth_max = HEADER_DEPTH_MAX,
        .fields_max = FRAME_FIELDS_MAX,
        .heap_max = HEAD_ARENA,
        .canonical = true,
    };
    ProtobufCMessage *message;
    struct wire wire;

    if (head.size > HEAD_MAX) {
        reason_set(why, "head: over %d bytes", HEAD_MAX);
        return ST_LIMIT;
    }
    arena_reset(arena, false);
    memset(&wire, 0, sizeof wire);
    if (take_told(head, &wire)) {
        *out = wire;
        return ST_OK;
    }
    enum status status = prescan_unpack(&concordat__frame__descriptor, head, &rules,
                                        arena_allocator(arena), &message, why);
    if (status != ST_OK)
        return status;
    status = take_frame((const Concordat__Frame *)message, head, arena, &wire, why);
    if (status == ST_OK)
        *out = wire;
    return status;
}
