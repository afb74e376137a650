#include "broker/journal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/segment.h"

/* One file of the ring. */
struct segment {
    int file;      /* -1: not open */
    uint64_t last; /* sequence of its last record; 0 = holds nothing of this start */
};

struct journal {
    struct disk disk;
    struct journal_mark mark;  /* after the last append */
    uint64_t released;         /* sequence that a synced checkpoint holds */
    bool failed;               /* sticky: after one I/O error nothing is tried again */
    struct iovec *parts;       /* owned: header, the caller's parts, padding */
    struct bytes *hashed;      /* owned: the caller's parts to the hash */
    size_t room;               /* of both */
    struct segment segments[]; /* mark.segment_count */
};

/* ---- opening ---- */

static bool is_zero(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return false;
    return true;
}

struct journal_mark journal_start(const struct journal_config *config,
                                  const struct journal_mark *held,
                                  const uint8_t nonce[static DIGEST_SIZE])
{
    struct journal_mark mark = {
        .sequence = held->sequence,
        .first = held->sequence + 1,
        .offset = JOURNAL_BLOCK,
        .segment_count = config->segment_count,
        .segment_size = config->segment_size,
    };

    assert(!is_zero(nonce, DIGEST_SIZE));
    memcpy(mark.nonce, nonce, DIGEST_SIZE);
    return mark;
}

static enum status check_start(const struct journal_config *config, const struct journal_mark *mark,
                               struct reason *why)
{
    if (!segment_shape_is_sound(config)) {
        reason_set(why, "%s: a ring has 2 to %d segments of 8 KiB to %u bytes, in blocks of %d",
                   config->folder, JOURNAL_SEGMENTS_MAX, JOURNAL_SEGMENT_MAX, JOURNAL_BLOCK);
        return ST_INVALID;
    }
    if (is_zero(mark->nonce, DIGEST_SIZE) || mark->first != mark->sequence + 1 || mark->segment != 0
        || mark->offset != JOURNAL_BLOCK || mark_has_batches(mark)
        || mark->segment_count != config->segment_count
        || mark->segment_size != config->segment_size) {
        reason_set(why, "%s: the checkpoint is not the first of a start", config->folder);
        return ST_INVALID;
    }
    return ST_OK;
}

enum status journal_open(const struct disk *disk, const struct journal_config *config,
                         const struct journal_mark *mark, struct journal **out, struct reason *why)
{
    enum status status = check_start(config, mark, why);

    if (status != ST_OK)
        return status;
    OWNED(journal)
    journal = calloc(1, sizeof *journal + config->segment_count * sizeof *journal->segments);
    if (!journal)
        return ST_NOMEM;
    journal->disk = *disk;
    journal->mark = *mark;
    journal->released = mark->sequence;
    for (uint32_t i = 0; i < config->segment_count; i++)
        journal->segments[i].file = -1;

    if (disk->make_folder(disk->context, config->folder) != ST_OK)
        return segment_failed(config->folder, "make the folder", why);
    for (uint32_t i = 0; i < config->segment_count && status == ST_OK; i++)
        status = segment_open(disk, config, i, &journal->segments[i].file, why);
    if (status != ST_OK)
        return status;
    if (disk->sync_folder(disk->context, config->folder) != ST_OK)
        return segment_failed(config->folder, "sync the folder", why);
    *out = GIVE(journal);
    return ST_OK;
}

void journal_close(struct journal *journal)
{
    for (uint32_t i = 0; i < journal->mark.segment_count; i++)
        if (journal->segments[i].file >= 0)
            journal->disk.close(journal->disk.context, journal->segments[i].file);
    free(journal->parts);
    free(journal->hashed);
    free(journal);
}

/* ---- places ---- */

size_t journal_batch_max(const struct journal *journal)
{
    uint64_t room = journal->mark.segment_size - JOURNAL_BLOCK;

    return (size_t)(room < JOURNAL_BATCH_MAX ? room : JOURNAL_BATCH_MAX) - BATCH_HEADER_SIZE;
}

static bool is_free(const struct journal *journal, uint32_t segment)
{
#ifdef PLANT_EARLY_RECYCLE /* a bug for tests/sim/powerloss.c to catch; no other build has it */
    return true;
#endif
    return journal->segments[segment].last <= journal->released;
}

/* Where a batch of `extent` bytes goes; false while the ring is full. */
static bool find_place(const struct journal *journal, uint64_t extent, uint32_t *segment,
                       uint64_t *offset)
{
    const struct journal_mark *mark = &journal->mark;

    if (extent <= mark->segment_size - mark->offset) {
        *segment = mark->segment;
        *offset = mark->offset;
        return true;
    }
    *segment = mark_next_segment(mark);
    *offset = JOURNAL_BLOCK;
    return is_free(journal, *segment);
}

bool journal_has_room(const struct journal *journal, size_t size)
{
    uint32_t segment;
    uint64_t offset;

    return !journal->failed && size <= journal_batch_max(journal)
        && find_place(journal, batch_extent(size), &segment, &offset);
}

/* ---- appending ---- */

static enum status make_room(struct journal *journal, size_t count)
{
    struct iovec *parts;
    struct bytes *hashed;

    if (count <= journal->room)
        return ST_OK;
    parts = reallocarray(journal->parts, count, sizeof *parts);
    if (!parts)
        return ST_NOMEM;
    journal->parts = parts;
    hashed = reallocarray(journal->hashed, count, sizeof *hashed);
    if (!hashed)
        return ST_NOMEM;
    journal->hashed = hashed;
    journal->room = count;
    return ST_OK;
}

/* The order of promises: only after this may anything of the batch be acknowledged. */
static enum status write_synced(struct journal *journal, uint32_t segment, int count,
                                uint64_t offset)
{
    const struct disk *disk = &journal->disk;
    int file = journal->segments[segment].file;
    enum status status = disk->write(disk->context, file, journal->parts, count, offset);

#ifdef PLANT_ACK_BEFORE_SYNC /* a bug for tests/sim and tests/system to catch; no other has it */
    return status;
#endif
    return status == ST_OK ? disk->sync(disk->context, file) : status;
}

enum status journal_append(struct journal *journal, const struct iovec *parts, int part_count,
                           uint32_t count)
{
    static const uint8_t zeroes[JOURNAL_BLOCK];
    struct batch batch = {.count = count, .first = journal->mark.sequence + 1};
    uint8_t header[BATCH_HEADER_SIZE];
    size_t size = 0, all = (size_t)part_count + 2;
    uint32_t segment;
    uint64_t offset;

    assert(count > 0 && part_count > 0);

    if (journal->failed)
        return ST_IO;
    for (int i = 0; i < part_count; i++)
        size += parts[i].iov_len;
    if (size > journal_batch_max(journal))
        return ST_LIMIT;
    if (!find_place(journal, batch_extent(size), &segment, &offset))
        return ST_MORE;
    if (make_room(journal, all) != ST_OK)
        return ST_NOMEM;

    for (int i = 0; i < part_count; i++) {
        journal->parts[i + 1] = parts[i];
        journal->hashed[i] = (struct bytes){parts[i].iov_base, parts[i].iov_len};
    }
    batch.size = (uint32_t)size;
    batch.previous = journal->mark.chain;
    batch.payload = sha256_parts(journal->hashed, (size_t)part_count);
    batch_write(&batch, journal->mark.nonce, header);
    journal->parts[0] = (struct iovec){header, BATCH_HEADER_SIZE};
    journal->parts[all - 1] =
        (struct iovec){(void *)(uintptr_t)zeroes, batch_extent(size) - BATCH_HEADER_SIZE - size};

    if (write_synced(journal, segment, (int)all, offset) != ST_OK) {
        journal->failed = true;
        return ST_IO;
    }
    mark_move_past(&journal->mark, &batch, segment, offset);
    journal->segments[segment].last = journal->mark.sequence;
    return ST_OK;
}

struct journal_mark journal_mark(const struct journal *journal)
{
    return journal->mark;
}

void journal_release(struct journal *journal, uint64_t sequence)
{
    if (sequence > journal->released)
        journal->released = sequence;
}
