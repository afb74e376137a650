/*
 * messages.h - the messages that changed since the last checkpoint, by id.
 *
 * What is older stands in the state (state.h) alone and is looked up there; when a step or a
 * duplicate touches such a one, it comes in here until a checkpoint holds the change. Strings and
 * bytes stay in the event's record (ledger.h).
 *
 * Open addressing; the hash is keyed, since senders choose ids.
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_MESSAGES_H
#define BROKER_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/id.h"
#include "lib/merkle.h"
#include "lib/own.h"
#include "lib/status.h"

struct message {
    struct id id;
    struct digest header_digest;
    struct digest last_step; /* SHA-256 of its bytes */
    uint64_t sequence;       /* of the ACCEPTED or REFUSED event */
    uint64_t touched;        /* last event that changed it: may go once a checkpoint holds that */
    uint32_t sender, recipient; /* places in the directory; recipient means nothing when refused */
    uint32_t steps;             /* bit n: step n is recorded */
    uint8_t lane;
    bool refused;
    bool used; /* the place in the pool holds a message */
};

struct messages;

struct messages *messages_new(uint64_t seed); /* NULL when memory is out */
void messages_free(struct messages *messages);
OWN(messages)

/* The sender's message of that id; NULL when there is none. Pointers hold until the next add. */
struct message *messages_find(struct messages *messages, uint32_t sender, const struct id *id);
/* The recipient's of that id and header: steps do not name the sender. */
struct message *messages_find_received(struct messages *messages, uint32_t recipient,
                                       const struct id *id, const struct digest *header_digest);
/* Makes sure that the next add cannot fail.
 *   ST_NOMEM */
enum status messages_reserve(struct messages *messages);
/* Adds one that messages_find does not find; after a reserve. Gives its place. */
uint32_t messages_add(struct messages *messages, const struct message *message);
struct message *messages_at(struct messages *messages, uint32_t place);
uint32_t messages_place(const struct messages *messages, const struct message *message);
/* Forgets the one at `place` when nothing newer than `sequence` touched it. */
void messages_expire(struct messages *messages, uint32_t place, uint64_t sequence);
size_t messages_count(const struct messages *messages);

#endif
