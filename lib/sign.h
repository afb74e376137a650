/*
 * sign.h - ECDSA P-256 with raw r||s signatures (IEEE P1363), and the keys for it.
 *
 * Threads: a key may be used by several threads for verifying; signing belongs to one.
 */
#ifndef LIB_SIGN_H
#define LIB_SIGN_H

#include <openssl/evp.h>

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

/* An unencrypted PEM private key of P-256, to be freed with EVP_PKEY_free. The file must not be
 * readable by group or others.
 *   ST_IO       cannot be read
 *   ST_INVALID  not a P-256 private key, or its permissions are too wide */
enum status sign_key_load(const char *path, EVP_PKEY **out, struct reason *why);

/* Signs the concatenation of `parts` with SHA-256. About 30 µs.
 *   ST_NOMEM    the library could not */
enum status sign_parts(EVP_PKEY *key, const struct bytes parts[], size_t count,
                       uint8_t out[static SIGNATURE_SIZE]);

/* ST_OK when the signature holds, ST_FORGED otherwise (also for r or s out of range, other sizes
 * and other curves). About 80 µs. */
enum status sign_verify(EVP_PKEY *key, const struct bytes parts[], size_t count,
                        const uint8_t *signature, size_t size);

#endif
