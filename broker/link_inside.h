/*
 * link_inside.h - a link's own insides, shared by link.c (the thread, its table of peers, what it
 * is told) and peer.c (one connection) and by nobody else.
 */
#ifndef BROKER_LINK_INSIDE_H
#define BROKER_LINK_INSIDE_H

#include <pthread.h>

#include "broker/link.h"
#include "broker/session.h"
#include "lib/log.h"
#include "lib/loop.h"

#define SCRATCH_SIZE ((size_t)64 * 1024) /* bytes of one recv or send */
#define TURN_MOST ((size_t)512 * 1024)   /* bytes of a turn before it is given */
#define OUT_MOST ((size_t)128 * 1024)    /* bytes of output gathered before TLS takes them */
#define LYING_MOST ((size_t)1024 * 1024) /* bytes of answers left lying before we stop reading */
#define SHORT_HEX 16                     /* digits of a certificate's digest in a log line */
#define LINGER_MS 3000                   /* for what is left to say, when closing */

struct peer {
    struct link *link;
    int socket;
    uint32_t place, generation;
    uint32_t events;         /* what epoll waits for */
    struct tls *tls;         /* owned */
    struct session *session; /* owned */
    uint8_t *unsent;         /* owned; encrypted bytes that the socket did not take */
    size_t unsent_size, unsent_at;
    int64_t opened_ms, heard_ms, said_ms, closing_ms;
    bool blocked;  /* the session does not want bytes now */
    bool closing;  /* send what is left, then close */
    bool notified; /* TLS has been told to say that we close */
    bool dead;     /* to be freed at the end of the turn */
    bool noted;    /* in link.noted */
    bool stranger; /* counted as not welcomed */
};

struct link {
    struct link_config config; /* what it holds is owned */
    pthread_t thread;
    struct loop *loop;
    struct peer **peers; /* owned; NULL: a free place */
    uint32_t *generations;
    uint32_t peer_count, live;
    struct peer **noted; /* peers to look after at the end of the turn */
    uint32_t noted_count;
    struct session_rules rules;
    struct arena *arena;
    struct batch_cache *cache;
    struct turn turn;
    uint8_t *held; /* owned: a turn that the exchange had no room for */
    size_t held_size;
    bool draining, last_said, ending;
    int64_t ending_ms;
    uint8_t *scratch; /* owned; SCRATCH_SIZE */
    struct log_limit alarm_limit, handshake_limit, timeout_limit, open_limit;
};

/* link.c */
_Noreturn void link_stop(const char *event, const char *what); /* logs, and ends the process */
/* Gives what was gathered to the exchange, or holds it: then nobody is read. */
void link_give_turn(struct link *link);

/* peer.c: all mark the peer for the end of the turn, where the dead are freed. */
void peer_note(struct peer *peer);
void peer_kill(struct peer *peer);
void peer_start_closing(struct peer *peer);
/* Tells the loop what to wait for. */
void peer_watch(struct peer *peer);
/* A loop_handler; the context is the peer. */
void peer_on_socket(void *context, uint32_t events);
/* Takes frames as long as the session may, then the next plain bytes, and so on. */
void peer_pump(struct peer *peer);
/* What the session says goes into TLS. */
void peer_encrypt(struct peer *peer);
/* The same, and from there to the socket. */
void peer_flush(struct peer *peer);
/* Bytes of answers that the socket has not taken. */
size_t peer_lying(const struct peer *peer);
/* Deadlines: handshake, silence, answers left lying; asks for a sign of life. */
void peer_look_at_clock(struct peer *peer);

#endif
