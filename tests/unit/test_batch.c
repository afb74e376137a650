/* One signature over many leaves: each verifies alone, and nothing verifies as anything else. */
#include "tests/unit/unit.h"

#include <string.h>

#include <openssl/ec.h>

#include "lib/sign.h"
#include "tests/unit/header_sample.h"

static const uint8_t community[DIGEST_SIZE] = {7}, elsewhere[DIGEST_SIZE] = {8};

static EVP_PKEY *key, *other_key;

static int make_keys(void **)
{
    key = EVP_EC_gen("P-256");
    other_key = EVP_EC_gen("P-256");
    return key && other_key ? 0 : -1;
}

static int free_keys(void **)
{
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    return 0;
}

struct batch {
    char texts[BATCH_LEAVES_MAX][16];
    struct bytes contents[BATCH_LEAVES_MAX];
    struct proof proofs[BATCH_LEAVES_MAX];
    struct digest signer;
};

static void sign_batch(struct batch *batch, enum batch_use use, size_t count)
{
    memset(batch, 0, sizeof *batch);
    batch->signer.bytes[0] = 9;
    for (size_t i = 0; i < count; i++) {
        int size = snprintf(batch->texts[i], sizeof batch->texts[i], "header %zu", i);
        batch->contents[i] = (struct bytes){(const uint8_t *)batch->texts[i], (size_t)size};
    }
    assert_int_equal(
        batch_sign(use, key, &batch->signer, community, batch->contents, count, batch->proofs),
        ST_OK);
}

static enum status verify(struct batch_cache *cache, const struct batch *batch, size_t i)
{
    return batch_verify(BATCH_HEADERS, cache, key, community, batch->contents[i],
                        &batch->proofs[i]);
}

static void every_leaf_of_every_batch_size_verifies_alone(void **)
{
    OWNED(batch_cache) cache = batch_cache_new();
    struct batch batch;

    assert_non_null(cache);
    for (size_t count = 1; count <= BATCH_LEAVES_MAX; count++) {
        sign_batch(&batch, BATCH_HEADERS, count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(batch.proofs[i].index, i);
            assert_int_equal(batch.proofs[i].count, count);
            assert_int_equal(verify(cache, &batch, i), ST_OK);
        }
        assert_int_equal(verify(NULL, &batch, count - 1), ST_OK);
    }
}

static void salts_differ(void **)
{
    struct batch batch;

    sign_batch(&batch, BATCH_HEADERS, 2);
    assert_memory_not_equal(batch.proofs[0].salt, batch.proofs[1].salt, SALT_SIZE);
}

static void a_signature_serves_one_use_one_key_one_community(void **)
{
    struct batch batch;

    sign_batch(&batch, BATCH_HEADERS, 3);
    assert_int_equal(
        batch_verify(BATCH_STEPS, NULL, key, community, batch.contents[1], &batch.proofs[1]),
        ST_FORGED);
    assert_int_equal(batch_verify(BATCH_HEADERS, NULL, other_key, community, batch.contents[1],
                                  &batch.proofs[1]),
                     ST_FORGED);
    assert_int_equal(
        batch_verify(BATCH_HEADERS, NULL, key, elsewhere, batch.contents[1], &batch.proofs[1]),
        ST_FORGED);
    assert_int_equal(
        batch_verify(BATCH_HEADERS, NULL, key, community, batch.contents[0], &batch.proofs[1]),
        ST_FORGED);
}

/* With the batch's root already in the cache, so that the cache cannot be what lets it through. */
static void a_proof_with_anything_changed_is_forged(void **)
{
    OWNED(batch_cache) cache = batch_cache_new();
    struct batch batch;
    unsigned tried = 0;

    sign_batch(&batch, BATCH_HEADERS, 5);
    assert_int_equal(verify(cache, &batch, 2), ST_OK);
    struct proof good = batch.proofs[2];
    for (size_t bit = 0; bit < 8 * (SIGNATURE_SIZE + SALT_SIZE + good.length * DIGEST_SIZE);
         bit++, tried++) {
        struct proof *p = &batch.proofs[2];
        size_t byte = bit / 8;
        *p = good;
        uint8_t *at = byte < SIGNATURE_SIZE ? &p->signature[byte]
                    : byte < SIGNATURE_SIZE + SALT_SIZE
                        ? &p->salt[byte - SIGNATURE_SIZE]
                        : &p->path[0].bytes[byte - SIGNATURE_SIZE - SALT_SIZE];
        *at ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(verify(cache, &batch, 2), ST_FORGED);
    }
    for (uint32_t index = 0; index < 70; index++)
        for (uint32_t count = 0; count < 70; count++)
            for (uint32_t length = 0; length <= BATCH_PATH_MAX + 1; length++, tried++) {
                batch.proofs[2] = good;
                batch.proofs[2].index = index;
                batch.proofs[2].count = count;
                batch.proofs[2].length = length;
                bool same = index == 2 && count == 5 && length == good.length;
                assert_int_equal(verify(cache, &batch, 2), same ? ST_OK : ST_FORGED);
            }
    printf("%u altered proofs refused\n", tried);
}

/* The count is signed, so a path that also leads to the root in a larger tree does not pass. */
static void another_count_with_the_same_root_is_forged(void **)
{
    struct batch batch;

    sign_batch(&batch, BATCH_HEADERS, 4);
    batch.proofs[0].count = 3; /* leaf 0 has the same path in a tree of three */
    assert_int_equal(verify(NULL, &batch, 0), ST_FORGED);
}

static void the_cache_spares_the_signature_and_nothing_else(void **)
{
    OWNED(batch_cache) cache = batch_cache_new();
    struct batch batch;

    sign_batch(&batch, BATCH_HEADERS, 8);
    assert_int_equal(verify(cache, &batch, 0), ST_OK);
    /* the key is not asked again for this root: that is what a cache is for ... */
    assert_int_equal(batch_verify(BATCH_HEADERS, cache, other_key, community, batch.contents[1],
                                  &batch.proofs[1]),
                     ST_OK);
    /* ... but another signer's claim is another entry */
    batch.proofs[1].signer.bytes[0] ^= 1;
    assert_int_equal(batch_verify(BATCH_HEADERS, cache, other_key, community, batch.contents[1],
                                  &batch.proofs[1]),
                     ST_FORGED);
    assert_int_equal(
        batch_verify(BATCH_STEPS, cache, key, community, batch.contents[2], &batch.proofs[2]),
        ST_FORGED);
    assert_int_equal(
        batch_verify(BATCH_HEADERS, cache, key, elsewhere, batch.contents[2], &batch.proofs[2]),
        ST_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_leaf_of_every_batch_size_verifies_alone),
        cmocka_unit_test(salts_differ),
        cmocka_unit_test(a_signature_serves_one_use_one_key_one_community),
        cmocka_unit_test(a_proof_with_anything_changed_is_forged),
        cmocka_unit_test(another_count_with_the_same_root_is_forged),
        cmocka_unit_test(the_cache_spares_the_signature_and_nothing_else),
    };
    return cmocka_run_group_tests_name("batch", tests, make_keys, free_keys);
}
