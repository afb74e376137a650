/*
 * merkle.h - the Merkle tree of RFC 9162 §2.1 over at most BATCH_LEAVES_MAX leaves, and SHA-256.
 *
 * The hash of a leaf is H(0x00 || leaf), of a node H(0x01 || left || right). Leaves that hold
 * anything guessable carry a salt in front (docs/protocol.md §5).
 *
 * A tree is kept as levels, leaves first: two neighbours make one node above them, a last one
 * without neighbour moves up as it is. That gives the tree of RFC 9162, which splits at the largest
 * power of two, and makes a path the list of neighbours on the way up.
 */
#ifndef LIB_MERKLE_H
#define LIB_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/limits.h"

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

/* SHA-256 of the parts in order. One EVP context per thread, made on first use; ends the process
 * when the library has no SHA-256, since nothing could go on without it. */
struct digest sha256(const void *data, size_t size);
struct digest sha256_parts(const struct bytes parts[], size_t count);
bool digest_equal(const struct digest *a, const struct digest *b);
int digest_compare(const struct digest *a, const struct digest *b); /* as memcmp */

/* H(0x00 || salt || content). */
struct digest merkle_leaf(const uint8_t salt[static SALT_SIZE], const void *content, size_t size);
/* Root over `count` leaf hashes, 1 <= count <= BATCH_LEAVES_MAX. */
struct digest merkle_root(const struct digest leaves[], size_t count);
/* Inclusion path of leaf `index` (RFC 9162 §2.1.3.1); gives its length, at most BATCH_PATH_MAX.
 * Builds the whole tree: for several paths of one tree use struct merkle_tree. */
size_t merkle_path(const struct digest leaves[], size_t count, size_t index,
                   struct digest path[static BATCH_PATH_MAX]);
/* The root that leaf, index, count and path lead to (RFC 9162 §2.1.3.2); false when index >= count,
 * count is 0 or over the limit, or the path's length is not the one that index and count demand. */
bool merkle_root_from_path(const struct digest *leaf, uint32_t index, uint32_t count,
                           const struct digest path[], size_t length, struct digest *root);

/* All levels of one tree: its root and every path for count - 1 hashes. */
struct merkle_tree {
    size_t count;                                               /* leaves */
    struct digest nodes[2 * BATCH_LEAVES_MAX + BATCH_PATH_MAX]; /* level after level */
};
void merkle_build(const struct digest leaves[], size_t count, struct merkle_tree *out);
struct digest merkle_tree_root(const struct merkle_tree *tree);
size_t merkle_tree_path(const struct merkle_tree *tree, size_t index,
                        struct digest path[static BATCH_PATH_MAX]);

#endif
