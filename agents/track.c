#include "agents/track.h"

#include <assert.h>
#include <string.h>

#include "agents/cases.h"
#include "agents/trees.h"

/* Version 1 knew neither answers nor named agreements, version 2 nothing sent again and no lapsed
 * versions, version 3 no end of a watch: the same without their ends. */
#define TRACK_VERSION 4
#define KEY_SIZE (1 + ID_SIZE)

const char *const tree_names[TREES] = {
    "meta",    "tracks",  "newest",   "cases",   "evidence",  "outbox", "to_submit",
    "keyless", "inbox",   "unopened", "steps",   "directory", "due",    "keys",
    "latest",  "gazette", "kept",     "stale",   "refusals",  "talks",  "custody",
    "claims",  "alarms",  "owed",     "forward", "claimed",
};

static const char *const names[] = {
    "none",     "queued",       "accepted", "refused",  "delivered", "opened",
    "rejected", "acknowledged", "declined", "answered", "withheld",
};

const char *rung_name(enum rung_kind kind)
{
    return names[kind];
}

const char *lapse_name(enum lapse lapse)
{
    return lapse == LAPSE_EXPIRED ? "expired" : lapse == LAPSE_SUPERSEDED ? "superseded" : "";
}

enum rung_kind rung_parse(const char *name)
{
    for (size_t i = 1; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum rung_kind)i;
    }
    return RUNG_NONE;
}

struct id track_spare_key(const struct digest *header_digest)
{
    struct id key;

    memcpy(key.bytes, header_digest->bytes, sizeof key.bytes);
    return key;
}

void track_from_envelope(struct track *track, const struct envelope *e)
{
    track->message_id = e->message_id;
    track->share_id = e->share_id;
    track->case_handle = e->case_handle;
    track->conversation_id = e->conversation_id;
    track->in_reply_to = e->in_reply_to;
    memcpy(track->from, e->sender, sizeof track->from);
    memcpy(track->to, e->recipient, sizeof track->to);
    memcpy(track->type, e->type, sizeof track->type);
    memcpy(track->purpose, e->purpose, sizeof track->purpose);
    memcpy(track->agreement_id, e->agreement_id, sizeof track->agreement_id);
    memcpy(track->clause, e->clause, sizeof track->clause);
    track->agreement_version = e->agreement_version;
    track->agreement_hash = e->agreement_hash;
    track->schema_version = e->schema_version;
    track->sequence = e->sequence;
    track->retention_days = e->retention_days;
    track->urgency = e->urgency;
    track->marking = e->marking;
    track->shared = e->categories;
    track->created_ms = e->created_ms;
    track->needed_by_ms = e->needed_by_ms;
    track->watch_until_ms = e->watch_until_ms;
    track->officer_hash = e->officer_hash;
}

bool track_add(struct track *track, const struct rung *rung)
{
    if (track->rung_count == RUNGS_MAX)
        return false;
    track->rungs[track->rung_count++] = *rung;
    return true;
}

/* What a recipient is said to have signed counts when it has; the rest has no signature. */
static bool holds(const struct rung *rung)
{
    return rung->verified || rung->kind < RUNG_DELIVERED || rung->kind == RUNG_WITHHELD;
}

void track_add_forged(struct track *track, const struct rung *rung)
{
    for (uint32_t i = 0; i < track->rung_count; i++) {
        if (track->rungs[i].kind == rung->kind && !holds(&track->rungs[i]))
            return;
    }
    (void)track_add(track, rung);
}

const struct rung *track_find(const struct track *track, enum rung_kind kind)
{
    for (uint32_t i = 0; i < track->rung_count; i++) {
        if (track->rungs[i].kind == kind && holds(&track->rungs[i]))
            return &track->rungs[i];
    }
    return NULL;
}

const struct rung *track_refusal(const struct track *track)
{
    for (uint32_t i = track->rung_count; i > 0; i--) {
        if (track->rungs[i - 1].kind == RUNG_REFUSED)
            return &track->rungs[i - 1];
    }
    return NULL;
}

enum rung_kind track_state(const struct track *track)
{
    for (uint32_t i = track->rung_count; i > 0; i--) {
        if (holds(&track->rungs[i - 1]))
            return track->rungs[i - 1].kind;
    }
    return RUNG_NONE;
}

bool track_is_answered_by(const struct track *track, const char *type)
{
    const struct message_type *asked = catalogue_find(track->type);

    return asked && asked->answered_by && strcmp(asked->answered_by, type) == 0;
}

bool track_is_replied_to_by(const struct track *track, const char *type)
{
    const struct message_type *asked = catalogue_find(track->type);

    return asked && catalogue_replies_to(type, asked);
}

bool track_is_over(const struct track *track)
{
    return track_find(track, RUNG_REFUSED) || track_find(track, RUNG_REJECTED)
        || track_find(track, RUNG_DECLINED) || track_find(track, RUNG_ANSWERED)
        || track_find(track, RUNG_WITHHELD);
}

enum status track_write(const struct track *track, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room);

    write_u8(&w, TRACK_VERSION);
    write_u8(&w, (uint8_t)track->way);
    write_bytes(&w, track->key.bytes, ID_SIZE);
    write_bytes(&w, track->message_id.bytes, ID_SIZE);
    write_bytes(&w, track->share_id.bytes, ID_SIZE);
    write_bytes(&w, track->case_handle.bytes, ID_SIZE);
    write_bytes(&w, track->conversation_id.bytes, ID_SIZE);
    write_bytes(&w, track->in_reply_to.bytes, ID_SIZE);
    write_prefixed_text(&w, track->from);
    write_prefixed_text(&w, track->to);
    write_prefixed_text(&w, track->type);
    write_prefixed_text(&w, track->purpose);
    write_prefixed_text(&w, track->agreement_id);
    write_prefixed_text(&w, track->clause);
    write_u32(&w, track->agreement_version);
    write_u32(&w, track->schema_version);
    write_u32(&w, track->sequence);
    write_u32(&w, track->retention_days);
    write_u32(&w, track->expires_days);
    write_u8(&w, (uint8_t)track->urgency);
    write_u8(&w, (uint8_t)track->marking);
    write_u32(&w, track->shared);
    write_u64(&w, (uint64_t)track->created_ms);
    write_u64(&w, (uint64_t)track->needed_by_ms);
    write_bytes(&w, track->officer_hash.bytes, DIGEST_SIZE);
    write_bytes(&w, track->header_digest.bytes, DIGEST_SIZE);
    write_bytes(&w, track->wish.bytes, DIGEST_SIZE);
    write_bytes(&w, track->last_step.bytes, DIGEST_SIZE);
    write_u32(&w, track->step_count);
    write_u32(&w, track->offending);
    write_u8(&w, (uint8_t)track->rung_count);
    for (uint32_t i = 0; i < track->rung_count; i++) {
        const struct rung *rung = &track->rungs[i];

        write_u8(&w, (uint8_t)rung->kind);
        write_u8(&w, rung->verified);
        write_u32(&w, rung->code);
        write_u64(&w, (uint64_t)rung->at_ms);
        write_bytes(&w, rung->reply.bytes, ID_SIZE);
        write_prefixed_text(&w, rung->by);
    }
    write_u8(&w, (uint8_t)(track->agreement_named | track->break_glass << 1));
    write_bytes(&w, track->answer.bytes, ID_SIZE);
    write_u64(&w, (uint64_t)track->answered_ms);
    write_bytes(&w, track->resent_as.bytes, ID_SIZE);
    write_bytes(&w, track->resent_of.bytes, ID_SIZE);
    write_u8(&w, (uint8_t)track->lapse);
    write_bytes(&w, track->agreement_hash.bytes, DIGEST_SIZE);
    write_u64(&w, (uint64_t)track->watch_until_ms);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

static void read_rung(struct reader *r, struct rung *rung)
{
    uint8_t kind = read_u8(r);

    if (kind == RUNG_NONE || kind > RUNG_WITHHELD)
        r->failed = true;
    rung->kind = r->failed ? RUNG_NONE : (enum rung_kind)kind;
    rung->verified = read_u8(r) != 0;
    rung->code = read_u32(r);
    rung->at_ms = (int64_t)read_u64(r);
    read_into(r, rung->reply.bytes, ID_SIZE);
    read_prefixed_text(r, rung->by, sizeof rung->by);
}

static void read_resent(struct reader *r, struct track *t)
{
    uint8_t lapse;

    read_into(r, t->resent_as.bytes, ID_SIZE);
    read_into(r, t->resent_of.bytes, ID_SIZE);
    lapse = read_u8(r);
    if (lapse > LAPSE_SUPERSEDED)
        r->failed = true;
    t->lapse = r->failed ? LAPSE_NONE : (enum lapse)lapse;
    read_into(r, t->agreement_hash.bytes, DIGEST_SIZE);
}

enum status track_read(struct bytes record, struct track *out)
{
    struct reader r = reader_of(record.data, record.size);
    struct track t = {0};
    uint8_t version = read_u8(&r);

    if (version == 0 || version > TRACK_VERSION)
        return ST_INVALID;
    t.way = (char)read_u8(&r);
    read_into(&r, t.key.bytes, ID_SIZE);
    read_into(&r, t.message_id.bytes, ID_SIZE);
    read_into(&r, t.share_id.bytes, ID_SIZE);
    read_into(&r, t.case_handle.bytes, ID_SIZE);
    read_into(&r, t.conversation_id.bytes, ID_SIZE);
    read_into(&r, t.in_reply_to.bytes, ID_SIZE);
    read_prefixed_text(&r, t.from, sizeof t.from);
    read_prefixed_text(&r, t.to, sizeof t.to);
    read_prefixed_text(&r, t.type, sizeof t.type);
    read_prefixed_text(&r, t.purpose, sizeof t.purpose);
    read_prefixed_text(&r, t.agreement_id, sizeof t.agreement_id);
    read_prefixed_text(&r, t.clause, sizeof t.clause);
    t.agreement_version = read_u32(&r);
    t.schema_version = read_u32(&r);
    t.sequence = read_u32(&r);
    t.retention_days = read_u32(&r);
    t.expires_days = read_u32(&r);
    t.urgency = read_u8(&r);
    t.marking = read_u8(&r);
    t.shared = read_u32(&r);
    t.created_ms = (int64_t)read_u64(&r);
    t.needed_by_ms = (int64_t)read_u64(&r);
    read_into(&r, t.officer_hash.bytes, DIGEST_SIZE);
    read_into(&r, t.header_digest.bytes, DIGEST_SIZE);
    read_into(&r, t.wish.bytes, DIGEST_SIZE);
    read_into(&r, t.last_step.bytes, DIGEST_SIZE);
    t.step_count = read_u32(&r);
    t.offending = read_u32(&r);
    t.rung_count = read_u8(&r);
    if (t.rung_count > RUNGS_MAX)
        return ST_INVALID;
    for (uint32_t i = 0; i < t.rung_count && !r.failed; i++)
        read_rung(&r, &t.rungs[i]);
    if (version > 1) {
        uint8_t flags = read_u8(&r);

        t.agreement_named = flags & 1;
        t.break_glass = flags >> 1 & 1;
        read_into(&r, t.answer.bytes, ID_SIZE);
        t.answered_ms = (int64_t)read_u64(&r);
    }
    if (version > 2)
        read_resent(&r, &t);
    if (version > 3)
        t.watch_until_ms = (int64_t)read_u64(&r);
    if (!reader_done(&r) || (t.way != WAY_OUT && t.way != WAY_IN))
        return ST_INVALID;
    *out = t;
    return ST_OK;
}

static struct bytes key_of(uint8_t out[static KEY_SIZE], char way, const struct id *key)
{
    out[0] = (uint8_t)way;
    memcpy(out + 1, key->bytes, ID_SIZE);
    return (struct bytes){out, KEY_SIZE};
}

enum status track_get(struct txn *txn, char way, const struct id *key, struct track *out)
{
    uint8_t name[KEY_SIZE];
    struct bytes record;
    enum status status = store_get(txn, TREE_TRACKS, key_of(name, way, key), &record);

    return status == ST_OK ? track_read(record, out) : status;
}

enum status track_follow(struct txn *txn, struct track *track)
{
    struct track again;
    enum status status;

    if (track->way != WAY_OUT || id_is_zero(&track->resent_as))
        return ST_OK;
    status = track_get(txn, WAY_OUT, &track->resent_as, &again);
    if (status == ST_OK)
        *track = again;
    return status == ST_MORE || status == ST_INVALID ? ST_OK : status;
}

enum status track_put(struct txn *txn, const struct track *track)
{
    uint8_t name[KEY_SIZE], record[TRACK_MAX];
    size_t size;
    enum status status = track_write(track, record, sizeof record, &size);

    if (status != ST_OK)
        return status;
    return store_put(txn, TREE_TRACKS, key_of(name, track->way, &track->key),
                     (struct bytes){record, size});
}

enum status track_put_new(struct txn *txn, const struct track *track, uint64_t number)
{
    uint8_t place[8], name[KEY_SIZE];
    struct writer w = writer_of(place, sizeof place);
    enum status status = track_put(txn, track);

    if (status != ST_OK)
        return status;
    write_u64(&w, ~number);
    status = store_put(txn, TREE_NEWEST, (struct bytes){place, sizeof place},
                       key_of(name, track->way, &track->key));
    if (status != ST_OK)
        return status;
    return cases_put(txn, &track->case_handle, number, track->way, &track->key);
}

enum status track_delete(struct txn *txn, char way, const struct id *key, uint64_t number)
{
    uint8_t place[8], name[KEY_SIZE + 1];
    struct writer w = writer_of(place, sizeof place);
    struct track track;
    enum status status = track_get(txn, way, key, &track);

    if (status == ST_INVALID) /* what there may be; its place in a case stays, naming nothing */
        track = (struct track){.step_count = RUNGS_MAX};
    else if (status == ST_MORE)
        track = (struct track){0};
    else if (status != ST_OK)
        return status;
    write_u64(&w, ~number);
    status = store_delete(txn, TREE_NEWEST, (struct bytes){place, sizeof place});
    if (status == ST_OK)
        status = cases_drop(txn, &track.case_handle, number);
    if (status != ST_OK)
        return status;
    key_of(name, way, key);
    for (uint32_t i = 0; i < track.step_count; i++) {
        name[KEY_SIZE] = (uint8_t)i;
        status = store_delete(txn, TREE_EVIDENCE, (struct bytes){name, sizeof name});
        if (status != ST_OK)
            return status;
    }
    return store_delete(txn, TREE_TRACKS, (struct bytes){name, KEY_SIZE});
}

/* The number that a place among the newest stands for. */
static uint64_t number_at(struct bytes place)
{
    struct reader r = reader_of(place.data, place.size);

    return ~read_u64(&r);
}

enum status track_newest(struct txn *txn, uint64_t *before,
                         bool (*visit)(void *context, const struct track *track), void *context)
{
    struct walk *walk;
    struct bytes place, name;
    uint8_t from[8];
    struct writer w = writer_of(from, sizeof from);
    bool going = true;

    write_u64(&w, *before ? ~(*before - 1) : 0);
    *before = 0;
    enum status status = walk_open(txn, TREE_NEWEST, (struct bytes){from, sizeof from}, &walk);
    if (status != ST_OK)
        return status;
    while ((status = walk_next(walk, &place, &name)) == ST_OK) {
        struct track track;
        struct bytes record;

        if (name.size != KEY_SIZE)
            continue;
        if (!going) {
            *before = number_at(place) + 1;
            break;
        }
        status = store_get(txn, TREE_TRACKS, name, &record);
        if (status == ST_MORE)
            continue; /* deleted since */
        if (status != ST_OK)
            break;
        if (track_read(record, &track) == ST_OK)
            going = visit(context, &track);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}
