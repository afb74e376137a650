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

#include "agreements/names.h"
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

#define PINNED_MAX 4         /* keys of one party for one use */
#define ROLES_MAX 64         /* different roles that clauses escalate to */
#define LADDER_MAX 4         /* roles of one escalation ladder */
#define EXPECTATIONS_MAX 64  /* of one agreement */
#define AT_LEAST_MAX 1000000 /* messages a day */
#define TRIALS_MAX 256       /* test cases of one agreement */

#define USES_PER_DAY_MAX 100        /* of one agency under a charter */
#define SMALL_NUMBER_FLOOR_MAX 1000 /* counts */
#define BREACH_HOURS_MAX 720        /* thirty days */

/* Time that a clause gives: plain, or counted in the recipient's working calendar. Zero: none. */
struct span {
    uint32_t minutes; /* of working time: 450 a working day */
    bool working;
};

enum calendar {
    CALENDAR_ENGLAND_AND_WALES = 1, /* Monday to Friday but bank holidays, 09:00 to 16:30 */
    CALENDAR_ALWAYS                 /* day and night */
};

struct party {
    char agency[AGENCY_MAX + 1];
    char kind[KIND_MAX + 1];
    char contact[TITLE_MAX + 1];      /* single point of contact: a role, not a person */
    char dpo[TITLE_MAX + 1];          /* data protection officer: a role; empty = none named */
    char out_of_hours[TITLE_MAX + 1]; /* the desk that answers then; empty = none */
    enum calendar calendar;
    /* SHA-256 of each SubjectPublicKeyInfo that counts for this party; none: it cannot be signed */
    size_t signing_count, governance_count;
    struct digest signing[PINNED_MAX], governance[PINNED_MAX];
};

struct clause {
    char id[CLAUSE_ID_MAX + 1];
    const struct message_type *type;
    char from[AGENCY_MAX + 1], to[AGENCY_MAX + 1]; /* an agency id, or a kind in capitals */
    char purpose[PURPOSE_MAX + 1];
    char gateway[GATEWAY_MAX + 1];
    category_set required, allowed; /* allowed includes required */
    bool only_in_reply;
    bool only_by_holder; /* of the case */
    uint32_t capacities; /* bit n: the subject may stand in SubjectCapacity n; 0 = in any */
    struct span acknowledge, decide, answer; /* within */
    struct span close;                       /* within, after the watch is over */
    uint8_t ladder_count;
    uint16_t ladder[LADDER_MAX]; /* in the agreement's roles: whom silence is told, in order */
    uint32_t small_number_floor; /* counts below it are suppressed; 0 = no statistics */
    uint32_t line;               /* in the text, for messages */
};

/* After one message, another is to come: `after', `then', `within'; and, when it repeats, another
 * within the same after that, until their conversation ends. `from' says whose it is, when it is
 * not the sides' own. Or: an agency normally sends at least so many a working day: `from', `type',
 * `at_least', and the former are empty. */
struct expectation {
    char id[CLAUSE_ID_MAX + 1];
    const struct message_type *after, *then;
    struct span within;
    bool repeats;                    /* `every' stands in the place of `within' */
    char from[AGENCY_MAX + 1];       /* an agency id, or a kind in capitals: each agency of it; of
                                      * the first form one party alone, or empty */
    const struct message_type *type; /* NULL: of any type, under this agreement */
    uint32_t at_least;               /* 0: it is the first form */
    uint16_t tell;                   /* in roles: who hears when it did not */
    uint32_t line;
};

/* A test case that the text itself states. */
struct trial {
    char name[TITLE_MAX + 1];
    char from[AGENCY_MAX + 1], to[AGENCY_MAX + 1];
    char type[TYPE_MAX + 1];
    char purpose[PURPOSE_MAX + 1]; /* empty: the clause's */
    category_set categories;
    bool in_reply;
    int capacity;  /* Concordat__SubjectCapacity; 0 = unsaid */
    int64_t on_ms; /* the day; 0 = the first day in force */
    int expected;  /* Concordat__RefusalCode; 0 = permitted */
    uint32_t line;
};

/* What gives a text force. Zero refuses. */
enum standing {
    STANDING_DRAFT = 0, /* nobody's word: permits nothing */
    STANDING_ASSUMED,   /* taken as signed, pins not looked at: analysis, tests and simulation */
    STANDING_ACTIVE,    /* signed by every party */
    STANDING_SUSPENDED,
    STANDING_REVOKED,
    STANDING_SUPERSEDED /* by a later version: what was accepted under it is still handed over */
};

/* What every decision reads stands first. */
struct agreement {
    char id[AGREEMENT_ID_MAX + 1];
    uint32_t version;                     /* >= 1 */
    enum standing standing;               /* the registrar's alone to change */
    struct digest hash;                   /* SHA-256 of the text */
    int64_t from_ms, review_ms, until_ms; /* in force while from <= now < until; UTC midnights */
    int marking_floor, marking_ceiling;   /* Concordat__Marking */
    uint32_t retention_days;
    bool is_charter;           /* break-glass: every clause wants two officers */
    uint32_t uses_per_day;     /* of an agency under the charter */
    struct span review_within; /* of each use */
    size_t onward_count, party_count, clause_count, role_count, expectation_count, trial_count;
    char (*onward)[AGENCY_MAX + 1];   /* owned; in order */
    struct party *parties;            /* owned; in order of agency */
    struct clause *clauses;           /* owned; in order of id */
    char (*roles)[TITLE_MAX + 1];     /* owned; by first mention, clauses in order of id */
    struct expectation *expectations; /* owned; in order of id */
    struct trial *trials;             /* owned; as they stand */
    struct names by_agency, by_id;    /* owned; of parties and of clauses */
    char title[TITLE_MAX + 1];
    char owner[AGENCY_MAX + 1];         /* a party, told of what goes wrong; empty = every party */
    char dpia[TITLE_MAX + 1];           /* reference of the impact assessment; empty = none */
    char subject_access[TITLE_MAX + 1]; /* desk for requests by subjects; empty = none */
    char foi[TITLE_MAX + 1];            /* desk for freedom of information; empty = none */
    char breach_contact[TITLE_MAX + 1]; /* desk that hears of a breach; empty = none */
    uint32_t breach_report_hours;       /* within which it hears; 0 = none given */
    char *text;                         /* owned, NUL-terminated */
    char *name;                         /* owned: what agreement_parse was given */
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

/* Leaves what names it: id, version, hash, title, dates. No parties, no clauses; the text is empty.
 * For one that was never in force. */
void agreement_strip(struct agreement *agreement);

/* NULL when there is none. O(1). */
const struct party *agreement_party(const struct agreement *agreement, const char *agency);
/* Is the agency a party that fits `side', a clause's from or to: its id or its kind? */
bool agreement_fits(const struct agreement *agreement, const char *side, const char *agency);
const struct clause *agreement_clause(const struct agreement *agreement, const char *id);
/* The same of an expectation. O(n): there are few. */
const struct expectation *agreement_expectation(const struct agreement *agreement, const char *id);
/* The party that an expectation of the first form names in `from'; NULL: it names none. O(n) */
const struct party *agreement_named(const struct agreement *agreement, const struct expectation *e);
/* The first clause that lets `from' send the type to `to'; NULL: none does. O(clauses) */
const struct clause *agreement_clause_for(const struct agreement *agreement,
                                          const struct message_type *type, const char *from,
                                          const char *to);
/* May the agency receive onward what this agreement shared? */
bool agreement_allows_onward(const struct agreement *agreement, const char *agency);

/* May an agreement be used? Zero refuses. The one place that says so: its parties' signatures, its
 * suspension and its revocation join the dates here. */
enum agreement_state {
    AGREEMENT_STATE_DRAFT = 0,
    AGREEMENT_STATE_NOT_YET,
    AGREEMENT_STATE_ACTIVE,
    AGREEMENT_STATE_EXPIRED,
    AGREEMENT_STATE_SUSPENDED,
    AGREEMENT_STATE_REVOKED,
    AGREEMENT_STATE_SUPERSEDED
};
enum agreement_state agreement_state_at(const struct agreement *agreement, int64_t now_ms);
const char *
agreement_state_name(enum agreement_state state); /* "not yet in force", "active", "expired" */

/* The text again, in one spelling: agreement_parse gives an equal agreement but for hash and lines.
 * NUL-terminated, which `size` does not count. Looks at the members, not at `text`.
 *   ST_LIMIT    `room` is too small, or it would be over AGREEMENT_FILE_MAX; `out` holds a part */
enum status agreement_print(const struct agreement *agreement, char *out, size_t room,
                            size_t *size);

/* Every agreement, in force or not, each id once, in order of id. Immutable. (set.c) */
struct agreement_set;

/* A folder's *.yaml; loads whole or not at all. An empty folder permits nothing.
 *   ST_INVALID  one file is bad, or two have the same id; `why` says which
 *   ST_LIMIT    AGREEMENTS_MAX
 *   ST_NOMEM
 *   ST_IO       the folder or a file cannot be read; `why` says which */
enum status agreement_set_load(const char *folder, struct agreement_set **out, struct reason *why);
/* Takes ownership of `count` agreements, also when it fails; not of the array. Drafts among them
 * are taken as signed (STANDING_ASSUMED): analysis, tests and simulation. agreement_set_load the
 * same. */
enum status agreement_set_take(struct agreement **agreements, size_t count,
                               struct agreement_set **out, struct reason *why);
/* Borrows them, as they stand; each must outlive the set. The registrar's. */
enum status agreement_set_borrow(struct agreement *const *agreements, size_t count,
                                 struct agreement_set **out);
void agreement_set_free(struct agreement_set *set);
OWN(agreement_set)
size_t agreement_set_count(const struct agreement_set *set);
const struct agreement *agreement_set_at(const struct agreement_set *set, size_t index);
/* The same, for its owner to change the standing: the registrar, and an analysis that supposes one.
 */
struct agreement *agreement_set_own(struct agreement_set *set, size_t index);
/* NULL when there is none. O(1). */
const struct agreement *agreement_set_find(const struct agreement_set *set, const char *id);
/* Is the agency a party of any agreement? O(log n). */
bool agreement_set_knows(const struct agreement_set *set, const char *agency);

#endif
