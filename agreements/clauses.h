/*
 * clauses.h - an agreement's parties and clauses, read from its document and judged together.
 *
 * For agreement.c alone. Parties come first, since a clause names them; each fills its array of the
 * agreement and counts in it, so that agreement_free() copes with a half-read one.
 */
#ifndef AGREEMENTS_CLAUSES_H
#define AGREEMENTS_CLAUSES_H

#include "agreements/agreement.h"
#include "agreements/fields.h"

enum status read_parties(const struct source *src, const struct node *list, struct agreement *a);
/* After parties and terms. */
enum status read_clauses(const struct source *src, const struct node *list, struct agreement *a);

#endif
