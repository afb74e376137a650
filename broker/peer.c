/*
 * peer.c - one connection of a link: socket, TLS, session, in both directions, and its clocks.
 *
 * Bytes come as far as the session lets them and stay where they are otherwise: in the session, in
 * TLS, in the socket. Answers that the peer leaves lying stop its reading, and in the end close it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "broker/counters.h"
#include "broker/link_inside.h"
#include "lib/log.h"

#define READ_SIZE ((size_t)256 * 1024) /* bytes read from one peer before the next one's turn */

/* ---- its place in the loop ---- */

void peer_note(struct peer *peer)
{
    if (peer->noted)
        return;
    peer->noted = true;
    peer->link->noted[peer->link->noted_count++] = peer;
}

void peer_kill(struct peer *peer)
{
    peer->dead = true;
    peer_note(peer);
}

static bool is_read(const struct peer *peer)
{
    return !peer->dead && !peer->closing && !peer->blocked && !peer->link->held
        && !peer->link->draining;
}

void peer_watch(struct peer *peer)
{
    uint32_t events =
        (is_read(peer) ? (uint32_t)EPOLLIN : 0) | (peer->unsent ? (uint32_t)EPOLLOUT : 0);

    if (events == peer->events || peer->dead)
        return;
    if (loop_change(peer->link->loop, peer->socket, events) != ST_OK)
        peer_kill(peer);
    peer->events = events;
}

/* ---- bytes out ---- */

/* Gives the socket what TLS has for it; what it does not take waits in `unsent`. */
static void send_encrypted(struct peer *peer)
{
    struct link *link = peer->link;

    for (;;) {
        const uint8_t *data = link->scratch;
        size_t size;

        if (peer->unsent) {
            data = peer->unsent + peer->unsent_at;
            size = peer->unsent_size - peer->unsent_at;
        } else {
            size = tls_take(peer->tls, link->scratch, SCRATCH_SIZE);
        }
        if (size == 0)
            return;
        ssize_t sent = send(peer->socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            peer_kill(peer);
            return;
        }
        size_t done = sent > 0 ? (size_t)sent : 0;
        if (done > 0)
            peer->said_ms = loop_now_ms(link->loop);
        count(&counters.bytes_out, done);
        if (peer->unsent) {
            peer->unsent_at += done;
            if (done < size)
                return;
            free(peer->unsent);
            peer->unsent = NULL;
        } else if (done < size) {
            peer->unsent = malloc(size - done);
            if (!peer->unsent) {
                peer_kill(peer);
                return;
            }
            memcpy(peer->unsent, data + done, size - done);
            peer->unsent_size = size - done;
            peer->unsent_at = 0;
            return;
        }
    }
}

/* What the session says goes into TLS. */
void peer_encrypt(struct peer *peer)
{
    struct bytes out = session_out(peer->session);

    if (out.size == 0)
        return;
    if (tls_write(peer->tls, out.data, out.size) != ST_OK)
        peer_kill(peer);
    session_sent(peer->session);
}

size_t peer_lying(const struct peer *peer)
{
    return tls_pending(peer->tls) + (peer->unsent ? peer->unsent_size - peer->unsent_at : 0);
}

void peer_flush(struct peer *peer)
{
    if (session_flush(peer->session) != ST_OK)
        peer_kill(peer);
    if (!peer->dead && tls_is_open(peer->tls))
        peer_encrypt(peer);
    if (peer->closing && !peer->dead && !peer->notified && tls_is_open(peer->tls)) {
        tls_close(peer->tls); /* the peer can tell an end from a cut */
        peer->notified = true;
    }
    if (!peer->dead)
        send_encrypted(peer);
    if (!peer->dead && peer_lying(peer) == 0 && session_drained(peer->session) != ST_OK)
        link_stop("out_of_memory", "turn");
    if (peer->closing && !peer->dead && peer_lying(peer) == 0)
        peer_kill(peer);
    peer_watch(peer);
}

/* ---- bytes in ---- */

void peer_start_closing(struct peer *peer)
{
    if (!peer->closing) {
        peer->closing = true;
        peer->closing_ms = loop_now_ms(peer->link->loop);
    }
    peer_note(peer);
}

/* TLS said that it is over with the peer. */
static void end_tls(struct peer *peer, enum status status)
{
    struct link *link = peer->link;

    if (status != ST_CLOSED) {
        const struct identity *who = tls_peer(peer->tls);
        char certificate[SHORT_HEX + 1] = "";

        if (who)
            hex_print(who->certificate, SHORT_HEX / 2, certificate);
        count(&counters.handshakes_failed, !tls_is_open(peer->tls));
        log_limited(&link->handshake_limit, loop_now_ms(link->loop), LOG_WARN,
                    status == ST_FORGED ? "certificate_refused" : "tls_broken",
                    "identity=%s certificate=%s why=\"%s\"", who ? who->id : "", certificate,
                    tls_reason(peer->tls)->text);
    }
    peer_start_closing(peer); /* an alert may be waiting to be sent */
}

static void greet(struct peer *peer)
{
    if (tls_is_open(peer->tls) && session_state(peer->session) == SESSION_HANDSHAKE)
        session_identify(peer->session, tls_peer(peer->tls));
}

/* Fetches plain bytes for the session; false when there are none now. */
static bool fetch_plain(struct peer *peer)
{
    size_t room, got = 0;
    uint8_t *into = session_room(peer->session, &room);

    if (!into) {
        peer_kill(peer);
        return false;
    }
    enum status status = tls_read(peer->tls, into, room, &got);
    if (status == ST_OK) {
        greet(peer);
        session_filled(peer->session, got);
        return got > 0;
    }
    greet(peer);
    if (status != ST_MORE)
        end_tls(peer, status);
    return false;
}

/* Takes frames as long as the session may, then the next plain bytes, and so on. */
void peer_pump(struct peer *peer)
{
    struct link *link = peer->link;

    peer->blocked = false;
    while (is_read(peer)) {
        enum status status = session_run(peer->session, loop_wall_ms(link->loop));

        if (status == ST_OK) {
            if (turn_size(&link->turn) >= TURN_MOST)
                link_give_turn(link);
            if (session_out(peer->session).size >= OUT_MOST)
                peer_flush(peer);
            if (!peer->dead && peer_lying(peer) >= LYING_MOST)
                peer->blocked = true;
        } else if (status == ST_MORE) {
            if (!fetch_plain(peer))
                break;
        } else if (status == ST_LIMIT) {
            peer->blocked = true;
        } else if (status == ST_CLOSED) {
            peer_start_closing(peer);
        } else {
            peer_kill(peer);
        }
    }
    peer_note(peer);
}

static void receive(struct peer *peer)
{
    struct link *link = peer->link;
    size_t total = 0;

    while (total < READ_SIZE && is_read(peer)) {
        ssize_t got = recv(peer->socket, link->scratch, SCRATCH_SIZE, MSG_DONTWAIT);

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (got <= 0) {
            peer_kill(peer);
            break;
        }
        total += (size_t)got;
        peer->heard_ms = loop_now_ms(link->loop);
        if (tls_feed(peer->tls, link->scratch, (size_t)got) != ST_OK) {
            peer_kill(peer);
            break;
        }
        peer_pump(peer);
        if ((size_t)got < SCRATCH_SIZE)
            break;
    }
    count(&counters.bytes_in, total);
}

void peer_on_socket(void *context, uint32_t events)
{
    struct peer *peer = context;

    if (peer->dead)
        return;
    if (events & EPOLLOUT)
        send_encrypted(peer);
    if (events & EPOLLIN)
        receive(peer);
    else if (events & (EPOLLERR | EPOLLHUP))
        peer_kill(peer); /* nothing more can be read or written */
    peer_note(peer);
}

/* ---- time ---- */

void peer_look_at_clock(struct peer *peer)
{
    struct link *link = peer->link;
    int64_t now_ms = loop_now_ms(link->loop);
    bool is_open = session_state(peer->session) == SESSION_OPEN;

    if (peer->closing) {
        if (now_ms - peer->closing_ms >= LINGER_MS)
            peer_kill(peer);
    } else if (!is_open && now_ms - peer->opened_ms >= HANDSHAKE_MS) {
        log_limited(&link->timeout_limit, now_ms, LOG_WARN, "handshake_timeout", "identity=%s",
                    session_agency(peer->session));
        peer_kill(peer);
    } else if (now_ms - peer->heard_ms >= IDLE_MS && is_read(peer)) {
        log_limited(&link->timeout_limit, now_ms, LOG_INFO, "session_idle", "agency=%s",
                    session_agency(peer->session));
        peer_kill(peer);
    } else if (peer_lying(peer) > 0 && now_ms - peer->said_ms >= IDLE_MS) {
        log_limited(&link->timeout_limit, now_ms, LOG_WARN, "session_stuck", "agency=%s",
                    session_agency(peer->session));
        peer_kill(peer);
    } else if (is_open && now_ms - peer->said_ms >= PING_MS && peer_lying(peer) == 0) {
        if (session_ping(peer->session, loop_wall_ms(link->loop)) != ST_OK)
            peer_kill(peer);
        peer_note(peer);
    }
}
