#include "broker/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/counters.h"
#include "broker/stage.h"
#include "lib/limits.h"
#include "lib/log.h"

#define ACCEPTS_A_TURN 64
#define BACKLOG 512
#define REST_MS 100     /* after descriptors ran out */
#define ADDRESS_MAX 127 /* bytes of host:port */

struct listener {
    struct loop *loop;
    struct pipe *const *links; /* borrowed */
    unsigned link_count, next;
    int socket;
    bool resting; /* descriptors ran out: the timer wakes it */
    char address[ADDRESS_MAX + 1];
    struct log_limit limit;
};

static void rest(struct listener *listener, const char *why)
{
    log_limited(&listener->limit, loop_now_ms(listener->loop), LOG_WARN, "accept_rests",
                "why=\"%s\"", why);
    listener->resting = true;
    if (loop_change(listener->loop, listener->socket, 0) != ST_OK)
        log_event(LOG_ERROR, "accept_rests", "why=epoll");
}

static void wake(void *context)
{
    struct listener *listener = context;

    if (!listener->resting)
        return;
    listener->resting = false;
    if (loop_change(listener->loop, listener->socket, EPOLLIN) != ST_OK)
        log_event(LOG_ERROR, "accept_rests", "why=epoll");
}

static bool is_full(void)
{
    return counted(&counters.sockets) >= SESSIONS_MAX
        || counted(&counters.strangers) >= PREAUTH_MAX;
}

static void hand_over(struct listener *listener, int socket)
{
    struct note_socket *note = malloc(sizeof *note);
    int on = 1;

    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    count(&counters.connections, 1);
    count(&counters.sockets, 1);
    count(&counters.strangers, 1);
    if (note) {
        *note = (struct note_socket){{NOTE_SOCKET, 0}, socket};
        listener->next = (listener->next + 1) % listener->link_count;
        if (pipe_give(listener->links[listener->next], note, sizeof *note) == ST_OK)
            return;
    }
    free(note);
    (void)close(socket);
    uncount(&counters.sockets);
    uncount(&counters.strangers);
    count(&counters.turned_away, 1);
}

static void on_connection(void *context, uint32_t)
{
    struct listener *listener = context;

    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int socket = accept4(listener->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (socket < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                rest(listener, strerror(errno));
            return;
        }
        if (is_full()) {
            (void)close(socket);
            count(&counters.turned_away, 1);
            continue;
        }
        hand_over(listener, socket);
    }
}

/* "[::1]:7411" or "127.0.0.1:7411" into its parts. */
static bool split(const char *address, char host[static ADDRESS_MAX + 1], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon ? (size_t)(colon - address) : 0;

    if (size == 0 || size > ADDRESS_MAX)
        return false;
    if (address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    memcpy(host, address, size);
    host[size] = '\0';
    *port = colon + 1;
    return true;
}

static enum status bind_to(struct listener *listener, const char *address, struct reason *why)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[ADDRESS_MAX + 1];
    const char *port;
    int on = 1;

    if (!split(address, host, &port) || getaddrinfo(host, port, &hints, &found) != 0) {
        reason_set(why, "listen: %s is not a numeric address and port", address);
        return ST_INVALID;
    }
    listener->socket =
        socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    bool is_good = listener->socket >= 0
                && setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
                && bind(listener->socket, found->ai_addr, found->ai_addrlen) == 0
                && listen(listener->socket, BACKLOG) == 0;
    freeaddrinfo(found);
    if (is_good)
        return ST_OK;
    reason_set(why, "listen: %s: %s", address, strerror(errno));
    return ST_IO;
}

static void print_address(struct listener *listener)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char host[64] = "", port[8] = "";

    if (getsockname(listener->socket, (struct sockaddr *)&bound, &size) == 0)
        (void)getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(listener->address, sizeof listener->address,
                   strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

enum status listener_open(struct loop *loop, const char *address, struct pipe *const links[],
                          unsigned count, struct listener **out, struct reason *why)
{
    OWNED(listener) listener = calloc(1, sizeof *listener);

    if (!listener)
        return ST_NOMEM;
    *listener = (struct listener){.loop = loop,
                                  .links = links,
                                  .link_count = count,
                                  .socket = -1,
                                  .limit = {.burst = 1, .period_ms = 10000}};
    enum status status = bind_to(listener, address, why);
    if (status == ST_OK)
        status = loop_add(loop, listener->socket, EPOLLIN, on_connection, listener);
    if (status == ST_OK)
        status = loop_every(loop, REST_MS, wake, listener);
    if (status != ST_OK)
        return status;
    print_address(listener);
    *out = GIVE(listener);
    return ST_OK;
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->socket >= 0) {
        loop_remove(listener->loop, listener->socket);
        (void)close(listener->socket);
    }
    free(listener);
}

const char *listener_address(const struct listener *listener)
{
    return listener->address;
}
