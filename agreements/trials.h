/*
 * trials.h - what an agreement says about itself: expectations between messages, and test cases.
 *
 * For agreement.c alone; after the clauses. Neither permits anything.
 */
#ifndef AGREEMENTS_TRIALS_H
#define AGREEMENTS_TRIALS_H

#include "agreements/agreement.h"
#include "agreements/fields.h"

/* Both may be absent. */
enum status read_expectations(const struct source *src, const struct node *list,
                              struct agreement *a);
enum status read_trials(const struct source *src, const struct node *list, struct agreement *a);

#endif
