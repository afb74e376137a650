/*
 * queue.h - what is owed to each agency: three lanes of items, and those in flight.
 *
 *     queue_put --> lane --queue_fly--> in flight --queue_remove--> settled
 *          ^         ^------queue_land------'        (the session ended)
 *          '--queue_release-- held <--queue_hold-- lane
 *
 * An item is a message (an ACCEPTED event) or a step (a STEP or WITHHELD event), named by its
 * event's sequence; its bytes are elsewhere. 32 bytes an item plus 8 in the index. Within a lane
 * items leave in the order of their sequences, but for those that had been sent before a landing,
 * which are sent again first, and those that were held, which leave behind what they waited for.
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_QUEUE_H
#define BROKER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/own.h"
#include "lib/status.h"

struct item {
    uint64_t sequence;
    uint32_t size;       /* bytes of its record: what it costs of the credit */
    uint32_t agency;     /* whose queue it is in */
    uint32_t next, prev; /* places in the pool; 0 = none */
    uint8_t lane;
    bool is_step;
    bool flying;
    bool again; /* sent before */
    bool held;  /* waits for one before it: in no lane until it is released */
};

/* One agency's; zeroes are an empty one. */
struct queue {
    struct ends {
        uint32_t first, last; /* places; 0 = none */
        uint32_t count;
        uint32_t passed; /* place: nothing before it is a message; 0 = not looked for */
    } lanes[LANES], flying, held;
    uint64_t flying_size; /* bytes */
};

struct permit; /* agreements/decide.h */
struct queues; /* the pool of all items and its index by sequence */

struct queues *queues_new(void); /* NULL when memory is out */
void queues_free(struct queues *queues);
OWN(queues)

/* Makes sure that the next queue_put cannot fail.
 *   ST_NOMEM */
enum status queues_reserve(struct queues *queues);
/* Appends a message. Without a permit_queues() it aborts. Sequences are unique, and each put's is
 * above those in its lane. After a reserve. */
void queue_put(struct queues *queues, struct queue *queue, const struct item *item,
               const struct permit *permit);
/* Appends a step: evidence about a message that was permitted. */
void queue_put_step(struct queues *queues, struct queue *queue, const struct item *item);
/* First waiting item of the lane, NULL when there is none. Valid until the next put or remove. */
struct item *queue_first(struct queues *queues, const struct queue *queue, unsigned lane);
/* The same, steps left out. Walks each step once, however often it is asked, until a landing. */
struct item *queue_first_message(struct queues *queues, struct queue *queue, unsigned lane);
/* The first of those in flight. */
struct item *queue_first_flying(struct queues *queues, const struct queue *queue);
/* The item has been sent: from its lane to the end of those in flight. */
void queue_fly(struct queues *queues, struct queue *queue, struct item *item);
/* All in flight go back to the front of their lanes, to be sent again. O(in flight). */
void queue_land(struct queues *queues, struct queue *queue);
/* A waiting message is not handed over until it is released. */
void queue_hold(struct queues *queues, struct queue *queue, struct item *item);
/* To the end of its lane: behind what it waited for, which was put there later than it. */
void queue_release(struct queues *queues, struct queue *queue, struct item *item);
/* By sequence; NULL when it is settled or never was. */
struct item *queues_find(struct queues *queues, uint64_t sequence);
/* Settled, wherever it is. */
void queue_remove(struct queues *queues, struct queue *queue, struct item *item);
size_t queues_count(const struct queues *queues);
uint64_t queues_walked(const struct queues *queues); /* items that queue_first_message looked at */

#endif
