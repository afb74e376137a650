/*
 * sign.h - ECDSA P-256 with raw r||s signatures (IEEE P1363), and the keys for it.
 *
 * A signature is exactly 64 bytes with 0 < r, s < n. It is not unique (s and n - s both verify), so
 * it never serves as an identifier; digests do.
 *
 * Threads: a key may be used by several threads for verifying; signing belongs to one.
 * Source: FIPS 186-5 §6; SEC 1 §4.1; IEEE 1363 (the raw form).
 */
#ifndef LIB_SIGN_H
#define LIB_SIGN_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

/* An unencrypted PEM private key of P-256, to be freed with EVP_PKEY_free. The file must not be
 * readable by group or others.
 *   ST_IO       cannot be read
 *   ST_INVALID  not a P-256 private key, or its permissions are too wide */
enum status sign_key_load(const char *path, EVP_PKEY **out, struct reason *why);

/* Is it an EC key on P-256, named as such? False for NULL. */
bool sign_key_is_p256(const EVP_PKEY *key);

/* Signs the concatenation of `parts` with SHA-256. About 30 µs.
 *   ST_NOMEM    the library could not */
enum status sign_parts(EVP_PKEY *key, const struct bytes parts[], size_t count,
                       uint8_t out[static SIGNATURE_SIZE]);

/* ST_OK when the signature holds, ST_FORGED otherwise (also for r or s out of range, other sizes
 * and other curves). About 80 µs. */
enum status sign_verify(EVP_PKEY *key, const struct bytes parts[], size_t count,
                        const uint8_t *signature, size_t size);

#endif
