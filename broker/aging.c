#include "broker/aging.h"

#include <stdlib.h>
#include <string.h>

#include "broker/record.h"

#define AGED_AT_ONCE 1024 /* entries between two walks: deleting moves what a walk stands on */
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

/* Forgets one id, and the refusal it got, unless it was settled at another time than this entry
 * says. */
static enum status forget(struct txn *txn, const struct tree_key *settled)
{
    struct reader r = reader_of(settled->bytes, settled->size);
    int64_t settled_ms = (int64_t)read_u64(&r);
    const struct bytes key = {r.next, r.left};
    struct message_record message;
    struct bytes value;
    enum status status = checked_get(txn, TREE_MESSAGES, key, &value);

    if (status == ST_OK)
        status = message_read(value, &message);
    if (status == ST_OK && message.settled_ms == settled_ms) {
        const struct tree_key refusal = key_of_sequence(message.sequence);

        status = store_delete(txn, TREE_MESSAGES, key);
        if (status == ST_OK && message.refused)
            status = store_delete(txn, TREE_REFUSALS, key_bytes(&refusal));
    }
    if (status == ST_OK || status == ST_MORE)
        status = store_delete(txn, TREE_SETTLED, key_bytes(settled));
    return status;
}

/* The oldest entries settled before `until_ms`, copied, since deleting moves what a walk stands on.
 */
static enum status read_aged(struct txn *txn, int64_t until_ms, struct tree_key *out, size_t *count)
{
    struct walk *walk;
    struct bytes key, value;
    enum status status = walk_open(txn, TREE_SETTLED, (struct bytes){NULL, 0}, &walk);

    if (status != ST_OK)
        return status;
    for (*count = 0; *count < AGED_AT_ONCE; ++*count) {
        struct reader r;

        status = walk_next(walk, &key, &value);
        if (status != ST_OK)
            break;
        r = reader_of(key.data, key.size);
        if ((int64_t)read_u64(&r) >= until_ms)
            break;
        if (r.failed || key.size > TREE_KEY_MAX) {
            status = ST_INVALID;
            break;
        }
        memcpy(out[*count].bytes, key.data, key.size);
        out[*count].size = key.size;
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

/* Sealing keys that closed before `until_ms`, in the same way. */
static enum status read_closed(struct txn *txn, int64_t until_ms, struct tree_key *out,
                               size_t *count)
{
    struct walk *walk;
    struct bytes key, value;
    enum status status = walk_open(txn, TREE_KEYS, (struct bytes){NULL, 0}, &walk);

    if (status != ST_OK)
        return status;
    *count = 0;
    while (*count < AGED_AT_ONCE && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct reader r = reader_of(key.data, key.size);
        (void)read_bytes(&r, strnlen((const char *)key.data, key.size) + 1);
        int64_t open_until_ms = (int64_t)read_u64(&r);
        if (r.failed || key.size > TREE_KEY_MAX) {
            status = ST_INVALID;
            break;
        }
        if (open_until_ms >= until_ms)
            continue;
        memcpy(out[*count].bytes, key.data, key.size);
        out[*count].size = key.size;
        ++*count;
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

/* Refusals that no message's record names: counts of them. They stand in the order of their time.
 */
static enum status read_counted(struct txn *txn, int64_t until_ms, struct tree_key *out,
                                size_t *count)
{
    struct walk *walk;
    struct bytes key, value, record;
    enum status status = walk_open(txn, TREE_REFUSALS, (struct bytes){NULL, 0}, &walk);

    if (status != ST_OK)
        return status;
    *count = 0;
    while (*count < AGED_AT_ONCE && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct event event;
        if ((status = check_read(key, value, &record)) != ST_OK)
            break;
        struct reader r = reader_of(record.data, record.size);
        if ((status = event_read(&r, &event)) != ST_OK || key.size > TREE_KEY_MAX) {
            status = ST_INVALID;
            break;
        }
        if (event.at_ms >= until_ms)
            break;
        memcpy(out[*count].bytes, key.data, key.size);
        out[*count].size = key.size;
        ++*count;
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

static enum status delete_key(struct txn *txn, const struct tree_key *key)
{
    return store_delete(txn, TREE_KEYS, key_bytes(key));
}

static enum status delete_refusal(struct txn *txn, const struct tree_key *key)
{
    return store_delete(txn, TREE_REFUSALS, key_bytes(key));
}

enum status aging_run(struct txn *txn, int64_t at_ms)
{
    static const struct {
        enum status (*read)(struct txn *txn, int64_t until_ms, struct tree_key *out, size_t *count);
        enum status (*remove)(struct txn *txn, const struct tree_key *key);
        int64_t days; /* after which it is forgotten */
    } kinds[] = {
        {read_aged, forget, DUPLICATE_DAYS},
        {read_closed, delete_key, 1},
        {read_counted, delete_refusal, DUPLICATE_DAYS},
    };
    struct tree_key *aged = malloc(AGED_AT_ONCE * sizeof *aged);
    enum status status = aged ? ST_OK : ST_NOMEM;

    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        size_t count = AGED_AT_ONCE;
        while (status == ST_OK && count == AGED_AT_ONCE) {
            status = kinds[kind].read(txn, at_ms - kinds[kind].days * DAY_MS, aged, &count);
            for (size_t i = 0; i < count && status == ST_OK; i++)
                status = kinds[kind].remove(txn, &aged[i]);
        }
    }
    free(aged);
    return status;
}
