/*
 * identity.h - a certificate becomes an identity, or is refused: our profile check.
 *
 * OpenSSL accepts a client certificate without EKU, a CA used as a leaf, two URI SANs or a bare CN;
 * this check does not. It runs after X509_V_OK and looks at the leaf alone. The names are
 * urn:concordat:agency:<id> (transport, signing, governance, witness), urn:concordat:broker:<id>,
 * urn:concordat:officer:<agency>:<code>.
 *
 *     version 3 · basicConstraints critical CA:FALSE · keyUsage critical and exactly the profile's
 *     EKU exactly one purpose, the profile's · SAN exactly one entry, a URI in one of these forms
 *     key P-256 in its only uncompressed named-curve encoding, or Ed25519 for witnesses
 *     no critical extension unknown
 *
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
    USE_SIGNING,    /* headers and evidence: EKU exactly our signing purpose, digitalSignature +
                       nonRepudiation */
    USE_GOVERNANCE, /* agreements: the same with our governance purpose */
    USE_WITNESS,    /* Ed25519: EKU exactly our witness purpose */
    USE_OFFICER     /* one person's at an agency: authorises break-glass */
};

struct identity {
    char id[AGENCY_MAX + 1];            /* agency or broker id; empty while unknown */
    char officer[OFFICER_CODE_MAX + 1]; /* the code of one; empty for all others */
    enum identity_use use;              /* what it was asked to be */
    uint8_t certificate[DIGEST_SIZE];   /* SHA-256 of the DER */
    uint8_t spki[DIGEST_SIZE];          /* SHA-256 of the SubjectPublicKeyInfo */
    int64_t from_ms, until_ms;          /* validity, since 1970 */
};

/* Does the leaf fit the profile of `use`?
 *   ST_FORGED   it does not; `why` names the field, `out` holds what was readable */
enum status identity_of(X509 *leaf, enum identity_use use, struct identity *out,
                        struct reason *why);
/* From DER, which must be the certificate's only encoding: nothing may follow it. `key` may be
 * NULL; else it is given the certificate's key, to be freed with EVP_PKEY_free.
 *   ST_FORGED   as above, or not a certificate
 *   ST_NOMEM    nothing is said of it */
enum status identity_of_der(const uint8_t *der, size_t size, enum identity_use use,
                            struct identity *out, EVP_PKEY **key, struct reason *why);

const char *identity_use_name(enum identity_use use); /* "transport" */

#endif
