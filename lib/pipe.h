/*
 * pipe.h - a bounded queue of messages between two threads: a ZeroMQ PAIR over inproc.
 *
 * The one file that touches ZMQ_FD, which is edge-triggered: drain bounded, then read ZMQ_EVENTS;
 * while it still shows work the loop does not wait; the same after EAGAIN on send. Hand-overs are
 * marked for ThreadSanitizer, since libzmq is not instrumented.
 *
 * A message is one buffer whose ownership moves. Threads: each end belongs to one.
 */
#ifndef LIB_PIPE_H
#define LIB_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#include <zmq.h>

#include "lib/own.h"
#include "lib/status.h"

struct pipe; /* one end */

/* The end that binds is made first. `name` is unique in the process; `depth` messages may wait on
 * each side. NULL when the system refuses. */
struct pipe *pipe_bind(void *zmq, const char *name, int depth);
struct pipe *pipe_connect(void *zmq, const char *name, int depth);
void pipe_free(struct pipe *pipe);
OWN(pipe)

/* Takes a malloc'd buffer on ST_OK; the receiver frees it by zmq_msg_close.
 *   ST_MORE     full: keep it and come back when pipe_can_send
 *   ST_CLOSED   the context is going down */
enum status pipe_give(struct pipe *pipe, void *buffer, size_t size);
/* The same for a message that may be shared (zmq_msg_copy), made by zmq_msg_init_data or taken from
 * a pipe. What the receiver will read of it, nobody writes from now on; who keeps a copy closes it
 * only after hearing, through a pipe, that the receiver has closed its own. */
enum status pipe_give_msg(struct pipe *pipe, zmq_msg_t *msg);

/* The next message, to be closed by the caller.
 *   ST_MORE     nothing now
 *   ST_CLOSED   the context is going down */
enum status pipe_take(struct pipe *pipe, zmq_msg_t *out);

bool pipe_can_send(struct pipe *pipe);

/* For loop.c: the descriptor, and whether something is waiting now. */
int pipe_fd(struct pipe *pipe);
bool pipe_has_input(struct pipe *pipe);

#endif
