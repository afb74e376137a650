/*
 * replay.c - reading the ring at a start: the tail after a checkpoint, and what may not be there.
 *
 * Two passes. The first looks at everything and changes nothing: where the log ends, and that
 * nothing of this start lies behind its end. The second gives the batches to the fold.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/segment.h"

/* One segment at a time, whole: `data` is what the disk holds, zeroes beyond its end. */
struct tail {
    const struct disk *disk;
    const char *folder;
    const struct journal_mark *mark; /* says where, and the ring's shape */
    struct reason *why;
    uint8_t *data; /* owned, aligned */
    uint32_t loaded;
    bool whole; /* the loaded one is there, in full size, with its block 0 */
};

static enum status read_segment(struct tail *t, int file, uint64_t *total)
{
    uint64_t size = t->mark->segment_size;
    enum status status = ST_OK;

    for (size_t want = 0, got = 0; status == ST_OK && *total < size && got == want; *total += got) {
        want = size - *total < SEGMENT_CHUNK ? (size_t)(size - *total) : SEGMENT_CHUNK;
        status = t->disk->read_direct(t->disk->context, file, t->data + *total, want, *total, &got);
    }
    return status;
}

static enum status tail_load(struct tail *t, uint32_t segment)
{
    uint64_t size = t->mark->segment_size, total = 0;
    char path[SEGMENT_PATH_SIZE];
    enum status status;
    int file = -1;

    if (segment == t->loaded)
        return ST_OK;
    if ((status = segment_path(t->folder, segment, path, t->why)) != ST_OK)
        return status;
    t->loaded = UINT32_MAX;

    status = t->disk->open(t->disk->context, path, false, &file);
    if (status == ST_OK) {
        status = read_segment(t, file, &total);
        t->disk->close(t->disk->context, file);
    } else if (status == ST_MORE) {
        status = ST_OK; /* not there: as if it were empty */
    }
    if (status != ST_OK)
        return segment_failed(path, "read", t->why);

    memset(t->data + total, 0, size - total);
    t->whole = total == size && segment_is_ready(t->data, segment, t->mark->segment_count, size);
    t->loaded = segment;
    return ST_OK;
}

/* The batch at this place of the loaded segment, if it is valid after `mark`. */
static bool tail_batch_at(const struct tail *t, uint64_t offset, const struct journal_mark *mark,
                          struct batch *batch, struct bytes *payload)
{
    uint64_t left = mark->segment_size - offset;
    struct digest hash;

    if (!batch_read(t->data + offset, left, mark->nonce, batch) || !mark_is_followed_by(mark, batch)
        || batch->size > left - BATCH_HEADER_SIZE)
        return false;
    *payload = (struct bytes){t->data + offset + BATCH_HEADER_SIZE, batch->size};
    hash = sha256(payload->data, payload->size);
    return digest_equal(&hash, &batch->payload);
}

/* The next valid batch after `at`, which moves past it.
 *   ST_MORE     there is none */
static enum status tail_next(struct tail *t, struct journal_mark *at, struct batch *batch,
                             struct bytes *payload)
{
    const struct {
        uint32_t segment;
        uint64_t offset;
    } places[] = {{at->segment, at->offset}, {mark_next_segment(at), JOURNAL_BLOCK}};

    for (size_t i = 0; i < 2; i++) {
        enum status status = tail_load(t, places[i].segment);
        if (status != ST_OK)
            return status;
        if (tail_batch_at(t, places[i].offset, at, batch, payload)) {
            mark_move_past(at, batch, places[i].segment, places[i].offset);
            return ST_OK;
        }
    }
    return ST_MORE;
}

static enum status tail_walk(struct tail *t, struct journal_mark *at, uint64_t *batches,
                             enum status (*apply)(void *context, struct bytes payload,
                                                  uint32_t count, const struct journal_mark *after),
                             void *context)
{
    for (*batches = 0;; ++*batches) {
        struct bytes payload;
        struct batch batch;
        enum status status = tail_next(t, at, &batch, &payload);

        if (status == ST_MORE)
            return ST_OK;
        if (status == ST_OK && apply)
            status = apply(context, payload, batch.count, at);
        if (status != ST_OK)
            return status;
    }
}

/* May a power cut have left this header at this place, the log ending at `end`? Only as the batch
 * that was in flight: the next one, chained, where the writer would have put it. */
static bool may_be_torn(const struct journal_mark *end, const struct batch *batch, uint32_t segment,
                        uint64_t offset)
{
    bool here = segment == end->segment && offset == end->offset;
    bool next = segment == mark_next_segment(end) && offset == JOURNAL_BLOCK;

    return (here || next) && mark_is_followed_by(end, batch);
}

/* Nothing of this start may lie after the log's end in the loaded segment. */
static enum status check_nothing_later(const struct tail *t, const struct journal_mark *end)
{
    for (uint64_t at = JOURNAL_BLOCK; at < end->segment_size; at += JOURNAL_BLOCK) {
        struct batch later;

        if (!batch_read(t->data + at, end->segment_size - at, end->nonce, &later)
            || later.first <= end->sequence || may_be_torn(end, &later, t->loaded, at))
            continue;
        reason_set(t->why,
                   "%s: damaged at segment %" PRIu32 " offset %" PRIu64 ": sequence %" PRIu64
                   " is not valid there, but segment %" PRIu32 " offset %" PRIu64 " holds %" PRIu64,
                   t->folder, end->segment, end->offset, end->sequence + 1, t->loaded, at,
                   later.first);
        return ST_INVALID;
    }
    return ST_OK;
}

/* Reads the whole ring. Segments may be missing only before the start's first batch: all are made
 * before it. The first segment may not even then, if an earlier start wrote anything. */
static enum status tail_check_rest(struct tail *t, const struct journal_mark *end)
{
    for (uint32_t segment = 0; segment < end->segment_count; segment++) {
        enum status status = tail_load(t, segment);

        if (status == ST_OK && !t->whole
            && (mark_has_batches(end) || (segment == 0 && end->first > 1))) {
            reason_set(t->why,
                       "%s: segment %" PRIu32 " is missing, cut short or damaged at offset 0",
                       t->folder, segment);
            return ST_INVALID;
        }
        if (status == ST_OK)
            status = check_nothing_later(t, end);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* A store that has never been started must not meet a used ring: it is not this ring's store. */
static enum status check_unused(const struct disk *disk, const char *folder, struct reason *why)
{
    char path[SEGMENT_PATH_SIZE];
    enum status status = segment_path(folder, 0, path, why);
    int file;

    if (status != ST_OK)
        return status;
    status = disk->open(disk->context, path, false, &file);
    if (status == ST_MORE)
        return ST_OK;
    if (status != ST_OK)
        return segment_failed(path, "open", why);
    disk->close(disk->context, file);
    reason_set(why,
               "%s: segment 0 offset 0: the journal is in use, but the store is new; is the store "
               "missing?",
               folder);
    return ST_INVALID;
}

static bool is_in_ring(const struct journal_mark *mark)
{
    return mark->segment < mark->segment_count && mark->offset % JOURNAL_BLOCK == 0
        && mark->offset >= JOURNAL_BLOCK && mark->offset <= mark->segment_size;
}

enum status journal_replay(const struct disk *disk, const struct journal_config *config,
                           const struct journal_mark *mark,
                           enum status (*apply)(void *context, struct bytes payload, uint32_t count,
                                                const struct journal_mark *after),
                           void *context, struct reason *why)
{
    const struct journal_config shape = {config->folder, mark->segment_count, mark->segment_size};
    struct tail tail = {disk, config->folder, mark, why, NULL, UINT32_MAX, false};
    struct journal_mark end = *mark, again = *mark;
    uint64_t batches, repeated = 0;
    enum status status;

    if (mark->segment_count == 0)
        return check_unused(disk, config->folder, why);
    if (!segment_shape_is_sound(&shape) || !is_in_ring(mark)) {
        reason_set(why,
                   "%s: the checkpoint names segment %" PRIu32 " offset %" PRIu64
                   ", which no ring has",
                   config->folder, mark->segment, mark->offset);
        return ST_INVALID;
    }
    tail.data = aligned_alloc(JOURNAL_BLOCK, mark->segment_size);
    if (!tail.data)
        return ST_NOMEM;

    status = tail_walk(&tail, &end, &batches, NULL, NULL);
    if (status == ST_OK)
        status = tail_check_rest(&tail, &end);
    if (status == ST_OK && batches > 0) {
        status = tail_walk(&tail, &again, &repeated, apply, context);
        if (status == ST_OK && repeated != batches) {
            reason_set(why, "%s: segment %" PRIu32 " offset %" PRIu64 " read well once, not twice",
                       config->folder, again.segment, again.offset);
            status = ST_IO;
        }
    }
    free(tail.data);
    return status;
}
