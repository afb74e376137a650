/*
 * agreement.h - one information-sharing agreement, read from its YAML text.
 *
 * The language is finite on purpose: types are enumerated, no wildcards, no negation, no precedence.
 * Read from libyaml events, so that each error has its line and nothing loose is taken: an unknown
 * or repeated key, a bad date, an unknown type, category, purpose or kind, a duplicate clause, a
 * second document, an empty or comment-only file, an alias or a tag are errors.
 *
 * Plain data, immutable once read; threads may share it.
 * Source: docs/agreements.md.
 */
#ifndef AGREEMENTS_AGREEMENT_H
#define AGREEMENTS_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/merkle.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/catalogue.h"

#define KIND_MAX 31        /* bytes before the NUL: "INTERVENTION_PROVIDER" is 21 */
#define TITLE_MAX 127      /* bytes before the NUL */
#define PARTIES_MAX 256    /* of one agreement */
#define CLAUSES_MAX 1024   /* of one agreement */
#define AGREEMENT_FILE_MAX (1024 * 1024) /* bytes */

struct party {
    char agency[AGENCY_MAX + 1];
    char kind[KIND_MAX + 1];
    char contact[TITLE_MAX + 1]; /* single point of contact: a role, not a person */
};

struct clause {
    char id[CLAUSE_ID_MAX + 1];
    const struct message_type *type;
    char from[AGENCY_MAX + 1], to[AGENCY_MAX + 1]; /* an agency id, or a kind in capitals */
    char purpose[PURPOSE_MAX + 1];
    char gateway[GATEWAY_MAX + 1];
    category_set required, allowed; /* allowed includes required */
    bool only_in_reply;
    uint32_t line; /* in the text, for messages */
};

struct agreement {
    char id[AGREEMENT_ID_MAX + 1];
    uint32_t version; /* >= 1 */
    char title[TITLE_MAX + 1];
    int64_t from_ms, review_ms, until_ms; /* in force while from <= now < until; UTC midnights */
    int marking_floor, marking_ceiling;   /* Concordat__Marking */
    uint32_t retention_days;
    size_t onward_count, party_count, clause_count;
    char (*onward)[AGENCY_MAX + 1]; /* owned */
    struct party *parties;          /* owned */
    struct clause *clauses;         /* owned */
    struct digest hash;             /* SHA-256 of the text */
    char *text;                     /* owned, NUL-terminated */
};

/* Reads a whole text. `name` stands in errors ("safe.yaml:12: unknown key `purposes'").
 *   ST_INVALID  `why` has name, line and reason
 *   ST_NOMEM */
enum status agreement_parse(const char *name, const char *text, size_t size,
                            struct agreement **out, struct reason *why);
/* The same from a file; ST_IO when it cannot be read. */
enum status agreement_load(const char *path, struct agreement **out, struct reason *why);
void agreement_free(struct agreement *agreement);
OWN(agreement)

const struct party *agreement_party(const struct agreement *agreement, const char *agency);

/* Every agreement in force or not: a folder's *.yaml, each id once, in order of id. Immutable. */
struct agreement_set;

/* Loads whole or not at all.
 *   ST_INVALID  one file is bad, or two have the same id; `why` says which
 *   ST_IO       the folder or a file cannot be read */
enum status agreement_set_load(const char *folder, struct agreement_set **out, struct reason *why);
/* Takes ownership of `count` agreements (tests, lint). */
enum status agreement_set_take(struct agreement **agreements, size_t count,
                               struct agreement_set **out, struct reason *why);
void agreement_set_free(struct agreement_set *set);
OWN(agreement_set)
size_t agreement_set_count(const struct agreement_set *set);
const struct agreement *agreement_set_at(const struct agreement_set *set, size_t index);
const struct agreement *agreement_set_find(const struct agreement_set *set, const char *id);
/* Is the agency a party of any agreement? */
bool agreement_set_knows(const struct agreement_set *set, const char *agency);

#endif
