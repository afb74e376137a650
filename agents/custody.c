#include "agents/custody.h"

#include <string.h>

#include "agents/trees.h"
#include "lib/bytes.h"
#include "lib/text.h"

#define HOLDING_VERSION 2 /* 1 has no told_ms */
#define HOLDING_MAX 1536  /* bytes of a record */
#define DETAIL_MAX 512    /* of a component's or part's */
#define KEY_SIZE (1 + ID_SIZE)
#define DETAIL_KEY_SIZE (1 + ID_SIZE + ID_SIZE + 4)

/* ---- what changes it ---- */

static void add_tenure(struct holding *h, const char *holder, int64_t from_ms)
{
    memmove(&h->tenures[1], &h->tenures[0], (TENURES_MAX - 1) * sizeof h->tenures[0]);
    h->tenures[0].from_ms = from_ms;
    TEXT_COPY(h->tenures[0].holder, holder);
}

static void pass_to(struct holding *h, const char *holder, int64_t at_ms)
{
    if (at_ms < h->changed_ms || strcmp(h->holder, holder) == 0)
        return;
    TEXT_COPY(h->holder, holder);
    h->changed_ms = at_ms;
    add_tenure(h, holder, at_ms);
}

/* It is that agency's by then, and was handed on at some time since the last known change: of the
 * time between, nobody here can say whose it was. */
static void find_with(struct holding *h, const char *holder, int64_t at_ms)
{
    if (at_ms < h->changed_ms || strcmp(h->holder, holder) == 0)
        return;
    add_tenure(h, "", h->changed_ms);
    pass_to(h, holder, at_ms);
}

static void end_transfer(struct holding *h, int64_t at_ms)
{
    h->transfer = (struct handover){0};
    if (h->ended_ms < at_ms)
        h->ended_ms = at_ms;
}

static void raise_version(struct holding *h, uint64_t version)
{
    if (h->version < version)
        h->version = version;
}

/* The transfer that is spoken of is the one that is known, or newer: then it is known now. */
static bool is_of_transfer(struct holding *h, enum custody_act act, const struct id *id,
                           const char *to, int64_t at_ms)
{
    if (id_is_zero(id) || at_ms < h->ended_ms)
        return false;
    if (id_equal(&h->transfer.id, id))
        return true;
    if (!id_is_zero(&h->transfer.id) || (at_ms == h->ended_ms && act != CUSTODY_OFFER))
        return false; /* of an older one, which has ended */
    h->transfer.id = *id;
    TEXT_COPY(h->transfer.to, to);
    return true;
}

static void speak_of(struct handover *t, enum custody_act act, uint32_t components, int64_t at_ms)
{
    for (uint32_t n = 0; n < COMPONENTS_MAX; n++) {
        const uint32_t bit = UINT32_C(1) << n;

        if (!(components & bit) || at_ms < t->changed_ms[n])
            continue;
        t->changed_ms[n] = at_ms;
        t->offered &= ~bit;
        t->accepted &= ~bit;
        t->rejected &= ~bit;
        *(act == CUSTODY_OFFER    ? &t->offered
          : act == CUSTODY_ACCEPT ? &t->accepted
                                  : &t->rejected) |= bit;
    }
}

/* How the case stands, as an answer says; of a transfer only that it is open. */
static void fold_answer(struct holding *h, const struct custody_told *told)
{
    if (told->version < h->version)
        return;
    if (!told->holder[0] && told->version > 0)
        h->is_closed = true;
    find_with(h, told->holder, told->at_ms);
    raise_version(h, told->version);
    if (!told->offered_to[0]) {
        end_transfer(h, told->at_ms);
    } else if (!id_equal(&h->transfer.id, &told->transfer_id)) {
        h->transfer = (struct handover){.id = told->transfer_id};
        TEXT_COPY(h->transfer.to, told->offered_to);
    }
}

void holding_fold_told(struct holding *h, const struct custody_told *told)
{
    enum custody_act act = CUSTODY_OFFER;

    h->handle = told->case_handle;
    switch (told->change) {
    case CONCORDAT__CUSTODY_CHANGE__CASE_COMPONENTS_ACCEPTED:
        act = CUSTODY_ACCEPT;
        break;
    case CONCORDAT__CUSTODY_CHANGE__CASE_COMPONENTS_REJECTED:
        act = CUSTODY_REJECT;
        break;
    case CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED:
        break;
    case CONCORDAT__CUSTODY_CHANGE__CASE_OFFER_WITHDRAWN:
    case CONCORDAT__CUSTODY_CHANGE__CASE_OFFER_LAPSED:
        if (id_equal(&h->transfer.id, &told->transfer_id) || id_is_zero(&h->transfer.id))
            end_transfer(h, told->at_ms);
        return;
    case CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED:
        h->is_closed = true; /* for good */
        end_transfer(h, told->at_ms);
        pass_to(h, "", told->at_ms);
        raise_version(h, told->version);
        return;
    case CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED:
        fold_answer(h, told);
        return;
    case CONCORDAT__CUSTODY_CHANGE__CASE_OPENED:
    case CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED:
    case _CONCORDAT__CUSTODY_CHANGE_IS_INT_SIZE:
    default:
        if (told->change == CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED
            && (id_equal(&h->transfer.id, &told->transfer_id) || told->version > h->version))
            end_transfer(h, told->at_ms);
        if (told->version >= h->version)
            pass_to(h, told->holder, told->at_ms);
        raise_version(h, told->version);
        return;
    }
    if (told->version >= h->version)
        find_with(h, told->holder, told->at_ms);
    raise_version(h, told->version);
    if (is_of_transfer(h, act, &told->transfer_id, told->offered_to, told->at_ms))
        speak_of(&h->transfer, act, told->components, told->at_ms);
}

static void fold_offer(struct holding *h, const struct accepted_act *a)
{
    struct handover *t = &h->transfer;

    if (a->claim->case_version + 1 >= h->version)
        find_with(h, a->by, a->at_ms);
    if (!is_of_transfer(h, a->act, &a->claim->transfer_id, a->to, a->at_ms))
        return;
    if (a->claim->case_version + 1 >= h->version) { /* of several, the last one's */
        t->count = a->claim->component_count;
        t->manifest = a->claim->manifest;
        t->reply_by_ms = a->claim->reply_by_ms;
    }
    if (id_is_zero(&t->conversation_id))
        t->conversation_id = a->conversation_id;
    raise_version(h, a->claim->case_version + 1);
    speak_of(t, CUSTODY_OFFER, a->claim->components, a->at_ms);
}

void holding_fold_act(struct holding *h, const struct accepted_act *a)
{
    const bool is_same = id_equal(&h->transfer.id, &a->claim->transfer_id);

    switch (a->act) {
    case CUSTODY_OFFER:
        fold_offer(h, a);
        return;
    case CUSTODY_ACCEPT:
    case CUSTODY_REJECT:
        if (is_of_transfer(h, a->act, &a->claim->transfer_id, a->by, a->at_ms))
            speak_of(&h->transfer, a->act, a->claim->components, a->at_ms);
        return;
    case CUSTODY_WITHDRAW:
        if (is_same)
            end_transfer(h, a->at_ms);
        return;
    case CUSTODY_COMPLETE:
        if (is_same) {
            end_transfer(h, a->at_ms);
            pass_to(h, a->by, a->at_ms);
            raise_version(h, h->version + 1);
        }
        return;
    case CUSTODY_NONE:
    default:
        return;
    }
}

/* ---- what follows from it ---- */

/* Agencies as agreements/custody.h wants them. */
enum {
    NOBODY = 0,
    US,
    COUNTERPART,
    SOMEBODY
};

static uint32_t number_of(const char *name, const char *us, const char *to)
{
    if (name[0] == '\0')
        return NOBODY;
    if (strcmp(name, us) == 0)
        return US;
    return strcmp(name, to) == 0 ? COUNTERPART : SOMEBODY;
}

static struct transfer transfer_of(const struct handover *t, const char *us, const char *to)
{
    if (id_is_zero(&t->id))
        return (struct transfer){0};
    return (struct transfer){.id = t->id,
                             .to = number_of(t->to, us, to),
                             .count = t->count,
                             .offered = t->offered,
                             .accepted = t->accepted,
                             .rejected = t->rejected,
                             .manifest = t->manifest,
                             .reply_by_ms = t->reply_by_ms};
}

Concordat__RefusalCode holding_judge(const struct holding *h, const char *us, enum custody_act act,
                                     const char *to, const struct custody_claim *claim,
                                     int64_t now_ms)
{
    struct custody custody = {.holder = number_of(h->holder, us, to),
                              .version = h->version,
                              .is_closed = h->is_closed,
                              .transfer = transfer_of(&h->transfer, us, to)};
    struct custody_deed deed = {.act = act,
                                .by = US,
                                .to = COUNTERPART,
                                .transfer = claim->transfer_id,
                                .version = claim->case_version,
                                .count = claim->component_count,
                                .components = claim->components,
                                .manifest = claim->manifest,
                                .reply_by_ms = claim->reply_by_ms};

    for (size_t i = 1; i < TENURES_MAX; i++)
        custody.former[i - 1] = number_of(h->tenures[i].holder, us, to);
    return custody_apply(&custody, &deed, now_ms);
}

/* ---- records ---- */

static struct bytes key_of(uint8_t out[static KEY_SIZE], const struct id *handle)
{
    out[0] = 'h';
    memcpy(out + 1, handle->bytes, ID_SIZE);
    return (struct bytes){out, KEY_SIZE};
}

static void write_transfer(struct writer *w, const struct handover *t)
{
    write_bytes(w, t->id.bytes, ID_SIZE);
    write_prefixed_text(w, t->to);
    write_u32(w, t->count);
    write_u32(w, t->offered);
    write_u32(w, t->accepted);
    write_u32(w, t->rejected);
    write_bytes(w, t->manifest.bytes, DIGEST_SIZE);
    write_u64(w, (uint64_t)t->reply_by_ms);
    write_bytes(w, t->conversation_id.bytes, ID_SIZE);
    for (size_t i = 0; i < COMPONENTS_MAX; i++)
        write_u64(w, (uint64_t)t->changed_ms[i]);
}

static void read_transfer(struct reader *r, struct handover *t)
{
    read_into(r, t->id.bytes, ID_SIZE);
    read_prefixed_text(r, t->to, sizeof t->to);
    t->count = read_u32(r);
    t->offered = read_u32(r);
    t->accepted = read_u32(r);
    t->rejected = read_u32(r);
    read_into(r, t->manifest.bytes, DIGEST_SIZE);
    t->reply_by_ms = (int64_t)read_u64(r);
    read_into(r, t->conversation_id.bytes, ID_SIZE);
    for (size_t i = 0; i < COMPONENTS_MAX; i++)
        t->changed_ms[i] = (int64_t)read_u64(r);
}

enum status holding_put(struct txn *txn, const struct holding *h)
{
    uint8_t key[KEY_SIZE], record[HOLDING_MAX];
    struct writer w = writer_of(record, sizeof record);

    write_u8(&w, HOLDING_VERSION);
    write_prefixed_text(&w, h->holder);
    write_u64(&w, h->version);
    write_u8(&w, h->is_closed);
    write_u64(&w, (uint64_t)h->changed_ms);
    write_u64(&w, (uint64_t)h->ended_ms);
    write_u64(&w, (uint64_t)h->told_ms);
    for (size_t i = 0; i < TENURES_MAX; i++) {
        write_prefixed_text(&w, h->tenures[i].holder);
        write_u64(&w, (uint64_t)h->tenures[i].from_ms);
    }
    if (!id_is_zero(&h->transfer.id))
        write_transfer(&w, &h->transfer);
    if (w.failed)
        return ST_LIMIT;
    return store_put(txn, TREE_CUSTODY, key_of(key, &h->handle), (struct bytes){record, w.size});
}

enum status holding_get(struct txn *txn, const struct id *handle, struct holding *out)
{
    uint8_t key[KEY_SIZE];
    struct holding h = {.handle = *handle};
    struct bytes value;
    struct reader r;
    uint8_t version;
    enum status status = store_get(txn, TREE_CUSTODY, key_of(key, handle), &value);

    if (status != ST_OK)
        return status;
    r = reader_of(value.data, value.size);
    version = read_u8(&r);
    if (version == 0 || version > HOLDING_VERSION)
        return ST_INVALID;
    read_prefixed_text(&r, h.holder, sizeof h.holder);
    h.version = read_u64(&r);
    h.is_closed = read_u8(&r) != 0;
    h.changed_ms = (int64_t)read_u64(&r);
    h.ended_ms = (int64_t)read_u64(&r);
    h.told_ms = version == 1 ? 0 : (int64_t)read_u64(&r);
    for (size_t i = 0; i < TENURES_MAX; i++) {
        read_prefixed_text(&r, h.tenures[i].holder, sizeof h.tenures[i].holder);
        h.tenures[i].from_ms = (int64_t)read_u64(&r);
    }
    if (!r.failed && r.left > 0)
        read_transfer(&r, &h.transfer);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = h;
    return ST_OK;
}

enum status holdings_each(struct txn *txn, bool (*visit)(void *context, const struct id *handle),
                          void *context)
{
    static const struct id first = {{0}};
    uint8_t from[KEY_SIZE];
    struct bytes key, value;
    struct walk *walk;
    enum status status = walk_open(txn, TREE_CUSTODY, key_of(from, &first), &walk);
    bool going = true;

    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct id handle;

        if (key.size != KEY_SIZE || key.data[0] != from[0])
            break;
        memcpy(handle.bytes, key.data + 1, ID_SIZE);
        going = visit(context, &handle);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

/* ---- what the offer names ---- */

static struct bytes detail_key(uint8_t out[static DETAIL_KEY_SIZE], char what,
                               const struct handover_key *of, uint32_t number)
{
    struct writer w = writer_of(out, DETAIL_KEY_SIZE);

    write_u8(&w, (uint8_t)what);
    write_bytes(&w, of->case_handle.bytes, ID_SIZE);
    write_bytes(&w, of->transfer.bytes, ID_SIZE);
    write_u32(&w, number);
    return (struct bytes){out, w.size};
}

enum status component_put(struct txn *txn, const struct handover_key *of, const struct component *c)
{
    uint8_t key[DETAIL_KEY_SIZE], record[DETAIL_MAX];
    struct writer w = writer_of(record, sizeof record);

    write_u32(&w, c->kind);
    write_u32(&w, c->reject);
    write_prefixed_text(&w, c->label);
    if (w.failed)
        return ST_LIMIT;
    return store_put(txn, TREE_CUSTODY, detail_key(key, 'k', of, c->number),
                     (struct bytes){record, w.size});
}

enum status component_get(struct txn *txn, const struct handover_key *of, uint32_t number,
                          struct component *out)
{
    uint8_t key[DETAIL_KEY_SIZE];
    struct component c = {.number = number};
    struct bytes value;
    struct reader r;
    enum status status = store_get(txn, TREE_CUSTODY, detail_key(key, 'k', of, number), &value);

    if (status != ST_OK)
        return status;
    r = reader_of(value.data, value.size);
    c.kind = read_u32(&r);
    c.reject = read_u32(&r);
    read_prefixed_text(&r, c.label, sizeof c.label);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = c;
    return ST_OK;
}

enum status part_put(struct txn *txn, const struct handover_key *of, const struct part *part)
{
    uint8_t key[DETAIL_KEY_SIZE], record[DETAIL_MAX];
    struct writer w = writer_of(record, sizeof record);

    write_prefixed_text(&w, part->kind);
    write_u64(&w, part->size);
    write_bytes(&w, part->sha256.bytes, DIGEST_SIZE);
    write_u8(&w, (uint8_t)part->state);
    if (w.failed)
        return ST_LIMIT;
    return store_put(txn, TREE_CUSTODY, detail_key(key, 'p', of, part->number),
                     (struct bytes){record, w.size});
}

static bool read_part(struct bytes value, struct part *part)
{
    struct reader r = reader_of(value.data, value.size);
    uint8_t state;

    read_prefixed_text(&r, part->kind, sizeof part->kind);
    part->size = read_u64(&r);
    read_into(&r, part->sha256.bytes, DIGEST_SIZE);
    state = read_u8(&r);
    if (!reader_done(&r) || state > PART_HERE)
        return false;
    part->state = (enum part_state)state;
    return true;
}

enum status part_get(struct txn *txn, const struct handover_key *of, uint32_t number,
                     struct part *out)
{
    uint8_t key[DETAIL_KEY_SIZE];
    struct part part = {.number = number};
    struct bytes value;
    enum status status = store_get(txn, TREE_CUSTODY, detail_key(key, 'p', of, number), &value);

    if (status != ST_OK)
        return status;
    if (!read_part(value, &part))
        return ST_INVALID;
    *out = part;
    return ST_OK;
}

enum status parts_each(struct txn *txn, const struct handover_key *of,
                       bool (*visit)(void *context, const struct part *part), void *context)
{
    uint8_t from[DETAIL_KEY_SIZE];
    struct bytes key, value;
    struct walk *walk;
    bool going = true;
    enum status status = walk_open(txn, TREE_CUSTODY, detail_key(from, 'p', of, 0), &walk);

    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct part part = {0};
        struct reader r;

        if (key.size != DETAIL_KEY_SIZE || memcmp(key.data, from, DETAIL_KEY_SIZE - 4) != 0)
            break;
        r = reader_of(key.data + DETAIL_KEY_SIZE - 4, 4);
        part.number = read_u32(&r);
        if (!read_part(value, &part)) {
            status = ST_INVALID;
            break;
        }
        going = visit(context, &part);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

enum status handover_cut(struct txn *txn, const struct handover_key *of, uint32_t components,
                         uint32_t parts)
{
    static const char whats[] = {'k', 'p'};
    const uint32_t from[] = {components, parts};
    uint8_t key[DETAIL_KEY_SIZE];
    struct bytes value;

    for (size_t i = 0; i < sizeof whats; i++) {
        for (uint32_t number = from[i]; number < from[i] + PARTS_MAX + 1; number++) {
            const struct bytes at = detail_key(key, whats[i], of, number);
            enum status status = store_get(txn, TREE_CUSTODY, at, &value);

            if (status == ST_MORE)
                break; /* numbers have no gaps */
            if (status == ST_OK)
                status = store_delete(txn, TREE_CUSTODY, at);
            if (status != ST_OK)
                return status;
        }
    }
    return ST_OK;
}
