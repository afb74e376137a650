#include "lib/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#define HEAP_SIZE (1024 * 1024) /* bytes, a power of two: 512 handshakes and the keys at rest */
#define HEAP_PIECE 64           /* bytes, the least it hands out */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

void secret_start(void)
{
    static const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    if (!SANITIZED) /* the leak checker attaches to its own process and must be let */
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!CRYPTO_secure_malloc_initialized())
        (void)CRYPTO_secure_malloc_init(HEAP_SIZE, HEAP_PIECE);
}

void *secret_alloc(size_t size)
{
    return OPENSSL_secure_zalloc(size);
}

void secret_free(void *secret, size_t size)
{
    OPENSSL_secure_clear_free(secret, size);
}

void secret_wipe(void *data, size_t size)
{
    OPENSSL_cleanse(data, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
