/*
 * state_inside.h - the state's own insides, shared by state.c (opening, commits, what the store
 * says of itself) and state_fold.c (what events make true), and by nobody else.
 */
#ifndef BROKER_STATE_INSIDE_H
#define BROKER_STATE_INSIDE_H

#include "broker/state.h"
#include "broker/window.h"

struct state {
    struct store *store;   /* owned */
    struct txn *txn;       /* owned: begun by the window's first need, NULL between windows */
    struct window *window; /* owned */
    uint64_t sequence;     /* of the last event gathered */
    uint64_t published;    /* entries of the gazette, with those gathered */
    int64_t at_ms;         /* of the newest event, with those gathered */
    enum status failed;    /* sticky */
};

/* The write transaction, begun if need be.   ST_NOMEM, ST_IO */
enum status state_begin(struct state *state);
/* The window goes into the transaction, and is empty then.
 *   ST_LIMIT    the map is full;   ST_NOMEM, ST_IO */
enum status state_write_window(struct state *state);
/* Nothing gathered will be committed, now or later; answers `status`. */
enum status state_fail(struct state *state, enum status status);

#endif
