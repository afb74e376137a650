/*
 * keeper.h - the thread that keeps everything: store, keys, agreements; around the desk.
 *
 *     local, uplink, main --stage.h--> keeper --desk.h--> one commit a turn --> local, uplink
 *
 * Takes what has queued, bounded, from each pipe; ends the turn; then hands out what the turn
 * produced. The only one that touches the store and the private keys. A store that fails ends the
 * process (lib/store.h): main is told by SIGTERM and keeper_failed.
 *
 * Threads: opened by main, run by one thread of its own.
 */
#ifndef AGENTS_KEEPER_H
#define AGENTS_KEEPER_H

#include "agents/config.h"
#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/pipe.h"
#include "lib/reason.h"
#include "lib/status.h"

struct keeper;

struct keeper_settings {
    const struct config *config;           /* borrowed */
    struct bytes signing_certificate;      /* DER; borrowed */
    struct pipe *control, *local, *uplink; /* this thread's ends, taken over */
};

/* Opens store and keys, loads trust and agreements.
 *   ST_IO, ST_INVALID, ST_FORGED, ST_NOMEM   `why` says what */
enum status keeper_open(const struct keeper_settings *settings, struct keeper **out,
                        struct reason *why);
void keeper_free(struct keeper *keeper); /* NULL is fine */
OWN(keeper)

/* Until STAGE_STOP or a failure; then tells the other two to stop. For pthread_create. */
void *keeper_run(void *keeper);
/* After it has been joined: did it end by a failure? */
bool keeper_failed(const struct keeper *keeper);

#endif
