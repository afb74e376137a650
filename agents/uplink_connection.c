/*
 * uplink_connection.c - one connection to the broker after the other: socket, TLS, session, and the
 * wait between two.
 *
 *     socket <--> TLS <--> uplink_session --frames--> keeper
 *
 * Whatever goes wrong ends the connection, with the reason in the log and for the keeper; the next
 * is made after a wait, so that a broker that comes up is not run down by all at once. Threads: the
 * uplink's.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agents/uplink_inside.h"

#define BACKOFF_MOST_MS 30000
#define READS_A_TURN 16 /* before other work has its turn */

/* ---- its end ---- */

void uplink_hang_up(struct uplink *u)
{
    if (u->socket >= 0) {
        loop_remove(u->loop, u->socket);
        (void)close(u->socket);
    }
    u->socket = -1;
    tls_free(u->engine);
    u->engine = NULL;
    uplink_session_free(u->session);
    u->session = NULL;
    u->connecting = u->announced = false;
    u->events = 0;
}

/* Somewhere between half of `ms` and all of it. */
static int64_t jittered(int64_t ms)
{
    uint32_t random = 0;

    (void)RAND_bytes((unsigned char *)&random, sizeof random);
    return ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

void uplink_lose(struct uplink *u, const struct reason *why)
{
    log_limited(&u->noisy, loop_now_ms(u->loop), LOG_WARN,
                u->announced ? "session_closed" : "no_session", "broker=%s why=\"%s\"",
                u->settings.broker, why->text);
    (void)uplink_tell_link(u, STAGE_SHUT, NULL, why);
    uplink_hang_up(u);
    u->retry_at_ms = loop_now_ms(u->loop) + jittered(u->backoff_ms);
    u->backoff_ms = 2 * u->backoff_ms < BACKOFF_MOST_MS ? 2 * u->backoff_ms : BACKOFF_MOST_MS;
}

void uplink_lose_for(struct uplink *u, const char *text, const char *detail)
{
    struct reason why;

    reason_set(&why, "%s%s%s", text, detail[0] ? ": " : "", detail);
    uplink_lose(u, &why);
}

/* ---- bytes ---- */

void uplink_watch(struct uplink *u)
{
    uint32_t events = 0;

    if (u->socket < 0)
        return;
    if (u->connecting || tls_pending(u->engine) > 0)
        events |= EPOLLOUT;
    if (!u->connecting && !u->held) /* while the keeper is behind, TCP pushes back */
        events |= EPOLLIN;
    if (events != u->events && loop_change(u->loop, u->socket, events) == ST_OK)
        u->events = events;
}

/* Writes what the socket takes. False: the connection is gone. */
bool uplink_flush(struct uplink *u)
{
    struct bytes out;

    while ((out = tls_outgoing(u->engine)).size > 0) {
        ssize_t sent = send(u->socket, out.data, out.size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (sent < 0) {
            uplink_lose_for(u, "cannot write to the broker", strerror(errno));
            return false;
        }
        tls_gone(u->engine, (size_t)sent);
        if (u->session)
            uplink_session_sent(u->session, loop_now_ms(u->loop));
    }
    return true;
}

/* What the session says goes into TLS. */
static bool flush_session(struct uplink *u)
{
    struct bytes out = uplink_session_output(u->session);

    if (out.size > 0 && tls_write(u->engine, out.data, out.size) != ST_OK) {
        uplink_lose_for(u, "out of memory", "");
        return false;
    }
    return true;
}

static bool start_session(struct uplink *u)
{
    struct uplink_hello hello = {
        .community = {tls_context_community(u->tls), DIGEST_SIZE},
        .signing_certificate = u->settings.signing_certificate,
        .broker = tls_peer(u->engine)->id,
    };

    u->session = uplink_session_new(&hello, loop_now_ms(u->loop));
    if (!u->session) {
        uplink_lose_for(u, "out of memory", "");
        return false;
    }
    return flush_session(u);
}

/* What the session made of what it read. False: the connection is gone. */
static bool pass_frames(struct uplink *u)
{
    struct uplink_welcome welcome;
    struct bytes frames;

    if (!u->announced && uplink_session_is_open(u->session, &welcome)) {
        u->announced = true;
        u->backoff_ms = BACKOFF_LEAST_MS;
        log_event(LOG_INFO, "session_open", "broker=%s at=%s", tls_peer(u->engine)->id,
                  u->settings.broker);
        if (uplink_tell_link(u, STAGE_OPEN, &welcome, NULL) != ST_OK) {
            uplink_lose_for(u, "out of memory", "");
            return false;
        }
    }
    frames = uplink_session_take(u->session);
    if (frames.size > 0 && uplink_tell_frames(u, frames) != ST_OK) {
        uplink_lose_for(u, "out of memory", "");
        return false;
    }
    return flush_session(u);
}

/* Reads plain bytes until there are none. False: the connection is gone. */
static bool read_plain(struct uplink *u)
{
    for (;;) {
        struct reason why = {""};
        uint8_t *room = u->plain;
        size_t size = READ_SIZE, got = 0;
        enum status status;

        if (u->session && !(room = uplink_session_room(u->session, &size))) {
            uplink_lose_for(u, "out of memory", "");
            return false;
        }
        status = tls_read(u->engine, room, size, &got);
        if (status == ST_CLOSED) {
            uplink_lose_for(u, "the broker closed the connection", "");
            return false;
        }
        if (status == ST_FORGED || status == ST_INVALID) {
            uplink_lose_for(u,
                            status == ST_FORGED ? "the broker's certificate does not hold" : "TLS",
                            tls_reason(u->engine)->text);
            return false;
        }
        if (status != ST_OK && status != ST_MORE) {
            uplink_lose_for(u, "out of memory", "");
            return false;
        }
        if (!u->session && tls_is_open(u->engine) && !start_session(u))
            return false;
        if (status == ST_MORE || got == 0)
            return true;
        if (!u->session) {
            uplink_lose_for(u, "bytes before the handshake's end", "");
            return false;
        }
        status = uplink_session_filled(u->session, got, loop_now_ms(u->loop), &why);
        if (!pass_frames(u))
            return false;
        if (status != ST_OK) {
            uplink_lose(u, &why);
            return false;
        }
    }
}

static void read_socket(struct uplink *u)
{
    uint8_t *chunk = u->plain;

    for (unsigned i = 0; i < READS_A_TURN && u->socket >= 0 && !u->held; i++) {
        ssize_t got = recv(u->socket, chunk, READ_SIZE, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got < 0) {
            uplink_lose_for(u, "cannot read from the broker", strerror(errno));
            return;
        }
        if (got == 0) {
            uplink_lose_for(u, "the broker went away", "");
            return;
        }
        if (tls_feed(u->engine, chunk, (size_t)got) != ST_OK) {
            uplink_lose_for(u, "out of memory", "");
            return;
        }
        if (!read_plain(u) || !uplink_flush(u))
            return;
    }
}

/* ---- its life ---- */

static void finish_connect(struct uplink *u)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(u->socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        uplink_lose_for(u, "cannot connect", strerror(error ? error : errno));
        return;
    }
    u->connecting = false;
    if (read_plain(u)) /* begins the handshake */
        (void)uplink_flush(u);
}

static void on_socket(void *context, uint32_t events)
{
    struct uplink *u = context;

    if (u->connecting) {
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
            finish_connect(u);
    } else {
        if ((events & EPOLLOUT) && !uplink_flush(u))
            return;
        if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            read_socket(u);
    }
    uplink_watch(u);
}

void uplink_dial(struct uplink *u)
{
    int yes = 1;

    u->number++;
    u->started_ms = loop_now_ms(u->loop);
    u->socket = socket(u->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    u->engine = tls_new(u->tls);
    if (u->socket < 0 || !u->engine
        || loop_add(u->loop, u->socket, EPOLLOUT, on_socket, u) != ST_OK) {
        if (u->socket >= 0)
            (void)close(u->socket);
        u->socket = -1;
        uplink_lose_for(u, "cannot make a connection", strerror(errno));
        return;
    }
    u->events = EPOLLOUT;
    u->connecting = true;
    (void)setsockopt(u->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(u->socket, (const struct sockaddr *)&u->address, u->address_size) != 0
        && errno != EINPROGRESS)
        uplink_lose_for(u, "cannot connect", strerror(errno));
}

void uplink_connection_tick(struct uplink *u, int64_t now_ms)
{
    struct reason why = {""};

    if (!u->session) {
        if (now_ms - u->started_ms > HANDSHAKE_MS)
            uplink_lose_for(u, "no handshake in time", "");
        uplink_watch(u);
        return;
    }
    if (uplink_session_tick(u->session, now_ms, &why) != ST_OK) {
        uplink_lose(u, &why);
        return;
    }
    if (flush_session(u) && uplink_flush(u))
        uplink_watch(u);
}
