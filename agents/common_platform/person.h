/*
 * person.h - a defendant of the court's message as the person of our bodies.
 *
 * Identifiers are brought into their canonical form; one that fails its check is left out, with the
 * reason, and the body says that it is missing. A number that others fill in where there is none
 * (a dummy) is left out too.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_PERSON_H
#define AGENTS_COMMON_PLATFORM_PERSON_H

#include <stdint.h>

#include "agents/common_platform/source.h"

/* A new Person. `today` is 20260701. With neither surname nor forename there is none: NULL. */
json_t *person_of(struct source *source, struct node *defendant, uint32_t today);
/* A new list of addresses; NULL when there is none. */
json_t *person_addresses(struct source *source, struct node *defendant);
/* The arrest summons number in canonical form in `body`'s field; nothing when it is not sound. */
void person_asn(struct source *source, json_t *body, const char *field, struct node *defendant,
                uint32_t today);
/* A company, which is no subject of probation? */
bool person_is_company(const struct node *defendant);

#endif
