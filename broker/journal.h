/*
 * journal.h - the truth of the last seconds: a ring of pre-written, recycled segment files.
 *
 *     segment file:  block 0 | batch | batch | ...            everything on 4 KiB boundaries
 *     batch:         header block part | payload | zeroes up to the boundary
 *     batch header (big-endian):
 *        8  magic "CCDBATCH"
 *       32  nonce of this start          16..: random per start, kept in the checkpoint
 *        4  payload length    4  record count
 *        8  first sequence
 *       32  SHA-256 of the previous batch's header (zero for the first of a start)
 *       32  SHA-256 of the payload
 *       32  SHA-256 of the header fields above
 *
 * A batch is valid when its header hash and payload hash hold, its nonce is the start's, it chains
 * from the batch before it and its first sequence follows. The first that is not ends the log,
 * unless a valid later one exists anywhere in the ring: then the journal is damaged and the broker
 * stops and says where. One write, one fdatasync, one batch in flight. A segment is used again only
 * when a checkpoint whose sync has returned holds every event in it.
 *
 * At start the tail is read bypassing the page cache (O_DIRECT) and folded into a checkpoint that is
 * synced before anything is served; the ring is then empty and a new nonce begins. So what a failed
 * sync left in the page cache is never believed (docs/decisions).
 *
 * All I/O goes through `struct disk` (disk.h), so that tests can cut the power at every operation.
 * Threads: one owner, the exchange.
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

/* Where the log stands; kept in each checkpoint, in the same transaction as the state. */
struct journal_mark {
    uint8_t nonce[DIGEST_SIZE];
    uint64_t sequence;      /* last one held; 0 = none */
    uint64_t first;         /* of the start that wrote `nonce`: first sequence it could write */
    struct digest chain;    /* hash of the last batch's header; zero at a start */
    uint32_t segment;       /* where the next batch is looked for */
    uint64_t offset;        /* bytes */
};

struct journal;

struct journal_config {
    const char *folder;
    uint32_t segment_count;
    uint64_t segment_size; /* bytes, a multiple of JOURNAL_BLOCK */
};

/* Reads the tail after `mark`, oldest batch first, giving each to `apply` (payload valid during the
 * call). A folder that does not exist yet is an empty tail.
 *   ST_INVALID  damaged: `why` names segment and offset; nothing was changed
 *   ST_IO       `why` says what; or what `apply` answered */
enum status journal_replay(const struct disk *disk, const struct journal_config *config,
                           const struct journal_mark *mark,
                           enum status (*apply)(void *context, struct bytes payload,
                                                uint32_t count, const struct journal_mark *after),
                           void *context, struct reason *why);

/* Opens the ring for writing after a checkpoint that holds everything: makes and pre-writes missing
 * segments (synced, folder too). `mark` is that checkpoint's, with a fresh nonce. */
enum status journal_open(const struct disk *disk, const struct journal_config *config,
                         const struct journal_mark *mark, struct journal **out,
                         struct reason *why);
void journal_close(struct journal *journal);
static inline void journal_free(struct journal *journal)
{
    journal_close(journal);
}
OWN(journal)

/* Appends one batch of `count` records starting at the next sequence, and syncs it. On ST_OK it is
 * durable. `parts` is written as it is: records back to back, at most JOURNAL_BATCH_MAX in all.
 *   ST_MORE     the ring is full until a checkpoint frees a segment; nothing was written
 *   ST_IO       stop the process: nothing of this batch may be acknowledged, never call again */
enum status journal_append(struct journal *journal, const struct iovec *parts, int part_count,
                           uint32_t count);
/* After the last append. */
struct journal_mark journal_mark(const struct journal *journal);
/* A checkpoint that is on the disk holds everything up to `sequence`. */
void journal_release(struct journal *journal, uint64_t sequence);
/* Would `size` more bytes of payload fit now? */
bool journal_has_room(const struct journal *journal, size_t size);

#endif
