/*
 * record.h - how proofs and signed steps are kept in the agent's store.
 *
 * Threads: none.
 */
#ifndef AGENTS_RECORD_H
#define AGENTS_RECORD_H

#include "lib/bytes.h"
#include "lib/id.h"
#include "proto/batch.h"

#define PROOF_RECORD_MAX                                                                           \
    (DIGEST_SIZE + SIGNATURE_SIZE + SALT_SIZE + 12 + BATCH_PATH_MAX * DIGEST_SIZE)
#define SIGNED_STEP_MAX (8 + STEP_MAX + PROOF_RECORD_MAX) /* bytes of a signed step's record */
#define LANE_KEY_SIZE (1 + 8)                             /* lane, number */

void write_proof(struct writer *w, const struct proof *proof);
void read_proof(struct reader *r, struct proof *out);

/* A step with its proof; `step` is borrowed from the record. */
struct signed_step {
    struct bytes step;
    struct proof proof;
};
struct bytes write_signed_step(uint8_t out[static SIGNED_STEP_MAX], const struct signed_step *s);
bool read_signed_step(struct bytes record, struct signed_step *out);

/* Keys made of a lane and a number. */
struct bytes lane_key(uint8_t out[static LANE_KEY_SIZE], uint8_t lane, uint64_t number);
struct bytes number_key(uint8_t out[static 8], uint64_t number);
/* A value that is an id; false when it is not. */
bool read_id(struct bytes value, struct id *out);

#endif
