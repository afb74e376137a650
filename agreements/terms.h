/*
 * terms.h - what two versions of agreements say differently besides their flows.
 *
 * Dates, retention, onward sharing, markings, parties, contacts, pinned keys, owner, clocks,
 * expectations: each difference with what was said before and after, and whether it lets more
 * happen than before.
 *
 * Pure. Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_TERMS_H
#define AGREEMENTS_TERMS_H

#include "agreements/agreement.h"

#define TERM_TEXT 256 /* bytes with the NUL of one value; longer ladders are cut */

struct term_change {
    char agreement[AGREEMENT_ID_MAX + 1];
    char where[AGENCY_MAX + 16]; /* "party nps.cambs", "clause ack"; empty: the whole */
    const char *term;            /* static: "retention-days" */
    char before[TERM_TEXT], after[TERM_TEXT]; /* empty: not said */
    bool widens; /* lets more happen: kept longer, passed further, in force on more days */
};

struct term_changes {
    size_t count, room;
    struct term_change *items; /* owned; in order of agreement, then as an agreement is written */
};

/* Agreements are the same when their id is.
 *   ST_NOMEM */
enum status term_changes_of(const struct agreement_set *before, const struct agreement_set *after,
                            struct term_changes **out);
void term_changes_free(struct term_changes *changes); /* NULL is fine */
OWN(term_changes)

#endif
