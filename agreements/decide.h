/*
 * decide.h - may this message flow? The one place that says so; read this file first.
 *
 *     header, or an intention --> question --> decide --> decision
 *
 * A pure function of (question, agreements, time), called by the sender's agent, by the broker at
 * acceptance, and later at hand-over. Denies by default: the zero value of a decision refuses. It
 * looks at header and agreement only, so an answer never depends on whether a person is known.
 * Source: docs/agreements.md, decisions.
 */
#ifndef AGREEMENTS_DECIDE_H
#define AGREEMENTS_DECIDE_H

#include "agreements/agreement.h"
#include "proto/envelope.h"
#include "proto/evidence.pb-c.h"

/* Borrowed strings, NUL-terminated; NULL fits nothing, except where decide_first says so. */
struct question {
    const char *from, *to, *type, *purpose, *gateway;
    const char *agreement_id, *clause;
    uint32_t agreement_version;
    struct digest agreement_hash;
    category_set categories;
    int marking;
    uint32_t retention_days; /* 0 = as the agreement says */
    bool in_reply;
    size_t onward_count;
    const char (*onward)[AGENCY_MAX + 1];
};

struct question question_of(const struct envelope *envelope);

struct decision {
    bool permitted;                    /* false by default */
    Concordat__RefusalCode code;       /* why not; REFUSAL_UNSPECIFIED when permitted */
    category_set offending;            /* not covered, or missing */
    const struct agreement *agreement; /* that settled it, or NULL; borrowed from the set */
    const struct clause *clause;       /* the same */
    bool sender_is_party; /* NO_AGREEMENT of decide_first: to some agreement, though not to this */
};

/* The question names agreement and clause. Cannot fail: a refusal is an answer. The checks stand in
 * this order, and the first that fails gives the code:
 *   NO_AGREEMENT             the agreement is not known here
 *   AGREEMENT_VERSION_STALE  its version or hash is another
 *   AGREEMENT_NOT_YET, AGREEMENT_EXPIRED
 *   PARTY_NOT_SIGNATORY      sender or recipient is no party of it
 *   TYPE_NOT_COVERED         no such clause, or the clause is about another type
 *   and then those of judge_flow() in decide.c, which are about the clause alone.
 * O(log agreements), well under a microsecond. */
struct decision decide(const struct question *question, const struct agreement_set *set,
                       int64_t now_ms);

/* The sender's side: finds the clause for from, to, type, categories and decides. An agreement_id
 * that is neither NULL nor empty names the only agreement that is looked at, whoever its parties
 * are; without one, those are looked at to which sender and recipient are both parties. No such
 * agreement: NO_AGREEMENT. The question's clause, version and hash are not looked at. A purpose or
 * gateway that is not NULL must be the clause's; a marking that is not 0 must fit. Of several that
 * permit, the first in order of agreement id and clause id; of several refusals the nearest: the
 * one that comes furthest in the order of checks (one whose dates alone are wrong is nearest of
 * all), then the one with fewest offending categories. When permitted, fills agreement, clause,
 * purpose, gateway and marking (the least that is allowed) into `question`; else leaves it alone.
 * O(clauses). */
struct decision decide_first(struct question *question, const struct agreement_set *set,
                             int64_t now_ms);

/* One sentence for a person: clause, offending categories, and whether a change of just that would
 * be permitted. (explain.c) */
void decision_explain(const struct decision *decision, const struct question *question,
                      struct reason *out);

/* What decide_first fills in. For explain.c. */
void question_complete(struct question *question, const struct agreement *agreement,
                       const struct clause *clause);
/* What the clause alone says of the question: dates and parties are somebody else's. */
struct decision judge_flow(const struct question *question, const struct agreement *agreement,
                           const struct clause *clause);

#endif
