/*
 * clocks.h - every open clock, by when it strikes next, and by what stops it.
 *
 *     timing.c: clocks_start ... clocks_due --> strike --> clocks_put, or clocks_stop
 *
 * A heap by next_ms and an index by message, by conversation and by case: by case only what no
 * message of it waits for alone, expectations, the reply to an offer and its completion. What does
 * not strike costs nothing: a tick looks at the heap's top. About 320 bytes a clock.
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_CLOCKS_H
#define BROKER_CLOCKS_H

#include "agreements/clock.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/own.h"
#include "lib/status.h"

struct clock_running {
    uint64_t number; /* sequence of the event that started it, or the next free one after: unique */
    struct clock clock;
    struct id message, conversation, case_handle; /* zero: none */
    uint64_t message_sequence;                    /* of its ACCEPTED event; 0: none */
    uint64_t met_by; /* ACCEPTED event of what came for it and is not delivered yet: it rests, under
                        that message. 0: nothing came */
    char type[TYPE_MAX + 1];     /* of the message that started it */
    char expected[TYPE_MAX + 1]; /* to come; empty: a step */
    uint32_t owed_by, owed_to;   /* agencies as in cases.h; 0: nobody */
    union {                      /* by its kind */
        struct {
            uint64_t told_by, told_to; /* OPEN: of the last TOLD event of it to each; 0: none */
        };
        struct {             /* CLOSE, see watching.c */
            uint64_t end_in; /* the number of the update that said its end; 0: the referral did */
            uint64_t before; /* the number of the update before which this was the end; 0: it is */
        };
    };
    char agreement_id[AGREEMENT_ID_MAX + 1];
    uint32_t agreement_version;
    char clause[CLAUSE_ID_MAX + 1]; /* or the expectation */
    struct digest agreement_hash;
};

struct clocks;

struct clocks *clocks_new(uint64_t seed); /* NULL: memory is out */
void clocks_free(struct clocks *clocks);  /* NULL is fine */
OWN(clocks)

/* A copy of it runs from now on; NULL: memory is out. Pointers hold until the next start or stop.
 * `clock.expectation` is not kept, here or in the record: `clause` has its id. Within a message,
 * conversation and case clocks stand in the order of their numbers, whenever they came. */
struct clock_running *clocks_start(struct clocks *clocks, const struct clock_running *clock);
/* The one that strikes first, when it is time; NULL: none does. O(1) */
struct clock_running *clocks_due(struct clocks *clocks, int64_t now_ms);
/* Its next_ms has changed. O(log n) */
void clocks_put(struct clocks *clocks, struct clock_running *clock);
void clocks_stop(struct clocks *clocks, struct clock_running *clock);
/* Those of a message, conversation or case (EXPECTED and REPLY): *at is 0 at first; NULL: no more.
 * The one given may be stopped before the next call, no other. */
enum clocks_by {
    CLOCKS_BY_MESSAGE,
    CLOCKS_BY_CONVERSATION,
    CLOCKS_BY_CASE,
    CLOCKS_BY_COUNT
};
struct clock_running *clocks_next(struct clocks *clocks, enum clocks_by by, const struct id *id,
                                  uint32_t *at);
struct clock_running *clocks_walk(struct clocks *clocks, uint32_t *place); /* all of them */
size_t clocks_count(const struct clocks *clocks);

/* Bytes of the longest record. */
#define CLOCK_RECORD_MAX                                                                           \
    (3 + 4 + 4 * 8 + 4 + 1 + 2 + 3 * ID_SIZE + 4 * 8 + 2 * (1 + TYPE_MAX) + 2 * (1 + AGENCY_MAX)   \
     + 1 + AGREEMENT_ID_MAX + 4 + 1 + CLAUSE_ID_MAX + DIGEST_SIZE)
/* Records, as in cases.h; the key is the number, u64. */
struct cases_names;
void clock_write(const struct clock_running *clock, const struct cases_names *names,
                 struct writer *w);
enum status clock_read(struct bytes key, struct bytes record, const struct cases_names *names,
                       struct clock_running *out);

#endif
