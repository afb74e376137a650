/*
 * reach.h - who can come to hold a category, and by which shortest chain.
 *
 *     flows of the category, onward lists --> breadth first from each sender --> chains
 *
 * No agreement says where an agency has its data from, so each that may send the category may start
 * a chain. Whoever got it by one flow may pass it by another that carries it; and whoever got it
 * under an agreement may pass it to that agreement's `onward` agencies, and they among themselves.
 * What is not here cannot be reached by what the agreements permit; whether anybody would pass it
 * on is another question.
 *
 * Pure. Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_REACH_H
#define AGREEMENTS_REACH_H

#include "agreements/flows.h"

struct hop {
    const char *from, *to;
    const struct agreement *agreement;
    const struct flow *flow; /* NULL: by the agreement's onward list */
};

/* That `agency` can come to hold what `start` held. */
struct holding {
    const char *start, *agency;
    size_t hop_count, first_hop; /* in hops; 1 or more */
};

/* Somebody who may send the category. */
struct start {
    const char *agency;
    bool may_receive; /* it, too, can come to hold the category from another */
};

struct reach {
    struct flows *flows; /* owned: what the hops point to */
    size_t start_count, holding_count, hop_count, hop_room;
    struct start *starts;     /* owned; in order of agency */
    struct holding *holdings; /* owned; in order of start, length of chain, agency */
    struct hop *hops;         /* owned */
};

/* `on_ms` as flows_of. The set must outlive the answer.
 *   ST_LIMIT   FLOWS_MAX
 *   ST_NOMEM
 * O(starts x agreements x flows of the category). */
enum status reach_of(const struct agreement_set *set, uint32_t category, int64_t on_ms,
                     struct reach **out);
void reach_free(struct reach *reach); /* NULL is fine */
OWN(reach)

#endif
