#include "lib/merkle.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

/* One context per thread, freed when the thread ends; the algorithm is fetched once per context,
 * since a fetch costs more than the hash of a header. */
static pthread_key_t context_key;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *thread_context;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void make_key(void)
{
    if (pthread_key_create(&context_key, free_context) != 0)
        abort();
}

static EVP_MD_CTX *begin(void)
{
    if (!thread_context) {
        EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
        EVP_MD_CTX *context = EVP_MD_CTX_new();

        if (!md || !context || EVP_DigestInit_ex2(context, md, NULL) != 1
            || pthread_once(&context_once, make_key) != 0
            || pthread_setspecific(context_key, context) != 0)
            abort();     /* without SHA-256 nothing may go on */
        EVP_MD_free(md); /* the context keeps it */
        thread_context = context;
    } else if (EVP_DigestInit_ex2(thread_context, NULL, NULL) != 1) {
        abort();
    }
    return thread_context;
}

static void add(EVP_MD_CTX *context, const void *data, size_t size)
{
    if (size > 0 && EVP_DigestUpdate(context, data, size) != 1)
        abort();
}

static struct digest end(EVP_MD_CTX *context)
{
    struct digest digest;

    if (EVP_DigestFinal_ex(context, digest.bytes, NULL) != 1)
        abort();
    return digest;
}

struct digest sha256(const void *data, size_t size)
{
    EVP_MD_CTX *context = begin();

    add(context, data, size);
    return end(context);
}

struct digest sha256_parts(const struct bytes parts[], size_t count)
{
    EVP_MD_CTX *context = begin();

    for (size_t i = 0; i < count; i++)
        add(context, parts[i].data, parts[i].size);
    return end(context);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0; /* digests are public: no secret to time */
}

int digest_compare(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

struct digest merkle_leaf(const uint8_t salt[static SALT_SIZE], const void *content, size_t size)
{
    static const uint8_t leaf_prefix = 0x00; /* RFC 9162 §2.1.1: a leaf never passes for a node */
    EVP_MD_CTX *context = begin();

    add(context, &leaf_prefix, 1);
    add(context, salt, SALT_SIZE);
    add(context, content, size);
    return end(context);
}

static struct digest node_of(const struct digest *left, const struct digest *right)
{
    uint8_t node[1 + 2 * DIGEST_SIZE] = {0x01};

    memcpy(node + 1, left->bytes, DIGEST_SIZE);
    memcpy(node + 1 + DIGEST_SIZE, right->bytes, DIGEST_SIZE);
    return sha256(node, sizeof node);
}

void merkle_build(const struct digest leaves[], size_t count, struct merkle_tree *out)
{
    assert(count > 0 && count <= BATCH_LEAVES_MAX);

    struct digest *level = out->nodes;

    out->count = count;
    memcpy(level, leaves, count * sizeof *leaves);
    for (size_t width = count; width > 1; width = (width + 1) / 2) {
        struct digest *above = level + width;
        for (size_t i = 0; i + 1 < width; i += 2)
            above[i / 2] = node_of(&level[i], &level[i + 1]);
        if (width % 2 != 0)
            above[width / 2] = level[width - 1];
        level = above;
    }
}

struct digest merkle_tree_root(const struct merkle_tree *tree)
{
    const struct digest *level = tree->nodes;

    for (size_t width = tree->count; width > 1; width = (width + 1) / 2)
        level += width;
    return *level;
}

size_t merkle_tree_path(const struct merkle_tree *tree, size_t index,
                        struct digest path[static BATCH_PATH_MAX])
{
    const struct digest *level = tree->nodes;
    size_t length = 0;

    assert(index < tree->count);
    for (size_t width = tree->count; width > 1; width = (width + 1) / 2) {
        size_t neighbour = index ^ 1;
        if (neighbour < width)
            path[length++] = level[neighbour];
        level += width;
        index /= 2;
    }
    return length;
}

struct digest merkle_root(const struct digest leaves[], size_t count)
{
    struct merkle_tree tree;

    merkle_build(leaves, count, &tree);
    return merkle_tree_root(&tree);
}

size_t merkle_path(const struct digest leaves[], size_t count, size_t index,
                   struct digest path[static BATCH_PATH_MAX])
{
    struct merkle_tree tree;

    merkle_build(leaves, count, &tree);
    return merkle_tree_path(&tree, index, path);
}

bool merkle_root_from_path(const struct digest *leaf, uint32_t index, uint32_t count,
                           const struct digest path[], size_t length, struct digest *root)
{
    struct digest node = *leaf;
    size_t used = 0;

    if (count == 0 || count > BATCH_LEAVES_MAX || index >= count)
        return false;
    for (uint32_t width = count; width > 1; width = (width + 1) / 2, index /= 2) {
        bool is_right = index % 2 != 0;

        if (!is_right && index + 1 == width)
            continue; /* no neighbour: moves up as it is */
        if (used == length)
            return false;
        node = is_right ? node_of(&path[used], &node) : node_of(&node, &path[used]);
        used++;
    }
    if (used != length)
        return false;
    *root = node;
    return true;
}
