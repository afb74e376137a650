/*
 * tls_context.c - the settings, certificates and CRLs behind engines; the judge of certificates.
 *
 * Loaded whole or not at all, and never changed: adding a CRL to a live X509_STORE can leave the
 * older one in force, so a reload is a new context.
 */
#include "lib/tls_context.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/authority.h"
#include "lib/pem.h"
#include "lib/sign.h"

struct tls_context {
    atomic_int holders;
    enum tls_side side;
    SSL_CTX *ssl; /* owned; owns the store */
    struct authorities authorities;
    struct identity self;
};

static const unsigned char alpn[] = "\x0b" TLS_ALPN; /* length, name: RFC 7301 §3.1 */
#define ALPN_SIZE (sizeof alpn - 1)

void tls_context_free(struct tls_context *context)
{
    if (!context || atomic_fetch_sub(&context->holders, 1) > 1)
        return;
    authorities_fini(&context->authorities);
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

/* A certificate that could not be looked at is not one that does not hold. */
static enum status out_of_memory(struct reason *why)
{
    reason_set(why, "memory is out");
    return ST_NOMEM;
}

#define NOW INT64_MIN

/* A CRL says when a certificate was revoked, and OpenSSL asks only whether: so of another time than
 * now, authorities_vouched has the answer, and OpenSSL looks at all but time. */
static void set_time(X509_STORE_CTX *check, int64_t at_ms)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);

    if (at_ms == NOW)
        return;
    (void)X509_VERIFY_PARAM_clear_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
}

static enum status judge(const struct tls_context *context, X509 *leaf, STACK_OF(X509) * sent,
                         enum identity_use use, int64_t at_ms, struct identity *out,
                         struct reason *why)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    struct reason unfit;
    enum status status = identity_of(leaf, use, out, &unfit); /* also for the log, if refused */
    int purpose = purpose_of(use);

    if (!check || !X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(context->ssl), leaf, sent)
        || (purpose && !X509_STORE_CTX_set_purpose(check, purpose))) {
        X509_STORE_CTX_free(check);
        ERR_clear_error();
        return out_of_memory(why);
    }
    set_time(check, at_ms);
    if (X509_verify_cert(check) != 1) {
        name_fault(check, why);
        status = X509_STORE_CTX_get_error(check) == X509_V_ERR_OUT_OF_MEM ? ST_NOMEM : ST_FORGED;
    } else if (at_ms != NOW && !authorities_vouched(&context->authorities, leaf, at_ms)) {
        reason_set(why, "the certificate, or its issuer: not in date, or revoked, by then");
        status = ST_FORGED;
    } else if (status != ST_OK) {
        reason_set(why, "%s", unfit.text);
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return status;
}

enum status tls_context_judge(const struct tls_context *context, X509 *leaf, STACK_OF(X509) * sent,
                              enum identity_use use, struct identity *out, struct reason *why)
{
    return judge(context, leaf, sent, use, NOW, out, why);
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

static enum status check_bytes(const struct tls_context *context, struct bytes der,
                               enum identity_use use, int64_t at_ms, struct identity *out,
                               struct reason *why)
{
    enum status status = identity_of_der(der.data, der.size, use, out, NULL, why);
    const unsigned char *next = der.data;
    X509 *leaf;

    if (status != ST_OK)
        return status;
    leaf = d2i_X509(NULL, &next, (long)der.size);
    if (!leaf)
        return out_of_memory(why);
    status = judge(context, leaf, NULL, use, at_ms, out, why);
    X509_free(leaf);
    return status;
}

enum status tls_context_check(const struct tls_context *context, const uint8_t *der, size_t size,
                              enum identity_use use, struct identity *out, struct reason *why)
{
    return check_bytes(context, (struct bytes){der, size}, use, NOW, out, why);
}

enum status tls_context_check_at(const struct tls_context *context, struct bytes der,
                                 enum identity_use use, int64_t at_ms, struct identity *out,
                                 struct reason *why)
{
    return check_bytes(context, der, use, at_ms, out, why);
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

static enum status load_chain(struct tls_context *context, const char *path, struct reason *why)
{
    BIO *file;
    enum status status = pem_open(path, &file, why);

    if (status != ST_OK)
        return status;
    BIO_free(file); /* only to tell a missing file from a wrong one */
    if (SSL_CTX_use_certificate_chain_file(context->ssl, path) != 1)
        return pem_fault(why, path, "does not hold a certificate and its issuer");
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
        status = pem_fault(why, path, "is not the key of the certificate");
    EVP_PKEY_free(key);
    return status;
}

/* What we would refuse in a peer we do not present ourselves. */
static enum status judge_self(struct tls_context *context, const char *path, struct reason *why)
{
    enum identity_use use = context->side == TLS_BROKER ? USE_BROKER : USE_TRANSPORT;
    X509 *leaf = SSL_CTX_get0_certificate(context->ssl);
    struct reason fault;
    enum status status = tls_context_judge(context, leaf, NULL, use, &context->self, &fault);

    return status == ST_OK || status == ST_NOMEM ? status : pem_fault(why, path, fault.text);
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
    if (status == ST_OK)
        status = authorities_load(&context->authorities, files->trust, files->crls,
                                  SSL_CTX_get_cert_store(context->ssl), why);
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

const uint8_t *tls_context_community(const struct tls_context *context)
{
    return context->authorities.community;
}

const struct identity *tls_context_self(const struct tls_context *context)
{
    return &context->self;
}

int64_t tls_context_crl_until_ms(const struct tls_context *context)
{
    return authorities_until_ms(&context->authorities);
}

enum status tls_context_follows(const struct tls_context *context, const struct tls_context *next,
                                struct reason *why)
{
    if (strcmp(context->self.id, next->self.id) != 0) {
        reason_set(why, "the certificate names %s, not %s", next->self.id, context->self.id);
        return ST_FORGED;
    }
    return authorities_follow(&context->authorities, &next->authorities, why);
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
