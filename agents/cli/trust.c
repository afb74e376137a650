#include "agents/cli/trust.h"

#include <stdlib.h>
#include <string.h>

#include "agents/cli/command.h"
#include "lib/pem.h"

#define CHAIN_DEPTH 2 /* leaf, issuer, root */

struct trust *trust_open(const char *path, const char *crls)
{
    OWNED(trust) trust = calloc(1, sizeof *trust);
    struct reason why = {"memory is out"};

    if (!trust || !(trust->store = X509_STORE_new())
        || authorities_load(&trust->authorities, path, crls, trust->store, &why) != ST_OK) {
        complain("%s", why.text);
        return NULL;
    }
    trust->has_crls = crls != NULL;
    memcpy(trust->community.bytes, trust->authorities.community, DIGEST_SIZE);
    return GIVE(trust);
}

void trust_free(struct trust *trust)
{
    if (!trust)
        return;
    authorities_fini(&trust->authorities);
    X509_STORE_free(trust->store);
    free(trust);
}

enum status trust_judge(const struct trust *trust, struct bytes der, int64_t at_ms,
                        struct reason *why)
{
    const unsigned char *next = der.data;
    X509 *leaf = d2i_X509(NULL, &next, (long)der.size);
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    enum status st = ST_NOMEM;

    if (leaf && check && X509_STORE_CTX_init(check, trust->store, leaf, NULL) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);
        unsigned long flags = X509_V_FLAG_X509_STRICT;
        if (trust->has_crls)
            flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
        else
            X509_VERIFY_PARAM_set_time(param, (time_t)(at_ms / 1000));
        X509_VERIFY_PARAM_set_depth(param, CHAIN_DEPTH);
        X509_VERIFY_PARAM_set_auth_level(param, 2);
        (void)X509_VERIFY_PARAM_set_flags(param, flags);
        st = X509_verify_cert(check) == 1 ? ST_OK : ST_FORGED;
        if (st != ST_OK)
            reason_set(why, "certificate: %s",
                       X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
    }
    X509_STORE_CTX_free(check);
    X509_free(leaf);
    ERR_clear_error();
    return st;
}

enum status certificate_load(const char *path, enum identity_use use, struct bytes *der,
                             struct identity *out, struct reason *why)
{
    BIO *file;
    struct reason fault = {""};
    enum status st = pem_open(path, &file, why);

    if (st != ST_OK)
        return st;
    X509 *leaf = PEM_read_bio_X509(file, NULL, NULL, NULL);
    BIO_free(file);
    if (!leaf)
        return pem_fault(why, path, "holds no certificate");
    unsigned char *bytes = NULL;
    int size = i2d_X509(leaf, &bytes);
    X509_free(leaf);
    if (size <= 0)
        return ST_NOMEM;
    st = identity_of_der(bytes, (size_t)size, use, out, NULL, &fault);
    if (st != ST_OK) {
        reason_set(why, "%s: %s", path, fault.text);
        OPENSSL_free(bytes);
        return st;
    }
    *der = (struct bytes){bytes, (size_t)size};
    return ST_OK;
}
