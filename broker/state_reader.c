/*
 * state_reader.c - reading the state beside the thread that writes it.
 *
 * One snapshot, as of a checkpoint. Whatever does not check is damage, and stops the process: a
 * queue must not lose an item in silence, nor show it to another agency.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/record.h"
#include "broker/state.h"

struct state_reader {
    struct store *store;
    struct txn *txn; /* owned; NULL after a renewal that failed */
};

enum status state_reader_open(struct state *state, struct state_reader **out)
{
    OWNED(state_reader) reader = calloc(1, sizeof *reader);
    enum status status;

    if (!reader)
        return ST_NOMEM;
    reader->store = state_store(state);
    status = store_begin(reader->store, false, &reader->txn);
    if (status == ST_OK)
        *out = GIVE(reader);
    return status;
}

void state_reader_close(struct state_reader *reader)
{
    store_abort(reader->txn);
    free(reader);
}

enum status state_reader_renew(struct state_reader *reader)
{
    store_abort(reader->txn);
    reader->txn = NULL;
    return store_begin(reader->store, false, &reader->txn);
}

enum status state_message(struct state_reader *reader, const char *sender, const struct id *id,
                          struct message_record *out)
{
    const struct tree_key key = key_of_message(sender, id);
    struct bytes value;
    enum status status = checked_get(reader->txn, TREE_MESSAGES, key_bytes(&key), &value);

    return status == ST_OK ? message_read(value, out) : status;
}

enum status state_item(struct state_reader *reader, uint64_t sequence, struct bytes *record)
{
    const struct tree_key key = key_of_sequence(sequence);

    return checked_get(reader->txn, TREE_ITEMS, key_bytes(&key), record);
}

/* ---- walks ---- */

/* Calls `visit` for each entry of a tree; stops at the first answer that is not ST_OK. */
static enum status each(struct state_reader *reader, int tree,
                        enum status (*visit)(void *context, struct bytes key, struct bytes value),
                        void *context)
{
    struct bytes key, value;
    struct walk *walk;
    enum status status = walk_open(reader->txn, tree, (struct bytes){NULL, 0}, &walk);

    if (status != ST_OK)
        return status;
    while ((status = walk_next(walk, &key, &value)) == ST_OK)
        if ((status = visit(context, key, value)) != ST_OK)
            break;
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

struct item_visit {
    struct state_reader *reader;
    enum status (*item)(void *context, const char *agency, uint8_t lane, uint64_t sequence,
                        const struct event *event);
    void *context;
};

/* A key with a flipped bit would put one agency's item into another's queue. */
static bool belongs(const struct event *e, const char *agency, uint8_t lane, uint64_t sequence)
{
    const char *owner = e->kind == EVENT_ACCEPTED ? e->recipient
                      : e->kind == EVENT_TOLD     ? e->agency
                                                  : e->sender;

    return (e->kind == EVENT_ACCEPTED || e->kind == EVENT_STEP || e->kind == EVENT_WITHHELD
            || e->kind == EVENT_TOLD)
        && e->sequence == sequence && e->lane == lane && strcmp(owner, agency) == 0;
}

static enum status visit_item(void *context, struct bytes key, struct bytes)
{
    const struct item_visit *visit = context;
    char agency[AGENCY_MAX + 1];
    struct event event;
    struct bytes record;
    struct reader r;
    uint64_t sequence;
    uint8_t lane;

    if (key_read_queued(key, agency, &lane, &sequence) != ST_OK
        || state_item(visit->reader, sequence, &record) != ST_OK)
        return ST_INVALID;
    r = reader_of(record.data, record.size);
    if (event_read(&r, &event) != ST_OK || !belongs(&event, agency, lane, sequence))
        return ST_INVALID;
    return visit->item(visit->context, agency, lane, sequence, &event);
}

enum status state_each_item(struct state_reader *reader,
                            enum status (*item)(void *context, const char *agency, uint8_t lane,
                                                uint64_t sequence, const struct event *event),
                            void *context)
{
    struct item_visit visit = {reader, item, context};

    if (store_entries(reader->txn, TREE_ITEMS) != store_entries(reader->txn, TREE_QUEUES))
        return ST_INVALID;
    return each(reader, TREE_QUEUES, visit_item, &visit);
}

struct certificate_visit {
    enum status (*found)(void *context, const char *agency, struct bytes der);
    void *context;
};

static enum status visit_certificate(void *context, struct bytes key, struct bytes stored)
{
    const struct certificate_visit *visit = context;
    char agency[AGENCY_MAX + 1];
    struct bytes der;

    if (key_read_agency(key, agency) != ST_OK || check_read(key, stored, &der) != ST_OK)
        return ST_INVALID;
    return visit->found(visit->context, agency, der);
}

enum status state_each_certificate(struct state_reader *reader,
                                   enum status (*found)(void *context, const char *agency,
                                                        struct bytes der),
                                   void *context)
{
    struct certificate_visit visit = {found, context};

    return each(reader, TREE_AGENCIES, visit_certificate, &visit);
}

struct key_visit {
    enum status (*found)(void *context, const char *agency, struct bytes statement,
                         struct bytes proof);
    void *context;
};

static enum status visit_key(void *context, struct bytes key, struct bytes stored)
{
    const struct key_visit *visit = context;
    char agency[AGENCY_MAX + 1];
    struct bytes value, statement, proof;
    struct reader r;

    if (key_read_agency(key, agency) != ST_OK || check_read(key, stored, &value) != ST_OK)
        return ST_INVALID;
    r = reader_of(value.data, value.size);
    statement = read_prefixed(&r);
    proof = read_prefixed(&r);
    if (!reader_done(&r))
        return ST_INVALID;
    return visit->found(visit->context, agency, statement, proof);
}

enum status state_each_key(struct state_reader *reader,
                           enum status (*found)(void *context, const char *agency,
                                                struct bytes statement, struct bytes proof),
                           void *context)
{
    struct key_visit visit = {found, context};

    return each(reader, TREE_KEYS, visit_key, &visit);
}

/* ---- gazette and refusals ---- */

enum status state_gazette(struct state_reader *reader, uint64_t sequence, struct bytes *record)
{
    const struct tree_key key = key_of_sequence(sequence);

    return checked_get(reader->txn, TREE_GAZETTE, key_bytes(&key), record);
}

struct record_visit {
    enum status (*found)(void *context, const struct event *event);
    void *context;
    uint64_t count; /* of those found */
};

/* A record that stands under its own sequence. */
static enum status visit_record(void *context, struct bytes key, struct bytes stored)
{
    struct record_visit *visit = context;
    struct reader k = reader_of(key.data, key.size), r;
    uint64_t sequence = read_u64(&k);
    struct bytes record;
    struct event event;

    if (!reader_done(&k) || check_read(key, stored, &record) != ST_OK)
        return ST_INVALID;
    r = reader_of(record.data, record.size);
    if (event_read(&r, &event) != ST_OK || event.sequence != sequence)
        return ST_INVALID;
    visit->count++;
    return visit->found(visit->context, &event);
}

static enum status read_published(struct state_reader *reader, uint64_t *out)
{
    const struct tree_key key = key_of_name(PUBLISHED);
    struct bytes value;
    enum status status = checked_get(reader->txn, TREE_META, key_bytes(&key), &value);
    struct reader r;

    *out = 0;
    if (status != ST_OK)
        return status == ST_MORE ? ST_OK : status;
    r = reader_of(value.data, value.size);
    *out = read_u64(&r);
    return reader_done(&r) ? ST_OK : ST_INVALID;
}

enum status state_each_gazette(struct state_reader *reader,
                               enum status (*found)(void *context, const struct event *event),
                               void *context)
{
    struct record_visit visit = {.found = found, .context = context};
    uint64_t published;
    enum status status = read_published(reader, &published);

    if (status == ST_OK)
        status = each(reader, TREE_GAZETTE, visit_record, &visit);
    return status == ST_OK && visit.count != published ? ST_INVALID : status;
}

enum status state_each_refusal(struct state_reader *reader,
                               enum status (*found)(void *context, const struct event *event),
                               void *context)
{
    struct record_visit visit = {.found = found, .context = context};

    return each(reader, TREE_REFUSALS, visit_record, &visit);
}

/* ---- what is kept ---- */

struct kept_visit {
    enum status (*found)(void *context, enum kept_kind kind, struct bytes key, struct bytes record);
    void *context;
};

static enum status visit_kept(void *context, struct bytes key, struct bytes stored)
{
    const struct kept_visit *visit = context;
    struct bytes inner, record;
    uint8_t kind;

    if (key_read_kept(key, &kind, &inner) != ST_OK || check_read(key, stored, &record) != ST_OK)
        return ST_INVALID;
    return visit->found(visit->context, (enum kept_kind)kind, inner, record);
}

enum status state_each_kept(struct state_reader *reader,
                            enum status (*found)(void *context, enum kept_kind kind,
                                                 struct bytes key, struct bytes record),
                            void *context)
{
    struct kept_visit visit = {found, context};

    return each(reader, TREE_KEPT, visit_kept, &visit);
}

/* ---- claims ---- */

enum status state_each_claim(struct state_reader *reader, const struct id *case_handle,
                             enum status (*found)(void *context, const struct event *event),
                             void *context)
{
    struct bytes key, stored, record;
    struct walk *walk;
    enum status status =
        walk_open(reader->txn, TREE_CLAIMS, (struct bytes){case_handle->bytes, ID_SIZE}, &walk);

    if (status != ST_OK)
        return status;
    while ((status = walk_next(walk, &key, &stored)) == ST_OK) {
        struct event event;

        if (key.size < ID_SIZE || memcmp(key.data, case_handle->bytes, ID_SIZE) != 0)
            break;
        status = check_read(key, stored, &record);
        struct reader r = reader_of(record.data, record.size);
        if (status != ST_OK || event_read(&r, &event) != ST_OK || event.kind != EVENT_CLAIM
            || !id_equal(&event.case_handle, case_handle)) {
            status = ST_INVALID;
            break;
        }
        if ((status = found(context, &event)) != ST_OK)
            break;
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

enum status state_certificate(struct state_reader *reader, const char *agency,
                              const struct digest *digest, struct bytes *der)
{
    const struct tree_key key = key_of_certificate_digest(agency, digest);

    return checked_get(reader->txn, TREE_AGENCIES, key_bytes(&key), der);
}
