/* wire_write.c - frame heads, written in canonical form straight into the caller's buffer. */
#include <assert.h>

#include "proto/field.h"
#include "proto/frame.h"
#include "proto/session.pb-c.h"
#include "proto/told.h"
#include "proto/wire.h"

/* Frame's cases have the numbers of their fields. */
#define TAG(kind) CONCORDAT__FRAME__KIND_##kind

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

static void put_withheld(struct writer *w, const struct wire *wire)
{
    const struct withheld *h = &wire->withheld.withheld;

    field_number(w, 1, wire->withheld.sequence);
    size_t at = field_begin(w, 5);
    field_id(w, 1, &h->message_id);
    field_digest(w, 2, &h->header_digest);
    field_number(w, 3, (uint32_t)h->code);
    field_number(w, 4, (uint64_t)h->withheld_ms);
    field_end(w, at);
}

static void put_told(struct writer *w, const struct wire *wire)
{
    field_number(w, 1, wire->told.sequence);
    size_t at = field_begin(w, 6 + wire->told.kind - TOLD_CUSTODY);
    write_bytes(w, wire->told.told.data, wire->told.told.size);
    field_end(w, at);
}

static void put_case(struct writer *w, const struct wire *wire)
{
    const bool is_claim = wire->case_frame.claim.size > 0;

    field_number(w, 1, wire->case_frame.request);
    field_bytes(w, 2, wire->case_frame.claim.data, wire->case_frame.claim.size);
    if (is_claim) {
        field_bytes(w, 3, wire->case_frame.signer.bytes, DIGEST_SIZE);
        field_bytes(w, 4, wire->case_frame.signature, SIGNATURE_SIZE);
    }
    field_bytes(w, 5, wire->case_frame.ask.data, wire->case_frame.ask.size);
    field_number(w, 6, wire->case_frame.answered);
    field_number(w, 7, (uint32_t)wire->case_frame.code);
    field_bytes(w, 8, wire->case_frame.custody.data, wire->case_frame.custody.size);
}

static void put_gazette(struct writer *w, const struct wire *wire)
{
    const bool is_entry = wire->gazette.sequence != 0;

    field_number(w, 1, wire->gazette.request);
    field_number(w, 2, wire->gazette.follow);
    field_number(w, 3, wire->gazette.after);
    if (is_entry) {
        size_t at = field_begin(w, 5);
        field_number(w, 1, wire->gazette.sequence);
        field_number(w, 2, (uint64_t)wire->gazette.at_ms);
        field_bytes(w, 3, wire->gazette.instrument.data, wire->gazette.instrument.size);
        field_bytes(w, 4, wire->gazette.notice.data, wire->gazette.notice.size);
        field_end(w, at);
    } else {
        field_bytes(w, 4, wire->gazette.instrument.data, wire->gazette.instrument.size);
    }
    field_number(w, 6, wire->gazette.published);
    field_text(w, 7, wire->gazette.why ? wire->gazette.why : "");
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
    [WIRE_HELLO] = {TAG(HELLO), put_hello},
    [WIRE_WELCOME] = {TAG(WELCOME), put_welcome},
    [WIRE_SUBMIT] = {TAG(SUBMIT), put_submit},
    [WIRE_RECEIPT] = {TAG(EVIDENCE), put_receipt},
    [WIRE_REFUSAL] = {TAG(EVIDENCE), put_refusal},
    [WIRE_STEP] = {TAG(EVIDENCE), put_step},
    [WIRE_DELIVER] = {TAG(DELIVER), put_deliver},
    [WIRE_SETTLE] = {TAG(SETTLE), put_settle},
    [WIRE_CREDIT] = {TAG(CREDIT), put_credit},
    [WIRE_DIRECTORY] = {TAG(DIRECTORY), put_directory},
    [WIRE_WITHHELD] = {TAG(EVIDENCE), put_withheld},
    [WIRE_GAZETTE] = {TAG(GAZETTE), put_gazette},
    [WIRE_TOLD] = {TAG(EVIDENCE), put_told},
    [WIRE_CASE] = {TAG(CASE_FRAME), put_case},
    [WIRE_REFUSE] = {TAG(REFUSE), put_refuse},
    [WIRE_PING] = {TAG(PING), put_ping},
    [WIRE_BYE] = {TAG(BYE), put_bye},
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
