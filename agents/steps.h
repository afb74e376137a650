/*
 * steps.h - the rungs that we sign as a recipient: made, signed in batches, kept until recorded.
 *
 *     desk --steps_add--> pending --steps_sign (end of turn)--> evidence, and to send until settled
 *
 * A step names the digest of the one before, so the ladder cannot be reordered. All steps of a turn
 * are signed together; the signature is stored with the step before anything is sent.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_STEPS_H
#define AGENTS_STEPS_H

#include <openssl/evp.h>

#include "agents/record.h"
#include "agents/track.h"
#include "lib/own.h"
#include "proto/wire.h"

struct steps;

/* Borrows `key` and what the others point to for its life. `agency` is us. */
struct steps *steps_new(const char *agency, EVP_PKEY *key, const struct digest *signer,
                        const uint8_t community[static DIGEST_SIZE]);
void steps_free(struct steps *steps); /* NULL is fine; what is pending is lost with its turn */
OWN(steps)

/* Adds a step to `track`, an incoming message, and the rung that goes with it; the caller stores
 * the track. `what` gives kind, at_ms and the detail of its kind; the rest is filled here.
 *   ST_LIMIT    the ladder is full
 *   ST_NOMEM */
enum status steps_add(struct steps *steps, struct track *track, const struct step *what);
/* Signs and stores what is pending; numbers go up from *next. */
enum status steps_sign(struct steps *steps, struct txn *txn, uint64_t *next);

/* A message came again: sends its whole recorded ladder again. */
enum status steps_repeat(struct txn *txn, const struct track *track, uint64_t *next);
/* The broker has recorded step `number`. */
enum status steps_settled(struct txn *txn, uint64_t number);
/* The first step from `number` on, borrowed until the transaction ends. ST_MORE: none. */
enum status steps_next(struct txn *txn, uint64_t number, uint64_t *found, struct signed_step *out);

/* A step that somebody else signed and that holds: kept as the next piece of evidence of `track`,
 * and counted. */
enum status steps_keep(struct txn *txn, struct track *track, const struct signed_step *step);
/* Is a step of exactly these bytes kept for `track`? ST_OK or ST_MORE. */
enum status steps_find(struct txn *txn, const struct track *track, struct bytes step);

#endif
