/*
 * link.h - a link thread: sockets, TLS engines and sessions of some of the peers.
 *
 *     socket --recv--> TLS --> session --> turn --one message a turn--> exchange
 *     socket <--send-- TLS <-- session <-------- effects of a batch <---
 *
 * A peer is not read while its session is over its credit, while it leaves our answers lying, or
 * while the pipe to the exchange is full; so pressure reaches its TCP window and nobody else.
 *
 * Threads: link_start makes one; everything given to it is its own from then on.
 */
#ifndef BROKER_LINK_H
#define BROKER_LINK_H

#include "broker/stage.h"
#include "lib/pipe.h"

struct link_config {
    unsigned number;         /* 0 .. links - 1 */
    const char *broker;      /* our id; borrowed until the thread has ended */
    struct tls_context *tls; /* taken */
    struct pipe *exchange;   /* taken */
    struct pipe *main;       /* taken */
};

struct link;

/* Takes what the config holds, also when it fails. */
enum status link_start(const struct link_config *config, struct link **out);
/* Waits for its end, which NOTE_DRAIN from main and NOTE_LAST from the exchange bring. */
void link_join(struct link *link);
/* Once joined, and once nobody else uses the other ends of its pipes. NULL is fine. */
void link_free(struct link *link);

#endif
