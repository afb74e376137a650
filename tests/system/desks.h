/*
 * desks.h - cases that two agencies hand to each other through their agents, under daemons that are
 * killed: for crash.c, and for forgetting.c.
 *
 *     refer, ask --> offer, accept, part, complete --> answer        a turn; then the other way
 * round
 *
 * A desk is one case and a thread of its own. It says each thing until there is a verdict, and
 * knows of its case what the receipts say. Nothing that it says may be refused; what anybody says
 * of the case that is otherwise, it tells as WRONG.
 *
 * Some enquiries nobody answers in time: their clocks must be breached, once. They are due within
 * seconds, so no clock is moved.
 */
#ifndef TESTS_SYSTEM_DESKS_H
#define TESTS_SYSTEM_DESKS_H

#include "tests/system/community.h"
#include "tests/system/handover.h"

#define DESK_ASKED_MAX 400
#define DESK_SENT_MAX 8192

/* Whose cases they are: of a community these members. */
enum desk_who {
    DESK_NPS,
    DESK_CRC,
    DESK_CARE,
    DESK_WHO_COUNT
};

struct desk {
    struct concordat *clients[DESK_WHO_COUNT]; /* owned */
    const struct member *who;                  /* DESK_WHO_COUNT of them */
    unsigned number;
    struct concordat_id handle, referral;
    enum desk_who holder;
    uint64_t version;
    struct handover_way way;
    struct handover handover;
    struct desk_asked {
        struct concordat_id id;
        int64_t needed_by_ms;
        bool is_soon, is_answered;
    } asked[DESK_ASKED_MAX];
    size_t asked_count;
    struct desk_sent {
        struct concordat_id id;
        enum desk_who to;
    } sent[DESK_SENT_MAX]; /* accepted */
    size_t sent_count;
    unsigned transfers, wrong;
};

/* What is known at the end. */
struct desk_verdict {
    size_t cases, transfers, accepted, open, breached; /* seen as they should be */
    size_t wrong, lost, twice_in_inbox, clocks_lost, struck_twice;
};

/* `first`: the member that is the first of `who`. Opens its case, which the first holds. */
void desk_open(struct desk *desk, struct community *c, size_t first, const struct member *who,
               unsigned number);
/* One turn; false: something went wrong, and it stands still. */
bool desk_turn(struct desk *desk);
/* Without kills: who holds the case, at the broker and at the agents; what is open, and owed; what
 * has struck; then all that is open is answered, and everything accepted must have come. */
void desk_judge(struct desk *desk, struct desk_verdict *v);
/* At each of the agencies: strikes told twice. For all desks at once. */
void desks_judge_alarms(struct desk *any, struct desk_verdict *v);
void desk_close(struct desk *desk);

/* Things said that have no verdict yet, by all desks. */
int desks_outstanding(void);

#endif
