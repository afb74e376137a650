/* SHA-256 and the tree: as RFC 9162 defines them, and no path leads where it should not. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include <pthread.h>

#include "lib/merkle.h"

static struct digest digest_of(const char *hex)
{
    struct digest digest;

    assert_true(hex_parse(hex, digest.bytes, DIGEST_SIZE));
    return digest;
}

static void assert_digest(struct digest got, const char *hex)
{
    struct digest want = digest_of(hex);

    assert_memory_equal(got.bytes, want.bytes, DIGEST_SIZE);
}

static void sha256_gives_the_published_values(void **)
{
    struct bytes parts[] = {{(const uint8_t *)"a", 1}, {NULL, 0}, {(const uint8_t *)"bc", 2}};

    /* FIPS 180-2, B.1 */
    assert_digest(sha256("abc", 3),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(sha256_parts(parts, LENGTH(parts)),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(sha256(NULL, 0),
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void *hash_elsewhere(void *out)
{
    *(struct digest *)out = sha256("abc", 3);
    return NULL;
}

static void every_thread_has_its_own_context(void **)
{
    struct digest digests[4];
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_elsewhere, &digests[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_digest(digests[i],
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

/* The leaves and roots that implementations of certificate transparency test themselves with. */
static void roots_are_those_of_certificate_transparency(void **)
{
    static const char *const leaves[] = {
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    };
    static const char *const roots[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    struct digest hashes[LENGTH(leaves)];

    for (size_t i = 0; i < LENGTH(leaves); i++) {
        uint8_t leaf[17] = {0};
        size_t size = strlen(leaves[i]) / 2;
        assert_true(hex_parse(leaves[i], leaf + 1, size));
        hashes[i] = sha256(leaf, 1 + size);
        assert_digest(merkle_root(hashes, i + 1), roots[i]);
    }
}

static void a_leaf_is_salted(void **)
{
    static const uint8_t salt[SALT_SIZE] = {1, 2, 3};
    uint8_t bytes[1 + SALT_SIZE + 4] = {0, 1, 2, 3};
    struct digest want, got = merkle_leaf(salt, "text", 4);

    memcpy(bytes + 1 + SALT_SIZE, "text", 4);
    want = sha256(bytes, sizeof bytes);
    assert_true(digest_equal(&got, &want));
}

/* RFC 9162 §2.1.1, word by word. */
static struct digest root_by_definition(const struct digest *leaves, size_t count)
{
    uint8_t node[1 + 2 * DIGEST_SIZE] = {1};
    size_t split = 1;

    if (count == 1)
        return leaves[0];
    while (2 * split < count)
        split *= 2;
    struct digest left = root_by_definition(leaves, split);
    struct digest right = root_by_definition(leaves + split, count - split);
    memcpy(node + 1, left.bytes, DIGEST_SIZE);
    memcpy(node + 1 + DIGEST_SIZE, right.bytes, DIGEST_SIZE);
    return sha256(node, sizeof node);
}

static void make_leaves(struct digest leaves[static BATCH_LEAVES_MAX])
{
    for (uint8_t i = 0; i < BATCH_LEAVES_MAX; i++)
        leaves[i] = sha256(&i, 1);
}

static void every_path_leads_to_the_root(void **)
{
    struct digest leaves[BATCH_LEAVES_MAX], path[BATCH_PATH_MAX], reached;

    make_leaves(leaves);
    for (size_t count = 1; count <= BATCH_LEAVES_MAX; count++) {
        struct digest root = root_by_definition(leaves, count);
        struct digest built = merkle_root(leaves, count);
        assert_true(digest_equal(&root, &built));
        for (uint32_t i = 0; i < count; i++) {
            size_t length = merkle_path(leaves, count, i, path);
            assert_true(length <= BATCH_PATH_MAX);
            assert_true(
                merkle_root_from_path(&leaves[i], i, (uint32_t)count, path, length, &reached));
            assert_true(digest_equal(&root, &reached));
        }
    }
}

static void no_other_path_leads_to_the_root(void **)
{
    struct digest leaves[BATCH_LEAVES_MAX], reached;
    struct digest path[BATCH_PATH_MAX + 1] = {0};
    unsigned refused = 0;

    make_leaves(leaves);
    for (uint32_t count = 1; count <= BATCH_LEAVES_MAX; count++) {
        struct digest root = merkle_root(leaves, count);
        for (uint32_t i = 0; i < count; i++) {
            size_t length = merkle_path(leaves, count, i, path);
            for (uint32_t other = 0; other <= count; other++) {
                if (other == i)
                    continue;
                bool reaches =
                    merkle_root_from_path(&leaves[i], other, count, path, length, &reached)
                    && digest_equal(&root, &reached);
                assert_false(reaches);
                refused++;
            }
            assert_false(merkle_root_from_path(&leaves[i], i, count, path, length + 1, &reached));
            if (length > 0)
                assert_false(
                    merkle_root_from_path(&leaves[i], i, count, path, length - 1, &reached));
        }
    }
    assert_false(merkle_root_from_path(leaves, 0, 0, path, 0, &reached));
    assert_false(merkle_root_from_path(leaves, 0, BATCH_LEAVES_MAX + 1, path, 6, &reached));
    assert_false(merkle_root_from_path(leaves, 0, UINT32_MAX, path, 6, &reached));
    assert_false(merkle_root_from_path(leaves, UINT32_MAX, 1, path, 0, &reached));
    printf("%u wrong places refused\n", refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_values),
        cmocka_unit_test(every_thread_has_its_own_context),
        cmocka_unit_test(roots_are_those_of_certificate_transparency),
        cmocka_unit_test(a_leaf_is_salted),
        cmocka_unit_test(every_path_leads_to_the_root),
        cmocka_unit_test(no_other_path_leads_to_the_root),
    };
    return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
