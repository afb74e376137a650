/*
 * latest.h - which of several contents was sent last, so that it is not sent again and others are.
 *
 *     derive.c --> latest_choose --> the id under which this content is to be sent, or was
 *
 * A record is corrected, and sometimes corrected back. Ids that follow from content alone would
 * take the last of A, B, A for the first, and leave the recipient with B. So for each place, what
 * the contents are versions of (one hearing's notice about one defendant), we remember the content
 * that stands with the recipient and the one that was chosen after it; any other gets a new id.
 * What was refused by the broker or rejected by the recipient's agent stands nowhere.
 *
 * Kept as long as the tracks of its messages, and 90 days at least.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_LATEST_H
#define AGENTS_LATEST_H

#include "lib/id.h"
#include "lib/merkle.h"
#include "lib/status.h"
#include "lib/store.h"

/* The id of `content`, of which `number` others were chosen for its place before. */
struct latest_maker {
    enum status (*make)(void *context, uint32_t number, struct id *out);
    void *context;
};

/* The id for `content` at `place`; with *is_new nobody remembers the place yet, and who calls must
 * note when it is due. The same content again, before it has been sent too, has the same id.
 *   ST_INVALID  the record is damaged
 *   else        what the store or `maker` says */
enum status latest_choose(struct txn *txn, const struct id *place, const struct digest *content,
                          const struct latest_maker *maker, struct id *out, bool *is_new);

/* Forgets the place when nobody can ask about its messages any more; *kept: not yet. */
enum status latest_forget(struct txn *txn, const struct id *place, bool *kept);

#endif
