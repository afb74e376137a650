#include "tests/system/peer_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "lib/clock.h"
#include "lib/sign.h"

#define READ_SIZE 65536
#define HELD_MAX (4 << 20) /* bytes of plain text queued before it is encrypted */

_Noreturn void peer_die(const char *what, const char *why)
{
    fprintf(stderr, "FAILED: peer: %s: %s\n", what, why);
    exit(1);
}

static void load_certificate(struct peer *peer, const char *path)
{
    FILE *file = fopen(path, "r");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (!certificate)
        peer_die(path, "no certificate");
    (void)fclose(file);
    int size = i2d_X509(certificate, &peer->certificate);
    if (size <= 0)
        peer_die(path, "cannot encode");
    peer->certificate_size = (size_t)size;
    peer->signer = sha256(peer->certificate, peer->certificate_size);
    X509_free(certificate);
}

void peer_use(struct peer *peer, const char *chain, const char *key)
{
    char trust[512], crls[512];
    struct reason why;

    (void)snprintf(trust, sizeof trust, "%s/trust.pem", peer->pki);
    (void)snprintf(crls, sizeof crls, "%s/crls.pem", peer->pki);
    tls_context_free(peer->context);
    peer->context = NULL;
    if (tls_context_new(TLS_AGENT, &(struct tls_files){chain, key, trust, crls}, &peer->context,
                        &why)
        != ST_OK)
        peer_die(chain, why.text);
}

struct peer *peer_new(const char *pki, const char *agency)
{
    struct peer *peer = calloc(1, sizeof *peer);
    char path[512], key[512];
    struct reason why;

    if (!peer)
        peer_die(agency, "memory");
    peer->fd = -1;
    (void)snprintf(peer->agency, sizeof peer->agency, "%s", agency);
    (void)snprintf(peer->pki, sizeof peer->pki, "%s", pki);
    (void)snprintf(path, sizeof path, "%s/agencies/%s/signing.pem", pki, agency);
    load_certificate(peer, path);
    (void)snprintf(path, sizeof path, "%s/agencies/%s/signing.key", pki, agency);
    if (sign_key_load(path, &peer->signing_key, &why) != ST_OK)
        peer_die(path, why.text);
    (void)snprintf(path, sizeof path, "%s/agencies/%s/transport.chain.pem", pki, agency);
    (void)snprintf(key, sizeof key, "%s/agencies/%s/transport.key", pki, agency);
    peer_use(peer, path, key);
    peer->arena = arena_new(65536, 4 * HEAD_ARENA);
    if (!peer->arena)
        peer_die(agency, "memory");
    return peer;
}

void peer_disconnect(struct peer *peer)
{
    if (peer->fd >= 0)
        (void)close(peer->fd);
    peer->fd = -1;
    tls_free(peer->tls);
    peer->tls = NULL;
    frame_reader_free(peer->frames);
    peer->frames = NULL;
    peer->plain_size = 0;
}

void peer_free(struct peer *peer)
{
    if (!peer)
        return;
    peer_disconnect(peer);
    tls_context_free(peer->context);
    arena_free(peer->arena);
    EVP_PKEY_free(peer->signing_key);
    OPENSSL_free(peer->certificate);
    free(peer->plain);
    free(peer);
}

int peer_fd(const struct peer *peer)
{
    return peer->fd;
}

EVP_PKEY *peer_signing_key(const struct peer *peer)
{
    return peer->signing_key;
}

const struct digest *peer_signer(const struct peer *peer)
{
    return &peer->signer;
}

const uint8_t *peer_community(const struct peer *peer)
{
    return tls_context_community(peer->context);
}

const char *peer_agency(const struct peer *peer)
{
    return peer->agency;
}

int64_t peer_now_ms(void)
{
    return clock_wall_ms();
}

/* ---- bytes ---- */

static bool wait_for(const struct peer *peer, short events, int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_monotonic_ms();
    struct pollfd ready = {peer->fd, events, 0};

    return poll(&ready, 1, left < 0 ? 0 : (int)left) > 0;
}

/* Sends encrypted bytes while the socket takes them. */
static enum status push_socket(struct peer *peer)
{
    for (;;) {
        struct bytes out = tls_outgoing(peer->tls);
        if (out.size == 0)
            return ST_OK;
        ssize_t sent = send(peer->fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? ST_MORE : ST_CLOSED;
        tls_gone(peer->tls, (size_t)sent);
    }
}

enum status peer_push(struct peer *peer)
{
    if (!peer->tls)
        return ST_CLOSED;
    if (peer->plain_size > 0 && tls_is_open(peer->tls)) {
        enum status status = tls_write(peer->tls, peer->plain, peer->plain_size);
        if (status != ST_OK)
            return status;
        peer->plain_size = 0;
    }
    return push_socket(peer);
}

size_t peer_unsent(const struct peer *peer)
{
    return peer->plain_size + (peer->tls ? tls_pending(peer->tls) : 0);
}

enum status peer_flush(struct peer *peer, int wait_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;

    for (;;) {
        enum status status = peer_push(peer);
        if (status != ST_MORE)
            return status;
        if (!wait_for(peer, POLLOUT, deadline_ms) && clock_monotonic_ms() >= deadline_ms)
            return ST_MORE;
    }
}

/* Reads what the socket has; ST_MORE when it has nothing. */
static enum status pull(struct peer *peer)
{
    uint8_t raw[READ_SIZE];
    ssize_t got = recv(peer->fd, raw, sizeof raw, MSG_DONTWAIT);

    if (got == 0)
        return ST_CLOSED;
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? ST_MORE : ST_CLOSED;
    return tls_feed(peer->tls, raw, (size_t)got);
}

static enum status decrypt(struct peer *peer)
{
    for (;;) {
        size_t room, got = 0;
        uint8_t *into = frame_reader_room(peer->frames, &room);

        if (!into)
            peer_die("frame", "memory");
        enum status status = tls_read(peer->tls, into, room, &got);
        if (status != ST_OK)
            return status;
        frame_reader_filled(peer->frames, got);
        if (got < room)
            continue;
        return ST_OK; /* full: a whole frame is inside */
    }
}

enum status peer_connect(struct peer *peer, uint16_t port, int wait_ms)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
    int yes = 1;
    size_t none = 0;
    uint8_t nothing;

    peer_disconnect(peer);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->fd < 0 || connect(peer->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return ST_IO;
    (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)fcntl(peer->fd, F_SETFL, O_NONBLOCK);
    peer->tls = tls_new(peer->context);
    peer->frames = frame_reader_new();
    if (!peer->tls || !peer->frames)
        peer_die(peer->agency, "memory");
    frame_reader_limit(peer->frames, HEAD_MAX, SEALED_MAX);
    while (!tls_is_open(peer->tls)) {
        enum status status = tls_read(peer->tls, &nothing, 0, &none);
        if (status != ST_OK && status != ST_MORE)
            return status;
        if (push_socket(peer) == ST_CLOSED)
            return ST_CLOSED;
        if (tls_is_open(peer->tls))
            break;
        if (!wait_for(peer, POLLIN, deadline_ms) && clock_monotonic_ms() >= deadline_ms)
            return ST_MORE;
        status = pull(peer);
        if (status != ST_OK && status != ST_MORE)
            return status;
    }
    return ST_OK;
}

void peer_say_bytes(struct peer *peer, const void *data, size_t size)
{
    if (peer->plain_size + size > peer->plain_room) {
        peer->plain_room = 2 * (peer->plain_size + size);
        peer->plain = realloc(peer->plain, peer->plain_room);
        if (!peer->plain)
            peer_die(peer->agency, "memory");
    }
    if (size > 0)
        memcpy(peer->plain + peer->plain_size, data, size);
    peer->plain_size += size;
    if (peer->plain_size > HELD_MAX)
        (void)peer_flush(peer, 30000);
}

void peer_say(struct peer *peer, const struct wire *wire, struct bytes body)
{
    uint8_t head[HEAD_MAX];
    size_t size;

    if (wire_write(wire, body.size, head, sizeof head, &size) != ST_OK)
        peer_die(peer->agency, "a frame does not fit");
    peer_say_bytes(peer, head, size);
    peer_say_bytes(peer, body.data, body.size);
}

/* A whole frame from what has been decrypted. */
static enum status take_frame(struct peer *peer, struct wire *wire, struct bytes *body)
{
    struct frame frame;
    struct reason why = {"not a frame"};
    enum status status = frame_next(peer->frames, &frame);

    if (status == ST_MORE)
        return ST_MORE;
    *body = frame.body;
    if (status != ST_OK || wire_read(frame.head, peer->arena, wire, &why) != ST_OK)
        peer_die("the broker's frame", why.text);
    return ST_OK;
}

enum status peer_next(struct peer *peer, struct wire *wire, struct bytes *body, int wait_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;

    if (!peer->tls)
        return ST_CLOSED;
    for (;;) {
        enum status status = take_frame(peer, wire, body);
        if (status == ST_OK)
            return ST_OK;
        enum status read = decrypt(peer);
        status = take_frame(peer, wire, body);
        if (status == ST_OK)
            return ST_OK;
        if (read != ST_OK && read != ST_MORE)
            return read;
        (void)peer_push(peer); /* a connection that is gone shows below */
        short events = (short)(POLLIN | (peer_unsent(peer) ? POLLOUT : 0));
        if (!wait_for(peer, events, deadline_ms) && clock_monotonic_ms() >= deadline_ms)
            return ST_MORE;
        status = pull(peer);
        if (status != ST_OK && status != ST_MORE)
            return status;
    }
}

/* ---- session ---- */

static struct wire hello_of(const struct peer *peer, uint32_t credit, uint32_t credit_size)
{
    struct wire wire = {.kind = WIRE_HELLO};

    wire.hello.version = 1;
    wire.hello.community = (struct bytes){peer_community(peer), DIGEST_SIZE};
    wire.hello.signing_certificate = (struct bytes){peer->certificate, peer->certificate_size};
    wire.hello.credit = credit;
    wire.hello.credit_size = credit_size;
    return wire;
}

size_t peer_hello_frame(struct peer *peer, uint8_t *out, size_t room)
{
    struct wire wire = hello_of(peer, 64, 1 << 20);
    size_t size;

    if (wire_write(&wire, 0, out, room, &size) != ST_OK)
        peer_die(peer->agency, "a frame does not fit");
    return size;
}

enum status peer_hello(struct peer *peer, uint32_t credit, uint32_t credit_size, int wait_ms)
{
    struct wire wire = hello_of(peer, credit, credit_size);
    struct bytes body;

    peer_say(peer, &wire, (struct bytes){NULL, 0});
    enum status status = peer_next(peer, &wire, &body, wait_ms);
    if (status != ST_OK)
        return status;
    if (wire.kind == WIRE_REFUSE) {
        (void)snprintf(peer->refused, sizeof peer->refused, "%s", wire.refuse.code);
        return ST_INVALID;
    }
    if (wire.kind != WIRE_WELCOME)
        return ST_INVALID;
    peer_follow(peer, UINT64_MAX);
    return peer_flush(peer, wait_ms);
}

void peer_follow(struct peer *peer, uint64_t after)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.follow = true;
    wire.gazette.after = after;
    peer_say(peer, &wire, (struct bytes){NULL, 0});
}

const char *peer_refused(const struct peer *peer)
{
    return peer->refused;
}

void peer_open(struct peer *peer, uint16_t port, uint32_t credit)
{
    enum status status = peer_connect(peer, port, 20000);

    if (status == ST_OK)
        status = peer_hello(peer, credit, 64u << 20, 20000);
    if (status != ST_OK)
        peer_die(peer->agency, status_name(status));
}

void peer_publish_key(struct peer *peer, uint8_t key_id[static KEY_ID_SIZE])
{
    struct key_statement key = {.from_ms = peer_now_ms() - 1000};
    struct wire wire = {.kind = WIRE_DIRECTORY};
    uint8_t statement[STATEMENT_MAX];
    size_t size;

    (void)snprintf(key.agency, sizeof key.agency, "%s", peer->agency);
    key.seal_until_ms = key.from_ms + SEAL_UNTIL_DAYS * 86400000LL;
    key.open_until_ms = key.from_ms + OPEN_UNTIL_DAYS * 86400000LL;
    if (RAND_bytes(key.key_id, sizeof key.key_id) != 1
        || RAND_bytes(key.public_key, sizeof key.public_key) != 1
        || key_statement_write(&key, statement, sizeof statement, &size) != ST_OK)
        peer_die(peer->agency, "key statement");
    memcpy(key_id, key.key_id, KEY_ID_SIZE);
    wire.directory.has_publish = true;
    wire.directory.publish.statement = (struct bytes){statement, size};
    wire.directory.publish.signer = peer->signer;
    if (key_statement_sign(peer->signing_key, peer_community(peer),
                           wire.directory.publish.statement, wire.directory.publish.signature)
        != ST_OK)
        peer_die(peer->agency, "key statement");
    peer_say(peer, &wire, (struct bytes){NULL, 0});
}
