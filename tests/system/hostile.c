/* Hostile bytes and false identities against the real broker: all refused, none crashes it, none is
 * acknowledged, and 100,000 of them leave its memory where it was.
 *
 *     hostile BIN SOURCE FOLDER [ATTEMPTS]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "agreements/agreement.h"
#include "tests/system/community.h"
#include "tests/system/peer.h"
#include "tests/unit/mint.h"

#define ATTEMPTS 100000
#define SIZE 512
#define WARM 8000
#define GROWTH_MAX_KIB 1024

static const struct member members[] = {
    {"court.a", "COURT"}, {"court.b", "COURT"}, {"nps.a", "NPS"}};

struct stage {
    struct community community;
    char pki[COMMUNITY_PATH + 8];
    struct digest agreement_hash;
    struct peer *a, *b, *nps;
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t body[SIZE];
};

static int passed, failures;

static void expect(bool holds, const char *what)
{
    printf("%s %s\n", holds ? "ok  " : "FAIL", what);
    passed += holds;
    failures += !holds;
}

/* ---- certificates ---- */

static int dial(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {10, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect: %s", strerror(errno));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

/* With plain OpenSSL, which lets us show anything: does the broker say welcome? */
static bool is_welcome(struct stage *s, X509 *certificate, EVP_PKEY *key, X509 *issuer)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    uint8_t hello[HEAD_MAX_BEFORE_HELLO], answer[4096];
    static const uint8_t alpn[] = "\x0b"
                                  "concordat/1";
    int got = 0;

    SSL_CTX_set_security_level(context, 0); /* so that we may show weak keys */
    if (certificate
        && (SSL_CTX_use_certificate(context, certificate) != 1
            || SSL_CTX_use_PrivateKey(context, key) != 1
            || (issuer && SSL_CTX_add1_chain_cert(context, issuer) != 1)))
        fail("certificate cannot even be shown");
    SSL *ssl = SSL_new(context);
    int fd = dial(s->community.port);
    size_t size = peer_hello_frame(s->a, hello, sizeof hello);
    (void)SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1);
    (void)SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) == 1 && SSL_write(ssl, hello, (int)size) > 0)
        got = SSL_read(ssl, answer, sizeof answer);
    SSL_free(ssl);
    SSL_CTX_free(context);
    (void)close(fd);
    ERR_clear_error();
    /* Frame prefix, then the oneof's tag: 2 is welcome. */
    return got > FRAME_PREFIX && answer[FRAME_PREFIX] == (2 << 3 | 2);
}

static void certificates_are_refused(struct stage *s)
{
    static const char agency[] = "URI:urn:concordat:agency:court.a";
    OWNED(mint) ours = mint_open(s->pki);
    OWNED(mint) theirs = mint_new();
    struct {
        const char *what;
        struct mint *mint;
        struct mint_leaf leaf;
    } cases[16];
    size_t count = 0, refused = 0;
    char line[200];

    struct mint_leaf right = mint_transport(agency);
    struct mint_leaf bad;
#define CASE(text, by, change)                                                                     \
    do {                                                                                           \
        bad = right;                                                                               \
        change;                                                                                    \
        cases[count].what = text;                                                                  \
        cases[count].mint = by;                                                                    \
        cases[count++].leaf = bad;                                                                 \
    } while (0)
    CASE("another authority", theirs, (void)0);
    CASE("self-signed", ours, bad.self_signed = true);
    CASE("expired", ours, (bad.from_s = -3 * MINT_DAY, bad.until_s = -MINT_DAY));
    CASE("not yet valid", ours, (bad.from_s = MINT_DAY, bad.until_s = 3 * MINT_DAY));
    CASE("no extended key usage", ours, bad.purpose = NULL);
    CASE("server purpose", ours, bad.purpose = "serverAuth");
    CASE("client and server purpose", ours, bad.purpose = "clientAuth,serverAuth");
    CASE("two URI names", ours,
         bad.name = "URI:urn:concordat:agency:court.a,URI:urn:concordat:agency:nps.a");
    CASE("common name only", ours, bad.name = NULL);
    CASE("an authority in place of a leaf", ours, bad.constraints = "critical,CA:TRUE");
    CASE("a broker's name", ours, bad.name = "URI:urn:concordat:broker:broker");
    CASE("upper case", ours, bad.name = "URI:urn:concordat:agency:COURT.A");
    CASE("trailing dot", ours, bad.name = "URI:urn:concordat:agency:court.a.");
    CASE("no digitalSignature", ours, bad.usage = "critical,keyAgreement");
    CASE("an unknown critical extension", ours, bad.other = "critical");
    CASE("P-384 key", ours, bad.key = "P-384");
#undef CASE
    struct minted fine = mint_leaf(ours, &right);
    expect(is_welcome(s, fine.certificate, fine.key, mint_issuer(ours)),
           "control: a right certificate is welcome");
    for (size_t i = 0; i < count; i++) {
        struct minted leaf = mint_leaf(cases[i].mint, &cases[i].leaf);
        bool welcome = is_welcome(s, leaf.certificate, leaf.key, mint_issuer(cases[i].mint));
        refused += !welcome;
        if (welcome)
            printf("     welcome: %s\n", cases[i].what);
    }
    refused += !is_welcome(s, NULL, NULL, NULL);
    count++;
    (void)snprintf(line, sizeof line, "certificates: %zu of %zu refused", refused, count);
    expect(refused == count, line);
    expect(daemon_said(&s->community.broker, "urn:concordat:agency:COURT.A", 5000)
               || daemon_said(&s->community.broker, "certificate=", 5000),
           "refusals are logged with the certificate's identity");
}

/* ---- frames ---- */

static struct mail mail_to_nps(const struct stage *s)
{
    return mail_request("nps.a", s->key_id, &s->agreement_hash, SIZE);
}

/* A whole, right submit frame of `peer`: prefix, head, body. */
static size_t right_frame(struct stage *s, struct peer *peer, uint8_t *out, size_t room)
{
    static uint8_t header[HEADER_MAX];
    struct mail mail = mail_to_nps(s);
    struct envelope e;
    struct wire wire = {.kind = WIRE_SUBMIT};
    size_t header_size, size;

    peer_compose(peer, &mail, &e, s->body);
    if (envelope_write(&e, header, sizeof header, &header_size) != ST_OK)
        fail("header");
    wire.submit.header = (struct bytes){header, header_size};
    if (batch_sign(BATCH_HEADERS, peer_signing_key(peer), peer_signer(peer), peer_community(peer),
                   &wire.submit.header, 1, &wire.submit.proof)
            != ST_OK
        || wire_write(&wire, SIZE, out, room - SIZE, &size) != ST_OK)
        fail("frame");
    memcpy(out + size, s->body, SIZE);
    return size + SIZE;
}

/* Says bytes in a fresh session; what comes back until the broker closes or answers a ping. */
static bool acknowledged(struct stage *s, struct peer *peer, const void *data, size_t size,
                         bool whole)
{
    struct wire wire = {.kind = WIRE_PING};
    struct bytes body;
    bool receipt = false;

    if (peer_fd(peer) < 0)
        peer_open(peer, s->community.port, 64);
    peer_say_bytes(peer, data, size);
    if (!whole) { /* the rest never comes */
        (void)peer_flush(peer, 1000);
        peer_disconnect(peer);
        return false;
    }
    wire.ping.token = 7;
    peer_say(peer, &wire, (struct bytes){NULL, 0});
    for (;;) {
        enum status status = peer_next(peer, &wire, &body, 10000);
        if (status == ST_MORE)
            fail("the broker neither answers nor closes");
        if (status != ST_OK || wire.kind == WIRE_REFUSE || wire.kind == WIRE_BYE) {
            peer_disconnect(peer);
            return receipt;
        }
        receipt |= wire.kind == WIRE_RECEIPT;
        if (wire.kind == WIRE_PING)
            return receipt;
    }
}

static void broken_frames_end_the_session(struct stage *s)
{
    static uint8_t frame[FRAME_MAX];
    size_t size = right_frame(s, s->a, frame, sizeof frame);
    static const uint32_t sizes[] = {0, HEAD_MAX + 1, 1u << 31, UINT32_MAX};
    size_t tried = 0, wrong = 0;
    char line[160];

    expect(acknowledged(s, s->a, frame, size, true), "control: a right frame is acknowledged");
    /* Truncated at every offset, the connection then gone: a sample of them in the default run. */
    size_t stride = size / 150 + 1;
    for (size_t cut = 1; cut < size; cut += cut < 64 ? 1 : stride, tried++)
        wrong += acknowledged(s, s->a, frame, cut, false);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++, tried += 2) {
        uint8_t prefix[FRAME_PREFIX];
        struct writer w = writer_of(prefix, sizeof prefix);
        write_u32(&w, sizes[i]);
        write_u32(&w, 0);
        wrong += acknowledged(s, s->a, prefix, sizeof prefix, true);
        w = writer_of(prefix, sizeof prefix);
        write_u32(&w, 10);
        write_u32(&w, sizes[i] > SEALED_MAX ? sizes[i] : SEALED_MAX + 1);
        wrong += acknowledged(s, s->a, prefix, sizeof prefix, true);
    }
    /* Nested: a length-delimited field inside itself, 20,000 deep, as deep as 64 KiB go. */
    static uint8_t nested[FRAME_PREFIX + HEAD_MAX];
    for (size_t depth = 10; depth <= 16000; depth *= 4, tried++) {
        size_t at = sizeof nested;
        for (size_t i = 0; i < depth && at > FRAME_PREFIX + 8; i++) {
            size_t inside = sizeof nested - at;
            uint8_t varint[5];
            size_t n = 0;
            do {
                varint[n++] = (uint8_t)((inside & 0x7f) | (inside > 0x7f ? 0x80 : 0));
                inside >>= 7;
            } while (inside);
            at -= n;
            memcpy(nested + at, varint, n);
            nested[--at] = 3 << 3 | 2;
        }
        size_t head = sizeof nested - at;
        frame_prefix(nested + at - FRAME_PREFIX, head, 0);
        wrong += acknowledged(s, s->a, nested + at - FRAME_PREFIX, head + FRAME_PREFIX, true);
    }
    /* Bloated: 20,000 empty sub-messages. */
    static uint8_t bloated[FRAME_PREFIX + 60000];
    for (size_t i = FRAME_PREFIX; i < sizeof bloated; i += 2) {
        bloated[i] = 3 << 3 | 2;
        bloated[i + 1] = 0;
    }
    frame_prefix(bloated, sizeof bloated - FRAME_PREFIX, 0);
    wrong += acknowledged(s, s->a, bloated, sizeof bloated, true);
    tried++;
    (void)snprintf(line, sizeof line, "frames: %zu broken ones, %zu acknowledged", tried, wrong);
    expect(wrong == 0, line);
}

/* ---- headers and signatures: lies in well-formed frames ---- */

enum lie {
    LIE_SENDER,     /* the header names another agency */
    LIE_SIGNER,     /* signed with another agency's key */
    LIE_INDEX,      /* leaf index not below count */
    LIE_PATH,       /* path of another length */
    LIE_PATH_BIT,   /* a path or salt that leads elsewhere */
    LIE_SIGNATURE,  /* one bit */
    LIE_TRAILING,   /* header with an unknown field behind it */
    LIE_ORDER,      /* fields not ascending */
    LIE_VARINT,     /* a varint longer than it need be */
    LIE_BODY,       /* a section's bytes are not those hashed */
    LIE_SHORT_BODY, /* fewer bytes than the sections say */
    LIE_REPLAY,     /* another agency's header with its proof, under our session */
    LIE_COUNT
};
static const char *const lie_names[] = {
    "sender",         "signer", "index",       "path length",   "path bit",   "bit of signature",
    "trailing field", "order",  "long varint", "section bytes", "short body", "replay"};

static void tell(struct stage *s, struct peer *peer, enum lie lie, uint64_t turn)
{
    static uint8_t header[HEADER_MAX + 64];
    struct mail mail = mail_to_nps(s);
    struct wire wire = {.kind = WIRE_SUBMIT};
    struct peer *signer = lie == LIE_SIGNER || lie == LIE_REPLAY ? s->b : peer;
    struct envelope e;
    struct proof proofs[4];
    struct bytes contents[4];
    uint8_t body[SIZE];
    size_t size, index = 0;

    peer_compose(lie == LIE_REPLAY ? s->b : peer, &mail, &e, body);
    if (lie == LIE_SENDER)
        (void)snprintf(e.sender, sizeof e.sender, "court.b");
    if (envelope_write(&e, header, HEADER_MAX, &size) != ST_OK)
        fail("header");
    if (lie == LIE_TRAILING) { /* field 99, varint 1 */
        header[size++] = 0x98;
        header[size++] = 0x06;
        header[size++] = 1;
    } else if (lie == LIE_ORDER) { /* version (2 bytes) behind the rest */
        memmove(header, header + 2, size - 2);
        header[size - 2] = 0x08;
        header[size - 1] = 1;
    } else if (lie == LIE_VARINT) { /* version 1 as 81 00 */
        memmove(header + 3, header + 2, size - 2);
        header[1] = 0x81;
        header[2] = 0x00;
        size++;
    }
    for (size_t i = 0; i < 4; i++)
        contents[i] = (struct bytes){header, size};
    if (batch_sign(BATCH_HEADERS, peer_signing_key(signer), peer_signer(signer),
                   peer_community(peer), contents, 4, proofs)
        != ST_OK)
        fail("sign");
    wire.submit.header = contents[0];
    wire.submit.proof = proofs[index];
    if (lie == LIE_INDEX)
        wire.submit.proof.index = 4 + (uint32_t)(turn % 61);
    else if (lie == LIE_PATH)
        wire.submit.proof.length = turn % 2 ? 1 : 3;
    else if (lie == LIE_PATH_BIT && turn % 2)
        wire.submit.proof.path[turn % 4 / 2].bytes[turn % DIGEST_SIZE] ^= 1;
    else if (lie == LIE_PATH_BIT)
        wire.submit.proof.salt[turn % SALT_SIZE] ^= 1;
    else if (lie == LIE_SIGNATURE)
        wire.submit.proof.signature[turn % SIGNATURE_SIZE] ^= (uint8_t)(1 << turn % 8);
    else if (lie == LIE_BODY)
        body[turn % SIZE] ^= 1;
    peer_say(peer, &wire, (struct bytes){body, lie == LIE_SHORT_BODY ? SIZE - 1 : SIZE});
}

static long memory_kib(pid_t pid, const char *field)
{
    char path[64], line[256];
    long kib = -1;

    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtol(line + strlen(field) + 1, NULL, 10);
    if (file)
        (void)fclose(file);
    return kib;
}

/* Tells `count` lies of one kind and hears what comes; receipts are counted. */
static size_t tell_many(struct stage *s, enum lie lie, uint64_t count)
{
    struct wire wire;
    struct bytes body;
    size_t receipts = 0;

    for (uint64_t told = 0; told < count;) {
        uint64_t until = told + 64 < count ? told + 64 : count;

        if (peer_fd(s->a) < 0)
            peer_open(s->a, s->community.port, 64);
        while (told < until)
            tell(s, s->a, lie, told++);
        wire = (struct wire){.kind = WIRE_PING};
        wire.ping.token = told;
        peer_say(s->a, &wire, (struct bytes){NULL, 0});
        for (bool heard = false; !heard;) {
            enum status status = peer_next(s->a, &wire, &body, 20000);
            if (status == ST_MORE)
                fail("the broker neither answers nor closes after lies about %s", lie_names[lie]);
            if (status != ST_OK || wire.kind == WIRE_REFUSE || wire.kind == WIRE_BYE) {
                peer_disconnect(s->a);
                heard = true;
            } else {
                receipts += wire.kind == WIRE_RECEIPT;
                heard = wire.kind == WIRE_PING;
            }
        }
    }
    return receipts;
}

static void lies_are_refused_and_cost_no_memory(struct stage *s, uint64_t attempts)
{
    size_t receipts = 0;
    uint64_t told = 0;
    char line[240];

    for (enum lie lie = 0; lie < LIE_COUNT; lie++)
        receipts += tell_many(s, lie, WARM / LIE_COUNT);
    long before = memory_kib(s->community.broker.pid, "VmRSS:");
    for (enum lie lie = 0; lie < LIE_COUNT; lie++) {
        receipts += tell_many(s, lie, attempts / LIE_COUNT + 1);
        told += attempts / LIE_COUNT + 1;
    }
    long after = memory_kib(s->community.broker.pid, "VmRSS:");
    (void)snprintf(line, sizeof line, "lies: %llu of %d kinds told, %zu acknowledged",
                   (unsigned long long)told, LIE_COUNT, receipts);
    expect(receipts == 0, line);
    (void)snprintf(line, sizeof line, "memory: RSS %ld KiB before, %ld KiB after (%+ld KiB)",
                   before, after, after - before);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    printf("     %s: not judged under a sanitizer\n", line);
#else
    expect(after - before < GROWTH_MAX_KIB, line);
#endif
}

/* A handshake that the broker has begun: its first bytes are here, and ours stop at the first
 * flight. */
static int half_a_handshake(struct stage *s)
{
    static const uint8_t alpn[] = "\x0b"
                                  "concordat/1";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    BIO *from = BIO_new(BIO_s_mem()), *to = BIO_new(BIO_s_mem());
    int fd = dial(s->community.port);
    struct pollfd answered = {fd, POLLIN, 0};
    char *first;

    (void)SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1);
    SSL_set_bio(ssl, from, to); /* not the socket: an answer at once would carry us further */
    (void)SSL_connect(ssl);
    long size = BIO_get_mem_data(to, &first);
    if (size <= 0 || send(fd, first, (size_t)size, MSG_NOSIGNAL) != size
        || poll(&answered, 1, 20000) != 1)
        fail("the broker does not begin a handshake");
    SSL_free(ssl);
    SSL_CTX_free(context);
    return fd;
}

/* Does the other side close within `wait_ms`? What it says first is not looked at. */
static bool is_closed(int fd, int wait_ms)
{
    uint8_t bytes[4096];
    struct pollfd ready = {fd, POLLIN, 0};

    while (poll(&ready, 1, wait_ms) == 1)
        if (recv(fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    return false;
}

static void revocation_ends_the_session(struct stage *s, const char *source)
{
    char command[4 * COMMUNITY_PATH];
    struct wire wire;
    struct bytes body;
    enum status status;

    if (peer_fd(s->b) < 0)
        peer_open(s->b, s->community.port, 64);
    (void)snprintf(command, sizeof command,
                   "%s/certs/pki.sh revoke %s %s/agencies/court.b/transport.pem >/dev/null", source,
                   s->pki, s->pki);
    if (system(command) != 0) // NOLINT(cert-env33-c): the product's own script
        fail("%s", command);
    int stranger = half_a_handshake(s); /* under the old list */
    (void)kill(s->community.broker.pid, SIGHUP);
    /* Sooner than a handshake may take, so it is the reload that ends it. */
    expect(is_closed(stranger, HANDSHAKE_MS / 2),
           "revoked: a handshake under way ends at a reload");
    (void)close(stranger);
    do
        status = peer_next(s->b, &wire, &body, 20000);
    while (status == ST_OK);
    expect(status == ST_CLOSED, "revoked: the live session is closed after a reload");
    peer_disconnect(s->b);
    status = peer_connect(s->b, s->community.port, 5000);
    if (status == ST_OK)
        status = peer_hello(s->b, 64, 1 << 20, 5000);
    expect(status != ST_OK && status != ST_MORE, "revoked: a new session is refused");
    peer_disconnect(s->b);
}

int main(int argc, char **argv)
{
    static struct stage s;
    OWNED(agreement) agreement = NULL;
    struct reason why;
    char path[COMMUNITY_PATH + 32];

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER [ATTEMPTS]\n", argv[0]);
        return 2;
    }
    uint64_t attempts = argc > 4 ? strtoull(argv[4], NULL, 10) : ATTEMPTS;
    community_make(&s.community, &(struct places){argv[1], argv[2]}, argv[3], members, 3);
    community_start_for_peers(&s.community);
    (void)snprintf(path, sizeof path, "%s/pinned/test.yaml", s.community.folder);
    if (agreement_load(path, &agreement, &why) != ST_OK)
        fail("%s", why.text);
    s.agreement_hash = agreement->hash;
    (void)snprintf(s.pki, sizeof s.pki, "%s/pki", s.community.folder);
    s.a = peer_new(s.pki, "court.a");
    s.b = peer_new(s.pki, "court.b");
    s.nps = peer_new(s.pki, "nps.a");
    peer_open(s.nps, s.community.port, 64);
    peer_publish_key(s.nps, s.key_id);
    if (peer_flush(s.nps, 5000) != ST_OK)
        fail("publish");
    peer_open(s.b, s.community.port, 64); /* so that its signing certificate is known */
    static uint8_t frame[HEAD_MAX];
    for (bool known = false; !known;) { /* until the key has gone through the exchange */
        size_t size = right_frame(&s, s.a, frame, sizeof frame);
        known = acknowledged(&s, s.a, frame, size, true);
    }

    certificates_are_refused(&s);
    broken_frames_end_the_session(&s);
    lies_are_refused_and_cost_no_memory(&s, attempts);
    revocation_ends_the_session(&s, argv[2]);

    peer_free(s.a);
    peer_free(s.b);
    peer_free(s.nps);
    daemon_stop(&s.community.broker);
    community_free(&s.community);
    printf("%d passed, %d failed\n", passed, failures);
    return failures > 0;
}
