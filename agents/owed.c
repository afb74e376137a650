#include "agents/owed.h"

#include <string.h>

#include "agents/trees.h"
#include "lib/bytes.h"

#define OWED_VERSION 2
#define OWED_VERSION_BEFORE 1             /* ends with the role */
#define OWED_MAX 1024                     /* bytes of a record */
#define NAME_SIZE (ID_SIZE + 1 + 1)       /* message, kind, place */
#define TIME_KEY_SIZE (1 + 8 + NAME_SIZE) /* 'd', due_ms */
#define INDEX_KEY_SIZE (1 + ID_SIZE + NAME_SIZE)
#define STOP_MAX 64 /* looked at in one go */

static void write_name(struct writer *w, const struct owed *o)
{
    write_bytes(w, o->message_id.bytes, ID_SIZE);
    write_u8(w, (uint8_t)o->kind);
    write_u8(w, o->place);
}

static struct bytes time_key(uint8_t out[static TIME_KEY_SIZE], const struct owed *o)
{
    struct writer w = writer_of(out, TIME_KEY_SIZE);

    write_u8(&w, 'd');
    write_u64(&w, (uint64_t)o->due_ms);
    write_name(&w, o);
    return (struct bytes){out, w.size};
}

static struct bytes index_key(uint8_t out[static INDEX_KEY_SIZE], enum owed_by by,
                              const struct owed *o)
{
    struct writer w = writer_of(out, INDEX_KEY_SIZE);

    write_u8(&w, (uint8_t)by);
    write_bytes(&w, by == OWED_OF_CASE ? o->case_handle.bytes : o->conversation_id.bytes, ID_SIZE);
    write_name(&w, o);
    return (struct bytes){out, w.size};
}

static bool is_of_case(const struct owed *o)
{
    return o->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED && !id_is_zero(&o->case_handle);
}

static bool read_owed(struct bytes key, struct bytes value, struct owed *o)
{
    struct reader k = reader_of(key.data, key.size), r = reader_of(value.data, value.size);

    *o = (struct owed){0};
    if (read_u8(&k) != 'd')
        return false;
    o->due_ms = (int64_t)read_u64(&k);
    read_into(&k, o->message_id.bytes, ID_SIZE);
    o->kind = (Concordat__ClockKind)read_u8(&k);
    o->place = read_u8(&k);
    const uint8_t version = read_u8(&r);
    if (version != OWED_VERSION && version != OWED_VERSION_BEFORE)
        return false;
    o->by_us = read_u8(&r) != 0;
    read_into(&r, o->conversation_id.bytes, ID_SIZE);
    read_into(&r, o->case_handle.bytes, ID_SIZE);
    read_prefixed_text(&r, o->other, sizeof o->other);
    read_prefixed_text(&r, o->type, sizeof o->type);
    read_prefixed_text(&r, o->expected, sizeof o->expected);
    read_prefixed_text(&r, o->role, sizeof o->role);
    if (version == OWED_VERSION) {
        read_prefixed_text(&r, o->agreement_id, sizeof o->agreement_id);
        read_prefixed_text(&r, o->expectation, sizeof o->expectation);
        o->started_ms = (int64_t)read_u64(&r);
        o->is_shared = read_u8(&r) != 0;
        o->is_behind = read_u8(&r) != 0;
        read_into(&r, o->met_by.bytes, ID_SIZE);
    }
    return reader_done(&k) && reader_done(&r);
}

enum status owed_put(struct txn *txn, const struct owed *o)
{
    uint8_t key[TIME_KEY_SIZE], index[INDEX_KEY_SIZE], record[OWED_MAX], due[8];
    struct writer w = writer_of(record, sizeof record), d = writer_of(due, sizeof due);
    enum status status;

    write_u64(&d, (uint64_t)o->due_ms);
    write_u8(&w, OWED_VERSION);
    write_u8(&w, o->by_us);
    write_bytes(&w, o->conversation_id.bytes, ID_SIZE);
    write_bytes(&w, o->case_handle.bytes, ID_SIZE);
    write_prefixed_text(&w, o->other);
    write_prefixed_text(&w, o->type);
    write_prefixed_text(&w, o->expected);
    write_prefixed_text(&w, o->role);
    write_prefixed_text(&w, o->agreement_id);
    write_prefixed_text(&w, o->expectation);
    write_u64(&w, (uint64_t)o->started_ms);
    write_u8(&w, o->is_shared);
    write_u8(&w, o->is_behind);
    write_bytes(&w, o->met_by.bytes, ID_SIZE);
    if (w.failed)
        return ST_LIMIT;
    status = store_put(txn, TREE_OWED, time_key(key, o), (struct bytes){record, w.size});
    if (status == ST_OK)
        status = store_put(txn, TREE_OWED, index_key(index, OWED_OF_CONVERSATION, o),
                           (struct bytes){due, sizeof due});
    if (status == ST_OK && is_of_case(o))
        status = store_put(txn, TREE_OWED, index_key(index, OWED_OF_CASE, o),
                           (struct bytes){due, sizeof due});
    return status;
}

static enum status drop(struct txn *txn, const struct owed *o)
{
    uint8_t key[TIME_KEY_SIZE], index[INDEX_KEY_SIZE];
    enum status status = store_delete(txn, TREE_OWED, time_key(key, o));

    if (status == ST_OK)
        status = store_delete(txn, TREE_OWED, index_key(index, OWED_OF_CONVERSATION, o));
    if (status == ST_OK && is_of_case(o))
        status = store_delete(txn, TREE_OWED, index_key(index, OWED_OF_CASE, o));
    return status;
}

/* From that key on, or behind it. */
static enum status each(struct txn *txn, struct bytes from, bool behind,
                        bool (*visit)(void *context, const struct owed *owed), void *context)
{
    struct bytes key, value;
    struct walk *walk;
    bool going = true;
    enum status status = walk_open(txn, TREE_OWED, from, &walk);

    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct owed owed;

        if (key.size == 0 || key.data[0] != 'd')
            break;
        if (behind && key.size == from.size && memcmp(key.data, from.data, key.size) == 0)
            continue;
        if (read_owed(key, value, &owed))
            going = visit(context, &owed);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

enum status owed_each(struct txn *txn, int64_t from_ms,
                      bool (*visit)(void *context, const struct owed *owed), void *context)
{
    uint8_t from[1 + 8];
    struct writer w = writer_of(from, sizeof from);

    write_u8(&w, 'd');
    write_u64(&w, from_ms > 0 ? (uint64_t)from_ms : 0);
    return each(txn, (struct bytes){from, sizeof from}, false, visit, context);
}

enum status owed_each_after(struct txn *txn, const struct owed *after,
                            bool (*visit)(void *context, const struct owed *owed), void *context)
{
    uint8_t key[TIME_KEY_SIZE];

    return each(txn, time_key(key, after), true, visit, context);
}

enum status owed_move(struct txn *txn, const struct owed *owed, int64_t due_ms)
{
    struct owed moved = *owed;
    enum status status = drop(txn, owed);

    moved.due_ms = due_ms;
    return status == ST_OK ? owed_put(txn, &moved) : status;
}

/* The one that an index's key and value name. ST_MORE: it is not there. */
static enum status follow(struct txn *txn, struct bytes index, struct bytes due, struct owed *out)
{
    uint8_t key[TIME_KEY_SIZE] = {'d'};
    struct bytes value;
    enum status status;

    if (index.size != INDEX_KEY_SIZE || due.size != 8)
        return ST_MORE;
    memcpy(key + 1, due.data, 8);
    memcpy(key + 1 + 8, index.data + 1 + ID_SIZE, NAME_SIZE);
    status = store_get(txn, TREE_OWED, (struct bytes){key, sizeof key}, &value);
    if (status == ST_OK && !read_owed((struct bytes){key, sizeof key}, value, out))
        status = ST_MORE;
    return status;
}

/* Where a gathering has come to: the key after which it goes on. */
struct place {
    uint8_t key[INDEX_KEY_SIZE];
    size_t size;
};

/* The next of the index, STOP_MAX at most: a walk must not be written under. `place` begins as what
 * all its keys have in common. */
static enum status gather(struct txn *txn, struct place *place, struct owed list[static STOP_MAX],
                          size_t *count)
{
    struct bytes key, value;
    struct walk *walk;
    enum status status;

    *count = 0;
    status = walk_open(txn, TREE_OWED, (struct bytes){place->key, place->size}, &walk);
    if (status != ST_OK)
        return status;
    while (*count < STOP_MAX && (status = walk_next(walk, &key, &value)) == ST_OK) {
        if (key.size != INDEX_KEY_SIZE || memcmp(key.data, place->key, 1 + ID_SIZE) != 0)
            break;
        if (place->size == key.size && memcmp(key.data, place->key, key.size) == 0)
            continue;
        memcpy(place->key, key.data, key.size);
        place->size = key.size;
        status = follow(txn, key, value, &list[*count]);
        if (status == ST_OK)
            ++*count;
        else if (status != ST_MORE)
            break;
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

enum status owed_stop(struct txn *txn, enum owed_by by, const struct id *id,
                      enum owed_fate (*judge)(void *context, struct owed *owed), void *context)
{
    struct place place = {.key = {(uint8_t)by}, .size = 1 + ID_SIZE};
    struct owed list[STOP_MAX];
    size_t count = id_is_zero(id) ? 0 : STOP_MAX;
    enum status status = ST_OK;

    memcpy(place.key + 1, id->bytes, ID_SIZE);
    while (status == ST_OK && count == STOP_MAX
           && (status = gather(txn, &place, list, &count)) == ST_OK)
        for (size_t i = 0; i < count && status == ST_OK; i++) {
            const enum owed_fate fate = judge(context, &list[i]);

            if (fate == OWED_ENDS)
                status = drop(txn, &list[i]);
            else if (fate == OWED_CHANGES)
                status = owed_put(txn, &list[i]);
        }
    return status;
}

static bool take_one(void *context, const struct owed *owed)
{
    *(struct owed *)context = *owed;
    return false;
}

enum status owed_trim(struct txn *txn, int64_t before_ms, unsigned most)
{
    enum status status = ST_OK;

    for (unsigned i = 0; i < most && status == ST_OK; i++) {
        struct owed first = {.due_ms = INT64_MAX};

        status = owed_each(txn, 0, take_one, &first);
        if (status != ST_OK || first.due_ms >= before_ms)
            return status;
        status = drop(txn, &first);
    }
    return status;
}
