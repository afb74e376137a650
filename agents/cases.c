#include "agents/cases.h"

#include <string.h>

#include "agents/trees.h"

#define PLACE_SIZE (ID_SIZE + 8) /* handle, ~number: the newest first */
#define NAME_SIZE (1 + ID_SIZE)  /* way, key */

static struct bytes place_of(uint8_t out[static PLACE_SIZE], const struct id *handle,
                             uint64_t number)
{
    struct writer w = writer_of(out, PLACE_SIZE);

    write_bytes(&w, handle->bytes, ID_SIZE);
    write_u64(&w, ~number);
    return (struct bytes){out, w.size};
}

enum status cases_put(struct txn *txn, const struct id *handle, uint64_t number, char way,
                      const struct id *key)
{
    uint8_t place[PLACE_SIZE], name[NAME_SIZE] = {(uint8_t)way};

    if (id_is_zero(handle))
        return ST_OK;
    memcpy(name + 1, key->bytes, ID_SIZE);
    return store_put(txn, TREE_CASES, place_of(place, handle, number),
                     (struct bytes){name, sizeof name});
}

enum status cases_drop(struct txn *txn, const struct id *handle, uint64_t number)
{
    uint8_t place[PLACE_SIZE];

    if (id_is_zero(handle))
        return ST_OK;
    return store_delete(txn, TREE_CASES, place_of(place, handle, number));
}

enum status cases_newest(struct txn *txn, const struct id *handle,
                         bool (*visit)(void *context, char way, const struct id *key),
                         void *context)
{
    struct walk *walk;
    struct bytes place, name;
    enum status status = walk_open(txn, TREE_CASES, (struct bytes){handle->bytes, ID_SIZE}, &walk);
    bool going = true;

    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &place, &name)) == ST_OK) {
        struct id key;

        if (place.size != PLACE_SIZE || memcmp(place.data, handle->bytes, ID_SIZE) != 0)
            break; /* the next case begins */
        if (name.size != NAME_SIZE)
            continue;
        memcpy(key.bytes, name.data + 1, ID_SIZE);
        going = visit(context, (char)name.data[0], &key);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}
