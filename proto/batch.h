/*
 * batch.h - one signature over up to 64 headers or evidence steps, each verifiable alone.
 *
 * Leaf = 0x00 || salt || content; signed bytes = prefix || 0x00 || community || u32 count || root,
 * where the prefix says what is signed ("concordat/1 batch" for headers, "concordat/1 evidence" for
 * steps), so that no signature serves twice. Source: docs/protocol.md §5; RFC 9162 §2.1.
 *
 * Threads: a cache belongs to one thread.
 */
#ifndef PROTO_BATCH_H
#define PROTO_BATCH_H

#include <openssl/evp.h>

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/merkle.h"
#include "lib/own.h"
#include "lib/status.h"

enum batch_use {
    BATCH_HEADERS = 1,
    BATCH_STEPS
};

/* BatchProof as values. */
struct proof {
    struct digest signer; /* SHA-256 of the signing certificate */
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t salt[SALT_SIZE];
    uint32_t index, count, length; /* length: hashes in path */
    struct digest path[BATCH_PATH_MAX];
};

/* Signs `count` contents (1..BATCH_LEAVES_MAX) as one batch and fills one proof for each.
 *   ST_NOMEM    randomness or the library failed */
enum status batch_sign(enum batch_use use, EVP_PKEY *key, const struct digest *signer,
                       const uint8_t community[static DIGEST_SIZE], const struct bytes contents[],
                       size_t count, struct proof proofs[]);

struct batch_cache; /* roots already verified, per (use, signer, root); fixed size */
struct batch_cache *batch_cache_new(void);
void batch_cache_free(struct batch_cache *cache);
OWN(batch_cache)

/* Does `proof` hold for `content` under `key`? `cache` may be NULL. The caller has matched
 * proof->signer to `key`.
 *   ST_FORGED   bad index, path length or signature */
enum status batch_verify(enum batch_use use, struct batch_cache *cache, EVP_PKEY *key,
                         const uint8_t community[static DIGEST_SIZE], struct bytes content,
                         const struct proof *proof);

#endif
