#include "agents/crypto.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

/* Fetched once and never freed: they live as long as the process. NULL when the library has none.
 */
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_CIPHER *aes_256_gcm;
static EVP_MAC_CTX *hmac_sha256, *hmac_sha512; /* models: only ever duplicated */

static EVP_MAC_CTX *hmac_model(EVP_MAC *hmac, const char *digest)
{
    char name[16];
    (void)strncpy(name, digest, sizeof name - 1);
    name[sizeof name - 1] = '\0';

    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *model = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    if (model && EVP_MAC_CTX_set_params(model, params) != 1) {
        EVP_MAC_CTX_free(model);
        return NULL;
    }
    return model;
}

static void fetch(void)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);

    aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    hmac_sha256 = hmac_model(hmac, "SHA2-256");
    hmac_sha512 = hmac_model(hmac, "SHA2-512");
    EVP_MAC_free(hmac);
}

enum status random_secret(void *out, size_t size)
{
    assert(size <= INT_MAX);
    return RAND_priv_bytes(out, (int)size) == 1 ? ST_OK : ST_NOMEM;
}

/* X25519 */

static inline void pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
#define OWNED_PKEY __attribute__((cleanup(pkey_freep))) EVP_PKEY *

static inline void pkey_ctx_freep(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}
#define OWNED_PKEY_CTX __attribute__((cleanup(pkey_ctx_freep))) EVP_PKEY_CTX *

enum status x25519_public(const uint8_t private_key[static SEALING_KEY_SIZE],
                          uint8_t public_key[static SEALING_KEY_SIZE])
{
    OWNED_PKEY key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, SEALING_KEY_SIZE);
    size_t size = SEALING_KEY_SIZE;

    if (!key || EVP_PKEY_get_raw_public_key(key, public_key, &size) != 1)
        return ST_NOMEM;
    return ST_OK;
}

enum status x25519_keypair(uint8_t private_key[static SEALING_KEY_SIZE],
                           uint8_t public_key[static SEALING_KEY_SIZE])
{
    enum status status = random_secret(private_key, SEALING_KEY_SIZE);

    return status == ST_OK ? x25519_public(private_key, public_key) : status;
}

enum status x25519(const uint8_t private_key[static SEALING_KEY_SIZE],
                   const uint8_t peer[static SEALING_KEY_SIZE],
                   uint8_t out[static SEALING_KEY_SIZE], uint8_t *public_key)
{
    static const uint8_t zero[SEALING_KEY_SIZE];
    OWNED_PKEY ours =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, SEALING_KEY_SIZE);
    OWNED_PKEY theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, SEALING_KEY_SIZE);
    OWNED_PKEY_CTX context = ours ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
    uint8_t shared[SEALING_KEY_SIZE] = {0};
    size_t size = sizeof shared, public_size = SEALING_KEY_SIZE;

    if (!context || !theirs || EVP_PKEY_derive_init(context) != 1
        || EVP_PKEY_derive_set_peer_ex(context, theirs, 0) != 1)
        return ST_NOMEM;
    /* OpenSSL itself refuses an all-zero secret; the comparison says so where it can be read, and
     * holds should a provider not do it. */
    if (EVP_PKEY_derive(context, shared, &size) != 1 || size != sizeof shared
        || CRYPTO_memcmp(shared, zero, sizeof zero) == 0)
        return ST_INVALID;
    if (public_key && EVP_PKEY_get_raw_public_key(ours, public_key, &public_size) != 1) {
        OPENSSL_cleanse(shared, sizeof shared);
        return ST_NOMEM;
    }
    memcpy(out, shared, sizeof shared);
    OPENSSL_cleanse(shared, sizeof shared);
    return ST_OK;
}

/* HKDF */

static size_t hash_size(enum hash hash)
{
    return hash == HASH_SHA256 ? 32 : 64;
}

static inline void mac_ctx_freep(EVP_MAC_CTX **context)
{
    EVP_MAC_CTX_free(*context);
}
#define OWNED_MAC_CTX __attribute__((cleanup(mac_ctx_freep))) EVP_MAC_CTX *

static bool add_parts(EVP_MAC_CTX *mac, const struct bytes parts[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].size > 0 && EVP_MAC_update(mac, parts[i].data, parts[i].size) != 1)
            return false;
    return true;
}

/* HMAC of the parts, hash_size bytes. A key of no bytes is a key like another. */
static enum status hmac(enum hash hash, struct bytes key, const struct bytes parts[], size_t count,
                        uint8_t *out)
{
    (void)pthread_once(&fetched, fetch);

    const EVP_MAC_CTX *model = hash == HASH_SHA256 ? hmac_sha256 : hmac_sha512;
    OWNED_MAC_CTX mac = model ? EVP_MAC_CTX_dup(model) : NULL;
    size_t size = 0;
    /* NULL would mean "the key you have" */
    const uint8_t *data = key.size > 0 ? key.data : (const uint8_t *)"";

    if (!mac || EVP_MAC_init(mac, data, key.size, NULL) != 1 || !add_parts(mac, parts, count)
        || EVP_MAC_final(mac, out, &size, hash_size(hash)) != 1 || size != hash_size(hash))
        return ST_NOMEM;
    return ST_OK;
}

enum status hkdf_extract(enum hash hash, struct bytes salt, const struct bytes parts[],
                         size_t count, uint8_t *prk)
{
    return hmac(hash, salt, parts, count, prk);
}

enum status hkdf_expand(enum hash hash, struct bytes prk, const struct bytes parts[], size_t count,
                        uint8_t *out, size_t size)
{
    struct bytes all[HKDF_PARTS_MAX + 2]; /* T(i-1) | info | i */
    uint8_t block[HASH_SIZE_MAX];
    uint8_t number = 0;
    size_t done = 0;

    assert(count <= HKDF_PARTS_MAX);
    if (size > 255 * hash_size(hash))
        return ST_LIMIT;

    all[0] = (struct bytes){block, 0};
    for (size_t i = 0; i < count; i++)
        all[1 + i] = parts[i];
    all[1 + count] = (struct bytes){&number, 1};
    while (done < size) {
        number++;
        enum status status = hmac(hash, prk, all, count + 2, block);
        if (status != ST_OK) {
            OPENSSL_cleanse(block, sizeof block);
            OPENSSL_cleanse(out, done);
            return status;
        }
        size_t now = size - done < hash_size(hash) ? size - done : hash_size(hash);
        memcpy(out + done, block, now);
        done += now;
        all[0].size = hash_size(hash);
    }
    OPENSSL_cleanse(block, sizeof block);
    return ST_OK;
}

/* AES-256-GCM */

struct gcm {
    EVP_CIPHER_CTX *context; /* owned */
    enum gcm_way way;
};

struct gcm *gcm_new(enum gcm_way way, const uint8_t key[static GCM_KEY_SIZE])
{
    OWNED(gcm) gcm = calloc(1, sizeof *gcm);

    (void)pthread_once(&fetched, fetch);
    if (!gcm || !aes_256_gcm)
        return NULL;
    gcm->way = way;
    gcm->context = EVP_CIPHER_CTX_new();
    if (!gcm->context
        || EVP_CipherInit_ex2(gcm->context, aes_256_gcm, key, NULL, way == GCM_SEAL, NULL) != 1)
        return NULL;
    return GIVE(gcm);
}

void gcm_free(struct gcm *gcm)
{
    if (!gcm)
        return;
    EVP_CIPHER_CTX_free(gcm->context); /* cleanses the key schedule */
    free(gcm);
}

enum status gcm_start(struct gcm *gcm, const uint8_t nonce[static GCM_NONCE_SIZE], struct bytes aad)
{
    int written;

    assert(aad.size <= INT_MAX);
    if (EVP_CipherInit_ex2(gcm->context, NULL, NULL, nonce, -1, NULL) != 1)
        return ST_NOMEM;
    if (aad.size > 0
        && EVP_CipherUpdate(gcm->context, NULL, &written, aad.data, (int)aad.size) != 1)
        return ST_NOMEM;
    return ST_OK;
}

enum status gcm_add(struct gcm *gcm, const uint8_t *in, size_t size, uint8_t *out)
{
    int written = 0;

    assert(size <= INT_MAX);
    if (size > 0
        && (EVP_CipherUpdate(gcm->context, out, &written, in, (int)size) != 1
            || written != (int)size))
        return ST_NOMEM;
    return ST_OK;
}

enum status gcm_tag(struct gcm *gcm, uint8_t tag[static GCM_TAG_SIZE])
{
    uint8_t none[GCM_TAG_SIZE];
    int written = 0;

    assert(gcm->way == GCM_SEAL);
    if (EVP_CipherFinal_ex(gcm->context, none, &written) != 1
        || EVP_CIPHER_CTX_ctrl(gcm->context, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_SIZE, tag) != 1)
        return ST_NOMEM;
    return ST_OK;
}

enum status gcm_check(struct gcm *gcm, const uint8_t tag[static GCM_TAG_SIZE])
{
    uint8_t none[GCM_TAG_SIZE], copy[GCM_TAG_SIZE]; /* the library's signature is not const */
    int written = 0;

    assert(gcm->way == GCM_OPEN);
    memcpy(copy, tag, sizeof copy);
    if (EVP_CIPHER_CTX_ctrl(gcm->context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_SIZE, copy) != 1)
        return ST_NOMEM;
    return EVP_CipherFinal_ex(gcm->context, none, &written) == 1 ? ST_OK : ST_FORGED;
}

enum status gcm_seal(const uint8_t key[static GCM_KEY_SIZE],
                     const uint8_t nonce[static GCM_NONCE_SIZE], struct bytes aad,
                     struct bytes plain, uint8_t *out)
{
    OWNED(gcm) gcm = gcm_new(GCM_SEAL, key);
    enum status status = gcm ? gcm_start(gcm, nonce, aad) : ST_NOMEM;

    if (status == ST_OK)
        status = gcm_add(gcm, plain.data, plain.size, out);
    return status == ST_OK ? gcm_tag(gcm, out + plain.size) : status;
}

enum status gcm_open(const uint8_t key[static GCM_KEY_SIZE],
                     const uint8_t nonce[static GCM_NONCE_SIZE], struct bytes aad,
                     struct bytes sealed, uint8_t *out)
{
    if (sealed.size < GCM_TAG_SIZE)
        return ST_FORGED;

    OWNED(gcm) gcm = gcm_new(GCM_OPEN, key);
    size_t size = sealed.size - GCM_TAG_SIZE;
    enum status status = gcm ? gcm_start(gcm, nonce, aad) : ST_NOMEM;

    if (status == ST_OK)
        status = gcm_add(gcm, sealed.data, size, out);
    if (status == ST_OK)
        status = gcm_check(gcm, sealed.data + size);
    if (status != ST_OK)
        OPENSSL_cleanse(out, size);
    return status;
}
