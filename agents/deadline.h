/*
 * deadline.h - by when an enquiry must be answered, and whether it was.
 *
 *     body's needed_by_ms --> header's needed_by_ms --> late? overdue?
 *
 * An answer is late when the broker accepted it after the enquiry's needed_by. The broker's time is
 * the point of law, because both sides are told it: the asker with the answer, the answerer with
 * the receipt. Who was not told, because a receipt was lost, calls nothing late. A late answer is
 * taken like any other; it is marked, never refused.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_DEADLINE_H
#define AGENTS_DEADLINE_H

#include "agents/track.h"
#include "lib/reason.h"

/* What a body says itself: its top-level field `needed_by_ms`. False: it says nothing. `body` is
 * serialised and checked. */
bool deadline_in_body(const struct message_type *type, struct bytes body, int64_t *out);

/* Until when a body says that what it refers is watched: the end, UTC, of the day in the field that
 * the catalogue names; 0: it does not say. `body` as above. */
int64_t watch_in_body(const struct message_type *type, struct bytes body);

/* Makes one of what the sender asked (`asked_ms`, 0: nothing) and what the body says.
 *   ST_INVALID  they differ, or the body's is no time after 1970; `why` says so */
enum status deadline_settle(const struct message_type *type, struct bytes body, int64_t asked_ms,
                            int64_t *out, struct reason *why);

/* Would the broker take that time in a header (0: none)? It may be past. `why` says why not. */
bool deadline_is_near(int64_t at_ms, int64_t now_ms, struct reason *why);

struct deadline {
    bool late;        /* an answer that came late, or an enquiry that was answered late */
    int64_t late_ms;  /* by how much; 0 unless late */
    bool overdue;     /* its time has passed, it has no answer, and nothing has ended the wait */
    struct id answer; /* what answers an enquiry; none while nothing does */
};

/* How a message of ours, or for us, stands at `now_ms`. One whose question, or whose answer, is not
 * known here is not late. An answer that its recipient rejected answers nothing, whatever its
 * sender signed before it knew. */
enum status deadline_of(struct txn *txn, const struct track *track, int64_t now_ms,
                        struct deadline *out);
#endif
