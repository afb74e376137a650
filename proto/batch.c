#include "proto/batch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "lib/sign.h"

#define CACHE_SLOTS 1024 /* roots: at 64 messages a batch, what 65,536 messages need */

/* What was signed, and by whom: equal when a signature over it has been verified before. */
struct signed_root {
    uint32_t use, count; /* use 0: an empty slot */
    struct digest signer, root;
    uint8_t community[DIGEST_SIZE], signature[SIGNATURE_SIZE];
};

/* Direct mapped by the root's first bytes. Only verified roots enter, so a stranger can push none
 * out; a collision costs one more verification. */
struct batch_cache {
    struct signed_root slots[CACHE_SLOTS];
};

struct batch_cache *batch_cache_new(void)
{
    return calloc(1, sizeof(struct batch_cache));
}

void batch_cache_free(struct batch_cache *cache)
{
    free(cache);
}

static const char *prefix_of(enum batch_use use)
{
    switch (use) {
    case BATCH_HEADERS:
        return "concordat/1 batch";
    case BATCH_STEPS:
        return "concordat/1 evidence";
    }
    abort(); /* a use of a key without a prefix of its own must not exist */
}

#define SIGNED_PARTS 4

/* The signed bytes: prefix || 0x00 || community || u32 count || root (docs/protocol.md §5). The NUL
 * that ends the prefix is the 0x00. */
static void signed_parts(enum batch_use use, const uint8_t community[static DIGEST_SIZE],
                         const uint8_t count[static 4], const struct digest *root,
                         struct bytes parts[static SIGNED_PARTS])
{
    const char *prefix = prefix_of(use);

    parts[0] = (struct bytes){(const uint8_t *)prefix, strlen(prefix) + 1};
    parts[1] = (struct bytes){community, DIGEST_SIZE};
    parts[2] = (struct bytes){count, 4};
    parts[3] = (struct bytes){root->bytes, DIGEST_SIZE};
}

static void print_u32(uint32_t v, uint8_t out[static 4])
{
    struct writer w = writer_of(out, 4);

    write_u32(&w, v);
}

enum status batch_sign(enum batch_use use, EVP_PKEY *key, const struct digest *signer,
                       const uint8_t community[static DIGEST_SIZE], const struct bytes contents[],
                       size_t count, struct proof proofs[])
{
    uint8_t salts[BATCH_LEAVES_MAX][SALT_SIZE];
    uint8_t count_bytes[4], signature[SIGNATURE_SIZE];
    struct digest leaves[BATCH_LEAVES_MAX];
    struct bytes parts[SIGNED_PARTS];
    struct merkle_tree tree;

    assert(count > 0 && count <= BATCH_LEAVES_MAX);
    if (RAND_bytes(salts[0], (int)(count * SALT_SIZE)) != 1)
        return ST_NOMEM;
    for (size_t i = 0; i < count; i++)
        leaves[i] = merkle_leaf(salts[i], contents[i].data, contents[i].size);
    merkle_build(leaves, count, &tree);

    struct digest root = merkle_tree_root(&tree);
    print_u32((uint32_t)count, count_bytes);
    signed_parts(use, community, count_bytes, &root, parts);
    enum status status = sign_parts(key, parts, SIGNED_PARTS, signature);
    if (status != ST_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        struct proof *proof = &proofs[i];
        *proof = (struct proof){.signer = *signer, .index = (uint32_t)i, .count = (uint32_t)count};
        memcpy(proof->signature, signature, sizeof signature);
        memcpy(proof->salt, salts[i], SALT_SIZE);
        proof->length = (uint32_t)merkle_tree_path(&tree, i, proof->path);
    }
    return ST_OK;
}

static struct signed_root *slot_of(struct batch_cache *cache, const struct digest *root)
{
    uint32_t at = (uint32_t)root->bytes[0] << 8 | root->bytes[1];

    return &cache->slots[at % CACHE_SLOTS];
}

static bool is_same(const struct signed_root *a, const struct signed_root *b)
{
    return a->use == b->use && a->count == b->count && digest_equal(&a->signer, &b->signer)
        && digest_equal(&a->root, &b->root)
        && memcmp(a->community, b->community, sizeof a->community) == 0
        && memcmp(a->signature, b->signature, sizeof a->signature) == 0;
}

enum status batch_verify(enum batch_use use, struct batch_cache *cache, EVP_PKEY *key,
                         const uint8_t community[static DIGEST_SIZE], struct bytes content,
                         const struct proof *proof)
{
    struct digest leaf = merkle_leaf(proof->salt, content.data, content.size);
    struct signed_root claim = {.use = use, .count = proof->count, .signer = proof->signer};
    struct bytes parts[SIGNED_PARTS];
    uint8_t count[4];

    if (proof->length > BATCH_PATH_MAX
        || !merkle_root_from_path(&leaf, proof->index, proof->count, proof->path, proof->length,
                                  &claim.root))
        return ST_FORGED;
    memcpy(claim.community, community, sizeof claim.community);
    memcpy(claim.signature, proof->signature, sizeof claim.signature);

    struct signed_root *slot = cache ? slot_of(cache, &claim.root) : NULL;
    if (slot && is_same(slot, &claim))
        return ST_OK;
    print_u32(proof->count, count);
    signed_parts(use, community, count, &claim.root, parts);
    enum status status =
        sign_verify(key, parts, SIGNED_PARTS, proof->signature, sizeof proof->signature);
    if (status == ST_OK && slot)
        *slot = claim;
    return status;
}
