/*
 * peer.h - a raw client of the broker, for tests and benchmarks: an agent without its care.
 *
 * Speaks the wire protocol over one TCP connection with the product's own tls, frame and wire, and
 * lets the caller say anything: whole frames, broken ones, bare bytes. It does not seal: sections
 * are random bytes with right sizes and hashes, which is all that the broker can know.
 *
 * Threads: a peer belongs to one.
 */
#ifndef TESTS_SYSTEM_PEER_H
#define TESTS_SYSTEM_PEER_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "lib/own.h"
#include "lib/tls.h"
#include "proto/envelope.h"
#include "proto/frame.h"
#include "proto/wire.h"

/* Whose files: all PEM. `pki` is a folder made by certs/pki.sh. */
struct peer;

/* Loads the agency's files; no connection yet. Prints and exits when they are not there. */
struct peer *peer_new(const char *pki, const char *agency);
void peer_free(struct peer *peer);
OWN(peer)
/* TLS with another chain and key (certificates that should be refused). */
void peer_use(struct peer *peer, const char *chain, const char *key);

/* TCP and TLS as far as the client can see: in TLS 1.3 it finishes before the server has judged it.
 *   ST_CLOSED, ST_FORGED, ST_INVALID, ST_IO  the other side went, or its certificate does not hold
 */
enum status peer_connect(struct peer *peer, uint16_t port, int wait_ms);
void peer_disconnect(struct peer *peer);

/* A hello frame of this agency as bytes, to be said over somebody else's connection. */
size_t peer_hello_frame(struct peer *peer, uint8_t *out, size_t room);
/* Hello, the welcome, and the gazette followed as by one that holds all that was published: nothing
 * is delivered to who does not follow. ST_INVALID: the broker sent a refusal; peer_refused says it.
 */
enum status peer_hello(struct peer *peer, uint32_t credit, uint32_t credit_size, int wait_ms);
/* Follows it again, from another entry on. */
void peer_follow(struct peer *peer, uint64_t after);
const char *peer_refused(const struct peer *peer);
/* Connect and hello, or the test fails. */
void peer_open(struct peer *peer, uint16_t port, uint32_t credit);

/* Queues a frame, or bytes as they are; peer_flush sends what is queued, waiting for the socket. */
void peer_say(struct peer *peer, const struct wire *wire, struct bytes body);
void peer_say_bytes(struct peer *peer, const void *data, size_t size);
enum status peer_flush(struct peer *peer, int wait_ms);
/* Sends what it can without waiting. */
enum status peer_push(struct peer *peer);
size_t peer_unsent(const struct peer *peer); /* bytes */

/* The next frame; what it borrows is valid until the next call. Sends what is queued while waiting.
 *   ST_MORE     none within `wait_ms` (0: only what is there)
 *   ST_CLOSED   the broker closed the connection */
enum status peer_next(struct peer *peer, struct wire *wire, struct bytes *body, int wait_ms);

/* A random sealing key, stated, signed and published; its id, for envelopes to this agency. */
void peer_publish_key(struct peer *peer, uint8_t key_id[static KEY_ID_SIZE]);

/* What goes into a header. */
struct mail {
    const char *type, *to, *clause, *purpose, *gateway, *agreement_id;
    uint32_t agreement_version;
    struct digest agreement_hash;
    int urgency, marking;
    const uint8_t *key_id;      /* the recipient's */
    const uint32_t *categories; /* ascending, `category_count` of them */
    size_t category_count;
    size_t section_size; /* bytes of each sealed section */
};

/* A psr.request as the community's agreement (community.h) permits it, in two sections of `size` /
 * 2 bytes; `key_id` is borrowed. */
struct mail mail_request(const char *to, const uint8_t key_id[static KEY_ID_SIZE],
                         const struct digest *agreement, size_t size);

/* Fills an envelope and `body` (category_count * section_size random bytes, the caller's). */
void peer_compose(struct peer *peer, const struct mail *mail, struct envelope *envelope,
                  uint8_t *body);
/* Signs `count` envelopes as one batch and queues a submit for each; all share `body`. */
void peer_submit(struct peer *peer, struct envelope envelopes[], size_t count, struct bytes body);
/* One at a time, and wait for the broker's verdict on it. Evidence of other kinds is settled. */
enum status peer_submit_and_wait(struct peer *peer, struct envelope *envelope, struct bytes body,
                                 struct wire *verdict, int wait_ms);

/* A delivery to be answered with a signed step. */
struct taken {
    struct id message_id;
    struct digest header_digest;
};
/* Signs DELIVERED for `count` deliveries as one batch and queues them. */
void peer_confirm(struct peer *peer, const struct taken taken[], size_t count);

int peer_fd(const struct peer *peer); /* to wait on; -1 when not connected */
EVP_PKEY *peer_signing_key(const struct peer *peer);
const struct digest *peer_signer(const struct peer *peer); /* SHA-256 of the signing certificate */
const uint8_t *peer_community(const struct peer *peer);
const char *peer_agency(const struct peer *peer);
int64_t peer_now_ms(void);

#endif
