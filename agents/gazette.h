/*
 * gazette.h - which agreements are in force here: the broker's gazette, verified by ourselves.
 *
 *     entry --gazette_entry--> verified --> TREE_GAZETTE and registrar --gazette_registrar--> desk
 *
 * The broker only carries entries. An instrument counts when its form, its certificate's chain and
 * revocation by our own trust, its signature and the registrar's rules hold; what does not verify
 * is stored as refused here, logged, and never counts. At start the stored entries are folded
 * again by that verdict: certificates and CRLs are checked once, on the day an entry comes, and
 * what a restart folds is what was folded before it. Numbers have gaps: the broker counts all its
 * events, and shows a notice to those it names. So a gap says nothing; what came after later ones,
 * or comes again otherwise, never counts and is logged. Source: proto/session.proto, Gazette;
 * agreements/registrar.h.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_GAZETTE_H
#define AGENTS_GAZETTE_H

#include "agents/glass.h"
#include "agreements/registrar.h"
#include "lib/store.h"
#include "lib/tls.h"
#include "proto/notice.h"

struct gazette;

struct gazette_setup {
    const char *agency;
    struct digest signing, governance; /* of our keys; governance zero: not checked */
    const struct known_key *known;     /* the join pack's; borrowed for the call */
    size_t known_count;
    struct agreement_set *assumed; /* borrowed; NULL: none. For tests */
};

/* One of the gazette's entries, as it came or stands in the store. */
struct gazette_entry {
    uint64_t sequence;
    int64_t at_ms;
    struct bytes instrument, notice; /* one of them is there */
    struct bytes text;               /* a proposal's */
};

/* Folds what `store` holds.
 *   ST_INVALID  a stored entry is damaged; `why` says which
 *   ST_NOMEM, ST_IO */
enum status gazette_new(const struct gazette_setup *setup, struct store *store,
                        struct gazette **out, struct reason *why);
void gazette_free(struct gazette *gazette); /* NULL is fine */
OWN(gazette)

/* Verifies, stores and folds an entry; one that is held already changes nothing. Logs what does not
 * hold, and each version that becomes something else.
 *   ST_CLOSED   our CRLs are out of date: nothing can be verified, and nothing was stored
 *   ST_IO, ST_NOMEM, ST_LIMIT   the store or memory: stop */
enum status gazette_take(struct gazette *gazette, struct txn *txn, const struct tls_context *trust,
                         const struct gazette_entry *entry, int64_t now_ms);
/* The broker's notices for us after entry `since`, in order; false from `visit` ends it. Borrowed
 * until `visit` returns. ST_IO, ST_NOMEM */
enum status gazette_notices(struct txn *txn, uint64_t since,
                            bool (*visit)(void *context, const struct gazette_entry *entry,
                                          const struct notice *notice),
                            void *context);
const char *gazette_notice_name(Concordat__NoticeKind kind); /* "review-due" */
uint64_t gazette_last(const struct gazette *gazette);        /* sequence of the last one; 0: none */
const struct registrar *gazette_registrar(const struct gazette *gazette);
const struct glass *gazette_glass(const struct gazette *gazette);

#endif
