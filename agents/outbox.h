/*
 * outbox.h - messages of ours that the recipient has not yet signed for.
 *
 *     keyless (the body, until the recipient's sealing key is known)
 *       -> sealed, unanswered (to submit, in order, immediate lane first)
 *       -> sealed, answered   (kept until the recipient's signed `delivered`)
 *       -> gone
 *
 * The entry outlives the broker's receipt, so that a broker restored from a backup loses nothing.
 * What is known about the message lives in its track.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_OUTBOX_H
#define AGENTS_OUTBOX_H

#include "agents/record.h"
#include "lib/store.h"

/* Borrowed from the store until the transaction ends or writes. */
struct outbox_entry {
    bool sealed;
    uint8_t lane;
    uint64_t number;     /* order of acceptance from the local system */
    struct bytes header; /* sealed only */
    struct proof proof;  /* sealed only */
    struct bytes body;   /* sealed sections, or the plain body */
};

enum status outbox_put_keyless(struct txn *txn, const struct id *id, const char *recipient,
                               uint8_t lane, uint64_t number, struct bytes body);
/* Replaces a keyless entry when there is one; `recipient` names its place. */
enum status outbox_put_sealed(struct txn *txn, const struct id *id, const char *recipient,
                              const struct outbox_entry *entry);
/* ST_MORE: not there. ST_INVALID: the record is damaged. */
enum status outbox_get(struct txn *txn, const struct id *id, struct outbox_entry *out);
/* The broker has answered: not submitted again. */
enum status outbox_answered(struct txn *txn, const struct id *id);
/* The message is settled, one way or the other. */
enum status outbox_drop(struct txn *txn, const struct id *id, const char *recipient);
size_t outbox_count(struct txn *txn);

/* The first unanswered message of `lane` with a number >= `from`. ST_MORE: none. */
enum status outbox_next(struct txn *txn, uint8_t lane, uint64_t from, uint64_t *number,
                        struct id *out);
/* The first keyless message to `recipient` with a number >= `from`. ST_MORE: none. */
enum status outbox_next_keyless(struct txn *txn, const char *recipient, uint64_t from,
                                uint64_t *number, struct id *out);
/* The first recipient after `after` ("" for the first) that some message waits for. */
enum status outbox_next_recipient(struct txn *txn, const char *after,
                                  char out[static AGENCY_MAX + 1]);

#endif
