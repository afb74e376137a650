/*
 * exchange.h - the single writer's core; read this file first.
 *
 *     (state, input, now) --> (state', events for the journal, effects for the links)
 *
 * Pure: time, randomness, disk and network come in from outside, so one process can run a broker
 * and many agents in a deterministic simulation. The exchange thread (main loop in writer.c) calls
 * it in this order, and no other:
 *
 *     exchange_begin -> exchange_run for each command -> exchange_take_batch -> journal_append
 * (sync)
 *                    -> exchange_durable -> effects go to the links
 *
 * so no receipt and no delivery leaves before its event is durable. What is newer than the last
 * checkpoint is held in memory (ledger.h, messages.h), queues always (queue.h); the rest is read
 * through struct exchange_reader.
 *
 * In its own files: acceptance.c judges messages, ladder.c evidence, gazette.c publishes what
 * parties sign, delivery.c hands out what is owed. An agency that has come up at all is a `member`,
 * by its place in the directory.
 *
 * Any answer but ST_OK ends the process before anything of the batch is acknowledged:
 *     ST_NOMEM, ST_IO      the system
 *     ST_INVALID           the store is damaged
 *
 * Threads: one owner.
 */
#ifndef BROKER_EXCHANGE_H
#define BROKER_EXCHANGE_H

#include "broker/draft.h"
#include "broker/stage.h"
#include "broker/state.h"
#include "lib/own.h"

struct exchange;
struct calendar_days;

/* What the last checkpoint holds: state.h, or a test's stand-in. Answers as there. */
struct exchange_reader {
    void *context;
    enum status (*message)(void *context, const char *sender, const struct id *id,
                           struct message_record *out);
    enum status (*item)(void *context, uint64_t sequence, struct bytes *record);
    enum status (*gazette)(void *context, uint64_t sequence, struct bytes *record);
};

struct exchange_config {
    struct agreement_set *agreements; /* taken: assumed in force, for tests; daemons give NULL */
    struct exchange_reader reader;
    uint64_t sequence; /* of the last event in the checkpoint */
    uint64_t seed;     /* random: keys the table of message ids */
    unsigned links;    /* sessions name theirs, 0 .. links - 1 */
};

/* ---- life ---- */

/* Takes the agreements also when it fails. */
enum status exchange_new(const struct exchange_config *config, struct exchange **out);
void exchange_free(struct exchange *exchange); /* NULL is fine */
OWN(exchange)

/* Filling from the checkpoint, before the first begin, refusals before the gazette, that before
 * items, those before what is kept (whose held messages are found in their queues, and held there):
 * the arguments are those of state_each_*. Instruments are taken as they stand: their signatures
 * were checked when they were published, and the store checks its records. An item of the state may
 * have been sent before, so it is sent marked so. */
void exchange_restore_time(struct exchange *exchange, int64_t at_ms); /* of the newest event */
enum status exchange_restore_item(struct exchange *exchange, const char *agency, uint8_t lane,
                                  uint64_t sequence, const struct event *event);
enum status exchange_restore_kept(struct exchange *exchange, enum kept_kind kind, struct bytes key,
                                  struct bytes record);
enum status exchange_restore_refusal(struct exchange *exchange, const struct event *event);
/*   ST_INVALID  the registrar does not take it: the store is another's, or damaged */
enum status exchange_restore_gazette(struct exchange *exchange, const struct event *event);
enum status exchange_restore_certificate(struct exchange *exchange, const char *agency,
                                         struct bytes der);
enum status exchange_restore_key(struct exchange *exchange, const char *agency,
                                 struct bytes statement, struct bytes proof);

/* While the store is nearly full new messages and instruments are refused, retryably; delivery goes
 * on, and who revokes, suspends, rejects or withdraws is heard. */
void exchange_set_full(struct exchange *exchange, bool full);
/* Before that: proposals alone are refused, whose texts are kept for ever, so that what is left is
 * for mail and for what ends agreements. */
void exchange_set_high(struct exchange *exchange, bool high);
/* Of the cases that an agency opened so many are kept, then it opens no more: CASES_PER_AGENCY
 * unless this says otherwise. */
void exchange_set_cases_most(struct exchange *exchange, uint32_t most);

/* ---- a batch ---- */

/* The time of the last batch, or of the newest event that was restored; 0: none. */
int64_t exchange_now_ms(const struct exchange *exchange);
/* Starts one; `now_ms` is since 1970 and counts no less than any before. */
enum status exchange_begin(struct exchange *exchange, int64_t now_ms);
/* Judges and applies one command of the turn at `turn`. The turn's records must stay, and stay
 * where they are, until a checkpoint holds them. */
enum status exchange_run(struct exchange *exchange, uint8_t *turn, const struct command *command);
/* From the next batch on working time goes by these days, which it takes; NULL: those built in.
 * Over that batch and the next ones the running clocks are reckoned anew. Also before the first
 * batch. */
void exchange_set_calendar(struct exchange *exchange, struct calendar_days *days);
int64_t exchange_calendar_ends_ms(const struct exchange *exchange); /* calendar.h */
/* Something is to be done by the clock alone: begin a batch. O(1) */
bool exchange_is_due(const struct exchange *exchange, int64_t now_ms);
/* Bytes of events so far: what is left of the journal's batch is the caller's to watch. One command
 * adds at most EXCHANGE_STEP_MAX, what is due at the beginning EXCHANGE_BEGIN_MAX (batch_size.h).
 */
size_t exchange_batch_size(const struct exchange *exchange);

struct exchange_batch {
    const struct iovec *parts; /* records in order; valid until the next begin */
    int part_count;
    uint32_t records; /* 0: nothing to append, go on to exchange_durable */
    size_t size;
    const struct page *pages; /* our own records: the data is the caller's from now on */
    uint32_t page_count;
    uint64_t last; /* sequence of the last record so far */
};

/* Ends the batch. */
void exchange_take_batch(struct exchange *exchange, struct exchange_batch *out);

/* The batch is on the disk: its effects become visible, and what is owed is handed out as credit
 * allows. *more: credit and queue are left for the next batch, without any input. */
enum status exchange_durable(struct exchange *exchange, bool *more);
/* After durable: the effects for one link as one NOTE_EFFECTS, from malloc; NULL when there are
 * none. */
uint8_t *exchange_take_effects(struct exchange *exchange, unsigned link, size_t *size);

/* The reader now sees a checkpoint that holds everything up to `sequence`. Between batches. */
void exchange_checkpointed(struct exchange *exchange, uint64_t sequence);

/* ---- for people ---- */

struct exchange_counts {
    uint64_t accepted, refused, refused_retryable, duplicates, reused;
    uint64_t steps, steps_again, steps_refused, taken;
    uint64_t delivered, delivered_again, steps_delivered, withheld;
    uint64_t published, instruments_refused, notices, rate_limited;
    uint64_t held, gaps; /* messages that waited for one before them; gaps that were not filled */
    uint64_t custody_acts, transferred, lapsed, claims, claims_refused;
    uint64_t cases, conversations;     /* kept */
    uint64_t silent, silent_forgotten; /* open conversations of which that was told, or that went */
    uint64_t cases_over; /* openings refused, since their agency has opened too many */
    uint64_t sessions, replaced, certificates, keys, directory_requests;
    uint64_t clocks; /* open */
    uint64_t clocks_warned, clocks_escalated, clocks_breached, clocks_late;
};
const struct exchange_counts *exchange_counts(const struct exchange *exchange);

/* What a person should hear of. */
enum exchange_alarm_kind {
    ALARM_STEP_REFUSED = 1, /* a signed step that does not fit its message's ladder */
    ALARM_KEY_REFUSED,      /* a sealing key beyond the limit, or its id twice */
    ALARM_REPLACED,         /* a second session of an agency */
    ALARM_GAZETTE_FULL,     /* an instrument was refused, since the store is full */
    ALARM_INSTRUMENTS_OVER, /* one was not judged: too many of the agency's were refused */
    ALARM_CASES_HIGH,       /* it has opened nine tenths of the cases that are kept of it */
    ALARM_CASES_FULL        /* it has opened as many: another was refused */
};
struct exchange_alarm {
    enum exchange_alarm_kind kind;
    char agency[AGENCY_MAX + 1];
};
/* The oldest not yet told; false when there is none. More than a few at once are left out. */
bool exchange_next_alarm(struct exchange *exchange, struct exchange_alarm *out);

/* NOTE_STATUS, from malloc; what the caller knows better is left zero. */
struct note_status *exchange_status(const struct exchange *exchange, size_t *size);

#endif
