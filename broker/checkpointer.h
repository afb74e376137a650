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

struct checkpointer_config {
    struct state *state;    /* borrowed until the thread has ended */
    struct pipe *exchange;  /* taken, also on failure */
    uint64_t gathered_most; /* bytes: then it commits at once. A part of the journal's ring, so that
                               the ring does not fill while a commit is under way */
    const char *folder;     /* of the store: while its disk is nearly full, so is the store */
};

enum status checkpointer_start(const struct checkpointer_config *config, struct checkpointer **out);
/* Waits for its end, after the last checkpoint that NOTE_LAST brings. */
void checkpointer_join(struct checkpointer *checkpointer);
/* Once joined, and once nobody else uses the other ends of its pipes. NULL is fine. */
void checkpointer_free(struct checkpointer *checkpointer);

#endif
