/*
 * checkpointer.h - the state thread: folds durable batches into LMDB, a commit about once a second.
 *
 *     exchange --batches--> gather --commit--> on the disk --NOTE_CHECKPOINT--> exchange
 *
 * The buffers are shared with the exchange and read only; they are let go before the checkpoint is
 * reported, so that the exchange's own copy is the last.
 *
 * Threads: checkpointer_start makes one, the only one that writes the state.
 */
#ifndef BROKER_CHECKPOINTER_H
#define BROKER_CHECKPOINTER_H

#include "broker/stage.h"
#include "broker/state.h"
#include "lib/pipe.h"

struct checkpointer;

/* `state` is borrowed until the thread has ended; the pipe is taken, also on failure. Commits at
 * once when `gathered_most` bytes are gathered: a part of the journal's ring, so that the ring does
 * not fill while a commit is under way. */
enum status checkpointer_start(struct state *state, struct pipe *exchange, uint64_t gathered_most,
                               struct checkpointer **out);
/* Waits for its end, after the last checkpoint that NOTE_LAST brings. */
void checkpointer_join(struct checkpointer *checkpointer);
/* Once joined, and once nobody else uses the other ends of its pipes. NULL is fine. */
void checkpointer_free(struct checkpointer *checkpointer);

#endif
