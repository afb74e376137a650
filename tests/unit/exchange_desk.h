/*
 * exchange_desk.h - an exchange with everything around it that writer.c would be, for its tests.
 *
 * A court and a probation office, an agreement between them, one link. Time is the test's; batches
 * are durable when the test says so, and their records are gathered as a journal would have them,
 * so that a state can fold them and another desk begin from it. Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_EXCHANGE_DESK_H
#define TESTS_UNIT_EXCHANGE_DESK_H

#include "tests/unit/unit.h"

#include "agreements/agreement.h"
#include "broker/exchange.h"
#include "lib/own.h"
#include "proto/envelope.h"

#define NOW INT64_C(1800000000000) /* in 2027, inside the agreement */
#define DAY INT64_C(86400000)
#define BUFFERS_MAX 4096
#define EFFECTS_MAX 2048
#define STORED_MAX 16
#define BODY_SIZE 100

#define COURT UINT64_C(1) /* sessions; all on link 0 */
#define NPS UINT64_C(2)

struct desk {
    struct exchange *x;
    struct turn turn;
    void *buffers[BUFFERS_MAX]; /* turns, pages, effects: kept as a checkpoint would have it */
    size_t buffer_count;
    struct {
        struct effect *effect;
    } effects[EFFECTS_MAX];
    size_t effect_count;
    struct event events[EFFECTS_MAX]; /* of the last batch */
    size_t event_count;
    struct {
        char sender[AGENCY_MAX + 1];
        struct id id;
        struct message_record record;
    } stored[STORED_MAX];
    size_t stored_count;
    struct state_reader *reader; /* when not NULL, the checkpoint; else `stored` */
    size_t entries_read;         /* of the gazette, from there */
    uint8_t *history;            /* every record so far */
    size_t history_size;
    uint64_t last;       /* sequence of the last of them */
    uint32_t court, nps; /* members */
    uint8_t key_id[KEY_ID_SIZE];
    struct agreement *agreement; /* assumed in force; the exchange's */
    struct digest agreement_hash;
    struct digest signing_key; /* the court's */
    const char *gateway;       /* of its messages */
    int64_t now_ms;
    bool more;
};

/* Both agencies are there; the recipient takes `credit` items. */
struct desk *desk_with(uint32_t credit);
/* The same under another text. */
struct desk *desk_under(const char *text, uint32_t credit);
/* Nobody is there, nothing is assumed. */
struct desk *desk_empty(void);
/* One filled from what `reader`, which it takes, sees up to `sequence`; `text` is assumed in force,
 * NULL is none. */
struct desk *desk_restored(const char *text, struct state_reader *reader, uint64_t sequence);
/* The broker stops and starts again on `state`, which folds the history first. Frees `d`. */
struct desk *desk_restart(struct desk *d, struct state *state, const char *text);
void desk_free(struct desk *d);
OWN(desk)

/* The agreement between the two. */
extern const char desk_agreement[];

void desk_hold(struct desk *d, void *buffer); /* until desk_free */

/* Everything the turn holds as one batch, up to where the journal would write it; then the rest. */
void desk_start_batch(struct desk *d);
void desk_finish_batch(struct desk *d);
void desk_run(struct desk *d); /* both */
size_t desk_count(const struct desk *d, enum effect_kind kind, session_id session);
/* The `n`-th effect of the kind for the session; the test fails when there is none. */
const void *desk_effect(const struct desk *d, enum effect_kind kind, session_id session, size_t n);

/* How many of the last batch's events are of the kind, and the `n`-th of them. */
size_t desk_events(const struct desk *d, enum event_kind kind);
const struct event *desk_event(const struct desk *d, enum event_kind kind, size_t n);

/* An agency comes, its place, and in the next batch follows the gazette from its beginning. */
uint32_t desk_hello(struct desk *d, session_id session, const char *agency, uint32_t credit);
/* It comes and does not follow. */
uint32_t desk_greet(struct desk *d, session_id session, const char *agency, uint32_t credit);
void desk_gone(struct desk *d, session_id session, uint32_t member, bool lost);
void desk_follow(struct desk *d, session_id session, uint32_t member, uint64_t after);
void desk_publish_key(struct desk *d); /* the probation office's */
void desk_publish_key_of(struct desk *d, session_id session, uint32_t member, const char *agency);
/* The court's `n`-th message. */
struct envelope desk_envelope(const struct desk *d, uint32_t n);
struct digest desk_digest(const struct envelope *e);        /* any that follows the content */
void desk_submit(struct desk *d, const struct envelope *e); /* by the court */
void desk_submit_as(struct desk *d, session_id session, uint32_t member,
                    const struct digest *signing_key, const struct envelope *e);
/* One message through one batch; its sequence. */
uint64_t desk_accept(struct desk *d, uint32_t n);
struct digest desk_step(struct desk *d, uint32_t n, int kind, const struct digest *previous,
                        uint64_t number);
void desk_settle(struct desk *d, session_id session, uint32_t member, uint64_t sequence);
void desk_checkpoint(struct desk *d);

#endif
