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
    int capacity; /* Concordat__SubjectCapacity that the subject stands in; 0 = unsaid */
    size_t onward_count;
    const char (*onward)[AGENCY_MAX + 1];
    /* What no header says. Each is the caller's to find out, and its zero refuses, except where an
     * agreement is ASSUMED: there nobody signs. */
    bool signer_counts;       /* registrar_signer_counts() of the key that signed */
    bool is_holder;           /* the sender holds the case */
    uint32_t officers;        /* different officers whose credentials are valid */
    uint32_t uses_today;      /* of the charter, by the sender, before this one */
    bool privilege_suspended; /* the sender's or recipient's under the charter, until reinstated */
};

/* What the envelope says; the rest is zero. (choose.c) */
struct question question_of(const struct envelope *envelope);

/* Shows that a decision was made. Complete in decide.c alone, so nothing else can make one, and
 * what queues a message or hands one over takes it as an argument. It says for which of the two
 * gates it was made; not for which message: each gate is one place, beside its decision
 * (tests/one_gate.cmake). Static, never freed. */
struct permit;
/* To queue: a decide() that permits, or a record of one. False for NULL. */
bool permit_queues(const struct permit *permit);
/* To hand over: a decide_handover() that permits. False for NULL. */
bool permit_hands_over(const struct permit *permit);
/* For a message whose acceptance is recorded and durable: to queue it again at start. */
const struct permit *permit_of_record(void);

#define OFFICERS_WANTED 2 /* by a charter's clause */

struct decision {
    bool permitted;                    /* false by default */
    const struct permit *permit;       /* not NULL exactly when permitted */
    Concordat__RefusalCode code;       /* why not; REFUSAL_UNSPECIFIED when permitted */
    category_set offending;            /* not covered, or missing */
    const struct agreement *agreement; /* that settled it, or NULL; borrowed from the set */
    const struct clause *clause;       /* the same */
    bool sender_is_party; /* NO_AGREEMENT of decide_first: to some agreement, though not to this */
};

/* The question names agreement and clause. Cannot fail: a refusal is an answer. The checks stand in
 * this order, and the first that fails gives the code:
 *   NO_AGREEMENT             the agreement is not known here, or is a draft, or superseded
 *   AGREEMENT_VERSION_STALE  its version or hash is another
 *   AGREEMENT_REVOKED, AGREEMENT_SUSPENDED, AGREEMENT_NOT_YET, AGREEMENT_EXPIRED
 *   PARTY_NOT_SIGNATORY      sender or recipient is no party of it
 *   SIGNER_NOT_PINNED        it was signed with a key that does not count for the sender
 *   TYPE_NOT_COVERED         no such clause, or the clause is about another type
 *   and then those of judge_flow() in decide.c, which are about the clause alone; the last are a
 *   charter's: BREAK_GLASS_SUSPENDED, BREAK_GLASS_QUOTA, BREAK_GLASS_OFFICERS.
 * A small fraction of a microsecond. */
struct decision decide(const struct question *question, const struct agreement_set *set,
                       int64_t now_ms);

/* May a message that was accepted be handed over? `under` is the version it was accepted under
 * (registrar_version), NULL when that is not known; `recipient_lost`: the recipient's certificates
 * are gone. Acceptance is the point of law, so expiry and supersession since stop nothing:
 *   AGREEMENT_REVOKED, AGREEMENT_SUSPENDED
 *   NO_AGREEMENT             not known, or never signed
 *   RECIPIENT_LOST */
struct decision decide_handover(const struct agreement *under, bool recipient_lost);

/* The sender's side: finds the clause for from, to, type, categories and decides. An agreement_id
 * that is neither NULL nor empty names the only agreement that is looked at, whoever its parties
 * are; without one, those are looked at to which sender and recipient are both parties. No such
 * agreement: NO_AGREEMENT. The question's clause, version and hash are not looked at. A purpose or
 * gateway that is not NULL must be the clause's; a marking that is not 0 must fit. Of several that
 * permit, the first in order of agreement id and clause id; of several refusals the nearest: the
 * one that comes furthest in the order of checks (one whose dates alone are wrong is nearest of
 * all), then the one with fewest offending categories. When permitted, fills agreement, clause,
 * purpose, gateway and marking (the least that is allowed) into `question`; else leaves it alone.
 * O(clauses). (choose.c) */
struct decision decide_first(struct question *question, const struct agreement_set *set,
                             int64_t now_ms);

/* One sentence for a person: clause, offending categories, and whether a change of just that would
 * be permitted. (explain.c) */
void decision_explain(const struct decision *decision, const struct question *question,
                      struct reason *out);

/* What decide_first fills in. For explain.c. (choose.c) */
void question_complete(struct question *question, const struct agreement *agreement,
                       const struct clause *clause);

/* What can be said against a question; code 0 is nothing. Not a decision: it permits nothing. */
struct objection {
    Concordat__RefusalCode code;
    category_set offending; /* not covered, or missing */
};
/* What the clause alone says of the question: standing, dates, parties and signer are somebody
 * else's. */
struct objection judge_flow(const struct question *question, const struct agreement *agreement,
                            const struct clause *clause);
/* Parties, signer, type and direction too. `clause` is NULL when there is none. */
struct objection judge_clause(const struct question *question, const struct agreement *agreement,
                              const struct clause *clause);
/* decide() when agreement and clause are found; `clause` is NULL when there is none. */
struct decision decide_under(const struct question *question, const struct agreement *agreement,
                             const struct clause *clause, int64_t now_ms);
/* The least marking that agreement and type allow. */
int least_marking(const struct agreement *agreement, const struct clause *clause);

#endif
