/*
 * considered.h - all that decide_first looks at for one question, and what each lacked.
 *
 *     question --> every agreement of the two, every clause of the type --> decision, changes
 *
 * A clause that refuses is followed to its end: the change that its first objection asks for is
 * made and the question asked again, until it is permitted. So each clause has the whole list of
 * changes under which it would permit, and the nearest is the one with fewest. What no sender can
 * change (a standing, a date that is past, a privilege) is set aside and the rest is judged all the
 * same, so that everything that stands against a message is told.
 *
 * Pure. Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_CONSIDERED_H
#define AGREEMENTS_CONSIDERED_H

#include "agreements/decide.h"

/* One thing to do otherwise. */
struct change {
    Concordat__RefusalCode code; /* the objection that it answers */
    struct reason advice;        /* "leave out DC_VICTIM" */
    uint32_t weight;             /* how many things that is: of categories, each one */
};

#define CHANGES_MAX 16 /* of one clause: one for each check that one can answer */

struct candidate_clause {
    const struct agreement *agreement;
    const struct clause *clause; /* NULL: the agreement as a whole; it has no clause of the type */
    struct decision decision;
    struct reason said; /* the first objection, as a sentence */
    size_t change_count;
    struct change changes[CHANGES_MAX];
    struct reason remedy;    /* what others would have to do; empty: nothing */
    bool is_reachable;       /* with these changes it would permit; permitted itself: with none */
    uint32_t weight;         /* of all changes together */
    struct question changed; /* the question with all changes made, naming no clause; borrows from
                                the question and the set */
    int64_t changed_on_ms;   /* when that is asked */
};

struct considered {
    struct decision verdict; /* decide_first's own */
    struct reason said;
    size_t count;
    struct candidate_clause *items;         /* owned; in order of agreement, clause */
    const struct candidate_clause *nearest; /* fewest changes; the first of equals; or NULL */
};

/* `question` as decide_first takes it. One that names a clause is a header's, and is judged as
 * decide() judges it: under the agreement, version, text and clause that it names, of which a
 * version of 0 and a hash of zeros are those known here. Borrows from the set.
 *   ST_NOMEM */
enum status considered_of(const struct question *question, const struct agreement_set *set,
                          int64_t now_ms, struct considered **out);
/* May what was accepted under the agreement that `question` names be handed over? As
 * decide_handover() says; nothing that a sender could change. Borrows from the set.
 *   ST_NOMEM */
enum status considered_handover(const struct question *question, const struct agreement_set *set,
                                bool recipient_lost, struct considered **out);
void considered_free(struct considered *considered); /* NULL is fine */
OWN(considered)

#endif
