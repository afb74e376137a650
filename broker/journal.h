/*
 * journal.h - the truth of the last seconds: a ring of pre-written, recycled segment files.
 *
 *     segment file:  block 0 | batch | batch | ...           everything on 4 KiB boundaries
 *     block 0:       magic "CCDSEGM1" | u32 place in the ring | u32 segments | u64 segment size |
 *                    SHA-256 of these; written last, so a segment that has it is pre-written
 *     batch:         header | payload | zeroes up to the boundary
 *     batch header (big-endian, 152 bytes):
 *        8  magic "CCDBATCH"
 *       32  nonce of this start: random, kept in the checkpoint, told to nobody
 *        4  payload length, bytes
 *        4  record count
 *        8  sequence of the first record
 *       32  hash of the batch before it (its last field); zero for the first of a start
 *       32  SHA-256 of the payload
 *       32  SHA-256 of the header fields above: this batch's hash
 *
 * A batch is valid when both hashes hold, its nonce is the start's, it chains from the batch before
 * it and its first sequence follows. It is looked for where the one before it ends and at the start
 * of the next segment. The first that is not valid ends the log - unless the ring holds a later one
 * anywhere: then something that was durable is damaged, and the broker stops and says where. One
 * write, one fdatasync, one batch in flight; so whatever a power cut may tear is the last batch,
 * which nobody was told about. A segment is used again only when a checkpoint whose sync has
 * returned holds every event in it.
 *
 * At start the tail is read bypassing the page cache (O_DIRECT) and folded into a checkpoint that
 * is synced before anything is served; the ring is then empty and a new nonce begins. So what a
 * failed sync left in the page cache is never believed (docs/decisions/0001, 0002).
 *
 * All I/O goes through `struct disk` (disk.h), so that tests can cut the power at every operation.
 * Threads: one owner, the exchange.
 * Source: docs/journal.md.
 */
#ifndef BROKER_JOURNAL_H
#define BROKER_JOURNAL_H

#include <sys/uio.h>

#include "broker/disk.h"
#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/merkle.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"

/* Where the log stands; kept in each checkpoint, in the same transaction as the state. All zero: no
 * start ever was. A start's first mark is made by journal_start. */
struct journal_mark {
    uint8_t nonce[DIGEST_SIZE];
    uint64_t sequence;      /* last one held; 0 = none */
    uint64_t first;         /* of the start that wrote `nonce`: first sequence it could write */
    struct digest chain;    /* hash of the last batch's header; zero at a start */
    uint32_t segment;       /* where the next batch is looked for */
    uint64_t offset;        /* bytes */
    uint32_t segment_count; /* the ring of that start: the configuration may change in between */
    uint64_t segment_size;  /* bytes */
};

struct journal;

struct journal_config {
    const char *folder;
    uint32_t segment_count; /* 2..JOURNAL_SEGMENTS_MAX */
    uint64_t segment_size;  /* bytes, a multiple of JOURNAL_BLOCK, up to JOURNAL_SEGMENT_MAX */
};

#define JOURNAL_SEGMENTS_MAX 1024
#define JOURNAL_SEGMENT_MAX (256u * 1024 * 1024) /* bytes: replay reads one whole segment */

/* The mark of a start that comes after everything `held` holds: an empty ring, a fresh `nonce`
 * (random). To be committed before journal_open. */
struct journal_mark journal_start(const struct journal_config *config,
                                  const struct journal_mark *held,
                                  const uint8_t nonce[static DIGEST_SIZE]);

/* Reads the tail after `mark`, oldest batch first, giving each to `apply` (payload valid during the
 * call). Everything is checked before the first is given. A ring that no start has used is an empty
 * tail. Memory: one segment.
 *   ST_INVALID  damaged, a segment is missing, or the ring is not this store's: `why` names segment
 *               and offset; nothing was given to `apply`, nothing was changed
 *   ST_NOMEM
 *   ST_IO       `why` says what; or what `apply` answered */
enum status journal_replay(const struct disk *disk, const struct journal_config *config,
                           const struct journal_mark *mark,
                           enum status (*apply)(void *context, struct bytes payload, uint32_t count,
                                                const struct journal_mark *after),
                           void *context, struct reason *why);

/* Opens the ring for writing after a checkpoint that holds everything: makes and pre-writes missing
 * segments (synced, folder too). `mark` is that checkpoint's, made by journal_start.
 *   ST_INVALID  the configuration is out of its bounds, or `mark` is not a start's in it
 *   ST_NOMEM
 *   ST_IO       `why` says what */
enum status journal_open(const struct disk *disk, const struct journal_config *config,
                         const struct journal_mark *mark, struct journal **out, struct reason *why);
void journal_close(struct journal *journal);
static inline void journal_free(struct journal *journal)
{
    if (journal)
        journal_close(journal);
}
OWN(journal)

/* Appends one batch of `count` records (at least 1) starting at the next sequence, and syncs it. On
 * ST_OK it is durable. `parts` is written as it is: records back to back.
 *   ST_MORE     the ring is full until a checkpoint frees a segment; nothing was written
 *   ST_LIMIT    more than journal_batch_max bytes; nothing was written
 *   ST_NOMEM    nothing was written
 *   ST_IO       stop the process: nothing of this batch may be acknowledged; every later call
 *               answers the same and touches nothing */
enum status journal_append(struct journal *journal, const struct iovec *parts, int part_count,
                           uint32_t count);
/* After the last append. */
struct journal_mark journal_mark(const struct journal *journal);
/* A checkpoint that is on the disk holds everything up to `sequence`. */
void journal_release(struct journal *journal, uint64_t sequence);
/* Would a batch of `size` bytes of payload fit now? */
bool journal_has_room(const struct journal *journal, size_t size);
/* Bytes of payload that one batch may have: JOURNAL_BATCH_MAX less its header, or what a segment
 * holds if that is less. */
size_t journal_batch_max(const struct journal *journal);

#endif
