/*
 * made_agreement.h - agreements at random, as structs and as texts in any spelling.
 *
 *     seed --make--> struct agreement --spell--> text --agreement_parse--> one that is alike
 *
 * Clauses take type, kinds, purpose and gateway from the examples, so that what is made is lawful;
 * all else, also texts that need quotes, is at random. The same seed gives the same.
 */
#ifndef TESTS_UNIT_MADE_AGREEMENT_H
#define TESTS_UNIT_MADE_AGREEMENT_H

#include "agreements/agreement.h"

struct chance {
    uint64_t state;
};

/* 0 to count - 1. */
uint32_t pick(struct chance *chance, uint32_t count);

/* All of agreements/examples, for the caller to free. Ends the test, saying why, when they do not
 * load. */
struct agreement_set *examples_load(void);

/* How large: at least two parties and a clause. */
struct make {
    size_t parties, clauses; /* at most PARTIES_MAX, CLAUSES_MAX; fewer clauses when flows repeat */
    bool charter;
};

/* From `examples`; without text and hash. Ends the test when it cannot. */
struct agreement *agreement_make(struct chance *chance, const struct agreement_set *examples,
                                 const struct make *make);
/* A text for it, with keys, lists and items in any order, in either style, quoted or not, between
 * comments. The caller frees it. */
char *agreement_spell(struct chance *chance, const struct agreement *agreement);
/* All but hash, lines, text, name and standing; `where` says what differs. */
bool agreements_are_alike(const struct agreement *a, const struct agreement *b,
                          struct reason *where);

#endif
