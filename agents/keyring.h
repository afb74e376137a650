/*
 * keyring.h - our own sealing keys, epoch by epoch: made, published, and erased for good.
 *
 *     every 24 h   a new X25519 pair and its statement, signed by our signing key
 *     7 days       others seal to it (seal-until)
 *     60 days      we open what was sealed to it (open-until); then it is gone
 *
 * A private half lies in the store wrapped (AES-256-GCM) under its epoch's own key, and that key in
 * a file of its own, `FOLDER/<key id in hex>`, 0600, outside the store. The folder is never backed
 * up: a stolen backup or an old copy of the store opens nothing. At open-until the file is
 * overwritten and unlinked (vault.h); from then on what was sealed to the key cannot be opened by
 * anybody.
 *
 * The keyring writes in transactions of its own: never call it inside a writing transaction of the
 * same store. A key is used only once file and record are on the disk.
 *
 * Threads: one owner (the agent's keeper).
 */
#ifndef AGENTS_KEYRING_H
#define AGENTS_KEYRING_H

#include <openssl/evp.h>

#include "lib/limits.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "lib/store.h"
#include "proto/wire.h"

#define KEYRING_EPOCHS_MAX 1024 /* keys held at a time: an hourly epoch over 42 days */

struct keyring_settings {
    const char *agency; /* copied */
    const char *folder; /* of the epoch files; made (0700) when missing; copied */
    int tree;           /* the keyring's own tree in the store */
    int64_t epoch_ms;   /* a new key this often; 0: one day */
    int64_t seal_ms,
        open_ms; /* life of a key for others and for us; 0: SEAL_UNTIL_DAYS, OPEN_UNTIL_DAYS */
    uint8_t community[DIGEST_SIZE];
    struct digest signer;  /* SHA-256 of our signing certificate */
    EVP_PKEY *signing_key; /* borrowed for the keyring's life */
};

/* One of our keys. */
struct epoch {
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t public_key[SEALING_KEY_SIZE];
    int64_t from_ms, seal_until_ms, open_until_ms;
    struct signed_statement statement; /* what is published; bytes live as long as the epoch */
};

struct keyring;

/* Loads what is there: a record whose epoch file is missing is a key that is lost, a file without a
 * record is what a crash left and is erased.
 *   ST_IO       folder, file or store cannot be read or written
 *   ST_INVALID  the settings contradict each other, or the folder or a file can be read by others
 *   ST_NOMEM */
enum status keyring_open(const struct keyring_settings *settings, struct store *store,
                         struct keyring **out, struct reason *why);
void keyring_close(struct keyring *keyring); /* wipes; NULL is fine */
static inline void keyring_free(struct keyring *keyring)
{
    keyring_close(keyring);
}
OWN(keyring)

/* The key that others should seal to now, made when one is due: none yet, the newest is an epoch
 * old or lost, or it was stated under another signing certificate. `*made` says that it is new and
 * wants publishing. Valid until the next keyring_current or keyring_expire. Making one takes two
 * syncs.
 *   ST_IO       stop: nothing is retried
 *   ST_LIMIT    the store is full, or KEYRING_EPOCHS_MAX keys are held
 *   ST_NOMEM */
enum status keyring_current(struct keyring *keyring, int64_t now_ms, const struct epoch **out,
                            bool *made);

/* The statements of all keys that open mail, newest first; NULL past the end. Valid as above. */
const struct epoch *keyring_statement(const struct keyring *keyring, size_t index);

/* Keys whose epoch file is missing: mail sealed to them cannot be opened. Their records go at
 * open-until. */
size_t keyring_lost(const struct keyring *keyring);

/* The private half, in secret memory; NULL when there is none, or none any more. Valid as above. */
const uint8_t *keyring_find(const struct keyring *keyring,
                            const uint8_t key_id[static KEY_ID_SIZE]);

/* Erases every key whose open-until has come; `*erased` of them. There is no way back: `now_ms`
 * must be a time that the broker's agrees with.
 *   ST_IO       stop */
enum status keyring_expire(struct keyring *keyring, int64_t now_ms, size_t *erased);

#endif
