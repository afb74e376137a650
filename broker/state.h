/*
 * state.h - what the events have made true: LMDB, and the thread that owns its writing.
 *
 *     exchange --durable batch--> state thread --commit about once a second--> checkpoint
 *
 * The fold is deterministic, knows no clock and no randomness, and does not depend on how batches
 * are gathered into windows. The trees (keys big-endian; record.h):
 *
 *     meta      name                      mark, format, community, gazette's count, time
 *     items     sequence                  ACCEPTED, STEP, WITHHELD or TOLD record, until settled
 *     queues    agency | lane | sequence  one per unsettled item
 *     messages  sender | message id       struct message_record: for duplicates and steps
 *     settled   settled_at_ms | sender | id    to forget ids after DUPLICATE_DAYS
 *     agencies  agency | certificate digest    signing certificates, DER
 *     keys      agency | open_until | key id   sealing-key statements
 *     refusals  sequence                  the REFUSED record, or the COUNTED
 *     gazette   sequence                  the GAZETTE record: for ever
 *     kept      kind | key                a case, conversation, clock or tally as it is
 *     claims    case handle | sequence    the CLAIM record: for ever, and not read at a start
 *
 * Within one window (the batches between two commits) an item that is settled in the same window is
 * never written, and of the records kept under one key only the last is. A checkpoint carries the
 * journal mark in the same transaction. A refusal is settled when it is made: it is answered again
 * for DUPLICATE_DAYS like a message. It never replaces the record of a message that was accepted
 * under the same id (ID_REUSED). A message that is withheld is settled; a step that comes all the
 * same is recorded beside that.
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
    TREE_GAZETTE,
    TREE_KEPT,
    TREE_CLAIMS,
    TREE_COUNT
};

/* Everything the broker must still know about a message when its bytes are gone. */
struct message_record {
    struct digest header_digest;
    uint64_t sequence;   /* of the ACCEPTED or REFUSED event */
    int64_t accepted_ms; /* or refused */
    bool refused;
    uint32_t code, offending, agreement_version; /* refused */
    char agreement_id[AGREEMENT_ID_MAX + 1];     /* refused */
    char recipient[AGENCY_MAX + 1];
    uint8_t lane;
    struct digest agreement_hash;
    char clause[CLAUSE_ID_MAX + 1];
    uint32_t steps;          /* bit n: step n is recorded */
    struct digest last_step; /* SHA-256 of its bytes: the next must name it */
    int64_t settled_ms;      /* 0 = not yet */
};

struct state;

/* Opens the store (broker folder) and its trees. One of a format before, which had no `claims', or
 * no `kept' either, is raised to this one: nothing else of it is other. The release that wrote it
 * does not open it then, since it would not know the events.
 *   ST_INVALID  another process has it, or it is not a broker's store of this format; `why` names
 *               the format that it has
 *   ST_NOMEM, ST_IO */
enum status state_open(const char *folder, size_t map_size, struct state **out, struct reason *why);
void state_close(struct state *state);
static inline void state_free(struct state *state)
{
    if (state)
        state_close(state);
}
OWN(state)

/* A store belongs to one community: its first start writes the id, later ones compare.
 *   ST_INVALID  it is another's; `why` says so */
enum status state_bind(struct state *state, const struct digest *community, struct reason *why);

/* The mark of the last checkpoint; zeroes for a new store. */
enum status state_mark(struct state *state, struct journal_mark *out);

/* Of the newest event, with those gathered; 0: there was none. */
int64_t state_time_ms(const struct state *state);

/* Gathers one durable batch's payload for the next commit; the bytes must stay until then (the
 * state thread holds their zmq_msg). About 1 µs an event.
 *   ST_INVALID  a record does not parse or is out of sequence, or the store is damaged
 *   ST_IO, ST_LIMIT, ST_NOMEM
 * After any of these the window is lost and every later call answers the same: stop the process. */
enum status state_gather(struct state *state, struct bytes payload);
/* Writes what was gathered into the open transaction, so that the bytes may go; it lasts only once
 * committed. Errors as above. */
enum status state_spill(struct state *state);
/* Applies everything gathered and commits it with `mark`, whose sequence is that of the last event
 * gathered. On ST_OK it is on the disk. Errors as above. */
enum status state_commit(struct state *state, const struct journal_mark *mark);

/* SHA-256 over all trees but meta, as of the last commit: equal states, equal hashes. Reads all. */
enum status state_hash(struct state *state, struct digest *out);

/* Reading beside the writer: a snapshot, renewed by state_reader_renew. One per thread. All answer
 * ST_INVALID when what they read is damaged: stop the process. */
struct state_reader;
enum status state_reader_open(struct state *state, struct state_reader **out);
void state_reader_close(struct state_reader *reader);
static inline void state_reader_free(struct state_reader *reader)
{
    if (reader)
        state_reader_close(reader);
}
OWN(state_reader)
enum status state_reader_renew(struct state_reader *reader); /* after each checkpoint */
/* ST_MORE: not there. */
enum status state_message(struct state_reader *reader, const char *sender, const struct id *id,
                          struct message_record *out);
/* The item's record bytes; valid until renewed. ST_MORE: not there. */
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
/* What the gazette holds, in its order. ST_INVALID also when entries are missing, which none of the
 * records could show: agreements would be other than they are. */
enum status state_each_gazette(struct state_reader *reader,
                               enum status (*found)(void *context, const struct event *event),
                               void *context);
/* A gazette record's bytes; valid until renewed. ST_MORE: not there. */
enum status state_gazette(struct state_reader *reader, uint64_t sequence, struct bytes *record);
/* Refusals, and counts of those past a quota, in the order of their events. Reads all. */
enum status state_each_refusal(struct state_reader *reader,
                               enum status (*found)(void *context, const struct event *event),
                               void *context);
/* Everything kept, in the order of kinds and keys. */
enum status state_each_kept(struct state_reader *reader,
                            enum status (*found)(void *context, enum kept_kind kind,
                                                 struct bytes key, struct bytes record),
                            void *context);
/* The claims about a case, in the order in which they were accepted, of whoever held it. */
enum status state_each_claim(struct state_reader *reader, const struct id *case_handle,
                             enum status (*found)(void *context, const struct event *event),
                             void *context);
/* The agency's signing certificate of that digest, DER; valid until renewed. ST_MORE: none. */
enum status state_certificate(struct state_reader *reader, const char *agency,
                              const struct digest *digest, struct bytes *der);
unsigned state_fullness(struct state *state); /* 1/1000 */

/* For state_reader.c. */
struct store *state_store(struct state *state);

#endif
