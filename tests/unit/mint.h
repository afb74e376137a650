/*
 * mint.h - certificates and CRLs for tests: good ones, and any kind of bad one.
 *
 * A mint is a root and an issuer with fresh keys. What it makes stays its own until mint_free. Any
 * failure aborts: a test without its certificates has nothing to say.
 */
#ifndef TESTS_UNIT_MINT_H
#define TESTS_UNIT_MINT_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "lib/own.h"

#define MINT_DAY 86400 /* seconds */

/* One certificate. Strings are OpenSSL extension values; NULL leaves the extension out. */
struct mint_leaf {
    const char *key;         /* "P-256", "P-384", "ED25519", "RSA" (1024 bits) */
    const char *name;        /* subjectAltName: "URI:urn:concordat:agency:nps.cambs" */
    const char *constraints; /* "critical,CA:FALSE" */
    const char *usage;       /* "critical,digitalSignature" */
    const char *purpose;     /* "clientAuth" */
    const char *other;       /* an extension of OID 1.2.3.4 */
    const char *uri; /* with `uri_size`: a URI SAN of exactly these bytes, beside no other */
    size_t uri_size;
    long from_s, until_s; /* relative to now; both 0: a day ago till a week ahead */
    bool self_signed;
    bool by_root;          /* instead of the issuer */
    bool no_authority_key; /* leave the authority key identifier out */
    int version;           /* 0: the right one; else what X509_set_version takes */
};

struct minted {
    X509 *certificate;
    EVP_PKEY *key;
};

struct mint;

struct mint *mint_new(void);
/* Signs with the keys of a folder that certs/pki.sh made. */
struct mint *mint_open(const char *pki);
void mint_free(struct mint *mint);
OWN(mint)

struct minted mint_leaf(struct mint *mint, const struct mint_leaf *leaf);
/* An agency's transport certificate as it should be, and a broker's. */
struct mint_leaf mint_transport(const char *name);
struct mint_leaf mint_broker(const char *name);

/* Takes effect with the next CRL. */
void mint_revoke(struct mint *mint, X509 *certificate);
void mint_revoke_issuer(struct mint *mint);

/* When a CRL begins and ends relative to now, and its number. */
struct mint_crl {
    long from_s, until_s, number;
};
/* Writes files into `folder`: trust.pem; crls.pem; NAME.pem with the issuer behind it and NAME.key.
 * A NULL CRL is left out. */
void mint_write_trust(struct mint *mint, const char *folder);
void mint_write_crls(struct mint *mint, const char *folder, const struct mint_crl *of_root,
                     const struct mint_crl *of_issuer);
void mint_write_leaf(struct mint *mint, const char *folder, const char *name,
                     const struct minted *leaf);
X509 *mint_issuer(struct mint *mint);

#endif
