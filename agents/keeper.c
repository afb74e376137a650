#include "agents/keeper.h"

#include <errno.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/desk.h"
#include "agents/join_pack.h"
#include "agents/trees.h"
#include "lib/clock.h"
#include "lib/day.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/sign.h"

#define TICK_MS 50
#define A_TURN 256 /* messages taken from each pipe in a turn: bounds a commit */
#define HOUR_MS ((int64_t)60 * 60 * 1000)
#define STOP_TRIES 100 /* of giving the last message to a full pipe, each 10 ms */

struct keeper {
    struct keeper_settings settings;
    char keys_folder[CONF_PATH_MAX + 32], store_folder[CONF_PATH_MAX + 32];
    struct store *store; /* owned, as all below */
    struct tls_context *trust;
    EVP_PKEY *signing_key;
    struct keyring *keyring;
    struct join_pack *pack;         /* NULL: none is configured */
    struct calendar_days *calendar; /* NULL: the bank holidays built in */
    int64_t holidays_at_ms;         /* monotonic: when to look next how far they go */
    struct desk *desk;
    struct loop *loop;         /* while running */
    struct stage_local *reply; /* one that the local pipe had no room for */
    size_t reply_size;
    bool turn, failed;
};

static struct tls_files files_of(const struct config *config)
{
    return (struct tls_files){
        .chain = config->chain, .key = config->key, .trust = config->trust, .crls = config->crls};
}

static enum status open_store(struct keeper *k, struct reason *why)
{
    const struct config *config = k->settings.config;

    (void)snprintf(k->store_folder, sizeof k->store_folder, "%s/store", config->folder);
    (void)snprintf(k->keys_folder, sizeof k->keys_folder, "%s/sealing-keys", config->folder);
    return store_open(k->store_folder, config->map_size, tree_names, TREES, &k->store, why);
}

static enum status open_keyring(struct keeper *k, struct reason *why)
{
    const struct config *config = k->settings.config;
    struct keyring_settings settings = {
        .agency = config->agency,
        .folder = k->keys_folder,
        .tree = TREE_KEYS,
        .epoch_ms = (int64_t)config->key_epoch_hours * HOUR_MS,
        .signer =
            sha256(k->settings.signing_certificate.data, k->settings.signing_certificate.size),
        .signing_key = k->signing_key,
    };

    memcpy(settings.community, tls_context_community(k->trust), DIGEST_SIZE);
    return keyring_open(&settings, k->store, &k->keyring, why);
}

static enum status open_all(struct keeper *k, struct reason *why)
{
    const struct config *config = k->settings.config;
    struct tls_files files = files_of(config);
    enum status status = tls_context_new(TLS_AGENT, &files, &k->trust, why);

    if (status == ST_OK && strcmp(tls_context_self(k->trust)->id, config->agency) != 0) {
        reason_set(why, "the transport certificate is %s's, not %s's",
                   tls_context_self(k->trust)->id, config->agency);
        return ST_FORGED;
    }
    if (status == ST_OK)
        status = sign_key_load(config->signing_key, &k->signing_key, why);
    if (status == ST_OK && config->bank_holidays[0])
        status = calendar_load(config->bank_holidays, &k->calendar, why);
    if (status == ST_OK)
        status = open_store(k, why);
    if (status == ST_OK)
        status = open_keyring(k, why);
    return status;
}

/* The key of our governance certificate, if it is configured. */
static enum status load_governance(const struct config *config, struct digest *out,
                                   struct reason *why)
{
    const char *path = config->governance_certificate;
    FILE *file = path[0] ? fopen(path, "re") : NULL;
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    struct identity identity;
    enum status status = ST_OK;

    if (file)
        (void)fclose(file);
    if (certificate)
        status = identity_of(certificate, USE_GOVERNANCE, &identity, why);
    else if (path[0]) {
        reason_set(why, "%s: cannot be read as a certificate", path);
        status = file ? ST_INVALID : ST_IO;
    }
    X509_free(certificate);
    if (status == ST_OK && path[0] && strcmp(identity.id, config->agency) != 0) {
        reason_set(why, "%s is %s's, not %s's", path, identity.id, config->agency);
        status = ST_FORGED;
    }
    if (status == ST_OK && path[0])
        memcpy(out->bytes, identity.spki, DIGEST_SIZE);
    return status;
}

/* The governance keys that were compared by hand, if they are configured. */
static enum status load_pack(struct keeper *k, const struct digest *governance, struct reason *why)
{
    const struct config *config = k->settings.config;
    struct digest root;

    if (!config->join_pack[0])
        return ST_OK;
    memcpy(root.bytes, tls_context_community(k->trust), DIGEST_SIZE);
    enum status status = join_pack_load(config->join_pack, &k->pack, why);
    return status != ST_OK
             ? status
             : join_pack_check(k->pack, config->join_pack, &root, config->agency, governance, why);
}

enum status keeper_open(const struct keeper_settings *settings, struct keeper **out,
                        struct reason *why)
{
    OWNED(keeper) k = calloc(1, sizeof *k);
    struct desk_setup setup;
    enum status status;

    if (!k) {
        pipe_free(settings->control);
        pipe_free(settings->local);
        pipe_free(settings->uplink);
        return ST_NOMEM;
    }
    k->settings = *settings;
    status = open_all(k, why);
    if (status != ST_OK)
        return status;
    setup = (struct desk_setup){
        .agency = settings->config->agency,
        .store = k->store,
        .keyring = k->keyring,
        .signing_key = k->signing_key,
        .signing_certificate = settings->signing_certificate,
        .trust = k->trust,
        .calendar = k->calendar,
    };
    status = load_governance(settings->config, &setup.governance, why);
    if (status != ST_OK)
        return status;
    status = load_pack(k, &setup.governance, why);
    if (status != ST_OK)
        return status;
    if (k->pack) {
        setup.known = k->pack->keys;
        setup.known_count = k->pack->count;
    }
    status = desk_new(&setup, clock_wall_ms(), &k->desk, why);
    if (status != ST_OK)
        return status;
    *out = GIVE(k);
    return ST_OK;
}

void keeper_free(struct keeper *k)
{
    if (!k)
        return;
    desk_free(k->desk);
    join_pack_free(k->pack);
    calendar_free(k->calendar);
    keyring_close(k->keyring);
    EVP_PKEY_free(k->signing_key);
    tls_context_free(k->trust);
    store_close(k->store);
    pipe_free(k->settings.control);
    pipe_free(k->settings.local);
    pipe_free(k->settings.uplink);
    loop_free(k->loop);
    free(k->reply);
    free(k);
}

/* ---- turns ---- */

static void fail(struct keeper *k, enum status status, const char *what)
{
    log_event(LOG_ERROR, "stopping", "what=%s status=%s errno=\"%s\"", what, status_name(status),
              strerror(errno));
    k->failed = true;
    loop_stop(k->loop);
}

/* The desk in a turn, begun if need be; NULL after a failure. */
static struct desk *in_turn(struct keeper *k)
{
    if (k->failed)
        return NULL;
    if (!k->turn) {
        enum status status = desk_begin_turn(k->desk, loop_wall_ms(k->loop), loop_now_ms(k->loop));

        if (status != ST_OK) {
            fail(k, status, "begin_turn");
            return NULL;
        }
        k->turn = true;
    }
    return k->desk;
}

static void hand_out(struct keeper *k)
{
    struct stage_frames *frames = NULL;
    struct stage_link drop;
    size_t size;

    while (k->reply || (k->reply = desk_take_reply(k->desk, &k->reply_size))) {
        if (pipe_give(k->settings.local, k->reply, k->reply_size) != ST_OK)
            break;
        k->reply = NULL;
    }
    /* A full pipe to the uplink leaves the frames where they gather. */
    if (pipe_can_send(k->settings.uplink) && (frames = desk_take_frames(k->desk, &size))
        && pipe_give(k->settings.uplink, frames, size) != ST_OK)
        free(frames);
    if (pipe_can_send(k->settings.uplink) && desk_take_drop(k->desk, &drop)) {
        struct stage_link *copy = malloc(sizeof *copy);

        if (!copy)
            return;
        *copy = drop;
        if (pipe_give(k->settings.uplink, copy, sizeof *copy) != ST_OK)
            free(copy);
    }
}

static void on_end_of_turn(void *context)
{
    struct keeper *k = context;

    if (k->turn && !k->failed) {
        enum status status = desk_end_of_turn(k->desk);

        k->turn = false;
        if (status != ST_OK) {
            fail(k, status, "commit");
            return;
        }
    }
    if (!k->failed)
        hand_out(k);
}

/* As the broker does of its own (docs/clocks.md). */
static void watch_holidays(struct keeper *k)
{
    const struct calendar_days *days = k->calendar ? k->calendar : calendar_built_in();
    const int64_t left = (calendar_ends_ms(days) - loop_wall_ms(k->loop)) / DAY_MS;

    if (loop_now_ms(k->loop) < k->holidays_at_ms)
        return;
    k->holidays_at_ms = loop_now_ms(k->loop) + HOUR_MS;
    if (left < HOLIDAYS_WARN_DAYS)
        log_event(LOG_WARN, "holidays_run_out", "days=%lld", (long long)left);
}

static void on_tick(void *context)
{
    struct desk *desk = in_turn(context);

    if (desk)
        desk_tick(desk);
    watch_holidays(context);
}

static void on_local(void *context)
{
    struct keeper *k = context;
    zmq_msg_t msg;

    for (unsigned i = 0; i < A_TURN && pipe_take(k->settings.local, &msg) == ST_OK; i++) {
        const struct stage_local *stage = zmq_msg_data(&msg);
        struct desk *desk = in_turn(k);

        if (desk && stage->kind == STAGE_REQUEST)
            desk_request(desk, (struct bytes){stage->bytes, stage->route_size},
                         (struct bytes){stage->bytes + stage->route_size, stage->size});
        (void)zmq_msg_close(&msg);
    }
}

static void on_uplink(void *context)
{
    struct keeper *k = context;
    zmq_msg_t msg;

    for (unsigned i = 0; i < A_TURN && pipe_take(k->settings.uplink, &msg) == ST_OK; i++) {
        const struct stage_link *link = zmq_msg_data(&msg);
        const struct stage_frames *frames = zmq_msg_data(&msg);
        struct desk *desk = in_turn(k);

        if (desk && link->kind == STAGE_OPEN)
            desk_open(desk, link);
        else if (desk && link->kind == STAGE_SHUT)
            desk_shut(desk, link);
        else if (desk && link->kind == STAGE_FRAMES)
            desk_frames(desk, frames->session, (struct bytes){frames->bytes, frames->size});
        (void)zmq_msg_close(&msg);
    }
}

/* ---- reload and stop ---- */

/* Gives a signal to a pipe, which its thread is emptying. */
static void signal_to(struct pipe *pipe, enum stage_kind kind)
{
    struct stage_signal *signal = malloc(sizeof *signal);

    if (!signal)
        return;
    signal->kind = kind;
    for (unsigned i = 0; i < STOP_TRIES; i++) {
        if (pipe_give(pipe, signal, sizeof *signal) == ST_OK)
            return;
        (void)usleep(10 * 1000);
    }
    free(signal);
}

/* Loaded whole, or the old ones stay. */
static void reload_holidays(struct keeper *k)
{
    const char *path = k->settings.config->bank_holidays;
    struct calendar_days *days = NULL, *old = k->calendar;
    struct reason why = {""};

    if (!path[0])
        return;
    if (calendar_load(path, &days, &why) != ST_OK) {
        log_event(LOG_ERROR, "holidays_failed", "kept=old why=\"%s\"", why.text);
        return;
    }
    k->calendar = days;
    desk_recalendar(k->desk, days);
    calendar_free(old);
    k->holidays_at_ms = 0;
    log_event(LOG_INFO, "holidays_reloaded", "file=\"%s\"", path);
}

/* Trust is loaded whole or the old one stays. Between turns. */
static void reload(struct keeper *k)
{
    struct tls_files files = files_of(k->settings.config);
    struct tls_context *trust = NULL, *old_trust = k->trust;
    struct reason why = {""};

    if (tls_context_new(TLS_AGENT, &files, &trust, &why) != ST_OK) {
        log_event(LOG_ERROR, "reload_failed", "why=\"%s\"", why.text);
    } else {
        k->trust = trust;
        desk_reload(k->desk, trust, NULL);
        tls_context_free(old_trust);
    }
    reload_holidays(k);
    signal_to(k->settings.uplink, STAGE_RELOAD);
}

static void on_control(void *context)
{
    struct keeper *k = context;
    zmq_msg_t msg;

    while (pipe_take(k->settings.control, &msg) == ST_OK) {
        const struct stage_signal *signal = zmq_msg_data(&msg);
        enum stage_kind kind = signal->kind;

        (void)zmq_msg_close(&msg);
        on_end_of_turn(k); /* what came before it is done first */
        if (kind == STAGE_RELOAD && !k->failed)
            reload(k);
        if (kind == STAGE_STOP)
            loop_stop(k->loop);
    }
}

void *keeper_run(void *context)
{
    struct keeper *k = context;

    k->loop = loop_new();
    if (!k->loop || loop_add_pipe(k->loop, k->settings.control, on_control, k) != ST_OK
        || loop_add_pipe(k->loop, k->settings.local, on_local, k) != ST_OK
        || loop_add_pipe(k->loop, k->settings.uplink, on_uplink, k) != ST_OK
        || loop_every(k->loop, TICK_MS, on_tick, k) != ST_OK) {
        log_event(LOG_ERROR, "stopping", "what=no_event_loop");
        k->failed = true;
    } else {
        loop_at_end_of_turn(k->loop, on_end_of_turn, k);
        if (loop_run(k->loop) != ST_OK)
            k->failed = true;
    }
    signal_to(k->settings.uplink, STAGE_STOP);
    signal_to(k->settings.local, STAGE_STOP);
    if (k->failed)
        (void)kill(getpid(), SIGTERM); /* main waits for a signal, and asks keeper_failed */
    return NULL;
}

bool keeper_failed(const struct keeper *k)
{
    return k->failed;
}
