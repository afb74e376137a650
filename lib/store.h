/*
 * store.h - LMDB for broker and agents: open, lock, transaction, fail-stop.
 *
 * Fully synchronous, never MDB_NOSYNC: a commit that returns is on the disk. One process per store
 * (a lock file). The first I/O error ends the process that owns the store: nothing is retried.
 * Full is not an error: ST_LIMIT, and what is there stays readable.
 *
 * LMDB writes a transaction's pages, syncs, and only then its root: pages that a failed sync left
 * in the page cache are never reached from a root, so a restart may read through the cache.
 *
 * Threads: one thread writes, begin to commit. Read transactions (MDB_NOTLS) may be used by others.
 */
#ifndef LIB_STORE_H
#define LIB_STORE_H

#include <lmdb.h>
#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"

struct store;
struct txn; /* a transaction, reading or writing */

/* Opens or makes `folder` (0700, files 0600) with room for `map_size` bytes and `tree_count` named
 * trees in the order of `trees`; a tree is then known by its place.
 *   ST_IO       the system refused; `why` says what
 *   ST_INVALID  another process has it open, or it is not ours */
enum status store_open(const char *folder, size_t map_size, const char *const trees[],
                       size_t tree_count, struct store **out, struct reason *why);
void store_close(struct store *store);
static inline void store_free(struct store *store)
{
    store_close(store);
}
OWN(store)

enum status store_begin(struct store *store, bool writing, struct txn **out);
/* ST_IO: stop the process. ST_LIMIT: the map is full; nothing was written. Ends the transaction. */
enum status store_commit(struct txn *txn);
void store_abort(struct txn *txn); /* NULL is fine */

/* ST_OK, or ST_MORE when the key is not there. The value is valid until the transaction ends. */
enum status store_get(struct txn *txn, int tree, struct bytes key, struct bytes *value);
/*   ST_LIMIT    the map is full; abort the transaction */
enum status store_put(struct txn *txn, int tree, struct bytes key, struct bytes value);
/* The same for a value that the caller writes in place, before the next call: spares a copy. */
enum status store_reserve(struct txn *txn, int tree, struct bytes key, size_t size, uint8_t **out);
/* ST_OK also when it was not there. */
enum status store_delete(struct txn *txn, int tree, struct bytes key);

/* Walks a tree in order of keys. `from` {NULL, 0}: from the start; else from the first key >= it.
 */
struct walk;
enum status walk_open(struct txn *txn, int tree, struct bytes from, struct walk **out);
/* ST_MORE at the end. */
enum status walk_next(struct walk *walk, struct bytes *key, struct bytes *value);
void walk_close(struct walk *walk);

/* Pages in use of the map, in 1/1000: for the high-water mark. Freed pages do not count. Cheap
 * below one half; above, it counts the free list. 1000 when the system refuses. */
unsigned store_fullness(struct store *store);
size_t store_entries(struct txn *txn, int tree);

#endif
