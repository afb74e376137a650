/*
 * aging.h - what the state forgets: ids settled long ago with their refusals, closed sealing keys,
 * counts of refusals.
 *
 * Part of the fold (EVENT_AGED): knows no clock but the event's.
 *
 * Threads: the state thread.
 */
#ifndef BROKER_AGING_H
#define BROKER_AGING_H

#include <stdint.h>

#include "lib/status.h"
#include "lib/store.h"

/* Forgets what is over at `at_ms`, looking at the trees alone. O(what is forgotten).
 *   ST_INVALID  the store is damaged
 *   ST_NOMEM, ST_IO, ST_LIMIT */
enum status aging_run(struct txn *txn, int64_t at_ms);

#endif
