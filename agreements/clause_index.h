/*
 * clause_index.h - the clauses read so far, found by id and by flow. For clauses.c alone.
 *
 * A clause is compared with those that share its hash instead of with all before it, so that an
 * agreement is read in time linear in its clauses. The hash is not keyed: a text made to collide
 * costs CLAUSES_MAX comparisons a clause at most.
 *
 * Plain data, all zero when empty; it borrows the array that the clauses stand in.
 */
#ifndef AGREEMENTS_CLAUSE_INDEX_H
#define AGREEMENTS_CLAUSE_INDEX_H

#include "agreements/agreement.h"

#define CLAUSE_SLOTS (4 * CLAUSES_MAX) /* a power of two; at most a quarter is taken */

struct clause_index {
    uint64_t compared;                                   /* clauses looked at by finds so far */
    uint16_t by_id[CLAUSE_SLOTS], by_flow[CLAUSE_SLOTS]; /* place in the array + 1; 0: free */
};

/* The clause of that id, or that is about the same flow: type, sides, purpose, gateway, and whether
 * it goes only in reply. NULL: there is none. O(1) on average. */
const struct clause *clause_index_id(struct clause_index *index, const struct clause clauses[],
                                     const struct clause *like);
const struct clause *clause_index_flow(struct clause_index *index, const struct clause clauses[],
                                       const struct clause *like);

/* Takes in clauses[place], below CLAUSES_MAX, which has neither id nor flow in common with another.
 */
void clause_index_add(struct clause_index *index, const struct clause clauses[], size_t place);

#endif
