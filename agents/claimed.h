/*
 * claimed.h - claims that the broker has answered: kept as they were made and signed, with its
 * answer.
 *
 *     claim --> TREE_CLAIMS, until it is answered --> TREE_CLAIMED --> `concordat case show'
 *
 * The signature is the agency's own and can be verified by anybody who has its certificate. The
 * answer is the broker's word as it came over the session, which no signature goes with.
 *
 * Threads: the keeper's. Source: docs/custody.md.
 */
#ifndef AGENTS_CLAIMED_H
#define AGENTS_CLAIMED_H

#include "lib/bytes.h"
#include "lib/merkle.h"
#include "lib/store.h"
#include "proto/claim.h"
#include "proto/told.h"

#define CLAIMED_ANSWER_MAX TOLD_MAX /* bytes */

struct claimed {
    struct bytes claim; /* canonical: claim_read */
    struct digest signer;
    uint8_t signature[SIGNATURE_SIZE];
    uint32_t code; /* why not; 0: it is so */
    int64_t answered_ms;
    struct bytes answer; /* CustodyTold as the broker sent it; empty: it told of it otherwise, or of
                            nothing */
};

/* Keeps it; one that is kept already stays as it is. */
enum status claimed_put(struct txn *txn, const struct claim *claim, const struct claimed *claimed);
/* Calls `visit' for those about a case in the order in which they were made, until it says false;
 * it must not write. What it is given is borrowed until it returns. */
enum status claimed_each(struct txn *txn, const struct id *handle,
                         bool (*visit)(void *context, const struct claimed *claimed),
                         void *context);

#endif
