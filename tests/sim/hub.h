/*
 * hub.h - the real exchange and the real state, with a journal in memory: a broker that dies when
 * it is told to and comes back from its last checkpoint and the journal's tail.
 *
 *     commands in the turn --hub_run--> events (durable) --> watcher, effects --> watcher
 *
 * Only the disk and the threads are not there: the journal is a list of payloads, and a batch is
 * durable when the caller says so. Failures that no input may cause abort.
 */
#ifndef TESTS_SIM_HUB_H
#define TESTS_SIM_HUB_H

#include "agreements/agreement.h"
#include "broker/exchange.h"
#include "broker/exchange_inside.h"
#include "broker/pace.h"
#include "lib/own.h"

#define MUST(call)                                                                                 \
    do {                                                                                           \
        enum status status_ = (call);                                                              \
        if (status_ != ST_OK) {                                                                    \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, status_name(status_));   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* How a batch ends. */
enum fate {
    FATE_SEEN,  /* durable, and its effects are on their way */
    FATE_MUTE,  /* durable; then the broker dies */
    FATE_UNDONE /* the broker dies before it is durable */
};

struct hub;

struct hub_watch {
    void *context;
    void (*begun)(void *context, int64_t now_ms); /* a batch that is durable; its events follow */
    void (*event)(void *context, const struct event *event); /* durable */
    void (*effect)(void *context, const struct effect *effect);
    void (*died)(void *context); /* and is back: no session is open */
};

/* A new broker whose state lies in `folder`; `text` is assumed in force. */
struct hub *hub_new(const char *folder, const char *text, int64_t wall_ms, int64_t monotonic_ms,
                    const struct hub_watch *watch);
void hub_free(struct hub *hub);
OWN(hub)

struct turn *hub_turn(struct hub *hub);         /* where commands go */
struct exchange *hub_exchange(struct hub *hub); /* as it is now: another one after each death */
const struct agreement *hub_agreement(const struct hub *hub);
/* Runs what the turn holds as one batch, at the time that these make (broker/pace.h). False: the
 * broker has died. */
bool hub_run(struct hub *hub, int64_t wall_ms, int64_t monotonic_ms, enum fate fate);
/* All durable batches but the last `behind` are in the state from now on. */
void hub_checkpoint(struct hub *hub, size_t behind);
/* It dies between two batches, and comes back. */
void hub_die(struct hub *hub);

#endif
