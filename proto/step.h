/*
 * step.h - one rung of the recipient's ladder: delivered, opened, acknowledged ...
 *
 * Travels as canonical bytes (evidence.proto, Step), which are the leaf that the recipient's batch
 * signature covers; `previous` chains it to the rung before. Source: docs/protocol.md §8.
 */
#ifndef PROTO_STEP_H
#define PROTO_STEP_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/merkle.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/evidence.pb-c.h"

struct step {
    struct id message_id;
    struct digest header_digest;
    Concordat__StepKind kind;
    struct digest previous; /* zero for the first */
    int64_t at_ms;
    char agency[AGENCY_MAX + 1];
    Concordat__RefusalCode rejected;
    Concordat__DeclineReason declined;
    struct id reply_id;
};

/* Reads canonical bytes. Copies everything, so `arena` is neither used nor reset: the bytes may lie
 * in it.
 *   ST_INVALID  not canonical, a field missing or of another kind of step
 *   ST_LIMIT    over STEP_MAX */
enum status step_read(struct bytes bytes, struct arena *arena, struct step *out,
                      struct reason *why);
/* Inverse of step_read.
 *   ST_LIMIT    `room` is too small */
enum status step_write(const struct step *step, uint8_t *out, size_t room, size_t *size);

const char *step_name(Concordat__StepKind kind); /* "delivered" */

#endif
