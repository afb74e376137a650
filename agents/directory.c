#include "agents/directory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "lib/arena.h"

#define CERTIFICATE_MAX 8192 /* bytes of DER; ours have under 1 KiB */
#define BUCKETS 512
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define REMEMBERED_MAX 4096 /* certificates, and keys: more agencies than there are */

/* Keys in TREE_DIRECTORY: one byte of these, then fingerprint or agency. */
#define KEY_CERTIFICATE 'c'
#define KEY_SEALING 's'
#define DIRECTORY_KEY_MAX (1 + AGENCY_MAX + 1)
#define SEALING_VERSION 1
#define SEALING_RECORD_MAX (1 + 4 + STATEMENT_MAX + DIGEST_SIZE + SIGNATURE_SIZE)

struct known_signer {
    struct known_signer *next;
    bool holds;
    struct signer signer; /* key owned */
};

struct known_sealing {
    struct known_sealing *next;
    char agency[AGENCY_MAX + 1];
    struct sealing_key key;
};

struct directory {
    const struct tls_context *trust;
    struct arena *arena;                   /* for reading statements */
    struct known_signer *signers[BUCKETS]; /* by fingerprint */
    struct known_sealing *keys[BUCKETS];   /* by agency */
    size_t signer_count, key_count;
    bool (*counts)(void *context, const char *agency, const struct digest *stated_by);
    void *context; /* of `counts` */
};

struct directory *directory_open(const struct tls_context *trust)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    struct directory *directory = arena ? calloc(1, sizeof *directory) : NULL;

    if (!directory)
        return NULL;
    directory->arena = GIVE(arena);
    directory->trust = trust;
    return directory;
}

void directory_prefer(struct directory *directory,
                      bool (*counts)(void *context, const char *agency,
                                     const struct digest *stated_by),
                      void *context)
{
    directory->counts = counts;
    directory->context = context;
}

static void forget_all(struct directory *directory)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (directory->signers[i]) {
            struct known_signer *known = directory->signers[i];
            directory->signers[i] = known->next;
            EVP_PKEY_free(known->signer.key);
            free(known);
        }
        while (directory->keys[i]) {
            struct known_sealing *known = directory->keys[i];
            directory->keys[i] = known->next;
            free(known);
        }
    }
    directory->signer_count = directory->key_count = 0;
}

void directory_close(struct directory *directory)
{
    if (!directory)
        return;
    forget_all(directory);
    arena_free(directory->arena);
    free(directory);
}

void directory_reload(struct directory *directory, const struct tls_context *trust)
{
    forget_all(directory);
    directory->trust = trust;
}

/* ---- certificates ---- */

static struct known_signer **signer_bucket(struct directory *directory, const struct digest *print)
{
    return &directory->signers[((size_t)print->bytes[0] << 8 | print->bytes[1]) % BUCKETS];
}

static struct bytes directory_key(uint8_t out[static DIRECTORY_KEY_MAX], char kind,
                                  const void *name, size_t size)
{
    assert(size < DIRECTORY_KEY_MAX);
    out[0] = (uint8_t)kind;
    memcpy(out + 1, name, size);
    return (struct bytes){out, 1 + size};
}

/* Judges a certificate and remembers the judgement. NULL when memory is out. */
static struct known_signer *judge(struct directory *directory, struct bytes der, struct reason *why)
{
    struct digest print = sha256(der.data, der.size);
    struct known_signer **bucket = signer_bucket(directory, &print);
    struct known_signer *known = calloc(1, sizeof *known);
    struct identity identity = {0};
    struct reason ignored;

    if (!known)
        return NULL;
    if (directory->signer_count == REMEMBERED_MAX) {
        free(known);
        return NULL;
    }
    known->signer.fingerprint = print;
    enum status status =
        tls_context_check(directory->trust, der.data, der.size, USE_SIGNING, &identity, why);
    if (status == ST_OK)
        status = identity_of_der(der.data, der.size, USE_SIGNING, &identity, &known->signer.key,
                                 &ignored);
    if (status == ST_NOMEM) {
        free(known);
        return NULL;
    }
    known->holds = status == ST_OK;
    memcpy(known->signer.agency, identity.id, sizeof known->signer.agency);
    memcpy(known->signer.spki, identity.spki, sizeof known->signer.spki);
    known->signer.from_ms = identity.from_ms;
    known->signer.until_ms = identity.until_ms;
    known->next = *bucket;
    *bucket = known;
    directory->signer_count++;
    return known;
}

enum status directory_signer(struct directory *directory, struct txn *txn,
                             const struct digest *fingerprint, int64_t now_ms,
                             const struct signer **out)
{
    struct known_signer *known = *signer_bucket(directory, fingerprint);
    uint8_t name[DIRECTORY_KEY_MAX];

    if (now_ms >= tls_context_crl_until_ms(directory->trust))
        return ST_CLOSED;
    while (known && !digest_equal(&known->signer.fingerprint, fingerprint))
        known = known->next;
    if (!known) {
        struct reason why;
        struct bytes der;
        enum status status =
            store_get(txn, TREE_DIRECTORY,
                      directory_key(name, KEY_CERTIFICATE, fingerprint->bytes, DIGEST_SIZE), &der);

        if (status != ST_OK)
            return status;
        if (directory->signer_count == REMEMBERED_MAX)
            forget_all(directory);
        known = judge(directory, der, &why);
        if (!known)
            return ST_NOMEM;
        if (!digest_equal(&known->signer.fingerprint, fingerprint))
            return ST_MORE; /* a flipped bit in the store: ask again */
    }
    if (!known->holds || now_ms < known->signer.from_ms || now_ms >= known->signer.until_ms)
        return ST_FORGED;
    *out = &known->signer;
    return ST_OK;
}

static enum status learn_certificate(struct directory *directory, struct txn *txn,
                                     const char *agency, struct bytes der, struct reason *why)
{
    uint8_t name[DIRECTORY_KEY_MAX];
    struct known_signer *known;
    struct digest print;

    if (der.size == 0 || der.size > CERTIFICATE_MAX) {
        reason_set(why, "a certificate of %zu bytes", der.size);
        return ST_FORGED;
    }
    print = sha256(der.data, der.size);
    known = *signer_bucket(directory, &print);
    while (known && !digest_equal(&known->signer.fingerprint, &print))
        known = known->next;
    if (known && known->holds)
        return strcmp(known->signer.agency, agency) == 0 ? ST_OK : ST_FORGED;
    if (known)
        return ST_FORGED;
    if (directory->signer_count == REMEMBERED_MAX)
        forget_all(directory);
    known = judge(directory, der, why);
    if (!known)
        return ST_NOMEM;
    if (!known->holds)
        return ST_FORGED;
    if (strcmp(known->signer.agency, agency) != 0) {
        reason_set(why, "a certificate of %s under the name of %s", known->signer.agency, agency);
        return ST_FORGED;
    }
    return store_put(txn, TREE_DIRECTORY,
                     directory_key(name, KEY_CERTIFICATE, print.bytes, DIGEST_SIZE), der);
}

/* ---- sealing keys ---- */

static struct known_sealing **key_bucket(struct directory *directory, const char *agency)
{
    size_t hash = 5381;

    for (const char *c = agency; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    return &directory->keys[hash % BUCKETS];
}

static struct known_sealing *find_key(struct directory *directory, const char *agency)
{
    struct known_sealing *known = *key_bucket(directory, agency);

    while (known && strcmp(known->agency, agency) != 0)
        known = known->next;
    return known;
}

static enum status remember_key(struct directory *directory, const char *agency,
                                const struct sealing_key *key)
{
    struct known_sealing *known = find_key(directory, agency);

    if (!known) {
        struct known_sealing **bucket = key_bucket(directory, agency);

        if (directory->key_count == REMEMBERED_MAX)
            return ST_LIMIT;
        known = calloc(1, sizeof *known);
        if (!known)
            return ST_NOMEM;
        memcpy(known->agency, agency, strlen(agency) + 1);
        known->next = *bucket;
        *bucket = known;
        directory->key_count++;
    }
    known->key = *key;
    return ST_OK;
}

static bool is_usable(const struct sealing_key *key, int64_t now_ms)
{
    /* Ahead by the clocks' allowed difference: a key made this moment elsewhere is fine. */
    return key->from_ms <= now_ms + CREATED_AHEAD_MS && now_ms < key->seal_until_ms;
}

/* Is this statement `agency`'s own? */
static enum status check_statement(struct directory *directory, struct txn *txn, const char *agency,
                                   const struct signed_statement *s, int64_t now_ms,
                                   struct sealing_key *out, struct reason *why)
{
    const struct signer *signer;
    struct key_statement k;
    enum status status = directory_signer(directory, txn, &s->signer, now_ms, &signer);

    if (status != ST_OK) {
        reason_set(why, "a sealing key of %s signed by a certificate that does not hold", agency);
        return status == ST_MORE || status == ST_CLOSED ? ST_FORGED : status;
    }
    status = key_statement_verify(signer->key, tls_context_community(directory->trust), s);
    if (status == ST_OK)
        status = key_statement_read(s->statement, directory->arena, &k, why);
    if (status != ST_OK) {
        reason_set(why, "a sealing key of %s whose signature or form does not hold", agency);
        return status == ST_NOMEM ? status : ST_FORGED;
    }
    if (strcmp(k.agency, agency) != 0 || strcmp(signer->agency, agency) != 0) {
        reason_set(why, "a sealing key stated by %s under the name of %s", signer->agency, agency);
        return ST_FORGED;
    }
    if (k.open_until_ms - k.from_ms > OPEN_UNTIL_DAYS * DAY_MS
        || k.seal_until_ms - k.from_ms > (SEAL_UNTIL_DAYS + 1) * DAY_MS) {
        reason_set(why, "a sealing key of %s that lives too long", agency);
        return ST_FORGED;
    }
    memcpy(out->key_id, k.key_id, sizeof out->key_id);
    memcpy(out->public_key, k.public_key, sizeof out->public_key);
    memcpy(out->stated_by.bytes, signer->spki, DIGEST_SIZE);
    out->from_ms = k.from_ms;
    out->seal_until_ms = k.seal_until_ms < signer->until_ms ? k.seal_until_ms : signer->until_ms;
    out->open_until_ms = k.open_until_ms;
    return ST_OK;
}

static enum status read_statement(struct bytes record, struct signed_statement *out)
{
    struct reader r = reader_of(record.data, record.size);

    if (read_u8(&r) != SEALING_VERSION)
        return ST_INVALID;
    out->statement = read_prefixed(&r);
    read_into(&r, out->signer.bytes, DIGEST_SIZE);
    read_into(&r, out->signature, SIGNATURE_SIZE);
    return reader_done(&r) ? ST_OK : ST_INVALID;
}

static enum status store_statement(struct txn *txn, const char *agency,
                                   const struct signed_statement *s)
{
    uint8_t name[DIRECTORY_KEY_MAX], record[SEALING_RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);

    write_u8(&w, SEALING_VERSION);
    write_prefixed(&w, s->statement.data, s->statement.size);
    write_bytes(&w, s->signer.bytes, DIGEST_SIZE);
    write_bytes(&w, s->signature, SIGNATURE_SIZE);
    if (w.failed)
        return ST_LIMIT;
    return store_put(txn, TREE_DIRECTORY, directory_key(name, KEY_SEALING, agency, strlen(agency)),
                     (struct bytes){record, w.size});
}

enum status directory_sealing_key(struct directory *directory, struct txn *txn, const char *agency,
                                  int64_t now_ms, struct sealing_key *out)
{
    struct known_sealing *known = find_key(directory, agency);
    struct signed_statement statement;
    struct sealing_key key;
    struct reason why;
    uint8_t name[DIRECTORY_KEY_MAX];
    struct bytes record;
    enum status status;

    if (known) {
        if (!is_usable(&known->key, now_ms))
            return ST_MORE;
        *out = known->key;
        return ST_OK;
    }
    status = store_get(txn, TREE_DIRECTORY,
                       directory_key(name, KEY_SEALING, agency, strlen(agency)), &record);
    if (status != ST_OK)
        return status;
    if (read_statement(record, &statement) != ST_OK)
        return ST_MORE;
    status = check_statement(directory, txn, agency, &statement, now_ms, &key, &why);
    if (status != ST_OK)
        return status == ST_FORGED ? ST_MORE : status;
    (void)remember_key(directory, agency, &key); /* only saves time */
    if (!is_usable(&key, now_ms))
        return ST_MORE;
    *out = key;
    return ST_OK;
}

enum status directory_forget_key(struct directory *directory, struct txn *txn, const char *agency)
{
    struct known_sealing **link = key_bucket(directory, agency);
    uint8_t name[DIRECTORY_KEY_MAX];

    for (; *link; link = &(*link)->next) {
        if (strcmp((*link)->agency, agency) == 0) {
            struct known_sealing *known = *link;
            *link = known->next;
            free(known);
            directory->key_count--;
            break;
        }
    }
    return store_delete(txn, TREE_DIRECTORY,
                        directory_key(name, KEY_SEALING, agency, strlen(agency)));
}

/* ---- answers ---- */

/* Of two usable keys of an agency, is `key` the one to seal to? */
static bool is_better(const struct directory *directory, const char *agency,
                      const struct sealing_key *key, const struct sealing_key *than)
{
    bool counts = true, other_counts = true;

    if (directory->counts) {
        counts = directory->counts(directory->context, agency, &key->stated_by);
        other_counts = directory->counts(directory->context, agency, &than->stated_by);
    }
    return counts != other_counts ? counts : key->from_ms > than->from_ms;
}

enum status directory_learn(struct directory *directory, struct txn *txn,
                            const struct directory_entry *entry, int64_t now_ms, unsigned *left_out,
                            struct reason *why)
{
    const struct signed_statement *best = NULL;
    struct sealing_key best_key = {0};

    for (uint32_t i = 0; i < entry->certificate_count; i++) {
        enum status status =
            learn_certificate(directory, txn, entry->agency, entry->certificates[i], why);

        if (status == ST_FORGED)
            ++*left_out;
        else if (status != ST_OK)
            return status;
    }
    for (uint32_t i = 0; i < entry->key_count; i++) {
        const struct signed_statement *s = &entry->keys[i];
        struct sealing_key key;
        enum status status =
            s->statement.size > STATEMENT_MAX
                ? ST_FORGED
                : check_statement(directory, txn, entry->agency, s, now_ms, &key, why);

        if (status == ST_FORGED) {
            ++*left_out;
            continue;
        }
        if (status != ST_OK)
            return status;
        if (is_usable(&key, now_ms)
            && (!best || is_better(directory, entry->agency, &key, &best_key))) {
            best = s;
            best_key = key;
        }
    }
    if (!best)
        return ST_OK;
    if (directory->key_count == REMEMBERED_MAX && !find_key(directory, entry->agency))
        forget_all(directory);
    (void)remember_key(directory, entry->agency, &best_key);
    return store_statement(txn, entry->agency, best);
}
