#include "broker/event.h"

#include <assert.h>
#include <string.h>

/* Names are one byte of length and the text: none is longer than 63. */
static size_t name_size(const char *name)
{
    return 1 + strlen(name);
}

static void write_name(struct writer *w, const char *name)
{
    size_t size = strlen(name);

    write_u8(w, (uint8_t)size);
    write_bytes(w, name, size);
}

/* `room` is that of `out` with its NUL. A NUL inside would make two names out of one. */
static void read_name(struct reader *r, char *out, size_t room)
{
    struct bytes name = read_bytes(r, read_u8(r));

    if (name.size >= room || (name.size > 0 && memchr(name.data, '\0', name.size))) {
        r->failed = true;
        return;
    }
    if (name.size > 0)
        memcpy(out, name.data, name.size);
    out[name.size] = '\0';
}

static void read_agency(struct reader *r, char out[static AGENCY_MAX + 1])
{
    read_name(r, out, AGENCY_MAX + 1);
    if (!r->failed && !agency_is_valid(out))
        r->failed = true;
}

static void write_prefixed_bytes(struct writer *w, struct bytes b)
{
    write_prefixed(w, b.data, b.size);
}

static void write_message_name(struct writer *w, const struct event *e)
{
    write_name(w, e->sender);
    write_bytes(w, e->message_id.bytes, ID_SIZE);
    write_bytes(w, e->header_digest.bytes, DIGEST_SIZE);
}

static void read_message_name(struct reader *r, struct event *e)
{
    read_agency(r, e->sender);
    read_into(r, e->message_id.bytes, ID_SIZE);
    read_into(r, e->header_digest.bytes, DIGEST_SIZE);
}

static size_t message_name_size(const struct event *e)
{
    return name_size(e->sender) + ID_SIZE + DIGEST_SIZE;
}

static size_t fields_size(const struct event *e)
{
    switch (e->kind) {
    case EVENT_ACCEPTED:
        return message_name_size(e) + name_size(e->recipient) + 1 + DIGEST_SIZE
             + name_size(e->clause) + 8 + 4 + e->header.size + 4 + e->proof.size + 4 + e->body.size;
    case EVENT_REFUSED:
        return message_name_size(e) + 3 * 4 + name_size(e->agreement_id) + name_size(e->clause);
    case EVENT_STEP:
        return message_name_size(e) + 1 + 1 + 8 + 4 + e->step.size + 4 + e->step_proof.size;
    case EVENT_TAKEN:
        return name_size(e->agency) + 1 + 8;
    case EVENT_AGENCY:
        return name_size(e->agency) + 4 + e->certificate.size;
    case EVENT_KEY:
        return name_size(e->agency) + KEY_ID_SIZE + 8 + 4 + e->statement.size + 4
             + e->statement_proof.size;
    case EVENT_GAZETTE:
        return DIGEST_SIZE + name_size(e->officer) + 4 + e->instrument.size + 4 + e->notice.size + 4
             + e->text.size;
    case EVENT_WITHHELD:
        return message_name_size(e) + 1 + 4 + 8;
    case EVENT_COUNTED:
        return name_size(e->agency) + name_size(e->agreement_id) + 8 + 4;
    case EVENT_KEPT:
        return 1 + 4 + e->key.size + 4 + e->record.size;
    case EVENT_TOLD:
        return name_size(e->agency) + 1 + 4 + e->told.size;
    case EVENT_CLAIM:
        return name_size(e->agency) + ID_SIZE + 8 + 4 + e->statement.size + 4
             + e->statement_proof.size;
    case EVENT_AGED:
    case EVENT_KIND_END:
        return 0;
    }
    return 0;
}

size_t event_size(const struct event *event)
{
    return EVENT_HEAD + fields_size(event);
}

static void write_fields(struct writer *w, const struct event *e)
{
    switch (e->kind) {
    case EVENT_ACCEPTED:
        write_message_name(w, e);
        write_name(w, e->recipient);
        write_u8(w, e->lane);
        write_bytes(w, e->agreement_hash.bytes, DIGEST_SIZE);
        write_name(w, e->clause);
        write_u64(w, (uint64_t)e->expires_ms);
        write_prefixed_bytes(w, e->header);
        write_prefixed_bytes(w, e->proof);
        write_prefixed_bytes(w, e->body);
        return;
    case EVENT_REFUSED:
        write_message_name(w, e);
        write_u32(w, e->code);
        write_u32(w, e->offending);
        write_u32(w, e->agreement_version);
        write_name(w, e->agreement_id);
        write_name(w, e->clause);
        return;
    case EVENT_STEP:
        write_message_name(w, e);
        write_u8(w, e->lane);
        write_u8(w, e->step_kind);
        write_u64(w, e->message_sequence);
        write_prefixed_bytes(w, e->step);
        write_prefixed_bytes(w, e->step_proof);
        return;
    case EVENT_TAKEN:
        write_name(w, e->agency);
        write_u8(w, e->lane);
        write_u64(w, e->item_sequence);
        return;
    case EVENT_AGENCY:
        write_name(w, e->agency);
        write_prefixed_bytes(w, e->certificate);
        return;
    case EVENT_KEY:
        write_name(w, e->agency);
        write_bytes(w, e->key_id, KEY_ID_SIZE);
        write_u64(w, (uint64_t)e->open_until_ms);
        write_prefixed_bytes(w, e->statement);
        write_prefixed_bytes(w, e->statement_proof);
        return;
    case EVENT_GAZETTE:
        write_bytes(w, e->governance_key.bytes, DIGEST_SIZE);
        write_name(w, e->officer);
        write_prefixed_bytes(w, e->instrument);
        write_prefixed_bytes(w, e->notice);
        write_prefixed_bytes(w, e->text);
        return;
    case EVENT_WITHHELD:
        write_message_name(w, e);
        write_u8(w, e->lane);
        write_u32(w, e->code);
        write_u64(w, e->message_sequence);
        return;
    case EVENT_COUNTED:
        write_name(w, e->agency);
        write_name(w, e->agreement_id);
        write_u64(w, (uint64_t)e->from_ms);
        write_u32(w, e->refusals);
        return;
    case EVENT_KEPT:
        write_u8(w, e->kept_kind);
        write_prefixed_bytes(w, e->key);
        write_prefixed_bytes(w, e->record);
        return;
    case EVENT_TOLD:
        write_name(w, e->agency);
        write_u8(w, e->lane);
        write_prefixed_bytes(w, e->told);
        return;
    case EVENT_CLAIM:
        write_name(w, e->agency);
        write_bytes(w, e->case_handle.bytes, ID_SIZE);
        write_u64(w, e->case_version);
        write_prefixed_bytes(w, e->statement);
        write_prefixed_bytes(w, e->statement_proof);
        return;
    case EVENT_AGED:
    case EVENT_KIND_END:
        return;
    }
}

enum status event_write(const struct event *event, struct writer *w)
{
    size_t size = event_size(event);

    assert(event->kind > 0 && event->kind < EVENT_KIND_END && event->sequence > 0);
    assert(event->lane < LANES && event->step_kind < 32);

    if (w->failed || size > w->room - w->size || size > UINT32_MAX)
        return ST_LIMIT;
    write_u32(w, (uint32_t)(size - 4));
    write_u8(w, (uint8_t)event->kind);
    write_u64(w, event->sequence);
    write_u64(w, (uint64_t)event->at_ms);
    write_fields(w, event);
    return w->failed ? ST_LIMIT : ST_OK;
}

static void read_fields(struct reader *r, struct event *e)
{
    switch (e->kind) {
    case EVENT_ACCEPTED:
        read_message_name(r, e);
        read_agency(r, e->recipient);
        e->lane = read_u8(r);
        read_into(r, e->agreement_hash.bytes, DIGEST_SIZE);
        read_name(r, e->clause, sizeof e->clause);
        e->expires_ms = (int64_t)read_u64(r);
        e->header = read_prefixed(r);
        e->proof = read_prefixed(r);
        e->body = read_prefixed(r);
        return;
    case EVENT_REFUSED:
        read_message_name(r, e);
        e->code = read_u32(r);
        e->offending = read_u32(r);
        e->agreement_version = read_u32(r);
        read_name(r, e->agreement_id, sizeof e->agreement_id);
        read_name(r, e->clause, sizeof e->clause);
        return;
    case EVENT_STEP:
        read_message_name(r, e);
        e->lane = read_u8(r);
        e->step_kind = read_u8(r);
        e->message_sequence = read_u64(r);
        e->step = read_prefixed(r);
        e->step_proof = read_prefixed(r);
        return;
    case EVENT_TAKEN:
        read_agency(r, e->agency);
        e->lane = read_u8(r);
        e->item_sequence = read_u64(r);
        return;
    case EVENT_AGENCY:
        read_agency(r, e->agency);
        e->certificate = read_prefixed(r);
        return;
    case EVENT_KEY:
        read_agency(r, e->agency);
        read_into(r, e->key_id, KEY_ID_SIZE);
        e->open_until_ms = (int64_t)read_u64(r);
        e->statement = read_prefixed(r);
        e->statement_proof = read_prefixed(r);
        return;
    case EVENT_GAZETTE:
        read_into(r, e->governance_key.bytes, DIGEST_SIZE);
        read_name(r, e->officer, sizeof e->officer);
        e->instrument = read_prefixed(r);
        e->notice = read_prefixed(r);
        e->text = read_prefixed(r);
        if ((e->instrument.size == 0) == (e->notice.size == 0))
            r->failed = true;
        return;
    case EVENT_WITHHELD:
        read_message_name(r, e);
        e->lane = read_u8(r);
        e->code = read_u32(r);
        e->message_sequence = read_u64(r);
        return;
    case EVENT_COUNTED:
        read_agency(r, e->agency);
        read_name(r, e->agreement_id, sizeof e->agreement_id);
        e->from_ms = (int64_t)read_u64(r);
        e->refusals = read_u32(r);
        return;
    case EVENT_KEPT:
        e->kept_kind = read_u8(r);
        e->key = read_prefixed(r);
        e->record = read_prefixed(r);
        if (e->kept_kind == 0 || e->kept_kind >= KEPT_KIND_END || e->key.size == 0
            || e->key.size > KEPT_KEY_MAX || e->record.size > KEPT_RECORD_MAX)
            r->failed = true;
        return;
    case EVENT_TOLD:
        read_agency(r, e->agency);
        e->lane = read_u8(r);
        e->told = read_prefixed(r);
        return;
    case EVENT_CLAIM:
        read_agency(r, e->agency);
        read_into(r, e->case_handle.bytes, ID_SIZE);
        e->case_version = read_u64(r);
        e->statement = read_prefixed(r);
        e->statement_proof = read_prefixed(r);
        return;
    case EVENT_AGED:
        return;
    case EVENT_KIND_END:
        r->failed = true;
        return;
    }
    r->failed = true;
}

enum status event_read(struct reader *r, struct event *out)
{
    struct reader all = *r, record;
    struct bytes body;

    if (all.left == 0 && !all.failed)
        return ST_MORE;
    body = read_prefixed(&all);
    if (all.failed)
        return ST_INVALID;

    record = reader_of(body.data, body.size);
    memset(out, 0, sizeof *out);
    out->kind = (enum event_kind)read_u8(&record);
    out->sequence = read_u64(&record);
    out->at_ms = (int64_t)read_u64(&record);
    read_fields(&record, out);
    /* A step's kind is a bit number of message_record.steps. */
    if (!reader_done(&record) || out->sequence == 0 || out->lane >= LANES || out->step_kind >= 32)
        return ST_INVALID;
    *r = all;
    return ST_OK;
}

void event_pack_proof(const struct proof *proof, struct writer *w)
{
    assert(proof->length <= BATCH_PATH_MAX);

    write_bytes(w, proof->signer.bytes, DIGEST_SIZE);
    write_bytes(w, proof->signature, SIGNATURE_SIZE);
    write_bytes(w, proof->salt, SALT_SIZE);
    write_u32(w, proof->index);
    write_u32(w, proof->count);
    write_u32(w, proof->length);
    for (uint32_t i = 0; i < proof->length; i++)
        write_bytes(w, proof->path[i].bytes, DIGEST_SIZE);
}

enum status event_unpack_proof(struct bytes packed, struct proof *out)
{
    struct reader r = reader_of(packed.data, packed.size);
    struct proof proof = {0};

    read_into(&r, proof.signer.bytes, DIGEST_SIZE);
    read_into(&r, proof.signature, SIGNATURE_SIZE);
    read_into(&r, proof.salt, SALT_SIZE);
    proof.index = read_u32(&r);
    proof.count = read_u32(&r);
    proof.length = read_u32(&r);
    if (r.failed || proof.length > BATCH_PATH_MAX)
        return ST_INVALID;
    for (uint32_t i = 0; i < proof.length; i++)
        read_into(&r, proof.path[i].bytes, DIGEST_SIZE);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = proof;
    return ST_OK;
}
