/*
 * track.h - what is known about one message, sent or received: no content, but the whole ladder.
 *
 * Kept 90 days after the message is done (DUPLICATE_DAYS): it answers `track`, finds duplicates,
 * and says what the next step must name as its predecessor.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_TRACK_H
#define AGENTS_TRACK_H

#include <stdbool.h>

#include "lib/id.h"
#include "lib/merkle.h"
#include "lib/status.h"
#include "lib/store.h"
#include "proto/catalogue.h"
#include "proto/envelope.h"

#define RUNGS_MAX 12   /* 2 of the broker's, 4 steps that hold, and each of 6 kinds once forged */
#define TRACK_MAX 4096 /* bytes of a record */

enum rung_kind {
    RUNG_NONE = 0,
    RUNG_QUEUED,
    RUNG_ACCEPTED,
    RUNG_REFUSED,
    RUNG_DELIVERED,
    RUNG_OPENED,
    RUNG_REJECTED,
    RUNG_ACKNOWLEDGED,
    RUNG_DECLINED,
    RUNG_ANSWERED,
    RUNG_WITHHELD /* accepted, and never handed over: `code' says why */
};

/* Acceptance is the point of law, so neither stops a message; people are told. */
enum lapse {
    LAPSE_NONE = 0,
    LAPSE_EXPIRED,   /* the version it was accepted under has ended since */
    LAPSE_SUPERSEDED /* another version has taken its place since */
};

/* "expired", "superseded"; empty for none. */
const char *lapse_name(enum lapse lapse);
/* "queued"; and back: RUNG_NONE for what is none. */
const char *rung_name(enum rung_kind kind);
enum rung_kind rung_parse(const char *name);

struct rung {
    enum rung_kind kind;
    bool verified; /* its signature was checked here */
    uint32_t code; /* refusal code of refused, rejected and withheld, decline reason of declined */
    int64_t at_ms;
    struct id reply; /* of answered */
    char by[AGENCY_MAX + 1];
};

struct track {
    char way;      /* WAY_OUT or WAY_IN */
    struct id key; /* the message id; for a second message under a taken id, see track_spare_key */
    struct id message_id, share_id, case_handle, conversation_id, in_reply_to;
    char from[AGENCY_MAX + 1], to[AGENCY_MAX + 1];
    char type[TYPE_MAX + 1], purpose[PURPOSE_MAX + 1];
    char agreement_id[AGREEMENT_ID_MAX + 1], clause[CLAUSE_ID_MAX + 1];
    uint32_t agreement_version, schema_version, sequence, retention_days, expires_days;
    int urgency, marking;
    category_set shared;
    int64_t created_ms, needed_by_ms;
    int64_t watch_until_ms; /* of a referral, as header.proto has it; 0: not said */
    int64_t answered_ms;          /* when the broker accepted `answer`; 0: not known */
    struct id answer;             /* the message that answers it; zero: none is known */
    struct digest officer_hash;   /* zero: nobody named */
    struct digest header_digest;  /* zero until it is sealed */
    struct digest agreement_hash; /* of the version's text; zero until it is sealed */
    struct digest wish;           /* of what was asked to be sent: finds a repeat (out) */
    struct digest last_step;      /* of the last recorded step's bytes; zero: none yet */
    uint32_t step_count;          /* in TREE_EVIDENCE: those that hold */
    category_set offending;       /* of the refusal */
    bool agreement_named;         /* agreement_id is the sender's wish: no other will do (out) */
    struct id resent_as;          /* refused as stale, and sent again as this; zero: it was not */
    struct id resent_of;          /* sent again for this, which was; zero: it is nobody's repeat */
    enum lapse lapse;             /* what the version was known to be when it was handed over */
    bool break_glass;             /* under a charter */
    uint32_t rung_count;
    struct rung rungs[RUNGS_MAX];
};

/* A message under an id that another message has already taken: its header digest's first bytes. */
struct id track_spare_key(const struct digest *header_digest);

/* The members that an incoming header gives. */
void track_from_envelope(struct track *track, const struct envelope *e);

/* Adds a rung; false when the ladder is full. */
bool track_add(struct track *track, const struct rung *rung);
/* The same for a step that does not hold: it is shown, once of each kind, and counts for nothing.
 */
void track_add_forged(struct track *track, const struct rung *rung);
/* The rung of this kind that holds, or NULL. */
const struct rung *track_find(const struct track *track, enum rung_kind kind);
/* The last refusal, or NULL: after the broker's, which names a stale version, our own may come. */
const struct rung *track_refusal(const struct track *track);
enum rung_kind track_state(const struct track *track); /* the last rung that holds */
/* Is a message of `type` what the catalogue says to answer this one with? */
bool track_is_answered_by(const struct track *track, const char *type);
/* The same, or what it says to acknowledge this one with. */
bool track_is_replied_to_by(const struct track *track, const char *type);
/* Nothing more that the recipient or the broker says could follow a wait for `kind`. */
bool track_is_over(const struct track *track);

/*   ST_MORE     not there
 *   ST_INVALID  the record is damaged */
enum status track_get(struct txn *txn, char way, const struct id *key, struct track *out);
/* One of ours that was sent again gives way to what was sent in its stead; any other stays. What
 * cannot be read stays too: ST_OK, or what the store says. */
enum status track_follow(struct txn *txn, struct track *track);
enum status track_put(struct txn *txn, const struct track *track);
/* The same for a new one, which becomes the newest by `number`, of all and of its case. */
enum status track_put_new(struct txn *txn, const struct track *track, uint64_t number);
/* With its evidence and its places: among the newest and in its case. */
enum status track_delete(struct txn *txn, char way, const struct id *key, uint64_t number);

/* Calls `visit` for the newest first until it says false. *before: begins there, 0 with the newest
 * of all; gives where what it did not visit begins, 0 when it came to the end. */
enum status track_newest(struct txn *txn, uint64_t *before,
                         bool (*visit)(void *context, const struct track *track), void *context);

/* The record's bytes; public for the fuzzer and the test. */
enum status track_write(const struct track *track, uint8_t *out, size_t room, size_t *size);
enum status track_read(struct bytes record, struct track *out);

#endif
