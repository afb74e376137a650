/*
 * person.h - is this the person of our record?
 *
 * Records are a list of objects that each hold a `person` as bodies write one. What is unsure is
 * said to be unsure: a wrong match puts somebody else's life into a court report.
 */
#ifndef AGENTS_ROLES_PERSON_H
#define AGENTS_ROLES_PERSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum match {
    MATCH_UNSURE = 0, /* too little was given, several fit, or what was given disagrees */
    MATCH_NONE,
    MATCH_ONE
};

/* The value of an identifier by type ("PNC"), the first of them with `which` 0; "" when the person
 * has no more. The agent has put it in canonical form, so equal means the same. */
const char *person_identifier(const json_t *person, const char *type, size_t which);
bool person_has_identifier(const json_t *person, const char *type, const char *value);
/* Have both identifiers of this type, and is each of `person` one of `kept`? */
bool person_numbers_agree(const json_t *person, const json_t *kept, const char *type);

/* By identifiers of the `types` (ends with NULL), and by nothing else. Unsure when none is given,
 * when any of them leads elsewhere than another or is not the record's, or when name and day of
 * birth are both given and neither is the record's. `record` is borrowed. */
enum match person_find_by_identifier(const json_t *records, const json_t *person,
                                     const char *const types[], const json_t **record);
/* By a name or alias of either side together with the date of birth, and by identifiers of `type`
 * where some are given; they must agree. */
enum match person_find_by_name(const json_t *records, const json_t *person, const char *type,
                               const json_t **record);

#endif
