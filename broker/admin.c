#include "broker/admin.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/counters.h"
#include "broker/stage.h"
#include "lib/text.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/loop.h"

#define CLIENTS_MAX 16
#define COMMAND_MAX 31   /* bytes of a command's line */
#define PATIENCE_MS 5000 /* for a client's command, and for its reading the answer */
#define DAY_MS INT64_C(86400000)

struct client {
    struct admin *admin;
    int socket; /* -1: a free place */
    char line[COMMAND_MAX + 1];
    size_t size;
    int64_t since_ms;
    bool asked; /* for the exchange's status */
};

struct admin {
    struct admin_config config; /* the pipes are owned */
    struct loop *loop;          /* owned */
    pthread_t thread;
    int socket;
    struct client clients[CLIENTS_MAX];
    int64_t started_ms;
};

/* ---- text ---- */

struct text {
    struct parcel parcel;
    bool failed;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *text, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof line)
        return;
    uint8_t *at = parcel_room(&text->parcel, (size_t)size);
    text->failed = text->failed || !at;
    if (!at)
        return;
    memcpy(at, line, (size_t)size);
    text->parcel.size += (size_t)size;
}

static void put_status(struct text *text, const struct admin *admin, const struct note_status *s)
{
    int64_t crl_ms = atomic_load_explicit(admin->config.crl_until_ms, memory_order_relaxed);
    size_t count;
    const struct counter_name *all = counters_all(&count);

    put(text,
        "{\"broker\":\"%s\",\"uptime_s\":%" PRId64 ",\"sequence\":%" PRIu64
        ",\"checkpoint\":%" PRIu64,
        admin->config.broker, (loop_now_ms(admin->loop) - admin->started_ms) / 1000, s->sequence,
        s->checkpoint);
    put(text,
        ",\"items\":%" PRIu64 ",\"recent\":%" PRIu64 ",\"store_permille\":%" PRIu32
        ",\"agreements\":%" PRIu32 ",\"crl_days_left\":%" PRId64,
        s->items, s->recent, s->store_fullness, s->agreements,
        (crl_ms - loop_wall_ms(admin->loop)) / DAY_MS);
    put(text, ",\"counters\":{");
    for (size_t i = 0; i < count; i++)
        put(text, "%s\"%s\":%" PRIu64, i ? "," : "", all[i].name, counted(all[i].counter));
    put(text, "},\"agencies\":[");
    for (uint32_t i = 0; i < s->note.count; i++) {
        const struct member_status *m = &s->members[i];
        put(text, "%s{\"id\":\"%s\",\"connected\":%s,\"immediate\":%u,\"same_day\":%u",
            i ? "," : "", m->agency, m->connected ? "true" : "false", m->waiting[0], m->waiting[1]);
        put(text, ",\"routine\":%u,\"in_flight\":%u,\"certificates\":%u,\"keys\":%u}",
            m->waiting[2], m->in_flight, m->certificates, m->keys);
    }
    put(text, "]}\n");
}

static void put_metrics(struct text *text)
{
    size_t count;
    const struct counter_name *all = counters_all(&count);

    for (size_t i = 0; i < count; i++) {
        const char *suffix = all[i].is_gauge ? "" : "_total";
        put(text, "# TYPE concordat_%s%s %s\nconcordat_%s%s %" PRIu64 "\n", all[i].name, suffix,
            all[i].is_gauge ? "gauge" : "counter", all[i].name, suffix, counted(all[i].counter));
    }
}

/* ---- clients ---- */

static void drop(struct client *client)
{
    loop_remove(client->admin->loop, client->socket);
    (void)close(client->socket);
    *client = (struct client){.admin = client->admin, .socket = -1};
}

/* The socket has a send timeout, and the operator is alone here: blocking is fine. */
static void answer(struct client *client, const struct text *text)
{
    size_t at = 0;

    while (!text->failed && at < text->parcel.size) {
        ssize_t sent =
            send(client->socket, text->parcel.data + at, text->parcel.size - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    drop(client);
}

static void answer_word(struct client *client, const char *word)
{
    struct text text = {.failed = false};

    put(&text, "%s\n", word);
    answer(client, &text);
    parcel_fini(&text.parcel);
}

static void ask_exchange(struct client *client)
{
    struct note *note = malloc(sizeof *note);

    if (note) {
        *note = (struct note){NOTE_ASK_STATUS, 0};
        if (pipe_give(client->admin->config.exchange, note, sizeof *note) == ST_OK) {
            client->asked = true;
            return;
        }
    }
    free(note);
    answer_word(client, "busy");
}

static void run_command(struct client *client)
{
    struct text text = {.failed = false};

    if (strcmp(client->line, "status") == 0) {
        ask_exchange(client);
    } else if (strcmp(client->line, "metrics") == 0) {
        put_metrics(&text);
        answer(client, &text);
        parcel_fini(&text.parcel);
    } else if (strcmp(client->line, "drain") == 0) {
        log_event(LOG_INFO, "drain_asked", "by=control");
        answer_word(client, "ok");
        (void)kill(getpid(), SIGTERM); /* main waits for it and does the rest */
    } else {
        answer_word(client, "unknown command; try status, metrics or drain");
    }
}

static void on_client(void *context, uint32_t)
{
    struct client *client = context;
    ssize_t got =
        recv(client->socket, client->line + client->size, COMMAND_MAX - client->size, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(client);
        return;
    }
    client->size += (size_t)got;
    client->line[client->size] = '\0';
    char *end = strpbrk(client->line, "\r\n");
    if (end) {
        *end = '\0';
        (void)loop_change(client->admin->loop, client->socket, 0);
        run_command(client);
    } else if (client->size == COMMAND_MAX) {
        answer_word(client, "too long a command");
    }
}

static void on_connection(void *context, uint32_t)
{
    struct admin *admin = context;
    const struct timeval patience = {PATIENCE_MS / 1000, 0};
    int socket = accept4(admin->socket, NULL, NULL, SOCK_CLOEXEC);

    if (socket < 0)
        return;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &admin->clients[i];
        if (client->socket >= 0)
            continue;
        *client =
            (struct client){.admin = admin, .socket = socket, .since_ms = loop_now_ms(admin->loop)};
        if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0
            && loop_add(admin->loop, socket, EPOLLIN, on_client, client) == ST_OK)
            return;
        client->socket = -1;
        break;
    }
    (void)close(socket);
}

/* ---- the loop ---- */

static void on_exchange(void *context)
{
    struct admin *admin = context;
    zmq_msg_t msg;

    while (pipe_take(admin->config.exchange, &msg) == ST_OK) {
        struct text text = {.failed = false};
        put_status(&text, admin, zmq_msg_data(&msg));
        for (size_t i = 0; i < CLIENTS_MAX; i++)
            if (admin->clients[i].socket >= 0 && admin->clients[i].asked)
                answer(&admin->clients[i], &text);
        parcel_fini(&text.parcel);
        (void)zmq_msg_close(&msg);
    }
}

static void on_main(void *context)
{
    struct admin *admin = context;
    zmq_msg_t msg;

    while (pipe_take(admin->config.main, &msg) == ST_OK) {
        (void)zmq_msg_close(&msg); /* NOTE_DRAIN is all it says */
        loop_stop(admin->loop);
    }
}

static void on_second(void *context)
{
    struct admin *admin = context;

    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (admin->clients[i].socket >= 0
            && loop_now_ms(admin->loop) - admin->clients[i].since_ms > PATIENCE_MS)
            drop(&admin->clients[i]);
}

static void *run(void *context)
{
    struct admin *admin = context;

    if (loop_run(admin->loop) != ST_OK)
        log_event(LOG_ERROR, "admin_failed", "errno=\"%s\"", strerror(errno));
    return NULL;
}

/* ---- life ---- */

static enum status listen_at(struct admin *admin, struct reason *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(admin->config.path) >= sizeof address.sun_path) {
        reason_set(why, "%s: longer than %d bytes", admin->config.path, SOCKET_PATH_MAX);
        return ST_INVALID;
    }
    TEXT_COPY(address.sun_path, admin->config.path);
    (void)unlink(
        admin->config.path); /* of a broker that was killed; the store is locked, not this */
    admin->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (admin->socket >= 0
        && bind(admin->socket, (const struct sockaddr *)&address, sizeof address) == 0
        && chmod(admin->config.path, S_IRUSR | S_IWUSR) == 0
        && listen(admin->socket, CLIENTS_MAX) == 0)
        return ST_OK;
    reason_set(why, "%s: %s", admin->config.path, strerror(errno));
    return ST_IO;
}

static enum status set_up(struct admin *admin, struct reason *why)
{
    enum status status = listen_at(admin, why);

    if (status != ST_OK)
        return status;
    admin->loop = loop_new();
    if (!admin->loop)
        return ST_NOMEM;
    admin->started_ms = loop_now_ms(admin->loop);
    status = loop_add(admin->loop, admin->socket, EPOLLIN, on_connection, admin);
    if (status == ST_OK)
        status = loop_add_pipe(admin->loop, admin->config.exchange, on_exchange, admin);
    if (status == ST_OK)
        status = loop_add_pipe(admin->loop, admin->config.main, on_main, admin);
    return status == ST_OK ? loop_every(admin->loop, 1000, on_second, admin) : status;
}

enum status admin_start(const struct admin_config *config, struct admin **out, struct reason *why)
{
    struct admin *admin = calloc(1, sizeof *admin);

    if (!admin) {
        pipe_free(config->exchange);
        pipe_free(config->main);
        return ST_NOMEM;
    }
    admin->config = *config;
    admin->socket = -1;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        admin->clients[i] = (struct client){.admin = admin, .socket = -1};
    enum status status = set_up(admin, why);
    if (status == ST_OK && pthread_create(&admin->thread, NULL, run, admin) != 0)
        status = ST_IO;
    if (status != ST_OK) {
        admin_free(admin);
        return status;
    }
    (void)pthread_setname_np(admin->thread, "admin");
    *out = admin;
    return ST_OK;
}

void admin_join(struct admin *admin)
{
    (void)pthread_join(admin->thread, NULL);
    (void)unlink(admin->config.path);
}

void admin_free(struct admin *admin)
{
    if (!admin)
        return;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (admin->clients[i].socket >= 0)
            drop(&admin->clients[i]);
    if (admin->socket >= 0)
        (void)close(admin->socket);
    loop_free(admin->loop);
    pipe_free(admin->config.exchange);
    pipe_free(admin->config.main);
    free(admin);
}
