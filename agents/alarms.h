/*
 * alarms.h - what the broker has told this agency has not come in time, and whether a person has
 * seen it.
 *
 *     ClockTold (told.h) --alarms_take--> TREE_ALARMS --> `concordat alarms', above the inbox
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
/* ST_MORE: there is no such alarm (any more). */
enum status alarms_see(struct txn *txn, uint64_t number);
/* Calls `visit` for the newest first until it says false; not `all': those nobody has seen. It must
 * not write. O(those visited) */
enum status alarms_each(struct txn *txn, bool all,
                        bool (*visit)(void *context, const struct alarm *alarm), void *context);

#endif
