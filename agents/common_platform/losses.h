/*
 * losses.h - what an import did not carry, counted for each kind of place.
 *
 *     prosecutionCases[*].defendants[*].offences[*].offenceFacts.vehicleCode   12 times
 *
 * Places are told from the hearing on, whatever it was wrapped in. What was left out as a whole, a
 * deleted result, is one place. Counts are kept over many
 * messages, in bounded memory.
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

/* Why a leaf was left out, for people; the usual reason is the first. */
#define LOSS_NO_FIELD "no field for it"
const char *loss_reason(const struct node *leaf);

/* The next leaf left out from number `*at` on, and `*at` past it; NULL: there is no more. */
const struct node *loss_next(const struct source *source, size_t *at);

struct loss {
    const char *kind, *why; /* of the losses' */
    size_t parent_size;     /* bytes of `kind` before its last field and the dot */
    size_t count;
};

struct losses;

struct losses *losses_new(void);         /* NULL: memory is out */
void losses_free(struct losses *losses); /* NULL is fine */
OWN(losses)

/* Adds all that `source` left out. ST_NOMEM */
enum status losses_add(struct losses *losses, const struct source *source);
/* By parent, then field, then reason; sorts. */
size_t losses_count(struct losses *losses);
struct loss losses_at(const struct losses *losses, size_t index);
/* Values of kinds past IMPORT_LOSSES_MAX, which have no line. */
size_t losses_unlisted(const struct losses *losses);

#endif
