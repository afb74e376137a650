/*
 * losses.h - what an import did not carry, one line for each kind of place.
 *
 *     prosecutionCases[*].defendants[*].offences[*].offenceFacts.vehicleCode   x12
 *
 * Counts are kept over many messages, in bounded memory.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_LOSSES_H
#define AGENTS_COMMON_PLATFORM_LOSSES_H

#include "agents/common_platform/source.h"

/* What becomes of the leaves of one message. */
struct tally {
    size_t leaves, carried, said, left_out;
};
struct tally tally_of(const struct source *source);

/* Why a leaf was left out, for people. */
const char *loss_reason(const struct node *leaf);

struct loss {
    const char *kind, *why; /* of the losses' */
    size_t count;
};

struct losses;

struct losses *losses_new(void);         /* NULL: memory is out */
void losses_free(struct losses *losses); /* NULL is fine */
OWN(losses)

/* Adds all that `source` left out. ST_NOMEM */
enum status losses_add(struct losses *losses, const struct source *source);
/* In order of path; sorts. */
size_t losses_count(struct losses *losses);
struct loss losses_at(const struct losses *losses, size_t index);
/* Values of kinds past IMPORT_LOSSES_MAX, which have no line. */
size_t losses_unlisted(const struct losses *losses);

#endif
