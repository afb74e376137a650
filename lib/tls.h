/*
 * tls.h - TLS 1.3, mutual, as a machine between buffers (RFC 8446). Does no I/O.
 *
 *     socket bytes --tls_feed--> [ engine ] --tls_read--> plain bytes
 *     socket bytes <--tls_take-- [ engine ] <--tls_write-- plain bytes
 *
 * Settings: TLS 1.3 only, AES-256-GCM then ChaCha20, P-256 and X25519, ALPN `concordat/1`, no
 * tickets, no cache, no early data; CRLs of root and issuer required. After OpenSSL's chain check
 * the certificate must fit its profile (identity.h). A context never changes: a reload makes a new
 * one, and live engines are checked again against it.
 *
 * Both sides: tls_new, then tls_read once (the client's hello is then pending), then after each
 * tls_feed tls_read until it says ST_MORE. Whatever it says, flush what is pending before closing:
 * it may be the alert that tells the peer why. A client is open before the broker has judged it
 * (RFC 8446 §4.4.4), so only the broker's `welcome` frame means that it was let in.
 *
 * Threads: a context may be shared once made; an engine belongs to one thread.
 */
#ifndef LIB_TLS_H
#define LIB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/identity.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"

struct tls_context;

enum tls_side {
    TLS_BROKER, /* server: peers are agencies' transport certificates */
    TLS_AGENT   /* client: the peer is the broker's certificate */
};

/* Paths of PEM files. `chain` holds our certificate and its issuer; `trust` the root and the
 * issuer; `crls` one CRL of each. */
struct tls_files {
    const char *chain, *key, *trust, *crls;
};

/* Everything is loaded and checked now: key matches certificate, our own certificate holds and fits
 * its profile, each CA of `trust` has exactly one CRL, in date.
 *   ST_IO       a file cannot be read
 *   ST_INVALID  a file does not hold what it should; `why` names file and fault
 *   ST_NOMEM */
enum status tls_context_new(enum tls_side side, const struct tls_files *files,
                            struct tls_context **out, struct reason *why);
void tls_context_free(struct tls_context *context); /* engines keep it alive */
OWN(tls_context)

/* May `next` take the place of `context` at a reload? Same community and same name, and no CRL goes
 * back: each is the very one we have, or has a higher number and a later issue date.
 *   ST_FORGED   no: an older CRL would bring revoked certificates back to life */
enum status tls_context_follows(const struct tls_context *context, const struct tls_context *next,
                                struct reason *why);

/* SHA-256 of the root certificate (DER): the community id. */
const uint8_t *tls_context_community(const struct tls_context *context); /* DIGEST_SIZE bytes */
/* Who we are. */
const struct identity *tls_context_self(const struct tls_context *context);
/* When the first of the CRLs runs out, ms since 1970. */
int64_t tls_context_crl_until_ms(const struct tls_context *context);
/* Chain, CRLs and profile `use` of a certificate that came by another way than the handshake (a
 * signing certificate in a hello). `der` is the leaf; its issuer is the context's. About 200 µs.
 *   ST_FORGED   not of this community, revoked, out of date or of another profile */
enum status tls_context_check(const struct tls_context *context, const uint8_t *der, size_t size,
                              enum identity_use use, struct identity *out, struct reason *why);
/* The same as it was at `at_ms`, ms since 1970: in date then, and not revoked by then, whatever
 * became of it since. For what was signed and published long ago. */
enum status tls_context_check_at(const struct tls_context *context, struct bytes der,
                                 enum identity_use use, int64_t at_ms, struct identity *out,
                                 struct reason *why);

struct tls; /* one connection's engine */

/* NULL when memory is out. */
struct tls *tls_new(struct tls_context *context);
void tls_free(struct tls *tls); /* NULL is fine */
OWN(tls)

/* Gives bytes from the socket. Takes all of them.
 *   ST_NOMEM    the engine cannot hold them */
enum status tls_feed(struct tls *tls, const uint8_t *data, size_t size);
/* Advances the handshake, then reads plain bytes; with `room` 0 the handshake only. Anything but
 * ST_OK and ST_MORE is final and is said again.
 *   ST_MORE     nothing to read now
 *   ST_CLOSED   the peer closed cleanly (close_notify)
 *   ST_FORGED   the peer's certificate does not hold, or none came; tls_reason says why
 *   ST_INVALID  TLS was broken by the peer, or it sent an alert */
enum status tls_read(struct tls *tls, uint8_t *out, size_t room, size_t *got);
/* Encrypts all of `size` bytes, in records of at most 16 KiB. Only once tls_is_open. A record costs
 * its maker and its reader about 1 µs each beside 0.5 ns a byte: gather what a turn has to say.
 *   ST_NOMEM */
enum status tls_write(struct tls *tls, const uint8_t *data, size_t size);
/* Moves up to `room` bytes meant for the socket; 0 when there are none. */
size_t tls_take(struct tls *tls, uint8_t *out, size_t room);
/* The same without a copy: all bytes meant for the socket, valid until the next call on `tls`; then
 * how many of them went. */
struct bytes tls_outgoing(const struct tls *tls);
void tls_gone(struct tls *tls, size_t size);
size_t tls_pending(const struct tls *tls); /* bytes meant for the socket */
/* Queues close_notify. */
void tls_close(struct tls *tls);

bool tls_is_open(const struct tls *tls); /* handshake done, peer's certificate good */
/* Valid once open, or after ST_FORGED as far as known: an empty id and zero digests otherwise. */
const struct identity *tls_peer(const struct tls *tls);
const struct reason *tls_reason(const struct tls *tls); /* why ST_FORGED or ST_INVALID */
/* Checks the live peer against another context (new CRLs).
 *   ST_FORGED   it must be closed */
enum status tls_recheck(struct tls *tls, struct tls_context *context, struct reason *why);

#endif
