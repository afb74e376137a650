#include "broker/signers.h"

#include <stdlib.h>
#include <string.h>

static void drop(struct signer *signer)
{
    EVP_PKEY_free(signer->key);
    free(signer->der);
    *signer = (struct signer){.key = NULL};
}

void signers_fini(struct signers *signers)
{
    for (uint32_t i = 0; i < signers->count; i++)
        drop(&signers->list[i]);
    signers->count = 0;
}

static bool has(const struct signers *signers, const struct digest *digest)
{
    for (uint32_t i = 0; i < signers->count; i++)
        if (digest_equal(&signers->list[i].digest, digest))
            return true;
    return false;
}

enum status signers_add(struct signers *signers, const char *agency, struct bytes der,
                        signer_check *check, void *context, struct reason *why)
{
    struct identity identity = {.id = ""};
    struct signer signer = {.digest = sha256(der.data, der.size), .der_size = der.size};

    if (signers->count == CERTIFICATES_MAX || has(signers, &signer.digest))
        return ST_OK;
    enum status status = check(context, der, &identity, &signer.key, why);
    if (status != ST_OK)
        return status;
    if (strcmp(identity.id, agency) != 0) {
        reason_set(why, "signing certificate of %s, transport certificate of %s", identity.id,
                   agency);
        drop(&signer);
        return ST_FORGED;
    }
    memcpy(signer.spki.bytes, identity.spki, DIGEST_SIZE);
    signer.from_ms = identity.from_ms;
    signer.until_ms = identity.until_ms;
    signer.der = malloc(der.size);
    if (!signer.der) {
        drop(&signer);
        return ST_NOMEM;
    }
    memcpy(signer.der, der.data, der.size);
    signers->list[signers->count++] = signer;
    return ST_OK;
}

const struct signer *signers_find(const struct signers *signers, const struct digest *digest,
                                  int64_t wall_ms)
{
    for (uint32_t i = 0; i < signers->count; i++) {
        const struct signer *signer = &signers->list[i];
        if (digest_equal(&signer->digest, digest) && signer->from_ms <= wall_ms
            && wall_ms < signer->until_ms)
            return signer;
    }
    return NULL;
}

enum status signers_recheck(struct signers *signers, signer_check *check, void *context,
                            struct reason *why)
{
    uint32_t had = signers->count, kept = 0;
    enum status answer = ST_OK;

    for (uint32_t i = 0; i < had; i++) {
        struct signer signer = signers->list[i];
        struct identity identity = {.id = ""};
        EVP_PKEY *key = NULL;

        enum status status =
            check(context, (struct bytes){signer.der, signer.der_size}, &identity, &key, why);
        if (status == ST_FORGED) {
            drop(&signer);
            continue;
        }
        if (status != ST_OK)
            answer = status; /* says nothing about it */
        EVP_PKEY_free(key);
        signers->list[kept++] = signer;
    }
    signers->count = kept;
    return had > 0 && kept == 0 ? ST_FORGED : answer;
}
