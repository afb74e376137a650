#include "agents/claimed.h"

#include <string.h>

#include "agents/trees.h"

#define CLAIMED_VERSION 1
#define KEY_SIZE (ID_SIZE + 8 + 1) /* handle, at_ms, kind */
#define RECORD_MAX                                                                                 \
    (1 + 4 + 8 + DIGEST_SIZE + SIGNATURE_SIZE + 4 + CLAIM_MAX + 4 + CLAIMED_ANSWER_MAX)

static struct bytes key_of(uint8_t out[static KEY_SIZE], const struct claim *claim)
{
    struct writer w = writer_of(out, KEY_SIZE);

    write_bytes(&w, claim->case_handle.bytes, ID_SIZE);
    write_u64(&w, (uint64_t)claim->at_ms);
    write_u8(&w, (uint8_t)claim->kind);
    return (struct bytes){out, w.size};
}

enum status claimed_put(struct txn *txn, const struct claim *claim, const struct claimed *claimed)
{
    uint8_t key[KEY_SIZE], record[RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);
    const bool fits = claimed->answer.size <= CLAIMED_ANSWER_MAX;
    struct bytes there;
    enum status status = store_get(txn, TREE_CLAIMED, key_of(key, claim), &there);

    if (status != ST_MORE)
        return status;
    write_u8(&w, CLAIMED_VERSION);
    write_u32(&w, claimed->code);
    write_u64(&w, (uint64_t)claimed->answered_ms);
    write_bytes(&w, claimed->signer.bytes, DIGEST_SIZE);
    write_bytes(&w, claimed->signature, SIGNATURE_SIZE);
    write_prefixed(&w, claimed->claim.data, claimed->claim.size);
    write_prefixed(&w, fits ? claimed->answer.data : NULL, fits ? claimed->answer.size : 0);
    if (w.failed)
        return ST_LIMIT;
    return store_put(txn, TREE_CLAIMED, key_of(key, claim), (struct bytes){record, w.size});
}

static bool read_claimed(struct bytes value, struct claimed *out)
{
    struct reader r = reader_of(value.data, value.size);

    if (read_u8(&r) != CLAIMED_VERSION)
        return false;
    *out = (struct claimed){.code = read_u32(&r)};
    out->answered_ms = (int64_t)read_u64(&r);
    read_into(&r, out->signer.bytes, DIGEST_SIZE);
    read_into(&r, out->signature, SIGNATURE_SIZE);
    out->claim = read_prefixed(&r);
    out->answer = read_prefixed(&r);
    return reader_done(&r);
}

enum status claimed_each(struct txn *txn, const struct id *handle,
                         bool (*visit)(void *context, const struct claimed *claimed), void *context)
{
    struct bytes key, value;
    struct walk *walk;
    bool going = true;
    enum status status =
        walk_open(txn, TREE_CLAIMED, (struct bytes){handle->bytes, ID_SIZE}, &walk);

    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct claimed claimed;

        if (key.size != KEY_SIZE || memcmp(key.data, handle->bytes, ID_SIZE) != 0)
            break;
        if (read_claimed(value, &claimed))
            going = visit(context, &claimed);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}
