/*
 * uplink_session.h - our side of the talk with the broker, as a machine between bytes.
 *
 *     bytes --uplink_session_filled--> frames --> checked here (welcome, ping, refuse, bye)
 *                                             \-> whole, for the keeper (uplink_session_take)
 *     uplink_session_output --> bytes for TLS
 *
 *     state     frame            next
 *     HELLO     welcome          OPEN
 *     HELLO     refuse           ended: the broker says why
 *     OPEN      receipt, refusal, step, withheld, told, deliver, settle, credit, directory,
 *               gazette, case    OPEN, to the keeper
 *     OPEN      ping             OPEN, answered
 *     OPEN      refuse, bye      ended
 *     any       anything else    ended: ST_INVALID
 *
 * Does no I/O, so tests and fuzzers drive it. The session is open only after the broker's welcome:
 * in TLS 1.3 a client finishes before the server has judged its certificate.
 *
 * Threads: one owner, the uplink.
 */
#ifndef AGENTS_UPLINK_SESSION_H
#define AGENTS_UPLINK_SESSION_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"

struct uplink_session;

/* What the hello says; borrowed for the call. `broker` is who the certificate says we talk to: the
 * welcome must say the same. */
struct uplink_hello {
    struct bytes community;           /* DIGEST_SIZE bytes */
    struct bytes signing_certificate; /* DER */
    const char *broker;
};

struct uplink_welcome {
    uint32_t credit, credit_size;
    int64_t broker_ms;
};

/* A new one with its hello ready to go. NULL when memory is out. */
struct uplink_session *uplink_session_new(const struct uplink_hello *hello, int64_t now_ms);
void uplink_session_free(struct uplink_session *session);
OWN(uplink_session)

/* Where to put what was read; NULL when memory is out. */
uint8_t *uplink_session_room(struct uplink_session *session, size_t *room);
/* `size` bytes were put there.
 *   ST_CLOSED   the broker ended it: `why` says what it said
 *   ST_INVALID  it broke the protocol: `why` says how
 *   ST_NOMEM */
enum status uplink_session_filled(struct uplink_session *session, size_t size, int64_t now_ms,
                                  struct reason *why);
/* Pings a silent broker, and gives it up in the end.
 *   ST_CLOSED   nothing came for IDLE_MS, or no welcome for HANDSHAKE_MS */
enum status uplink_session_tick(struct uplink_session *session, int64_t now_ms, struct reason *why);
/* `size` bytes went to the broker: it need not be pinged. */
void uplink_session_sent(struct uplink_session *session, int64_t now_ms);

/* True once welcomed; `out` may be NULL. */
bool uplink_session_is_open(const struct uplink_session *session, struct uplink_welcome *out);

/* Whole frames for the keeper since the last take, borrowed until the next call; {NULL, 0}: none.
 */
struct bytes uplink_session_take(struct uplink_session *session);
/* Bytes for the broker, borrowed until the next call. */
struct bytes uplink_session_output(struct uplink_session *session);

#endif
