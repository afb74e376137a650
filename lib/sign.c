#include "lib/sign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/merkle.h"

#define SCALAR (SIGNATURE_SIZE / 2) /* bytes of r and of s */
#define DER_MAX 72                  /* SEQUENCE of two INTEGERs of at most 33 bytes */

enum {
    TAG_INTEGER = 0x02,
    TAG_SEQUENCE = 0x30
};

/* The order n of P-256: SEC 2 §2.4.2. */
static const uint8_t order[SCALAR] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

/* A key file asks nobody for a passphrase: the answer to one is an empty one. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return 0;
}

static enum status read_key(FILE *file, const char *path, EVP_PKEY **out, struct reason *why)
{
    struct stat about;
    EVP_PKEY *key;

    if (fstat(fileno(file), &about) != 0) {
        reason_set(why, "%s: %s", path, strerror(errno));
        return ST_IO;
    }
    if (!S_ISREG(about.st_mode) || about.st_mode & (S_IRWXG | S_IRWXO)) {
        reason_set(why, "%s: a private key must be a file that only its owner can read (chmod 600)",
                   path);
        return ST_INVALID;
    }
    key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
    ERR_clear_error();
    if (!sign_key_is_p256(key)) {
        EVP_PKEY_free(key);
        reason_set(why, "%s: does not hold an unencrypted P-256 private key", path);
        return ST_INVALID;
    }
    *out = key;
    return ST_OK;
}

enum status sign_key_load(const char *path, EVP_PKEY **out, struct reason *why)
{
    FILE *file = fopen(path, "re");
    enum status status;

    if (!file) {
        reason_set(why, "%s: %s", path, strerror(errno));
        return ST_IO;
    }
    status = read_key(file, path, out, why);
    (void)fclose(file); /* only read from */
    return status;
}

bool sign_key_is_p256(const EVP_PKEY *key)
{
    char group[32];

    return key && EVP_PKEY_is_a(key, "EC")
        && EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                          NULL)
        && strcmp(group, "prime256v1") == 0;
}

static void write_integer(struct writer *w, const uint8_t scalar[static SCALAR])
{
    size_t skip = 0;
    bool sign_bit;

    while (skip < SCALAR - 1 && scalar[skip] == 0)
        skip++;
    sign_bit = scalar[skip] & 0x80; /* DER integers are signed: X.690 §8.3 */
    write_u8(w, TAG_INTEGER);
    write_u8(w, (uint8_t)(SCALAR - skip + sign_bit));
    if (sign_bit)
        write_u8(w, 0);
    write_bytes(w, scalar + skip, SCALAR - skip);
}

/* Raw to what OpenSSL wants; gives its size. */
static size_t to_der(const uint8_t raw[static SIGNATURE_SIZE], uint8_t der[static DER_MAX])
{
    struct writer w = writer_of(der + 2, DER_MAX - 2);

    write_integer(&w, raw);
    write_integer(&w, raw + SCALAR);
    der[0] = TAG_SEQUENCE;
    der[1] = (uint8_t)w.size;
    return w.size + 2;
}

static bool read_integer(struct reader *r, uint8_t scalar[static SCALAR])
{
    uint8_t tag = read_u8(r);
    struct bytes value = read_bytes(r, read_u8(r));

    if (tag != TAG_INTEGER || value.size == 0)
        return false;
    if (value.data[0] == 0) {
        value.data++;
        value.size--;
    }
    if (value.size > SCALAR)
        return false;
    memset(scalar, 0, SCALAR - value.size);
    if (value.size > 0)
        memcpy(scalar + SCALAR - value.size, value.data, value.size);
    return true;
}

static bool from_der(const uint8_t *der, size_t size, uint8_t raw[static SIGNATURE_SIZE])
{
    struct reader r = reader_of(der, size);
    bool head = read_u8(&r) == TAG_SEQUENCE && read_u8(&r) == size - 2;

    return head && read_integer(&r, raw) && read_integer(&r, raw + SCALAR) && reader_done(&r);
}

/* 0 < scalar < n; signatures are public, so the time may tell. */
static bool in_range(const uint8_t scalar[static SCALAR])
{
    static const uint8_t zero[SCALAR];

    return memcmp(scalar, zero, SCALAR) != 0 && memcmp(scalar, order, SCALAR) < 0;
}

enum status sign_parts(EVP_PKEY *key, const struct bytes parts[], size_t count,
                       uint8_t out[static SIGNATURE_SIZE])
{
    struct digest digest = sha256_parts(parts, count);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    uint8_t der[DER_MAX], raw[SIGNATURE_SIZE];
    size_t size = sizeof der;
    bool signed_ = context && EVP_PKEY_sign_init(context) == 1
                && EVP_PKEY_sign(context, der, &size, digest.bytes, DIGEST_SIZE) == 1
                && from_der(der, size, raw);

    EVP_PKEY_CTX_free(context);
    if (!signed_) {
        ERR_clear_error();
        return ST_NOMEM;
    }
    memcpy(out, raw, sizeof raw);
    return ST_OK;
}

enum status sign_verify(EVP_PKEY *key, const struct bytes parts[], size_t count,
                        const uint8_t *signature, size_t size)
{
    struct digest digest;
    EVP_PKEY_CTX *context;
    uint8_t der[DER_MAX];
    bool holds;

    if (size != SIGNATURE_SIZE || !in_range(signature) || !in_range(signature + SCALAR)
        || !sign_key_is_p256(key))
        return ST_FORGED;

    digest = sha256_parts(parts, count);
    context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    size = to_der(signature, der);
    holds = context && EVP_PKEY_verify_init(context) == 1
         && EVP_PKEY_verify(context, der, size, digest.bytes, DIGEST_SIZE) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error(); /* a stale entry would be read as a fault of the next TLS call */
    return holds ? ST_OK : ST_FORGED;
}
