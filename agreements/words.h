/*
 * words.h - what a header and a clause hold, as words in a sentence for a person.
 *
 * What is longer than WORDS_MAX is cut: the sentence that it stands in would be, too.
 */
#ifndef AGREEMENTS_WORDS_H
#define AGREEMENTS_WORDS_H

#include "agreements/decide.h"

#define WORDS_MAX 384 /* bytes with the NUL; under REASON_MAX */

/* "DC_IDENTITY, DC_CHILD" */
void words_of_categories(category_set set, char out[static WORDS_MAX]);
/* "SUSPECT or CONVICTED"; of `capacities` as a clause has them */
void words_of_capacities(uint32_t capacities, char out[static WORDS_MAX]);
/* "csc.cambs, csc.norfolk": whom the question lets it pass on to, and the agreement does not. How
 * many they are. */
uint32_t words_of_onward(const struct question *question, const struct agreement *agreement,
                         char out[static WORDS_MAX]);
/* "OFFICIAL"; "none" */
const char *word_of_marking(int marking);
/* "SUSPECT"; "none" */
const char *word_of_capacity(int capacity);

#endif
