#include "agents/client_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "agents/client_answer.h"

#define PATH_MAX_BYTES 107 /* sun_path of unix(7) less its NUL */
#define CONNECT_MS 3000    /* an agent that is up takes a request at once */
#define ANSWER_MS 15000    /* beyond what the request itself waits for */
#define RESPONSE_MAX ((int64_t)64 * 1024 * 1024)

struct concordat {
    void *zmq, *socket;
    void *gone;       /* readable when the agent has hung up */
    unsigned dialled; /* how often: each monitor has a name of its own */
    char path[PATH_MAX_BYTES + 1];
    int stop_fd; /* the caller's, or -1 */
};

/* ---- the connection ---- */

struct concordat *concordat_open(const char *socket)
{
    struct concordat *agent;

    if (strlen(socket) > PATH_MAX_BYTES)
        return NULL;
    agent = calloc(1, sizeof *agent);
    if (!agent)
        return NULL;
    memcpy(agent->path, socket, strlen(socket) + 1);
    agent->stop_fd = -1;
    agent->zmq = zmq_ctx_new();
    if (!agent->zmq) {
        free(agent);
        return NULL;
    }
    return agent;
}

static void hang_up(struct concordat *agent)
{
    if (agent->gone)
        zmq_close(agent->gone);
    if (agent->socket)
        zmq_close(agent->socket);
    agent->socket = agent->gone = NULL;
}

void concordat_close(struct concordat *agent)
{
    if (!agent)
        return;
    hang_up(agent);
    zmq_ctx_term(agent->zmq);
    free(agent);
}

void concordat_stop_on(struct concordat *agent, int fd)
{
    agent->stop_fd = fd;
}

/* A REQ socket never learns that its peer has gone, and would wait for an answer that cannot come.
 */
static bool watch(struct concordat *agent)
{
    char endpoint[64];
    int linger = 0;

    (void)snprintf(endpoint, sizeof endpoint, "inproc://concordat.gone.%u", agent->dialled++);
    if (zmq_socket_monitor(agent->socket, endpoint, ZMQ_EVENT_DISCONNECTED) != 0)
        return false;
    agent->gone = zmq_socket(agent->zmq, ZMQ_PAIR);
    return agent->gone && zmq_setsockopt(agent->gone, ZMQ_LINGER, &linger, sizeof linger) == 0
        && zmq_connect(agent->gone, endpoint) == 0;
}

static bool dial(struct concordat *agent)
{
    char endpoint[sizeof "ipc://" + PATH_MAX_BYTES];
    int immediate = 1, linger = 0;
    int64_t size_max = RESPONSE_MAX;

    if (agent->socket)
        return true;
    agent->socket = zmq_socket(agent->zmq, ZMQ_REQ);
    if (!agent->socket)
        return false;
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", agent->path);
    if (zmq_setsockopt(agent->socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate) != 0
        || zmq_setsockopt(agent->socket, ZMQ_LINGER, &linger, sizeof linger) != 0
        || zmq_setsockopt(agent->socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) != 0
        || !watch(agent) || zmq_connect(agent->socket, endpoint) != 0) {
        hang_up(agent);
        return false;
    }
    return true;
}

/* ---- one request, one answer ---- */

static struct concordat_answer *lost(struct concordat *agent, const char *text)
{
    hang_up(agent); /* a reply that comes late must not be taken for the next one's */
    return client_answer_trouble(CONCORDAT_FAILED, "agent", text, agent->path);
}

enum ready {
    READY,
    NOT_READY,
    GONE,
    STOPPED
};

/* Until the socket takes (ZMQ_POLLOUT) or has something (ZMQ_POLLIN), the agent has gone from whom
 * it is wanted, or we are told to stop. */
static enum ready wait_ready(struct concordat *agent, short wanted, int ms)
{
    zmq_pollitem_t items[3] = {{agent->socket, -1, wanted, 0}};
    int count = 1;

    if (agent->stop_fd >= 0)
        items[count++] = (zmq_pollitem_t){NULL, agent->stop_fd, ZMQ_POLLIN, 0};
    if (wanted == ZMQ_POLLIN)
        items[count++] = (zmq_pollitem_t){agent->gone, -1, ZMQ_POLLIN, 0};
    if (zmq_poll(items, count, ms) <= 0)
        return NOT_READY;
    if (items[0].revents & wanted)
        return READY;
    return agent->stop_fd >= 0 && items[1].revents ? STOPPED : GONE;
}

/* The agent may have come and gone since the last request: what matters is whether it goes now. */
static void forget_hangups(struct concordat *agent)
{
    while (zmq_recv(agent->gone, NULL, 0, ZMQ_DONTWAIT) >= 0) {
    }
}

static struct concordat_answer *not_ready(struct concordat *agent, enum ready why, const char *text)
{
    if (why != STOPPED)
        return lost(agent, why == GONE ? "went away: " : text);
    hang_up(agent);
    return client_answer_trouble(CONCORDAT_FAILED, "stop", "told to stop while waiting for ",
                                 agent->path);
}

struct concordat_answer *client_ask(struct concordat *agent, Concordat__Request *request,
                                    uint32_t wait_ms)
{
    int receive_ms = (int)(wait_ms < 3600000 ? wait_ms : 3600000) + ANSWER_MS;
    struct concordat_answer *answer;
    enum ready ready;
    size_t size;
    zmq_msg_t msg;

    if (!dial(agent))
        return client_answer_trouble(CONCORDAT_FAILED, "agent", "cannot make a socket for ",
                                     agent->path);
    ready = wait_ready(agent, ZMQ_POLLOUT, CONNECT_MS);
    if (ready != READY)
        return not_ready(agent, ready, "nothing answers at ");
    forget_hangups(agent);
    request->version = 1;
    size = concordat__request__get_packed_size(request);
    if (zmq_msg_init_size(&msg, size) != 0)
        return client_answer_no_memory();
    concordat__request__pack(request, zmq_msg_data(&msg));
    if (zmq_msg_send(&msg, agent->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&msg);
        return lost(agent, "nothing answers at ");
    }
    ready = wait_ready(agent, ZMQ_POLLIN, receive_ms);
    if (ready != READY)
        return not_ready(agent, ready, "gave no answer in time: ");
    if (zmq_msg_init(&msg) != 0 || zmq_msg_recv(&msg, agent->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&msg);
        return lost(agent, "gave no answer in time: ");
    }
    answer = client_answer_read(zmq_msg_data(&msg), zmq_msg_size(&msg));
    zmq_msg_close(&msg);
    return answer;
}
