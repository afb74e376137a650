/*
 * allocated.h - is a case allocated as the rule says? A decision that goes out is held against the
 * table of agreements/allocation.h with the day, the scores and the ground that it states itself.
 *
 * What the body does not tell is taken from the ground: whoever names post-sentence supervision or
 * public interest has found it. An override, with its reason, is the officer's.
 */
#ifndef AGENTS_ALLOCATED_H
#define AGENTS_ALLOCATED_H

#include "agents/problems.h"
#include "agreements/agreement.h"
#include "proto/bodies/allocation.pb-c.h"

/* Adds what is wrong: `decided`, a day before there was anything to allocate; `ground`, what the
 * table does not say; `override_reason`, an override without one. The decision's own fields have
 * been checked. */
void check_allocation(const Concordat__Body__AllocationDecision *decision,
                      struct problems *problems);

/* Is who is to take the case of the kind that the ground is for, as the agreement names it? True of
 * an override, and of who is no party. The body was checked; false also when the arena is used up.
 */
bool allocation_reaches(struct bytes decision, const struct agreement *agreement,
                        struct arena *arena);

#endif
