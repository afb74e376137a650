/*
 * local.h - the agency's own systems: a ZeroMQ ROUTER on ipc://, requests in and replies out.
 *
 *     REQ or DEALER --[route] [request]--> local --STAGE_REQUEST--> keeper
 *                   <--[route] [reply]----       <--STAGE_REPLY---
 *
 * The socket file is 0600 in a folder that is its owner's alone: who may open it is the agency. A
 * request is pre-scanned here, so that the keeper sees none that is malformed. While the keeper is
 * behind, nothing is read, and the high-water mark pushes back on the askers.
 *
 * A route is every frame before the request (for REQ: identity and an empty frame; with
 * ZMQ_REQ_CORRELATE also its number); the reply carries the same.
 *
 * Threads: opened by main, run by one thread of its own.
 */
#ifndef AGENTS_LOCAL_H
#define AGENTS_LOCAL_H

#include "lib/own.h"
#include "lib/pipe.h"
#include "lib/reason.h"
#include "lib/status.h"

struct local;

/* Binds; an old socket file goes (the store's lock says that no other agent lives). `keeper` is
 * this thread's end of the pipe, taken over.
 *   ST_INVALID  the path is too long, or its folder can be entered by others
 *   ST_IO       the system refused */
enum status local_open(void *zmq, const char *path, struct pipe *keeper, struct local **out,
                       struct reason *why);
void local_free(struct local *local); /* NULL is fine; removes the socket file */
OWN(local)

/* Until STAGE_STOP. For pthread_create: `local` is a struct local. */
void *local_run(void *local);

#endif
