#include "proto/wire.h"

#include <assert.h>
#include <string.h>

#include "proto/field.h"
#include "proto/frame.h"
#include "proto/prescan.h"
#include "proto/session.pb-c.h"

#define FRAME_FIELDS_MAX (2 * SETTLE_MAX) /* in one head */
#define CERTIFICATE_MAX 4096              /* bytes of DER; ours have about 700 */
#define WORD_MAX 63                       /* bytes of a broker's name or a refusal's code */
#define ADVICE_MAX 255                    /* bytes of a sentence to a peer */

/* Tags of Frame (session.proto). */
enum {
    TAG_HELLO = 1,
    TAG_WELCOME = 2,
    TAG_SUBMIT = 3,
    TAG_EVIDENCE = 4,
    TAG_DELIVER = 5,
    TAG_SETTLE = 6,
    TAG_CREDIT = 7,
    TAG_DIRECTORY = 10,
    TAG_REFUSE = 12,
    TAG_PING = 13,
    TAG_BYE = 14
};

/* ---- reading ---- */

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
        take_inside(field_find(head, TAG_SUBMIT), 1, HEADER_MAX, &w->submit.header, why);

    w->kind = WIRE_SUBMIT;
    return status == ST_OK ? take_proof(m->proof, &w->submit.proof, why) : status;
}

static enum status take_deliver(const Concordat__Deliver *m, struct bytes head, struct wire *w,
                                struct reason *why)
{
    enum status status =
        take_inside(field_find(head, TAG_DELIVER), 4, HEADER_MAX, &w->deliver.header, why);

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
        struct bytes evidence = field_find(head, TAG_EVIDENCE);
        enum status status = take_inside(field_find(evidence, 4), 1, STEP_MAX, &w->step.step, why);
        w->kind = WIRE_STEP;
        w->step.sequence = m->sequence;
        return status == ST_OK ? take_proof(m->step->proof, &w->step.proof, why) : status;
    }
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
    enum status status = prescan_unpack(&concordat__frame__descriptor, head, &rules,
                                        arena_allocator(arena), &message, why);
    if (status != ST_OK)
        return status;
    memset(&wire, 0, sizeof wire);
    status = take_frame((const Concordat__Frame *)message, head, arena, &wire, why);
    if (status == ST_OK)
        *out = wire;
    return status;
}

/* ---- writing ---- */

static void put_proof(struct writer *w, uint32_t tag, const struct proof *p)
{
    size_t at = field_begin(w, tag);

    assert(p->length <= BATCH_PATH_MAX);
    field_bytes(w, 1, p->signer.bytes, DIGEST_SIZE);
    field_bytes(w, 2, p->signature, SIGNATURE_SIZE);
    field_bytes(w, 3, p->salt, SALT_SIZE);
    field_number(w, 4, p->index);
    field_number(w, 5, p->count);
    field_bytes(w, 6, p->path, p->length * sizeof *p->path);
    field_end(w, at);
}

static void put_hello(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->hello.version);
    field_bytes(w, 2, wire->hello.community.data, wire->hello.community.size);
    field_bytes(w, 3, wire->hello.signing_certificate.data, wire->hello.signing_certificate.size);
    field_number(w, 4, wire->hello.credit);
    field_number(w, 5, wire->hello.credit_size);
}

static void put_welcome(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->welcome.version);
    field_text(w, 2, wire->welcome.broker);
    field_number(w, 3, (uint64_t)wire->welcome.now_ms);
    field_number(w, 4, wire->welcome.credit);
    field_number(w, 5, wire->welcome.credit_size);
}

static void put_submit(struct writer *w, const struct wire *wire)
{
    field_bytes(w, 1, wire->submit.header.data, wire->submit.header.size);
    put_proof(w, 2, &wire->submit.proof);
}

static void put_receipt(struct writer *w, const struct wire *wire)
{
    const struct receipt *r = &wire->receipt.receipt;

    field_number(w, 1, wire->receipt.sequence);
    size_t at = field_begin(w, 2);
    field_id(w, 1, &r->message_id);
    field_digest(w, 2, &r->header_digest);
    field_number(w, 3, r->sequence);
    field_number(w, 4, (uint64_t)r->accepted_ms);
    field_digest(w, 5, &r->agreement_hash);
    field_text(w, 6, r->clause);
    field_end(w, at);
}

static void put_refusal(struct writer *w, const struct wire *wire)
{
    const struct refusal *r = &wire->refusal.refusal;

    field_number(w, 1, wire->refusal.sequence);
    size_t at = field_begin(w, 3);
    field_id(w, 1, &r->message_id);
    field_digest(w, 2, &r->header_digest);
    field_number(w, 3, (uint32_t)r->code);
    if (r->offending != 0) {
        size_t list = field_begin(w, 4);
        for (uint32_t category = 0; category <= SECTIONS_MAX; category++)
            if (r->offending >> category & 1)
                field_varint(w, category);
        field_end(w, list);
    }
    field_text(w, 5, r->agreement_id);
    field_number(w, 6, r->agreement_version);
    field_text(w, 7, r->clause);
    field_number(w, 8, (uint64_t)r->refused_ms);
    field_end(w, at);
}

static void put_step(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->step.sequence);
    size_t at = field_begin(w, 4);
    field_bytes(w, 1, wire->step.step.data, wire->step.step.size);
    put_proof(w, 2, &wire->step.proof);
    field_end(w, at);
}

static void put_deliver(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->deliver.sequence);
    field_number(w, 2, wire->deliver.again);
    field_number(w, 3, (uint64_t)wire->deliver.accepted_ms);
    field_bytes(w, 4, wire->deliver.header.data, wire->deliver.header.size);
    put_proof(w, 5, &wire->deliver.proof);
}

static void put_settle(struct writer *w, const struct wire *wire)
{
    assert(wire->settle.count > 0 && wire->settle.count <= SETTLE_MAX);
    size_t at = field_begin(w, 1);
    for (uint32_t i = 0; i < wire->settle.count; i++)
        field_varint(w, wire->settle.sequences[i]);
    field_end(w, at);
}

static void put_credit(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->credit.credit);
    field_number(w, 2, wire->credit.credit_size);
}

static void put_statement(struct writer *w, uint32_t tag, const struct signed_statement *s)
{
    size_t at = field_begin(w, tag);

    field_bytes(w, 1, s->statement.data, s->statement.size);
    field_bytes(w, 2, s->signer.bytes, DIGEST_SIZE);
    field_bytes(w, 3, s->signature, SIGNATURE_SIZE);
    field_end(w, at);
}

static void put_entry(struct writer *w, const struct directory_entry *entry)
{
    size_t at = field_begin(w, 3);

    assert(entry->certificate_count <= CERTIFICATES_MAX && entry->key_count <= KEYS_MAX);
    field_text(w, 1, entry->agency);
    field_number(w, 2, entry->known);
    for (uint32_t i = 0; i < entry->certificate_count; i++)
        field_bytes(w, 3, entry->certificates[i].data, entry->certificates[i].size);
    for (uint32_t i = 0; i < entry->key_count; i++)
        put_statement(w, 4, &entry->keys[i]);
    field_end(w, at);
}

static void put_directory(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->directory.request);
    for (uint32_t i = 0; i < wire->directory.wanted_count; i++)
        field_text(w, 2, wire->directory.wanted[i]);
    for (uint32_t i = 0; i < wire->directory.entry_count; i++)
        put_entry(w, &wire->directory.entries[i]);
    if (wire->directory.has_publish)
        put_statement(w, 4, &wire->directory.publish);
    for (uint32_t i = 0; i < wire->directory.certificate_count; i++)
        field_bytes(w, 5, wire->directory.wanted_certificates[i].bytes, DIGEST_SIZE);
}

static void put_refuse(struct writer *w, const struct wire *wire)
{
    field_text(w, 1, wire->refuse.code);
    field_text(w, 2, wire->refuse.advice);
}

static void put_ping(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->ping.token);
    field_number(w, 2, wire->ping.answer);
}

static void put_bye(struct writer *w, const struct wire *wire)
{
    field_text(w, 1, wire->bye.why);
}

static const struct {
    uint32_t tag; /* of Frame */
    void (*put)(struct writer *w, const struct wire *wire);
} kinds[] = {
    [WIRE_HELLO] = {TAG_HELLO, put_hello},
    [WIRE_WELCOME] = {TAG_WELCOME, put_welcome},
    [WIRE_SUBMIT] = {TAG_SUBMIT, put_submit},
    [WIRE_RECEIPT] = {TAG_EVIDENCE, put_receipt},
    [WIRE_REFUSAL] = {TAG_EVIDENCE, put_refusal},
    [WIRE_STEP] = {TAG_EVIDENCE, put_step},
    [WIRE_DELIVER] = {TAG_DELIVER, put_deliver},
    [WIRE_SETTLE] = {TAG_SETTLE, put_settle},
    [WIRE_CREDIT] = {TAG_CREDIT, put_credit},
    [WIRE_DIRECTORY] = {TAG_DIRECTORY, put_directory},
    [WIRE_REFUSE] = {TAG_REFUSE, put_refuse},
    [WIRE_PING] = {TAG_PING, put_ping},
    [WIRE_BYE] = {TAG_BYE, put_bye},
};

enum status wire_write(const struct wire *wire, size_t body_size, uint8_t *out, size_t room,
                       size_t *size)
{
    assert(wire->kind >= WIRE_HELLO && wire->kind <= WIRE_BYE);
    if (room <= FRAME_PREFIX || body_size > SEALED_MAX)
        return ST_LIMIT;
    room -= FRAME_PREFIX;

    struct writer w = writer_of(out + FRAME_PREFIX, room < HEAD_MAX ? room : HEAD_MAX);
    size_t at = field_begin(&w, kinds[wire->kind].tag);
    kinds[wire->kind].put(&w, wire);
    field_end(&w, at);
    if (w.failed)
        return ST_LIMIT;
    frame_prefix(out, w.size, body_size);
    *size = FRAME_PREFIX + w.size;
    return ST_OK;
}
