/*
 * alarms.h - what the broker has told this agency has not come in time, and whether a person has
 * seen it.
 *
 *     ClockTold (told.h) --alarms_take--> TREE_ALARMS --> `concordat alarms', above the inbox
 *
 * So it is with evidence that a newer broker told and this release cannot read: the bytes are kept,
 * and read again by a release that can (alarming.c).
 *
 * The newest ALARMS_MAX are kept, and any that nobody has seen; numbers are this agency's, from 1.
 * What is told twice is one.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_ALARMS_H
#define AGENTS_ALARMS_H

#include "lib/merkle.h"
#include "lib/store.h"
#include "proto/told.h"

#define UNREADABLE "unreadable"
#define ALARMS_MAX 100000 /* about 400 bytes each */

struct alarm {
    uint64_t number;
    bool seen;
    struct digest digest; /* of what was told */
    struct clock_told told;
};

/* *is_new false: it was told before, and nothing has changed. */
enum status alarms_take(struct txn *txn, const struct clock_told *told, const struct digest *digest,
                        bool *is_new);
/* Evidence that this release cannot read, of the broker's: `kind' (wire.h) and its bytes are kept,
 * and an alarm of kind and stage UNSPECIFIED says so, of type UNREADABLE, owed by `broker'. */
enum status alarms_keep_unreadable(struct txn *txn, const char *broker, uint8_t kind,
                                   struct bytes bytes, int64_t at_ms, bool *is_new);
struct unreadable {
    struct digest digest; /* zero: before the first. Its first ID_SIZE bytes count */
    uint8_t kind;
    uint64_t alarm;
    struct bytes bytes; /* borrowed from the transaction */
};
/* The one after `*at', in no order that means anything.   ST_MORE: it was the last */
enum status alarms_next_unreadable(struct txn *txn, struct unreadable *at);
/* It has been read after all: nothing is kept of it, and its alarm has been seen. */
enum status alarms_was_read(struct txn *txn, const struct unreadable *read);
/* ST_MORE: there is no such alarm (any more). */
enum status alarms_see(struct txn *txn, uint64_t number);
/* Calls `visit` for the newest first until it says false; not `all': those nobody has seen. It must
 * not write. O(those visited) */
enum status alarms_each(struct txn *txn, bool all,
                        bool (*visit)(void *context, const struct alarm *alarm), void *context);

#endif
