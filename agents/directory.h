/*
 * directory.h - the others: their signing certificates and sealing keys, verified and kept.
 *
 *     broker's Directory answer --directory_learn--> checked --> store and cache --> desk
 *
 * The broker only carries these; nothing is believed that this community's root, the CRLs and the
 * profile (lib/tls.h) do not vouch for: a certificate must be of the agency that it is asked for,
 * and a sealing key must be stated under a signature by such a certificate. Each check is made once
 * per process and remembered until the trust files are loaded again. Whether that signing key
 * counts under an agreement is for who uses it to ask (keyless.c, evidence.c): a certificate is an
 * authority's word alone.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_DIRECTORY_H
#define AGENTS_DIRECTORY_H

#include <openssl/evp.h>

#include "lib/own.h"
#include "lib/store.h"
#include "lib/tls.h"
#include "proto/catalogue.h"
#include "proto/wire.h"

/* A signing certificate that holds. */
struct signer {
    struct digest fingerprint; /* SHA-256 of the DER */
    char agency[AGENCY_MAX + 1];
    uint8_t spki[DIGEST_SIZE];
    int64_t from_ms, until_ms; /* of the certificate */
    EVP_PKEY *key;             /* the directory's */
};

/* A sealing key that may be used now. */
struct sealing_key {
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t public_key[SEALING_KEY_SIZE];
    struct digest stated_by; /* SubjectPublicKeyInfo of the signing key that states it */
    int64_t from_ms, seal_until_ms, open_until_ms;
};

struct directory;

/* Borrows `trust` until directory_reload names another. (The broker's directory is new and freed:
 * tests link both.) */
struct directory *directory_open(const struct tls_context *trust);
void directory_close(struct directory *directory);
/* Of an agency's keys one whose `stated_by` counts is taken before any other, however new: else who
 * states a newer one in its name would hide its own. `context` is borrowed for the directory's
 * life.
 */
void directory_prefer(struct directory *directory,
                      bool (*counts)(void *context, const char *agency,
                                     const struct digest *stated_by),
                      void *context);
/* The trust files were loaded again: all that was believed is checked again when it is next used.
 */
void directory_reload(struct directory *directory, const struct tls_context *trust);

/* The certificate with this fingerprint, as of `now_ms`.
 *   ST_MORE     not known: ask the broker
 *   ST_CLOSED   our CRLs are out of date: nothing can be said until they are loaded anew
 *   ST_FORGED   known, but it does not hold (revoked, out of date, another profile)
 * Borrowed until the directory changes. O(1); about 300 µs the first time. */
enum status directory_signer(struct directory *directory, struct txn *txn,
                             const struct digest *fingerprint, int64_t now_ms,
                             const struct signer **out);
/* A sealing key of `agency` to seal to at `now_ms`.
 *   ST_MORE     none that can be used: ask the broker */
enum status directory_sealing_key(struct directory *directory, struct txn *txn, const char *agency,
                                  int64_t now_ms, struct sealing_key *out);
/* The broker refused a message for its sealing key: ask again before the next. */
enum status directory_forget_key(struct directory *directory, struct txn *txn, const char *agency);

/* Takes what holds of an entry and leaves the rest; `left_out` counts what did not hold and `why`
 * says so of the last. */
enum status directory_learn(struct directory *directory, struct txn *txn,
                            const struct directory_entry *entry, int64_t now_ms, unsigned *left_out,
                            struct reason *why);

#endif
