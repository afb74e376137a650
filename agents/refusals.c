#include "agents/refusals.h"

#include <string.h>

#include "agents/trees.h"

#define REFUSED_VERSION 1
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define KEY_SIZE (8 + 8) /* u64 at_ms, u64 number */

enum status refused_write(const struct refused *refused, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room);

    write_u8(&w, REFUSED_VERSION);
    write_u64(&w, (uint64_t)refused->at_ms);
    write_prefixed_text(&w, refused->by);
    write_bytes(&w, refused->message_id.bytes, ID_SIZE);
    write_bytes(&w, refused->resent_as.bytes, ID_SIZE);
    write_prefixed_text(&w, refused->type);
    write_prefixed_text(&w, refused->to);
    write_prefixed_text(&w, refused->purpose);
    write_u32(&w, refused->code);
    write_prefixed_text(&w, refused->agreement_id);
    write_u32(&w, refused->agreement_version);
    write_prefixed_text(&w, refused->clause);
    write_u32(&w, refused->offending);
    write_prefixed_text(&w, refused->officer);
    write_prefixed_text(&w, refused->justification);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

enum status refused_read(struct bytes record, struct refused *out)
{
    struct reader r = reader_of(record.data, record.size);
    struct refused refused = {0};

    if (read_u8(&r) != REFUSED_VERSION)
        return ST_INVALID;
    refused.at_ms = (int64_t)read_u64(&r);
    read_prefixed_text(&r, refused.by, sizeof refused.by);
    read_into(&r, refused.message_id.bytes, ID_SIZE);
    read_into(&r, refused.resent_as.bytes, ID_SIZE);
    read_prefixed_text(&r, refused.type, sizeof refused.type);
    read_prefixed_text(&r, refused.to, sizeof refused.to);
    read_prefixed_text(&r, refused.purpose, sizeof refused.purpose);
    refused.code = read_u32(&r);
    read_prefixed_text(&r, refused.agreement_id, sizeof refused.agreement_id);
    refused.agreement_version = read_u32(&r);
    read_prefixed_text(&r, refused.clause, sizeof refused.clause);
    refused.offending = read_u32(&r);
    read_prefixed_text(&r, refused.officer, sizeof refused.officer);
    read_prefixed_text(&r, refused.justification, sizeof refused.justification);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = refused;
    return ST_OK;
}

/* The first key, which is the oldest's, into `key`. ST_MORE: there is none. */
static enum status oldest(struct txn *txn, uint8_t key[static KEY_SIZE])
{
    struct bytes name, value;
    struct walk *walk;
    enum status status = walk_open(txn, TREE_REFUSALS, (struct bytes){NULL, 0}, &walk);

    if (status != ST_OK)
        return status;
    status = walk_next(walk, &name, &value);
    if (status == ST_OK && name.size != KEY_SIZE)
        status = ST_INVALID;
    if (status == ST_OK)
        memcpy(key, name.data, KEY_SIZE);
    walk_close(walk);
    return status;
}

static struct bytes key_of(uint8_t out[static KEY_SIZE], int64_t at_ms, uint64_t number)
{
    struct writer w = writer_of(out, KEY_SIZE);

    write_u64(&w, (uint64_t)at_ms);
    write_u64(&w, number);
    return (struct bytes){out, KEY_SIZE};
}

enum status refusals_put(struct txn *txn, uint64_t number, const struct refused *refused,
                         bool *pushed_out)
{
    uint8_t record[REFUSAL_SIZE_MAX], key[KEY_SIZE];
    size_t size;
    enum status status = refused_write(refused, record, sizeof record, &size);
    bool full = store_entries(txn, TREE_REFUSALS) >= REFUSALS_MAX;

    if (status == ST_OK && full && (status = oldest(txn, key)) == ST_OK)
        status = store_delete(txn, TREE_REFUSALS, (struct bytes){key, sizeof key});
    if (status == ST_OK)
        status = store_put(txn, TREE_REFUSALS, key_of(key, refused->at_ms, number),
                           (struct bytes){record, size});
    if (status == ST_OK)
        *pushed_out = full;
    return status;
}

enum status refusals_trim(struct txn *txn, int64_t now_ms, unsigned most)
{
    for (unsigned i = 0; i < most; i++) {
        uint8_t key[KEY_SIZE];
        struct reader r = reader_of(key, sizeof key);
        enum status status = oldest(txn, key);

        if (status != ST_OK)
            return status == ST_MORE ? ST_OK : status;
        if ((int64_t)read_u64(&r) + REFUSALS_DAYS * DAY_MS > now_ms)
            return ST_OK;
        status = store_delete(txn, TREE_REFUSALS, (struct bytes){key, sizeof key});
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

static int64_t time_of(struct bytes key)
{
    struct reader r = reader_of(key.data, key.size);

    return (int64_t)read_u64(&r);
}

enum status refusals_each(struct txn *txn, int64_t since_ms, int64_t before_ms, size_t limit,
                          bool (*visit)(void *context, const struct refused *refused),
                          void *context)
{
    uint8_t from[KEY_SIZE];
    struct bytes start = key_of(from, since_ms, 0), key, value;
    struct walk *walk;
    size_t count = 0, passed = 0;
    bool going = true;
    enum status status = walk_open(txn, TREE_REFUSALS, start, &walk);

    if (status != ST_OK)
        return status;
    while ((status = walk_next(walk, &key, &value)) == ST_OK && time_of(key) < before_ms)
        count++;
    walk_close(walk);
    if (status != ST_OK && status != ST_MORE)
        return status;
    if ((status = walk_open(txn, TREE_REFUSALS, start, &walk)) != ST_OK)
        return status;
    while (going && passed < count && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct refused refused;

        if (++passed + limit > count && refused_read(value, &refused) == ST_OK)
            going = visit(context, &refused);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}
