/* Chunked encryption agrees with its published vectors both ways and refuses whatever was changed.
 */
#include "tests/unit/vectors.h"

#include <openssl/evp.h>
#include <zlib.h>

#include "agents/chunked.h"
#include "agents/padme.h"

#define VECTOR_MAX (8 * 1024 * 1024) /* bytes of the largest vector, inflated: about 4.2 MB */

/* Vectors carry their ciphertext deflated; free() `data`. */
static struct bytes inflated(const json_t *test)
{
    OWNED_BYTES packed = vector_bytes(test, "ct");
    uLongf size = VECTOR_MAX;
    uint8_t *data = malloc(size);

    assert_non_null(data);
    assert_int_equal(uncompress(data, &size, packed.data, packed.size), Z_OK);
    return (struct bytes){data, size};
}

static void check_plain(const json_t *test, struct bytes plain)
{
    OWNED_BYTES expected = vector_bytes(test, "msgSha512");
    uint8_t digest[64];

    assert_int_equal(plain.size, vector_number(test, "msgLength"));
    assert_int_equal(EVP_Digest(plain.data, plain.size, digest, NULL, EVP_sha512(), NULL), 1);
    assert_memory_equal(digest, expected.data, sizeof digest);
}

/* The vector's own ciphertext again, from its plaintext and salt, in pieces of odd sizes. */
static void check_sealing(const uint8_t *key, struct bytes context, struct bytes plain,
                          struct bytes sealed)
{
    uint8_t *again = malloc(sealed.size);
    struct writer w = writer_of(again, sealed.size);
    struct reader r = reader_of(plain.data, plain.size);
    OWNED(chunked_sealer) sealer = NULL;

    assert_non_null(again);
    assert_int_equal(chunked_begin(key, sealed.data, context, &w, &sealer), ST_OK);
    for (size_t piece = 1; r.left > 0; piece = piece * 3 % 50021) {
        struct bytes part = read_bytes(&r, piece < r.left ? piece : r.left);
        assert_int_equal(chunked_add(sealer, part, &w), ST_OK);
    }
    assert_int_equal(chunked_end(sealer, &w), ST_OK);
    assert_false(w.failed);
    assert_int_equal(w.size, sealed.size);
    assert_memory_equal(again, sealed.data, sealed.size);
    free(again);
}

static void check_vector(const json_t *test, size_t *valid, size_t *invalid)
{
    OWNED_BYTES key = vector_bytes(test, "key");
    OWNED_BYTES context = vector_bytes(test, "ctx");
    OWNED_BYTES sealed = inflated(test);
    uint8_t *out = calloc(1, VECTOR_MAX);
    size_t size = 0;

    assert_non_null(out);
    if (key.size != CHUNKED_KEY_SIZE) { /* our signature takes no other key */
        assert_string_equal(vector_text(test, "result"), "invalid");
        (*invalid)++;
        free(out);
        return;
    }
    enum status status = chunked_open(key.data, context, sealed, out, VECTOR_MAX, &size);
    if (strcmp(vector_text(test, "result"), "valid") == 0) {
        assert_int_equal(status, ST_OK);
        check_plain(test, (struct bytes){out, size});
        check_sealing(key.data, context, (struct bytes){out, size}, sealed);
        (*valid)++;
    } else {
        assert_int_equal(status, ST_FORGED);
        for (size_t i = 0; i < sealed.size; i++)
            assert_int_equal(out[i], 0); /* nothing of it was given out */
        (*invalid)++;
    }
    free(out);
}

static void the_published_vectors_hold(void **)
{
    OWNED_JSON root = vectors_load("wycheproof-c2sp_chunked_encryption_aes_256_gcm_test.json");
    json_t *group, *test;
    size_t i, j, valid = 0, invalid = 0;

    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        assert_string_equal(vector_text(group, "aead"), "AEAD_AES_256_GCM");
        assert_string_equal(vector_text(group, "sha"), "SHA-512");
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            check_vector(test, &valid, &invalid);
        }
    }
    print_message("chunked-encryption %zu of %zu (%zu valid, %zu invalid)\n", valid + invalid,
                  vector_number(root, "numberOfTests"), valid, invalid);
    assert_int_equal(valid + invalid, 35);
}

static const uint8_t key[CHUNKED_KEY_SIZE] = {7, 7, 7};
static const struct bytes context = {(const uint8_t *)"context", 7};

static void what_is_sealed_opens_at_every_size_around_a_chunk(void **)
{
    static uint8_t plain[3 * CHUNK_SIZE], sealed[4 * CHUNK_SIZE], out[3 * CHUNK_SIZE];
    static const size_t sizes[] = {0,
                                   1,
                                   15,
                                   16,
                                   17,
                                   CHUNK_SIZE - 1,
                                   CHUNK_SIZE,
                                   CHUNK_SIZE + 1,
                                   2 * CHUNK_SIZE - 1,
                                   2 * CHUNK_SIZE,
                                   3 * CHUNK_SIZE};

    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        size_t size = 0, opened = 0, plain_size = 0;

        assert_int_equal(chunked_seal(key, context, (struct bytes){plain, sizes[i]}, sealed,
                                      chunked_sealed_size(sizes[i]), &size),
                         ST_OK);
        assert_int_equal(size, chunked_sealed_size(sizes[i]));
        assert_true(chunked_plain_size(size, &plain_size));
        assert_int_equal(plain_size, sizes[i]);
        assert_int_equal(
            chunked_open(key, context, (struct bytes){sealed, size}, out, sizes[i], &opened),
            ST_OK);
        assert_int_equal(opened, sizes[i]);
        assert_memory_equal(out, plain, sizes[i]);
    }
}

static void every_single_bit_counts(void **)
{
    const uint8_t plain[] = "supervised contact only";
    uint8_t sealed[256], out[64];
    size_t size, opened;

    assert_int_equal(chunked_seal(key, context, (struct bytes){plain, sizeof plain}, sealed,
                                  sizeof sealed, &size),
                     ST_OK);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(
            chunked_open(key, context, (struct bytes){sealed, size}, out, sizeof out, &opened),
            ST_FORGED);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(
            chunked_open(key, context, (struct bytes){sealed, cut}, out, sizeof out, &opened),
            ST_FORGED);
    assert_int_equal(
        chunked_open(key, context, (struct bytes){sealed, size}, out, sizeof out, &opened), ST_OK);
}

static void another_context_or_key_does_not_open(void **)
{
    const struct bytes other = {(const uint8_t *)"contexT", 7};
    const uint8_t other_key[CHUNKED_KEY_SIZE] = {7, 7, 8};
    uint8_t sealed[CHUNKED_HEADER_SIZE + GCM_TAG_SIZE], out[1];
    size_t size, opened;

    assert_int_equal(
        chunked_seal(key, context, (struct bytes){NULL, 0}, sealed, sizeof sealed, &size), ST_OK);
    assert_int_equal(chunked_open(key, other, (struct bytes){sealed, size}, out, 0, &opened),
                     ST_FORGED);
    assert_int_equal(
        chunked_open(other_key, context, (struct bytes){sealed, size}, out, 0, &opened), ST_FORGED);
    assert_int_equal(chunked_open(key, context, (struct bytes){sealed, size}, out, 0, &opened),
                     ST_OK);
}

static void too_little_room_is_said_before_anything_is_written(void **)
{
    const uint8_t plain[100] = {1};
    uint8_t sealed[256], out[100] = {0};
    size_t size, opened;

    assert_int_equal(chunked_seal(key, context, (struct bytes){plain, 100}, sealed,
                                  chunked_sealed_size(100) - 1, &size),
                     ST_LIMIT);
    assert_int_equal(
        chunked_seal(key, context, (struct bytes){plain, 100}, sealed, sizeof sealed, &size),
        ST_OK);
    assert_int_equal(chunked_open(key, context, (struct bytes){sealed, size}, out, 99, &opened),
                     ST_LIMIT);
    assert_int_equal(out[0], 0);
}

static void a_stream_that_does_not_fit_fails_its_writer(void **)
{
    const uint8_t salt[CHUNKED_SALT_SIZE] = {1}, plain[100] = {1};
    uint8_t small[CHUNKED_HEADER_SIZE + 50];
    struct writer w = writer_of(small, sizeof small);
    OWNED(chunked_sealer) sealer = NULL;

    assert_int_equal(chunked_begin(key, salt, context, &w, &sealer), ST_OK);
    assert_int_equal(chunked_add(sealer, (struct bytes){plain, 40}, &w), ST_OK);
    assert_false(w.failed);
    assert_int_equal(chunked_add(sealer, (struct bytes){plain, 40}, &w), ST_OK);
    assert_true(w.failed);
}

static void padding_follows_padme(void **)
{
    /* From the definition: E = floor(log2 L), S = floor(log2 E) + 1, the low E - S bits go up. */
    static const struct {
        size_t size, padded;
    } cases[] = {
        {0, 0},
        {1, 1},
        {2, 2},
        {3, 3},
        {4, 4},
        {8, 8},
        {9, 10},
        {15, 16},
        {16, 16},
        {17, 18},
        {31, 32},
        {100, 104},
        {128, 128},
        {129, 144},
        {1000, 1024},
        {1024, 1024},
        {1025, 1088},
        {65536, 65536},
        {65537, 67584},
        {1048576, 1048576},
        {1048580, 1081344},
    };

    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(padme(cases[i].size), cases[i].padded);
    for (size_t size = 0; size < 300000; size++) {
        size_t padded = padme(size);
        assert_true(padded >= size && padme(padded) == padded);
        assert_true((padded - size) * 100 <= size * 12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors_hold),
        cmocka_unit_test(what_is_sealed_opens_at_every_size_around_a_chunk),
        cmocka_unit_test(every_single_bit_counts),
        cmocka_unit_test(another_context_or_key_does_not_open),
        cmocka_unit_test(too_little_room_is_said_before_anything_is_written),
        cmocka_unit_test(a_stream_that_does_not_fit_fails_its_writer),
        cmocka_unit_test(padding_follows_padme),
    };
    return cmocka_run_group_tests_name("chunked", tests, NULL, NULL);
}
