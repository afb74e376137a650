#include "broker/segment.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASHED_SIZE (BATCH_HEADER_SIZE - DIGEST_SIZE)
#define MAGIC_SIZE 8

static const uint8_t batch_magic[MAGIC_SIZE] = {'C', 'C', 'D', 'B', 'A', 'T', 'C', 'H'};
static const uint8_t segment_magic[MAGIC_SIZE] = {'C', 'C', 'D', 'S', 'E', 'G', 'M', '1'};

/* ---- batches ---- */

uint64_t batch_extent(size_t payload)
{
    return (BATCH_HEADER_SIZE + (uint64_t)payload + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK
         * JOURNAL_BLOCK;
}

void batch_write(struct batch *batch, const uint8_t nonce[static DIGEST_SIZE],
                 uint8_t out[static BATCH_HEADER_SIZE])
{
    struct writer w = writer_of(out, BATCH_HEADER_SIZE);

    write_bytes(&w, batch_magic, MAGIC_SIZE);
    write_bytes(&w, nonce, DIGEST_SIZE);
    write_u32(&w, batch->size);
    write_u32(&w, batch->count);
    write_u64(&w, batch->first);
    write_bytes(&w, batch->previous.bytes, DIGEST_SIZE);
    write_bytes(&w, batch->payload.bytes, DIGEST_SIZE);
    batch->self = sha256(out, w.size);
    write_bytes(&w, batch->self.bytes, DIGEST_SIZE);
    assert(!w.failed && w.size == BATCH_HEADER_SIZE);
}

bool batch_read(const uint8_t *data, size_t size, const uint8_t nonce[static DIGEST_SIZE],
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

bool mark_is_followed_by(const struct journal_mark *mark, const struct batch *batch)
{
    return batch->first == mark->sequence + 1 && digest_equal(&batch->previous, &mark->chain);
}

void mark_move_past(struct journal_mark *mark, const struct batch *batch, uint32_t segment,
                    uint64_t offset)
{
    mark->sequence += batch->count;
    mark->chain = batch->self;
    mark->segment = segment;
    mark->offset = offset + batch_extent(batch->size);
}

uint32_t mark_next_segment(const struct journal_mark *mark)
{
    return (mark->segment + 1) % mark->segment_count;
}

bool mark_has_batches(const struct journal_mark *mark)
{
    static const struct digest none;

    return !digest_equal(&mark->chain, &none);
}

/* ---- files ---- */

bool segment_shape_is_sound(const struct journal_config *config)
{
    return config->segment_count >= 2 && config->segment_count <= JOURNAL_SEGMENTS_MAX
        && config->segment_size % JOURNAL_BLOCK == 0 && config->segment_size >= 2 * JOURNAL_BLOCK
        && config->segment_size <= JOURNAL_SEGMENT_MAX;
}

enum status segment_path(const char *folder, uint32_t segment, char out[static SEGMENT_PATH_SIZE],
                         struct reason *why)
{
    int size = snprintf(out, SEGMENT_PATH_SIZE, "%s/segment.%04" PRIu32, folder, segment);

    if (size > 0 && size < SEGMENT_PATH_SIZE)
        return ST_OK;
    errno = ENAMETOOLONG;
    reason_set(why, "%s: the path is too long", folder);
    return ST_IO;
}

enum status segment_failed(const char *path, const char *what, struct reason *why)
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

bool segment_is_ready(const uint8_t *block, uint32_t segment, uint32_t count, uint64_t size)
{
    uint8_t expected[JOURNAL_BLOCK];

    write_block0(segment, count, size, expected);
    return memcmp(block, expected, JOURNAL_BLOCK) == 0;
}

/* Zeroes from block 1 to the end, synced; then block 0: pre-written blocks make the later fdatasync
 * a write of data alone, and block 0 says that they are. */
static enum status prewrite(const struct disk *disk, int file, uint32_t segment,
                            const struct journal_config *config)
{
    static const uint8_t zeroes[JOURNAL_BLOCK];
    struct iovec many[SEGMENT_CHUNK / JOURNAL_BLOCK];
    uint8_t block[JOURNAL_BLOCK];
    const struct iovec first = {block, sizeof block};
    enum status status = ST_OK;

    for (size_t i = 0; i < SEGMENT_CHUNK / JOURNAL_BLOCK; i++)
        many[i] = (struct iovec){(void *)(uintptr_t)zeroes, JOURNAL_BLOCK};
    for (uint64_t at = JOURNAL_BLOCK; status == ST_OK && at < config->segment_size;
         at += SEGMENT_CHUNK) {
        uint64_t left = config->segment_size - at;
        int count = (int)((left < SEGMENT_CHUNK ? left : SEGMENT_CHUNK) / JOURNAL_BLOCK);
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
static enum status check_ready(const struct disk *disk, int file, uint32_t segment,
                               const struct journal_config *config, bool *out)
{
    uint8_t *block = aligned_alloc(JOURNAL_BLOCK, JOURNAL_BLOCK);
    enum status status = ST_NOMEM;
    uint64_t size = 0;
    size_t got = 0;

    if (block)
        status = disk->size(disk->context, file, &size);
    if (status == ST_OK && size >= config->segment_size)
        status = disk->read_direct(disk->context, file, block, JOURNAL_BLOCK, 0, &got);
    *out = status == ST_OK && got == JOURNAL_BLOCK
        && segment_is_ready(block, segment, config->segment_count, config->segment_size);
    free(block);
    return status;
}

enum status segment_open(const struct disk *disk, const struct journal_config *config,
                         uint32_t segment, int *file, struct reason *why)
{
    char path[SEGMENT_PATH_SIZE];
    bool ready = false;
    enum status status = segment_path(config->folder, segment, path, why);

    *file = -1;
    if (status != ST_OK)
        return status;
    status = disk->open(disk->context, path, false, file);
    if (status == ST_OK)
        status = check_ready(disk, *file, segment, config, &ready);
    else if (status == ST_MORE)
        status = disk->open(disk->context, path, true, file);
    if (status == ST_OK && !ready)
        status = prewrite(disk, *file, segment, config);
    /* Also when it was ready: who made it may have died before the sync. */
    if (status == ST_OK)
        status = disk->sync(disk->context, *file);
    return status == ST_OK || status == ST_NOMEM ? status : segment_failed(path, "prepare", why);
}
