/*
 * crypto.h - the primitives that sealing stands on, as OpenSSL gives them: X25519, HKDF,
 * AES-256-GCM, randomness.
 *
 * The one file under hpke, chunked, seal and keyring that knows EVP: moving to another OpenSSL is a
 * change here. Algorithms are fetched once a process (a fetch costs more than most of these calls).
 * Source: RFC 7748, RFC 5869, NIST SP 800-38D.
 *
 * Threads: functions any; a `struct gcm` has one owner.
 */
#ifndef AGENTS_CRYPTO_H
#define AGENTS_CRYPTO_H

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/own.h"
#include "lib/status.h"

#define GCM_KEY_SIZE 32
#define GCM_NONCE_SIZE 12
#define GCM_TAG_SIZE 16
#define HASH_SIZE_MAX 64
#define HKDF_PARTS_MAX 8 /* pieces of one input; more is a programmer's error */

enum hash {
    HASH_SHA256 = 1, /* 32 bytes */
    HASH_SHA512      /* 64 bytes */
};

/* In all of these ST_NOMEM means that the library could not: memory, or no randomness. */

/* Unpredictable bytes, from the generator that OpenSSL keeps for secrets. */
enum status random_secret(void *out, size_t size);

/* A new key pair. */
enum status x25519_keypair(uint8_t private_key[static SEALING_KEY_SIZE],
                           uint8_t public_key[static SEALING_KEY_SIZE]);
enum status x25519_public(const uint8_t private_key[static SEALING_KEY_SIZE],
                          uint8_t public_key[static SEALING_KEY_SIZE]);
/* The shared secret, 32 bytes; and our public key, unless `public_key` is NULL.
 *   ST_INVALID  it is all zero: the peer's point has a small order (RFC 7748 §6.1) */
enum status x25519(const uint8_t private_key[static SEALING_KEY_SIZE],
                   const uint8_t peer[static SEALING_KEY_SIZE],
                   uint8_t out[static SEALING_KEY_SIZE], uint8_t *public_key);

/* RFC 5869 §2.2: a pseudorandom key of the hash's size, from the concatenation of `parts`. */
enum status hkdf_extract(enum hash hash, struct bytes salt, const struct bytes parts[],
                         size_t count, uint8_t *prk);
/* RFC 5869 §2.3, `info` being the concatenation of `parts`.
 *   ST_LIMIT    `size` is over 255 hashes */
enum status hkdf_expand(enum hash hash, struct bytes prk, const struct bytes parts[], size_t count,
                        uint8_t *out, size_t size);

struct gcm; /* AES-256-GCM under one key, for any number of nonces */

enum gcm_way {
    GCM_SEAL = 1,
    GCM_OPEN
};

/* NULL when the library could not. The key is not kept by the caller's address. */
struct gcm *gcm_new(enum gcm_way way, const uint8_t key[static GCM_KEY_SIZE]);
void gcm_free(struct gcm *gcm); /* wipes; NULL is fine */
OWN(gcm)
/* Begins a message; whatever was begun before is dropped. */
enum status gcm_start(struct gcm *gcm, const uint8_t nonce[static GCM_NONCE_SIZE],
                      struct bytes aad);
/* The next `size` bytes, as many to `out`. When opening they are NOT to be used before gcm_check.
 */
enum status gcm_add(struct gcm *gcm, const uint8_t *in, size_t size, uint8_t *out);
enum status gcm_tag(struct gcm *gcm, uint8_t tag[static GCM_TAG_SIZE]);
/*   ST_FORGED   key, nonce, additional data or ciphertext is not what was sealed */
enum status gcm_check(struct gcm *gcm, const uint8_t tag[static GCM_TAG_SIZE]);

/* One message at once: `out` takes plain.size + GCM_TAG_SIZE bytes. */
enum status gcm_seal(const uint8_t key[static GCM_KEY_SIZE],
                     const uint8_t nonce[static GCM_NONCE_SIZE], struct bytes aad,
                     struct bytes plain, uint8_t *out);
/* `out` takes sealed.size - GCM_TAG_SIZE bytes; on failure they are zeroes.
 *   ST_FORGED   as gcm_check, or shorter than a tag */
enum status gcm_open(const uint8_t key[static GCM_KEY_SIZE],
                     const uint8_t nonce[static GCM_NONCE_SIZE], struct bytes aad,
                     struct bytes sealed, uint8_t *out);

#endif
