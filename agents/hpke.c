#include "agents/hpke.h"

#include <string.h>

#include "agents/crypto.h"
#include "lib/secret.h"

#define KEM_X25519 0x0020 /* RFC 9180 §7.1 */
#define KDF_SHA256 0x0001 /* RFC 9180 §7.2 */
#define MODE_BASE 0x00    /* RFC 9180 §5 */
#define SUITE_ID_MAX 10   /* "HPKE" and three u16 */

static const struct bytes nothing = {(const uint8_t *)"", 0};

/* What stands in every label, so that no derivation of one suite means anything in another. */
struct suite {
    uint8_t id[SUITE_ID_MAX];
    size_t size;
};

static struct suite kem_suite(void)
{
    struct suite suite;
    struct writer w = writer_of(suite.id, sizeof suite.id);

    write_bytes(&w, "KEM", 3);
    write_u16(&w, KEM_X25519);
    suite.size = w.size;
    return suite;
}

static struct suite hpke_suite(enum hpke_aead aead)
{
    struct suite suite;
    struct writer w = writer_of(suite.id, sizeof suite.id);

    write_bytes(&w, "HPKE", 4);
    write_u16(&w, KEM_X25519);
    write_u16(&w, KDF_SHA256);
    write_u16(&w, (uint16_t)aead);
    suite.size = w.size;
    return suite;
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* RFC 9180 §4, LabeledExtract. */
static enum status labeled_extract(const struct suite *suite, struct bytes salt, const char *label,
                                   struct bytes ikm, uint8_t prk[static HPKE_SECRET_SIZE])
{
    const struct bytes parts[] = {text("HPKE-v1"), {suite->id, suite->size}, text(label), ikm};

    return hkdf_extract(HASH_SHA256, salt, parts, 4, prk);
}

/* RFC 9180 §4, LabeledExpand. */
static enum status labeled_expand(const struct suite *suite,
                                  const uint8_t prk[static HPKE_SECRET_SIZE], const char *label,
                                  struct bytes info, uint8_t *out, size_t size)
{
    const uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
    const struct bytes parts[] = {
        {length, sizeof length}, text("HPKE-v1"), {suite->id, suite->size}, text(label), info};

    return hkdf_expand(HASH_SHA256, (struct bytes){prk, HPKE_SECRET_SIZE}, parts, 5, out, size);
}

/* RFC 9180 §4.1, ExtractAndExpand. */
static enum status shared_secret_of(const uint8_t dh[static SEALING_KEY_SIZE],
                                    const uint8_t enc[static SEALING_KEY_SIZE],
                                    const uint8_t recipient[static SEALING_KEY_SIZE],
                                    uint8_t out[static HPKE_SECRET_SIZE])
{
    const struct suite suite = kem_suite();
    uint8_t context[2 * SEALING_KEY_SIZE], prk[HPKE_SECRET_SIZE];

    memcpy(context, enc, SEALING_KEY_SIZE);
    memcpy(context + SEALING_KEY_SIZE, recipient, SEALING_KEY_SIZE);
    enum status status =
        labeled_extract(&suite, nothing, "eae_prk", (struct bytes){dh, SEALING_KEY_SIZE}, prk);
    if (status == ST_OK)
        status = labeled_expand(&suite, prk, "shared_secret",
                                (struct bytes){context, sizeof context}, out, HPKE_SECRET_SIZE);
    secret_wipe(prk, sizeof prk);
    return status;
}

size_t hpke_key_size(enum hpke_aead aead)
{
    switch (aead) {
    case HPKE_AES_128_GCM:
        return 16;
    case HPKE_AES_256_GCM:
    case HPKE_CHACHA20_POLY1305:
        return 32;
    case HPKE_EXPORT_ONLY:
        return 0;
    }
    return 0;
}

/* The context's secrets from `secret`: RFC 9180 §5.1, the lower half of KeySchedule. */
static enum status fill_context(const struct suite *suite,
                                const uint8_t secret[static HPKE_SECRET_SIZE],
                                struct bytes schedule, struct hpke_context *out)
{
    size_t key_size = hpke_key_size(out->aead);
    enum status status = labeled_expand(suite, secret, "exp", schedule, out->exporter_secret,
                                        sizeof out->exporter_secret);

    if (status == ST_OK && key_size > 0)
        status = labeled_expand(suite, secret, "key", schedule, out->key, key_size);
    if (status == ST_OK && key_size > 0)
        status = labeled_expand(suite, secret, "base_nonce", schedule, out->base_nonce,
                                sizeof out->base_nonce);
    return status;
}

/* RFC 9180 §5.1, KeySchedule in base mode: psk and psk_id are empty. */
static enum status key_schedule(enum hpke_aead aead,
                                const uint8_t shared_secret[static HPKE_SECRET_SIZE],
                                struct bytes info, struct hpke_context *out)
{
    const struct suite suite = hpke_suite(aead);
    struct hpke_context fresh = {.aead = aead};
    uint8_t schedule[1 + 2 * HPKE_SECRET_SIZE] = {MODE_BASE}; /* mode, psk_id_hash, info_hash */
    uint8_t secret[HPKE_SECRET_SIZE];
    enum status status = labeled_extract(&suite, nothing, "psk_id_hash", nothing, schedule + 1);

    if (status == ST_OK)
        status =
            labeled_extract(&suite, nothing, "info_hash", info, schedule + 1 + HPKE_SECRET_SIZE);
    if (status == ST_OK)
        status = labeled_extract(&suite, (struct bytes){shared_secret, HPKE_SECRET_SIZE}, "secret",
                                 nothing, secret);
    if (status == ST_OK)
        status = fill_context(&suite, secret, (struct bytes){schedule, sizeof schedule}, &fresh);
    if (status == ST_OK)
        *out = fresh;
    secret_wipe(secret, sizeof secret);
    hpke_wipe(&fresh);
    return status;
}

enum status hpke_keypair(uint8_t private_key[static SEALING_KEY_SIZE],
                         uint8_t public_key[static SEALING_KEY_SIZE])
{
    return x25519_keypair(private_key, public_key);
}

enum status hpke_setup_sender_with(enum hpke_aead aead,
                                   const uint8_t recipient[static SEALING_KEY_SIZE],
                                   struct bytes info,
                                   const uint8_t ephemeral[static SEALING_KEY_SIZE],
                                   uint8_t enc[static SEALING_KEY_SIZE], struct hpke_context *out)
{
    uint8_t dh[SEALING_KEY_SIZE], public_key[SEALING_KEY_SIZE], shared_secret[HPKE_SECRET_SIZE];
    enum status status = x25519(ephemeral, recipient, dh, public_key);

    if (status == ST_OK)
        status = shared_secret_of(dh, public_key, recipient, shared_secret);
    if (status == ST_OK)
        status = key_schedule(aead, shared_secret, info, out);
    if (status == ST_OK)
        memcpy(enc, public_key, SEALING_KEY_SIZE);
    secret_wipe(dh, sizeof dh);
    secret_wipe(shared_secret, sizeof shared_secret);
    return status;
}

enum status hpke_setup_sender(enum hpke_aead aead, const uint8_t recipient[static SEALING_KEY_SIZE],
                              struct bytes info, uint8_t enc[static SEALING_KEY_SIZE],
                              struct hpke_context *out)
{
    uint8_t ephemeral[SEALING_KEY_SIZE];
    enum status status = random_secret(ephemeral, sizeof ephemeral);

    if (status == ST_OK)
        status = hpke_setup_sender_with(aead, recipient, info, ephemeral, enc, out);
    secret_wipe(ephemeral, sizeof ephemeral);
    return status;
}

enum status hpke_decap(const uint8_t enc[static SEALING_KEY_SIZE],
                       const uint8_t private_key[static SEALING_KEY_SIZE],
                       uint8_t shared_secret[static HPKE_SECRET_SIZE])
{
    uint8_t dh[SEALING_KEY_SIZE], public_key[SEALING_KEY_SIZE];
    enum status status = x25519(private_key, enc, dh, public_key);

    if (status == ST_OK)
        status = shared_secret_of(dh, enc, public_key, shared_secret);
    secret_wipe(dh, sizeof dh);
    return status;
}

enum status hpke_setup_recipient(enum hpke_aead aead, const uint8_t enc[static SEALING_KEY_SIZE],
                                 const uint8_t private_key[static SEALING_KEY_SIZE],
                                 struct bytes info, struct hpke_context *out)
{
    uint8_t shared_secret[HPKE_SECRET_SIZE];
    enum status status = hpke_decap(enc, private_key, shared_secret);

    if (status == ST_OK)
        status = key_schedule(aead, shared_secret, info, out);
    secret_wipe(shared_secret, sizeof shared_secret);
    return status;
}

enum status hpke_export(const struct hpke_context *context, struct bytes exporter_context,
                        uint8_t *out, size_t size)
{
    const struct suite suite = hpke_suite(context->aead);

    if (size > (size_t)255 * HPKE_SECRET_SIZE)
        return ST_LIMIT;
    return labeled_expand(&suite, context->exporter_secret, "sec", exporter_context, out, size);
}

void hpke_wipe(struct hpke_context *context)
{
    secret_wipe(context, sizeof *context);
}
