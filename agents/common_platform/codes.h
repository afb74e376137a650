/*
 * codes.h - Common Platform's words as the criminal-justice codes of our bodies: one table each.
 *
 * What a table does not have is not guessed: the functions answer NULL or 0 and the value is listed
 * as not carried. docs/import.md prints these tables; a test holds the two together.
 *
 * Sources: ministryofjustice/bichard7-next-data 6b2cf0a (remand status, plea, verdict, result
 * codes), hmcts/cpp-context-hearing 90557be (result definitions and bail statuses among its test
 * resources), ministryofjustice/court-hearing-event-receiver f3ba9f5 (gender, case initiation).
 */
#ifndef AGENTS_COMMON_PLATFORM_CODES_H
#define AGENTS_COMMON_PLATFORM_CODES_H

#include <stdbool.h>
#include <stddef.h>

/* ---- remand ---- */

struct bail_code {
    const char *code;        /* `bailStatus.code` */
    const char *description; /* `bailStatus.description`, in any case of letters */
    const char *remand;      /* CJS remand status; NULL: there is none */
};
/* Ends with a row whose code is NULL. */
extern const struct bail_code bail_codes[];
/* The row of a code with its description; of a code alone (`description` NULL) only when all rows
 * of that code agree. NULL: unknown. */
const struct bail_code *bail_find(const char *code, const char *description);

/* ---- single words ---- */

struct word {
    const char *from, *to;
};
/* Each ends with a row of NULLs. */
extern const struct word plea_words[];     /* `pleaValue` -> CJS plea */
extern const struct word verdict_words[];  /* `cjsVerdictCode` or `categoryType` -> CJS verdict */
extern const struct word gender_words[];   /* `gender` -> Person.Sex */
extern const struct word language_words[]; /* -> ISO 639-1 */
extern const struct word jurisdiction_words[]; /* `jurisdictionType` */
/* What `from` becomes; NULL: unknown. */
const char *word_find(const struct word words[], const char *from);
/* `initiationCode`: one of J Q S C R O Z. */
bool initiation_is_known(const char *code);

/* ---- results ---- */

/* A judicial result is known by its result code, or by the id of its definition where that says
 * more or the code is missing. */
struct result_code {
    const char *cjs_code; /* NULL: known by its definition alone */
    const char *type_id;  /* `judicialResultTypeId`; NULL: any with this code */
    const char *kind;     /* of Sentence or Requirement; NULL: an ancillary order */
    const char *pnc_code; /* what the body says */
    const char *label;    /* for docs/import.md */
};
/* Gravest first; each ends with a row whose label is NULL. */
extern const struct result_code sentence_codes[];
extern const struct result_code life_codes[];
extern const struct result_code requirement_codes[];
extern const struct result_code ancillary_codes[];
/* Code and definition may be NULL; a row with the definition's id, in letters of either case, is
 * preferred. NULL: it is none of these. */
const struct result_code *result_find(const struct result_code codes[], const char *cjs_code,
                                      const char *type_id);
/* The same of `sentence_codes`; `life`: the term is for life, and custody is then another kind of
 * sentence, by `life_codes`, even when the definition is not known. */
const struct result_code *sentence_find(const char *cjs_code, const char *type_id, bool life);
/* Kinds of sentence that have requirements; ends with NULL. */
extern const char *const requirement_kinds[];
/* The unit that the law counts this kind of requirement in, DurationUnit's name; NULL: any. */
const char *requirement_unit(const char *kind);

#endif
