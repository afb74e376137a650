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
 * - REVOKE, SUSPEND and RESUME are a party's of a version in force or superseded, of that version
 *   alone, each newer than its last one. A superseded one that is suspended or revoked withholds
 *   what was accepted under it.
 * - A party's suspension passes to the version that supersedes, if it is a party of that: its own
 *   RESUME ends it there, and another one at the old version.
 * - With a version in force, PROPOSE is a party's of that version too, by a key that it pins:
 *   nobody else can put a text of their own in its place.
 * - A text that pins for ourselves other keys than ours, present or past, never counts here; nor
 * one that pins for anybody another governance key than the join pack.
 *
 * Time is the entry's, and does not go back. Threads: one owner.
 */
#ifndef AGREEMENTS_REGISTRAR_H
#define AGREEMENTS_REGISTRAR_H

#include "agreements/instrument.h"

#define OPEN_PROPOSALS_MAX 16  /* open at once, of one agreement id */
#define OPEN_PROPOSALS_EACH 64 /* open at once, proposed by one agency, of whatever ids */
#define VERSIONS_MAX 65536     /* texts in all, whatever became of them */

struct registrar;

/* A governance key that the join pack gives. */
struct known_key {
    char agency[AGENCY_MAX + 1];
    struct digest governance;
};

struct registrar_rules {
    const char *self;                /* our agency; NULL at the broker */
    const struct digest *signing;    /* copied; ours, those of before a rollover too: */
    size_t signing_count;            /* what pins them stays ours. None at the broker */
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
/* The same, and takes it. A proposal that this registrar cannot count (keys that are not ours) is
 * kept and never becomes active. ST_NOMEM besides. */
enum status registrar_take(struct registrar *registrar, const struct instrument *instrument,
                           struct bytes text, int64_t at_ms, struct reason *why);

/* In force, suspended or revoked: what decide looks at. Valid until the next registrar_take. */
struct agreement_set *registrar_set(const struct registrar *registrar);
/* The version with this hash, whatever became of it (its standing says), or NULL. For hand-over:
 * what was accepted under a version that is revoked or suspended since is withheld. O(1). */
const struct agreement *registrar_version(const struct registrar *registrar,
                                          const struct digest *hash);
/* May the agency sign under this agreement with this key? Pins and later ROLLs and RETIREs. */
bool registrar_signer_counts(const struct registrar *registrar, const struct agreement *agreement,
                             const char *agency, const struct digest *signing_key);

/* What a proposal still lacks, for people. */
struct registrar_row {
    const struct agreement *agreement;
    const char *state; /* "proposed" "not yet in force" "active" "expired" "suspended" "superseded"
                          "superseded, suspended" "revoked" "rejected" "withdrawn" "lapsed"
                          "not ours" */
    struct id proposal_id;
    struct digest predecessor_hash;
    int64_t proposal_expires_ms, since_ms;
    const char *by;      /* who proposed, rejected, suspended ... */
    size_t signed_count; /* parties that have signed, of agreement->party_count */
    const char *const *signed_by;
};
/* Every version known, in order of id and version; false from `visit` ends it. */
void registrar_each(const struct registrar *registrar, int64_t now_ms,
                    bool (*visit)(void *context, const struct registrar_row *row), void *context);

#endif
