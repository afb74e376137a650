/*
 * clauses.h - an agreement's clauses, read from its document and judged together.
 *
 * For agreement.c, and trials.c. They fill the agreement's array and count in it, so that
 * agreement_free() copes with a half-read one.
 */
#ifndef AGREEMENTS_CLAUSES_H
#define AGREEMENTS_CLAUSES_H

#include "agreements/agreement.h"
#include "agreements/fields.h"

/* After parties and terms. */
/* An agency that is a party, or a kind that a party has. */
enum status read_side(const struct source *src, const struct node *node, const struct agreement *a,
                      char out[static AGENCY_MAX + 1]);
enum status read_clauses(const struct source *src, const struct node *list, struct agreement *a);

#endif
