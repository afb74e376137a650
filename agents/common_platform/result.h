/*
 * result.h - what the court decided about a defendant: its judicial results, and the sentence.
 *
 * A result is a sentence when it is final, not deleted, and in the table of codes.h. A defendant's
 * sentence is the gravest of them; it is told with its length, end, requirements and ancillary
 * orders, and every result of the hearing, the sentence's too, is told once more as a line in the
 * court's order.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_RESULT_H
#define AGENTS_COMMON_PLATFORM_RESULT_H

#include "agents/common_platform/codes.h"
#include "agents/common_platform/source.h"

/* The results of one defendant, of the offences, the case and the hearing; deleted ones apart, and
 * so are those of which nobody can say whether they are. */
struct results {
    size_t count, faulty_count;
    const struct result_code *sentence; /* the gravest; NULL: none */
    struct faulty_result {
        struct node *node;
        const char *flag; /* the field that is neither true nor false */
    } * faulty;           /* behind the items */
    struct result {
        struct node *node;
        unsigned offence; /* of the defendant's, from 1; 0: of all */
    } items[];
};

/* NULL: memory is out. free() it. Says of deleted results that they are; who calls says it of the
 * faulty ones. */
struct results *results_of(const struct node *hearing, const struct node *defendant);

/* The result's row of a table; NULL: it is not there. */
const struct result_code *result_code_of(const struct node *result,
                                         const struct result_code codes[]);
/* The row of a result that is a sentence; NULL otherwise. */
const struct result_code *result_sentence_code(const struct node *result);

/* Fills `sentence`, `lines` and `resultDate` of a court.sentence.result; results->sentence is set.
 * `court_ou` is the sentencing court. */
void results_tell(struct source *source, const struct results *results, const char *court_ou,
                  json_t *body);

#endif
