/*
 * latest.c - see latest.h. A record, in TREE_LATEST under the place's id:
 *
 *     u8 version, u32 count of ids made, two of: u8 there, digest of the content[32], id[16]
 */
#include "agents/latest.h"

#include <string.h>

#include "agents/track.h"
#include "agents/trees.h"

#define LATEST_VERSION 1
#define VERSION_SIZE (1 + DIGEST_SIZE + ID_SIZE)
#define LATEST_SIZE (1 + 4 + 2 * VERSION_SIZE)

/* A content and the id that it was given. */
struct version {
    bool there;
    struct digest content;
    struct id id;
};

struct latest {
    uint32_t count;
    struct version standing; /* with the recipient, or on its way */
    struct version chosen;   /* after it; whether it was sent, its track knows */
};

static void write_version(struct writer *w, const struct version *v)
{
    write_u8(w, v->there);
    write_bytes(w, v->content.bytes, DIGEST_SIZE);
    write_bytes(w, v->id.bytes, ID_SIZE);
}

static void read_version(struct reader *r, struct version *v)
{
    v->there = read_u8(r) != 0;
    read_into(r, v->content.bytes, DIGEST_SIZE);
    read_into(r, v->id.bytes, ID_SIZE);
}

/* ST_MORE: there is none. */
static enum status get(struct txn *txn, const struct id *place, struct latest *out)
{
    struct bytes record;
    enum status status =
        store_get(txn, TREE_LATEST, (struct bytes){place->bytes, ID_SIZE}, &record);
    struct latest latest;
    struct reader r;

    if (status != ST_OK)
        return status;
    r = reader_of(record.data, record.size);
    if (read_u8(&r) != LATEST_VERSION)
        return ST_INVALID;
    latest.count = read_u32(&r);
    read_version(&r, &latest.standing);
    read_version(&r, &latest.chosen);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = latest;
    return ST_OK;
}

static enum status put(struct txn *txn, const struct id *place, const struct latest *latest)
{
    uint8_t record[LATEST_SIZE];
    struct writer w = writer_of(record, sizeof record);

    write_u8(&w, LATEST_VERSION);
    write_u32(&w, latest->count);
    write_version(&w, &latest->standing);
    write_version(&w, &latest->chosen);
    return store_put(txn, TREE_LATEST, (struct bytes){place->bytes, ID_SIZE},
                     (struct bytes){record, w.size});
}

/* What became of the message with this id. */
enum lot {
    LOT_UNSENT = 0,
    LOT_LOST, /* refused or rejected: the recipient does not have it and never will */
    LOT_SENT
};

static enum status lot_of(struct txn *txn, const struct id *id, enum lot *out)
{
    struct track track;
    enum status status = track_get(txn, WAY_OUT, id, &track);
    enum rung_kind state;

    if (status == ST_OK)
        status = track_follow(txn, &track);
    if (status != ST_OK && status != ST_MORE)
        return status;
    state = status == ST_OK ? track_state(&track) : RUNG_NONE;
    if (status == ST_MORE)
        *out = LOT_UNSENT;
    else
        *out = state == RUNG_REFUSED || state == RUNG_REJECTED ? LOT_LOST : LOT_SENT;
    return ST_OK;
}

static bool is_of(const struct version *v, const struct digest *content)
{
    return v->there && digest_equal(&v->content, content);
}

/* An id that is not lost: number after number, for ids of a place that had been forgotten. */
static enum status choose_new(struct txn *txn, struct latest *latest, const struct digest *content,
                              const struct latest_maker *maker)
{
    enum lot lot = LOT_LOST;

    while (lot == LOT_LOST) {
        enum status status = maker->make(maker->context, latest->count++, &latest->chosen.id);

        if (status != ST_OK || (status = lot_of(txn, &latest->chosen.id, &lot)) != ST_OK)
            return status;
    }
    latest->chosen.there = true;
    latest->chosen.content = *content;
    return ST_OK;
}

enum status latest_choose(struct txn *txn, const struct id *place, const struct digest *content,
                          const struct latest_maker *maker, struct id *out, bool *is_new)
{
    struct latest latest = {0};
    enum status status = get(txn, place, &latest);
    enum lot standing = LOT_LOST, chosen = LOT_LOST;
    bool missing = status == ST_MORE;

    if (status != ST_OK && !missing)
        return status;
    if (latest.standing.there && (status = lot_of(txn, &latest.standing.id, &standing)) != ST_OK)
        return status;
    if (latest.chosen.there && (status = lot_of(txn, &latest.chosen.id, &chosen)) != ST_OK)
        return status;
    if (chosen == LOT_SENT) {
        latest.standing = latest.chosen;
        standing = LOT_SENT;
        latest.chosen.there = false;
    }
    *is_new = false;
    if (is_of(&latest.standing, content) && standing != LOT_LOST) {
        *out = latest.standing.id;
        return ST_OK;
    }
    if (is_of(&latest.chosen, content) && chosen == LOT_UNSENT) {
        *out = latest.chosen.id;
        return ST_OK;
    }
    if ((status = choose_new(txn, &latest, content, maker)) != ST_OK
        || (status = put(txn, place, &latest)) != ST_OK)
        return status;
    *out = latest.chosen.id;
    *is_new = missing;
    return ST_OK;
}

enum status latest_forget(struct txn *txn, const struct id *place, bool *kept)
{
    struct latest latest;
    enum status status = get(txn, place, &latest);
    const struct version *const versions[] = {&latest.standing, &latest.chosen};

    *kept = false;
    for (size_t i = 0; status == ST_OK && i < 2; i++) {
        enum lot lot = LOT_UNSENT;

        if (versions[i]->there)
            status = lot_of(txn, &versions[i]->id, &lot);
        *kept |= status == ST_OK && lot != LOT_UNSENT;
    }
    if (*kept || status == ST_MORE)
        return ST_OK;
    if (status != ST_OK && status != ST_INVALID) /* a damaged one is of no use */
        return status;
    return store_delete(txn, TREE_LATEST, (struct bytes){place->bytes, ID_SIZE});
}
