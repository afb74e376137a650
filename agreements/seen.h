/*
 * seen.h - a set of digests that only grows: what was taken once is known for ever.
 *
 * Open addressing over the digests' own first bytes: nobody chooses them cheaply, since what goes
 * in is a hash, of the below. O(1).
 */
#ifndef AGREEMENTS_SEEN_H
#define AGREEMENTS_SEEN_H

#include "lib/id.h"
#include "lib/merkle.h"
#include "lib/own.h"
#include "lib/status.h"

struct seen {
    struct digest *slots; /* owned; zero is a free one */
    size_t count, room;   /* room: a power of two, or 0 */
};

void seen_fini(struct seen *seen);
bool seen_has(const struct seen *seen, const struct digest *digest);
/* Room for `more`, so that seen_add cannot fail. ST_NOMEM. */
enum status seen_reserve(struct seen *seen, size_t more);
/* Not zero; twice is once. */
void seen_add(struct seen *seen, const struct digest *digest);

/* What stands for an instrument: its digest and the key that signed it, so that two officers who
 * sign equal bytes are two; and for a proposal's id. Neither is ever the other. */
struct digest seen_instrument(const struct digest *instrument, const struct digest *key);
struct digest seen_proposal(const struct id *proposal_id);

#endif
