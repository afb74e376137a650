/* Secrets lie in locked memory, start as zeroes and compare in constant time. */
#include "tests/unit/unit.h"

#include "lib/secret.h"

#include <string.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

static void room_is_zeroed_and_locked(void **)
{
    static const uint8_t zero[200];
    uint8_t *secret = secret_alloc(sizeof zero);

    assert_non_null(secret);
    assert_memory_equal(secret, zero, sizeof zero);
    assert_true(CRYPTO_secure_allocated(secret));
    memset(secret, 7, sizeof zero);
    secret_free(secret, sizeof zero);
    secret = secret_alloc(sizeof zero);
    assert_memory_equal(secret, zero, sizeof zero);
    secret_free(secret, sizeof zero);
    secret_free(NULL, 5);
}

static void more_than_there_is_is_refused(void **)
{
    assert_null(secret_alloc((size_t)64 * 1024 * 1024));
}

static void nothing_is_dumped(void **)
{
    struct rlimit core;

    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);
}

static void wiping_and_comparing(void **)
{
    uint8_t a[] = "same bytes", b[] = "same bytes";

    assert_true(secret_equal(a, b, sizeof a));
    b[9] ^= 1;
    assert_false(secret_equal(a, b, sizeof a));
    assert_true(secret_equal(a, b, 9));
    assert_true(secret_equal(a, b, 0));
    secret_wipe(a, sizeof a);
    assert_int_equal(a[0] | a[5] | a[9], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_zeroed_and_locked),
        cmocka_unit_test(more_than_there_is_is_refused),
        cmocka_unit_test(nothing_is_dumped),
        cmocka_unit_test(wiping_and_comparing),
    };

    secret_start();
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
