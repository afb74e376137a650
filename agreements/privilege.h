/*
 * privilege.h - break-glass: who authorised what, how often an agency used it, what its reviews
 * said.
 *
 *     gazette: authorisations, uses, reviews --fold--> privileges --privilege_of--> question of
 * decide
 *
 * Under a charter (an agreement that says so) a message goes when two different officers of the
 * sender authorised exactly it, within AUTHORISED_MS, while the agency has uses left and its
 * privilege is not suspended. Every use is to be reviewed within the charter's time. Not reviewed
 * in time, or not upheld: the agency's privilege under that charter is suspended until the
 * charter's owner reinstates it, or another party when it is the owner's. Nobody reviews what they
 * authorised. All of it is folded from what was published, so that whoever
 * folds it agrees and a restart changes nothing. The broker folds all of it, an agent what it is
 * told of (agents/glass.h).
 *
 * Bounded: what is older than PRIVILEGE_DAYS and settled is forgotten. Threads: one owner.
 * Source: UK GDPR art. 6(1)(d), 9(2)(c); docs/agreements.md, break-glass.
 */
#ifndef AGREEMENTS_PRIVILEGE_H
#define AGREEMENTS_PRIVILEGE_H

#include "agreements/agreement.h"
#include "lib/id.h"

#define AUTHORISED_MS INT64_C(3600000) /* an authorisation stands an hour */
#define USES_MS INT64_C(86400000)      /* "a day" is any 24 hours: midnight gives nothing back */
#define FREQUENT_MS INT64_C(3600000)   /* within which uses are frequent */
#define FREQUENT_USES 3        /* as many in FREQUENT_MS are pointed out to who reviews them */
#define PRIVILEGE_DAYS 90      /* settled uses and suspensions lifted are kept so long */
#define AUTHORISATIONS_EACH 64 /* of one agency at once: its oldest makes room */

struct privileges;

/* NULL when memory is out. */
struct privileges *privileges_new(void);
void privileges_free(struct privileges *privileges); /* NULL is fine */
OWN(privileges)

/* One message that an officer authorises, or that was sent under a charter. Strings borrowed, none
 * NULL. */
struct breach_of_glass {
    const char *charter; /* agreement id */
    const char *clause;
    const char *agency, *counterpart;
    const struct id *message_id;
};

/* Who signed: struct instrument's officer and key. Borrowed. */
struct credential {
    const char *officer; /* code within the agency; empty: a governance key, of no one officer */
    const struct digest *key;
};

/* An officer's word. The same officer twice for one message counts once, and so does one key under
 * two names. ST_NOMEM. */
enum status privilege_authorise(struct privileges *privileges, const struct breach_of_glass *use,
                                const struct credential *officer, int64_t at_ms);
/* It was accepted; reviewed it must be until `due_ms`. Whose authorisations stand then, have used
 * it. ST_MORE: known already. ST_NOMEM. */
enum status privilege_use(struct privileges *privileges, const struct breach_of_glass *use,
                          int64_t at_ms, int64_t due_ms);
/* A review of that message by somebody of that agency.
 *   ST_MORE     no such use, or it has been reviewed before
 *   ST_INVALID  it comes from an officer who used it, or by a key of one: it does not count
 *   ST_NOMEM */
enum status privilege_review(struct privileges *privileges, const struct id *message_id,
                             const char *agency, const struct credential *reviewer, bool upheld);
/* Its review is overdue: published by the broker, so that all know it at the same place. ST_MORE as
 * above. */
enum status privilege_lapse(struct privileges *privileges, const struct id *message_id);
/* ST_MORE: it was not suspended. */
enum status privilege_reinstate(struct privileges *privileges, const char *charter,
                                const char *agency);

/* What decide wants to know. */
struct privilege {
    uint32_t officers;    /* different ones that authorised this message in time */
    uint32_t uses_today;  /* accepted in the USES_MS before now */
    uint32_t uses_lately; /* the same in FREQUENT_MS */
    bool suspended;
};
struct privilege privilege_of(const struct privileges *privileges,
                              const struct breach_of_glass *use, int64_t now_ms);
/* The same as it stood when this very message was accepted, without itself. False: no such use. */
bool privilege_when_used(const struct privileges *privileges, const struct breach_of_glass *use,
                         struct privilege *out);

/* The next use whose review is overdue at `now_ms` and for which nothing was published; false:
 * none. Strings and id are borrowed until the next call that changes something. */
bool privilege_next_overdue(const struct privileges *privileges, int64_t now_ms,
                            struct breach_of_glass *out);
/* The use that a message id names; false: none. For who may review it. */
bool privilege_find(const struct privileges *privileges, const struct id *message_id,
                    struct breach_of_glass *out);

#endif
