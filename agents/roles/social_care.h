/*
 * social_care.h - a desk of a council's social care, and what its parts share.
 *
 *     social_care.c        the two desks, referrals, the programs
 *     social_care_check.c  answers checks
 */
#ifndef AGENTS_ROLES_SOCIAL_CARE_H
#define AGENTS_ROLES_SOCIAL_CARE_H

#include "agents/roles/turn.h"

/* Where the two desks differ. */
struct desk {
    const char *linked;          /* people a check is also about */
    const char *found;           /* where the answer has what is known */
    const char *number;          /* our own identifier of a person */
    const char *const *in_scope; /* relationships for which we look; ends with NULL */
    const char *reference;       /* our numbers for referrals start so */
    const char *reasons;         /* where a decision says why */
};

/* social_care_check.c */

/* Answers the letter, a check.social_care.*.request; or declines it. */
void check(const struct desk *desk, struct turn *turn, struct letter *letter);

#endif
