/* HPKE in base mode agrees with RFC 9180's vectors, whatever AEAD its suite names. */
#include "tests/unit/vectors.h"

#include <openssl/evp.h>

#include "agents/hpke.h"

struct tally {
    size_t sets, encryptions, exports;
};

static const EVP_CIPHER *cipher_of(enum hpke_aead aead)
{
    switch (aead) {
    case HPKE_AES_128_GCM:
        return EVP_aes_128_gcm();
    case HPKE_AES_256_GCM:
        return EVP_aes_256_gcm();
    case HPKE_CHACHA20_POLY1305:
        return EVP_chacha20_poly1305();
    case HPKE_EXPORT_ONLY:
        break;
    }
    fail_msg("a suite that only exports encrypts nothing");
    return NULL;
}

/* RFC 9180 §5.2: Seal and Open of message `sequence`, which only the vectors need. */
static void run_aead(const struct hpke_context *context, uint64_t sequence, bool sealing,
                     struct bytes aad, const uint8_t *in, size_t size, uint8_t *out,
                     uint8_t tag[static 16])
{
    EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
    uint8_t nonce[HPKE_NONCE_SIZE];
    int n;

    memcpy(nonce, context->base_nonce, sizeof nonce);
    for (size_t i = 0; i < 8; i++)
        nonce[sizeof nonce - 1 - i] ^= (uint8_t)(sequence >> (8 * i));
    assert_int_equal(
        EVP_CipherInit_ex(evp, cipher_of(context->aead), NULL, context->key, nonce, sealing), 1);
    assert_int_equal(EVP_CipherUpdate(evp, NULL, &n, aad.data, (int)aad.size), 1);
    assert_int_equal(EVP_CipherUpdate(evp, out, &n, in, (int)size), 1);
    if (!sealing)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, 16, tag), 1);
    assert_int_equal(EVP_CipherFinal_ex(evp, out + size, &n), 1);
    if (sealing)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1);
    EVP_CIPHER_CTX_free(evp);
}

/* The RFC's tables and the working group's file name the same things differently. */
static const char *either(const json_t *test, const char *one, const char *other)
{
    return json_object_get(test, one) ? one : other;
}

/* RFC 9180 §5.2: the nonce is the base nonce XOR the sequence number; so the number is told by it.
 */
static uint64_t sequence_of(const struct hpke_context *context, struct bytes nonce)
{
    uint64_t sequence = 0;

    assert_int_equal(nonce.size, HPKE_NONCE_SIZE);
    for (size_t i = HPKE_NONCE_SIZE - 8; i < HPKE_NONCE_SIZE; i++)
        sequence = sequence << 8 | (nonce.data[i] ^ context->base_nonce[i]);
    return sequence;
}

static void check_encryption(const struct hpke_context *sender,
                             const struct hpke_context *recipient, const json_t *test)
{
    OWNED_BYTES plain = vector_bytes(test, either(test, "pt", "plaintext"));
    OWNED_BYTES aad = vector_bytes(test, "aad");
    OWNED_BYTES sealed = vector_bytes(test, either(test, "ct", "ciphertext"));
    OWNED_BYTES nonce = vector_bytes(test, "nonce");
    uint64_t sequence = sequence_of(sender, nonce);
    uint8_t out[256], tag[16];

    assert_true(plain.size <= sizeof out);
    assert_int_equal(sealed.size, plain.size + sizeof tag);
    if (json_object_get(test, "sequence number"))
        assert_int_equal(sequence, vector_number(test, "sequence number"));
    run_aead(sender, sequence, true, aad, plain.data, plain.size, out, tag);
    assert_memory_equal(out, sealed.data, plain.size);
    assert_memory_equal(tag, sealed.data + plain.size, sizeof tag);
    run_aead(recipient, sequence, false, aad, sealed.data, plain.size, out, tag);
    assert_memory_equal(out, plain.data, plain.size);
}

static void check_export(const struct hpke_context *context, const json_t *test)
{
    OWNED_BYTES exporter_context = vector_bytes(test, "exporter_context");
    OWNED_BYTES value = vector_bytes(test, "exported_value");
    size_t size = vector_number(test, "L");
    uint8_t out[256];

    assert_true(size <= sizeof out && size == value.size);
    assert_int_equal(hpke_export(context, exporter_context, out, size), ST_OK);
    assert_memory_equal(out, value.data, size);
}

static void check_context(const struct hpke_context *context, const json_t *set)
{
    OWNED_BYTES key = vector_bytes(set, "key");
    OWNED_BYTES base_nonce = vector_bytes(set, "base_nonce");
    OWNED_BYTES exporter_secret = vector_bytes(set, "exporter_secret");

    assert_int_equal(key.size, hpke_key_size(context->aead));
    assert_memory_equal(context->key, key.data, key.size);
    assert_int_equal(base_nonce.size, key.size > 0 ? HPKE_NONCE_SIZE : 0);
    assert_memory_equal(context->base_nonce, base_nonce.data, base_nonce.size);
    assert_int_equal(exporter_secret.size, HPKE_SECRET_SIZE);
    assert_memory_equal(context->exporter_secret, exporter_secret.data, HPKE_SECRET_SIZE);
}

static void check_set(const json_t *set, struct tally *tally)
{
    enum hpke_aead aead = (enum hpke_aead)vector_number(set, "aead_id");
    OWNED_BYTES info = vector_bytes(set, "info");
    OWNED_BYTES ephemeral = vector_bytes(set, "skEm");
    OWNED_BYTES private_key = vector_bytes(set, "skRm");
    OWNED_BYTES public_key = vector_bytes(set, "pkRm");
    OWNED_BYTES enc = vector_bytes(set, "enc");
    OWNED_BYTES shared_secret = vector_bytes(set, "shared_secret");
    const size_t encryptions = json_array_size(json_object_get(set, "encryptions"));
    const size_t exports = json_array_size(json_object_get(set, "exports"));
    struct hpke_context sender, recipient;
    uint8_t our_enc[SEALING_KEY_SIZE], secret[HPKE_SECRET_SIZE];
    json_t *test;
    size_t i;

    assert_int_equal(
        hpke_setup_sender_with(aead, public_key.data, info, ephemeral.data, our_enc, &sender),
        ST_OK);
    assert_memory_equal(our_enc, enc.data, sizeof our_enc);
    assert_int_equal(hpke_setup_recipient(aead, enc.data, private_key.data, info, &recipient),
                     ST_OK);
    assert_int_equal(hpke_decap(enc.data, private_key.data, secret), ST_OK);
    assert_memory_equal(secret, shared_secret.data, sizeof secret);
    check_context(&sender, set);
    check_context(&recipient, set);
    json_array_foreach(json_object_get(set, "encryptions"), i, test)
    {
        check_encryption(&sender, &recipient, test);
    }
    json_array_foreach(json_object_get(set, "exports"), i, test)
    {
        check_export(&sender, test);
        check_export(&recipient, test);
    }
    print_message("hpke X25519, HKDF-SHA256, AEAD %d: %zu encryptions, %zu exports\n", (int)aead,
                  encryptions, exports);
    tally->sets++;
    tally->encryptions += encryptions;
    tally->exports += exports;
}

/* Those sets of a file (a list, or one alone) that have our KEM and KDF. */
static void check_file(const char *name, struct tally *tally)
{
    OWNED_JSON root = vectors_load(name);
    json_t *set;
    size_t i;

    if (json_is_object(root)) {
        check_set(root, tally);
        return;
    }
    json_array_foreach(root, i, set)
    {
        if (vector_number(set, "kem_id") == 0x20 && vector_number(set, "kdf_id") == 1
            && vector_number(set, "mode") == 0)
            check_set(set, tally);
    }
}

static void the_rfc_s_vectors_hold(void **)
{
    struct tally tally = {0};

    check_file("hpke-rfc9180-base.json", &tally);
    check_file("hpke-x25519-sha256-aes256gcm-base.json", &tally);
    print_message("hpke %zu of 3 X25519 sets: %zu encryptions, %zu exports\n", tally.sets,
                  tally.encryptions, tally.exports);
    assert_int_equal(tally.sets, 3);
    assert_int_equal(tally.encryptions, 6 + 6 + 33);
    assert_int_equal(tally.exports, 3 + 3 + 3);
}

static void both_sides_export_the_same_and_only_for_the_same_info(void **)
{
    const struct bytes info = {(const uint8_t *)"one", 3}, other = {(const uint8_t *)"two", 3};
    const struct bytes wrap = {(const uint8_t *)"wrap", 4};
    uint8_t private_key[SEALING_KEY_SIZE], public_key[SEALING_KEY_SIZE], enc[SEALING_KEY_SIZE];
    uint8_t ours[32], theirs[32];
    struct hpke_context sender, recipient;

    assert_int_equal(hpke_keypair(private_key, public_key), ST_OK);
    assert_int_equal(hpke_setup_sender(HPKE_AES_256_GCM, public_key, info, enc, &sender), ST_OK);
    assert_int_equal(hpke_export(&sender, wrap, ours, sizeof ours), ST_OK);
    assert_int_equal(hpke_setup_recipient(HPKE_AES_256_GCM, enc, private_key, info, &recipient),
                     ST_OK);
    assert_int_equal(hpke_export(&recipient, wrap, theirs, sizeof theirs), ST_OK);
    assert_memory_equal(ours, theirs, sizeof ours);
    assert_int_equal(hpke_setup_recipient(HPKE_AES_256_GCM, enc, private_key, other, &recipient),
                     ST_OK);
    assert_int_equal(hpke_export(&recipient, wrap, theirs, sizeof theirs), ST_OK);
    assert_memory_not_equal(ours, theirs, sizeof ours);
}

static void a_point_of_small_order_is_refused(void **)
{
    const uint8_t zero[SEALING_KEY_SIZE] = {0}, one[SEALING_KEY_SIZE] = {1};
    const struct bytes info = {(const uint8_t *)"", 0};
    uint8_t private_key[SEALING_KEY_SIZE], public_key[SEALING_KEY_SIZE], enc[SEALING_KEY_SIZE];
    struct hpke_context context;

    assert_int_equal(hpke_keypair(private_key, public_key), ST_OK);
    assert_int_equal(hpke_setup_sender(HPKE_AES_256_GCM, zero, info, enc, &context), ST_INVALID);
    assert_int_equal(hpke_setup_sender(HPKE_AES_256_GCM, one, info, enc, &context), ST_INVALID);
    assert_int_equal(hpke_setup_recipient(HPKE_AES_256_GCM, zero, private_key, info, &context),
                     ST_INVALID);
}

static void an_export_is_bounded(void **)
{
    static uint8_t out[255 * 32 + 1];
    const struct hpke_context context = {.aead = HPKE_AES_256_GCM};
    const struct bytes nothing = {(const uint8_t *)"", 0};

    assert_int_equal(hpke_export(&context, nothing, out, sizeof out - 1), ST_OK);
    assert_int_equal(hpke_export(&context, nothing, out, sizeof out), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_vectors_hold),
        cmocka_unit_test(both_sides_export_the_same_and_only_for_the_same_info),
        cmocka_unit_test(a_point_of_small_order_is_refused),
        cmocka_unit_test(an_export_is_bounded),
    };
    return cmocka_run_group_tests_name("hpke", tests, NULL, NULL);
}
