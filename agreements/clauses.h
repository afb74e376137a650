/*
 * clauses.h - an agreement's clauses, read from its document and judged together.
 *
 * For agreement.c alone. They fill the agreement's array and count in it, so that agreement_free()
 * copes with a half-read one.
 */
#ifndef AGREEMENTS_CLAUSES_H
#define AGREEMENTS_CLAUSES_H

#include "agreements/agreement.h"
#include "agreements/fields.h"

/* After parties and terms. */
enum status read_clauses(const struct source *src, const struct node *list, struct agreement *a);

#endif
