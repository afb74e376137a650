#include "lib/pipe.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libzmq is not instrumented, so ThreadSanitizer does not see that a message handed over happens
 * before its use. The mark is the buffer's own address, so that nothing but the buffer is excused:
 * it stays the same however often the message is copied or moved, as long as libzmq does not keep
 * the bytes inside the zmq_msg_t (is_inside). A buffer that waited in a pipe when that was closed
 * is freed by a thread of libzmq: that, too, happens after it was given. */
#if defined(__SANITIZE_THREAD__)
void __tsan_release(void *address);
void __tsan_acquire(void *address);
#define HANDED_OVER(address) __tsan_release(address)
#define TAKEN_OVER(address) __tsan_acquire(address)
#else
#define HANDED_OVER(address) ((void)(address))
#define TAKEN_OVER(address) ((void)(address))
#endif

#define NAME_MAX_SIZE 64 /* bytes of an inproc address */

struct pipe {
    void *socket; /* owned */
    int fd;       /* ZMQ_FD, edge-triggered */
};

static void free_buffer(void *buffer, void *)
{
    TAKEN_OVER(buffer);
    free(buffer);
}

/* A small message of libzmq's own making: its bytes, and thus the mark, would change address. */
static bool is_inside(zmq_msg_t *msg)
{
    uintptr_t at = (uintptr_t)zmq_msg_data(msg), begin = (uintptr_t)msg;

    return at >= begin && at < begin + sizeof *msg;
}

static struct pipe *open_end(void *zmq, const char *name, int depth,
                             int (*attach)(void *socket, const char *address))
{
    OWNED(pipe) pipe = calloc(1, sizeof *pipe);
    char address[NAME_MAX_SIZE];
    size_t size = sizeof pipe->fd;
    int linger = 0;

    if (!pipe)
        return NULL;
    int wrote = snprintf(address, sizeof address, "inproc://%s", name);
    if (wrote < 0 || (size_t)wrote >= sizeof address)
        return NULL;
    pipe->socket = zmq_socket(zmq, ZMQ_PAIR);
    if (!pipe->socket)
        return NULL;
    if (zmq_setsockopt(pipe->socket, ZMQ_SNDHWM, &depth, sizeof depth) != 0
        || zmq_setsockopt(pipe->socket, ZMQ_RCVHWM, &depth, sizeof depth) != 0
        || zmq_setsockopt(pipe->socket, ZMQ_LINGER, &linger, sizeof linger) != 0
        || attach(pipe->socket, address) != 0
        || zmq_getsockopt(pipe->socket, ZMQ_FD, &pipe->fd, &size) != 0)
        return NULL;
    return GIVE(pipe);
}

struct pipe *pipe_bind(void *zmq, const char *name, int depth)
{
    return open_end(zmq, name, depth, zmq_bind);
}

struct pipe *pipe_connect(void *zmq, const char *name, int depth)
{
    return open_end(zmq, name, depth, zmq_connect);
}

void pipe_free(struct pipe *pipe)
{
    if (!pipe)
        return;
    if (pipe->socket)
        (void)zmq_close(pipe->socket);
    free(pipe);
}

static enum status of_errno(void)
{
    return errno == EAGAIN || errno == EINTR ? ST_MORE : ST_CLOSED;
}

enum status pipe_give_msg(struct pipe *pipe, zmq_msg_t *msg)
{
    assert(!is_inside(msg));
    HANDED_OVER(zmq_msg_data(msg));
    return zmq_msg_send(msg, pipe->socket, ZMQ_DONTWAIT) < 0 ? of_errno() : ST_OK;
}

enum status pipe_give(struct pipe *pipe, void *buffer, size_t size)
{
    zmq_msg_t msg;

    /* Asked first, because a message made around the buffer would free it when closed. */
    if (!pipe_can_send(pipe))
        return ST_MORE;
    if (zmq_msg_init_data(&msg, buffer, size, free_buffer, NULL) != 0)
        return ST_MORE;
    HANDED_OVER(buffer);
    while (zmq_msg_send(&msg, pipe->socket, ZMQ_DONTWAIT) < 0) {
        assert(errno == EINTR || errno == ETERM); /* room was there, and we alone send */
        if (errno == ETERM) {
            (void)zmq_msg_close(&msg); /* going down, and the buffer with it */
            return ST_OK;
        }
    }
    return ST_OK;
}

enum status pipe_take(struct pipe *pipe, zmq_msg_t *out)
{
    zmq_msg_t msg;

    (void)zmq_msg_init(&msg);
    if (zmq_msg_recv(&msg, pipe->socket, ZMQ_DONTWAIT) < 0)
        return of_errno();
    TAKEN_OVER(zmq_msg_data(&msg));
    (void)zmq_msg_init(out);
    (void)zmq_msg_move(out, &msg);
    return ST_OK;
}

static int pending_events(struct pipe *pipe)
{
    int events = 0;
    size_t size = sizeof events;

    while (zmq_getsockopt(pipe->socket, ZMQ_EVENTS, &events, &size) != 0)
        if (errno != EINTR)
            return 0;
    return events;
}

bool pipe_can_send(struct pipe *pipe)
{
    return pending_events(pipe) & ZMQ_POLLOUT;
}

int pipe_fd(struct pipe *pipe)
{
    return pipe->fd;
}

bool pipe_has_input(struct pipe *pipe)
{
    return pending_events(pipe) & ZMQ_POLLIN;
}
