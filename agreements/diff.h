/*
 * diff.h - which flows one set of agreements permits and another does not. Exact.
 *
 *     before, after --> flows of each --> gained, lost, under other circumstances
 *                   --> clauses of each --> those of `after` that no clause of `before` covers
 *
 * A flow that both permit is compared by its circumstances (flows.h), as sets: what may now happen
 * that might not is widened, the other way round narrowed, both is shifted. Dates are no part of
 * it: terms.h tells those.
 *
 * Flows are one category at a time, and terms one agreement at a time; a message has several
 * categories, and its clause may have moved. So each clause is judged as well, for each pair of
 * agencies: it widens nothing if some one clause before permitted all that it permits. That is on
 * the safe side: what two clauses before permitted between them counts as wider.
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

/* In what a clause is wider than one before; bits. */
enum wider {
    WIDER_NEW = 1u << 0,      /* there was none for that type and purpose */
    WIDER_GATEWAY = 1u << 1,  /* another gateway */
    WIDER_TOGETHER = 1u << 2, /* categories, or categories in one message */
    WIDER_REQUIRED = 1u << 3, /* wants fewer of them */
    WIDER_WHEN = 1u << 4,     /* circumstances, two officers among them */
    WIDER_USES = 1u << 5,     /* of a charter in a day */
    WIDER_FLOOR = 1u << 6,    /* small-number floor lower or gone */
    WIDER_RETENTION = 1u << 7,
    WIDER_ONWARD = 1u << 8,
    WIDER_DATES = 1u << 9,
    WIDER_MARKING = 1u << 10,
    WIDER_KEYS = 1u << 11 /* pinned for either agency */
};
/* "categories together, longer retention" */
#define WIDER_TEXT 256 /* bytes with the NUL */
void wider_print(uint32_t wider, char out[static WIDER_TEXT]);

/* A clause after, for one pair of agencies, that no clause before covers. */
struct clause_change {
    const struct flow *after;
    const struct flow *before; /* the nearest: wider in fewest ways; NULL when WIDER_NEW */
    uint32_t wider;            /* than that, a set of enum wider; never 0 */
};

struct diff {
    struct flows *before, *after; /* owned */
    struct flow_change *changes;  /* owned; in order of flow */
    size_t change_count;
    struct flows *clauses_before, *clauses_after; /* owned: clause_flows_of() */
    struct clause_change *widened;                /* owned; in order of from, to, type, purpose */
    size_t widened_count;
    struct term_changes *terms; /* owned */
};

/*   ST_LIMIT   FLOWS_MAX in one of the two
 *   ST_NOMEM
 * The sets must outlive the diff. O(flows log flows), and clauses of one type and purpose between
 * two agencies squared. */
enum status diff_of(const struct agreement_set *before, const struct agreement_set *after,
                    struct diff **out);
void diff_free(struct diff *diff); /* NULL is fine */
OWN(diff)

size_t diff_count(const struct diff *diff, enum flow_change_kind kind);
/* Does `after` let anything happen that `before` did not? Flows, clauses and terms. */
bool diff_widens(const struct diff *diff);
/* Does every clause of the run want the category in each message? */
bool flow_is_required(const struct flow *run, size_t count);

#endif
