#include "agents/outbox.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "proto/evidence.pb-c.h"

#define OUTBOX_VERSION 1
#define KEPT_VERSION 1
#define RECIPIENT_KEY_MAX (AGENCY_MAX + 1 + 8)

/* Kept: u8 version | u8 flags | prefixed officer | prefixed justification | body */
#define KEPT_OVERHEAD (1 + 1 + 4 + OFFICER_MAX + 4 + JUSTIFICATION_MAX)
#define PURPOSE_NAMED 1
#define OFFICER_ADDED 2
#define HAS_BODY 4

/* u8 version | u8 sealed | u8 lane | u64 number | [prefixed header | proof] | body */
#define PREAMBLE_MAX (1 + 1 + 1 + 8 + 4 + HEADER_MAX + PROOF_RECORD_MAX)

static struct bytes id_key(const struct id *id)
{
    return (struct bytes){id->bytes, ID_SIZE};
}

static struct bytes recipient_key(uint8_t out[static RECIPIENT_KEY_MAX], const char *recipient,
                                  uint64_t number)
{
    struct writer w = writer_of(out, RECIPIENT_KEY_MAX);

    write_bytes(&w, recipient, strlen(recipient) + 1);
    write_u64(&w, number);
    return (struct bytes){out, w.size};
}

static enum status put(struct txn *txn, const struct id *id, const struct outbox_entry *entry)
{
    size_t room = PREAMBLE_MAX + entry->body.size;
    uint8_t *record = malloc(room);
    struct writer w = writer_of(record, room);
    enum status status;

    if (!record)
        return ST_NOMEM;
    write_u8(&w, OUTBOX_VERSION);
    write_u8(&w, entry->sealed);
    write_u8(&w, entry->lane);
    write_u64(&w, entry->number);
    if (entry->sealed) {
        write_prefixed(&w, entry->header.data, entry->header.size);
        write_proof(&w, &entry->proof);
    }
    write_bytes(&w, entry->body.data, entry->body.size);
    status = w.failed ? ST_LIMIT
                      : store_put(txn, TREE_OUTBOX, id_key(id), (struct bytes){record, w.size});
    OPENSSL_cleanse(record, room); /* without a key yet, the body is plain */
    free(record);
    return status;
}

enum status outbox_put_keyless(struct txn *txn, const struct id *id, const char *recipient,
                               uint8_t lane, uint64_t number, struct bytes body)
{
    struct outbox_entry entry = {.lane = lane, .number = number, .body = body};
    uint8_t place[RECIPIENT_KEY_MAX];
    enum status status = put(txn, id, &entry);

    if (status != ST_OK)
        return status;
    return store_put(txn, TREE_KEYLESS, recipient_key(place, recipient, number), id_key(id));
}

enum status outbox_put_sealed(struct txn *txn, const struct id *id, const char *recipient,
                              const struct outbox_entry *entry)
{
    uint8_t place[RECIPIENT_KEY_MAX], lane[LANE_KEY_SIZE];
    enum status status = put(txn, id, entry);

    if (status == ST_OK)
        status = store_delete(txn, TREE_KEYLESS, recipient_key(place, recipient, entry->number));
    if (status != ST_OK)
        return status;
    return store_put(txn, TREE_TO_SUBMIT, lane_key(lane, entry->lane, entry->number), id_key(id));
}

enum status outbox_get(struct txn *txn, const struct id *id, struct outbox_entry *out)
{
    struct outbox_entry entry = {0};
    struct bytes record;
    struct reader r;
    enum status status = store_get(txn, TREE_OUTBOX, id_key(id), &record);

    if (status != ST_OK)
        return status;
    r = reader_of(record.data, record.size);
    if (read_u8(&r) != OUTBOX_VERSION)
        return ST_INVALID;
    entry.sealed = read_u8(&r) != 0;
    entry.lane = read_u8(&r);
    entry.number = read_u64(&r);
    if (entry.sealed) {
        entry.header = read_prefixed(&r);
        read_proof(&r, &entry.proof);
    }
    entry.body = read_bytes(&r, r.left);
    if (r.failed || entry.lane >= LANES)
        return ST_INVALID;
    *out = entry;
    return ST_OK;
}

enum status outbox_keep(struct txn *txn, const struct id *id, const struct kept *kept)
{
    size_t room = KEPT_OVERHEAD + kept->body.size;
    uint8_t *record = malloc(room);
    struct writer w = writer_of(record, record ? room : 0);
    enum status status;

    if (!record)
        return ST_NOMEM;
    write_u8(&w, KEPT_VERSION);
    write_u8(&w, (uint8_t)((kept->purpose_named ? PURPOSE_NAMED : 0)
                           | (kept->officer_added ? OFFICER_ADDED : 0)
                           | (kept->has_body ? HAS_BODY : 0)));
    write_prefixed(&w, kept->officer, strlen(kept->officer));
    write_prefixed(&w, kept->justification, strlen(kept->justification));
    write_bytes(&w, kept->body.data, kept->body.size);
    status =
        w.failed ? ST_LIMIT : store_put(txn, TREE_KEPT, id_key(id), (struct bytes){record, w.size});
    OPENSSL_cleanse(record, room);
    free(record);
    return status;
}

enum status outbox_kept(struct txn *txn, const struct id *id, struct kept *out)
{
    struct kept kept = {0};
    struct bytes record;
    struct reader r;
    uint8_t flags;
    enum status status = store_get(txn, TREE_KEPT, id_key(id), &record);

    if (status != ST_OK)
        return status;
    r = reader_of(record.data, record.size);
    if (read_u8(&r) != KEPT_VERSION)
        return ST_INVALID;
    flags = read_u8(&r);
    kept.purpose_named = flags & PURPOSE_NAMED;
    kept.officer_added = flags & OFFICER_ADDED;
    kept.has_body = flags & HAS_BODY;
    read_prefixed_text(&r, kept.officer, sizeof kept.officer);
    read_prefixed_text(&r, kept.justification, sizeof kept.justification);
    kept.body = read_bytes(&r, r.left);
    if (r.failed)
        return ST_INVALID;
    *out = kept;
    return ST_OK;
}

enum status outbox_set_aside(struct txn *txn, const struct id *id, uint32_t code, int64_t at_ms)
{
    uint8_t lane[LANE_KEY_SIZE], value[ID_SIZE + 8 + 4];
    struct writer w = writer_of(value, sizeof value);
    struct outbox_entry entry;
    struct bytes there;
    enum status status = outbox_get(txn, id, &entry);

    if (status != ST_OK)
        return status;
    status = store_get(txn, TREE_STALE, lane_key(lane, entry.lane, entry.number), &there);
    if (status != ST_MORE)
        return status;
    write_bytes(&w, id->bytes, ID_SIZE);
    write_u64(&w, (uint64_t)at_ms);
    write_u32(&w, code);
    status = store_delete(txn, TREE_TO_SUBMIT, lane_key(lane, entry.lane, entry.number));
    if (status != ST_OK)
        return status;
    return store_put(txn, TREE_STALE, lane_key(lane, entry.lane, entry.number),
                     (struct bytes){value, sizeof value});
}

/* What stands beside an entry, and where it was set aside. */
static enum status forget_kept(struct txn *txn, const struct id *id,
                               const struct outbox_entry *entry)
{
    uint8_t lane[LANE_KEY_SIZE];
    enum status status = store_delete(txn, TREE_STALE, lane_key(lane, entry->lane, entry->number));

    return status == ST_OK ? store_delete(txn, TREE_KEPT, id_key(id)) : status;
}

enum status outbox_answered(struct txn *txn, const struct id *id)
{
    uint8_t lane[LANE_KEY_SIZE];
    struct outbox_entry entry;
    enum status status = outbox_get(txn, id, &entry);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    status = store_delete(txn, TREE_TO_SUBMIT, lane_key(lane, entry.lane, entry.number));
    return status == ST_OK ? forget_kept(txn, id, &entry) : status;
}

enum status outbox_drop(struct txn *txn, const struct id *id, const char *recipient)
{
    uint8_t place[RECIPIENT_KEY_MAX], lane[LANE_KEY_SIZE];
    struct outbox_entry entry;
    enum status status = outbox_get(txn, id, &entry);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    status = store_delete(txn, TREE_TO_SUBMIT, lane_key(lane, entry.lane, entry.number));
    if (status == ST_OK)
        status = store_delete(txn, TREE_KEYLESS, recipient_key(place, recipient, entry.number));
    if (status == ST_OK)
        status = forget_kept(txn, id, &entry);
    if (status == ST_OK)
        status = store_delete(txn, TREE_OUTBOX, id_key(id));
    return status;
}

size_t outbox_count(struct txn *txn)
{
    return store_entries(txn, TREE_OUTBOX);
}

/* The first key >= `from` in `tree`. */
static enum status first_from(struct txn *txn, int tree, struct bytes from, struct bytes *key,
                              struct bytes *value)
{
    struct walk *walk;
    enum status status = walk_open(txn, tree, from, &walk);

    if (status != ST_OK)
        return status;
    status = walk_next(walk, key, value);
    walk_close(walk);
    return status;
}

enum status outbox_next(struct txn *txn, uint8_t lane, uint64_t from, uint64_t *number,
                        struct id *out)
{
    uint8_t start[LANE_KEY_SIZE];
    struct bytes key, value;
    struct reader r;
    uint64_t found;
    enum status status = first_from(txn, TREE_TO_SUBMIT, lane_key(start, lane, from), &key, &value);

    if (status != ST_OK)
        return status;
    r = reader_of(key.data, key.size);
    if (read_u8(&r) != lane)
        return ST_MORE;
    found = read_u64(&r);
    if (!reader_done(&r) || !read_id(value, out))
        return ST_INVALID;
    *number = found;
    return ST_OK;
}

enum status outbox_next_aside(struct txn *txn, struct aside *aside)
{
    uint8_t start[LANE_KEY_SIZE];
    struct bytes key, value;
    struct aside found = {0};
    struct reader place, r;
    enum status status =
        first_from(txn, TREE_STALE, lane_key(start, aside->lane, aside->number), &key, &value);

    if (status != ST_OK)
        return status;
    place = reader_of(key.data, key.size);
    found.lane = read_u8(&place);
    found.number = read_u64(&place);
    r = reader_of(value.data, value.size);
    read_into(&r, found.id.bytes, ID_SIZE);
    found.at_ms = (int64_t)read_u64(&r);
    /* A former version set aside what was stale, and nothing else. */
    found.code = r.left ? read_u32(&r) : (uint32_t)CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE;
    if (!reader_done(&place) || !reader_done(&r) || found.lane >= LANES)
        return ST_INVALID;
    *aside = found;
    return ST_OK;
}

enum status outbox_next_keyless(struct txn *txn, const char *recipient, uint64_t from,
                                uint64_t *number, struct id *out)
{
    uint8_t start[RECIPIENT_KEY_MAX];
    struct bytes wanted = recipient_key(start, recipient, from), key, value;
    size_t name_size = strlen(recipient) + 1;
    struct reader r;
    enum status status = first_from(txn, TREE_KEYLESS, wanted, &key, &value);

    if (status != ST_OK)
        return status;
    if (key.size != wanted.size || memcmp(key.data, recipient, name_size) != 0)
        return ST_MORE;
    r = reader_of(key.data + name_size, key.size - name_size);
    *number = read_u64(&r);
    return read_id(value, out) ? ST_OK : ST_INVALID;
}

enum status outbox_next_recipient(struct txn *txn, const char *after,
                                  char out[static AGENCY_MAX + 1])
{
    uint8_t start[RECIPIENT_KEY_MAX];
    struct bytes key, value, from = {NULL, 0};
    size_t size;
    enum status status;

    if (after[0] != '\0')
        from = recipient_key(start, after, UINT64_MAX);
    status = first_from(txn, TREE_KEYLESS, from, &key, &value);
    if (status != ST_OK)
        return status;
    size = strnlen((const char *)key.data, key.size);
    if (size == key.size || size > AGENCY_MAX)
        return ST_INVALID;
    memcpy(out, key.data, size + 1);
    return ST_OK;
}
