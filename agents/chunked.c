#include "agents/chunked.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/secret.h"

#define SEALED_CHUNK_SIZE (CHUNK_SIZE + GCM_TAG_SIZE)
#define CHUNKS_MAX ((uint64_t)1 << 40) /* the specification's bound */

struct derived { /* in the order in which HKDF gives it */
    uint8_t key[GCM_KEY_SIZE];
    uint8_t base_nonce[GCM_NONCE_SIZE];
    uint8_t commitment[CHUNKED_COMMITMENT_SIZE];
};

static enum status derive(const uint8_t key[static CHUNKED_KEY_SIZE],
                          const uint8_t salt[static CHUNKED_SALT_SIZE], struct bytes context,
                          struct derived *out)
{
    static const char label[] = "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM";
    const struct bytes info[] = {
        {(const uint8_t *)label, sizeof label}, /* with its NUL: the format's 0x00 */
        {salt, CHUNKED_SALT_SIZE},
        context,
    };

    static_assert(sizeof *out == GCM_KEY_SIZE + GCM_NONCE_SIZE + CHUNKED_COMMITMENT_SIZE,
                  "no padding: HKDF fills it as one stretch");
    return hkdf_expand(HASH_SHA512, (struct bytes){key, CHUNKED_KEY_SIZE}, info, 3, (uint8_t *)out,
                       sizeof *out);
}

static void nonce_of(const uint8_t base[static GCM_NONCE_SIZE], uint64_t number,
                     uint8_t nonce[static GCM_NONCE_SIZE])
{
    memcpy(nonce, base, GCM_NONCE_SIZE);
    for (size_t i = GCM_NONCE_SIZE; number > 0; number >>= 8)
        nonce[--i] ^= (uint8_t)number;
}

size_t chunked_sealed_size(size_t size)
{
    return CHUNKED_HEADER_SIZE + size + (size / CHUNK_SIZE + 1) * GCM_TAG_SIZE;
}

bool chunked_plain_size(size_t sealed_size, size_t *size)
{
    if (sealed_size < CHUNKED_HEADER_SIZE)
        return false;

    size_t chunks = sealed_size - CHUNKED_HEADER_SIZE;
    size_t last = chunks % SEALED_CHUNK_SIZE; /* a full chunk never ends a message */
    if (last < GCM_TAG_SIZE)
        return false;
    *size = chunks / SEALED_CHUNK_SIZE * CHUNK_SIZE + last - GCM_TAG_SIZE;
    return true;
}

struct chunked_sealer {
    struct gcm *gcm; /* owned */
    uint8_t base_nonce[GCM_NONCE_SIZE];
    uint64_t number; /* of the chunk that is open */
    size_t filled;   /* bytes of the message in it, below CHUNK_SIZE */
};

static enum status open_chunk(struct chunked_sealer *sealer)
{
    uint8_t nonce[GCM_NONCE_SIZE];

    if (sealer->number == CHUNKS_MAX)
        return ST_LIMIT;
    nonce_of(sealer->base_nonce, sealer->number, nonce);
    sealer->filled = 0;
    return gcm_start(sealer->gcm, nonce, (struct bytes){NULL, 0});
}

static enum status close_chunk(struct chunked_sealer *sealer, struct writer *out)
{
    uint8_t tag[GCM_TAG_SIZE];
    enum status status = gcm_tag(sealer->gcm, tag);

    if (status == ST_OK)
        write_bytes(out, tag, sizeof tag);
    sealer->number++;
    return status;
}

enum status chunked_begin(const uint8_t key[static CHUNKED_KEY_SIZE],
                          const uint8_t salt[static CHUNKED_SALT_SIZE], struct bytes context,
                          struct writer *out, struct chunked_sealer **sealer)
{
    OWNED(chunked_sealer) fresh = calloc(1, sizeof *fresh);
    struct derived derived;

    if (!fresh)
        return ST_NOMEM;
    enum status status = derive(key, salt, context, &derived);
    if (status != ST_OK)
        return status;
    fresh->gcm = gcm_new(GCM_SEAL, derived.key);
    memcpy(fresh->base_nonce, derived.base_nonce, sizeof fresh->base_nonce);
    secret_wipe(derived.key, sizeof derived.key);
    status = fresh->gcm ? open_chunk(fresh) : ST_NOMEM;
    if (status != ST_OK)
        return status;
    write_bytes(out, salt, CHUNKED_SALT_SIZE);
    write_bytes(out, derived.commitment, sizeof derived.commitment);
    *sealer = GIVE(fresh);
    return ST_OK;
}

/* Encrypts straight into the writer's buffer: a piece is never copied. */
static enum status add_piece(struct chunked_sealer *sealer, const uint8_t *data, size_t size,
                             struct writer *out)
{
    if (out->failed || size > out->room - out->size) {
        out->failed = true;
        return ST_OK;
    }
    enum status status = gcm_add(sealer->gcm, data, size, out->start + out->size);
    out->size += size;
    return status;
}

enum status chunked_add(struct chunked_sealer *sealer, struct bytes plain, struct writer *out)
{
    while (plain.size > 0) {
        size_t left = CHUNK_SIZE - sealer->filled;
        size_t size = plain.size < left ? plain.size : left;
        enum status status = add_piece(sealer, plain.data, size, out);

        plain.data += size;
        plain.size -= size;
        sealer->filled += size;
        if (status == ST_OK && sealer->filled == CHUNK_SIZE)
            status = close_chunk(sealer, out);
        if (status == ST_OK && sealer->filled == CHUNK_SIZE)
            status = open_chunk(sealer);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status chunked_end(struct chunked_sealer *sealer, struct writer *out)
{
    return close_chunk(sealer, out);
}

void chunked_sealer_free(struct chunked_sealer *sealer)
{
    if (!sealer)
        return;
    gcm_free(sealer->gcm);
    secret_wipe(sealer, sizeof *sealer);
    free(sealer);
}

enum status chunked_seal(const uint8_t key[static CHUNKED_KEY_SIZE], struct bytes context,
                         struct bytes plain, uint8_t *out, size_t room, size_t *size)
{
    struct writer writer = writer_of(out, room);
    uint8_t salt[CHUNKED_SALT_SIZE];
    OWNED(chunked_sealer) sealer = NULL;

    if (room < chunked_sealed_size(plain.size))
        return ST_LIMIT;
    enum status status = random_secret(salt, sizeof salt);
    if (status == ST_OK)
        status = chunked_begin(key, salt, context, &writer, &sealer);
    if (status == ST_OK)
        status = chunked_add(sealer, plain, &writer);
    if (status == ST_OK)
        status = chunked_end(sealer, &writer);
    if (status == ST_OK)
        *size = writer.size;
    return status;
}

static enum status open_chunks(struct gcm *gcm, const uint8_t base_nonce[static GCM_NONCE_SIZE],
                               struct reader chunks, uint8_t *out)
{
    for (uint64_t number = 0;; number++) {
        size_t size = chunks.left < SEALED_CHUNK_SIZE ? chunks.left : SEALED_CHUNK_SIZE;
        struct bytes chunk = read_bytes(&chunks, size);
        uint8_t nonce[GCM_NONCE_SIZE];

        if (number == CHUNKS_MAX || size < GCM_TAG_SIZE)
            return ST_FORGED;
        nonce_of(base_nonce, number, nonce);
        enum status status = gcm_start(gcm, nonce, (struct bytes){NULL, 0});
        if (status == ST_OK)
            status = gcm_add(gcm, chunk.data, size - GCM_TAG_SIZE, out);
        if (status == ST_OK)
            status = gcm_check(gcm, chunk.data + size - GCM_TAG_SIZE);
        if (status != ST_OK || size < SEALED_CHUNK_SIZE)
            return status; /* a short chunk is the last */
        out += CHUNK_SIZE;
    }
}

enum status chunked_open(const uint8_t key[static CHUNKED_KEY_SIZE], struct bytes context,
                         struct bytes sealed, uint8_t *out, size_t room, size_t *size)
{
    struct reader reader = reader_of(sealed.data, sealed.size);
    struct bytes salt = read_bytes(&reader, CHUNKED_SALT_SIZE);
    struct bytes commitment = read_bytes(&reader, CHUNKED_COMMITMENT_SIZE);
    struct derived derived;
    size_t plain_size;

    if (!chunked_plain_size(sealed.size, &plain_size))
        return ST_FORGED;
    if (plain_size > room)
        return ST_LIMIT;
    enum status status = derive(key, salt.data, context, &derived);
    if (status == ST_OK
        && !secret_equal(derived.commitment, commitment.data, sizeof derived.commitment))
        status = ST_FORGED;

    OWNED(gcm) gcm = status == ST_OK ? gcm_new(GCM_OPEN, derived.key) : NULL;
    if (status == ST_OK)
        status = gcm ? open_chunks(gcm, derived.base_nonce, reader, out) : ST_NOMEM;
    secret_wipe(&derived, sizeof derived);
    if (status == ST_OK)
        *size = plain_size;
    else if (gcm)
        secret_wipe(out, plain_size); /* chunks that held before the one that did not */
    return status;
}
