/*
 * listener.h - accepts connections and hands them to the links in turn.
 *
 * Bounds what strangers can take: sockets in all, and sockets that are not welcomed yet. When
 * descriptors run out it stops accepting for a while rather than spin.
 *
 * Threads: main's loop.
 */
#ifndef BROKER_LISTENER_H
#define BROKER_LISTENER_H

#include "lib/loop.h"
#include "lib/own.h"
#include "lib/pipe.h"
#include "lib/reason.h"

struct listener;

/* Listens on `address` (host:port, port 0: any). `links` are borrowed: `count` pipes.
 *   ST_INVALID  not a numeric address and port
 *   ST_IO       the system refused; `why` says what */
enum status listener_open(struct loop *loop, const char *address, struct pipe *const links[],
                          unsigned count, struct listener **out, struct reason *why);
void listener_close(struct listener *listener); /* NULL is fine */
static inline void listener_free(struct listener *listener)
{
    listener_close(listener);
}
OWN(listener)

/* "127.0.0.1:7411": where it really listens. */
const char *listener_address(const struct listener *listener);

#endif
