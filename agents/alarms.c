#include "agents/alarms.h"

#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "lib/text.h"

#define ALARM_VERSION 1
#define ALARM_MAX 1536 /* bytes of a record */
#define PLACE_SIZE (1 + 8)
#define TOLD_SIZE (1 + ID_SIZE)

/* ---- keys ---- */

static struct bytes place_of(uint8_t out[static PLACE_SIZE], char what, uint64_t number)
{
    struct writer w = writer_of(out, PLACE_SIZE);

    write_u8(&w, (uint8_t)what);
    write_u64(&w, ~number);
    return (struct bytes){out, w.size};
}

static struct bytes told_key(uint8_t out[static TOLD_SIZE], const struct digest *digest)
{
    out[0] = 'd';
    memcpy(out + 1, digest->bytes, ID_SIZE);
    return (struct bytes){out, TOLD_SIZE};
}

/* ---- records ---- */

static void write_told(struct writer *w, const struct clock_told *t)
{
    write_u64(w, t->clock);
    write_u8(w, (uint8_t)t->kind);
    write_u8(w, (uint8_t)t->stage);
    write_bytes(w, t->message_id.bytes, ID_SIZE);
    write_bytes(w, t->case_handle.bytes, ID_SIZE);
    write_bytes(w, t->conversation_id.bytes, ID_SIZE);
    write_prefixed_text(w, t->type);
    write_prefixed_text(w, t->expected);
    write_prefixed_text(w, t->agreement_id);
    write_prefixed_text(w, t->clause);
    write_u32(w, t->agreement_version);
    write_u32(w, t->count);
    write_prefixed_text(w, t->role);
    write_prefixed_text(w, t->owed_by);
    write_prefixed_text(w, t->owed_to);
    write_u64(w, (uint64_t)t->due_ms);
    write_u64(w, (uint64_t)t->at_ms);
}

static void read_told(struct reader *r, struct clock_told *t)
{
    t->clock = read_u64(r);
    t->kind = (Concordat__ClockKind)read_u8(r);
    t->stage = (Concordat__ClockStage)read_u8(r);
    read_into(r, t->message_id.bytes, ID_SIZE);
    read_into(r, t->case_handle.bytes, ID_SIZE);
    read_into(r, t->conversation_id.bytes, ID_SIZE);
    read_prefixed_text(r, t->type, sizeof t->type);
    read_prefixed_text(r, t->expected, sizeof t->expected);
    read_prefixed_text(r, t->agreement_id, sizeof t->agreement_id);
    read_prefixed_text(r, t->clause, sizeof t->clause);
    t->agreement_version = read_u32(r);
    t->count = read_u32(r);
    read_prefixed_text(r, t->role, sizeof t->role);
    read_prefixed_text(r, t->owed_by, sizeof t->owed_by);
    read_prefixed_text(r, t->owed_to, sizeof t->owed_to);
    t->due_ms = (int64_t)read_u64(r);
    t->at_ms = (int64_t)read_u64(r);
}

static enum status put(struct txn *txn, const struct alarm *alarm)
{
    uint8_t place[PLACE_SIZE], record[ALARM_MAX];
    struct writer w = writer_of(record, sizeof record);

    write_u8(&w, ALARM_VERSION);
    write_u8(&w, alarm->seen);
    write_bytes(&w, alarm->digest.bytes, DIGEST_SIZE);
    write_told(&w, &alarm->told);
    if (w.failed)
        return ST_LIMIT;
    return store_put(txn, TREE_ALARMS, place_of(place, 'a', alarm->number),
                     (struct bytes){record, w.size});
}

static enum status get(struct txn *txn, uint64_t number, struct alarm *out)
{
    uint8_t place[PLACE_SIZE];
    struct alarm alarm = {.number = number};
    struct bytes value;
    struct reader r;
    enum status status = store_get(txn, TREE_ALARMS, place_of(place, 'a', number), &value);

    if (status != ST_OK)
        return status;
    r = reader_of(value.data, value.size);
    if (read_u8(&r) != ALARM_VERSION)
        return ST_INVALID;
    alarm.seen = read_u8(&r) != 0;
    read_into(&r, alarm.digest.bytes, DIGEST_SIZE);
    read_told(&r, &alarm.told);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = alarm;
    return ST_OK;
}

/* ---- the tree ---- */

/* Calls `visit` with the numbers under `what`, the newest first. */
static enum status walk_numbers(struct txn *txn, char what,
                                bool (*visit)(void *context, uint64_t number), void *context)
{
    const uint8_t from[] = {(uint8_t)what};
    struct bytes key, value;
    struct walk *walk;
    bool going = true;
    enum status status = walk_open(txn, TREE_ALARMS, (struct bytes){from, 1}, &walk);

    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct reader r = reader_of(key.data, key.size);

        if (read_u8(&r) != (uint8_t)what)
            break;
        going = visit(context, ~read_u64(&r));
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

static bool take_first(void *context, uint64_t number)
{
    *(uint64_t *)context = number;
    return false;
}

/* One that somebody has seen; else it stays until then. */
static enum status forget(struct txn *txn, uint64_t number)
{
    uint8_t place[PLACE_SIZE], told[TOLD_SIZE];
    struct alarm alarm;
    enum status status = get(txn, number, &alarm);

    if (status == ST_MORE || (status == ST_OK && !alarm.seen))
        return ST_OK;
    if (status == ST_OK)
        status = store_delete(txn, TREE_ALARMS, told_key(told, &alarm.digest));
    if (status == ST_OK || status == ST_INVALID)
        status = store_delete(txn, TREE_ALARMS, place_of(place, 'u', number));
    if (status == ST_OK)
        status = store_delete(txn, TREE_ALARMS, place_of(place, 'a', number));
    return status;
}

enum status alarms_take(struct txn *txn, const struct clock_told *told, const struct digest *digest,
                        bool *is_new)
{
    uint8_t key[TOLD_SIZE], place[PLACE_SIZE];
    struct alarm alarm = {.digest = *digest, .told = *told};
    struct bytes value;
    enum status status = store_get(txn, TREE_ALARMS, told_key(key, digest), &value);

    if (status == ST_OK)
        *is_new = false;
    if (status != ST_MORE)
        return status;
    status = walk_numbers(txn, 'a', take_first, &alarm.number);
    alarm.number++;
    if (status == ST_OK)
        status = put(txn, &alarm);
    if (status == ST_OK)
        status = store_put(txn, TREE_ALARMS, told_key(key, digest), (struct bytes){key, 1});
    if (status == ST_OK)
        status = store_put(txn, TREE_ALARMS, place_of(place, 'u', alarm.number),
                           (struct bytes){place, 1});
    if (status == ST_OK && alarm.number > ALARMS_MAX)
        status = forget(txn, alarm.number - ALARMS_MAX);
    if (status == ST_OK)
        *is_new = true;
    return status;
}

enum status alarms_see(struct txn *txn, uint64_t number)
{
    uint8_t place[PLACE_SIZE];
    struct alarm alarm;
    uint64_t newest = number;
    enum status status = get(txn, number, &alarm);

    if (status != ST_OK)
        return status;
    alarm.seen = true;
    status = put(txn, &alarm);
    if (status == ST_OK)
        status = store_delete(txn, TREE_ALARMS, place_of(place, 'u', number));
    if (status == ST_OK)
        status = walk_numbers(txn, 'a', take_first, &newest);
    return status == ST_OK && newest - number >= ALARMS_MAX ? forget(txn, number) : status;
}

/* ---- what cannot be read: 'x', digest -> u64 alarm | u8 kind | bytes ---- */

static struct bytes unreadable_key(uint8_t out[static TOLD_SIZE], const struct digest *digest)
{
    (void)told_key(out, digest);
    out[0] = 'x';
    return (struct bytes){out, TOLD_SIZE};
}

enum status alarms_keep_unreadable(struct txn *txn, const char *broker, uint8_t kind,
                                   struct bytes bytes, int64_t at_ms, bool *is_new)
{
    struct clock_told told = {.type = UNREADABLE, .due_ms = at_ms, .at_ms = at_ms};
    uint8_t head[8 + 1], key[TOLD_SIZE];
    struct writer w = writer_of(head, sizeof head);
    const struct digest told_digest = sha256(bytes.data, bytes.size);
    /* Another than that of the same as it is told, once it can be read. */
    const struct digest digest = sha256(told_digest.bytes, DIGEST_SIZE);
    uint64_t number = 0;
    uint8_t *value;

    TEXT_COPY(told.owed_by, broker);
    enum status status = alarms_take(txn, &told, &digest, is_new);
    if (status != ST_OK || !*is_new)
        return status;
    status = walk_numbers(txn, 'a', take_first, &number);
    if (status != ST_OK)
        return status;
    if (!(value = malloc(sizeof head + bytes.size)))
        return ST_NOMEM;
    write_u64(&w, number);
    write_u8(&w, kind);
    memcpy(value, head, sizeof head);
    memcpy(value + sizeof head, bytes.data, bytes.size);
    status = store_put(txn, TREE_ALARMS, unreadable_key(key, &digest),
                       (struct bytes){value, sizeof head + bytes.size});
    free(value);
    return status;
}

enum status alarms_next_unreadable(struct txn *txn, struct unreadable *at)
{
    uint8_t from[TOLD_SIZE];
    struct bytes key, value;
    struct walk *walk;
    enum status status = walk_open(txn, TREE_ALARMS, unreadable_key(from, &at->digest), &walk);

    if (status != ST_OK)
        return status;
    status = walk_next(walk, &key, &value);
    if (status == ST_OK && key.size == TOLD_SIZE && memcmp(key.data, from, TOLD_SIZE) == 0)
        status = walk_next(walk, &key, &value);
    walk_close(walk);
    if (status != ST_OK)
        return status;
    if (key.size != TOLD_SIZE || key.data[0] != 'x')
        return ST_MORE;
    struct reader r = reader_of(value.data, value.size);
    memcpy(at->digest.bytes, key.data + 1, ID_SIZE);
    at->alarm = read_u64(&r);
    at->kind = read_u8(&r);
    at->bytes = read_bytes(&r, r.left);
    return r.failed ? ST_INVALID : ST_OK;
}

enum status alarms_was_read(struct txn *txn, const struct unreadable *read)
{
    uint8_t key[TOLD_SIZE];
    enum status status = alarms_see(txn, read->alarm);

    if (status == ST_OK || status == ST_MORE)
        status = store_delete(txn, TREE_ALARMS, unreadable_key(key, &read->digest));
    return status;
}

/* ---- all of them ---- */

struct visiting {
    struct txn *txn;
    bool (*visit)(void *context, const struct alarm *alarm);
    void *context;
    enum status status;
};

static bool visit_number(void *context, uint64_t number)
{
    struct visiting *visiting = context;
    struct alarm alarm;
    enum status status = get(visiting->txn, number, &alarm);

    if (status == ST_MORE || status == ST_INVALID)
        return true;
    visiting->status = status;
    return status == ST_OK && visiting->visit(visiting->context, &alarm);
}

enum status alarms_each(struct txn *txn, bool all,
                        bool (*visit)(void *context, const struct alarm *alarm), void *context)
{
    struct visiting visiting = {txn, visit, context, ST_OK};
    enum status status = walk_numbers(txn, all ? 'a' : 'u', visit_number, &visiting);

    return status == ST_OK ? visiting.status : status;
}
