/* What is due: bodies at the end of their retention, tracks that nobody can ask about any more, and
 * what was sent last about a place. See desk_inside.h. */
#include <string.h>

#include "agents/desk_inside.h"
#include "agents/latest.h"
#include "agents/owed.h"
#include "agents/refusals.h"

#define SWEEP_MAX 500               /* records deleted in a turn */
#define TALK_LOOK_MS (30 * DAY_MS)  /* a conversation that is not over: how often to look again */
#define OWED_KEPT_MS (400 * DAY_MS) /* what was due so long ago is not shown any more */

void desk_due(struct desk *desk, int64_t at_ms, enum due what, const struct track *track,
              uint64_t number)
{
    uint8_t key[8 + 1 + 1 + ID_SIZE + 8];
    struct writer w = writer_of(key, sizeof key);

    write_u64(&w, (uint64_t)at_ms);
    write_u8(&w, (uint8_t)what);
    write_u8(&w, (uint8_t)track->way);
    write_bytes(&w, track->key.bytes, ID_SIZE);
    write_u64(&w, number);
    (void)desk_ok(
        desk, store_put(desk->txn, TREE_DUE, (struct bytes){key, w.size}, (struct bytes){key, 1}));
}

static void forget_place(struct desk *desk, const struct track *place)
{
    bool kept;

    if (desk_ok(desk, latest_forget(desk->txn, &place->key, &kept)) && kept)
        desk_due(desk, desk->wall_ms + DAY_MS, DUE_LATEST, place, 0);
}

/* Deletes one thing, or puts it off. */
static void do_due(struct desk *desk, struct reader *r)
{
    uint8_t what = read_u8(r);
    struct track track = {.way = (char)read_u8(r)};
    struct outbox_entry entry;
    uint64_t number;

    read_into(r, track.key.bytes, ID_SIZE);
    number = read_u64(r);
    if (!reader_done(r))
        return;
    if (track.way == WAY_IN && (what == DUE_BODY || what == DUE_TRACK)
        && desk_is_to_forward(desk, &track.key)) {
        desk_due(desk, desk->wall_ms + DAY_MS, (enum due)what, &track, number);
        return; /* it is owed to who holds the case, and we alone have it */
    }
    if (what == DUE_BODY) {
        (void)desk_ok(desk, inbox_delete(desk->txn, &track.key));
        return;
    }
    if (what == DUE_LATEST) {
        forget_place(desk, &track);
        return;
    }
    if (what == DUE_TALK) {
        if (!desk_forget_talk(desk, &track.key))
            desk_due(desk, desk->wall_ms + TALK_LOOK_MS, DUE_TALK, &track, 0);
        return;
    }
    if (track.way == WAY_OUT && outbox_get(desk->txn, &track.key, &entry) != ST_MORE) {
        desk_due(desk, desk->wall_ms + DAY_MS, DUE_TRACK, &track, number); /* not done yet */
        return;
    }
    if (track.way == WAY_IN)
        (void)desk_ok(desk, inbox_delete(desk->txn, &track.key));
    (void)desk_ok(desk, track_delete(desk->txn, track.way, &track.key, number));
}

void desk_sweep(struct desk *desk)
{
    if (!desk_ok(desk, refusals_trim(desk->txn, desk->wall_ms, SWEEP_MAX)))
        return;
    if (!desk_trusts_clock(desk)) /* messages that nobody has read are among the rest */
        return;
    if (!desk_ok(desk, owed_trim(desk->txn, desk->wall_ms - OWED_KEPT_MS, SWEEP_MAX)))
        return;
    for (unsigned i = 0; i < SWEEP_MAX; i++) {
        uint8_t copy[64];
        struct walk *walk;
        struct bytes key, value;
        struct reader r;
        enum status status = walk_open(desk->txn, TREE_DUE, (struct bytes){NULL, 0}, &walk);

        if (!desk_ok(desk, status))
            return;
        status = walk_next(walk, &key, &value);
        if (status == ST_OK && key.size <= sizeof copy)
            memcpy(copy, key.data, key.size);
        walk_close(walk);
        if (status == ST_MORE || !desk_ok(desk, status))
            return;
        key.data = copy;
        r = reader_of(copy, key.size);
        if (read_u64(&r) > (uint64_t)desk->wall_ms)
            return;
        do_due(desk, &r);
        if (!desk_ok(desk, store_delete(desk->txn, TREE_DUE, key)))
            return;
    }
}
