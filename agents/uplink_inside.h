/*
 * uplink_inside.h - the uplink's own insides, shared by uplink.c (the thread, and what the keeper
 * says to it) and uplink_connection.c (one connection after the other, and what comes of it), and
 * by nobody else.
 */
#ifndef AGENTS_UPLINK_INSIDE_H
#define AGENTS_UPLINK_INSIDE_H

#include <sys/socket.h>

#include "agents/stage.h"
#include "agents/uplink.h"
#include "agents/uplink_session.h"
#include "lib/log.h"
#include "lib/loop.h"

#define BACKOFF_LEAST_MS 200
#define READ_SIZE (64 * 1024) /* bytes of `plain' */

/* A message that the keeper's pipe had no room for, in order. */
struct held {
    struct held *next;
    void *stage; /* owned */
    size_t size;
};

struct uplink {
    struct uplink_settings settings;
    struct sockaddr_storage address;
    socklen_t address_size;
    struct tls_context *tls; /* owned */
    struct loop *loop;       /* owned; while running */
    uint8_t *plain;          /* READ_SIZE bytes */

    /* the connection; all owned, none of it between connections */
    int socket; /* -1: none */
    struct tls *engine;
    struct uplink_session *session;
    bool connecting, announced;
    uint32_t events; /* what the loop watches the socket for */
    int64_t started_ms;
    uint64_t number; /* of the connection */

    int64_t retry_at_ms, backoff_ms; /* monotonic; length */
    struct log_limit noisy;
    struct held *held, **held_end; /* for the keeper */
};

/* ---- uplink.c: to the keeper ---- */

/* Messages go in order: what its pipe has no room for is held, and meanwhile nothing is read from
 * the broker.   ST_NOMEM */
enum status uplink_tell_link(struct uplink *u, enum stage_kind kind,
                             const struct uplink_welcome *welcome, const struct reason *why);
enum status uplink_tell_frames(struct uplink *u, struct bytes frames);

/* ---- uplink_connection.c ---- */

/* A new connection, which counts from now on; when it cannot be made, it is lost at once. */
void uplink_dial(struct uplink *u);
/* By the clock: a handshake that takes too long, pings, silence. */
void uplink_connection_tick(struct uplink *u, int64_t now_ms);
/* Watches the socket for what is due now; call it after whatever was said or held. */
void uplink_watch(struct uplink *u);
/* Writes what the socket takes. False: the connection is gone. */
bool uplink_flush(struct uplink *u);
/* The connection ends: the keeper is told why, and it is tried again after a while, each time twice
 * as long, 30 s at most. */
void uplink_lose(struct uplink *u, const struct reason *why);
void uplink_lose_for(struct uplink *u, const char *text, const char *detail);
/* The same without a word: at the end. */
void uplink_hang_up(struct uplink *u);

#endif
