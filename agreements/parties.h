/*
 * parties.h - an agreement's parties, read from its document. For agreement.c alone.
 *
 * They come first, since clauses and the owner name them.
 */
#ifndef AGREEMENTS_PARTIES_H
#define AGREEMENTS_PARTIES_H

#include "agreements/agreement.h"
#include "agreements/fields.h"

/* Fills the agreement's array and counts in it, so that agreement_free() copes with half of it. A
 * pinned key stands once in the whole agreement: who signs messages does not thereby govern, and no
 * two parties are one. */
enum status read_parties(const struct source *src, const struct node *list, struct agreement *a);

#endif
