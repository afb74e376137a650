#include "agents/uplink.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "agents/uplink_inside.h"

#define TICK_MS 50
#define FROM_KEEPER_A_TURN 64

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

void uplink_free(struct uplink *u)
{
    if (!u)
        return;
    uplink_hang_up(u);
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

enum status uplink_tell_link(struct uplink *u, enum stage_kind kind,
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

enum status uplink_tell_frames(struct uplink *u, struct bytes frames)
{
    struct stage_frames *stage = malloc(sizeof *stage + frames.size);

    if (!stage)
        return ST_NOMEM;
    *stage = (struct stage_frames){.kind = STAGE_FRAMES, .session = u->number, .size = frames.size};
    memcpy(stage->bytes, frames.data, frames.size);
    return tell(u, stage, sizeof *stage + frames.size);
}

static void on_tick(void *context)
{
    struct uplink *u = context;
    int64_t now_ms = loop_now_ms(u->loop);

    flush_held(u);
    if (u->socket >= 0)
        uplink_connection_tick(u, now_ms);
    else if (now_ms >= u->retry_at_ms)
        uplink_dial(u);
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
        uplink_lose_for(u, "a handshake under way went by the old files", "");
    else if (u->engine && tls_recheck(u->engine, fresh, &why) != ST_OK)
        uplink_lose(u, &why);
}

static void send_frames(struct uplink *u, const struct stage_frames *stage)
{
    if (!u->announced || stage->session != u->number)
        return; /* of a session that has ended */
    if (tls_write(u->engine, stage->bytes, stage->size) != ST_OK)
        uplink_lose_for(u, "out of memory", "");
}

static void say_goodbye(struct uplink *u)
{
    if (u->engine && tls_is_open(u->engine)) {
        tls_close(u->engine);
        (void)uplink_flush(u);
    }
    uplink_hang_up(u);
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
                uplink_lose(u, &link->why);
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
    if (u->socket >= 0 && !u->connecting && uplink_flush(u))
        uplink_watch(u);
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
    uplink_dial(u);
    if (loop_run(u->loop) != ST_OK)
        log_event(LOG_ERROR, "uplink_failed", "why=\"%s\"", strerror(errno));
    uplink_hang_up(u);
    return NULL;
}
