/*
 * wants.h - what agreements lack though each of them is well formed.
 *
 * A case that is handed over leaves answers behind: who asked for its former holder gets them, and
 * its agent seals them again to the holder as `case.late_answer'. So wherever a case can be
 * transferred, and who hands it over can ask, lint wants a clause for that; without one a late
 * answer waits until somebody passes it on by hand.
 *
 * An expectation runs for every pair that a clause lets its `after' go between, and is owed by one
 * of the two (agreements/clock.h). Where neither may send what is expected, the alarm goes to who
 * can do nothing about it. That is meant where one of them says it under another agreement, of
 * every pair; it is not where of other pairs one side may, nor where a third party may alone, which
 * the expectation does not name: nothing would be watched. Where the expectation names who owes it,
 * that must be able to send it to one of the two, of every pair.
 *
 * Pure. Source: docs/agreements.md, late answers.
 */
#ifndef AGREEMENTS_WANTS_H
#define AGREEMENTS_WANTS_H

#include "agreements/agreement.h"

#define WANTS_MAX 64

struct want { /* borrowed from the set */
    const struct agreement *agreement;
    const struct clause *transfer; /* the clause that lets the case move */
    const char *from, *to;         /* the agencies: a late answer goes that way too */
};

/* Pairs for which no agreement of the set has such a clause, WANTS_MAX at most; how many. `whole`:
 * the set is all there is, so only who can ask under it counts; else anybody may. O(clauses by
 * pairs of parties) */
size_t wants_late_answer(const struct agreement_set *set, bool whole,
                         struct want out[static WANTS_MAX]);

struct unmet { /* borrowed from the agreement */
    const struct expectation *expectation;
    const struct clause *clause; /* lets `from' send the `after' to `to' */
    const char *from, *to;
};

/* What an agreement expects of pairs of which neither may send it, and does not mean, in the order
 * of expectations, WANTS_MAX at most; how many. O(expectations by clauses by pairs of parties) */
size_t wants_expected(const struct agreement *agreement, struct unmet out[static WANTS_MAX]);

#endif
