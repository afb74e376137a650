/*
 * filling.h - the exchange as the last checkpoint has it: what a start reads from the store before
 * anything is served.
 *
 *     state_reader --certificates, keys, refusals, gazette, items, kept--> exchange_restore_*
 *
 * In the order that exchange.h asks for, all of it or no start: with an entry of the gazette less,
 * other agreements would be in force (invariant 21).
 *
 * Threads: main, before the exchange has one of its own.
 */
#ifndef BROKER_FILLING_H
#define BROKER_FILLING_H

#include "broker/exchange.h"

struct filling {
    struct state_reader *reader; /* borrowed; the exchange reads through it from now on */
    const char *store;           /* its folder, for a person */
    uint64_t sequence;           /* of the last event in the checkpoint */
    int64_t at_ms;               /* of the newest event */
    unsigned links;
};

/* A new exchange, for the caller to own: also on failure, when *out is not NULL. O(what the store
 * holds).
 *   ST_INVALID  the store is damaged, or its gazette does not follow from itself: `why` says where
 *   ST_NOMEM, ST_IO */
enum status filling_run(const struct filling *filling, struct exchange **out, struct reason *why);
/* The same into an exchange that is new and has its time: what filling_run does last. `store` is
 * for a person. */
enum status filling_restore(struct state_reader *reader, const char *store,
                            struct exchange *exchange, struct reason *why);

#endif
