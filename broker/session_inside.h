/*
 * session_inside.h - a session's own insides, shared by session.c (states, bytes out, effects),
 * arrivals.c (what frames become) and filings.c (of them, what an agency signs besides mail), and
 * by nobody else.
 */
#ifndef BROKER_SESSION_INSIDE_H
#define BROKER_SESSION_INSIDE_H

#include "broker/session.h"
#include "proto/frame.h"

#define SMALL_FRAME 1024 /* bytes: bounds any head without a header, certificate or list */
#define SETTLES_MAX 256  /* numbers gathered before they become a frame */
#define MEMBER_NONE UINT32_MAX

struct session {
    session_id id;
    const struct session_rules *rules; /* borrowed */
    enum session_state state;
    struct identity peer;
    struct frame_reader *frames; /* owned */
    struct parcel out;
    struct signers signers;
    uint32_t member;       /* its agency's place in the exchange, once welcomed */
    uint32_t in_flight;    /* commands the exchange has not answered */
    uint64_t charge;       /* bytes of those */
    uint64_t entries_size; /* bytes of gazette records written since the last session_drained */
    bool is_lost;          /* its signing certificates are gone */
    uint32_t settle_count;
    uint64_t settles[SETTLES_MAX];
};

/* Queues a frame for the peer; `most` bounds its head.
 *   ST_NOMEM */
enum status session_say(struct session *session, const struct wire *wire, size_t most);
/* The peer broke the protocol: it is told `code`, `event` is logged, and that is the end. */
enum status session_fail(struct session *session, const char *code, const char *event,
                         const struct reason *why);

/* A frame that has come, its head read. */
struct arrival {
    const struct wire *wire;
    struct frame frame;
    int64_t wall_ms;
};

/* A command that the exchange will answer; `cost` bytes are held against the session until then.
 * NULL: memory is out. */
void *session_command(struct session *session, enum command_kind kind, size_t size, size_t cost);

/* filings.c: the directory's frames, a case's, the gazette's.
 *   ST_NOMEM */
enum status session_take_directory(struct session *session, const struct arrival *arrival);
enum status session_take_case(struct session *session, const struct arrival *arrival);
enum status session_take_gazette(struct session *session, const struct arrival *arrival);

/* Reads one frame's head and does what the table says.
 *   ST_NOMEM */
enum status session_take(struct session *session, const struct frame *frame, int64_t wall_ms);

#endif
