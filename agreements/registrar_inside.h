/* registrar_inside.h - the registrar's own data, for registrar.c, registrar_ask.c, versions.c,
 * proposal.c, ours.c, key_changes.c and entry.c alone. */
#ifndef AGREEMENTS_REGISTRAR_INSIDE_H
#define AGREEMENTS_REGISTRAR_INSIDE_H

#include "agreements/key_changes.h"
#include "agreements/registrar.h"
#include "agreements/seen.h"

#define SIGNED_AHEAD_MS 300000 /* a signer's clock may be 5 minutes ahead of the entry's time */
#define DAY_MS INT64_C(86400000)

enum fate {
    FATE_PROPOSED = 0, /* open, or its time is over: version_is_open says */
    FATE_IN_FORCE,     /* signed by all; its standing says whether it is suspended */
    FATE_SUPERSEDED,   /* as well */
    FATE_REVOKED,
    FATE_REJECTED,
    FATE_WITHDRAWN
};

/* What a party did about a version. */
struct seat {
    bool is_suspending;
    int64_t last_ms; /* signed_ms of its last REVOKE, SUSPEND or RESUME */
};

/* One text and what became of it; its hash names it. */
struct version {
    struct agreement *agreement;
    bool is_bare;    /* it died, and has but its names: signed_by and seats are NULL */
    bool is_assumed; /* the agreement is the assumed set's, else ours to free */
    bool counts;     /* false: it pins keys that are not ours, and permits nothing here */
    enum fate fate;
    struct id proposal_id;
    struct digest predecessor_hash;
    int64_t expires_ms, since_ms;
    int64_t superseded_ms; /* 0: it is not; whatever came after leaves it */
    char by[AGENCY_MAX + 1];
    char founder[AGENCY_MAX + 1]; /* who proposed it; in force: its id's first version */
    size_t signed_count;
    const char **signed_by; /* owned array of party_count names of the agreement's */
    struct seat *seats;     /* owned; as the agreement's parties */
};

/* Ours of one use. */
struct key_list {
    struct digest *keys; /* owned */
    size_t count;
};

struct registrar {
    char self[AGENCY_MAX + 1]; /* empty: none */
    struct key_list signing, governance;
    struct known_key *known; /* owned */
    size_t known_count;
    struct agreement_set *assumed, *set; /* owned; `set` borrows from versions */
    struct version **versions;           /* owned, each too; by id, version, then as taken */
    size_t version_count, version_room;
    struct version **index; /* owned; of the versions by hash: open addressing, NULL is free */
    size_t index_room;      /* a power of two, at least twice the versions; or 0 */
    struct version **heads; /* of each id what was in force last */
    size_t head_count, head_room;
    struct key_changes changes;
    struct seen seen; /* instruments and proposal ids, each as its mark */
    int64_t now_ms;   /* of the latest entry: time does not go back */
};

/* What judging found, for taking. */
struct ruling {
    struct version *version; /* that the instrument is about; NULL: new, or none */
    struct agreement *text;  /* owned: of a new version */
    size_t party;            /* the signer's place among its parties */
};

/* versions.c */
/* Takes the agreement when it answers; else it stays the caller's. NULL: ST_NOMEM. */
struct version *version_new(struct agreement *agreement, bool is_assumed);
void version_free(struct version *version); /* NULL is fine */
/* A dead one has its names alone from now on. */
void version_strip(struct version *version);
/* A bare one gets its text again, takes the agreement, and is as new. ST_NOMEM: it stays bare. */
enum status version_dress(struct version *version, struct agreement *agreement);
/* Of a version that is in force or was: what its fate and its seats make of it; a draft if it does
 * not count. */
enum standing version_standing(const struct version *version);
/* `array` is a pointer's address: room for one more element of `size` bytes. */
enum status registrar_make_room(void *array, size_t count, size_t *room, size_t size);
/* Room for one more version. */
enum status registrar_reserve(struct registrar *r);
/* There is room. In order of id and version; behind its equals. O(versions). */
void registrar_insert(struct registrar *r, struct version *version);
/* O(1), since a hash is nobody's choice; who tries many texts until theirs meet has signed each,
 * and costs a comparison each. */
struct version *registrar_find(const struct registrar *r, const struct digest *hash);
/* What is in force under the id, or was last; NULL: nothing ever. O(1). */
struct version *registrar_head(const struct registrar *r, const char *id);

/* registrar.c */
bool party_pins_governance(const struct party *party, const struct digest *key);
enum status registrar_refuse(struct reason *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* registrar_ask.c */
/* What the governance keys that the text pins for the party have said last of a signing key, until
 * and with `at_ms`; NULL: nothing. */
const struct key_word *registrar_last_word(const struct registrar *r, const struct party *party,
                                           const struct digest *signing_key, int64_t at_ms);

/* ours.c */
/* Does every pin that we know of agree with what we know? */
bool registrar_may_count(const struct registrar *r, const struct agreement *a);
/* Our own keys are others now, and with them what is ours. O(versions), as often as we change
 * them. */
void registrar_count_again(struct registrar *r);

/* proposal.c */
/* Can it still become active? Once not, never again. */
bool version_is_open(const struct registrar *r, const struct version *v, int64_t now_ms);
/* Is it open, in force, or was it? */
bool version_is_living(const struct registrar *r, const struct version *v, int64_t now_ms);
/* PROPOSE, and ACCEPT, REJECT, WITHDRAW. Answers of registrar_judge, and ST_NOMEM. */
enum status judge_propose(const struct registrar *r, const struct instrument *i, struct bytes text,
                          int64_t now_ms, struct ruling *out, struct reason *why);
enum status judge_proposed(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                           struct ruling *out, struct reason *why);

/* entry.c: acts on what is in force */
enum status judge_standing(const struct registrar *r, const struct instrument *i,
                           struct ruling *out, struct reason *why);
enum status judge_key(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                      struct reason *why);
enum status judge_charter(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                          struct ruling *out, struct reason *why);

#endif
