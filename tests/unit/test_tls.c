/* TLS lets in who the profile lets in, over any cut of the bytes, and no one else. */
#include "tests/unit/unit.h"

#include "lib/clock.h"
#include "lib/tls.h"
#include "tests/unit/mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define OURS "2.25.146622499544378802514740566792507863618"
#define MEGABYTE ((size_t)1024 * 1024)

/* The clock that libraries read, so that a test can turn it. */
static time_t ahead_s;
time_t time(time_t *out)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    now.tv_sec += ahead_s;
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* A community on disk: hub is its broker, nps.cambs an agency. */
struct world {
    struct mint *mint;
    char folder[64];
    struct minted hub, nps;
};

static const struct mint_crl fresh = {-MINT_DAY, 7 * MINT_DAY, 1};

static struct tls_files files_of(const struct world *world, const char *name, char paths[4][128])
{
    (void)snprintf(paths[0], 128, "%s/%s.pem", world->folder, name);
    (void)snprintf(paths[1], 128, "%s/%s.key", world->folder, name);
    (void)snprintf(paths[2], 128, "%s/trust.pem", world->folder);
    (void)snprintf(paths[3], 128, "%s/crls.pem", world->folder);
    return (struct tls_files){paths[0], paths[1], paths[2], paths[3]};
}

static enum status load(const struct world *world, const char *name, enum tls_side side,
                        struct tls_context **out, struct reason *why)
{
    char paths[4][128];
    struct tls_files files = files_of(world, name, paths);

    return tls_context_new(side, &files, out, why);
}

static struct tls_context *context_of(const struct world *world, const char *name,
                                      enum tls_side side)
{
    struct tls_context *context = NULL;
    struct reason why = {""};

    if (load(world, name, side, &context, &why) != ST_OK)
        fail_msg("%s", why.text);
    return context;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct mint_leaf hub = mint_broker("URI:urn:concordat:broker:hub");
    struct mint_leaf nps = mint_transport("URI:urn:concordat:agency:nps.cambs");

    assert_non_null(world);
    ahead_s = 0;
    strcpy(world->folder, "/tmp/concordat-tls-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    world->mint = mint_new();
    world->hub = mint_leaf(world->mint, &hub);
    world->nps = mint_leaf(world->mint, &nps);
    mint_write_trust(world->mint, world->folder);
    mint_write_crls(world->mint, world->folder, &fresh, &fresh);
    mint_write_leaf(world->mint, world->folder, "hub", &world->hub);
    mint_write_leaf(world->mint, world->folder, "nps", &world->nps);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"trust.pem", "crls.pem", "hub.pem", "hub.key",
                                        "nps.pem",   "nps.key",  "own.pem", "own.key"};
    struct world *world = *state;
    char path[128];

    for (size_t i = 0; i < LENGTH(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", world->folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(world->folder), 0);
    mint_free(world->mint);
    free(world);
    return 0;
}

/* Moves what `from` has for the socket, `cut` bytes at a time; false when there was nothing. */
static bool carry(struct tls *from, struct tls *to, size_t cut)
{
    uint8_t bytes[4096];
    bool any = false;
    size_t size;

    while ((size = tls_take(from, bytes, cut < sizeof bytes ? cut : sizeof bytes)) > 0) {
        assert_int_equal(tls_feed(to, bytes, size), ST_OK);
        any = true;
    }
    return any;
}

/* Until nobody has anything more to say; what each side's last tls_read said. */
static void shake(struct tls *a, struct tls *b, size_t cut, enum status said[2])
{
    uint8_t byte;
    size_t got;
    bool more = true;

    while (more) {
        said[0] = tls_read(a, &byte, 1, &got);
        said[1] = tls_read(b, &byte, 1, &got);
        more = carry(a, b, cut);
        more = carry(b, a, cut) || more;
    }
}

static void both_sides_learn_who_the_other_is(void **state)
{
    const struct world *world = *state;
    OWNED(tls_context) hub = context_of(world, "hub", TLS_BROKER);
    OWNED(tls_context) nps = context_of(world, "nps", TLS_AGENT);
    static const size_t cuts[] = {1, 7, 1000, 4096};
    enum status said[2];

    for (size_t i = 0; i < LENGTH(cuts); i++) {
        OWNED(tls) server = tls_new(hub);
        OWNED(tls) client = tls_new(nps);
        shake(client, server, cuts[i], said);
        assert_int_equal(said[0], ST_MORE);
        assert_int_equal(said[1], ST_MORE);
        assert_true(tls_is_open(client) && tls_is_open(server));
        assert_string_equal(tls_peer(server)->id, "nps.cambs");
        assert_string_equal(tls_peer(client)->id, "hub");
        assert_int_equal(tls_peer(server)->use, USE_TRANSPORT);
        assert_memory_equal(tls_peer(server), tls_context_self(nps), sizeof(struct identity));
    }
    assert_memory_equal(tls_context_community(hub), tls_context_community(nps), DIGEST_SIZE);
}

/* Sends `size` bytes and reads them back on the other side while they travel. */
static void send_through(struct tls *from, struct tls *to, const uint8_t *data, size_t size)
{
    uint8_t *seen = malloc(size + 1);
    size_t total = 0, got = 0;
    enum status status;

    assert_non_null(seen);
    assert_int_equal(tls_write(from, data, size), ST_OK);
    assert_true(tls_pending(from) >= size);
    assert_int_equal(tls_read(to, NULL, 0, &got), ST_OK); /* no room: the handshake only */
    do {
        struct bytes out = tls_outgoing(from);
        size_t piece = out.size < 10007 ? out.size : 10007;
        assert_int_equal(tls_feed(to, out.data, piece), ST_OK);
        tls_gone(from, piece);
        while ((status = tls_read(to, seen + total, size + 1 - total, &got)) == ST_OK)
            total += got;
        assert_int_equal(status, ST_MORE);
    } while (tls_pending(from) > 0);
    assert_int_equal(total, size);
    assert_memory_equal(seen, data, size);
    free(seen);
}

static void a_megabyte_passes_both_ways(void **state)
{
    OWNED(tls_context) hub = context_of(*state, "hub", TLS_BROKER);
    OWNED(tls_context) nps = context_of(*state, "nps", TLS_AGENT);
    OWNED(tls) server = tls_new(hub);
    OWNED(tls) client = tls_new(nps);
    uint8_t *data = malloc(MEGABYTE), byte;
    enum status said[2];
    size_t got;

    assert_non_null(data);
    for (size_t i = 0; i < MEGABYTE; i++)
        data[i] = (uint8_t)(i * 31 + i / 251);
    shake(client, server, 4096, said);
    send_through(client, server, data, MEGABYTE);
    send_through(server, client, data, MEGABYTE);
    for (size_t size = 1; size < 40000; size = size * 3 + 1)
        send_through(client, server, data, size);
    free(data);

    tls_close(client);
    (void)carry(client, server, 4096);
    assert_int_equal(tls_read(server, &byte, 1, &got), ST_CLOSED);
    assert_int_equal(tls_read(server, &byte, 1, &got), ST_CLOSED);
    assert_false(tls_is_open(server));
}

/* A peer made of OpenSSL alone, which does as it likes. */
struct raw {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    int tickets;
};

static int count_ticket(SSL *ssl, SSL_SESSION *session)
{
    struct raw *raw = SSL_get_app_data(ssl);

    (void)session;
    raw->tickets++;
    return 0;
}

/* `leaf` may be NULL: no certificate. `alpn` is length and name, or NULL. */
static void raw_init(struct raw *raw, bool server, const struct world *world,
                     const struct minted *leaf, const char *alpn, int version)
{
    *raw = (struct raw){.context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())};
    assert_non_null(raw->context);
    SSL_CTX_set_security_level(raw->context, 0);
    assert_true(SSL_CTX_set_max_proto_version(raw->context, version));
    (void)SSL_CTX_set_session_cache_mode(raw->context, SSL_SESS_CACHE_BOTH);
    SSL_CTX_sess_set_new_cb(raw->context, count_ticket);
    if (leaf) {
        assert_int_equal(SSL_CTX_use_certificate(raw->context, leaf->certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(raw->context, leaf->key), 1);
        assert_int_equal(SSL_CTX_add1_chain_cert(raw->context, mint_issuer(world->mint)), 1);
    }
    raw->ssl = SSL_new(raw->context);
    raw->in = BIO_new(BIO_s_mem());
    raw->out = BIO_new(BIO_s_mem());
    assert_true(raw->ssl && raw->in && raw->out);
    if (alpn)
        assert_int_equal(
            SSL_set_alpn_protos(raw->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn)), 0);
    SSL_set_bio(raw->ssl, raw->in, raw->out);
    assert_int_equal(SSL_set_app_data(raw->ssl, raw), 1);
    if (server)
        SSL_set_accept_state(raw->ssl);
    else
        SSL_set_connect_state(raw->ssl);
}

static void raw_fini(struct raw *raw)
{
    SSL_free(raw->ssl);
    SSL_CTX_free(raw->context);
    ERR_clear_error();
}

/* What our engine says in the end. */
static enum status raw_shake(struct raw *raw, struct tls *tls)
{
    enum status said = ST_MORE;
    bool more = true;

    while (more && said == ST_MORE) {
        uint8_t bytes[4096];
        size_t got = 0;
        int size;

        (void)SSL_do_handshake(raw->ssl);
        if (SSL_is_init_finished(raw->ssl))
            (void)SSL_read(raw->ssl, bytes, 1);
        ERR_clear_error();
        more = false;
        while ((size = BIO_read(raw->out, bytes, sizeof bytes)) > 0) {
            assert_int_equal(tls_feed(tls, bytes, (size_t)size), ST_OK);
            more = true;
        }
        said = tls_read(tls, bytes, 1, &got);
        while ((got = tls_take(tls, bytes, sizeof bytes)) > 0) {
            assert_int_equal(BIO_write(raw->in, bytes, (int)got), (int)got);
            more = true;
        }
    }
    return said;
}

#define URN "URI:urn:concordat:agency:"
#define GOOD URN "nps.cambs"
#define LEAF "critical,CA:FALSE"
#define SIGNS "critical,digitalSignature"
#define NUL_NAME "urn:concordat:agency:nps.cambs\0.evil"

/* Each row differs from a good transport certificate in one thing. Key, name, constraints, usage,
 * purpose; then what is special. */
struct bad {
    const char *what;
    struct mint_leaf leaf;
    bool foreign, revoked;
};

#define LEAF_OF(key_, name_, constraints_, usage_, ...)                                            \
    .key = key_, .name = name_, .constraints = constraints_, .usage = usage_, .purpose = __VA_ARGS__
#define BAD(what_, ...)                                                                            \
    {                                                                                              \
        .what = what_, .leaf = { LEAF_OF(__VA_ARGS__) }                                            \
    }

static const struct bad bad[] = {
    {.what = "wrong CA, same names",
     .foreign = true,
     .leaf = {LEAF_OF("P-256", GOOD, LEAF, SIGNS, "clientAuth")}},
    BAD("self-signed", "P-256", GOOD, LEAF, SIGNS, "clientAuth", .self_signed = true),
    BAD("expired", "P-256", GOOD, LEAF, SIGNS, "clientAuth", .from_s = -172800, .until_s = -60),
    BAD("not yet valid", "P-256", GOOD, LEAF, SIGNS, "clientAuth", .from_s = 600, .until_s = 9000),
    {.what = "revoked",
     .revoked = true,
     .leaf = {LEAF_OF("P-256", GOOD, LEAF, SIGNS, "clientAuth")}},
    BAD("no authority key id", "P-256", GOOD, LEAF, SIGNS, "clientAuth", .no_authority_key = true),
    BAD("version 2", "P-256", GOOD, LEAF, SIGNS, "clientAuth", .version = X509_VERSION_2),
    BAD("no EKU", "P-256", GOOD, LEAF, SIGNS, NULL),
    BAD("EKU serverAuth", "P-256", GOOD, LEAF, SIGNS, "serverAuth"),
    BAD("EKU client and server", "P-256", GOOD, LEAF, SIGNS, "clientAuth,serverAuth"),
    BAD("EKU client and mail", "P-256", GOOD, LEAF, SIGNS, "clientAuth,emailProtection"),
    BAD("EKU any", "P-256", GOOD, LEAF, SIGNS, "anyExtendedKeyUsage"),
    BAD("a broker's", "P-256", "URI:urn:concordat:broker:hub", LEAF, SIGNS, "serverAuth"),
    BAD("a broker's name", "P-256", "URI:urn:concordat:broker:nps.cambs", LEAF, SIGNS,
        "clientAuth"),
    BAD("a signing certificate", "P-256", GOOD, LEAF, "critical,digitalSignature,nonRepudiation",
        OURS ".1"),
    BAD("a witness certificate", "ED25519", GOOD, LEAF, SIGNS, OURS ".3"),
    BAD("CA:TRUE", "P-256", GOOD, "critical,CA:TRUE", "critical,digitalSignature,keyCertSign",
        "clientAuth"),
    BAD("no basicConstraints", "P-256", GOOD, NULL, SIGNS, "clientAuth"),
    BAD("basicConstraints not critical", "P-256", GOOD, "CA:FALSE", SIGNS, "clientAuth"),
    BAD("no keyUsage", "P-256", GOOD, LEAF, NULL, "clientAuth"),
    BAD("keyUsage not critical", "P-256", GOOD, LEAF, "digitalSignature", "clientAuth"),
    BAD("keyUsage without signing", "P-256", GOOD, LEAF, "critical,keyAgreement", "clientAuth"),
    BAD("keyUsage with more", "P-256", GOOD, LEAF, "critical,digitalSignature,keyAgreement",
        "clientAuth"),
    BAD("keyUsage of a CA", "P-256", GOOD, LEAF, "critical,digitalSignature,keyCertSign",
        "clientAuth"),
    BAD("CN only", "P-256", NULL, LEAF, SIGNS, "clientAuth"),
    BAD("two URIs", "P-256", GOOD "," URN "police.cambs", LEAF, SIGNS, "clientAuth"),
    BAD("the same URI twice", "P-256", GOOD "," GOOD, LEAF, SIGNS, "clientAuth"),
    BAD("URI and DNS", "P-256", GOOD ",DNS:nps.cambs", LEAF, SIGNS, "clientAuth"),
    BAD("DNS only", "P-256", "DNS:nps.cambs", LEAF, SIGNS, "clientAuth"),
    BAD("another scheme", "P-256", "URI:https://nps.cambs", LEAF, SIGNS, "clientAuth"),
    BAD("an officer", "P-256", "URI:urn:concordat:officer:nps:7", LEAF, SIGNS, "clientAuth"),
    BAD("upper case", "P-256", URN "NPS.cambs", LEAF, SIGNS, "clientAuth"),
    BAD("upper case scheme", "P-256", "URI:URN:concordat:agency:nps", LEAF, SIGNS, "clientAuth"),
    BAD("trailing dot", "P-256", URN "nps.cambs.", LEAF, SIGNS, "clientAuth"),
    BAD("percent-encoded", "P-256", URN "nps%2ecambs", LEAF, SIGNS, "clientAuth"),
    BAD("embedded NUL", "P-256", NULL, LEAF, SIGNS, "clientAuth", .uri = NUL_NAME,
        .uri_size = sizeof NUL_NAME - 1),
    BAD("empty name", "P-256", NULL, LEAF, SIGNS, "clientAuth",
        .uri = "urn:concordat:agency:", .uri_size = 21),
    BAD("unknown critical extension", "P-256", GOOD, LEAF, SIGNS, "clientAuth",
        .other = "critical"),
    BAD("P-384", "P-384", GOOD, LEAF, SIGNS, "clientAuth"),
    BAD("Ed25519", "ED25519", GOOD, LEAF, SIGNS, "clientAuth"),
    BAD("RSA 1024", "RSA", GOOD, LEAF, SIGNS, "clientAuth"),
};

/* By handshake and as bytes in a frame; the log must know which certificate it was. */
static bool is_refused(const struct world *world, struct tls_context *hub,
                       const struct minted *leaf, const char *what)
{
    OWNED(tls) server = tls_new(hub);
    uint8_t digest[DIGEST_SIZE];
    unsigned char *der = NULL;
    int size = i2d_X509(leaf->certificate, &der);
    struct identity found;
    struct raw raw;
    enum status by_handshake, by_bytes;

    assert_true(size > 0);
    by_bytes = tls_context_check(hub, der, (size_t)size, USE_TRANSPORT, &found, NULL);
    OPENSSL_free(der);
    raw_init(&raw, false, world, leaf,
             "\x0b"
             "concordat/1",
             TLS1_3_VERSION);
    by_handshake = raw_shake(&raw, server);
    raw_fini(&raw);
    if (by_handshake != ST_FORGED || by_bytes != ST_FORGED || tls_is_open(server)) {
        print_error("%s: %s, %s\n", what, status_name(by_handshake), status_name(by_bytes));
        return false;
    }
    assert_int_equal(X509_digest(leaf->certificate, EVP_sha256(), digest, NULL), 1);
    if (!EVP_PKEY_is_a(leaf->key, "RSA")) /* which never gets to show it */
        assert_memory_equal(tls_peer(server)->certificate, digest, DIGEST_SIZE);
    assert_true(tls_reason(server)->text[0] != '\0');
    return true;
}

/* ---- without memory ---- */

static bool store_is_out, parse_is_out, key_is_out;

X509_STORE_CTX *__real_X509_STORE_CTX_new(void);
X509_STORE_CTX *__wrap_X509_STORE_CTX_new(void);
X509_STORE_CTX *__wrap_X509_STORE_CTX_new(void)
{
    return store_is_out ? NULL : __real_X509_STORE_CTX_new();
}

X509 *__real_d2i_X509(X509 **out, const unsigned char **in, long size);
X509 *__wrap_d2i_X509(X509 **out, const unsigned char **in, long size);
X509 *__wrap_d2i_X509(X509 **out, const unsigned char **in, long size)
{
    if (!parse_is_out)
        return __real_d2i_X509(out, in, size);
    ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
    return NULL;
}

EVP_PKEY *__real_X509_get_pubkey(X509 *certificate);
EVP_PKEY *__wrap_X509_get_pubkey(X509 *certificate);
EVP_PKEY *__wrap_X509_get_pubkey(X509 *certificate)
{
    return key_is_out ? NULL : __real_X509_get_pubkey(certificate);
}

/* Or a session's certificates would be taken as revoked, and its mail withheld for good. */
static void without_memory_nothing_is_said_of_a_certificate(void **state)
{
    const struct world *world = *state;
    const struct mint_leaf spec = mint_transport(GOOD);
    const struct minted leaf = mint_leaf(world->mint, &spec);
    struct tls_context *hub;
    struct identity found;
    unsigned char *der = NULL;
    EVP_PKEY *key = NULL;
    struct reason why = {""};

    mint_write_crls(world->mint, world->folder, &fresh, &fresh);
    hub = context_of(world, "hub", TLS_BROKER);
    const size_t size = (size_t)i2d_X509(leaf.certificate, &der);
    assert_int_equal(tls_context_check(hub, der, size, USE_TRANSPORT, &found, &why), ST_OK);
    store_is_out = true;
    assert_int_equal(tls_context_check(hub, der, size, USE_TRANSPORT, &found, &why), ST_NOMEM);
    store_is_out = false;
    parse_is_out = true;
    assert_int_equal(tls_context_check(hub, der, size, USE_TRANSPORT, &found, &why), ST_NOMEM);
    parse_is_out = false;
    key_is_out = true;
    assert_int_equal(identity_of_der(der, size, USE_TRANSPORT, &found, &key, &why), ST_NOMEM);
    key_is_out = false;
    assert_null(key);
    assert_int_equal(ERR_peek_error(), 0);
    OPENSSL_free(der);
    tls_context_free(hub);
}

/* What somebody signed last year held, though the certificate is over, or was revoked, since. */
static void a_certificate_is_judged_as_of_the_day_that_is_asked(void **state)
{
    enum {
        HOUR = 3600
    };
    static const struct {
        long at_s;
        enum status over, revoked;
    } times[] = {
        {-21 * HOUR, ST_FORGED, ST_OK}, {-15 * HOUR, ST_OK, ST_OK}, {-9 * HOUR, ST_FORGED, ST_OK},
        {-120, ST_FORGED, ST_OK},       {60, ST_FORGED, ST_FORGED},
    };
    const struct world *world = *state;
    struct mint_leaf spec = mint_transport(GOOD);
    const struct minted leaf = mint_leaf(world->mint, &spec);
    struct identity found;
    unsigned char *der[2] = {NULL, NULL};
    struct reason why = {""};

    spec.from_s = -20 * HOUR;
    spec.until_s = -10 * HOUR;
    const struct minted over = mint_leaf(world->mint, &spec);
    const struct bytes good = {NULL, (size_t)i2d_X509(leaf.certificate, &der[0])};
    const struct bytes old = {NULL, (size_t)i2d_X509(over.certificate, &der[1])};
    mint_write_crls(world->mint, world->folder, &fresh, &fresh);
    struct tls_context *before = context_of(world, "hub", TLS_BROKER);
    mint_revoke(world->mint, leaf.certificate);
    mint_write_crls(world->mint, world->folder, &fresh, &fresh);
    struct tls_context *after = context_of(world, "hub", TLS_BROKER);
    const int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < LENGTH(times); i++) {
        const int64_t at_ms = now_ms + 1000 * times[i].at_s;
        const struct bytes one = {der[0], good.size}, two = {der[1], old.size};
        assert_int_equal(tls_context_check_at(before, one, USE_TRANSPORT, at_ms, &found, &why),
                         ST_OK);
        assert_int_equal(tls_context_check_at(after, one, USE_TRANSPORT, at_ms, &found, &why),
                         times[i].revoked);
        assert_int_equal(tls_context_check_at(after, two, USE_TRANSPORT, at_ms, &found, &why),
                         times[i].over);
    }
    OPENSSL_free(der[0]);
    OPENSSL_free(der[1]);
    tls_context_free(before);
    tls_context_free(after);
}

static void every_bad_certificate_is_refused(void **state)
{
    const struct world *world = *state;
    struct mint *other = mint_new();
    struct minted leaves[LENGTH(bad)];
    struct tls_context *hub;
    size_t refused = 0;

    for (size_t i = 0; i < LENGTH(bad); i++) {
        leaves[i] = mint_leaf(bad[i].foreign ? other : world->mint, &bad[i].leaf);
        if (bad[i].revoked)
            mint_revoke(world->mint, leaves[i].certificate);
    }
    mint_write_crls(world->mint, world->folder, &fresh, &fresh);
    hub = context_of(world, "hub", TLS_BROKER);
    for (size_t i = 0; i < LENGTH(bad); i++)
        refused += is_refused(world, hub, &leaves[i], bad[i].what);
    print_message("bad certificates: %zu of %zu refused\n", refused, LENGTH(bad));
    assert_int_equal(refused, LENGTH(bad));
    tls_context_free(hub);
    mint_free(other);
}

static void a_good_one_is_let_in_and_gets_no_ticket(void **state)
{
    const struct world *world = *state;
    struct mint_leaf leaf = mint_transport(GOOD);
    OWNED(tls_context) hub = context_of(world, "hub", TLS_BROKER);
    OWNED(tls) server = tls_new(hub);
    struct minted made;
    struct raw raw;

    leaf.other = "harmless"; /* not critical: may be there */
    made = mint_leaf(world->mint, &leaf);
    raw_init(&raw, false, world, &made,
             "\x02h2\x0b"
             "concordat/1",
             TLS1_3_VERSION);
    assert_int_equal(raw_shake(&raw, server), ST_MORE);
    assert_true(tls_is_open(server));
    assert_string_equal(tls_peer(server)->id, "nps.cambs");
    assert_int_equal(tls_write(server, (const uint8_t *)"welcome", 7), ST_OK);
    assert_int_equal(raw_shake(&raw, server), ST_MORE);
    assert_int_equal(raw.tickets, 0);
    assert_string_equal(SSL_get_cipher(raw.ssl), "TLS_AES_256_GCM_SHA384");
    print_message("good certificates: 1 of 1 accepted as agency %s\n", tls_peer(server)->id);
    raw_fini(&raw);
}

/* One change of keys that wants one of ours in answer. */
static void raw_rekey(struct raw *raw, struct tls *tls)
{
    uint8_t bytes[4096];
    int size;

    assert_int_equal(SSL_key_update(raw->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(raw->ssl), 1);
    while ((size = BIO_read(raw->out, bytes, sizeof bytes)) > 0)
        assert_int_equal(tls_feed(tls, bytes, (size_t)size), ST_OK);
}

/* Each is answered, so a peer that reads no answers would make us hold as much as it sends. */
static void a_peer_that_only_changes_its_keys_is_dropped(void **state)
{
    const struct world *world = *state;
    OWNED(tls_context) hub = context_of(world, "hub", TLS_BROKER);
    OWNED(tls) server = tls_new(hub);
    enum status said = ST_MORE;
    uint8_t byte;
    struct raw raw;
    size_t got;

    raw_init(&raw, false, world, &world->nps,
             "\x0b"
             "concordat/1",
             TLS1_3_VERSION);
    assert_int_equal(raw_shake(&raw, server), ST_MORE);
    for (int i = 0; i < 1000; i++) { /* whoever reads the answers may go on */
        raw_rekey(&raw, server);
        assert_int_equal(raw_shake(&raw, server), ST_MORE);
    }
    for (int i = 0; i < 100 && said == ST_MORE; i++) {
        raw_rekey(&raw, server);
        said = tls_read(server, &byte, 1, &got);
        assert_true(tls_pending(server) < 2048);
    }
    assert_int_equal(said, ST_INVALID);
    assert_non_null(strstr(tls_reason(server)->text, "changes its keys"));
    assert_false(tls_is_open(server));
    raw_fini(&raw);
}

static void a_peer_without_our_protocol_is_refused(void **state)
{
    static const struct {
        const char *alpn;
        int version;
        bool certificate;
        enum status said;
    } cases[] = {
        {"\x0b"
         "concordat/1",
         TLS1_2_VERSION, true, ST_INVALID},
        {"\x0b"
         "concordat/2",
         TLS1_3_VERSION, true, ST_INVALID},
        {"\x0a"
         "concordat/",
         TLS1_3_VERSION, true, ST_INVALID},
        {NULL, TLS1_3_VERSION, true, ST_INVALID},
        {"\x0b"
         "concordat/1",
         TLS1_3_VERSION, false, ST_FORGED},
    };
    const struct world *world = *state;
    OWNED(tls_context) hub = context_of(world, "hub", TLS_BROKER);

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(tls) server = tls_new(hub);
        struct raw raw;
        raw_init(&raw, false, world, cases[i].certificate ? &world->nps : NULL, cases[i].alpn,
                 cases[i].version);
        assert_int_equal(raw_shake(&raw, server), cases[i].said);
        assert_false(tls_is_open(server));
        assert_true(tls_reason(server)->text[0] != '\0');
        raw_fini(&raw);
    }
}

static void an_agent_believes_only_a_broker(void **state)
{
    const struct world *world = *state;
    OWNED(mint) other = mint_new();
    OWNED(tls_context) nps = context_of(world, "nps", TLS_AGENT);
    struct mint_leaf hub = mint_broker("URI:urn:concordat:broker:hub");
    struct mint_leaf agency = mint_broker(GOOD);
    const struct minted servers[] = {world->nps, mint_leaf(other, &hub),
                                     mint_leaf(world->mint, &agency)};

    for (size_t i = 0; i <= LENGTH(servers); i++) {
        bool right = i == LENGTH(servers); /* but without ALPN */
        OWNED(tls) client = tls_new(nps);
        struct raw raw;
        raw_init(&raw, true, world, right ? &world->hub : &servers[i], NULL, TLS1_3_VERSION);
        assert_int_equal(raw_shake(&raw, client), right ? ST_INVALID : ST_FORGED);
        assert_false(tls_is_open(client));
        raw_fini(&raw);
    }
}

static void noise_is_refused(void **state)
{
    OWNED(tls_context) hub = context_of(*state, "hub", TLS_BROKER);
    uint8_t noise[600], byte;
    uint32_t seed = 1;
    size_t got;

    for (int round = 0; round < 200; round++) {
        OWNED(tls) server = tls_new(hub);
        enum status said;
        for (size_t i = 0; i < sizeof noise; i++) {
            seed = seed * 1664525 + 1013904223;
            noise[i] = (uint8_t)(seed >> 24);
        }
        if (round % 2) /* looks like a handshake record of that size */
            memcpy(noise, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
        assert_int_equal(tls_feed(server, noise, sizeof noise), ST_OK);
        said = tls_read(server, &byte, 1, &got);
        assert_int_equal(said, ST_INVALID);
        assert_int_equal(tls_read(server, &byte, 1, &got), ST_INVALID);
    }
}

/* Feeds the client's second flight with one byte changed. */
static void a_changed_byte_opens_nothing(void **state)
{
    OWNED(tls_context) hub = context_of(*state, "hub", TLS_BROKER);
    OWNED(tls_context) nps = context_of(*state, "nps", TLS_AGENT);
    uint8_t bytes[8192], byte;
    size_t got, size = sizeof bytes;

    for (size_t at = 0; at < size; at += 29) {
        OWNED(tls) server = tls_new(hub);
        OWNED(tls) client = tls_new(nps);
        assert_int_equal(tls_read(client, &byte, 1, &got), ST_MORE);
        (void)carry(client, server, 4096);
        assert_int_equal(tls_read(server, &byte, 1, &got), ST_MORE);
        (void)carry(server, client, 4096);
        assert_int_equal(tls_read(client, &byte, 1, &got), ST_MORE);
        size = tls_take(client, bytes, sizeof bytes);
        bytes[at] ^= 1;
        assert_int_equal(tls_feed(server, bytes, size), ST_OK);
        if (tls_read(server, &byte, 1, &got) == ST_MORE) /* the change was to a length */
            assert_true(!tls_is_open(server) || at < 6); /* change_cipher_spec is ignored */
    }
}

static void a_context_loads_whole_or_not_at_all(void **state)
{
    static const struct mint_crl past = {-2 * MINT_DAY, -60, 1}, future = {600, 9000, 1};
    static const struct {
        const char *what;
        const struct mint_crl *of_root, *of_issuer;
        const char *why;
    } cases[] = {
        {"no CRL", NULL, NULL, "root's CRL is missing"},
        {"root's missing", NULL, &fresh, "root's CRL is missing"},
        {"issuer's missing", &fresh, NULL, "issuer's CRL is missing"},
        {"root's expired", &past, &fresh, "expired"},
        {"issuer's expired", &fresh, &past, "expired"},
        {"issuer's not yet", &fresh, &future, "not yet valid"},
    };
    const struct world *world = *state;
    struct tls_context *context = NULL;
    struct reason why;
    size_t refused = 0;

    for (size_t i = 0; i < LENGTH(cases); i++) {
        mint_write_crls(world->mint, world->folder, cases[i].of_root, cases[i].of_issuer);
        assert_int_equal(load(world, "hub", TLS_BROKER, &context, &why), ST_INVALID);
        if (!strstr(why.text, cases[i].why) || !strstr(why.text, "crls.pem"))
            fail_msg("%s: %s", cases[i].what, why.text);
        refused++;
    }
    assert_null(context);
    print_message("bad CRLs: %zu of %zu refused\n", refused, LENGTH(cases));
}

static void our_own_certificate_is_judged_too(void **state)
{
    const struct world *world = *state;
    struct tls_context *context = NULL;
    struct minted mixed = {world->hub.certificate, world->nps.key};
    struct reason why;

    assert_int_equal(load(world, "nps", TLS_BROKER, &context, &why), ST_INVALID);
    assert_int_equal(load(world, "hub", TLS_AGENT, &context, &why), ST_INVALID);
    assert_int_equal(load(world, "nobody", TLS_AGENT, &context, &why), ST_IO);
    assert_non_null(strstr(why.text, "nobody.pem: No such file"));
    mint_write_leaf(world->mint, world->folder, "own", &mixed);
    assert_int_equal(load(world, "own", TLS_BROKER, &context, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "own.key: is not the key"));
    mint_revoke(world->mint, world->hub.certificate);
    mint_write_crls(world->mint, world->folder, &fresh, &fresh);
    assert_int_equal(load(world, "hub", TLS_BROKER, &context, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "hub.pem: the certificate: certificate revoked"));
    mint_revoke_issuer(world->mint);
    mint_write_crls(world->mint, world->folder, &fresh, &fresh);
    assert_int_equal(load(world, "nps", TLS_AGENT, &context, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "its issuer: certificate revoked"));
    assert_null(context);
}

static void a_revoked_peer_is_found_after_a_reload(void **state)
{
    static const struct mint_crl later = {-60, 7 * MINT_DAY, 2};
    static const struct mint_crl same_second = {-MINT_DAY, 7 * MINT_DAY, 2};
    const struct world *world = *state;
    OWNED(tls_context) hub = context_of(world, "hub", TLS_BROKER);
    OWNED(tls_context) nps = context_of(world, "nps", TLS_AGENT);
    OWNED(tls_context) again = context_of(world, "hub", TLS_BROKER);
    OWNED(tls) server = tls_new(hub);
    OWNED(tls) client = tls_new(nps);
    struct tls_context *next;
    enum status said[2];
    struct reason why;

    shake(client, server, 4096, said);
    assert_int_equal(tls_context_follows(hub, again, &why), ST_OK); /* the very same CRLs */
    assert_int_equal(tls_recheck(server, again, &why), ST_OK);

    mint_revoke(world->mint, world->nps.certificate);
    mint_write_crls(world->mint, world->folder, &later, &later);
    next = context_of(world, "hub", TLS_BROKER);
    assert_int_equal(tls_context_follows(hub, next, &why), ST_OK);
    assert_int_equal(tls_context_follows(next, hub, &why), ST_FORGED);
    assert_int_equal(tls_context_follows(hub, nps, &why), ST_FORGED);
    assert_int_equal(tls_recheck(server, next, &why), ST_FORGED);
    assert_string_equal(why.text, "the certificate: certificate revoked");
    assert_int_equal(tls_recheck(client, nps, &why), ST_OK);
    tls_context_free(next);

    mint_write_crls(world->mint, world->folder, &fresh, &same_second);
    next = context_of(world, "hub", TLS_BROKER);
    assert_int_equal(tls_context_follows(hub, next, &why), ST_FORGED); /* newer only by number */
    tls_context_free(next);
}

static void nobody_is_let_in_once_the_crls_run_out(void **state)
{
    OWNED(tls_context) hub = context_of(*state, "hub", TLS_BROKER);
    OWNED(tls_context) nps = context_of(*state, "nps", TLS_AGENT);
    OWNED(tls) before = tls_new(hub);
    OWNED(tls) client = tls_new(nps);
    OWNED(tls) after = tls_new(hub);
    struct raw raw;
    enum status said[2];
    struct reason why;

    shake(client, before, 4096, said);
    assert_true(tls_is_open(before));
    ahead_s = tls_context_crl_until_ms(hub) / 1000 - time(NULL) + 1;
    raw_init(&raw, false, *state, &((struct world *)*state)->nps,
             "\x0b"
             "concordat/1",
             TLS1_3_VERSION);
    assert_int_equal(raw_shake(&raw, after), ST_FORGED);
    assert_non_null(strstr(tls_reason(after)->text, "CRL has expired"));
    assert_string_equal(tls_peer(after)->id, "nps.cambs");
    assert_int_equal(tls_recheck(before, hub, &why), ST_FORGED);
    raw_fini(&raw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_learn_who_the_other_is),
        TEST(a_megabyte_passes_both_ways),
        TEST(every_bad_certificate_is_refused),
        TEST(a_certificate_is_judged_as_of_the_day_that_is_asked),
        TEST(without_memory_nothing_is_said_of_a_certificate),
        TEST(a_good_one_is_let_in_and_gets_no_ticket),
        TEST(a_peer_that_only_changes_its_keys_is_dropped),
        TEST(a_peer_without_our_protocol_is_refused),
        TEST(an_agent_believes_only_a_broker),
        TEST(noise_is_refused),
        TEST(a_changed_byte_opens_nothing),
        TEST(a_context_loads_whole_or_not_at_all),
        TEST(our_own_certificate_is_judged_too),
        TEST(a_revoked_peer_is_found_after_a_reload),
        TEST(nobody_is_let_in_once_the_crls_run_out),
    };
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
