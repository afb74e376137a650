/*
 * agreement.h - one information-sharing agreement, read from its YAML text; and the set in force.
 *
 * The language is finite on purpose: types are enumerated, no wildcards, no negation, no
 * precedence. Read from libyaml events, so that each error has its line and nothing loose is taken:
 * an unknown or repeated key, a bad date, an unknown type, category, purpose or kind, a duplicate
 * clause, a second document, an empty or comment-only file, an alias or a tag are errors.
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

#define KIND_MAX 31                      /* bytes before the NUL: "INTERVENTION_PROVIDER" is 21 */
#define TITLE_MAX 127                    /* bytes before the NUL */
#define PARTIES_MAX 256                  /* of one agreement */
#define CLAUSES_MAX 1024                 /* of one agreement */
#define ONWARD_AGENCIES_MAX 256          /* of one agreement */
#define RETENTION_DAYS_MAX 36500         /* a hundred years */
#define VERSION_MAX 999999               /* of one agreement */
#define AGREEMENTS_MAX 4096              /* of one set */
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
    char owner[TITLE_MAX + 1];            /* empty = none named */
    char dpia[TITLE_MAX + 1];             /* reference of the impact assessment; empty = none */
    int64_t from_ms, review_ms, until_ms; /* in force while from <= now < until; UTC midnights */
    int marking_floor, marking_ceiling;   /* Concordat__Marking */
    uint32_t retention_days;
    size_t onward_count, party_count, clause_count;
    char (*onward)[AGENCY_MAX + 1]; /* owned; in order */
    struct party *parties;          /* owned; in order of agency */
    struct clause *clauses;         /* owned; in order of id */
    struct digest hash;             /* SHA-256 of the text */
    char *text;                     /* owned, NUL-terminated */
    char *name;                     /* owned: what agreement_parse was given */
};

/* Reads a whole text. `name` stands in errors ("safe.yaml:12: unknown key `purposes'").
 *   ST_INVALID  `why` has name, line and reason
 *   ST_NOMEM */
enum status agreement_parse(const char *name, const char *text, size_t size, struct agreement **out,
                            struct reason *why);
/* The same from a file; ST_IO when it cannot be read (`why` says so). */
enum status agreement_load(const char *path, struct agreement **out, struct reason *why);
void agreement_free(struct agreement *agreement);
OWN(agreement)

/* NULL when there is none. O(log n). */
const struct party *agreement_party(const struct agreement *agreement, const char *agency);
const struct clause *agreement_clause(const struct agreement *agreement, const char *id);
/* May the agency receive onward what this agreement shared? */
bool agreement_allows_onward(const struct agreement *agreement, const char *agency);

/* May an agreement be used? Zero refuses. The one place that says so: here its parties' signatures,
 * its suspension and its revocation join the dates. */
enum agreement_state {
    AGREEMENT_STATE_NOT_YET = 0,
    AGREEMENT_STATE_ACTIVE,
    AGREEMENT_STATE_EXPIRED
};
enum agreement_state agreement_state_at(const struct agreement *agreement, int64_t now_ms);
const char *
agreement_state_name(enum agreement_state state); /* "not yet in force", "active", "expired" */

/* Every agreement, in force or not, each id once, in order of id. Immutable. (set.c) */
struct agreement_set;

/* A folder's *.yaml; loads whole or not at all. An empty folder permits nothing.
 *   ST_INVALID  one file is bad, or two have the same id; `why` says which
 *   ST_LIMIT    AGREEMENTS_MAX
 *   ST_NOMEM
 *   ST_IO       the folder or a file cannot be read; `why` says which */
enum status agreement_set_load(const char *folder, struct agreement_set **out, struct reason *why);
/* Takes ownership of `count` agreements, also when it fails (tests, lint); not of the array. */
enum status agreement_set_take(struct agreement **agreements, size_t count,
                               struct agreement_set **out, struct reason *why);
void agreement_set_free(struct agreement_set *set);
OWN(agreement_set)
size_t agreement_set_count(const struct agreement_set *set);
const struct agreement *agreement_set_at(const struct agreement_set *set, size_t index);
/* NULL when there is none. O(log n). */
const struct agreement *agreement_set_find(const struct agreement_set *set, const char *id);
/* Is the agency a party of any agreement? O(log n). */
bool agreement_set_knows(const struct agreement_set *set, const char *agency);

#endif
