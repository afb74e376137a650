#include "agents/uplink.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents/stage.h"
#include "agents/uplink_session.h"
#include "lib/log.h"
#include "lib/loop.h"

#define TICK_MS 50
#define BACKOFF_LEAST_MS 200
#define BACKOFF_MOST_MS 30000
#define READ_SIZE (64 * 1024)
#define READS_A_TURN 16 /* before other work has its turn */
#define FROM_KEEPER_A_TURN 64

/* A message that the keeper's pipe had no room for, in order. */
struct held {
    struct held *next;
    void *stage; /* owned */
    size_t size;
};

struct uplink {
    struct uplink_settings settings;
    struct sockaddr_storage address;
    socklen_t address_size;
    struct tls_context *tls; /* owned */
    struct loop *loop;       /* owned; while running */
    uint8_t *plain;          /* READ_SIZE bytes */

    /* the connection; all owned, none of it between connections */
    int socket; /* -1: none */
    struct tls *engine;
    struct uplink_session *session;
    bool connecting, announced;
    uint32_t events; /* what the loop watches the socket for */
    int64_t started_ms;
    uint64_t number; /* of the connection */

    int64_t retry_at_ms, backoff_ms; /* monotonic; length */
    struct log_limit noisy;
    struct held *held, **held_end; /* for the keeper */
};

static enum status parse_address(struct uplink *u, const char *text, struct reason *why)
{
    char copy[300];
    const char *host = copy;
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    char *colon;

    if (strlen(text) >= sizeof copy || !strrchr(text, ':')) {
        reason_set(why, "%s: not an address", text);
        return ST_INVALID;
    }
    memcpy(copy, text, strlen(text) + 1);
    colon = strrchr(copy, ':');
    *colon = '\0';
    if (copy[0] == '[' && colon > copy + 1 && colon[-1] == ']') {
        colon[-1] = '\0';
        host = copy + 1;
    }
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0 || !found) {
        reason_set(why, "%s: not a numeric address", text);
        return ST_INVALID;
    }
    memcpy(&u->address, found->ai_addr, found->ai_addrlen);
    u->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    return ST_OK;
}

enum status uplink_open(const struct uplink_settings *settings, struct uplink **out,
                        struct reason *why)
{
    OWNED(uplink) u = calloc(1, sizeof *u);
    enum status status;

    if (!u) {
        pipe_free(settings->keeper);
        return ST_NOMEM;
    }
    u->settings = *settings;
    u->socket = -1;
    u->backoff_ms = BACKOFF_LEAST_MS;
    u->held_end = &u->held;
    u->noisy = (struct log_limit){.burst = 6, .period_ms = 60000};
    u->plain = malloc(READ_SIZE);
    if (!u->plain)
        return ST_NOMEM;
    status = parse_address(u, settings->broker, why);
    if (status == ST_OK)
        status = tls_context_new(TLS_AGENT, &settings->files, &u->tls, why);
    if (status != ST_OK)
        return status;
    *out = GIVE(u);
    return ST_OK;
}

static void hang_up(struct uplink *u)
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

void uplink_free(struct uplink *u)
{
    if (!u)
        return;
    hang_up(u);
    while (u->held) {
        struct held *held = u->held;
        u->held = held->next;
        free(held->stage);
        free(held);
    }
    tls_context_free(u->tls);
    pipe_free(u->settings.keeper);
    loop_free(u->loop);
    free(u->plain);
    free(u);
}

/* ---- to the keeper ---- */

static void flush_held(struct uplink *u)
{
    while (u->held) {
        struct held *held = u->held;

        if (pipe_give(u->settings.keeper, held->stage, held->size) != ST_OK)
            return;
        u->held = held->next;
        if (!u->held)
            u->held_end = &u->held;
        free(held);
    }
}

/* Takes `stage`. */
static enum status tell(struct uplink *u, void *stage, size_t size)
{
    struct held *held = malloc(sizeof *held);

    if (!held) {
        free(stage);
        return ST_NOMEM;
    }
    *held = (struct held){.stage = stage, .size = size};
    *u->held_end = held;
    u->held_end = &held->next;
    flush_held(u);
    return ST_OK;
}

static enum status tell_link(struct uplink *u, enum stage_kind kind,
                             const struct uplink_welcome *welcome, const struct reason *why)
{
    struct stage_link *link = calloc(1, sizeof *link);

    if (!link)
        return ST_NOMEM;
    link->kind = kind;
    link->session = u->number;
    if (welcome) {
        const struct identity *broker = tls_peer(u->engine);

        memcpy(link->broker, broker->id, sizeof link->broker);
        link->credit = welcome->credit;
        link->credit_size = welcome->credit_size;
        link->broker_ms = welcome->broker_ms;
    }
    if (why)
        link->why = *why;
    return tell(u, link, sizeof *link);
}

static enum status tell_frames(struct uplink *u, struct bytes frames)
{
    struct stage_frames *stage = malloc(sizeof *stage + frames.size);

    if (!stage)
        return ST_NOMEM;
    *stage = (struct stage_frames){.kind = STAGE_FRAMES, .session = u->number, .size = frames.size};
    memcpy(stage->bytes, frames.data, frames.size);
    return tell(u, stage, sizeof *stage + frames.size);
}

/* ---- the end of a connection ---- */

/* Somewhere between half of `ms` and all of it. */
static int64_t jittered(int64_t ms)
{
    uint32_t random = 0;

    (void)RAND_bytes((unsigned char *)&random, sizeof random);
    return ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static void lose(struct uplink *u, const struct reason *why)
{
    log_limited(&u->noisy, loop_now_ms(u->loop), LOG_WARN,
                u->announced ? "session_closed" : "no_session", "broker=%s why=\"%s\"",
                u->settings.broker, why->text);
    (void)tell_link(u, STAGE_SHUT, NULL, why);
    hang_up(u);
    u->retry_at_ms = loop_now_ms(u->loop) + jittered(u->backoff_ms);
    u->backoff_ms = 2 * u->backoff_ms < BACKOFF_MOST_MS ? 2 * u->backoff_ms : BACKOFF_MOST_MS;
}

static void lose_for(struct uplink *u, const char *text, const char *detail)
{
    struct reason why;

    reason_set(&why, "%s%s%s", text, detail[0] ? ": " : "", detail);
    lose(u, &why);
}

/* ---- bytes ---- */

static void watch(struct uplink *u)
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
static bool flush_socket(struct uplink *u)
{
    struct bytes out;

    while ((out = tls_outgoing(u->engine)).size > 0) {
        ssize_t sent = send(u->socket, out.data, out.size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (sent < 0) {
            lose_for(u, "cannot write to the broker", strerror(errno));
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
        lose_for(u, "out of memory", "");
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
        lose_for(u, "out of memory", "");
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
        if (tell_link(u, STAGE_OPEN, &welcome, NULL) != ST_OK) {
            lose_for(u, "out of memory", "");
            return false;
        }
    }
    frames = uplink_session_take(u->session);
    if (frames.size > 0 && tell_frames(u, frames) != ST_OK) {
        lose_for(u, "out of memory", "");
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
            lose_for(u, "out of memory", "");
            return false;
        }
        status = tls_read(u->engine, room, size, &got);
        if (status == ST_CLOSED) {
            lose_for(u, "the broker closed the connection", "");
            return false;
        }
        if (status == ST_FORGED || status == ST_INVALID) {
            lose_for(u, status == ST_FORGED ? "the broker's certificate does not hold" : "TLS",
                     tls_reason(u->engine)->text);
            return false;
        }
        if (status != ST_OK && status != ST_MORE) {
            lose_for(u, "out of memory", "");
            return false;
        }
        if (!u->session && tls_is_open(u->engine) && !start_session(u))
            return false;
        if (status == ST_MORE || got == 0)
            return true;
        if (!u->session) {
            lose_for(u, "bytes before the handshake's end", "");
            return false;
        }
        status = uplink_session_filled(u->session, got, loop_now_ms(u->loop), &why);
        if (!pass_frames(u))
            return false;
        if (status != ST_OK) {
            lose(u, &why);
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
            lose_for(u, "cannot read from the broker", strerror(errno));
            return;
        }
        if (got == 0) {
            lose_for(u, "the broker went away", "");
            return;
        }
        if (tls_feed(u->engine, chunk, (size_t)got) != ST_OK) {
            lose_for(u, "out of memory", "");
            return;
        }
        if (!read_plain(u) || !flush_socket(u))
            return;
    }
}

/* ---- the connection ---- */

static void finish_connect(struct uplink *u)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(u->socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        lose_for(u, "cannot connect", strerror(error ? error : errno));
        return;
    }
    u->connecting = false;
    if (read_plain(u)) /* begins the handshake */
        (void)flush_socket(u);
}

static void on_socket(void *context, uint32_t events)
{
    struct uplink *u = context;

    if (u->connecting) {
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
            finish_connect(u);
    } else {
        if ((events & EPOLLOUT) && !flush_socket(u))
            return;
        if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            read_socket(u);
    }
    watch(u);
}

static void dial(struct uplink *u)
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
        lose_for(u, "cannot make a connection", strerror(errno));
        return;
    }
    u->events = EPOLLOUT;
    u->connecting = true;
    (void)setsockopt(u->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(u->socket, (const struct sockaddr *)&u->address, u->address_size) != 0
        && errno != EINPROGRESS)
        lose_for(u, "cannot connect", strerror(errno));
}

static void on_tick(void *context)
{
    struct uplink *u = context;
    int64_t now_ms = loop_now_ms(u->loop);
    struct reason why = {""};

    flush_held(u);
    if (u->socket < 0) {
        if (now_ms >= u->retry_at_ms)
            dial(u);
        return;
    }
    if (!u->session) {
        if (now_ms - u->started_ms > HANDSHAKE_MS)
            lose_for(u, "no handshake in time", "");
        watch(u);
        return;
    }
    if (uplink_session_tick(u->session, now_ms, &why) != ST_OK) {
        lose(u, &why);
        return;
    }
    if (flush_session(u) && flush_socket(u))
        watch(u);
}

/* ---- from the keeper ---- */

static void reload(struct uplink *u)
{
    struct tls_context *fresh = NULL;
    struct reason why = {""};

    if (tls_context_new(TLS_AGENT, &u->settings.files, &fresh, &why) != ST_OK) {
        log_event(LOG_ERROR, "reload_failed", "why=\"%s\"", why.text); /* the old one stays */
        return;
    }
    tls_context_free(u->tls);
    u->tls = fresh;
    log_event(LOG_INFO, "tls_reloaded", "crl_until_ms=%lld",
              (long long)tls_context_crl_until_ms(fresh));
    if (u->engine && !tls_is_open(u->engine))
        lose_for(u, "a handshake under way went by the old files", "");
    else if (u->engine && tls_recheck(u->engine, fresh, &why) != ST_OK)
        lose(u, &why);
}

static void send_frames(struct uplink *u, const struct stage_frames *stage)
{
    if (!u->announced || stage->session != u->number)
        return; /* of a session that has ended */
    if (tls_write(u->engine, stage->bytes, stage->size) != ST_OK)
        lose_for(u, "out of memory", "");
}

static void say_goodbye(struct uplink *u)
{
    if (u->engine && tls_is_open(u->engine)) {
        tls_close(u->engine);
        (void)flush_socket(u);
    }
    hang_up(u);
    loop_stop(u->loop);
}

static void on_keeper(void *context)
{
    struct uplink *u = context;
    zmq_msg_t msg;

    for (unsigned i = 0; i < FROM_KEEPER_A_TURN && pipe_take(u->settings.keeper, &msg) == ST_OK;
         i++) {
        const struct stage_signal *signal = zmq_msg_data(&msg);
        const struct stage_link *link = zmq_msg_data(&msg);

        switch (signal->kind) {
        case STAGE_FRAMES:
            send_frames(u, zmq_msg_data(&msg));
            break;
        case STAGE_DROP:
            if (u->announced && link->session == u->number)
                lose(u, &link->why);
            break;
        case STAGE_RELOAD:
            reload(u);
            break;
        case STAGE_STOP:
            say_goodbye(u);
            break;
        case STAGE_REQUEST:
        case STAGE_REPLY:
        case STAGE_OPEN:
        case STAGE_SHUT:
        default:
            break;
        }
        (void)zmq_msg_close(&msg);
    }
    if (u->socket >= 0 && !u->connecting && flush_socket(u))
        watch(u);
}

void *uplink_run(void *context)
{
    struct uplink *u = context;

    u->loop = loop_new();
    if (!u->loop || loop_add_pipe(u->loop, u->settings.keeper, on_keeper, u) != ST_OK
        || loop_every(u->loop, TICK_MS, on_tick, u) != ST_OK) {
        log_event(LOG_ERROR, "uplink_failed", "why=\"no event loop\"");
        return NULL;
    }
    dial(u);
    if (loop_run(u->loop) != ST_OK)
        log_event(LOG_ERROR, "uplink_failed", "why=\"%s\"", strerror(errno));
    hang_up(u);
    return NULL;
}
