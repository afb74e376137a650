#include "agents/own_keys.h"

#include <stdio.h>
#include <string.h>

#include "agents/trees.h"

#define NAME_SIZE 40

static struct bytes name_of(const char *use, char room[static NAME_SIZE])
{
    int size = snprintf(room, NAME_SIZE, "own keys: %s", use);

    return (struct bytes){(const uint8_t *)room, (size_t)size};
}

static enum status read_keys(struct txn *txn, struct bytes name, struct own_keys *out)
{
    struct bytes value;
    enum status status = store_get(txn, TREE_META, name, &value);

    out->count = 0;
    if (status == ST_MORE)
        return ST_OK; /* the first start */
    if (status != ST_OK)
        return status;
    if (value.size % DIGEST_SIZE != 0 || value.size > sizeof out->list)
        return ST_INVALID;
    memcpy(out->list, value.data, value.size);
    out->count = value.size / DIGEST_SIZE;
    return ST_OK;
}

static bool is_new(const struct own_keys *keys, const struct digest *today)
{
    if (digest_equal(today, &(struct digest){{0}}))
        return false;
    for (size_t i = 0; i < keys->count; i++)
        if (digest_equal(&keys->list[i], today))
            return false;
    return true;
}

enum status own_keys_load(struct store *store, const char *use, const struct digest *today,
                          struct own_keys *out)
{
    char room[NAME_SIZE];
    const struct bytes name = name_of(use, room);
    struct txn *txn;
    enum status status = store_begin(store, true, &txn);

    if (status != ST_OK)
        return status;
    status = read_keys(txn, name, out);
    if (status != ST_OK || !is_new(out, today)) {
        store_abort(txn);
        return status;
    }
    if (out->count == OWN_KEYS_MAX) {
        store_abort(txn);
        return ST_LIMIT;
    }
    out->list[out->count++] = *today;
    status = store_put(txn, TREE_META, name,
                       (struct bytes){(const uint8_t *)out->list, out->count * DIGEST_SIZE});
    if (status != ST_OK) {
        store_abort(txn);
        return status;
    }
    return store_commit(txn);
}
