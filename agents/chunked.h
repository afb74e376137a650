/*
 * chunked.h - a message of any size sealed in chunks: C2SP chunked-encryption with AES-256-GCM and
 * SHA-512, published as Cobblestone-256.
 *
 *     salt (24) | commitment (32) | chunk | chunk | ... | last chunk
 *
 *     key (32) | base nonce (12) | commitment (32) =
 *         HKDF-Expand-SHA512(input key,
 *             "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" | 0x00 | salt | context)
 *
 * A chunk is 16 KiB of the message and a tag, under the base nonce XOR its number. The last chunk
 * is always shorter than 16 KiB and may be empty: that is the mark of the end, so a cut or extended
 * message never opens. The commitment ties the ciphertext to one key and one context: no second key
 * opens it (AES-GCM alone does not promise that).
 *
 * Memory is constant however large the message.
 * Source: c2sp.org/chunked-encryption.
 *
 * Threads: one owner.
 */
#ifndef AGENTS_CHUNKED_H
#define AGENTS_CHUNKED_H

#include "agents/crypto.h"
#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/status.h"

#define CHUNK_SIZE ((size_t)16 * 1024) /* bytes of the message in a full chunk */
#define CHUNKED_SALT_SIZE 24
#define CHUNKED_COMMITMENT_SIZE 32
#define CHUNKED_HEADER_SIZE (CHUNKED_SALT_SIZE + CHUNKED_COMMITMENT_SIZE)
#define CHUNKED_KEY_SIZE GCM_KEY_SIZE /* uniformly random: a KDF's output or a generator's */

/* Bytes that `size` bytes become. */
size_t chunked_sealed_size(size_t size);
/* And back; false for a size that no message has. */
bool chunked_plain_size(size_t sealed_size, size_t *size);

/* Sealing as a stream: begin, add any number of times, end. What is ready goes to `out`, whose
 * `failed` is the caller's to look at, once at the end. */
struct chunked_sealer;
/* `salt` never twice under one key: draw it. Writes the header.
 *   ST_NOMEM */
enum status chunked_begin(const uint8_t key[static CHUNKED_KEY_SIZE],
                          const uint8_t salt[static CHUNKED_SALT_SIZE], struct bytes context,
                          struct writer *out, struct chunked_sealer **sealer);
/*   ST_LIMIT    over 2^40 chunks */
enum status chunked_add(struct chunked_sealer *sealer, struct bytes plain, struct writer *out);
/* Writes the last chunk; the sealer then serves for nothing. */
enum status chunked_end(struct chunked_sealer *sealer, struct writer *out);
void chunked_sealer_free(struct chunked_sealer *sealer); /* wipes; NULL is fine */
OWN(chunked_sealer)

/* A whole message at once, under a salt of its own.
 *   ST_LIMIT    `room` is below chunked_sealed_size
 *   ST_NOMEM */
enum status chunked_seal(const uint8_t key[static CHUNKED_KEY_SIZE], struct bytes context,
                         struct bytes plain, uint8_t *out, size_t room, size_t *size);
/* And back. Nothing is decrypted before the commitment holds; on failure what had been decrypted is
 * wiped.
 *   ST_FORGED   another key or context, altered, reordered, cut or extended
 *   ST_LIMIT    `room` is below the message's size */
enum status chunked_open(const uint8_t key[static CHUNKED_KEY_SIZE], struct bytes context,
                         struct bytes sealed, uint8_t *out, size_t room, size_t *size);

#endif
