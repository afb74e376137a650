/*
 * diff.h - which flows one set of agreements permits and another does not. Exact.
 *
 *     before, after --> flows of each --> gained, lost, under other circumstances
 *
 * A flow that both permit is compared by its circumstances (flows.h), as sets: what may now happen
 * that might not is widened, the other way round narrowed, both is shifted. Dates are no part of
 * it: terms.h tells those.
 *
 * Pure. Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_DIFF_H
#define AGREEMENTS_DIFF_H

#include "agreements/flows.h"
#include "agreements/terms.h"

enum flow_change_kind {
    FLOW_GAINED = 1,
    FLOW_LOST,
    FLOW_WIDENED,  /* under more circumstances */
    FLOW_NARROWED, /* under fewer */
    FLOW_SHIFTED,  /* under others */
    FLOW_RESTATED, /* under the same, but another gateway, or it must now come, or need not */
    FLOW_CHANGE_KINDS
};
const char *flow_change_name(enum flow_change_kind kind); /* "gained" */

/* The clauses that give a flow before and after; a run of one of the two lists. */
struct flow_change {
    enum flow_change_kind kind;
    const struct flow *before, *after; /* NULL when there is none */
    size_t before_count, after_count;
};

struct diff {
    struct flows *before, *after; /* owned */
    struct flow_change *changes;  /* owned; in order of flow */
    size_t change_count;
    struct term_changes *terms; /* owned */
};

/*   ST_LIMIT   FLOWS_MAX in one of the two
 *   ST_NOMEM
 * The sets must outlive the diff. O(flows log flows). */
enum status diff_of(const struct agreement_set *before, const struct agreement_set *after,
                    struct diff **out);
void diff_free(struct diff *diff); /* NULL is fine */
OWN(diff)

size_t diff_count(const struct diff *diff, enum flow_change_kind kind);
/* Does `after` let anything happen that `before` did not? Flows and terms. */
bool diff_widens(const struct diff *diff);
/* Does every clause of the run want the category in each message? */
bool flow_is_required(const struct flow *run, size_t count);

#endif
