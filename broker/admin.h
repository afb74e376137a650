/*
 * admin.h - the control socket: how the broker is, for its operator.
 *
 * A UNIX socket (0600). One command a connection, a line; the answer ends with the connection:
 *
 *     status    one line of JSON
 *     metrics   Prometheus text format, version 0.0.4
 *     drain     the broker finishes what it has and exits; "ok"
 *
 * Counts, agency ids and fill levels only: nothing about any message or person.
 *
 * Threads: admin_start makes one.
 */
#ifndef BROKER_ADMIN_H
#define BROKER_ADMIN_H

#include <stdint.h>

#include "lib/pipe.h"
#include "lib/reason.h"

struct admin_config {
    const char *path;              /* of the socket; at most SOCKET_PATH_MAX bytes */
    const char *broker;            /* our id; borrowed, as the path, until the thread has ended */
    struct pipe *exchange;         /* taken */
    struct pipe *main;             /* taken */
    _Atomic int64_t *crl_until_ms; /* when the first CRL runs out; main sets it; borrowed */
};

struct admin;

/* Takes the pipes also when it fails.
 *   ST_IO       the socket cannot be made; `why` says why */
enum status admin_start(const struct admin_config *config, struct admin **out, struct reason *why);
/* Waits for its end, which NOTE_DRAIN from main brings; the socket's file goes. */
void admin_join(struct admin *admin);
/* Once joined. NULL is fine. */
void admin_free(struct admin *admin);

#endif
