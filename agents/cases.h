/*
 * cases.h - which messages are about which case: an index by case handle over the tracks.
 *
 *     track_put_new --> cases_put     track_delete --> cases_drop     dossier.c --> cases_newest
 *
 * The index holds places, not copies: what a place names may be gone (a record that was damaged
 * when its time was over), and whoever walks passes over it. A store from before the index has it
 * empty: messages of then are about no case as far as the index goes, and leave with their time
 * (DUPLICATE_DAYS); `track` shows them all the same.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_CASES_H
#define AGENTS_CASES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/id.h"
#include "lib/status.h"
#include "lib/store.h"

/* The message `way`, `key`, this agency's `number`th, is about the case. A zero handle is about
 * none: nothing is put. */
enum status cases_put(struct txn *txn, const struct id *handle, uint64_t number, char way,
                      const struct id *key);
enum status cases_drop(struct txn *txn, const struct id *handle, uint64_t number);

/* Calls `visit` for the case's messages, the newest first, until it says false. O(those visited) */
enum status cases_newest(struct txn *txn, const struct id *handle,
                         bool (*visit)(void *context, char way, const struct id *key),
                         void *context);

#endif
