#include "agents/local.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "agents/desk.h"
#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "proto/local.pb-c.h"

#define HIGH_WATER 1000 /* requests, or replies, of one asker that may wait in the socket */
#define ROUTE_FRAMES_MAX 4
#define ROUTE_FRAME_MAX 255 /* bytes; an identity has at most 255 */
#define ROUTE_ROOM (ROUTE_FRAMES_MAX * (4 + ROUTE_FRAME_MAX))
#define A_TURN 256 /* messages taken from one side before the other has its turn */
#define POLL_MS 1000
#define POLL_FULL_MS 5 /* while the keeper is behind */

struct local {
    void *socket; /* owned */
    struct pipe *keeper;
    struct stage_local *held; /* a request that the keeper had no room for */
    size_t held_size;
    struct log_limit bad;
    char path[SOCKET_PATH_MAX + 1];
    bool bound;
};

static enum status check_folder(const char *path, struct reason *why)
{
    char copy[SOCKET_PATH_MAX + 1];
    const char *folder;
    struct stat info;

    (void)snprintf(copy, sizeof copy, "%s", path);
    folder = dirname(copy);
    if (stat(folder, &info) != 0) {
        reason_set(why, "%s: %s", folder, strerror(errno));
        return ST_IO;
    }
    if (info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        reason_set(why, "%s: the folder of the local socket must be its owner's alone (0700)",
                   folder);
        return ST_INVALID;
    }
    return ST_OK;
}

static bool set_options(void *socket)
{
    int yes = 1, none = 0, mark = HIGH_WATER;
    int64_t size_max = LOCAL_REQUEST_MAX;

    return zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes) == 0
        && zmq_setsockopt(socket, ZMQ_SNDHWM, &mark, sizeof mark) == 0
        && zmq_setsockopt(socket, ZMQ_RCVHWM, &mark, sizeof mark) == 0
        && zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0
        && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) == 0;
}

enum status local_open(void *zmq, const char *path, struct pipe *keeper, struct local **out,
                       struct reason *why)
{
    OWNED(local) local = calloc(1, sizeof *local);
    char endpoint[sizeof "ipc://" + SOCKET_PATH_MAX];
    enum status status;
    mode_t mask;

    if (!local) {
        pipe_free(keeper);
        return ST_NOMEM;
    }
    local->keeper = keeper;
    local->bad = (struct log_limit){.burst = 10, .period_ms = 60000};
    if (strlen(path) > SOCKET_PATH_MAX) {
        reason_set(why, "%s: a socket's path has at most %d bytes", path, SOCKET_PATH_MAX);
        return ST_INVALID;
    }
    status = check_folder(path, why);
    if (status != ST_OK)
        return status;
    memcpy(local->path, path, strlen(path) + 1);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    local->socket = zmq_socket(zmq, ZMQ_ROUTER);
    mask = umask(S_IRWXG | S_IRWXO); /* from its first moment nobody else's */
    local->bound =
        local->socket && set_options(local->socket) && zmq_bind(local->socket, endpoint) == 0;
    (void)umask(mask);
    if (!local->bound || chmod(path, S_IRUSR | S_IWUSR) != 0) {
        reason_set(why, "%s: %s", path, zmq_strerror(errno));
        return ST_IO;
    }
    *out = GIVE(local);
    return ST_OK;
}

void local_free(struct local *local)
{
    if (!local)
        return;
    if (local->socket)
        (void)zmq_close(local->socket);
    if (local->bound)
        (void)unlink(local->path);
    pipe_free(local->keeper);
    free(local->held);
    free(local);
}

/* ---- replies ---- */

static void send_parts(struct local *local, struct bytes route, struct bytes reply)
{
    struct reader r = reader_of(route.data, route.size);

    while (r.left > 0) {
        struct bytes frame = read_prefixed(&r);

        /* The first part says who: one that has gone, or that does not take its replies, is given
         * up; the rest of the message then has nowhere to go. */
        if (r.failed
            || zmq_send(local->socket, frame.data ? (const void *)frame.data : "", frame.size,
                        ZMQ_SNDMORE | ZMQ_DONTWAIT)
                   < 0)
            return;
    }
    (void)zmq_send(local->socket, reply.data, reply.size, ZMQ_DONTWAIT);
}

static void refuse(struct local *local, struct bytes route, const char *text)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Problem problem = CONCORDAT__PROBLEM__INIT, *list = &problem;
    uint8_t packed[REASON_MAX + 64];

    problem.where = (char *)(uintptr_t) "request";
    problem.text = (char *)(uintptr_t)text;
    response.version = 1;
    response.outcome = CONCORDAT__OUTCOME__BAD_INPUT;
    response.n_problems = 1;
    response.problems = &list;
    if (concordat__response__get_packed_size(&response) > sizeof packed)
        return;
    send_parts(local, route, (struct bytes){packed, concordat__response__pack(&response, packed)});
}

/* ---- requests ---- */

/* Reads one whole multipart message. Gives its last part and the others as a route. ST_MORE: there
 * is none; ST_INVALID: it is no request. */
static enum status receive(struct local *local, struct writer *route, zmq_msg_t *request)
{
    bool more = true, bad = false;

    for (unsigned i = 0; more; i++) {
        zmq_msg_t part;

        (void)zmq_msg_init(&part);
        if (zmq_msg_recv(&part, local->socket, i == 0 ? ZMQ_DONTWAIT : 0) < 0) {
            (void)zmq_msg_close(&part);
            return errno == EAGAIN || errno == EINTR ? ST_MORE : ST_CLOSED;
        }
        more = zmq_msg_more(&part) != 0;
        if (!more) {
            (void)zmq_msg_move(request, &part);
        } else if (i >= ROUTE_FRAMES_MAX || zmq_msg_size(&part) > ROUTE_FRAME_MAX) {
            bad = true;
        } else {
            write_prefixed(route, zmq_msg_data(&part), zmq_msg_size(&part));
        }
        (void)zmq_msg_close(&part);
    }
    return bad || route->failed || route->size == 0 ? ST_INVALID : ST_OK;
}

static void take_request(struct local *local, struct bytes route, zmq_msg_t *msg)
{
    struct bytes request = {zmq_msg_data(msg), zmq_msg_size(msg)};
    struct reason why = {""};
    struct stage_local *stage;

    if (desk_check_request(request, &why) != ST_OK) {
        log_limited(&local->bad, clock_monotonic_ms(), LOG_WARN, "request_malformed", "why=%s",
                    why.text);
        refuse(local, route, why.text);
        return;
    }
    stage = malloc(sizeof *stage + route.size + request.size);
    if (!stage) {
        refuse(local, route, "out of memory");
        return;
    }
    stage->kind = STAGE_REQUEST;
    stage->route_size = (uint32_t)route.size;
    stage->size = (uint32_t)request.size;
    memcpy(stage->bytes, route.data, route.size);
    memcpy(stage->bytes + route.size, request.data, request.size);
    local->held = stage;
    local->held_size = sizeof *stage + route.size + request.size;
}

/* Gives what is held. False: the keeper has no room now. */
static bool give_held(struct local *local)
{
    if (!local->held)
        return true;
    if (pipe_give(local->keeper, local->held, local->held_size) != ST_OK)
        return false;
    local->held = NULL;
    return true;
}

static void read_requests(struct local *local)
{
    for (unsigned i = 0; i < A_TURN && give_held(local); i++) {
        uint8_t room[ROUTE_ROOM];
        struct writer route = writer_of(room, sizeof room);
        zmq_msg_t msg;
        enum status status;

        (void)zmq_msg_init(&msg);
        status = receive(local, &route, &msg);
        if (status == ST_OK)
            take_request(local, (struct bytes){room, route.size}, &msg);
        (void)zmq_msg_close(&msg);
        if (status == ST_MORE || status == ST_CLOSED)
            return;
    }
}

/* False: stop. */
static bool write_replies(struct local *local)
{
    for (unsigned i = 0; i < A_TURN; i++) {
        const struct stage_local *stage;
        zmq_msg_t msg;
        enum status status = pipe_take(local->keeper, &msg);
        bool stop;

        if (status == ST_MORE)
            return true;
        if (status != ST_OK)
            return false;
        stage = zmq_msg_data(&msg);
        stop = stage->kind == STAGE_STOP;
        if (stage->kind == STAGE_REPLY)
            send_parts(local, (struct bytes){stage->bytes, stage->route_size},
                       (struct bytes){stage->bytes + stage->route_size, stage->size});
        (void)zmq_msg_close(&msg);
        if (stop)
            return false;
    }
    return true;
}

void *local_run(void *context)
{
    struct local *local = context;

    while (write_replies(local)) {
        zmq_pollitem_t items[] = {
            {.socket = local->socket, .events = ZMQ_POLLIN},
            {.fd = pipe_fd(local->keeper), .events = ZMQ_POLLIN},
        };
        long wait_ms = POLL_MS;

        read_requests(local);
        if (local->held) {
            items[0].events = 0;
            wait_ms = POLL_FULL_MS;
        }
        /* The pipe's descriptor is edge-triggered (lib/pipe.h): ask it before waiting. */
        if (pipe_has_input(local->keeper))
            wait_ms = 0;
        if (zmq_poll(items, 2, wait_ms) < 0 && errno != EINTR && errno != EAGAIN)
            break;
    }
    return NULL;
}
