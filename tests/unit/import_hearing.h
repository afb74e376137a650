/*
 * import_hearing.h - hearings made from their parts, and what they became, for the tests of import.
 *
 * Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_IMPORT_HEARING_H
#define TESTS_UNIT_IMPORT_HEARING_H

#include "tests/unit/unit.h"

#include <jansson.h>

#include "agents/common_platform/hearing.h"

#define NOW 1782864000000 /* 2026-07-01 */

#define OFFENCE "{\"offenceCode\":\"TH68010\"}"
#define DETAILS(name) "\"personDefendant\":{\"personDetails\":{\"lastName\":\"" name "\"}}"
#define PERSON(name) "\"id\":\"d-" name "\"," DETAILS(name)
#define DEFENDANT "{" PERSON("Example") ",\"offences\":[" OFFENCE "]}"
#define LESSER ",\"lesserOrAlternativeOffence\":{\"offenceCode\":\"TH68010\"}"
#define DAY "{\"sittingDay\":\"2026-06-15T09:30:00.000Z\"}"
#define COURT "\"courtCentre\":{\"code\":\"B35CZ00\"}"

extern const struct hearing_settings settings; /* of court B35CZ00, now */

/* A hearing with this list of defendants; free() it. */
char *hearing_of(const char *defendants);
/* What it becomes; the caller's. */
struct hearing_messages *convert(const char *text);
struct hearing_messages *convert_defendants(const char *defendants);
/* The body of message `index`; json_decref() it. */
json_t *body(const struct hearing_messages *messages, size_t index);
/* Why the leaf at `path` was left out; NULL: it was not. */
const char *left_out(const struct hearing_messages *messages, const char *path);
void expect_left_out(const struct hearing_messages *messages, const char *path, const char *why);

/* ---- groups of tests of this executable; each says how many have failed ---- */

int import_people_tests(void);  /* import_people.c */
int import_results_tests(void); /* import_results.c */

#endif
