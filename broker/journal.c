#include "broker/journal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 152
#define HASHED_SIZE (HEADER_SIZE - DIGEST_SIZE)
#define MAGIC_SIZE 8
#define PATH_ROOM 4096
#define CHUNK (1024 * 1024) /* bytes read or pre-written at once */

static const uint8_t batch_magic[MAGIC_SIZE] = {'C', 'C', 'D', 'B', 'A', 'T', 'C', 'H'};
static const uint8_t segment_magic[MAGIC_SIZE] = {'C', 'C', 'D', 'S', 'E', 'G', 'M', '1'};

/* ---- what a batch's header says ---- */

struct batch {
    uint32_t size, count; /* bytes of payload; records */
    uint64_t first;
    struct digest previous, payload, self;
};

static uint64_t round_up(uint64_t size)
{
    return (size + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

/* Bytes that a batch takes in its segment. */
static uint64_t batch_extent(size_t payload)
{
    return round_up(HEADER_SIZE + (uint64_t)payload);
}

static void write_header(const struct batch *batch, const uint8_t nonce[static DIGEST_SIZE],
                         struct digest *self, uint8_t out[static HEADER_SIZE])
{
    struct writer w = writer_of(out, HEADER_SIZE);

    write_bytes(&w, batch_magic, MAGIC_SIZE);
    write_bytes(&w, nonce, DIGEST_SIZE);
    write_u32(&w, batch->size);
    write_u32(&w, batch->count);
    write_u64(&w, batch->first);
    write_bytes(&w, batch->previous.bytes, DIGEST_SIZE);
    write_bytes(&w, batch->payload.bytes, DIGEST_SIZE);
    *self = sha256(out, w.size);
    write_bytes(&w, self->bytes, DIGEST_SIZE);
    assert(!w.failed && w.size == HEADER_SIZE);
}

/* Is a header of the start `nonce` at `data`? Nobody outside knows the nonce, so no payload can
 * hold one. */
static bool read_header(const uint8_t *data, size_t size, const uint8_t nonce[static DIGEST_SIZE],
                        struct batch *out)
{
    struct reader r = reader_of(data, size);
    struct bytes magic = read_bytes(&r, MAGIC_SIZE), found = read_bytes(&r, DIGEST_SIZE);
    struct digest self;

    if (r.failed || memcmp(magic.data, batch_magic, MAGIC_SIZE) != 0
        || memcmp(found.data, nonce, DIGEST_SIZE) != 0)
        return false;
    out->size = read_u32(&r);
    out->count = read_u32(&r);
    out->first = read_u64(&r);
    read_into(&r, out->previous.bytes, DIGEST_SIZE);
    read_into(&r, out->payload.bytes, DIGEST_SIZE);
    read_into(&r, out->self.bytes, DIGEST_SIZE);
    if (r.failed)
        return false;
    self = sha256(data, HASHED_SIZE);
    return digest_equal(&self, &out->self) && out->count > 0;
}

/* ---- marks ---- */

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

static void move_past(struct journal_mark *mark, const struct batch *batch, uint32_t segment,
                      uint64_t offset)
{
    mark->sequence += batch->count;
    mark->chain = batch->self;
    mark->segment = segment;
    mark->offset = offset + batch_extent(batch->size);
}

static bool is_sound(const struct journal_config *config)
{
    return config->segment_count >= 2 && config->segment_count <= JOURNAL_SEGMENTS_MAX
        && config->segment_size % JOURNAL_BLOCK == 0 && config->segment_size >= 2 * JOURNAL_BLOCK
        && config->segment_size <= JOURNAL_SEGMENT_MAX;
}

/* ---- segment files ---- */

static enum status segment_path(const char *folder, uint32_t segment, char out[static PATH_ROOM],
                                struct reason *why)
{
    int size = snprintf(out, PATH_ROOM, "%s/segment.%04" PRIu32, folder, segment);

    if (size > 0 && size < PATH_ROOM)
        return ST_OK;
    errno = ENAMETOOLONG;
    reason_set(why, "%s: the path is too long", folder);
    return ST_IO;
}

static enum status io_failed(const char *path, const char *what, struct reason *why)
{
    reason_set(why, "%s: cannot %s: %s", path, what, strerror(errno));
    return ST_IO;
}

static void write_block0(uint32_t segment, uint32_t count, uint64_t size,
                         uint8_t out[static JOURNAL_BLOCK])
{
    struct writer w = writer_of(out, JOURNAL_BLOCK);
    struct digest hash;

    memset(out, 0, JOURNAL_BLOCK);
    write_bytes(&w, segment_magic, MAGIC_SIZE);
    write_u32(&w, segment);
    write_u32(&w, count);
    write_u64(&w, size);
    hash = sha256(out, w.size);
    write_bytes(&w, hash.bytes, DIGEST_SIZE);
    assert(!w.failed);
}

/* `block` holds JOURNAL_BLOCK bytes. */
static bool is_block0(const uint8_t *block, uint32_t segment, uint32_t count, uint64_t size)
{
    uint8_t expected[JOURNAL_BLOCK];

    write_block0(segment, count, size, expected);
    return memcmp(block, expected, JOURNAL_BLOCK) == 0;
}

/* ---- replay ---- */

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

static enum status tail_load(struct tail *t, uint32_t segment)
{
    uint64_t size = t->mark->segment_size, total = 0;
    char path[PATH_ROOM];
    enum status status;
    int file = -1;

    if (segment == t->loaded)
        return ST_OK;
    if ((status = segment_path(t->folder, segment, path, t->why)) != ST_OK)
        return status;
    t->loaded = UINT32_MAX;

    status = t->disk->open(t->disk->context, path, false, &file);
    if (status == ST_OK) {
        for (size_t got = CHUNK; status == ST_OK && total < size && got == CHUNK; total += got) {
            size_t want = size - total < CHUNK ? (size_t)(size - total) : CHUNK;
            got = 0;
            status =
                t->disk->read_direct(t->disk->context, file, t->data + total, want, total, &got);
        }
        t->disk->close(t->disk->context, file);
    } else if (status == ST_MORE) {
        status = ST_OK; /* not there: as if it were empty */
    }
    if (status != ST_OK)
        return io_failed(path, "read", t->why);

    memset(t->data + total, 0, size - total);
    t->whole =
        total == size && is_block0(t->data, segment, t->mark->segment_count, t->mark->segment_size);
    t->loaded = segment;
    return ST_OK;
}

static bool follows(const struct batch *batch, const struct journal_mark *mark)
{
    return batch->first == mark->sequence + 1 && digest_equal(&batch->previous, &mark->chain);
}

/* The batch at this place of the loaded segment, if it is valid after `mark`. */
static bool tail_batch_at(const struct tail *t, uint64_t offset, const struct journal_mark *mark,
                          struct batch *batch, struct bytes *payload)
{
    uint64_t left = offset < mark->segment_size ? mark->segment_size - offset : 0;
    struct digest hash;

    if (!read_header(t->data + offset, left, mark->nonce, batch) || !follows(batch, mark)
        || batch->size > left - HEADER_SIZE)
        return false;
    *payload = (struct bytes){t->data + offset + HEADER_SIZE, batch->size};
    hash = sha256(payload->data, payload->size);
    return digest_equal(&hash, &batch->payload);
}

static uint32_t after_segment(const struct journal_mark *mark)
{
    return (mark->segment + 1) % mark->segment_count;
}

/* The next valid batch after `at`, which moves past it.
 *   ST_MORE     there is none */
static enum status tail_next(struct tail *t, struct journal_mark *at, struct batch *batch,
                             struct bytes *payload)
{
    const struct {
        uint32_t segment;
        uint64_t offset;
    } places[] = {{at->segment, at->offset}, {after_segment(at), JOURNAL_BLOCK}};

    for (size_t i = 0; i < 2; i++) {
        enum status status = tail_load(t, places[i].segment);
        if (status != ST_OK)
            return status;
        if (tail_batch_at(t, places[i].offset, at, batch, payload)) {
            move_past(at, batch, places[i].segment, places[i].offset);
            return ST_OK;
        }
    }
    return ST_MORE;
}

/* May a power cut have left this header at this place, the log ending at `end`? Only as the batch
 * that was in flight: the next one, chained, where the writer would have put it. */
static bool may_be_torn(const struct journal_mark *end, const struct batch *batch, uint32_t segment,
                        uint64_t offset)
{
    bool here = segment == end->segment && offset == end->offset;
    bool next = segment == after_segment(end) && offset == JOURNAL_BLOCK;

    return (here || next) && follows(batch, end);
}

/* Nothing of this start may lie after the log's end. Reads the whole ring. */
static enum status tail_check_rest(struct tail *t, const struct journal_mark *end, bool used)
{
    for (uint32_t segment = 0; segment < end->segment_count; segment++) {
        enum status status = tail_load(t, segment);

        if (status != ST_OK)
            return status;
        if (!t->whole && (used || (segment == 0 && end->first > 1))) {
            reason_set(t->why,
                       "%s: segment %" PRIu32 " is missing, cut short or damaged at offset 0",
                       t->folder, segment);
            return ST_INVALID;
        }
        for (uint64_t at = JOURNAL_BLOCK; at < end->segment_size; at += JOURNAL_BLOCK) {
            struct batch later;
            if (!read_header(t->data + at, end->segment_size - at, end->nonce, &later)
                || later.first <= end->sequence || may_be_torn(end, &later, segment, at))
                continue;
            reason_set(t->why,
                       "%s: damaged at segment %" PRIu32 " offset %" PRIu64 ": sequence %" PRIu64
                       " is not there, but segment %" PRIu32 " offset %" PRIu64 " holds %" PRIu64,
                       t->folder, end->segment, end->offset, end->sequence + 1, segment, at,
                       later.first);
            return ST_INVALID;
        }
    }
    return ST_OK;
}

/* A store that has never been started must not meet a used ring: it is not this ring's store. */
static enum status check_unused(const struct disk *disk, const char *folder, struct reason *why)
{
    char path[PATH_ROOM];
    enum status status = segment_path(folder, 0, path, why);
    int file;

    if (status != ST_OK)
        return status;
    status = disk->open(disk->context, path, false, &file);
    if (status == ST_MORE)
        return ST_OK;
    if (status != ST_OK)
        return io_failed(path, "open", why);
    disk->close(disk->context, file);
    reason_set(why,
               "%s: segment 0 offset 0: the journal is in use, but the store is new; is the "
               "store missing?",
               folder);
    return ST_INVALID;
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
    if (!is_sound(&shape) || mark->segment >= mark->segment_count
        || mark->offset % JOURNAL_BLOCK != 0 || mark->offset > mark->segment_size) {
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
    if (status == ST_OK) {
        bool used = batches > 0 || !is_zero(mark->chain.bytes, DIGEST_SIZE);
        status = tail_check_rest(&tail, &end, used);
    }
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

/* ---- writing ---- */

struct ring_segment {
    int file;      /* -1: not open */
    uint64_t last; /* sequence of its last record; 0 = holds nothing of this start */
};

struct journal {
    const struct disk *disk;
    struct journal_mark mark;
    uint64_t released;              /* sequence that a synced checkpoint holds */
    bool failed;                    /* sticky: after one I/O error nothing is tried again */
    struct iovec *parts;            /* owned: header, the caller's parts, padding */
    struct bytes *hashed;           /* owned: the same to the hash */
    size_t room;                    /* of both */
    struct ring_segment segments[]; /* mark.segment_count */
};

static const uint8_t zeroes[JOURNAL_BLOCK];

/* Zeroes from block 1 to the end, synced; then block 0, synced: pre-written blocks make the later
 * fdatasync a write of data alone, and block 0 says that they are. */
static enum status prewrite(const struct disk *disk, int file, uint32_t segment,
                            const struct journal_config *config)
{
    struct iovec many[CHUNK / JOURNAL_BLOCK];
    uint8_t block[JOURNAL_BLOCK];
    const struct iovec first = {block, sizeof block};
    enum status status = ST_OK;

    for (size_t i = 0; i < CHUNK / JOURNAL_BLOCK; i++)
        many[i] = (struct iovec){(void *)(uintptr_t)zeroes, JOURNAL_BLOCK};
    for (uint64_t at = JOURNAL_BLOCK; status == ST_OK && at < config->segment_size; at += CHUNK) {
        uint64_t left = config->segment_size - at;
        int count = (int)((left < CHUNK ? left : CHUNK) / JOURNAL_BLOCK);
        status = disk->write(disk->context, file, many, count, at);
    }
    if (status == ST_OK)
        status = disk->sync(disk->context, file);
    write_block0(segment, config->segment_count, config->segment_size, block);
    if (status == ST_OK)
        status = disk->write(disk->context, file, &first, 1, 0);
    return status;
}

/* Does the file say that it is pre-written for this ring? */
static enum status is_prewritten(const struct disk *disk, int file, uint32_t segment,
                                 const struct journal_config *config, bool *out)
{
    uint8_t *block = aligned_alloc(JOURNAL_BLOCK, JOURNAL_BLOCK);
    uint64_t size;
    size_t got = 0;
    enum status status = block ? disk->size(disk->context, file, &size) : ST_NOMEM;

    if (status == ST_OK && size >= config->segment_size) {
        status = disk->read_direct(disk->context, file, block, JOURNAL_BLOCK, 0, &got);
        *out = got == JOURNAL_BLOCK
            && is_block0(block, segment, config->segment_count, config->segment_size);
    } else {
        *out = false;
    }
    free(block);
    return status;
}

static enum status open_segment(const struct disk *disk, const struct journal_config *config,
                                uint32_t segment, int *out, struct reason *why)
{
    char path[PATH_ROOM];
    bool ready = false;
    enum status status = segment_path(config->folder, segment, path, why);

    if (status != ST_OK)
        return status;
    status = disk->open(disk->context, path, false, out);
    if (status == ST_OK)
        status = is_prewritten(disk, *out, segment, config, &ready);
    else if (status == ST_MORE)
        status = disk->open(disk->context, path, true, out);
    if (status == ST_OK && !ready)
        status = prewrite(disk, *out, segment, config);
    /* Also when it was ready: who made it may have died before the sync. */
    if (status == ST_OK)
        status = disk->sync(disk->context, *out);
    return status == ST_OK || status == ST_NOMEM ? status : io_failed(path, "prepare", why);
}

enum status journal_open(const struct disk *disk, const struct journal_config *config,
                         const struct journal_mark *mark, struct journal **out, struct reason *why)
{
    struct journal_mark start;
    enum status status = ST_OK;

    if (!is_sound(config) || is_zero(mark->nonce, DIGEST_SIZE)) {
        reason_set(why, "%s: a ring has 2 to %d segments of 8 KiB to %u bytes, in blocks of %d",
                   config->folder, JOURNAL_SEGMENTS_MAX, JOURNAL_SEGMENT_MAX, JOURNAL_BLOCK);
        return ST_INVALID;
    }
    start = journal_start(config, mark, mark->nonce);
    if (mark->first != start.first || mark->segment != start.segment || mark->offset != start.offset
        || mark->segment_count != start.segment_count || mark->segment_size != start.segment_size
        || !digest_equal(&mark->chain, &start.chain)) {
        reason_set(why, "%s: the checkpoint is not the first of a start", config->folder);
        return ST_INVALID;
    }

    OWNED(journal)
    journal = calloc(1, sizeof *journal + config->segment_count * sizeof *journal->segments);
    if (!journal)
        return ST_NOMEM;
    journal->disk = disk;
    journal->mark = start;
    journal->released = start.sequence;
    for (uint32_t i = 0; i < config->segment_count; i++)
        journal->segments[i].file = -1;

    if (disk->make_folder(disk->context, config->folder) != ST_OK)
        return io_failed(config->folder, "make the folder", why);
    for (uint32_t i = 0; i < config->segment_count && status == ST_OK; i++)
        status = open_segment(disk, config, i, &journal->segments[i].file, why);
    if (status != ST_OK)
        return status;
    if (disk->sync_folder(disk->context, config->folder) != ST_OK)
        return io_failed(config->folder, "sync the folder", why);
    *out = GIVE(journal);
    return ST_OK;
}

void journal_close(struct journal *journal)
{
    for (uint32_t i = 0; i < journal->mark.segment_count; i++)
        if (journal->segments[i].file >= 0)
            journal->disk->close(journal->disk->context, journal->segments[i].file);
    free(journal->parts);
    free(journal->hashed);
    free(journal);
}

size_t journal_batch_max(const struct journal *journal)
{
    uint64_t room = journal->mark.segment_size - JOURNAL_BLOCK;

    return (size_t)(room < JOURNAL_BATCH_MAX ? room : JOURNAL_BATCH_MAX) - HEADER_SIZE;
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
    *segment = after_segment(mark);
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

static enum status write_synced(struct journal *journal, uint32_t segment, int count,
                                uint64_t offset)
{
    const struct disk *disk = journal->disk;
    int file = journal->segments[segment].file;
    enum status status = disk->write(disk->context, file, journal->parts, count, offset);

#ifdef PLANT_ACK_BEFORE_SYNC /* a bug for tests/sim and tests/system to catch; no other build has  \
                                it */
    return status;
#endif
    return status == ST_OK ? disk->sync(disk->context, file) : status;
}

enum status journal_append(struct journal *journal, const struct iovec *parts, int part_count,
                           uint32_t count)
{
    struct batch batch = {.count = count, .first = journal->mark.sequence + 1};
    uint8_t header[HEADER_SIZE];
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
    write_header(&batch, journal->mark.nonce, &batch.self, header);
    journal->parts[0] = (struct iovec){header, HEADER_SIZE};
    journal->parts[all - 1] =
        (struct iovec){(void *)(uintptr_t)zeroes, batch_extent(size) - HEADER_SIZE - size};

    if (write_synced(journal, segment, (int)all, offset) != ST_OK) {
        journal->failed = true;
        return ST_IO;
    }
    move_past(&journal->mark, &batch, segment, offset);
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
