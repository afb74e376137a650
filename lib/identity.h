/*
 * identity.h - a certificate becomes an identity, or is refused: our profile check.
 *
 * OpenSSL accepts a client certificate without EKU, a CA used as a leaf, two URI SANs or a bare CN;
 * this check does not. It runs after X509_V_OK and looks at the leaf alone. The names are
 * urn:concordat:agency:<id> (transport, signing, governance, witness), urn:concordat:broker:<id>.
 * Profiles: certs/README.md. Source: RFC 5280 §4.2.1.
 */
#ifndef LIB_IDENTITY_H
#define LIB_IDENTITY_H

#include <openssl/x509.h>

#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

enum identity_use {
    USE_BROKER = 1, /* TLS server: EKU exactly serverAuth */
    USE_TRANSPORT,  /* TLS client: EKU exactly clientAuth */
    USE_SIGNING,    /* headers and evidence: EKU exactly our signing purpose, digitalSignature + nonRepudiation */
    USE_GOVERNANCE, /* agreements */
    USE_WITNESS     /* Ed25519 */
};

struct identity {
    char id[AGENCY_MAX + 1];           /* agency or broker id */
    enum identity_use use;
    uint8_t certificate[DIGEST_SIZE];  /* SHA-256 of the DER */
    uint8_t spki[DIGEST_SIZE];         /* SHA-256 of the SubjectPublicKeyInfo */
    int64_t from_ms, until_ms;         /* validity */
};

/* Does the leaf fit the profile of `use`?
 *   ST_FORGED   it does not; `why` names the field, `out` holds what was readable */
enum status identity_of(X509 *leaf, enum identity_use use, struct identity *out,
                        struct reason *why);
/* From DER; nothing may follow it. */
enum status identity_of_der(const uint8_t *der, size_t size, enum identity_use use,
                            struct identity *out, EVP_PKEY **key, struct reason *why);

#endif
