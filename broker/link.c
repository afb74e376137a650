#include "broker/link.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/counters.h"
#include "broker/session.h"
#include "lib/log.h"
#include "lib/loop.h"

#define SCRATCH_SIZE (64u * 1024) /* bytes of one recv or send */
#define READ_SIZE (256u * 1024)   /* bytes read from one peer before the next one's turn */
#define TURN_MOST (512u * 1024)   /* bytes of a turn before it is given */
#define OUT_MOST (128u * 1024)    /* bytes of output gathered before TLS takes them */
#define LYING_MOST (1024u * 1024) /* bytes of answers left lying before we stop reading */
#define NOTES_A_TURN 64           /* messages taken from a pipe in one turn */
#define LINGER_MS 3000            /* for what is left to say, when closing */
#define TICK_MS 500
#define LOGGED_EACH_S 10 /* lines a second that peers can cause, of each kind */

struct peer {
    struct link *link;
    int socket;
    uint32_t place, generation;
    uint32_t events;         /* what epoll waits for */
    struct tls *tls;         /* owned */
    struct session *session; /* owned */
    uint8_t *unsent;         /* owned; encrypted bytes that the socket did not take */
    size_t unsent_size, unsent_at;
    int64_t opened_ms, heard_ms, said_ms, closing_ms;
    bool blocked;  /* the session does not want bytes now */
    bool closing;  /* send what is left, then close */
    bool notified; /* TLS has been told to say that we close */
    bool dead;     /* to be freed at the end of the turn */
    bool noted;    /* in link.noted */
    bool stranger; /* counted as not welcomed */
};

struct link {
    struct link_config config; /* what it holds is owned */
    pthread_t thread;
    struct loop *loop;
    struct peer **peers; /* owned; NULL: a free place */
    uint32_t *generations;
    uint32_t peer_count, live;
    struct peer **noted; /* peers to look after at the end of the turn */
    uint32_t noted_count;
    struct session_rules rules;
    struct arena *arena;
    struct batch_cache *cache;
    struct turn turn;
    uint8_t *held; /* owned: a turn that the exchange had no room for */
    size_t held_size;
    bool draining, last_said, ending;
    int64_t ending_ms;
    uint8_t *scratch; /* owned; SCRATCH_SIZE */
    struct log_limit alarm_limit, handshake_limit, timeout_limit, open_limit;
};

/* ---- small things ---- */

_Noreturn static void stop_process(const char *event, const char *what)
{
    log_event(LOG_ERROR, event, "what=%s", what);
    _exit(EXIT_FAILURE);
}

static void note(struct peer *peer)
{
    if (peer->noted)
        return;
    peer->noted = true;
    peer->link->noted[peer->link->noted_count++] = peer;
}

static void kill_peer(struct peer *peer)
{
    peer->dead = true;
    note(peer);
}

static bool is_read(const struct peer *peer)
{
    return !peer->dead && !peer->closing && !peer->blocked && !peer->link->held
        && !peer->link->draining;
}

static void watch(struct peer *peer)
{
    uint32_t events =
        (is_read(peer) ? (uint32_t)EPOLLIN : 0) | (peer->unsent ? (uint32_t)EPOLLOUT : 0);

    if (events == peer->events || peer->dead)
        return;
    if (loop_change(peer->link->loop, peer->socket, events) != ST_OK)
        kill_peer(peer);
    peer->events = events;
}

static void hex_short(const uint8_t digest[static DIGEST_SIZE], char out[static 17])
{
    hex_print(digest, 8, out);
}

/* ---- what sessions ask of us ---- */

static enum status check_signing(void *context, struct bytes der, struct identity *out,
                                 EVP_PKEY **key, struct reason *why)
{
    const struct link *link = context;
    enum status status =
        tls_context_check(link->config.tls, der.data, der.size, USE_SIGNING, out, why);

    return status == ST_OK ? identity_of_der(der.data, der.size, USE_SIGNING, out, key, why)
                           : status;
}

static struct peer *peer_of(struct link *link, session_id id)
{
    uint32_t place = (uint32_t)id, generation = (uint32_t)(id >> 32) & 0xffffff;
    struct peer *peer = place < link->peer_count ? link->peers[place] : NULL;

    return peer && peer->generation == generation ? peer : NULL;
}

static void raise_alarm(void *context, const struct session *session, const char *event,
                        const struct reason *why)
{
    struct link *link = context;
    const struct peer *peer = peer_of(link, session_name(session));
    char certificate[17] = "";

    count(&counters.alarms, 1);
    if (peer && peer->tls)
        hex_short(tls_peer(peer->tls)->certificate, certificate);
    log_limited(&link->alarm_limit, loop_now_ms(link->loop), LOG_WARN, event,
                "agency=%s certificate=%s why=\"%s\"", session_agency(session), certificate,
                why->text);
}

/* ---- turns ---- */

static void give_turn(struct link *link)
{
    if (!link->held && link->turn.count > 0) {
        link->held = turn_give(&link->turn, &link->held_size);
        if (!link->held)
            stop_process("out_of_memory", "turn");
    }
    if (!link->held)
        return;
    enum status status = pipe_give(link->config.exchange, link->held, link->held_size);
    if (status == ST_OK) {
        link->held = NULL;
        count(&counters.turns, 1);
    }
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
            kill_peer(peer);
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
                kill_peer(peer);
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
static void encrypt(struct peer *peer)
{
    struct bytes out = session_out(peer->session);

    if (out.size == 0)
        return;
    if (tls_write(peer->tls, out.data, out.size) != ST_OK)
        kill_peer(peer);
    session_sent(peer->session);
}

static size_t lying(const struct peer *peer)
{
    return tls_pending(peer->tls) + (peer->unsent ? peer->unsent_size - peer->unsent_at : 0);
}

static void flush(struct peer *peer)
{
    if (session_flush(peer->session) != ST_OK)
        kill_peer(peer);
    if (!peer->dead && tls_is_open(peer->tls))
        encrypt(peer);
    if (peer->closing && !peer->dead && !peer->notified && tls_is_open(peer->tls)) {
        tls_close(peer->tls); /* the peer can tell an end from a cut */
        peer->notified = true;
    }
    if (!peer->dead)
        send_encrypted(peer);
    if (peer->closing && !peer->dead && lying(peer) == 0)
        kill_peer(peer);
    watch(peer);
}

/* ---- bytes in ---- */

static void start_closing(struct peer *peer)
{
    if (!peer->closing) {
        peer->closing = true;
        peer->closing_ms = loop_now_ms(peer->link->loop);
    }
    note(peer);
}

/* TLS said that it is over with the peer. */
static void end_tls(struct peer *peer, enum status status)
{
    struct link *link = peer->link;

    if (status != ST_CLOSED) {
        const struct identity *who = tls_peer(peer->tls);
        char certificate[17] = "";

        if (who)
            hex_short(who->certificate, certificate);
        count(&counters.handshakes_failed, !tls_is_open(peer->tls));
        log_limited(&link->handshake_limit, loop_now_ms(link->loop), LOG_WARN,
                    status == ST_FORGED ? "certificate_refused" : "tls_broken",
                    "identity=%s certificate=%s why=\"%s\"", who ? who->id : "", certificate,
                    tls_reason(peer->tls)->text);
    }
    start_closing(peer); /* an alert may be waiting to be sent */
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
        kill_peer(peer);
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
static void pump(struct peer *peer)
{
    struct link *link = peer->link;

    peer->blocked = false;
    while (is_read(peer)) {
        enum status status = session_run(peer->session, loop_wall_ms(link->loop));

        if (status == ST_OK) {
            if (turn_size(&link->turn) >= TURN_MOST)
                give_turn(link);
            if (session_out(peer->session).size >= OUT_MOST)
                flush(peer);
            if (!peer->dead && lying(peer) >= LYING_MOST)
                peer->blocked = true;
        } else if (status == ST_MORE) {
            if (!fetch_plain(peer))
                break;
        } else if (status == ST_LIMIT) {
            peer->blocked = true;
        } else if (status == ST_CLOSED) {
            start_closing(peer);
        } else {
            kill_peer(peer);
        }
    }
    note(peer);
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
            kill_peer(peer);
            break;
        }
        total += (size_t)got;
        peer->heard_ms = loop_now_ms(link->loop);
        if (tls_feed(peer->tls, link->scratch, (size_t)got) != ST_OK) {
            kill_peer(peer);
            break;
        }
        pump(peer);
        if ((size_t)got < SCRATCH_SIZE)
            break;
    }
    count(&counters.bytes_in, total);
}

static void on_socket(void *context, uint32_t events)
{
    struct peer *peer = context;

    if (peer->dead)
        return;
    if (events & EPOLLOUT)
        send_encrypted(peer);
    if (events & EPOLLIN)
        receive(peer);
    else if (events & (EPOLLERR | EPOLLHUP))
        kill_peer(peer); /* nothing more can be read or written */
    note(peer);
}

/* ---- peers ---- */

static enum status make_place(struct link *link, uint32_t *place)
{
    for (uint32_t i = 0; i < link->peer_count; i++)
        if (!link->peers[i]) {
            *place = i;
            return ST_OK;
        }
    uint32_t count = link->peer_count ? 2 * link->peer_count : 64;
    struct peer **peers = reallocarray(link->peers, count, sizeof *peers);
    if (!peers)
        return ST_NOMEM;
    link->peers = peers;
    uint32_t *generations = reallocarray(link->generations, count, sizeof *generations);
    if (!generations)
        return ST_NOMEM;
    link->generations = generations;
    struct peer **noted = reallocarray(link->noted, count, sizeof *noted);
    if (!noted)
        return ST_NOMEM;
    link->noted = noted;
    *place = link->peer_count;
    for (; link->peer_count < count; link->peer_count++) {
        link->peers[link->peer_count] = NULL;
        link->generations[link->peer_count] = 0;
    }
    return ST_OK;
}

static void welcomed(struct peer *peer)
{
    if (peer->stranger) {
        peer->stranger = false;
        uncount(&counters.strangers);
    }
}

/* Also for one that is half built. */
static void free_peer(struct peer *peer)
{
    struct link *link = peer->link;

    if (peer->session && session_gone(peer->session) != ST_OK)
        stop_process("out_of_memory", "turn");
    loop_remove(link->loop, peer->socket);
    (void)close(peer->socket);
    welcomed(peer);
    uncount(&counters.sockets);
    tls_free(peer->tls);
    session_free(peer->session);
    free(peer->unsent);
    if (link->peers[peer->place] == peer) {
        link->peers[peer->place] = NULL;
        link->live--;
    }
    free(peer);
}

static void open_peer(struct link *link, int socket)
{
    struct peer *peer = calloc(1, sizeof *peer);
    uint32_t place;

    if (!peer || make_place(link, &place) != ST_OK) {
        free(peer);
        (void)close(socket);
        uncount(&counters.sockets);
        uncount(&counters.strangers);
        return;
    }
    uint32_t generation = link->generations[place] = (link->generations[place] + 1) & 0xffffff;
    session_id id = (uint64_t)link->config.number << 56 | (uint64_t)generation << 32 | place;
    int64_t now_ms = loop_now_ms(link->loop);
    *peer = (struct peer){.link = link,
                          .socket = socket,
                          .place = place,
                          .generation = generation,
                          .events = EPOLLIN,
                          .tls = tls_new(link->config.tls),
                          .session = session_new(id, &link->rules),
                          .opened_ms = now_ms,
                          .heard_ms = now_ms,
                          .said_ms = now_ms,
                          .stranger = true};
    link->peers[place] = peer;
    link->live++;
    if (!peer->tls || !peer->session
        || loop_add(link->loop, socket, EPOLLIN, on_socket, peer) != ST_OK)
        free_peer(peer);
}

static void each_peer(struct link *link, void (*visit)(struct peer *peer))
{
    for (uint32_t i = 0; i < link->peer_count; i++)
        if (link->peers[i] && !link->peers[i]->dead)
            visit(link->peers[i]);
}

/* ---- from the exchange ---- */

/* The welcome of one that has gone: the exchange must not wait for it. */
static void disown(struct link *link, const struct effect_welcome *welcome)
{
    struct command *gone =
        turn_command(&link->turn, COMMAND_GONE, welcome->head.session, sizeof *gone);

    if (!gone)
        stop_process("out_of_memory", "turn");
    gone->member = welcome->member;
}

static void apply_effects(struct link *link, const void *data)
{
    struct effect_walk walk = effect_walk_of(data);

    for (const struct effect *effect; (effect = effect_next(&walk));) {
        const void *whole = effect;
        struct peer *peer = peer_of(link, effect->session);
        if (!peer || peer->dead) {
            if (effect->kind == EFFECT_WELCOME && !peer)
                disown(link, whole);
            else if (effect->kind == EFFECT_WELCOME)
                (void)session_effect(peer->session, effect, 0); /* so that it can say it is gone */
            continue;
        }
        if (session_effect(peer->session, effect, loop_wall_ms(link->loop)) != ST_OK)
            kill_peer(peer);
        if (effect->kind == EFFECT_WELCOME) {
            welcomed(peer);
            count(&counters.sessions, 1);
            log_limited(&link->open_limit, loop_now_ms(link->loop), LOG_INFO, "session_open",
                        "agency=%s", session_agency(peer->session));
        } else if (effect->kind == EFFECT_CLOSE) {
            log_event(LOG_INFO, "session_closed", "agency=%s why=%s", session_agency(peer->session),
                      ((const struct effect_close *)whole)->code);
            start_closing(peer);
        }
        if (session_out(peer->session).size >= OUT_MOST)
            encrypt(peer);
        note(peer);
    }
}

static void say_bye(struct peer *peer)
{
    if (session_refuse(peer->session, NULL, "the broker is stopping") != ST_OK)
        kill_peer(peer);
    start_closing(peer);
}

static void on_exchange(void *context)
{
    struct link *link = context;

    for (int i = 0; i < NOTES_A_TURN; i++) {
        zmq_msg_t msg;
        if (pipe_take(link->config.exchange, &msg) != ST_OK)
            break;
        const struct note *head = zmq_msg_data(&msg);
        if (head->kind == NOTE_EFFECTS) {
            apply_effects(link, head);
        } else if (head->kind == NOTE_LAST) {
            link->ending = true;
            link->ending_ms = loop_now_ms(link->loop);
            each_peer(link, say_bye);
        }
        (void)zmq_msg_close(&msg);
    }
}

/* ---- from main ---- */

static void recheck(struct peer *peer)
{
    struct reason why = {""};
    enum status status = ST_OK;

    if (tls_is_open(peer->tls))
        status = tls_recheck(peer->tls, peer->link->config.tls, &why);
    if (status == ST_OK)
        status = session_recheck(peer->session, &why);
    if (status == ST_OK)
        return;
    raise_alarm(peer->link, peer->session, "certificate_refused", &why);
    if (session_refuse(peer->session, "certificate", "") != ST_OK)
        kill_peer(peer);
    start_closing(peer);
}

static void on_main(void *context)
{
    struct link *link = context;

    for (int i = 0; i < NOTES_A_TURN; i++) {
        zmq_msg_t msg;
        if (pipe_take(link->config.main, &msg) != ST_OK)
            break;
        const void *data = zmq_msg_data(&msg);
        const struct note *head = data;
        if (head->kind == NOTE_SOCKET) {
            open_peer(link, ((const struct note_socket *)data)->socket);
        } else if (head->kind == NOTE_TLS) {
            tls_context_free(link->config.tls); /* live engines hold it as long as they need it */
            link->config.tls = ((const struct note_tls *)data)->context;
            link->rules.community = tls_context_community(link->config.tls);
            each_peer(link, recheck);
        } else if (head->kind == NOTE_DRAIN) {
            link->draining = true;
            each_peer(link, watch);
        }
        (void)zmq_msg_close(&msg);
    }
}

/* ---- time ---- */

static void look_at_clock(struct peer *peer)
{
    struct link *link = peer->link;
    int64_t now_ms = loop_now_ms(link->loop);
    bool is_open = session_state(peer->session) == SESSION_OPEN;

    if (peer->closing) {
        if (now_ms - peer->closing_ms >= LINGER_MS)
            kill_peer(peer);
    } else if (!is_open && now_ms - peer->opened_ms >= HANDSHAKE_MS) {
        log_limited(&link->timeout_limit, now_ms, LOG_WARN, "handshake_timeout", "identity=%s",
                    session_agency(peer->session));
        kill_peer(peer);
    } else if (now_ms - peer->heard_ms >= IDLE_MS && is_read(peer)) {
        log_limited(&link->timeout_limit, now_ms, LOG_INFO, "session_idle", "agency=%s",
                    session_agency(peer->session));
        kill_peer(peer);
    } else if (lying(peer) > 0 && now_ms - peer->said_ms >= IDLE_MS) {
        log_limited(&link->timeout_limit, now_ms, LOG_WARN, "session_stuck", "agency=%s",
                    session_agency(peer->session));
        kill_peer(peer);
    } else if (is_open && now_ms - peer->said_ms >= PING_MS && lying(peer) == 0) {
        if (session_ping(peer->session, loop_wall_ms(link->loop)) != ST_OK)
            kill_peer(peer);
        note(peer);
    }
}

static void on_tick(void *context)
{
    each_peer(context, look_at_clock);
}

/* ---- the turn ---- */

/* Peers whose session was over its credit may go on now, if effects have come. */
static void resume(struct peer *peer)
{
    if (peer->blocked && !peer->closing && !peer->dead && lying(peer) < LYING_MOST)
        pump(peer);
}

static void on_end_of_turn(void *context)
{
    struct link *link = context;
    bool was_held = link->held != NULL;

    give_turn(link);
    if (was_held && !link->held)
        each_peer(link, pump); /* nobody was read: frames may wait inside */
    /* Visiting one may note another, or the same again. */
    for (uint32_t i = 0; i < link->noted_count; i++)
        resume(link->noted[i]);
    for (uint32_t i = 0; i < link->noted_count; i++)
        if (!link->noted[i]->dead)
            flush(link->noted[i]);
    for (uint32_t i = 0; i < link->noted_count; i++) {
        struct peer *peer = link->noted[i];
        peer->noted = false;
        if (peer->dead)
            free_peer(peer);
    }
    link->noted_count = 0;
    give_turn(link);
    if (link->held && !was_held)
        each_peer(link, watch); /* nobody is read until there is room */

    if (link->draining && !link->last_said && !link->held) {
        struct note *last = malloc(sizeof *last);
        if (!last)
            stop_process("out_of_memory", "drain");
        *last = (struct note){NOTE_LAST, 0};
        if (pipe_give(link->config.exchange, last, sizeof *last) == ST_OK)
            link->last_said = true;
        else
            free(last);
    }
    if (link->ending && (link->live == 0 || loop_now_ms(link->loop) - link->ending_ms >= LINGER_MS))
        loop_stop(link->loop);
}

/* ---- life ---- */

void link_free(struct link *link)
{
    if (!link)
        return;
    for (uint32_t i = 0; i < link->peer_count; i++)
        if (link->peers[i])
            free_peer(link->peers[i]);
    free(link->peers);
    free(link->generations);
    free(link->noted);
    free(link->held);
    free(link->scratch);
    turn_fini(&link->turn);
    arena_free(link->arena);
    batch_cache_free(link->cache);
    loop_free(link->loop);
    tls_context_free(link->config.tls);
    pipe_free(link->config.exchange);
    pipe_free(link->config.main);
    free(link);
}

static enum status set_up(struct link *link)
{
    link->loop = loop_new();
    link->arena = arena_new(64u * 1024, HEAD_ARENA);
    link->cache = batch_cache_new();
    link->scratch = malloc(SCRATCH_SIZE);
    if (!link->loop || !link->arena || !link->cache || !link->scratch)
        return ST_NOMEM;
    link->alarm_limit = link->handshake_limit = link->timeout_limit = link->open_limit =
        (struct log_limit){.burst = LOGGED_EACH_S, .period_ms = 1000};
    link->rules = (struct session_rules){
        .community = tls_context_community(link->config.tls),
        .broker = link->config.broker,
        .context = link,
        .check = check_signing,
        .alarm = raise_alarm,
        .arena = link->arena,
        .cache = link->cache,
        .turn = &link->turn,
    };
    loop_at_end_of_turn(link->loop, on_end_of_turn, link);
    enum status status = loop_add_pipe(link->loop, link->config.exchange, on_exchange, link);
    if (status == ST_OK)
        status = loop_add_pipe(link->loop, link->config.main, on_main, link);
    if (status == ST_OK)
        status = loop_every(link->loop, TICK_MS, on_tick, link);
    return status;
}

static void *run_link(void *context)
{
    struct link *link = context;

    if (loop_run(link->loop) != ST_OK)
        stop_process("link_failed", strerror(errno));
    return NULL;
}

enum status link_start(const struct link_config *config, struct link **out)
{
    struct link *link = calloc(1, sizeof *link);
    char name[16];

    if (!link)
        return ST_NOMEM;
    link->config = *config;
    enum status status = set_up(link);
    if (status == ST_OK && pthread_create(&link->thread, NULL, run_link, link) != 0)
        status = ST_IO;
    if (status != ST_OK) {
        link_free(link);
        return status;
    }
    (void)snprintf(name, sizeof name, "link-%u", config->number);
    (void)pthread_setname_np(link->thread, name);
    *out = link;
    return ST_OK;
}

void link_join(struct link *link)
{
    (void)pthread_join(link->thread, NULL);
}
