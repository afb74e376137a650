/*
 * outbox.h - messages of ours that the recipient has not yet signed for.
 *
 *     keyless (the body, until the recipient's sealing key is known)
 *       -> sealed, unanswered (to submit, in order, immediate lane first)
 *       -> sealed, answered   (kept until the recipient's signed `delivered`)
 *       -> gone
 *
 * Beside an entry stands what it takes to decide and seal once more (`struct kept'), until the
 * broker's verdict: with it, or with the entry, it goes. A message that was refused as stale, or
 * while its case moved, is set aside in between: no longer to submit, and not settled either.
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

#define OFFICER_MAX 255       /* bytes of a name, as the local system gives it */
#define JUSTIFICATION_MAX 500 /* bytes */

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
/* What it takes to decide about a message and seal it once more, and to say who wanted it. Plain,
 * as a keyless body is. Borrowed like an entry. */
struct kept {
    bool purpose_named; /* the track's purpose is the sender's wish: no other will do */
    bool officer_added; /* the body's last field names the officer, by our own doing */
    char officer[OFFICER_MAX + 1], justification[JUSTIFICATION_MAX + 1]; /* empty: none given */
    bool has_body; /* false while it is keyless: its entry has it; and when it cannot go again */
    struct bytes body;
};

/* Keeps it, in place of what was kept. */
enum status outbox_keep(struct txn *txn, const struct id *id, const struct kept *kept);
/* ST_MORE: nothing is kept (any more). ST_INVALID: the record is damaged. */
enum status outbox_kept(struct txn *txn, const struct id *id, struct kept *out);

/* One that is set aside. */
struct aside {
    uint8_t lane;
    uint64_t number;
    struct id id;
    uint32_t code; /* the refusal's */
    int64_t at_ms; /* when it was refused */
};

/* Refused as `code' at `at_ms`, and may go again in another form: not submitted again, and first in
 * its lane's order of those set aside. The same again changes nothing. */
enum status outbox_set_aside(struct txn *txn, const struct id *id, uint32_t code, int64_t at_ms);
/* The first set aside, immediate lane first, in order, from aside->lane and ->number on. ST_MORE:
 * none. */
enum status outbox_next_aside(struct txn *txn, struct aside *aside);

/* The broker has answered: not submitted again, and nothing is kept. */
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
