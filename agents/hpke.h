/*
 * hpke.h - Hybrid Public Key Encryption, base mode, RFC 9180: the exporter.
 *
 * Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, and an AEAD id that only enters the key schedule;
 * ours is AES-256-GCM. Concordat uses the exporter alone: every wrap has a key of its own
 * (docs/protocol.md §7), so no sequence number exists that could be reused.
 *
 * In all of these ST_NOMEM means that the library could not: memory, or no randomness.
 *
 * Threads: a context belongs to one thread; never persisted, never copied.
 */
#ifndef AGENTS_HPKE_H
#define AGENTS_HPKE_H

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/status.h"

#define HPKE_SECRET_SIZE 32 /* Nsecret and Nh: HKDF-SHA256 */
#define HPKE_KEY_MAX 32     /* the largest Nk */
#define HPKE_NONCE_SIZE 12  /* Nn */

enum hpke_aead { /* RFC 9180 §7.3 */
    HPKE_AES_128_GCM = 1,
    HPKE_AES_256_GCM = 2,
    HPKE_CHACHA20_POLY1305 = 3,
    HPKE_EXPORT_ONLY = 0xffff
};

struct hpke_context {
    enum hpke_aead aead;
    uint8_t exporter_secret[HPKE_SECRET_SIZE];
    /* For the published vectors; hpke_key_size bytes of `key`, none when the suite only exports. */
    uint8_t key[HPKE_KEY_MAX], base_nonce[HPKE_NONCE_SIZE];
};

/* Nk of an AEAD, RFC 9180 §7.3. */
size_t hpke_key_size(enum hpke_aead aead);

/* X25519 key pair from the system's randomness. */
enum status hpke_keypair(uint8_t private_key[static SEALING_KEY_SIZE],
                         uint8_t public_key[static SEALING_KEY_SIZE]);
/* RFC 9180 §5.1.1, with a fresh ephemeral key. About 80 µs.
 *   ST_INVALID  the recipient's key gives an all-zero shared secret (RFC 7748 §6.1) */
enum status hpke_setup_sender(enum hpke_aead aead, const uint8_t recipient[static SEALING_KEY_SIZE],
                              struct bytes info, uint8_t enc[static SEALING_KEY_SIZE],
                              struct hpke_context *out);
/* The same with a given ephemeral private key: published vectors only. */
enum status hpke_setup_sender_with(enum hpke_aead aead,
                                   const uint8_t recipient[static SEALING_KEY_SIZE],
                                   struct bytes info,
                                   const uint8_t ephemeral[static SEALING_KEY_SIZE],
                                   uint8_t enc[static SEALING_KEY_SIZE], struct hpke_context *out);
/* RFC 9180 §5.1.1, the other side. Whatever `enc` is, wrong contexts show when something is opened.
 *   ST_INVALID  `enc` gives an all-zero shared secret */
enum status hpke_setup_recipient(enum hpke_aead aead, const uint8_t enc[static SEALING_KEY_SIZE],
                                 const uint8_t private_key[static SEALING_KEY_SIZE],
                                 struct bytes info, struct hpke_context *out);
/* RFC 9180 §4.1, Decap: the step inside hpke_setup_recipient, on its own for the published vectors.
 *   ST_INVALID  as there */
enum status hpke_decap(const uint8_t enc[static SEALING_KEY_SIZE],
                       const uint8_t private_key[static SEALING_KEY_SIZE],
                       uint8_t shared_secret[static HPKE_SECRET_SIZE]);
/* RFC 9180 §5.3. About 0.6 µs.
 *   ST_LIMIT    `size` is over 255 * 32 */
enum status hpke_export(const struct hpke_context *context, struct bytes exporter_context,
                        uint8_t *out, size_t size);
void hpke_wipe(struct hpke_context *context);

#endif
