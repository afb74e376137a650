/*
 * writer.h - the exchange thread: turns in, one journal batch at a time, effects out.
 *
 *     drain what has queued -> exchange_run each -> journal_append (sync) -> state, links
 *
 * Under load the batch grows by itself while the disk syncs: that is the group commit. When the
 * journal's ring is full, or a link does not take its effects, nothing is read until that is over,
 * and the pressure reaches the peers through the links.
 *
 * Threads: writer_start makes one, the only one that touches the exchange and the journal.
 */
#ifndef BROKER_WRITER_H
#define BROKER_WRITER_H

#include "broker/exchange.h"
#include "broker/journal.h"
#include "lib/pipe.h"

#define LINKS_MAX 8

struct writer_config {
    struct exchange *exchange; /* taken, as all of these */
    struct journal *journal;
    struct state_reader *reader; /* the one the exchange reads through */
    struct pipe *links[LINKS_MAX];
    struct pipe *state, *admin, *main;
    unsigned link_count;
    uint64_t checkpoint; /* sequence of the last event in the store */
};

struct writer_thread;

/* Takes what the config holds, also when it fails. */
enum status writer_start(const struct writer_config *config, struct writer_thread **out);
/* Waits for its end, which NOTE_LAST from every link brings. */
void writer_join(struct writer_thread *writer);
/* Once joined, and once nobody else uses the other ends of its pipes. NULL is fine. */
void writer_free(struct writer_thread *writer);

#endif
