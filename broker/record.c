#include "broker/record.h"

#include <assert.h>
#include <string.h>

/* ---- keys ---- */

static struct writer key_writer(struct tree_key *key)
{
    return writer_of(key->bytes, sizeof key->bytes);
}

static void key_end(struct tree_key *key, const struct writer *w)
{
    assert(!w->failed);
    key->size = w->size;
}

static void write_agency(struct writer *w, const char *agency)
{
    write_bytes(w, agency, strlen(agency) + 1);
}

struct tree_key key_of_name(const char *name)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_bytes(&w, name, strlen(name));
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_sequence(uint64_t sequence)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_u64(&w, sequence);
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_queued(const char *agency, uint8_t lane, uint64_t sequence)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_agency(&w, agency);
    write_u8(&w, lane);
    write_u64(&w, sequence);
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_message(const char *sender, const struct id *id)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_agency(&w, sender);
    write_bytes(&w, id->bytes, ID_SIZE);
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_settled(int64_t settled_ms, const char *sender, const struct id *id)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_u64(&w, (uint64_t)settled_ms);
    write_agency(&w, sender);
    write_bytes(&w, id->bytes, ID_SIZE);
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_certificate(const char *agency, struct bytes der)
{
    struct digest digest = sha256(der.data, der.size);

    return key_of_certificate_digest(agency, &digest);
}

struct tree_key key_of_certificate_digest(const char *agency, const struct digest *digest)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_agency(&w, agency);
    write_bytes(&w, digest->bytes, DIGEST_SIZE);
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_claim(const struct id *case_handle, uint64_t sequence)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_bytes(&w, case_handle->bytes, ID_SIZE);
    write_u64(&w, sequence);
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_sealing_key(const char *agency, int64_t open_until_ms,
                                   const uint8_t key_id[static KEY_ID_SIZE])
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_agency(&w, agency);
    write_u64(&w, (uint64_t)open_until_ms);
    write_bytes(&w, key_id, KEY_ID_SIZE);
    key_end(&key, &w);
    return key;
}

struct tree_key key_of_kept(uint8_t kind, struct bytes inner)
{
    struct tree_key key = {0};
    struct writer w = key_writer(&key);

    write_u8(&w, kind);
    write_bytes(&w, inner.data, inner.size);
    key_end(&key, &w);
    return key;
}

static enum status read_key_agency(struct reader *r, char *agency)
{
    const uint8_t *end = r->left > 0 ? memchr(r->next, '\0', r->left) : NULL;

    if (!end || end - r->next > AGENCY_MAX)
        return ST_INVALID;
    read_into(r, agency, (size_t)(end - r->next) + 1);
    return agency_is_valid(agency) ? ST_OK : ST_INVALID;
}

enum status key_read_agency(struct bytes key, char *agency)
{
    struct reader r = reader_of(key.data, key.size);

    return read_key_agency(&r, agency);
}

enum status key_read_queued(struct bytes key, char *agency, uint8_t *lane, uint64_t *sequence)
{
    struct reader r = reader_of(key.data, key.size);

    if (read_key_agency(&r, agency) != ST_OK)
        return ST_INVALID;
    *lane = read_u8(&r);
    *sequence = read_u64(&r);
    return reader_done(&r) && *lane < LANES ? ST_OK : ST_INVALID;
}

enum status key_read_kept(struct bytes key, uint8_t *kind, struct bytes *inner)
{
    if (key.size < 2 || key.size > TREE_KEY_MAX || key.data[0] == 0 || key.data[0] >= KEPT_KIND_END)
        return ST_INVALID;
    *kind = key.data[0];
    *inner = (struct bytes){key.data + 1, key.size - 1};
    return ST_OK;
}

/* ---- checks ---- */

void check_write(struct bytes key, struct bytes value, uint8_t out[static CHECK_SIZE])
{
    const struct bytes parts[] = {key, value};
    struct digest digest = sha256_parts(parts, 2);

    memcpy(out, digest.bytes, CHECK_SIZE);
}

enum status check_read(struct bytes key, struct bytes stored, struct bytes *value)
{
    uint8_t check[CHECK_SIZE];
    struct bytes inner;

    if (stored.size < CHECK_SIZE)
        return ST_INVALID;
    inner = (struct bytes){stored.data, stored.size - CHECK_SIZE};
    check_write(key, inner, check);
    if (memcmp(check, stored.data + inner.size, CHECK_SIZE) != 0)
        return ST_INVALID;
    *value = inner;
    return ST_OK;
}

enum status checked_get(struct txn *txn, int tree, struct bytes key, struct bytes *value)
{
    struct bytes stored;
    enum status status = store_get(txn, tree, key, &stored);

    return status == ST_OK ? check_read(key, stored, value) : status;
}

enum status checked_put(struct txn *txn, int tree, struct bytes key, struct bytes value)
{
    uint8_t *place;
    enum status status = store_reserve(txn, tree, key, value.size + CHECK_SIZE, &place);

    if (status != ST_OK)
        return status;
    if (value.size > 0)
        memcpy(place, value.data, value.size);
    check_write(key, value, place + value.size);
    return ST_OK;
}

/* ---- the journal's mark ---- */

void mark_write(const struct journal_mark *mark, struct writer *w)
{
    write_bytes(w, mark->nonce, DIGEST_SIZE);
    write_u64(w, mark->sequence);
    write_u64(w, mark->first);
    write_bytes(w, mark->chain.bytes, DIGEST_SIZE);
    write_u32(w, mark->segment);
    write_u64(w, mark->offset);
    write_u32(w, mark->segment_count);
    write_u64(w, mark->segment_size);
}

enum status mark_read(struct bytes value, struct journal_mark *out)
{
    struct reader r = reader_of(value.data, value.size);
    struct journal_mark mark = {0};

    read_into(&r, mark.nonce, DIGEST_SIZE);
    mark.sequence = read_u64(&r);
    mark.first = read_u64(&r);
    read_into(&r, mark.chain.bytes, DIGEST_SIZE);
    mark.segment = read_u32(&r);
    mark.offset = read_u64(&r);
    mark.segment_count = read_u32(&r);
    mark.segment_size = read_u64(&r);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = mark;
    return ST_OK;
}

/* ---- messages ----
 *
 *     u32 steps | i64 settled_ms | last step 32 |            what steps change
 *     header digest 32 | u64 sequence | i64 accepted_ms | u8 refused | u8 lane |
 *     u32 code | u32 offending | u32 agreement version | agreement hash 32 |
 *     recipient, clause, agreement id: u8 length and text each
 */

static void write_changing(const struct message_record *record, struct writer *w)
{
    write_u32(w, record->steps);
    write_u64(w, (uint64_t)record->settled_ms);
    write_bytes(w, record->last_step.bytes, DIGEST_SIZE);
}

static void write_text(struct writer *w, const char *text)
{
    size_t size = strlen(text);

    write_u8(w, (uint8_t)size);
    write_bytes(w, text, size);
}

static void read_text(struct reader *r, char *out, size_t room)
{
    struct bytes text = read_bytes(r, read_u8(r));

    if (text.size >= room) {
        r->failed = true;
        return;
    }
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

void message_write(const struct message_record *record, struct writer *w)
{
    write_changing(record, w);
    write_bytes(w, record->header_digest.bytes, DIGEST_SIZE);
    write_u64(w, record->sequence);
    write_u64(w, (uint64_t)record->accepted_ms);
    write_u8(w, record->refused);
    write_u8(w, record->lane);
    write_u32(w, record->code);
    write_u32(w, record->offending);
    write_u32(w, record->agreement_version);
    write_bytes(w, record->agreement_hash.bytes, DIGEST_SIZE);
    write_text(w, record->recipient);
    write_text(w, record->clause);
    write_text(w, record->agreement_id);
}

enum status message_read(struct bytes value, struct message_record *out)
{
    struct reader r = reader_of(value.data, value.size);
    struct message_record record = {0};

    record.steps = read_u32(&r);
    record.settled_ms = (int64_t)read_u64(&r);
    read_into(&r, record.last_step.bytes, DIGEST_SIZE);
    read_into(&r, record.header_digest.bytes, DIGEST_SIZE);
    record.sequence = read_u64(&r);
    record.accepted_ms = (int64_t)read_u64(&r);
    record.refused = read_u8(&r) != 0;
    record.lane = read_u8(&r);
    record.code = read_u32(&r);
    record.offending = read_u32(&r);
    record.agreement_version = read_u32(&r);
    read_into(&r, record.agreement_hash.bytes, DIGEST_SIZE);
    read_text(&r, record.recipient, sizeof record.recipient);
    read_text(&r, record.clause, sizeof record.clause);
    read_text(&r, record.agreement_id, sizeof record.agreement_id);
    if (!reader_done(&r) || record.lane >= LANES)
        return ST_INVALID;
    *out = record;
    return ST_OK;
}

void message_patch(const struct message_record *record, uint8_t *value, size_t size)
{
    struct writer w = writer_of(value, size);

    write_changing(record, &w);
    assert(!w.failed);
}
