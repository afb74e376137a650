/*
 * loop.h - epoll and timers for one thread.
 *
 * Handlers run to completion, one at a time. `now` is read once a turn. A pipe (pipe.h) joins with
 * loop_add_pipe, which deals with ZMQ_FD being edge-triggered.
 *
 * Threads: one owner; loop_stop may be called from a handler only.
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/own.h"
#include "lib/status.h"

struct loop;
struct pipe;

struct loop *loop_new(void); /* NULL when the system refuses */
void loop_free(struct loop *loop);
OWN(loop)

/* Level-triggered interest in a descriptor; `events` as epoll(7). One handler per descriptor. */
typedef void loop_handler(void *context, uint32_t events);
enum status loop_add(struct loop *loop, int fd, uint32_t events, loop_handler *handler,
                     void *context);
enum status loop_change(struct loop *loop, int fd, uint32_t events);
void loop_remove(struct loop *loop, int fd); /* safe inside any handler */

/* Calls `handler` whenever the pipe has something to take; the handler takes until ST_MORE or a
 * bound of its own. While the pipe still holds something the next turn does not wait. */
enum status loop_add_pipe(struct loop *loop, struct pipe *pipe, void (*handler)(void *context),
                          void *context);

/* One repeating timer per call; first after `period_ms`. At most 16. */
enum status loop_every(struct loop *loop, int64_t period_ms, void (*handler)(void *context),
                       void *context);
/* Called once at the end of each turn, after all handlers: flush what the turn gathered. */
void loop_at_end_of_turn(struct loop *loop, void (*handler)(void *context), void *context);

int64_t loop_now_ms(const struct loop *loop);  /* monotonic, of this turn */
int64_t loop_wall_ms(const struct loop *loop); /* since 1970, of this turn */

/* Until loop_stop. ST_IO when epoll fails. */
enum status loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
