/*
 * nearest.h - "did you mean": the known name that a misspelt one is nearest to.
 *
 *     struct nearest n = nearest_to("purpos");
 *     nearest_offer(&n, "purpose");           for each known name
 *     n.name                                  "purpose", or NULL when none is near
 *
 * Distance is the count of letters to insert, drop, change or swap with their neighbour; case does
 * not count, and `_` equals `-`. Near is one such step for each three letters.
 */
#ifndef LIB_NEAREST_H
#define LIB_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word;  /* borrowed */
    const char *name;  /* borrowed: the nearest offered so far, or NULL */
    unsigned distance; /* its distance; the first of several equals stays */
};

struct nearest nearest_to(const char *word);
/* Words and names over 63 bytes are never near. O(length of word x length of name). */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
