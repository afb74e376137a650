/*
 * conversations.h - the conversations that this agency has, or had, part in: on which side, with
 * whom, and which number its next message has.
 *
 *     sealed, accepted, delivered, told (talking.c) --> struct talk --talks_put--> TREE_TALKS
 *
 * Kept are those that the broker keeps (agreements/conversation.h), which says by the same rules
 * how each stands, and any other that a message of ours has gone on in, for its numbers alone.
 *
 * Threads: the keeper's. Source: docs/custody.md.
 */
#ifndef AGENTS_CONVERSATIONS_H
#define AGENTS_CONVERSATIONS_H

#include "agreements/conversation.h"
#include "lib/limits.h"
#include "lib/store.h"

/* Who is who in `struct conversation`. */
enum talk_side {
    SIDE_US = 1,
    SIDE_THEM,   /* `other` */
    SIDE_BEFORE, /* `before`: was `other` until the case moved */
    SIDE_HOLDER  /* `holder`: our side is its now */
};

struct talk {
    struct conversation rules; /* agencies: enum talk_side */
    char other[AGENCY_MAX + 1], before[AGENCY_MAX + 1], holder[AGENCY_MAX + 1]; /* empty: none */
    uint32_t next;      /* the number of our next message; those on their way are counted */
    struct id ended_by; /* the message that ended it; zero: none has */
    bool is_kept;       /* by the broker too; else only `next` counts */
    int64_t taken_ms;   /* when its case last came to us, as the broker told; 0: never */
};

/* A conversation opened by a message from us to `other`, or from there. */
struct talk talk_new(const struct message_type *opened, const struct id *id,
                     const struct id *case_handle, const char *other, bool by_us);
/* Did our side open it? Also when it is somebody else's now. */
bool talk_is_asked_by_us(const struct talk *talk);
/* Is it open, and our side still ours? */
bool talk_goes_on(const struct talk *talk);
/* The side that an agency stands for; 0: none. `us` is our own name. */
uint32_t talk_side_of(const struct talk *talk, const char *us, const char *agency);
/* The other side, or ours, is `holder`'s from now on. */
void talk_move_other(struct talk *talk, const char *holder, int64_t now_ms);
void talk_move_ours(struct talk *talk, const char *holder, int64_t now_ms);

/*   ST_MORE     not there
 *   ST_INVALID  the record is damaged, or its type is not known any more */
enum status talks_get(struct txn *txn, const struct id *id, struct talk *out);
enum status talks_put(struct txn *txn, const struct talk *talk);
enum status talks_delete(struct txn *txn, const struct id *id);
/* Calls `visit` for the open conversations of a case whose side is ours, in order of ids, until it
 * says false; it must not write. O(those visited) */
enum status talks_of_case(struct txn *txn, const struct id *case_handle,
                          bool (*visit)(void *context, const struct id *id), void *context);

#endif
