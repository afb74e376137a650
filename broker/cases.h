/*
 * cases.h - cases and conversations as the exchange holds them in memory: by handle and by id, each
 * case's conversations, and who has part in them.
 *
 *     custody.c, conversing.c --> cases --record--> EVENT_KEPT --> state --restore--> cases
 *
 * Agencies are places in the directory + 1, so that 0 is nobody; records name them by id. About
 * 170 bytes a case and 200 a conversation. Open addressing, keyed hash: agencies choose handles.
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_CASES_H
#define BROKER_CASES_H

#include "agreements/conversation.h"
#include "agreements/custody.h"
#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/status.h"

struct case_held {
    struct id handle;
    struct custody custody;
    int64_t changed_ms;
    uint32_t opened_by;   /* whose claim opened it: it counts for that agency (claims.c) */
    uint32_t first, last; /* places of its conversations, which are in order of id; 0: none */
    /* Of the open transfer, COMPONENTS_MAX of them: the event by which each component was last
     * offered again; 0: it was not. Owned; NULL: none was. */
    uint64_t *again;
};

#define HELD_MAX                                                                                   \
    16 /* messages of one side of a conversation that are held, and refused numbers                \
        */
#define HELD_SENDERS_MAX 2 /* its sides */
#define HELD_ALL_MAX (HELD_SENDERS_MAX * HELD_MAX)

/* What a held message is to its conversation, whose `opened` names the types. */
enum held_what {
    HELD_SAID = 0,
    HELD_ACKNOWLEDGES,
    HELD_ANSWERS,
    HELD_CLOSES,
    HELD_REFUSED, /* it was refused, so its number will not come: no queue has it */
    HELD_WHAT_END
};

struct conversation_kept {
    struct conversation conversation;
    uint64_t first; /* sequence of the event that opened it: others may send a message of its id */
    /* Both sides were told that nothing is said in it: when, and as which event or before; 0: not
     * since something was. */
    int64_t silent_ms;
    uint64_t silent_told;
    uint32_t next; /* place of the case's next; 0: none */
    /* Accepted and held, because numbers before them are missing: message sequences in the queue,
     * with their numbers in the conversation; ascending, both sides together. */
    uint32_t held_count;
    struct held {
        uint64_t message;
        uint32_t from, sequence;
        enum held_what what;
    } * held; /* owned; NULL: none */
};

struct cases;

struct cases *cases_new(uint64_t seed); /* NULL: memory is out */
void cases_free(struct cases *cases);   /* NULL is fine */
OWN(cases)

/* A case is there while it was opened (its version is above 0) or a conversation names it: one that
 * nobody has opened yet goes with its last conversation. */
/* NULL: not there. Pointers hold until the next add or delete. */
struct case_held *cases_find(struct cases *cases, const struct id *handle);
/* Adds an empty one, or finds it; NULL: memory is out. */
struct case_held *cases_add(struct cases *cases, const struct id *handle);
void cases_delete(struct cases *cases, const struct id *handle); /* with its conversations */
/* What a record says, with what it owns: to the place of its handle.
 *   ST_NOMEM */
enum status cases_take(struct cases *cases, struct case_held *read);
/* The open transfer's `components' are offered again by event `sequence'.
 *   ST_NOMEM */
enum status case_offer_again(struct cases *cases, struct case_held *held, uint32_t components,
                             uint64_t sequence);
/* The transfer is over: nothing of it is offered again. */
void case_offer_nothing(struct cases *cases, struct case_held *held);
/* Whose open transfer's component did that event offer again, as the last? NULL: none. */
struct case_held *cases_find_offered(struct cases *cases, uint64_t sequence);
struct conversation_kept *conversations_find(struct cases *cases, const struct id *id);
/* Adds a copy of what is not there yet, and to its case's list when it has one. NULL: no memory. */
struct conversation_kept *conversations_add(struct cases *cases, const struct conversation *c);
void conversations_delete(struct cases *cases, const struct id *id);
/* A message waits for those before it; its sequence is above all held.
 *   ST_LIMIT  HELD_MAX of its sender, or HELD_SENDERS_MAX;   ST_NOMEM */
enum status conversation_hold(struct conversation_kept *kept, const struct held *held);
/* Does a message of the agency's, or a number that was refused, wait under that number? */
bool conversation_is_taken(const struct conversation_kept *kept, uint32_t from, uint32_t sequence);
/* How many of the agency's. */
uint32_t conversation_held_by(const struct conversation_kept *kept, uint32_t from);
/* No more: held[place], with which those behind it move up. */
void conversation_release(struct conversation_kept *kept, uint32_t place);
/* The case's conversations in order of id: first, then the next of each; NULL: no more. */
struct conversation_kept *conversations_first(struct cases *cases, const struct case_held *held);
struct conversation_kept *conversations_next(struct cases *cases,
                                             const struct conversation_kept *kept);
size_t cases_count(const struct cases *cases);
size_t conversations_count(const struct cases *cases);
/* Walks all of them, for what is forgotten: place 0 first; NULL and 0 again: it came to the end.
 * What was given may be deleted before the next call. */
struct case_held *cases_walk(struct cases *cases, uint32_t *place);
struct conversation_kept *conversations_walk(struct cases *cases, uint32_t *place);

/* Bytes of the longest records: names and types at their longest, HELD_MAX held. */
#define CASE_RECORD_MAX                                                                            \
    (1 + (3 + CUSTODY_FORMER_MAX) * (1 + AGENCY_MAX) + 8 + 8 + 1 + 8 + 1 + ID_SIZE + 4 * 4         \
     + DIGEST_SIZE + 8 + 1 + COMPONENTS_MAX * 9)
#define CONVERSATION_RECORD_MAX                                                                    \
    (1 + ID_SIZE + 1 + TYPE_MAX + 1 + (3 + HELD_SENDERS_MAX) * (1 + AGENCY_MAX) + 1 + 2 * 4        \
     + 7 * 8 + 2 + 2 * HELD_MAX * (8 + 1 + 4 + 1))
/* Records: KEPT_RECORD_MAX bytes at most. Names come from and go to the directory. */
struct cases_names {
    void *context;
    const char *(*name)(void *context, uint32_t agency);
    enum status (*number)(void *context, const char *name, uint32_t *agency);
};
void case_write(const struct case_held *held, const struct cases_names *names, struct writer *w);
/* `out' is given to cases_take(), or its `again' freed.
 *   ST_INVALID  not such a record;   ST_NOMEM */
enum status case_read(struct bytes key, struct bytes record, const struct cases_names *names,
                      struct case_held *out);
void conversation_write(const struct conversation_kept *kept, const struct cases_names *names,
                        struct writer *w);
enum status conversation_read(struct bytes key, struct bytes record,
                              const struct cases_names *names, struct conversation_kept *out);

#endif
