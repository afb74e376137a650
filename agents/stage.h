/*
 * stage.h - every message between the agent's threads: who sends it, who takes it.
 *
 *     main   -> keeper   STAGE_STOP, STAGE_RELOAD
 *     local  -> keeper   STAGE_REQUEST                   a local system asks
 *     keeper -> local    STAGE_REPLY, STAGE_STOP         only after its commit
 *     uplink -> keeper   STAGE_OPEN, STAGE_SHUT, STAGE_FRAMES
 *     keeper -> uplink   STAGE_FRAMES, STAGE_DROP, STAGE_RELOAD, STAGE_STOP
 *
 * A message is one malloc'd buffer that begins with its kind and moves by lib/pipe.h: the sender
 * gives it, the receiver closes it. Nothing in it points anywhere. A session number names one
 * connection to the broker; what belongs to an earlier one is dropped.
 */
#ifndef AGENTS_STAGE_H
#define AGENTS_STAGE_H

#include <stdint.h>

#include "lib/limits.h"
#include "lib/reason.h"

#define STAGE_DEPTH                                                                                \
    1024 /* messages in a pipe: each side's bound is its credit, long before this                  \
          */

enum stage_kind {
    STAGE_STOP = 1, /* struct stage_signal */
    STAGE_RELOAD,   /* struct stage_signal: read certificates, trust and CRLs again */
    STAGE_REQUEST,  /* struct stage_local */
    STAGE_REPLY,    /* struct stage_local */
    STAGE_OPEN,     /* struct stage_link: welcomed */
    STAGE_SHUT,     /* struct stage_link: gone, or could not be made */
    STAGE_DROP,     /* struct stage_link: close it and come again later */
    STAGE_FRAMES    /* struct stage_frames */
};

struct stage_signal {
    enum stage_kind kind;
};

/* A request or reply. The route is what local.c needs to find the asker again. */
struct stage_local {
    enum stage_kind kind;
    uint32_t route_size, size; /* bytes */
    uint8_t bytes[];           /* route, then the serialised Request or Response */
};

/* Whole frames, one after the other, prefix and all. */
struct stage_frames {
    enum stage_kind kind;
    uint64_t session;
    size_t size;
    uint8_t bytes[];
};

struct stage_link {
    enum stage_kind kind;
    uint64_t session;
    char broker[AGENCY_MAX + 1];
    uint32_t credit, credit_size; /* messages, and bytes, that may be unanswered */
    int64_t broker_ms;            /* its clock, at welcome */
    struct reason why;            /* of a shut link */
};

#endif
