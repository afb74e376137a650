/*
 * random_agreements.h - small agreements, built by hand, that meet one another often: few agencies,
 * types and purposes, so that any two have flows in common, and all can be counted out.
 */
#ifndef TESTS_UNIT_RANDOM_AGREEMENTS_H
#define TESTS_UNIT_RANDOM_AGREEMENTS_H

#include "agreements/agreement.h"

#define POOL_AGENCIES 6
#define POOL_TYPES 4
#define POOL_PURPOSES 2
#define POOL_DAY_MS 1750000000000 /* inside the dates of every one */
extern const char *const pool_agencies[POOL_AGENCIES];
extern const char *const pool_types[POOL_TYPES];
extern const char *const pool_purposes[POOL_PURPOSES];

struct chance {
    uint64_t state; /* not 0; the same, the same agreements */
};
uint32_t chance_below(struct chance *chance, uint32_t end); /* 0 to end - 1 */

/* 2 to 5 parties, 1 to 5 clauses, taken as signed; free it. Without `conditions` no clause asks for
 * a holder or a capacity. Sides are agencies and kinds. Aborts when memory is out. */
struct agreement *agreement_random(struct chance *chance, const char *id, bool conditions);
/* Another version of one: some clauses more, fewer or otherwise, perhaps a party less or more. */
struct agreement *agreement_changed(struct chance *chance, const struct agreement *agreement,
                                    bool conditions);
/* ISA-0 and so on, `count` of them. */
struct agreement_set *set_random(struct chance *chance, size_t count, bool conditions);
/* A clause of the set, and two of its agreement's parties whom its sides mean; where none is meant,
 * any agency of the pool. */
struct aim {
    const struct clause *clause;
    const char *from, *to;
};
struct aim aim_random(struct chance *chance, const struct agreement_set *set);
/* Finds its names anew, after a test has changed parties or clauses by hand. */
void agreement_settle(struct agreement *agreement);
/* Settles it too. */
struct agreement_set *set_of_one(struct agreement *taken);

#endif
