/* The primitives give what their published vectors say, and refuse what they call invalid. */
#include "tests/unit/vectors.h"

#include "agents/crypto.h"

static void x25519_agrees_with_wycheproof_and_refuses_a_zero_secret(void **)
{
    static const uint8_t zero[SEALING_KEY_SIZE];
    OWNED_JSON root = vectors_load("wycheproof-x25519_test.json");
    json_t *group, *test;
    size_t i, j, held = 0, refused = 0;

    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            OWNED_BYTES public = vector_bytes(test, "public");
            OWNED_BYTES private = vector_bytes(test, "private");
            OWNED_BYTES shared = vector_bytes(test, "shared");
            uint8_t out[SEALING_KEY_SIZE] = {0};

            assert_int_equal(shared.size, sizeof out);
            enum status status = x25519(private.data, public.data, out, NULL);
            if (memcmp(shared.data, zero, sizeof zero) == 0) {
                assert_int_equal(status, ST_INVALID);
                refused++;
            } else {
                assert_int_equal(status, ST_OK);
                assert_memory_equal(out, shared.data, sizeof out);
                held++;
            }
        }
    }
    print_message("x25519 %zu of %zu (%zu all-zero secrets refused)\n", held + refused,
                  vector_number(root, "numberOfTests"), refused);
    assert_int_equal(held + refused, vector_number(root, "numberOfTests"));
}

static void hkdf_agrees_with_wycheproof(void **)
{
    OWNED_JSON root = vectors_load("wycheproof-hkdf_sha256_test.json");
    json_t *group, *test;
    size_t i, j, count = 0;

    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            OWNED_BYTES ikm = vector_bytes(test, "ikm");
            OWNED_BYTES salt = vector_bytes(test, "salt");
            OWNED_BYTES info = vector_bytes(test, "info");
            OWNED_BYTES okm = vector_bytes(test, "okm");
            size_t size = vector_number(test, "size");
            uint8_t prk[32];
            uint8_t *out = malloc(size);

            assert_non_null(out);
            assert_int_equal(hkdf_extract(HASH_SHA256, salt, &ikm, 1, prk), ST_OK);
            enum status status =
                hkdf_expand(HASH_SHA256, (struct bytes){prk, sizeof prk}, &info, 1, out, size);
            if (strcmp(vector_text(test, "result"), "invalid") == 0) {
                assert_int_equal(status, ST_LIMIT);
            } else {
                assert_int_equal(status, ST_OK);
                assert_int_equal(okm.size, size);
                assert_memory_equal(out, okm.data, size);
            }
            free(out);
            count++;
        }
    }
    print_message("hkdf-sha256 %zu of %zu\n", count, vector_number(root, "numberOfTests"));
    assert_int_equal(count, vector_number(root, "numberOfTests"));
}

static void check_gcm(const json_t *test)
{
    OWNED_BYTES key = vector_bytes(test, "key");
    OWNED_BYTES nonce = vector_bytes(test, "iv");
    OWNED_BYTES aad = vector_bytes(test, "aad");
    OWNED_BYTES plain = vector_bytes(test, "msg");
    OWNED_BYTES cipher = vector_bytes(test, "ct");
    OWNED_BYTES tag = vector_bytes(test, "tag");
    bool valid = strcmp(vector_text(test, "result"), "valid") == 0;
    uint8_t *sealed = malloc(cipher.size + GCM_TAG_SIZE), *out = malloc(plain.size + GCM_TAG_SIZE);

    assert_non_null(sealed);
    assert_non_null(out);
    assert_int_equal(tag.size, GCM_TAG_SIZE);
    memcpy(sealed, cipher.data, cipher.size);
    memcpy(sealed + cipher.size, tag.data, GCM_TAG_SIZE);
    assert_int_equal(gcm_open(key.data, nonce.data, aad,
                              (struct bytes){sealed, cipher.size + GCM_TAG_SIZE}, out),
                     valid ? ST_OK : ST_FORGED);
    if (valid) {
        assert_memory_equal(out, plain.data, plain.size);
        assert_int_equal(gcm_seal(key.data, nonce.data, aad, plain, out), ST_OK);
        assert_memory_equal(out, sealed, cipher.size + GCM_TAG_SIZE);
    }
    free(sealed);
    free(out);
}

static void aes_256_gcm_agrees_with_wycheproof(void **)
{
    OWNED_JSON root = vectors_load("wycheproof-aes_gcm_test.json");
    json_t *group, *test;
    size_t i, j, count = 0, all = 0;

    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        if (vector_number(group, "keySize") != 256 || vector_number(group, "ivSize") != 96
            || vector_number(group, "tagSize") != 128)
            continue;
        all += json_array_size(json_object_get(group, "tests"));
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            check_gcm(test);
            count++;
        }
    }
    print_message("aes-256-gcm %zu of %zu (256-bit keys, 96-bit nonces)\n", count, all);
    assert_int_equal(count, 66);
}

static void a_key_pair_agrees_with_another(void **)
{
    uint8_t a[SEALING_KEY_SIZE], a_public[SEALING_KEY_SIZE], b[SEALING_KEY_SIZE],
        b_public[SEALING_KEY_SIZE], from_a[SEALING_KEY_SIZE], from_b[SEALING_KEY_SIZE],
        again[SEALING_KEY_SIZE];

    assert_int_equal(x25519_keypair(a, a_public), ST_OK);
    assert_int_equal(x25519_keypair(b, b_public), ST_OK);
    assert_int_equal(x25519(a, b_public, from_a, again), ST_OK);
    assert_memory_equal(again, a_public, sizeof again);
    assert_int_equal(x25519(b, a_public, from_b, NULL), ST_OK);
    assert_memory_equal(from_a, from_b, sizeof from_a);
}

static void a_sealed_message_shorter_than_its_tag_is_forged(void **)
{
    const uint8_t key[GCM_KEY_SIZE] = {1}, nonce[GCM_NONCE_SIZE] = {2}, sealed[15] = {3};
    uint8_t out[1];

    assert_int_equal(
        gcm_open(key, nonce, (struct bytes){NULL, 0}, (struct bytes){sealed, sizeof sealed}, out),
        ST_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519_agrees_with_wycheproof_and_refuses_a_zero_secret),
        cmocka_unit_test(hkdf_agrees_with_wycheproof),
        cmocka_unit_test(aes_256_gcm_agrees_with_wycheproof),
        cmocka_unit_test(a_key_pair_agrees_with_another),
        cmocka_unit_test(a_sealed_message_shorter_than_its_tag_is_forged),
    };
    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
