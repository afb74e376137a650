/*
 * segment.h - segment files and the batches in them, as bytes: the layout that journal.h draws.
 *
 * Used by journal.c, which writes the ring, and replay.c, which reads it.
 */
#ifndef BROKER_SEGMENT_H
#define BROKER_SEGMENT_H

#include "broker/journal.h"

#define BATCH_HEADER_SIZE 152
#define SEGMENT_CHUNK (1024 * 1024) /* bytes read or pre-written at once */
#define SEGMENT_PATH_SIZE 4096

/* A batch's header. */
struct batch {
    uint32_t size, count; /* bytes of payload; records */
    uint64_t first;       /* sequence */
    struct digest previous, payload, self;
};

/* Bytes that a batch with this payload takes in its segment. */
uint64_t batch_extent(size_t payload);
/* Writes the header and sets `self`. */
void batch_write(struct batch *batch, const uint8_t nonce[static DIGEST_SIZE],
                 uint8_t out[static BATCH_HEADER_SIZE]);
/* Is a whole header of the start `nonce` at `data`? Nobody outside knows the nonce, so no payload
 * can hold one. The payload is not looked at. */
bool batch_read(const uint8_t *data, size_t size, const uint8_t nonce[static DIGEST_SIZE],
                struct batch *out);

/* Is it the one that comes next? */
bool mark_is_followed_by(const struct journal_mark *mark, const struct batch *batch);
/* A batch at this place is now the last one. */
void mark_move_past(struct journal_mark *mark, const struct batch *batch, uint32_t segment,
                    uint64_t offset);
uint32_t mark_next_segment(const struct journal_mark *mark);
/* Has this start written a batch? */
bool mark_has_batches(const struct journal_mark *mark);

/* Are count and size within their bounds? */
bool segment_shape_is_sound(const struct journal_config *config);
/* The file of a segment, into `out`.
 *   ST_IO       the path is too long */
enum status segment_path(const char *folder, uint32_t segment, char out[static SEGMENT_PATH_SIZE],
                         struct reason *why);
/* Does `block` (block 0) say that the segment is pre-written for this ring? */
bool segment_is_ready(const uint8_t *block, uint32_t segment, uint32_t count, uint64_t size);
/* Opens a segment for writing; makes and pre-writes it if need be; synced in any case. The folder
 * is left to the caller to sync. On failure *file may be open: -1 says not.
 *   ST_NOMEM, ST_IO */
enum status segment_open(const struct disk *disk, const struct journal_config *config,
                         uint32_t segment, int *file, struct reason *why);
/* Fills `why` from errno; always ST_IO. */
enum status segment_failed(const char *path, const char *what, struct reason *why);

#endif
