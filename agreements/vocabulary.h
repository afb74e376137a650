/*
 * vocabulary.h - words of a document that stand in closed lists: types, categories, capacities.
 *
 * Each is refused with its line when the list does not have it, with the nearest word that it has.
 * Like fields.h, whose errors these share.
 */
#ifndef AGREEMENTS_VOCABULARY_H
#define AGREEMENTS_VOCABULARY_H

#include "agreements/agreement.h"
#include "agreements/fields.h"

enum status read_type(const struct source *src, const struct node *node,
                      const struct message_type **out);
/* A list of categories as in the schema (DC_IDENTITY), in any order, each once; each one that the
 * type can carry, unless `type` is NULL. May be absent. */
enum status read_categories(const struct source *src, const struct node *node,
                            const struct message_type *type, category_set *out);
/* One of the purposes; may be absent. */
enum status read_purpose(const struct source *src, const struct node *node,
                         char out[static PURPOSE_MAX + 1]);
/* CONVICTED and so on, as Concordat__SubjectCapacity; may be absent. */
enum status read_capacity(const struct source *src, const struct node *node, int *out);
/* A list of them, each once, at least one: bit n for capacity n. May be absent. */
enum status read_capacities(const struct source *src, const struct node *node, uint32_t *out);
/* `permitted`, which is 0, or a refusal's code. */
enum status read_outcome(const struct source *src, const struct node *node, int *out);
/* An agreement's span of time, see span.h; may be absent. */
enum status read_span(const struct source *src, const struct node *node, struct span *out);
/* A text of the agreement's roles, where it joins when it is new: its place there. */
enum status read_role(const struct source *src, const struct node *node, struct agreement *a,
                      uint16_t *out);

#endif
