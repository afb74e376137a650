/*
 * tls_context.c - the settings, certificates and CRLs behind engines; the judge of certificates.
 *
 * Loaded whole or not at all, and never changed: adding a CRL to a live X509_STORE can leave the
 * older one in force, so a reload is a new context.
 */
#include "lib/tls_context.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/sign.h"

#define AUTHORITIES_MAX 4 /* the root and up to three issuers: room to roll one over */
#define CRL_NUMBER_MAX 20 /* bytes: RFC 5280 §5.2.3 */

/* A certificate authority and what it last said about revocation. */
struct authority {
    X509 *certificate; /* owned */
    X509_CRL *crl;     /* owned; NULL until one is found */
    BIGNUM *number;    /* owned: crlNumber */
    int64_t issued_ms, until_ms;
};

struct tls_context {
    atomic_int holders;
    enum tls_side side;
    SSL_CTX *ssl; /* owned; owns the store */
    size_t authority_count;
    struct authority authorities[AUTHORITIES_MAX]; /* the root first */
    uint8_t community[DIGEST_SIZE];
    struct identity self;
};

static const unsigned char alpn[] = "\x0b" TLS_ALPN; /* length, name: RFC 7301 §3.1 */
#define ALPN_SIZE (sizeof alpn - 1)

void tls_context_free(struct tls_context *context)
{
    if (!context || atomic_fetch_sub(&context->holders, 1) > 1)
        return;
    for (size_t i = 0; i < context->authority_count; i++) {
        X509_free(context->authorities[i].certificate);
        X509_CRL_free(context->authorities[i].crl);
        BN_free(context->authorities[i].number);
    }
    SSL_CTX_free(context->ssl);
    free(context);
}

struct tls_context *tls_context_hold(struct tls_context *context)
{
    (void)atomic_fetch_add(&context->holders, 1);
    return context;
}

enum identity_use tls_context_peer_use(const struct tls_context *context)
{
    return context->side == TLS_BROKER ? USE_TRANSPORT : USE_BROKER;
}

static int purpose_of(enum identity_use use)
{
    if (use == USE_TRANSPORT)
        return X509_PURPOSE_SSL_CLIENT;
    return use == USE_BROKER ? X509_PURPOSE_SSL_SERVER : 0; /* 0: ours alone, OpenSSL knows none */
}

/* Judging */

/* Why the chain does not hold, and which of its certificates. */
static void name_fault(X509_STORE_CTX *check, struct reason *why)
{
    static const char *const places[] = {"the certificate", "its issuer", "the root"};
    int depth = X509_STORE_CTX_get_error_depth(check);

    reason_set(why, "%s: %s", places[depth < 0 || depth > 2 ? 2 : depth],
               X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
}

enum status tls_context_judge(const struct tls_context *context, X509 *leaf, STACK_OF(X509) * sent,
                              enum identity_use use, struct identity *out, struct reason *why)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    struct reason unfit;
    enum status status = identity_of(leaf, use, out, &unfit); /* also for the log, if refused */
    int purpose = purpose_of(use);

    if (!check || !X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(context->ssl), leaf, sent)
        || (purpose && !X509_STORE_CTX_set_purpose(check, purpose))) {
        reason_set(why, "memory is out");
        status = ST_FORGED;
    } else if (X509_verify_cert(check) != 1) {
        name_fault(check, why);
        status = ST_FORGED;
    } else if (status != ST_OK) {
        reason_set(why, "%s", unfit.text);
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return status;
}

/* In place of X509_verify_cert during a handshake: its answer and then ours. */
static int judge_peer(X509_STORE_CTX *check, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_verdict *verdict = SSL_get_app_data(ssl);
    X509 *leaf = X509_STORE_CTX_get0_cert(check);
    enum identity_use use = SSL_is_server(ssl) ? USE_TRANSPORT : USE_BROKER;
    struct reason unfit;
    enum status status = identity_of(leaf, use, &verdict->peer, &unfit);

    (void)unused;
    verdict->seen = true;
    if (X509_verify_cert(check) != 1) {
        name_fault(check, &verdict->why);
        verdict->refused = true;
        return 0;
    }
    if (status != ST_OK) {
        verdict->why = unfit;
        verdict->refused = true;
        X509_STORE_CTX_set_error(check, X509_V_ERR_CERT_REJECTED); /* alert: bad_certificate */
        return 0;
    }
    return 1;
}

enum status tls_context_check(const struct tls_context *context, const uint8_t *der, size_t size,
                              enum identity_use use, struct identity *out, struct reason *why)
{
    enum status status = identity_of_der(der, size, use, out, NULL, why);
    const unsigned char *next = der;
    X509 *leaf;

    if (status != ST_OK)
        return status;
    leaf = d2i_X509(NULL, &next, (long)size);
    if (!leaf) {
        reason_set(why, "memory is out");
        return ST_FORGED;
    }
    status = tls_context_judge(context, leaf, NULL, use, out, why);
    X509_free(leaf);
    return status;
}

/* Settings */

/* The first of the client's protocols that is ours; a client without it is told so and dropped. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                       const unsigned char *offered, unsigned offered_size, void *unused)
{
    struct reader r = reader_of(offered, offered_size);

    (void)ssl, (void)unused;
    while (r.left > 0 && !r.failed) {
        struct bytes name = read_bytes(&r, read_u8(&r));
        if (name.size == ALPN_SIZE - 1 && memcmp(name.data, alpn + 1, name.size) == 0) {
            *out = name.data;
            *out_size = (unsigned char)name.size;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* RELEASE_BUFFERS keeps idle sessions small; everything about resumption is off because a ticket
 * outlives a revocation. */
static bool set_protocol(SSL_CTX *ssl)
{
    static const char sigalgs[] = "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ed25519";

    SSL_CTX_set_security_level(ssl, 2);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION
                                       | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
    (void)SSL_CTX_clear_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_max_cert_list(ssl, 16 * 1024);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION)
        && SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION)
        && SSL_CTX_set_ciphersuites(ssl, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256")
        && SSL_CTX_set1_groups_list(ssl, "P-256:X25519") && SSL_CTX_set1_sigalgs_list(ssl, sigalgs)
        && SSL_CTX_set1_client_sigalgs_list(ssl, sigalgs) && SSL_CTX_set_num_tickets(ssl, 0)
        && SSL_CTX_set_max_early_data(ssl, 0);
}

/* For handshakes and for tls_context_judge alike: both take the store's parameters. */
static bool set_verification(SSL_CTX *ssl, X509_STORE *store)
{
    unsigned long flags =
        X509_V_FLAG_X509_STRICT | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM *of_store = X509_STORE_get0_param(store);
    X509_VERIFY_PARAM *of_ssl = SSL_CTX_get0_param(ssl);

    X509_VERIFY_PARAM_set_depth(of_store, 2);
    X509_VERIFY_PARAM_set_auth_level(of_store, 2);
    X509_VERIFY_PARAM_set_auth_level(of_ssl, 2);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(ssl, 2);
    SSL_CTX_set_cert_verify_callback(ssl, judge_peer, NULL);
    return X509_VERIFY_PARAM_set_flags(of_store, flags)
        && X509_VERIFY_PARAM_set_flags(of_ssl, flags);
}

static enum status make_ssl(struct tls_context *context)
{
    bool broker = context->side == TLS_BROKER;
    int purpose = purpose_of(tls_context_peer_use(context));
    SSL_CTX *ssl = SSL_CTX_new(broker ? TLS_server_method() : TLS_client_method());
    bool set;

    context->ssl = ssl;
    set = ssl && set_protocol(ssl) && set_verification(ssl, SSL_CTX_get_cert_store(ssl))
       && X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(ssl), purpose);
    if (!set)
        return ST_NOMEM;
    if (broker)
        SSL_CTX_set_alpn_select_cb(ssl, select_alpn, NULL);
    else if (SSL_CTX_set_alpn_protos(ssl, alpn, ALPN_SIZE) != 0) /* here 0 is success */
        return ST_NOMEM;
    return ST_OK;
}

/* Loading */

static enum status open_file(const char *path, BIO **out, struct reason *why)
{
    errno = 0;
    *out = BIO_new_file(path, "re");
    if (*out)
        return ST_OK;
    reason_set(why, "%s: %s", path, errno ? strerror(errno) : "cannot be read");
    ERR_clear_error();
    return ST_IO;
}

static enum status invalid(struct reason *why, const char *path, const char *fault)
{
    reason_set(why, "%s: %s", path, fault);
    ERR_clear_error();
    return ST_INVALID;
}

/* A PEM reader's NULL is the end of the file only if it says so; else something is broken. */
static bool ended_well(void)
{
    unsigned long error = ERR_peek_last_error();
    bool end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;

    ERR_clear_error();
    return end;
}

/* Root to the front. Exactly one certificate signs itself, and it signed the others. */
static enum status order_authorities(struct tls_context *context, const char *path,
                                     struct reason *why)
{
    struct authority *all = context->authorities;
    size_t roots = 0;
    X509 *root;

    for (size_t i = 0; i < context->authority_count; i++) {
        X509 *it = all[i].certificate;
        if (X509_check_ca(it) != 1 || !(X509_get_extension_flags(it) & EXFLAG_BCONS))
            return invalid(why, path, "holds a certificate that is no certificate authority");
        if (X509_self_signed(it, 1) == 1) {
            all[i].certificate = all[0].certificate;
            all[0].certificate = it;
            roots++;
        }
    }
    if (roots != 1)
        return invalid(why, path, "must hold exactly one root certificate");
    root = all[0].certificate;
    for (size_t i = 1; i < context->authority_count; i++)
        if (X509_verify(all[i].certificate, X509_get0_pubkey(root)) != 1)
            return invalid(why, path, "holds an issuer that the root did not sign");
    (void)X509_digest(root, EVP_sha256(), context->community, NULL);
    return ST_OK;
}

static enum status take_authorities(struct tls_context *context, BIO *file, const char *path,
                                    struct reason *why)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
    X509 *it;

    while ((it = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
        if (context->authority_count == AUTHORITIES_MAX) {
            X509_free(it);
            return invalid(why, path, "holds too many certificates");
        }
        context->authorities[context->authority_count++].certificate = it;
        if (X509_STORE_add_cert(store, it) != 1)
            return ST_NOMEM;
    }
    if (!ended_well())
        return invalid(why, path, "holds a broken certificate");
    return order_authorities(context, path, why);
}

static enum status load_authorities(struct tls_context *context, const char *path,
                                    struct reason *why)
{
    BIO *file;
    enum status status = open_file(path, &file, why);

    if (status == ST_OK) {
        status = take_authorities(context, file, path, why);
        BIO_free(file);
    }
    return status;
}

static int64_t time_ms(const ASN1_TIME *time)
{
    struct tm parts;

    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : -1;
}

static struct authority *authority_of(struct tls_context *context, const X509_CRL *crl)
{
    for (size_t i = 0; i < context->authority_count; i++) {
        struct authority *authority = &context->authorities[i];
        X509_NAME *name = X509_get_subject_name(authority->certificate);
        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), name) == 0)
            return authority;
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
static enum status take_crl(struct tls_context *context, X509_CRL *crl, const char *path,
                            struct reason *why)
{
    struct authority *authority = authority_of(context, crl);
    int64_t now_ms = (int64_t)time(NULL) * 1000;

    if (!authority || authority->crl) {
        X509_CRL_free(crl);
        return invalid(why, path,
                       authority ? "holds two CRLs of one authority"
                                 : "holds a CRL of an authority that is not trusted");
    }
    authority->crl = crl;
    authority->number = number_of(crl);
    authority->issued_ms = time_ms(X509_CRL_get0_lastUpdate(crl));
    authority->until_ms = time_ms(X509_CRL_get0_nextUpdate(crl));
    if (X509_CRL_verify(crl, X509_get0_pubkey(authority->certificate)) != 1)
        return invalid(why, path, "holds a CRL whose signature is wrong");
    if (!authority->number)
        return invalid(why, path, "holds a CRL without a crlNumber");
    if (authority->issued_ms < 0 || authority->issued_ms > now_ms)
        return invalid(why, path, "holds a CRL that is not yet valid");
    if (authority->until_ms <= now_ms)
        return invalid(why, path, "holds a CRL that has expired");
    return X509_STORE_add_crl(SSL_CTX_get_cert_store(context->ssl), crl) == 1 ? ST_OK : ST_NOMEM;
}

static enum status take_crls(struct tls_context *context, BIO *file, const char *path,
                             struct reason *why)
{
    enum status status = ST_OK;
    X509_CRL *crl;

    while (status == ST_OK && (crl = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)))
        status = take_crl(context, crl, path, why);
    if (status != ST_OK)
        return status;
    if (!ended_well())
        return invalid(why, path, "holds a broken CRL");
    for (size_t i = 0; i < context->authority_count; i++)
        if (!context->authorities[i].crl)
            return invalid(why, path,
                           i == 0 ? "the root's CRL is missing" : "an issuer's CRL is missing");
    return ST_OK;
}

static enum status load_crls(struct tls_context *context, const char *path, struct reason *why)
{
    BIO *file;
    enum status status = open_file(path, &file, why);

    if (status == ST_OK) {
        status = take_crls(context, file, path, why);
        BIO_free(file);
    }
    return status;
}

static enum status load_chain(struct tls_context *context, const char *path, struct reason *why)
{
    BIO *file;
    enum status status = open_file(path, &file, why);

    if (status != ST_OK)
        return status;
    BIO_free(file); /* only to tell a missing file from a wrong one */
    if (SSL_CTX_use_certificate_chain_file(context->ssl, path) != 1)
        return invalid(why, path, "does not hold a certificate and its issuer");
    return ST_OK;
}

static enum status load_key(struct tls_context *context, const char *path, struct reason *why)
{
    EVP_PKEY *key;
    enum status status = sign_key_load(path, &key, why);

    if (status != ST_OK)
        return status;
    if (SSL_CTX_use_PrivateKey(context->ssl, key) != 1
        || SSL_CTX_check_private_key(context->ssl) != 1)
        status = invalid(why, path, "is not the key of the certificate");
    EVP_PKEY_free(key);
    return status;
}

/* What we would refuse in a peer we do not present ourselves. */
static enum status judge_self(struct tls_context *context, const char *path, struct reason *why)
{
    enum identity_use use = context->side == TLS_BROKER ? USE_BROKER : USE_TRANSPORT;
    X509 *leaf = SSL_CTX_get0_certificate(context->ssl);
    struct reason fault;

    if (tls_context_judge(context, leaf, NULL, use, &context->self, &fault) == ST_OK)
        return ST_OK;
    return invalid(why, path, fault.text);
}

enum status tls_context_new(enum tls_side side, const struct tls_files *files,
                            struct tls_context **out, struct reason *why)
{
    OWNED(tls_context) context = calloc(1, sizeof *context);
    enum status status = context ? ST_OK : ST_NOMEM;

    if (status == ST_OK) {
        atomic_init(&context->holders, 1);
        context->side = side;
        status = make_ssl(context);
    }
    status = status == ST_OK ? load_authorities(context, files->trust, why) : status;
    status = status == ST_OK ? load_crls(context, files->crls, why) : status;
    status = status == ST_OK ? load_chain(context, files->chain, why) : status;
    status = status == ST_OK ? load_key(context, files->key, why) : status;
    status = status == ST_OK ? judge_self(context, files->chain, why) : status;
    if (status == ST_NOMEM)
        reason_set(why, "memory is out");
    if (status == ST_OK)
        *out = GIVE(context);
    return status;
}

/* Asking */

static enum status crl_follows(const struct authority *old, const struct authority *next)
{
    int newer = BN_cmp(next->number, old->number);

    if (newer == 0)
        return X509_CRL_match(old->crl, next->crl) == 0 ? ST_OK : ST_FORGED;
    return newer > 0 && next->issued_ms > old->issued_ms ? ST_OK : ST_FORGED;
}

enum status tls_context_follows(const struct tls_context *context, const struct tls_context *next,
                                struct reason *why)
{
    if (memcmp(context->community, next->community, DIGEST_SIZE) != 0) {
        reason_set(why, "the root certificate is another: this would be another community");
        return ST_FORGED;
    }
    if (strcmp(context->self.id, next->self.id) != 0) {
        reason_set(why, "the certificate names %s, not %s", next->self.id, context->self.id);
        return ST_FORGED;
    }
    for (size_t i = 0; i < context->authority_count; i++) {
        const struct authority *old = &context->authorities[i];
        for (size_t j = 0; j < next->authority_count; j++) {
            const struct authority *new = &next->authorities[j];
            if (X509_cmp(old->certificate, new->certificate) == 0
                && crl_follows(old, new) != ST_OK) {
                reason_set(why, "the CRL of %s is older than the one in force",
                           i == 0 ? "the root" : "an issuer");
                return ST_FORGED;
            }
        }
    }
    return ST_OK;
}

const uint8_t *tls_context_community(const struct tls_context *context)
{
    return context->community;
}

const struct identity *tls_context_self(const struct tls_context *context)
{
    return &context->self;
}

int64_t tls_context_crl_until_ms(const struct tls_context *context)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < context->authority_count; i++)
        if (context->authorities[i].until_ms < first)
            first = context->authorities[i].until_ms;
    return first;
}

SSL *tls_context_connection(struct tls_context *context, struct tls_verdict *verdict)
{
    SSL *ssl = SSL_new(context->ssl);

    if (!ssl || SSL_set_app_data(ssl, verdict) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (context->side == TLS_BROKER)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}
