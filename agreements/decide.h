/*
 * decide.h - may this message flow? The one place that says so; read this file first.
 *
 *     header, or an intention --> question --> decide --> decision
 *
 * A pure function of (question, agreements, time), called by the sender's agent, by the broker at
 * acceptance, and later at hand-over. Denies by default: the zero value of a decision refuses. It
 * looks at header and agreement only, so an answer never depends on whether a person is known.
 */
#ifndef AGREEMENTS_DECIDE_H
#define AGREEMENTS_DECIDE_H

#include "agreements/agreement.h"
#include "proto/envelope.h"
#include "proto/evidence.pb-c.h"

/* Borrowed strings, NUL-terminated. */
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
    bool permitted;                         /* false by default */
    Concordat__RefusalCode code;            /* why not; REFUSAL_UNSPECIFIED when permitted */
    category_set offending;                 /* not covered, or missing */
    const struct agreement *agreement;      /* that settled it, or NULL; borrowed from the set */
    const struct clause *clause;            /* the same */
};

/* The question names agreement and clause. Cannot fail: a refusal is an answer. O(log agreements). */
struct decision decide(const struct question *question, const struct agreement_set *set,
                       int64_t now_ms);

/* The sender's side: finds the clause for from, to, type, categories (and purpose, if not NULL) and
 * decides. Of several that permit, the first in order of agreement id and clause; of several
 * refusals the nearest. Fills what the header needs into `question`. */
struct decision decide_first(struct question *question, const struct agreement_set *set,
                             int64_t now_ms);

/* One sentence for a person: clause, offending categories, nearest permitted change. */
void decision_explain(const struct decision *decision, const struct question *question,
                      struct reason *out);

#endif
