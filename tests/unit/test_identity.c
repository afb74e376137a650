/* A certificate is what its one profile says, or nothing. */
#include "tests/unit/unit.h"

#include "lib/identity.h"
#include "tests/unit/mint.h"

#include <stdlib.h>
#include <string.h>

#define OURS "2.25.146622499544378802514740566792507863618"
#define SIXTY_THREE "a23456789-123456789.123456789-123456789-123456789-123456789-123"

static struct mint_leaf leaf_of(enum identity_use use)
{
    struct mint_leaf leaf = mint_transport("URI:urn:concordat:agency:nps.cambs");

    switch (use) {
    case USE_BROKER:
        return mint_broker("URI:urn:concordat:broker:hub.one");
    case USE_TRANSPORT:
        break;
    case USE_SIGNING:
        leaf.purpose = OURS ".1";
        leaf.usage = "critical,digitalSignature,nonRepudiation";
        break;
    case USE_GOVERNANCE:
        leaf.purpose = OURS ".2";
        leaf.usage = "critical,digitalSignature,nonRepudiation";
        break;
    case USE_WITNESS:
        leaf.purpose = OURS ".3";
        leaf.key = "ED25519";
        break;
    case USE_OFFICER:
        leaf.name = "URI:urn:concordat:officer:nps.cambs:duty-2";
        leaf.purpose = OURS ".4";
        leaf.usage = "critical,digitalSignature,nonRepudiation";
        break;
    }
    return leaf;
}

static void each_use_takes_its_own_certificate_and_no_other(void **)
{
    OWNED(mint) mint = mint_new();
    struct identity found;
    struct reason why;
    int accepted = 0, refused = 0;

    for (enum identity_use is = USE_BROKER; is <= USE_OFFICER; is++) {
        struct mint_leaf leaf = leaf_of(is);
        X509 *it = mint_leaf(mint, &leaf).certificate;
        for (enum identity_use asked = USE_BROKER; asked <= USE_OFFICER; asked++) {
            enum status status = identity_of(it, asked, &found, &why);
            assert_int_equal(status, is == asked ? ST_OK : ST_FORGED);
            accepted += status == ST_OK;
            refused += status == ST_FORGED;
            if (status != ST_OK)
                continue;
            assert_string_equal(found.id, is == USE_BROKER ? "hub.one" : "nps.cambs");
            assert_string_equal(found.officer, is == USE_OFFICER ? "duty-2" : "");
        }
    }
    print_message("profiles: %d of 6 accepted, %d of 30 mix-ups refused\n", accepted, refused);
}

static void an_officer_is_one_person_of_one_agency(void **)
{
    static const char *const bad[] = {
        "URI:urn:concordat:officer:nps.cambs",
        "URI:urn:concordat:officer:nps.cambs:",
        "URI:urn:concordat:officer::duty-2",
        "URI:urn:concordat:officer:nps.cambs:Duty",
        "URI:urn:concordat:officer:nps.cambs:a:b",
        "URI:urn:concordat:officer:nps.cambs:a2345678901234567890123456789012",
        "URI:urn:concordat:agency:nps.cambs",
    };
    OWNED(mint) mint = mint_new();
    struct mint_leaf leaf = leaf_of(USE_OFFICER);
    struct identity found;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        leaf.name = bad[i];
        X509 *it = mint_leaf(mint, &leaf).certificate;
        assert_int_equal(identity_of(it, USE_OFFICER, &found, NULL), ST_FORGED);
    }
}

static void an_identity_names_key_certificate_and_time(void **)
{
    OWNED(mint) mint = mint_new();
    struct mint_leaf leaf = leaf_of(USE_SIGNING);
    struct minted made = mint_leaf(mint, &leaf);
    unsigned char *der = NULL;
    uint8_t digest[DIGEST_SIZE];
    int size = i2d_X509(made.certificate, &der);
    struct identity found;
    EVP_PKEY *key = NULL;

    assert_true(size > 0);
    assert_int_equal(identity_of_der(der, (size_t)size, USE_SIGNING, &found, &key, NULL), ST_OK);
    assert_int_equal(EVP_PKEY_eq(key, made.key), 1);
    assert_int_equal(EVP_Digest(der, (size_t)size, digest, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(digest, found.certificate, DIGEST_SIZE);
    assert_int_equal(found.until_ms - found.from_ms, 8 * (int64_t)MINT_DAY * 1000);
    assert_int_equal(found.use, USE_SIGNING);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
}

static void names_go_to_their_limit_and_not_beyond(void **)
{
    static const struct {
        const char *name;
        enum status status;
    } cases[] = {
        {"URI:urn:concordat:agency:a", ST_OK},
        {"URI:urn:concordat:agency:" SIXTY_THREE, ST_OK},
        {"URI:urn:concordat:agency:" SIXTY_THREE "4", ST_FORGED},
        {"URI:urn:concordat:agency:", ST_FORGED},
        {"URI:urn:concordat:agency:9nps", ST_FORGED},
        {"URI:urn:concordat:agency:nps..cambs", ST_FORGED},
        {"URI:urn:concordat:agency:nps_cambs", ST_FORGED},
        {"URI:urn:concordat:agency:nps cambs", ST_FORGED},
        {"URI:urn:concordat:agency:nps/cambs", ST_FORGED},
        {"URI:urn:concordat:agencynps", ST_FORGED},
        {"URI:URN:concordat:agency:nps", ST_FORGED},
    };
    OWNED(mint) mint = mint_new();
    struct identity found;

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct mint_leaf leaf = mint_transport(cases[i].name);
        X509 *it = mint_leaf(mint, &leaf).certificate;
        assert_int_equal(identity_of(it, USE_TRANSPORT, &found, NULL), cases[i].status);
        if (cases[i].status != ST_OK)
            assert_string_equal(found.id, "");
    }
}

/* A refused certificate is still named in the log, if its name was readable. */
static void what_was_readable_is_told(void **)
{
    OWNED(mint) mint = mint_new();
    struct mint_leaf leaf = mint_transport("URI:urn:concordat:agency:nps.cambs");
    struct identity found;
    struct reason why;

    leaf.purpose = NULL;
    assert_int_equal(identity_of(mint_leaf(mint, &leaf).certificate, USE_TRANSPORT, &found, &why),
                     ST_FORGED);
    assert_string_equal(found.id, "nps.cambs");
    assert_non_null(strstr(why.text, "extendedKeyUsage"));
}

static void only_exact_der_is_read(void **)
{
    OWNED(mint) mint = mint_new();
    struct mint_leaf leaf = leaf_of(USE_SIGNING);
    unsigned char *der = NULL;
    size_t size = (size_t)i2d_X509(mint_leaf(mint, &leaf).certificate, &der);
    uint8_t *longer = calloc(1, size + 1);
    struct identity found;

    assert_non_null(longer);
    memcpy(longer, der, size);
    assert_int_equal(identity_of_der(longer, size + 1, USE_SIGNING, &found, NULL, NULL), ST_FORGED);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(identity_of_der(longer, cut, USE_SIGNING, &found, NULL, NULL), ST_FORGED);
    for (size_t i = 0; i < size; i++) { /* must not crash; the chain check would refuse the rest */
        longer[i] ^= 0x20;
        (void)identity_of_der(longer, size, USE_SIGNING, &found, NULL, NULL);
        longer[i] ^= 0x20;
    }
    free(longer);
    OPENSSL_free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_use_takes_its_own_certificate_and_no_other),
        cmocka_unit_test(an_identity_names_key_certificate_and_time),
        cmocka_unit_test(an_officer_is_one_person_of_one_agency),
        cmocka_unit_test(names_go_to_their_limit_and_not_beyond),
        cmocka_unit_test(what_was_readable_is_told),
        cmocka_unit_test(only_exact_der_is_read),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
