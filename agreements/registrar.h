/*
 * registrar.h - which agreements are in force: the fold of published instruments.
 *
 *     gazette entries, in order --registrar_take--> registrar --registrar_set--> decide
 *
 * The broker and every agent keep one each and judge every entry themselves, so that nobody's word
 * but the parties' makes an agreement count; `concordat agreement verify` does the same from files.
 * The rules (docs/agreements.md, life):
 *
 *     draft -> proposed -> active -> superseded | revoked | expired;  also suspended
 *
 * - A version becomes active at the entry with which every party has signed the same bytes, with
 *   governance keys that those bytes pin; in that moment its predecessor is superseded.
 * - PROPOSE and ACCEPT name the predecessor in force, or none; a proposal whose predecessor is gone
 *   or whose time is over, or its text's, is dead. REJECT and WITHDRAW end it.
 * - The same bytes signed again by the same key are known already; signed by another key they are
 *   somebody else's word: two officers authorise one message.
 * - A withdrawn, rejected or revoked hash, an older version, and a proposal id seen before never
 *   become active again.
 * - A text that dies before it was in force is forgotten but for its names. Nobody takes all the
 *   room: of an id's open proposals one agency has a quarter, and it founds AGREEMENTS_EACH ids.
 * - REVOKE, SUSPEND and RESUME are a party's of a version in force or superseded, of that version
 *   alone, each newer than its last one. A superseded one that is suspended or revoked withholds
 *   what was accepted under it.
 * - A party's suspension passes to the version that supersedes, if it is a party of that: its own
 *   RESUME ends it there, and another one at the old version.
 * - With a version in force, PROPOSE is a party's of that version too, by a key that it pins:
 *   nobody else can put a text of their own in its place.
 * - REVIEW and REINSTATE are a party's of the newest version of the charter, by a key that it pins,
 *   whatever version they name; AUTHORISE is signed within AUTHORISED_MS before its entry.
 * - A text that pins for ourselves a key that is not ours, present or past, permits nothing here;
 *   nor one that pins for anybody another governance key than the join pack. A signing key that our
 *   governance key has added is ours too, and one that it has ended signs nothing. What is not ours
 *   supersedes, and is superseded, as everywhere: who folds the same entries has the same heads.
 *
 * Time is the entry's, and does not go back. Threads: one owner.
 */
#ifndef AGREEMENTS_REGISTRAR_H
#define AGREEMENTS_REGISTRAR_H

#include "agreements/instrument.h"

#define OPEN_PROPOSALS_MAX 16  /* open at once, of one agreement id */
#define OPEN_PROPOSALS_EACH 64 /* open at once, proposed by one agency, of whatever ids */
#define OPEN_PROPOSALS_SHARE 4 /* open at once, proposed by one agency, of one id */
#define AGREEMENTS_EACH 256    /* ids of which one agency proposed the first version */
#ifndef VERSIONS_MAX           /* a test has room for few */
#define VERSIONS_MAX 65536     /* texts that are open, in force or were */
#endif

struct registrar;

/* A governance key that the join pack gives. */
struct known_key {
    char agency[AGENCY_MAX + 1];
    struct digest governance;
};

struct registrar_rules {
    const char *self;             /* our agency; NULL at the broker */
    const struct digest *signing; /* copied; ours, those of before a rollover too: */
    size_t signing_count;         /* what pins them stays ours; ROLLs by `governance` join them */
    const struct digest *governance; /* the same; none: not checked */
    size_t governance_count;
    const struct known_key *known; /* copied; of the join pack */
    size_t known_count;
};

/* `assumed` is taken, also when it fails; NULL is none: agreements in force without signatures,
 * each with a hash of its own, for tests and simulation; daemons give NULL. */
enum status registrar_new(const struct registrar_rules *rules, struct agreement_set *assumed,
                          struct registrar **out);
void registrar_free(struct registrar *registrar); /* NULL is fine */
OWN(registrar)

/* Would this verified instrument be taken now? `text` is a proposal's, else empty.
 *   ST_OK       yes
 *   ST_MORE     it stands here already
 *   ST_INVALID  no; `why` says why and names nobody but the parties
 *   ST_NOMEM    it cannot be said */
enum status registrar_judge(const struct registrar *registrar, const struct instrument *instrument,
                            struct bytes text, int64_t now_ms, struct reason *why);
/* The same, and takes it. A version that is not ours comes into force with the standing of a draft.
 * ST_NOMEM besides. */
enum status registrar_take(struct registrar *registrar, const struct instrument *instrument,
                           struct bytes text, int64_t at_ms, struct reason *why);

/* In force, suspended, revoked or not ours: what decide looks at, each by its standing. Valid until
 * the next registrar_take. */
struct agreement_set *registrar_set(const struct registrar *registrar);
/* The version with this hash, whatever became of it (its standing says), or NULL. One that was
 * rejected, withdrawn or lapsed is a draft and only names itself (agreement_strip). For hand-over:
 * what was accepted under a version that is revoked or suspended since is withheld. O(1). */
const struct agreement *registrar_version(const struct registrar *registrar,
                                          const struct digest *hash);
/* When another version took the place of the one with this hash: the time of that entry, whatever
 * came of either since. 0: none has. O(1). */
int64_t registrar_superseded_ms(const struct registrar *registrar, const struct digest *hash);
/* May the agency sign under this agreement with this key what was accepted at `at_ms`, the broker's
 * time? Pins, and ROLLs and RETIREs whose entries came no later: what was accepted with a key that
 * counted then stays good when the key is retired on its way. Compares O(log changes) keys. */
bool registrar_signer_counts(const struct registrar *registrar, const struct agreement *agreement,
                             const char *agency, const struct digest *signing_key, int64_t at_ms);
#define SIGNED_NOW INT64_MAX /* `at_ms` of what is to be accepted yet */

/* What a proposal still lacks, for people. */
struct registrar_row {
    const struct agreement *agreement; /* rejected, withdrawn, lapsed: its names and dates alone */
    const char *state; /* "proposed" "not yet in force" "active" "expired" "suspended" "superseded"
                          "superseded, suspended" "revoked" "rejected" "withdrawn" "lapsed"
                          "not ours" */
    struct id proposal_id;
    struct digest predecessor_hash;
    int64_t proposal_expires_ms, since_ms;
    const char *by;      /* who proposed, rejected, suspended ... */
    size_t signed_count; /* parties that have signed, of agreement->party_count; 0 if it died */
    const char *const *signed_by;
};
/* Every version known, in order of id and version; false from `visit` ends it. */
void registrar_each(const struct registrar *registrar, int64_t now_ms,
                    bool (*visit)(void *context, const struct registrar_row *row), void *context);

#endif
