#include "agents/inbox.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "lib/merkle.h"

/* u8 version | u8 lane | u64 number | SHA-256 of the body | body */
#define INBOX_VERSION 1
#define PREAMBLE_SIZE (1 + 1 + 8 + DIGEST_SIZE)

static struct bytes id_key(const struct id *id)
{
    return (struct bytes){id->bytes, ID_SIZE};
}

enum status inbox_put(struct txn *txn, const struct id *key, uint8_t lane, uint64_t number,
                      struct bytes body)
{
    size_t size = PREAMBLE_SIZE + body.size;
    uint8_t *record = malloc(size), place[LANE_KEY_SIZE];
    struct digest digest = sha256(body.data, body.size);
    struct writer w = writer_of(record, size);
    enum status status;

    if (!record)
        return ST_NOMEM;
    write_u8(&w, INBOX_VERSION);
    write_u8(&w, lane);
    write_u64(&w, number);
    write_bytes(&w, digest.bytes, DIGEST_SIZE);
    write_bytes(&w, body.data, body.size);
    status = store_put(txn, TREE_INBOX, id_key(key), (struct bytes){record, size});
    OPENSSL_cleanse(record, size);
    free(record);
    if (status != ST_OK)
        return status;
    return store_put(txn, TREE_UNOPENED, lane_key(place, lane, number), id_key(key));
}

static enum status get(struct txn *txn, const struct id *key, uint8_t *lane, uint64_t *number,
                       struct digest *digest, struct bytes *body)
{
    struct bytes record;
    struct reader r;
    enum status status = store_get(txn, TREE_INBOX, id_key(key), &record);

    if (status != ST_OK)
        return status;
    r = reader_of(record.data, record.size);
    if (read_u8(&r) != INBOX_VERSION)
        return ST_INVALID;
    *lane = read_u8(&r);
    *number = read_u64(&r);
    read_into(&r, digest->bytes, DIGEST_SIZE);
    *body = read_bytes(&r, r.left);
    return r.failed ? ST_INVALID : ST_OK;
}

enum status inbox_get(struct txn *txn, const struct id *key, struct bytes *body)
{
    struct digest kept, found;
    struct bytes data;
    uint64_t number;
    uint8_t lane;
    enum status status = get(txn, key, &lane, &number, &kept, &data);

    if (status != ST_OK)
        return status;
    found = sha256(data.data, data.size); /* a flipped bit is refused, never shown */
    if (!digest_equal(&kept, &found))
        return ST_INVALID;
    *body = data;
    return ST_OK;
}

/* Where the message stands, or stood, among those nobody has taken; `place` is written in `buffer`.
 *   ST_MORE, ST_INVALID  as inbox_get() */
static enum status get_place(struct txn *txn, const struct id *key,
                             uint8_t buffer[static LANE_KEY_SIZE], struct bytes *place)
{
    struct digest digest;
    struct bytes body;
    uint64_t number;
    uint8_t lane;
    enum status status = get(txn, key, &lane, &number, &digest, &body);

    if (status == ST_OK)
        *place = lane_key(buffer, lane, number);
    return status;
}

enum status inbox_taken(struct txn *txn, const struct id *key)
{
    uint8_t buffer[LANE_KEY_SIZE];
    struct bytes place;
    enum status status = get_place(txn, key, buffer, &place);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    return store_delete(txn, TREE_UNOPENED, place);
}

enum status inbox_return(struct txn *txn, const struct id *key)
{
    uint8_t buffer[LANE_KEY_SIZE];
    struct bytes place;
    enum status status = get_place(txn, key, buffer, &place);

    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    return store_put(txn, TREE_UNOPENED, place, id_key(key));
}

enum status inbox_delete(struct txn *txn, const struct id *key)
{
    enum status status = inbox_taken(txn, key);

    return status == ST_OK || status == ST_INVALID ? store_delete(txn, TREE_INBOX, id_key(key))
                                                   : status;
}

size_t inbox_count_unopened(struct txn *txn)
{
    return store_entries(txn, TREE_UNOPENED);
}

enum status inbox_unopened(struct txn *txn, bool (*visit)(void *context, const struct id *key),
                           void *context)
{
    struct walk *walk;
    struct bytes place, value;
    enum status status = walk_open(txn, TREE_UNOPENED, (struct bytes){NULL, 0}, &walk);
    bool going = true;

    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &place, &value)) == ST_OK) {
        struct id key;

        if (read_id(value, &key))
            going = visit(context, &key);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}
