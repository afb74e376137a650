/*
 * authority.h - the certificate authorities of a community, and what they last said about
 * revocation.
 *
 *     trust.pem, crls.pem --authorities_load--> checked, and in the X509_STORE that judges by them
 *
 * Exactly one root; the issuers that it signed; exactly one CRL of each, signed, numbered, in date.
 * Loaded whole or not at all, and never changed: OpenSSL may keep the older of two CRLs in one
 * store, so newer CRLs make a new store.
 *
 * Source: RFC 5280 §4.2.1.9, §5.
 */
#ifndef LIB_AUTHORITY_H
#define LIB_AUTHORITY_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

#define AUTHORITIES_MAX 4 /* the root and up to three issuers: room to roll one over */

struct authority {
    X509 *certificate;           /* owned */
    X509_CRL *crl;               /* owned */
    BIGNUM *number;              /* owned: the CRL's */
    int64_t issued_ms, until_ms; /* of the CRL, since 1970 */
};

struct authorities {
    size_t count;
    struct authority list[AUTHORITIES_MAX]; /* the root first */
    uint8_t community[DIGEST_SIZE];         /* SHA-256 of the root (DER) */
};

/* Reads both PEM files into `out`, a zeroed struct of the caller's, and adds all to `store`. No
 * `crls` (NULL): the certificates alone, for tools that are given nothing newer. `out` must be
 * given to authorities_fini whatever the answer. ST_IO       a file cannot be read ST_INVALID  a
 * file does not hold what it should; `why` names file and fault ST_NOMEM */
enum status authorities_load(struct authorities *out, const char *trust, const char *crls,
                             X509_STORE *store, struct reason *why);
void authorities_fini(struct authorities *authorities);

/* When the first of the CRLs runs out. */
int64_t authorities_until_ms(const struct authorities *authorities);
/* Did the certificate, and the authority that issued it, hold at `at_ms`: in date, and not revoked
 * by the date that a CRL gives? RFC 5280 §5.1.2.6. The root's own dates do not count: §6.1. */
bool authorities_vouched(const struct authorities *authorities, X509 *certificate, int64_t at_ms);
/* Is `next` the same community, with no CRL going back? See tls_context_follows.
 *   ST_FORGED   no */
enum status authorities_follow(const struct authorities *authorities,
                               const struct authorities *next, struct reason *why);

#endif
