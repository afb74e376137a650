/* A claim is one agency's word in one form, and its signature holds for it alone. */
#include "tests/unit/unit.h"

#include <openssl/ec.h>

#include "tests/unit/told_sample.h"

static uint8_t bytes[CLAIM_MAX + 1];

static size_t written(const struct claim *claim)
{
    size_t size = 0;

    assert_int_equal(claim_write(claim, bytes, sizeof bytes, &size), ST_OK);
    return size;
}

static enum status read_back(size_t size, struct claim *out, struct reason *why)
{
    return claim_read((struct bytes){bytes, size}, NULL, out, why);
}

static void every_kind_comes_back_as_it_was(void **)
{
    struct claim claim = sample_claim(), back;

    memset(&back, 0xee, sizeof back);
    assert_int_equal(read_back(written(&claim), &back, NULL), ST_OK);
    assert_memory_equal(&back, &claim, sizeof back);
    claim.kind = CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW;
    assert_int_equal(read_back(written(&claim), &back, NULL), ST_OK);
    assert_memory_equal(&back, &claim, sizeof back);
    claim.kind = CONCORDAT__CLAIM_KIND__CLAIM_OPEN;
    claim.case_version = 0;
    assert_int_equal(read_back(written(&claim), &back, NULL), ST_OK);
    assert_memory_equal(&back, &claim, sizeof back);
}

static void every_field_is_checked(void **)
{
#define REFUSED(starts_with, ...)                                                                  \
    do {                                                                                           \
        struct claim c = sample_claim(), back;                                                     \
        struct reason why = {""};                                                                  \
        __VA_ARGS__;                                                                               \
        assert_int_equal(read_back(written(&c), &back, &why), ST_INVALID);                         \
        if (strncmp(why.text, starts_with, strlen(starts_with)) != 0)                              \
            fail_msg("%s: %s", starts_with, why.text);                                             \
    } while (0)

    REFUSED("agency", c.agency[0] = '\0');
    REFUSED("agency", c.agency[0] = 'N');
    REFUSED("kind", c.kind = 0);
    REFUSED("Claim.kind", c.kind = 4);
    REFUSED("case_handle", c.case_handle = (struct id){0});
    REFUSED("case_version", c.case_version = 0);
    REFUSED("case_version", c.kind = CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW; c.case_version = 0);
    REFUSED("case_version", c.kind = CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
    REFUSED("at_ms", c.at_ms = 0);
    REFUSED("at_ms", c.at_ms = -1);
#undef REFUSED
}

static void nothing_malformed_is_read(void **)
{
    struct claim claim = sample_claim(), back;
    uint8_t again[CLAIM_MAX];
    size_t size = written(&claim), refused = 0, read = 0, size_again;

    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(read_back(cut, &back, NULL), ST_INVALID);
    for (size_t at = 0; at < size; at++) {
        uint8_t was = bytes[at];
        for (unsigned flip = 1; flip < 256; flip++) {
            bytes[at] = (uint8_t)(was ^ flip);
            if (read_back(size, &back, NULL) != ST_OK) {
                refused++;
                continue;
            }
            read++;
            assert_int_equal(claim_write(&back, again, sizeof again, &size_again), ST_OK);
            assert_int_equal(size_again, size);
            assert_memory_equal(again, bytes, size);
        }
        bytes[at] = was;
    }
    assert_true(refused > 0 && read > 0);
    assert_int_equal(read_back(sizeof bytes, &back, NULL), ST_LIMIT);
    for (size_t room = 0; room < size; room++)
        assert_int_equal(claim_write(&claim, bytes, room, &size_again), ST_LIMIT);
}

static void a_signature_holds_for_its_claim_key_and_community_alone(void **)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    uint8_t community[DIGEST_SIZE] = {1}, signature[SIGNATURE_SIZE];
    struct claim claim = sample_claim();
    struct bytes said = {bytes, written(&claim)};

    assert_non_null(key);
    assert_non_null(other);
    assert_int_equal(claim_sign(key, community, said, signature), ST_OK);
    assert_int_equal(claim_verify(key, community, said, signature), ST_OK);
    assert_int_equal(claim_verify(other, community, said, signature), ST_FORGED);
    community[31] ^= 1;
    assert_int_equal(claim_verify(key, community, said, signature), ST_FORGED);
    community[31] ^= 1;
    for (size_t i = 0; i < said.size; i++) {
        bytes[i] ^= 1;
        assert_int_equal(claim_verify(key, community, said, signature), ST_FORGED);
        bytes[i] ^= 1;
    }
    for (size_t i = 0; i < SIGNATURE_SIZE; i++) {
        signature[i] ^= 1;
        assert_int_equal(claim_verify(key, community, said, signature), ST_FORGED);
        signature[i] ^= 1;
    }
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back_as_it_was),
        cmocka_unit_test(every_field_is_checked),
        cmocka_unit_test(nothing_malformed_is_read),
        cmocka_unit_test(a_signature_holds_for_its_claim_key_and_community_alone),
    };
    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
