/*
 * mend.h - what would have to be otherwise: by the sender, by others, or by a new agreement.
 *
 *     decision --> mend, set_aside or say_not_agreed --> the attempt changed, and in words
 *
 * For considered.c, which asks again after each. Pure.
 * Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_MEND_H
#define AGREEMENTS_MEND_H

#include "agreements/considered.h"

/* A question on its way to a permit: what is changed in it, and when it is asked. */
struct attempt {
    struct question question;
    int64_t now_ms;
    bool standing_aside; /* the clause is judged as if its agreement were in force */
};

/* Does what the objection asks the sender to do; false when nothing that it does would answer it,
 * and then the attempt is as it was. `clause` is NULL where there is none of the type. */
bool mend(struct attempt *attempt, const struct agreement *agreement, const struct clause *clause,
          const struct decision *decision, struct change *change);

/* Takes what is no sender's to change for changed, so that the rest can be judged; false when the
 * objection is nothing of the kind. `remedy` says what others would have to do. */
bool set_aside(struct attempt *attempt, const struct agreement *agreement,
               const struct decision *decision, struct reason *remedy);

/* Of an objection that is neither: what would have to be agreed first. */
void say_not_agreed(const struct question *question, const struct decision *decision,
                    struct reason *remedy);

#endif
