/*
 * session.h - one agency's connection, above TLS: plain bytes in, commands and bytes out.
 *
 *     frames --session_run--> commands in the link's turn --> exchange
 *     bytes  <--session_out-- session_effect <-- effects  <-- exchange
 *
 * Does no I/O, so that tests and fuzzers drive it. What needs no shared state is checked here:
 * form, sender, signature, body. The states are a table (session.c):
 *
 *     HANDSHAKE -identify-> HELLO -hello-> JOINING -welcome-> OPEN -bye, refuse-> ENDED
 *
 * Threads: one owner, its link.
 * Source: docs/protocol.md, session.
 */
#ifndef BROKER_SESSION_H
#define BROKER_SESSION_H

#include "broker/signers.h"
#include "broker/stage.h"
#include "lib/arena.h"
#include "lib/identity.h"
#include "lib/own.h"

#define SESSION_VERSION 1

enum session_state {
    SESSION_HANDSHAKE = 0, /* TLS is not done */
    SESSION_HELLO,         /* we know the agency; it has not said hello */
    SESSION_JOINING,       /* hello is with the exchange; nothing is read */
    SESSION_OPEN,
    SESSION_ENDED, /* send what is left, then close */
    SESSION_STATES
};

struct session;

/* What all sessions of a link share; borrowed, must outlive them. */
struct session_rules {
    const uint8_t *community;       /* DIGEST_SIZE bytes */
    const char *broker;             /* our id */
    void *context;                  /* for the calls */
    signer_check *check;            /* of signing certificates */
    signer_check *check_governance; /* of governance certificates */
    signer_check *check_officer;    /* of officers' */
    /* A peer did what an honest one does not: to be logged with its identity. */
    void (*alarm)(void *context, const struct session *session, const char *event,
                  const struct reason *why);
    struct arena *arena;
    struct batch_cache *cache;
    struct turn *turn; /* commands go here */
};

/* NULL when memory is out. */
struct session *session_new(session_id id, const struct session_rules *rules);
void session_free(struct session *session); /* NULL is fine */
OWN(session)

/* TLS is done: this is the peer. */
void session_identify(struct session *session, const struct identity *peer);

/* Plain bytes: room to read into, and how many were. NULL when memory is out. Only after
 * session_run said ST_MORE. */
uint8_t *session_room(struct session *session, size_t *room);
void session_filled(struct session *session, size_t size);

/* Takes one frame, if it may and one is there.
 *   ST_OK       one was taken
 *   ST_MORE     more bytes are needed
 *   ST_LIMIT    over its credit, or joining: read nothing until an effect has come
 *   ST_CLOSED   ended: send what is left, then close
 *   ST_NOMEM    close */
enum status session_run(struct session *session, int64_t wall_ms);

/* What the exchange says to this session.
 *   ST_NOMEM    close */
enum status session_effect(struct session *session, const struct effect *effect, int64_t wall_ms);
/* The turn is over: settlements gathered become a frame.
 *   ST_NOMEM    close */
enum status session_flush(struct session *session);
/* Asks for a sign of life. */
enum status session_ping(struct session *session, int64_t wall_ms);
/* We close: says so with `code`, and ends. `code` NULL: bye. */
enum status session_refuse(struct session *session, const char *code, const char *advice);
/* The connection is gone: tells the exchange, if it knows the session, and whether all its signing
 * certificates were gone before.
 *   ST_NOMEM */
enum status session_gone(struct session *session);
/* Nothing lies unsent: gazette entries that were written may be followed by more.
 *   ST_NOMEM */
enum status session_drained(struct session *session);

/* Bytes for the peer; borrowed until the next call that writes. */
struct bytes session_out(const struct session *session);
void session_sent(struct session *session); /* all of them are on their way */

session_id session_name(const struct session *session);
enum session_state session_state(const struct session *session);
const char *session_agency(const struct session *session); /* "" before identify */
/* May it still send as it is? New CRLs are here: checks its signing certificates again.
 *   ST_FORGED   none of them holds any more
 *   ST_NOMEM    it cannot be said: close */
enum status session_recheck(struct session *session, struct reason *why);

#endif
