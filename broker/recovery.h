/*
 * recovery.h - the start: the journal's tail becomes a checkpoint, and a new ring begins.
 *
 *     last checkpoint --journal_replay--> fold --commit with a fresh mark--> journal_open
 *
 * Nothing is served before it returns. A power cut at any point of it is harmless: until the commit
 * the old checkpoint and the old ring say everything, after it the new checkpoint does.
 *
 * Threads: before any other of the broker; `state` may then be given to its thread.
 * Source: docs/journal.md §5, docs/decisions/0001-tail-folded-at-start.md.
 */
#ifndef BROKER_RECOVERY_H
#define BROKER_RECOVERY_H

#include "broker/journal.h"
#include "broker/state.h"

/* What the start found. */
struct recovery {
    uint64_t batches, events; /* in the tail */
    uint64_t sequence;        /* the last one, now in the checkpoint */
};

/*   ST_INVALID  journal or store is damaged, or they do not belong together; `why` says where
 *   ST_LIMIT    the store is full
 *   ST_NOMEM, ST_IO */
enum status recovery_run(struct state *state, const struct disk *disk,
                         const struct journal_config *config, struct journal **out,
                         struct recovery *found, struct reason *why);

#endif
