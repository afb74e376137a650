/*
 * exchange_inside.h - the exchange's own insides, shared by exchange.c, acceptance.c, ladder.c,
 * registry.c and delivery.c and by nobody else.
 */
#ifndef BROKER_EXCHANGE_INSIDE_H
#define BROKER_EXCHANGE_INSIDE_H

#include "broker/directory.h"
#include "broker/draft.h"
#include "broker/exchange.h"
#include "broker/ledger.h"
#include "broker/messages.h"
#include "broker/queue.h"

/* An agency as the exchange serves it; by the directory's places. */
struct member {
    session_id session; /* 0: away */
    uint32_t credit;    /* items it takes before it has settled any */
    uint32_t credit_size;
    struct queue queue;
    bool is_ready; /* stands in exchange.ready */
};

#define ALARMS_MAX 16

struct exchange {
    struct agreement_set *agreements; /* owned */
    struct exchange_reader reader;
    struct directory *directory; /* owned, as all of these */
    struct queues *queues;
    struct messages *messages;
    struct ledger *ledger;
    struct arena *arena; /* for statements at start */

    struct member *members; /* owned; member_room >= directory_count */
    uint32_t *ready;        /* owned; members that may have something to get; member_room */
    uint32_t member_room, ready_count;

    struct draft draft;
    struct parcel *effects;  /* owned; one a link */
    uint32_t *effect_counts; /* owned; the same */
    unsigned links;
    bool is_open; /* between begin and durable: effects stay in */
    bool is_full;
    int64_t now_ms, age_at_ms;
    struct exchange_counts counts;
    struct exchange_alarm alarms[ALARMS_MAX];
    uint32_t alarm_first, alarm_count;
};

/* A member for the agency, new if need be. */
enum status exchange_enter(struct exchange *x, const char *agency, uint32_t *member);
/* The member may have something to get: delivery looks. */
void exchange_wake(struct exchange *x, uint32_t member);
/* Writes the event with the next sequence and this batch's time, and notes which message it touched
 * (place in messages.h, 0 = none). */
enum status exchange_record(struct exchange *x, struct event *event, uint32_t message);
/* An effect of `size` bytes with its tail for the command's session, zeroed but for its tail, that
 * releases the command; NULL when memory is out. */
void *exchange_answer(struct exchange *x, enum effect_kind kind, const struct command *command,
                      size_t size);
/* The command needs no answer but its release. */
enum status exchange_release(struct exchange *x, const struct command *command);
/* An effect of its own for a session. */
void *exchange_effect(struct exchange *x, enum effect_kind kind, session_id session, size_t size);
void exchange_raise(struct exchange *x, enum exchange_alarm_kind kind, uint32_t member);

/* acceptance.c */
enum status exchange_submit(struct exchange *x, uint8_t *turn, const struct command_submit *submit);
bool exchange_knows(const struct exchange *x, const char *agency);
/* ladder.c */
enum status exchange_step(struct exchange *x, const struct command_step *given);
enum status exchange_settle(struct exchange *x, const struct command_settle *settle);
/* registry.c */
enum status exchange_look_up(struct exchange *x, const struct command_directory *asked);
enum status exchange_publish(struct exchange *x, const struct command_publish *publish);
/* delivery.c */
enum status exchange_deliver(struct exchange *x, bool *more);

#endif
