/*
 * window.h - what the batches since the last commit amount to, before it is written.
 *
 *     fold --messages, kept, items, removals, puts--> window --window_write--> one LMDB transaction
 *
 * An item that is made and removed in the same window leaves no trace; a message or a kept record
 * touched twice is written once, as it was last. Keys and changed values lie in the window's arena;
 * records stay in the caller's payload. Vectors keep their memory over windows, so steady work
 * allocates little.
 *
 * Threads: one owner, the state thread.
 */
#ifndef BROKER_WINDOW_H
#define BROKER_WINDOW_H

#include "broker/record.h"
#include "lib/store.h"

/* A message or a kept record that this window touched: as it will be written. */
struct slot {
    uint64_t hash;
    int tree;
    struct bytes key; /* in the arena, like `value` */
    uint8_t *value;
    size_t value_size;
};

struct window;

/* NULL when memory or randomness is out. */
struct window *window_new(void);
void window_free(struct window *window); /* NULL is fine */
OWN(window)

/* Bytes taken of the arena since the last reset. */
size_t window_size(const struct window *window);
/* `size` bytes until the next reset; NULL when memory is out. */
uint8_t *window_take(struct window *window, size_t size);
void window_reset(struct window *window);

/* NULL when this window has not touched it. A slot is valid until the next is added. */
struct slot *window_message(const struct window *window, const struct tree_key *key);
/* Adds a message that is not there yet.   ST_NOMEM */
enum status window_add_message(struct window *window, const struct tree_key *key,
                               struct slot **out);
/* Copies the value in.   ST_NOMEM */
enum status window_set_message(struct window *window, struct slot *slot, struct bytes value);

/* What stands under a key of `kept` from now on; empty: nothing does. Copies both.   ST_NOMEM */
enum status window_keep(struct window *window, const struct tree_key *key, struct bytes record);

/* An item and its place in `queues`. Sequences ascend. `record` is borrowed until the reset.
 *   ST_NOMEM */
enum status window_add_item(struct window *window, uint64_t sequence, const struct tree_key *queued,
                            struct bytes record);
/* Takes an item out of its queue, in this window or, when it is written, in the trees. One that is
 * not in that queue stays where it is.   ST_NOMEM */
enum status window_remove_item(struct window *window, uint64_t sequence,
                               const struct tree_key *queued);
/* Anything else. `value` is borrowed until the reset.   ST_NOMEM */
enum status window_put(struct window *window, int tree, const struct tree_key *key,
                       struct bytes value);

/* Writes everything into `txn` and resets the window, also when it fails. */
enum status window_write(struct window *window, struct txn *txn);

#endif
