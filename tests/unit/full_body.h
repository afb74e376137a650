/*
 * full_body.h - bodies in which every field says something, made at random from the schema alone.
 */
#ifndef TESTS_UNIT_FULL_BODY_H
#define TESTS_UNIT_FULL_BODY_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "proto/catalogue.h"

/* The generator's state; the same seed gives the same bodies. */
void full_body_seed(uint64_t seed);
uint32_t full_body_pick(uint32_t count); /* below `count` */

/* A body with every field of these categories, and every field inside, once or twice where it is
 * repeated: serialised in order of tags, in the arena. Identifiers and days are real ones. */
struct bytes full_body(const struct message_type *type, category_set categories,
                       struct arena *arena);

#endif
