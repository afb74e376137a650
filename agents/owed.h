/*
 * owed.h - what is to come by when, to this agency and from it: as the broker's clocks have it
 * (agreements/clock.h), computed here from the same agreement and the same time of acceptance.
 *
 *     accepted --owed_put--> TREE_OWED --owed_each--> `concordat due'     what stops it
 * --owed_stop-->
 *
 * In order of time, so that a list costs what it shows. Found again by conversation, or by case for
 * what an agreement expects.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_OWED_H
#define AGENTS_OWED_H

#include "agreements/agreement.h"
#include "lib/id.h"
#include "lib/store.h"
#include "proto/evidence.pb-c.h"

struct owed {
    int64_t due_ms;
    int64_t started_ms; /* its message was accepted; 0: not known here */
    Concordat__ClockKind kind;
    uint8_t place; /* tells several of one kind and message apart */
    bool by_us;    /* else to us */
    struct id message_id, conversation_id, case_handle;
    char other[AGENCY_MAX + 1];
    char type[TYPE_MAX + 1];     /* of the message */
    char expected[TYPE_MAX + 1]; /* to come; empty: a step */
    char role[TITLE_MAX + 1];    /* whom the agreement tells; empty: nobody */
    /* EXPECTED: whose id; empty: as told with a case, which does not say */
    char agreement_id[AGREEMENT_ID_MAX + 1], expectation[CLAUSE_ID_MAX + 1];
    bool is_shared; /* EXPECTED: by several messages, so that no one of them undoes it */
    bool is_behind; /* EXPECTED: the same is, by one before it. Kept and listed nowhere: what meets
                       that may have been said before this was */
    struct id met_by; /* our message that came for it, and is not delivered yet: until then it is
                         kept, and listed nowhere. Zero: nothing came */
};

enum status owed_put(struct txn *txn, const struct owed *owed);
/* Calls `visit` for what is due at `from_ms` or later, the soonest first, until it says false; it
 * must not write. */
enum status owed_each(struct txn *txn, int64_t from_ms,
                      bool (*visit)(void *context, const struct owed *owed), void *context);

/* The same for those behind `after'. */
enum status owed_each_after(struct txn *txn, const struct owed *after,
                            bool (*visit)(void *context, const struct owed *owed), void *context);
/* It is due at another time. */
enum status owed_move(struct txn *txn, const struct owed *owed, int64_t due_ms);

/* What becomes of one. */
enum owed_fate {
    OWED_STAYS = 0,
    OWED_ENDS,
    OWED_CHANGES /* `judge' has changed it; never due_ms. It may ask about others, not change them
                  */
};
enum owed_by {
    OWED_OF_CONVERSATION = 'v',
    OWED_OF_CASE = 'c' /* those that an agreement expects */
};
/* Asks `judge` about each of a conversation's or case's, and does as it says. O(those) */
enum status owed_stop(struct txn *txn, enum owed_by by, const struct id *id,
                      enum owed_fate (*judge)(void *context, struct owed *owed), void *context);
/* Forgets what was due before then, `most` at a time. */
enum status owed_trim(struct txn *txn, int64_t before_ms, unsigned most);

#endif
