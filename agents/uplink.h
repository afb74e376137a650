/*
 * uplink.h - the connection to the broker: socket, TLS, session, and the patience to try again.
 *
 *     broker --socket--> lib/tls --plain--> uplink_session --frames--> keeper
 *            <---------          <-------                  <--frames--
 *
 * Sees sealed bytes only: no key to any content comes here. The broker must show a certificate of
 * this community with the broker's profile; the session is open only once it says welcome. When the
 * connection ends it comes again after 0.2 s, then twice as long each time up to 30 s, each time
 * with jitter, so that a broker that restarts is not met by all its agents at once.
 *
 * While the keeper is behind, the socket is not read, and TCP pushes back. What the keeper sends is
 * bounded by the broker's credit, so it is taken at once.
 *
 * Threads: opened by main, run by one thread of its own.
 */
#ifndef AGENTS_UPLINK_H
#define AGENTS_UPLINK_H

#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/pipe.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "lib/tls.h"

struct uplink;

struct uplink_settings {
    const char *broker;               /* host:port, numeric; borrowed */
    struct tls_files files;           /* paths borrowed; read again on STAGE_RELOAD */
    struct bytes signing_certificate; /* DER; borrowed */
    struct pipe *keeper;              /* this thread's end, taken over */
};

/* Loads the TLS files; connects when it runs.
 *   ST_IO, ST_INVALID   as tls_context_new; or the address is none */
enum status uplink_open(const struct uplink_settings *settings, struct uplink **out,
                        struct reason *why);
void uplink_free(struct uplink *uplink); /* NULL is fine */
OWN(uplink)

/* Until STAGE_STOP. For pthread_create: `uplink` is a struct uplink. */
void *uplink_run(void *uplink);

#endif
