/*
 * inbox.h - messages for us: opened, checked, durable before we sign `delivered`.
 *
 * The body is kept as plain protobuf in the agency's own store (files 0600): it is the agency's
 * data. It goes when its retention ends (TREE_DUE); the track stays.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_INBOX_H
#define AGENTS_INBOX_H

#include "agents/record.h"
#include "lib/store.h"

/* A new message, which nobody has taken yet: shown by lane, then number. */
enum status inbox_put(struct txn *txn, const struct id *key, uint8_t lane, uint64_t number,
                      struct bytes body);
/* Its body, borrowed until the transaction ends or writes.
 *   ST_MORE     never there, or its retention is over
 *   ST_INVALID  the record is damaged */
enum status inbox_get(struct txn *txn, const struct id *key, struct bytes *body);
/* Somebody has taken it. */
enum status inbox_taken(struct txn *txn, const struct id *key);
/* Nobody has, after all. */
enum status inbox_return(struct txn *txn, const struct id *key);
enum status inbox_delete(struct txn *txn, const struct id *key);
size_t inbox_count_unopened(struct txn *txn);
/* Calls `visit` for those nobody has taken, immediate first, until it says false. */
enum status inbox_unopened(struct txn *txn, bool (*visit)(void *context, const struct id *key),
                           void *context);

#endif
