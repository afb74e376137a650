/*
 * statement.h - a sealing key as its owner states it, and the signature that makes it count.
 *
 * Travels as canonical bytes (session.proto, KeyStatement); the signing key of the same agency
 * signs "concordat/1 key" || 0x00 || community || statement. Source: docs/protocol.md §6.
 */
#ifndef PROTO_STATEMENT_H
#define PROTO_STATEMENT_H

#include <openssl/evp.h>

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/merkle.h"
#include "lib/reason.h"
#include "lib/status.h"

#define STATEMENT_MAX 256 /* bytes; the longest possible statement has 165 */

struct key_statement {
    char agency[AGENCY_MAX + 1];
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t public_key[SEALING_KEY_SIZE];
    int64_t from_ms, seal_until_ms, open_until_ms;
};

struct signed_statement {
    struct bytes statement; /* canonical KeyStatement bytes */
    struct digest signer;
    uint8_t signature[SIGNATURE_SIZE];
};

/* Reads canonical bytes. Copies everything, so `arena` is neither used nor reset: the bytes may lie
 * in it.
 *   ST_INVALID  not canonical, a field missing, or times out of order
 *   ST_LIMIT    over STATEMENT_MAX */
enum status key_statement_read(struct bytes bytes, struct arena *arena, struct key_statement *out,
                               struct reason *why);
/* Inverse of key_statement_read.
 *   ST_LIMIT    `room` is too small */
enum status key_statement_write(const struct key_statement *k, uint8_t *out, size_t room,
                                size_t *size);
/* ST_NOMEM when the library cannot sign. */
enum status key_statement_sign(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                               struct bytes statement, uint8_t out[static SIGNATURE_SIZE]);
/* ST_FORGED when the signature does not hold. The caller has matched `signer` to `key`. */
enum status key_statement_verify(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                                 const struct signed_statement *signed_statement);

#endif
