/*
 * state.h - what the events have made true: LMDB, and the thread that owns its writing.
 *
 *     exchange --durable batch--> state thread --commit about once a second--> checkpoint
 *
 * state_apply is the fold: deterministic, no clock, no randomness. The trees (keys big-endian):
 *
 *     meta      name                              journal mark, format, community
 *     items     sequence                          the ACCEPTED or STEP record, until it is settled
 *     queues    agency | lane | sequence          one per unsettled item
 *     messages  sender | message id               struct message_record: for duplicates and steps
 *     settled   settled_at_ms | sender | id       to forget ids after DUPLICATE_DAYS
 *     agencies  agency | certificate digest       signing certificates, DER
 *     keys      agency | open_until | key id      sealing-key statements
 *     refusals  sequence                          the REFUSED record
 *
 * Within one window (the batches between two commits) an item that is settled in the same window is
 * never written. A checkpoint carries the journal mark in the same transaction.
 *
 * Threads: the state thread alone writes; others read through state_reader.
 */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include "broker/event.h"
#include "broker/journal.h"
#include "lib/store.h"

enum state_tree {
    TREE_META = 0,
    TREE_ITEMS,
    TREE_QUEUES,
    TREE_MESSAGES,
    TREE_SETTLED,
    TREE_AGENCIES,
    TREE_KEYS,
    TREE_REFUSALS,
    TREE_COUNT
};

/* Everything the broker must still know about a message when its bytes are gone. */
struct message_record {
    struct digest header_digest;
    uint64_t sequence;        /* of the ACCEPTED or REFUSED event */
    int64_t accepted_ms;      /* or refused */
    bool refused;
    uint32_t code, offending, agreement_version; /* refused */
    char agreement_id[AGREEMENT_ID_MAX + 1];     /* refused */
    char recipient[AGENCY_MAX + 1];
    uint8_t lane;
    struct digest agreement_hash;
    char clause[CLAUSE_ID_MAX + 1];
    uint32_t steps;           /* bit n: step n is recorded */
    struct digest last_step;  /* SHA-256 of its bytes: the next must name it */
    int64_t settled_ms;       /* 0 = not yet */
};

struct state;

/* Opens the store (broker folder) and its trees. */
enum status state_open(const char *folder, size_t map_size, struct state **out,
                       struct reason *why);
void state_close(struct state *state);
static inline void state_free(struct state *state)
{
    state_close(state);
}
OWN(state)

/* The mark of the last checkpoint; zeroes for a new store. */
enum status state_mark(struct state *state, struct journal_mark *out);

/* Gathers one durable batch's payload for the next commit; the bytes must stay until then (the
 * state thread holds their zmq_msg). */
enum status state_gather(struct state *state, struct bytes payload);
/* Applies everything gathered and commits it with `mark`.
 *   ST_IO, ST_LIMIT: stop the process */
enum status state_commit(struct state *state, const struct journal_mark *mark);

/* SHA-256 over all trees but meta: equal states, equal hashes. */
enum status state_hash(struct state *state, struct digest *out);

/* Reading beside the writer: a snapshot, renewed by state_reader_renew. One per thread. */
struct state_reader;
enum status state_reader_open(struct state *state, struct state_reader **out);
void state_reader_close(struct state_reader *reader);
enum status state_reader_renew(struct state_reader *reader); /* after each checkpoint */
/* ST_MORE: not there. */
enum status state_message(struct state_reader *reader, const char *sender, const struct id *id,
                          struct message_record *out);
/* The item's record bytes; valid until renewed. */
enum status state_item(struct state_reader *reader, uint64_t sequence, struct bytes *record);
/* Walks unsettled items in order of agency, lane, sequence: for filling the queues at start.
 * `item` gets sequence, agency (the owner of the queue), lane and the record. */
enum status state_each_item(struct state_reader *reader,
                            enum status (*item)(void *context, const char *agency, uint8_t lane,
                                                uint64_t sequence, const struct event *event),
                            void *context);
enum status state_each_certificate(struct state_reader *reader,
                                   enum status (*found)(void *context, const char *agency,
                                                        struct bytes der),
                                   void *context);
enum status state_each_key(struct state_reader *reader,
                           enum status (*found)(void *context, const char *agency,
                                                struct bytes statement, struct bytes proof),
                           void *context);
unsigned state_fullness(struct state *state); /* 1/1000 */

#endif
