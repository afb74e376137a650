/*
 * flows.h - everything that agreements permit, one flow at a time.
 *
 *     agreement set --> flows_of --> every (from, to, type, purpose, category), and by which clause
 *
 * The language is finite, so this is no estimate: a category may pass from one agency to another in
 * a message of that type for that purpose exactly when a flow here says so. Sides that name a kind
 * stand for each party of that kind; nobody sends to itself. What an agreement limits as a whole
 * (marking, retention, its dates) does not make a flow: diff.h compares that.
 *
 * Pure; nothing is kept between calls.
 * Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_FLOWS_H
#define AGREEMENTS_FLOWS_H

#include "agreements/agreement.h"

#define FLOWS_MAX 2000000      /* of one set: bounds the list to 150 MB */
#define FLOW_ANY_DAY INT64_MIN /* agreements count whatever their dates */

/* One flow as one clause gives it. Borrowed from the set, but for `type`, which is static. */
struct flow {
    const char *from, *to; /* agencies */
    const struct message_type *type;
    const char *purpose;
    uint32_t category; /* DataCategory */
    bool required;     /* the clause wants it in every message */
    const struct agreement *agreement;
    const struct clause *clause;
};

/* In order of from, to, type, purpose, category; then agreement and clause. */
struct flows {
    size_t count, room;
    struct flow *items; /* owned */
};

/* With a day (milliseconds) only of agreements whose dates hold it; standing is not looked at.
 *   ST_LIMIT   FLOWS_MAX
 *   ST_NOMEM
 * O(flows log flows). The set must outlive the list. */
enum status flows_of(const struct agreement_set *set, int64_t on_ms, struct flows **out);
void flows_free(struct flows *flows); /* NULL is fine */
OWN(flows)

/* As flows_of, but one item for each clause and pair of agencies, whatever its categories, even
 * none: category is 0, required false. On any day. */
enum status clause_flows_of(const struct agreement_set *set, struct flows **out);

/* Order of the flow itself, whichever clause gives it; 0: the same flow. */
int flow_compare(const struct flow *a, const struct flow *b);
/* How many items from `at` on are the same flow, by different clauses; 0 at the end. */
size_t flows_run(const struct flows *flows, size_t at);

/* Under which circumstances a flow is permitted: bit CIRCUMSTANCE(officers, capacity, holder,
 * reply) is set when it is with two officers behind it or with fewer, for a subject in that
 * capacity (0: unsaid), from the case's holder or from another, in reply or unasked. A charter
 * wants two officers. Exact, so two flows compare as sets. */
typedef uint64_t circumstance_set; /* as category_set: a plain number with a name */
#define CAPACITIES 7               /* values of SubjectCapacity, with 0 */
#define CIRCUMSTANCE(officers, capacity, holder, reply)                                            \
    (UINT64_C(1) << (4 * CAPACITIES * (uint32_t)(officers) + 4 * (uint32_t)(capacity)              \
                     + 2 * (uint32_t)(holder) + (uint32_t)(reply)))
circumstance_set clause_circumstances(const struct agreement *agreement,
                                      const struct clause *clause);
/* Of any of the `count` clauses of a run. */
circumstance_set flow_circumstances(const struct flow *run, size_t count);
/* "always", "only in reply", "only in reply, of SUSPECT or CONVICTED", "with two officers, always".
 */
#define CIRCUMSTANCES_TEXT 1024 /* bytes with the NUL */
void circumstances_print(circumstance_set set, char out[static CIRCUMSTANCES_TEXT]);

/* Does the side of a clause, an agency id or a kind, mean this party? */
bool side_is_party(const char *side, const struct party *party);

#endif
