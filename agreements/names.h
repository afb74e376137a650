/*
 * names.h - finds one of many names by its hash: agreements of a set, parties and clauses of one.
 *
 * Two bytes a place, at least two places a name; a look-up reads one place and compares one name,
 * as a rule. Names that were made to collide cost a comparison each, at most as many as there are:
 * all that is indexed here was signed by every party.
 *
 * The indexed names do not move while the index lives.
 */
#ifndef AGREEMENTS_NAMES_H
#define AGREEMENTS_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/status.h"

#define NAMES_INDEX_MAX 16384 /* names of one index */

struct names {
    uint16_t *places; /* owned; number of the name + 1, linear probing; 0 = empty */
    uint32_t mask;    /* places - 1; NULL places: nothing is in it */
};

/* Of `count` names: the first at `first`, each NUL-terminated, `stride` bytes apart. Zeroes or an
 * older index may be in `out`.
 *   ST_NOMEM    `out` is as it was */
enum status names_build(const void *first, size_t stride, size_t count, struct names *out);
/* The same for names that pointers lead to: each of `count` objects begins with its name. */
enum status names_build_of(const void *const *objects, size_t count, struct names *out);
void names_free(struct names *names); /* zeroes are fine */

static inline uint64_t name_word(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* Multiplying carries upwards only: each word's upper half comes down before, or names that differ
 * in their last letters would all meet. */
static inline uint64_t name_mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

/* Eight bytes at a time; the last eight may overlap those before. */
static inline uint32_t name_hash(const char *name)
{
    size_t size = strlen(name), at = 0;
    uint64_t h = size;

    for (; at + sizeof h < size; at += sizeof h)
        h = name_mix(h ^ name_word(name + at));
    if (size >= sizeof h)
        return (uint32_t)name_mix(h ^ name_word(name + size - sizeof h));
    for (; at < size; at++)
        h = h << 8 ^ (uint8_t)name[at];
    return (uint32_t)name_mix(h);
}

/* The first of those indexed with this name, NULL when there is none. */
static inline const void *names_find(const struct names *names, const void *first, size_t stride,
                                     const char *name)
{
    if (!names->places)
        return NULL;
    for (uint32_t at = name_hash(name) & names->mask; names->places[at];
         at = (at + 1) & names->mask) {
        const char *found = (const char *)first + (names->places[at] - 1u) * stride;

        if (strcmp(found, name) == 0)
            return found;
    }
    return NULL;
}

static inline const void *names_find_of(const struct names *names, const void *const *objects,
                                        const char *name)
{
    if (!names->places)
        return NULL;
    for (uint32_t at = name_hash(name) & names->mask; names->places[at];
         at = (at + 1) & names->mask) {
        const char *found = objects[names->places[at] - 1u];

        if (strcmp(found, name) == 0)
            return found;
    }
    return NULL;
}

#endif
