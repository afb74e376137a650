/*
 * person.h - is this the person of our record?
 *
 * Records are a list of objects that each hold a `person` as bodies write one. What is unsure is
 * said to be unsure: a wrong match puts somebody else's life into a court report.
 */
#ifndef AGENTS_ROLES_PERSON_H
#define AGENTS_ROLES_PERSON_H

#include <jansson.h>

enum match {
    MATCH_UNSURE = 0, /* too little was given, several fit, or what was given disagrees */
    MATCH_NONE,
    MATCH_ONE
};

/* The value of an identifier by type ("PNC"); "" when the person has none. The agent has put it in
 * canonical form, so equal means the same. */
const char *person_identifier(const json_t *person, const char *type);
/* By identifiers of the `types` (ends with NULL), and by nothing else. Unsure when none is given,
 * or when one leads elsewhere than another. `record` is borrowed. */
enum match person_find_by_identifier(const json_t *records, const json_t *person,
                                     const char *const types[], const json_t **record);
/* By name or alias together with the date of birth, and by an identifier of `type` where one is
 * given; they must agree. */
enum match person_find_by_name(const json_t *records, const json_t *person, const char *type,
                               const json_t **record);

#endif
