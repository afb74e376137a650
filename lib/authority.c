#include "lib/authority.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/pem.h"

#define CRL_NUMBER_MAX 20 /* bytes: RFC 5280 §5.2.3 */

void authorities_fini(struct authorities *all)
{
    for (size_t i = 0; i < all->count; i++) {
        X509_free(all->list[i].certificate);
        X509_CRL_free(all->list[i].crl);
        BN_free(all->list[i].number);
    }
    *all = (struct authorities){0};
}

/* Certificates */

/* Root to the front. Exactly one certificate signs itself, and it signed the others. */
static enum status order(struct authorities *all, const char *path, struct reason *why)
{
    struct authority *list = all->list;
    size_t roots = 0;
    X509 *root;

    for (size_t i = 0; i < all->count; i++) {
        X509 *it = list[i].certificate;
        if (X509_check_ca(it) != 1 || !(X509_get_extension_flags(it) & EXFLAG_BCONS))
            return pem_fault(why, path, "holds a certificate that is no certificate authority");
        if (X509_self_signed(it, 1) == 1) {
            list[i].certificate = list[0].certificate;
            list[0].certificate = it;
            roots++;
        }
    }
    if (roots != 1)
        return pem_fault(why, path, "must hold exactly one root certificate");
    root = list[0].certificate;
    for (size_t i = 1; i < all->count; i++)
        if (X509_verify(list[i].certificate, X509_get0_pubkey(root)) != 1)
            return pem_fault(why, path, "holds an issuer that the root did not sign");
    return X509_digest(root, EVP_sha256(), all->community, NULL) == 1 ? ST_OK : ST_NOMEM;
}

static enum status take_certificates(struct authorities *all, BIO *file, const char *path,
                                     X509_STORE *store, struct reason *why)
{
    X509 *it;

    while ((it = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
        if (all->count == AUTHORITIES_MAX) {
            X509_free(it);
            return pem_fault(why, path, "holds too many certificates");
        }
        all->list[all->count++].certificate = it;
        if (X509_STORE_add_cert(store, it) != 1)
            return ST_NOMEM;
    }
    if (!pem_ended())
        return pem_fault(why, path, "holds a broken certificate");
    return order(all, path, why);
}

/* CRLs */

static int64_t time_ms(const ASN1_TIME *time)
{
    struct tm parts;

    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : -1;
}

static struct authority *authority_of(struct authorities *all, const X509_CRL *crl)
{
    for (size_t i = 0; i < all->count; i++) {
        X509_NAME *name = X509_get_subject_name(all->list[i].certificate);
        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), name) == 0)
            return &all->list[i];
    }
    return NULL;
}

/* crlNumber tells a newer CRL from an older one at the next reload: RFC 5280 §5.2.3. */
static BIGNUM *number_of(X509_CRL *crl)
{
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    BIGNUM *value = number ? ASN1_INTEGER_to_BN(number, NULL) : NULL;

    ASN1_INTEGER_free(number);
    if (value && (BN_is_negative(value) || BN_num_bytes(value) > CRL_NUMBER_MAX)) {
        BN_free(value);
        return NULL;
    }
    return value;
}

/* Takes `crl` whatever happens. */
static enum status take_crl(struct authorities *all, X509_CRL *crl, const char *path,
                            X509_STORE *store, struct reason *why)
{
    struct authority *authority = authority_of(all, crl);
    int64_t now_ms = (int64_t)time(NULL) * 1000;

    if (!authority || authority->crl) {
        X509_CRL_free(crl);
        return pem_fault(why, path,
                         authority ? "holds two CRLs of one authority"
                                   : "holds a CRL of an authority that is not trusted");
    }
    authority->crl = crl;
    authority->number = number_of(crl);
    authority->issued_ms = time_ms(X509_CRL_get0_lastUpdate(crl));
    authority->until_ms = time_ms(X509_CRL_get0_nextUpdate(crl));
    if (X509_CRL_verify(crl, X509_get0_pubkey(authority->certificate)) != 1)
        return pem_fault(why, path, "holds a CRL whose signature is wrong");
    if (!authority->number)
        return pem_fault(why, path, "holds a CRL without a crlNumber");
    if (authority->issued_ms < 0 || authority->issued_ms > now_ms)
        return pem_fault(why, path, "holds a CRL that is not yet valid");
    if (authority->until_ms <= now_ms)
        return pem_fault(why, path, "holds a CRL that has expired");
    return X509_STORE_add_crl(store, crl) == 1 ? ST_OK : ST_NOMEM;
}

static enum status take_crls(struct authorities *all, BIO *file, const char *path,
                             X509_STORE *store, struct reason *why)
{
    enum status status = ST_OK;
    X509_CRL *crl;

    while (status == ST_OK && (crl = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)))
        status = take_crl(all, crl, path, store, why);
    if (status != ST_OK)
        return status;
    if (!pem_ended())
        return pem_fault(why, path, "holds a broken CRL");
    for (size_t i = 0; i < all->count; i++)
        if (!all->list[i].crl)
            return pem_fault(why, path,
                             i == 0 ? "the root's CRL is missing" : "an issuer's CRL is missing");
    return ST_OK;
}

enum status authorities_load(struct authorities *out, const char *trust, const char *crls,
                             X509_STORE *store, struct reason *why)
{
    BIO *file;
    enum status status = pem_open(trust, &file, why);

    if (status != ST_OK)
        return status;
    status = take_certificates(out, file, trust, store, why);
    BIO_free(file);
    if (status != ST_OK || !crls)
        return status;

    status = pem_open(crls, &file, why);
    if (status != ST_OK)
        return status;
    status = take_crls(out, file, crls, store, why);
    BIO_free(file);
    return status;
}

/* Asking */

int64_t authorities_until_ms(const struct authorities *all)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].until_ms < first)
            first = all->list[i].until_ms;
    return first;
}

static bool is_revoked(const struct authorities *all, X509 *certificate, int64_t at_ms)
{
    for (size_t i = 0; i < all->count; i++) {
        X509_CRL *crl = all->list[i].crl;
        X509_REVOKED *found;

        if (crl && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(certificate)) == 0
            && X509_CRL_get0_by_cert(crl, &found, certificate) == 1)
            return time_ms(X509_REVOKED_get0_revocationDate(found)) <= at_ms;
    }
    return false;
}

static bool is_in_date(X509 *certificate, int64_t at_ms)
{
    return time_ms(X509_get0_notBefore(certificate)) <= at_ms
        && at_ms < time_ms(X509_get0_notAfter(certificate));
}

bool authorities_vouched(const struct authorities *all, X509 *certificate, int64_t at_ms)
{
    const X509_NAME *by = X509_get_issuer_name(certificate);

    for (size_t i = 0; i < all->count; i++) {
        X509 *issuer = all->list[i].certificate;

        if (X509_NAME_cmp(X509_get_subject_name(issuer), by) == 0)
            return is_in_date(certificate, at_ms) && !is_revoked(all, certificate, at_ms)
                && (i == 0 /* the root: trusted as it is */
                    || (is_in_date(issuer, at_ms) && !is_revoked(all, issuer, at_ms)));
    }
    return false;
}

/* The very same CRL, or a later one. */
static bool goes_on(const struct authority *old, const struct authority *new)
{
    int newer = BN_cmp(new->number, old->number);

    if (newer == 0)
        return X509_CRL_match(old->crl, new->crl) == 0;
    return newer > 0 && new->issued_ms > old->issued_ms;
}

static const struct authority *same_authority(const struct authorities *all,
                                              const struct authority *wanted)
{
    for (size_t i = 0; i < all->count; i++)
        if (X509_cmp(all->list[i].certificate, wanted->certificate) == 0)
            return &all->list[i];
    return NULL;
}

enum status authorities_follow(const struct authorities *authorities,
                               const struct authorities *next, struct reason *why)
{
    if (memcmp(authorities->community, next->community, DIGEST_SIZE) != 0) {
        reason_set(why, "the root certificate is another: this would be another community");
        return ST_FORGED;
    }
    for (size_t i = 0; i < authorities->count; i++) {
        const struct authority *old = &authorities->list[i], *new = same_authority(next, old);
        if (new && !goes_on(old, new)) {
            reason_set(why, "the CRL of %s is older than the one in force",
                       i == 0 ? "the root" : "an issuer");
            return ST_FORGED;
        }
    }
    return ST_OK;
}
