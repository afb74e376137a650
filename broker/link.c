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
#include "broker/link_inside.h"
#include "lib/log.h"
#include "lib/loop.h"

#define NOTES_A_TURN 64 /* messages taken from a pipe in one turn */
#define TICK_MS 500
#define LOGGED_EACH_S 10 /* lines a second that peers can cause, of each kind */

/* ---- small things ---- */

_Noreturn void link_stop(const char *event, const char *what)
{
    log_event(LOG_ERROR, event, "what=%s", what);
    _exit(EXIT_FAILURE);
}

/* ---- what sessions ask of us ---- */

static enum status check_use(const struct link *link, struct bytes der, enum identity_use use,
                             struct identity *out, EVP_PKEY **key, struct reason *why)
{
    enum status status = tls_context_check(link->config.tls, der.data, der.size, use, out, why);

    return status == ST_OK ? identity_of_der(der.data, der.size, use, out, key, why) : status;
}

static enum status check_signing(void *context, struct bytes der, struct identity *out,
                                 EVP_PKEY **key, struct reason *why)
{
    return check_use(context, der, USE_SIGNING, out, key, why);
}

static enum status check_governance(void *context, struct bytes der, struct identity *out,
                                    EVP_PKEY **key, struct reason *why)
{
    return check_use(context, der, USE_GOVERNANCE, out, key, why);
}

static enum status check_officer(void *context, struct bytes der, struct identity *out,
                                 EVP_PKEY **key, struct reason *why)
{
    return check_use(context, der, USE_OFFICER, out, key, why);
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
    char certificate[SHORT_HEX + 1] = "";

    count(&counters.alarms, 1);
    if (peer && peer->tls)
        hex_print(tls_peer(peer->tls)->certificate, SHORT_HEX / 2, certificate);
    log_limited(&link->alarm_limit, loop_now_ms(link->loop), LOG_WARN, event,
                "agency=%s certificate=%s why=\"%s\"", session_agency(session), certificate,
                why->text);
}

/* ---- turns ---- */

void link_give_turn(struct link *link)
{
    if (!link->held && link->turn.count > 0) {
        link->held = turn_give(&link->turn, &link->held_size);
        if (!link->held)
            link_stop("out_of_memory", "turn");
    }
    if (!link->held)
        return;
    enum status status = pipe_give(link->config.exchange, link->held, link->held_size);
    if (status == ST_OK) {
        link->held = NULL;
        count(&counters.turns, 1);
    }
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
        link_stop("out_of_memory", "turn");
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
        || loop_add(link->loop, socket, EPOLLIN, peer_on_socket, peer) != ST_OK)
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
    struct command_gone *gone =
        turn_command(&link->turn, COMMAND_GONE, welcome->head.session, sizeof *gone);

    if (!gone)
        link_stop("out_of_memory", "turn");
    gone->head.member = welcome->member;
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
            peer_kill(peer);
        if (effect->kind == EFFECT_WELCOME) {
            welcomed(peer);
            count(&counters.sessions, 1);
            log_limited(&link->open_limit, loop_now_ms(link->loop), LOG_INFO, "session_open",
                        "agency=%s", session_agency(peer->session));
        } else if (effect->kind == EFFECT_CLOSE) {
            log_event(LOG_INFO, "session_closed", "agency=%s why=%s", session_agency(peer->session),
                      ((const struct effect_close *)whole)->code);
            peer_start_closing(peer);
        }
        if (session_out(peer->session).size >= OUT_MOST)
            peer_encrypt(peer);
        peer_note(peer);
    }
}

static void say_bye(struct peer *peer)
{
    if (session_refuse(peer->session, NULL, "the broker is stopping") != ST_OK)
        peer_kill(peer);
    peer_start_closing(peer);
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
    enum status status;

    if (!tls_is_open(peer->tls)) {
        peer_kill(peer); /* its handshake goes by the old files: it may begin again */
        return;
    }
    status = session_recheck(peer->session, &why);
    if (status == ST_OK)
        status = tls_recheck(peer->tls, peer->link->config.tls, &why);
    if (status == ST_OK)
        return;
    if (status == ST_NOMEM) {
        peer_kill(peer); /* it comes again, and is looked at then */
        return;
    }
    raise_alarm(peer->link, peer->session, "certificate_refused", &why);
    if (session_refuse(peer->session, "certificate", "") != ST_OK)
        peer_kill(peer);
    peer_start_closing(peer);
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
            each_peer(link, peer_watch);
        }
        (void)zmq_msg_close(&msg);
    }
}

/* ---- the turn ---- */

static void on_tick(void *context)
{
    each_peer(context, peer_look_at_clock);
}

/* Peers whose session was over its credit may go on now, if effects have come. */
static void resume(struct peer *peer)
{
    if (peer->blocked && !peer->closing && !peer->dead && peer_lying(peer) < LYING_MOST)
        peer_pump(peer);
}

static void on_end_of_turn(void *context)
{
    struct link *link = context;
    bool was_held = link->held != NULL;

    link_give_turn(link);
    if (was_held && !link->held)
        each_peer(link, peer_pump); /* nobody was read: frames may wait inside */
    /* Visiting one may note another, or the same again. */
    for (uint32_t i = 0; i < link->noted_count; i++)
        resume(link->noted[i]);
    for (uint32_t i = 0; i < link->noted_count; i++)
        if (!link->noted[i]->dead)
            peer_flush(link->noted[i]);
    for (uint32_t i = 0; i < link->noted_count; i++) {
        struct peer *peer = link->noted[i];
        peer->noted = false;
        if (peer->dead)
            free_peer(peer);
    }
    link->noted_count = 0;
    link_give_turn(link);
    if (link->held && !was_held)
        each_peer(link, peer_watch); /* nobody is read until there is room */

    if (link->draining && !link->last_said && !link->held) {
        struct note *last = malloc(sizeof *last);
        if (!last)
            link_stop("out_of_memory", "drain");
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
    link->arena = arena_new(SCRATCH_SIZE, HEAD_ARENA);
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
        .check_governance = check_governance,
        .check_officer = check_officer,
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
        link_stop("link_failed", strerror(errno));
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
