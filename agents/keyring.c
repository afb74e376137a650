/*
 * keyring.c - a record in the store, by key id (16 bytes):
 *
 *     u8 version (1) | signer (32) | signature (64) | lp(statement) | wrapped private half (48)
 *
 * and FOLDER/<key id>: 32 random bytes, the epoch's key. wrapped = AES-256-GCM(epoch key, nonce
 * 0^12, aad = lp("concordat/1 epoch") || key id, private half): the epoch key seals once.
 *
 * Order when a key is made: file, its sync, its folder's sync, record, commit; only then is it in
 * the ring. When one is erased: file overwritten, synced, unlinked, folder synced; then the record.
 */
#include "agents/keyring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agents/crypto.h"
#include "agents/vault.h"
#include "lib/secret.h"

#define DAY_MS INT64_C(86400000)
#define RECORD_VERSION 1
#define RECORD_MAX (1 + DIGEST_SIZE + SIGNATURE_SIZE + 4 + STATEMENT_MAX + WRAP_SIZE)
#define NAME_SIZE (2 * KEY_ID_SIZE + 1)

struct held {
    struct epoch epoch;
    uint8_t *private_key; /* owned, in secret memory; NULL when its epoch file is missing */
    uint8_t statement[STATEMENT_MAX];
};

struct keyring {
    struct store *store; /* borrowed */
    int tree;
    struct vault *vault; /* owned */
    char agency[AGENCY_MAX + 1];
    int64_t epoch_ms, seal_ms, open_ms;
    uint8_t community[DIGEST_SIZE];
    struct digest signer;
    EVP_PKEY *signing_key; /* borrowed */
    size_t count;
    struct held *held[KEYRING_EPOCHS_MAX]; /* owned; newest first, so a statement never moves */
};

static void held_free(struct held *held)
{
    if (!held)
        return;
    secret_free(held->private_key, SEALING_KEY_SIZE);
    free(held);
}
OWN(held)

/* Wrapping of a private half */

struct wrap_aad {
    uint8_t data[64];
    struct writer writer;
};

static struct bytes wrap_aad(struct wrap_aad *aad, const uint8_t key_id[static KEY_ID_SIZE])
{
    static const char label[] = "concordat/1 epoch";

    aad->writer = writer_of(aad->data, sizeof aad->data);
    write_prefixed(&aad->writer, label, sizeof label - 1);
    write_bytes(&aad->writer, key_id, KEY_ID_SIZE);
    assert(!aad->writer.failed);
    return (struct bytes){aad->data, aad->writer.size};
}

static const uint8_t zero_nonce[GCM_NONCE_SIZE];

/* The ring in memory */

static enum status ring_insert(struct keyring *keyring, struct held *held)
{
    size_t place = 0;

    if (keyring->count == KEYRING_EPOCHS_MAX)
        return ST_LIMIT;
    while (place < keyring->count && keyring->held[place]->epoch.from_ms > held->epoch.from_ms)
        place++;
    memmove(&keyring->held[place + 1], &keyring->held[place],
            (keyring->count - place) * sizeof(struct held *));
    keyring->held[place] = held;
    keyring->count++;
    return ST_OK;
}

static void ring_remove(struct keyring *keyring, size_t place)
{
    held_free(keyring->held[place]);
    keyring->count--;
    memmove(&keyring->held[place], &keyring->held[place + 1],
            (keyring->count - place) * sizeof(struct held *));
}

static const struct held *ring_find(const struct keyring *keyring,
                                    const uint8_t key_id[static KEY_ID_SIZE])
{
    for (size_t i = 0; i < keyring->count; i++)
        if (memcmp(keyring->held[i]->epoch.key_id, key_id, KEY_ID_SIZE) == 0)
            return keyring->held[i];
    return NULL;
}

static struct held *held_new(void)
{
    OWNED(held) held = calloc(1, sizeof *held);

    if (!held)
        return NULL;
    held->private_key = secret_alloc(SEALING_KEY_SIZE);
    return held->private_key ? GIVE(held) : NULL;
}

/* Loading */

/* Reads one record into `held`, as far as it needs no secret.
 *   ST_INVALID  not one of our records */
static enum status record_read(struct keyring *keyring, struct bytes key, struct bytes record,
                               struct held *held, struct bytes *wrapped)
{
    struct reader r = reader_of(record.data, record.size);
    struct epoch *epoch = &held->epoch;
    struct key_statement statement;

    uint8_t version = read_u8(&r);
    read_into(&r, epoch->statement.signer.bytes, DIGEST_SIZE);
    read_into(&r, epoch->statement.signature, SIGNATURE_SIZE);
    struct bytes bytes = read_prefixed(&r);
    *wrapped = read_bytes(&r, WRAP_SIZE);
    if (!reader_done(&r) || version != RECORD_VERSION || bytes.size > STATEMENT_MAX
        || bytes.size == 0 || key.size != KEY_ID_SIZE)
        return ST_INVALID;
    memcpy(held->statement, bytes.data, bytes.size);
    epoch->statement.statement = (struct bytes){held->statement, bytes.size};

    enum status status = key_statement_read(epoch->statement.statement, NULL, &statement, NULL);
    if (status != ST_OK)
        return status == ST_NOMEM ? ST_NOMEM : ST_INVALID;
    if (memcmp(statement.key_id, key.data, KEY_ID_SIZE) != 0
        || strcmp(statement.agency, keyring->agency) != 0)
        return ST_INVALID;
    memcpy(epoch->key_id, statement.key_id, KEY_ID_SIZE);
    memcpy(epoch->public_key, statement.public_key, SEALING_KEY_SIZE);
    epoch->from_ms = statement.from_ms;
    epoch->seal_until_ms = statement.seal_until_ms;
    epoch->open_until_ms = statement.open_until_ms;
    return ST_OK;
}

/* The private half out of its wrapping; it must belong to the public one.
 *   ST_MORE     the epoch file is gone
 *   ST_FORGED   file and record do not belong together */
static enum status unwrap(struct keyring *keyring, struct held *held, struct bytes wrapped)
{
    uint8_t epoch_key[VAULT_KEY_SIZE], public_key[SEALING_KEY_SIZE];
    struct wrap_aad aad;

    enum status status = vault_get(keyring->vault, held->epoch.key_id, epoch_key);
    if (status == ST_OK)
        status = gcm_open(epoch_key, zero_nonce, wrap_aad(&aad, held->epoch.key_id), wrapped,
                          held->private_key);
    secret_wipe(epoch_key, sizeof epoch_key);
    if (status == ST_OK)
        status = x25519_public(held->private_key, public_key);
    if (status == ST_OK && memcmp(public_key, held->epoch.public_key, SEALING_KEY_SIZE) != 0)
        status = ST_FORGED;
    return status;
}

static enum status load_record(struct keyring *keyring, struct bytes key, struct bytes record,
                               struct reason *why)
{
    OWNED(held) held = held_new();
    char name[NAME_SIZE] = "?";
    struct bytes wrapped;

    if (!held)
        return ST_NOMEM;
    if (key.size == KEY_ID_SIZE)
        hex_print(key.data, KEY_ID_SIZE, name);
    enum status status = record_read(keyring, key, record, held, &wrapped);
    if (status == ST_OK)
        status = unwrap(keyring, held, wrapped);
    if (status == ST_MORE) { /* nobody opens it any more; the record stays until open-until */
        secret_free(held->private_key, SEALING_KEY_SIZE);
        held->private_key = NULL;
        status = ST_OK;
    }
    if (status == ST_OK)
        status = ring_insert(keyring, held);
    if (status != ST_OK) {
        reason_set(why, "sealing key %s: %s", name,
                   status == ST_FORGED  ? "its file and its record do not belong together"
                   : status == ST_LIMIT ? "more keys than a keyring holds"
                   : status == ST_IO    ? strerror(errno)
                                        : "its file or record is damaged or readable by others");
        return status == ST_IO || status == ST_NOMEM ? status : ST_INVALID;
    }
    (void)GIVE(held);
    return ST_OK;
}

static inline void txn_abortp(struct txn **txn)
{
    store_abort(*txn);
}
#define OWNED_TXN __attribute__((cleanup(txn_abortp))) struct txn *

static inline void walk_closep(struct walk **walk)
{
    if (*walk)
        walk_close(*walk);
}
#define OWNED_WALK __attribute__((cleanup(walk_closep))) struct walk *

static enum status load_records(struct keyring *keyring, struct reason *why)
{
    OWNED_TXN txn = NULL;
    OWNED_WALK walk = NULL;
    struct bytes key, record;
    enum status status = store_begin(keyring->store, false, &txn);

    if (status == ST_OK)
        status = walk_open(txn, keyring->tree, (struct bytes){NULL, 0}, &walk);
    if (status != ST_OK) {
        reason_set(why, "the store of sealing keys cannot be read");
        return status;
    }
    while ((status = walk_next(walk, &key, &record)) == ST_OK) {
        status = load_record(keyring, key, record, why);
        if (status != ST_OK)
            return status;
    }
    return status == ST_MORE ? ST_OK : status;
}

/* A file without a record: a crash between the two. It wraps nothing. */
static enum status has_record(void *context, const uint8_t key_id[static KEY_ID_SIZE], bool *kept)
{
    struct keyring *keyring = context;
    OWNED_TXN txn = NULL;
    struct bytes value;
    enum status status = store_begin(keyring->store, false, &txn);

    if (status == ST_OK)
        status = store_get(txn, keyring->tree, (struct bytes){key_id, KEY_ID_SIZE}, &value);
    if (status != ST_OK && status != ST_MORE)
        return status;
    *kept = status == ST_OK;
    return ST_OK;
}

static bool settings_hold(const struct keyring *keyring)
{
    return keyring->epoch_ms > 0 && keyring->epoch_ms <= keyring->seal_ms
        && keyring->seal_ms <= keyring->open_ms
        && keyring->open_ms / keyring->epoch_ms < KEYRING_EPOCHS_MAX - 1;
}

enum status keyring_open(const struct keyring_settings *settings, struct store *store,
                         struct keyring **out, struct reason *why)
{
    OWNED(keyring) keyring = calloc(1, sizeof *keyring);

    assert(strlen(settings->agency) <= AGENCY_MAX);
    if (!keyring)
        return ST_NOMEM;
    keyring->store = store;
    keyring->tree = settings->tree;
    memcpy(keyring->agency, settings->agency, strlen(settings->agency) + 1);
    keyring->epoch_ms = settings->epoch_ms ? settings->epoch_ms : DAY_MS;
    keyring->seal_ms = settings->seal_ms ? settings->seal_ms : SEAL_UNTIL_DAYS * DAY_MS;
    keyring->open_ms = settings->open_ms ? settings->open_ms : OPEN_UNTIL_DAYS * DAY_MS;
    memcpy(keyring->community, settings->community, DIGEST_SIZE);
    keyring->signer = settings->signer;
    keyring->signing_key = settings->signing_key;
    if (!settings_hold(keyring)) {
        reason_set(why,
                   "sealing keys: an epoch must be shorter than seal-until, that shorter than "
                   "open-until, and at most %d keys open at a time",
                   KEYRING_EPOCHS_MAX - 2);
        return ST_INVALID;
    }

    enum status status = vault_open(settings->folder, &keyring->vault, why);
    if (status == ST_OK)
        status = load_records(keyring, why);
    if (status != ST_OK)
        return status;
    status = vault_sweep(keyring->vault, has_record, keyring);
    if (status != ST_OK) {
        reason_set(why, "%s: %s", settings->folder, strerror(errno));
        return status;
    }
    *out = GIVE(keyring);
    return ST_OK;
}

void keyring_close(struct keyring *keyring)
{
    if (!keyring)
        return;
    while (keyring->count > 0)
        ring_remove(keyring, keyring->count - 1);
    vault_close(keyring->vault);
    free(keyring);
}

/* Making a key */

static enum status state_key(const struct keyring *keyring, struct held *held)
{
    struct epoch *epoch = &held->epoch;
    struct key_statement statement = {
        .from_ms = epoch->from_ms,
        .seal_until_ms = epoch->seal_until_ms,
        .open_until_ms = epoch->open_until_ms,
    };
    size_t size;

    memcpy(statement.agency, keyring->agency, sizeof statement.agency);
    memcpy(statement.key_id, epoch->key_id, KEY_ID_SIZE);
    memcpy(statement.public_key, epoch->public_key, SEALING_KEY_SIZE);
    enum status status =
        key_statement_write(&statement, held->statement, sizeof held->statement, &size);
    if (status != ST_OK)
        return status;
    epoch->statement.statement = (struct bytes){held->statement, size};
    epoch->statement.signer = keyring->signer;
    return key_statement_sign(keyring->signing_key, keyring->community, epoch->statement.statement,
                              epoch->statement.signature);
}

static enum status record_store(struct keyring *keyring, const struct held *held,
                                const uint8_t wrapped[static WRAP_SIZE])
{
    const struct signed_statement *statement = &held->epoch.statement;
    uint8_t record[RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);
    OWNED_TXN txn = NULL;

    write_u8(&w, RECORD_VERSION);
    write_bytes(&w, statement->signer.bytes, DIGEST_SIZE);
    write_bytes(&w, statement->signature, SIGNATURE_SIZE);
    write_prefixed(&w, statement->statement.data, statement->statement.size);
    write_bytes(&w, wrapped, WRAP_SIZE);
    assert(!w.failed);

    enum status status = store_begin(keyring->store, true, &txn);
    if (status == ST_OK)
        status = store_put(txn, keyring->tree, (struct bytes){held->epoch.key_id, KEY_ID_SIZE},
                           (struct bytes){record, w.size});
    return status == ST_OK ? store_commit(GIVE(txn)) : status;
}

/* File, then record. What fails in between is an orphan for the next start. */
static enum status persist(struct keyring *keyring, const struct held *held)
{
    uint8_t epoch_key[VAULT_KEY_SIZE], wrapped[WRAP_SIZE];
    struct wrap_aad aad;
    enum status status = random_secret(epoch_key, sizeof epoch_key);

    if (status == ST_OK)
        status = gcm_seal(epoch_key, zero_nonce, wrap_aad(&aad, held->epoch.key_id),
                          (struct bytes){held->private_key, SEALING_KEY_SIZE}, wrapped);
    if (status == ST_OK)
        status = vault_put(keyring->vault, held->epoch.key_id, epoch_key);
    secret_wipe(epoch_key, sizeof epoch_key);
    if (status != ST_OK)
        return status;
    status = record_store(keyring, held, wrapped);
    if (status == ST_LIMIT && vault_erase(keyring->vault, held->epoch.key_id) != ST_OK)
        return ST_IO;
    return status;
}

static enum status make_epoch(struct keyring *keyring, int64_t now_ms)
{
    OWNED(held) held = held_new();

    if (!held)
        return ST_NOMEM;
    if (keyring->count == KEYRING_EPOCHS_MAX)
        return ST_LIMIT;
    held->epoch.from_ms = now_ms;
    held->epoch.seal_until_ms = now_ms + keyring->seal_ms;
    held->epoch.open_until_ms = now_ms + keyring->open_ms;
    enum status status = random_secret(held->epoch.key_id, KEY_ID_SIZE);
    if (status == ST_OK)
        status = x25519_keypair(held->private_key, held->epoch.public_key);
    if (status == ST_OK)
        status = state_key(keyring, held);
    if (status == ST_OK)
        status = persist(keyring, held);
    if (status == ST_OK)
        status = ring_insert(keyring, GIVE(held));
    return status;
}

/* The newest key that serves now, NULL when one is due. A key from the future, made by a clock that
 * has since been set right, waits for its time. */
static const struct epoch *serving(const struct keyring *keyring, int64_t now_ms)
{
    for (size_t i = 0; i < keyring->count; i++) {
        const struct epoch *epoch = &keyring->held[i]->epoch;
        if (keyring->held[i]->private_key && epoch->from_ms <= now_ms + CREATED_AHEAD_MS
            && now_ms - epoch->from_ms < keyring->epoch_ms && now_ms < epoch->seal_until_ms
            && digest_equal(&epoch->statement.signer, &keyring->signer))
            return epoch;
    }
    return NULL;
}

enum status keyring_current(struct keyring *keyring, int64_t now_ms, const struct epoch **out,
                            bool *made)
{
    const struct epoch *epoch = serving(keyring, now_ms);

    *made = false;
    if (!epoch) {
        enum status status = make_epoch(keyring, now_ms);
        if (status != ST_OK)
            return status;
        epoch = serving(keyring, now_ms);
        assert(epoch);
        *made = true;
    }
    *out = epoch;
    return ST_OK;
}

const struct epoch *keyring_statement(const struct keyring *keyring, size_t index)
{
    for (size_t i = 0; i < keyring->count; i++)
        if (keyring->held[i]->private_key && index-- == 0)
            return &keyring->held[i]->epoch;
    return NULL;
}

size_t keyring_lost(const struct keyring *keyring)
{
    size_t lost = 0;

    for (size_t i = 0; i < keyring->count; i++)
        lost += keyring->held[i]->private_key == NULL;
    return lost;
}

const uint8_t *keyring_find(const struct keyring *keyring, const uint8_t key_id[static KEY_ID_SIZE])
{
    const struct held *held = ring_find(keyring, key_id);

    return held ? held->private_key : NULL;
}

/* Erasing */

static enum status forget_record(struct keyring *keyring, const uint8_t key_id[static KEY_ID_SIZE])
{
    OWNED_TXN txn = NULL;
    enum status status = store_begin(keyring->store, true, &txn);

    if (status == ST_OK)
        status = store_delete(txn, keyring->tree, (struct bytes){key_id, KEY_ID_SIZE});
    return status == ST_OK ? store_commit(GIVE(txn)) : status;
}

enum status keyring_expire(struct keyring *keyring, int64_t now_ms, size_t *erased)
{
    size_t count = 0;

    for (size_t i = keyring->count; i-- > 0;) {
        uint8_t key_id[KEY_ID_SIZE];

        if (keyring->held[i]->epoch.open_until_ms > now_ms)
            continue;
        memcpy(key_id, keyring->held[i]->epoch.key_id, KEY_ID_SIZE);
        enum status status = vault_erase(keyring->vault, key_id);
        if (status == ST_OK) {
            ring_remove(keyring, i);
            status = forget_record(keyring, key_id);
        }
        if (status != ST_OK)
            return status;
        count++;
    }
    *erased = count;
    return ST_OK;
}
