/* Signatures are raw, strict, and agree with the published vectors. */
#include "tests/unit/unit.h"

#include "lib/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/pem.h>

#define VECTORS SOURCE_DIR "/tests/vectors/wycheproof-ecdsa_secp256r1_sha256_p1363_test.json"

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert_non_null(key);
    return key;
}

/* A public key from its uncompressed point. */
static EVP_PKEY *key_of_point(const uint8_t *point, size_t size)
{
    EVP_PKEY *key = EVP_PKEY_new(), *group = new_key();

    assert_int_equal(EVP_PKEY_copy_parameters(key, group), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(key, point, size), 1);
    EVP_PKEY_free(group);
    return key;
}

static struct bytes unhex(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    size_t size = strlen(text) / 2;
    uint8_t *data = malloc(size + 1);

    assert_non_null(data);
    assert_true(hex_parse(text, data, size));
    return (struct bytes){data, size};
}

static void drop(struct bytes bytes)
{
    free((uint8_t *)(uintptr_t)bytes.data);
}

static bool answers_as_published(EVP_PKEY *key, const json_t *test)
{
    struct bytes message = unhex(test, "msg"), signature = unhex(test, "sig");
    bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    enum status status = sign_verify(key, &message, 1, signature.data, signature.size);

    drop(message);
    drop(signature);
    return status == (valid ? ST_OK : ST_FORGED);
}

static void the_published_vectors_hold(void **)
{
    json_t *file = json_load_file(VECTORS, 0, NULL), *group, *test;
    size_t i, j, right = 0, all = 0;

    assert_non_null(file);
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        struct bytes point = unhex(json_object_get(group, "publicKey"), "uncompressed");
        EVP_PKEY *key = key_of_point(point.data, point.size);
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            right += answers_as_published(key, test);
            all++;
        }
        EVP_PKEY_free(key);
        drop(point);
    }
    print_message("ECDSA P-256 raw (Wycheproof): %zu of %zu vectors\n", right, all);
    assert_int_equal(all, json_integer_value(json_object_get(file, "numberOfTests")));
    assert_int_equal(right, all);
    json_decref(file);
}

static void what_is_signed_verifies_however_it_is_cut(void **)
{
    static const uint8_t text[] = "concordat";
    const struct bytes whole = {text, 9}, parts[] = {{text, 3}, {NULL, 0}, {text + 3, 6}};
    EVP_PKEY *key = new_key();
    uint8_t signature[SIGNATURE_SIZE];

    for (int i = 0; i < 300; i++) { /* enough for short r and s, about one in 128 */
        assert_int_equal(sign_parts(key, parts, LENGTH(parts), signature), ST_OK);
        assert_int_equal(sign_verify(key, &whole, 1, signature, sizeof signature), ST_OK);
    }
    EVP_PKEY_free(key);
}

static void any_changed_bit_is_forged(void **)
{
    uint8_t text[] = "concordat", signature[SIGNATURE_SIZE + 1] = {0};
    const struct bytes whole = {text, 9};
    EVP_PKEY *key = new_key(), *other = new_key();

    assert_int_equal(sign_parts(key, &whole, 1, signature), ST_OK);
    for (size_t i = 0; i < SIGNATURE_SIZE; i++) {
        signature[i] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(sign_verify(key, &whole, 1, signature, SIGNATURE_SIZE), ST_FORGED);
        signature[i] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t size = 0; size < SIGNATURE_SIZE; size++)
        assert_int_equal(sign_verify(key, &whole, 1, signature, size), ST_FORGED);
    assert_int_equal(sign_verify(key, &whole, 1, signature, SIGNATURE_SIZE + 1), ST_FORGED);
    assert_int_equal(sign_verify(other, &whole, 1, signature, SIGNATURE_SIZE), ST_FORGED);
    text[0] ^= 1;
    assert_int_equal(sign_verify(key, &whole, 1, signature, SIGNATURE_SIZE), ST_FORGED);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static void a_key_of_another_kind_verifies_nothing(void **)
{
    static const char *const kinds[] = {"P-384", "secp256k1"};
    const struct bytes text = {(const uint8_t *)"x", 1};
    uint8_t signature[SIGNATURE_SIZE];

    memset(signature, 1, sizeof signature);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        EVP_PKEY *key = EVP_EC_gen(kinds[i]);
        assert_non_null(key);
        assert_int_equal(sign_verify(key, &text, 1, signature, sizeof signature), ST_FORGED);
        EVP_PKEY_free(key);
    }
    assert_int_equal(sign_verify(NULL, &text, 1, signature, sizeof signature), ST_FORGED);
}

static void write_key(const char *path, EVP_PKEY *key, const char *password, mode_t mode)
{
    FILE *file = fopen(path, "w");
    const EVP_CIPHER *cipher = password ? EVP_aes_128_cbc() : NULL;
    int size = password ? (int)strlen(password) : 0;

    assert_non_null(file);
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, cipher, password, size, NULL, NULL), 1);
    assert_int_equal(fchmod(fileno(file), mode), 0);
    assert_int_equal(fclose(file), 0);
}

static void a_key_file_must_be_private_and_plain(void **)
{
    char path[] = "/tmp/concordat-key-XXXXXX";
    EVP_PKEY *right = new_key(), *wrong = EVP_EC_gen("P-384"), *loaded = NULL;
    struct reason why;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    write_key(path, right, NULL, 0600);
    assert_int_equal(sign_key_load(path, &loaded, &why), ST_OK);
    assert_int_equal(EVP_PKEY_eq(right, loaded), 1);
    EVP_PKEY_free(loaded);
    loaded = NULL;

    write_key(path, right, NULL, 0640);
    assert_int_equal(sign_key_load(path, &loaded, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "chmod 600"));
    write_key(path, right, "secret", 0600);
    assert_int_equal(sign_key_load(path, &loaded, &why), ST_INVALID);
    write_key(path, wrong, NULL, 0600);
    assert_int_equal(sign_key_load(path, &loaded, &why), ST_INVALID);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(sign_key_load(path, &loaded, &why), ST_INVALID);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sign_key_load(path, &loaded, &why), ST_IO);
    assert_int_equal(sign_key_load("/tmp", &loaded, &why), ST_INVALID);
    assert_null(loaded);
    EVP_PKEY_free(right);
    EVP_PKEY_free(wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors_hold),
        cmocka_unit_test(what_is_signed_verifies_however_it_is_cut),
        cmocka_unit_test(any_changed_bit_is_forged),
        cmocka_unit_test(a_key_of_another_kind_verifies_nothing),
        cmocka_unit_test(a_key_file_must_be_private_and_plain),
    };
    return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
