/*
 * tls_context.h - what the engine (tls.c) needs of a context (tls_context.c); no one else includes
 * it. The public face of both is tls.h.
 */
#ifndef LIB_TLS_CONTEXT_H
#define LIB_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "lib/tls.h"

#define TLS_ALPN "concordat/1"

/* What the handshake found out about the peer. One per engine, reached from OpenSSL's verification
 * by SSL_get_app_data. */
struct tls_verdict {
    bool seen, refused; /* a certificate came; it does not hold */
    struct identity peer;
    struct reason why;
};

/* One more holder; gives it back. tls_context_free lets one go. */
struct tls_context *tls_context_hold(struct tls_context *context);
/* A new connection with its side set and `verdict` attached; NULL when memory is out. */
SSL *tls_context_connection(struct tls_context *context, struct tls_verdict *verdict);
/* Chain, CRLs and profile of `leaf`; `sent` (may be NULL) are certificates to build the chain with.
 *   ST_FORGED   `out` holds what was readable
 *   ST_NOMEM    nothing is said of it: never to be taken as a judgement */
enum status tls_context_judge(const struct tls_context *context, X509 *leaf, STACK_OF(X509) * sent,
                              enum identity_use use, struct identity *out, struct reason *why);
/* What a peer of this side must be: the broker's peers are agencies, theirs is the broker. */
enum identity_use tls_context_peer_use(const struct tls_context *context);

#endif
