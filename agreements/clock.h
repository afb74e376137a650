/*
 * clock.h - what is owed by when: which clocks a message starts, and how each of them goes on.
 *
 *     accepted --clocks_of--> clocks --at next_ms, clock_strike--> warned, escalated, breached
 *
 * Between its start and `due_ms` a clock is cut so: at half of its time it warns; the rungs of the
 * clause's ladder are spread evenly over the second half, and each is told at its moment; at
 * `due_ms` it is breached, and rests until what was owed comes (then it is told late) or can come
 * no more. All in the time that the span runs in. CLOCK_OPEN strikes every 15 minutes and does not
 * end; it goes to the recipient's contact, or out of hours to its out-of-hours desk. CLOCK_ANSWER
 * is due at the sooner of answer-within and needed-by. CLOCK_GAP and CLOCK_FORWARD are breached at
 * once when due. What is late when it starts strikes once, as breached.
 *
 * Pure: the broker runs them (its time is the point of law); agents compute the same to show what
 * is due. Source: docs/clocks.md.
 */
#ifndef AGREEMENTS_CLOCK_H
#define AGREEMENTS_CLOCK_H

#include "agreements/agreement.h"
#include "agreements/calendar.h"
#include "proto/evidence.pb-c.h"

#define CLOCKS_OF_MAX (4 + EXPECTATIONS_MAX) /* that one message starts */
#define OPEN_EVERY_MS (15 * 60000)
#define GAP_MS 60000
#define FORWARD_MINUTES 60 /* working */

struct clock {
    Concordat__ClockKind kind;
    Concordat__ClockStage stage; /* told so far; UNSPECIFIED: nothing */
    uint32_t count;              /* strikes so far */
    int64_t started_ms, due_ms;
    int64_t next_ms;         /* of the next strike; INT64_MAX: it rests */
    struct span span;        /* it was given; zero: a moment was named */
    enum calendar calendar;  /* the span's */
    const char *expectation; /* its id, of the agreement; NULL: none */
    uint8_t rungs;           /* of the ladder */
};

/* A message as clocks see it. */
struct clock_cause {
    const struct agreement *agreement;
    const struct clause *clause;
    const struct message_type *type;
    int urgency;
    const char *recipient;
    int64_t accepted_ms, needed_by_ms;
};

/* Clocks that the message starts: *count of them, CLOCKS_OF_MAX at most. Expectations whose `after'
 * is its type are among them. */
void clocks_of(const struct clock_cause *cause, const struct calendar_days *days,
               struct clock out[static CLOCKS_OF_MAX], size_t *count);
/* A clock of ours that no clause gives (GAP, REPLY, FORWARD): due at `due_ms`. */
struct clock clock_until(Concordat__ClockKind kind, int64_t now_ms, int64_t due_ms);
/* It is `next_ms` or later: what is to be told, and when it strikes next. Strikes that were missed
 * (a broker that was down) are told as one: the last of them. False: it was not time. */
bool clock_strike(struct clock *clock, const struct calendar_days *days, int64_t now_ms,
                  Concordat__ClockStage *told, uint32_t *rung);
/* The calendar has changed (a bank holiday was added): due_ms and next_ms anew. True: they moved.
 */
bool clock_reckon(struct clock *clock, const struct calendar_days *days, int64_t now_ms);
/* Does a message of this type, or a step, stop a clock of this kind that `asked` started? */
bool clock_is_stopped_by_type(Concordat__ClockKind kind, const struct message_type *asked,
                              const char *type);
bool clock_is_stopped_by_step(Concordat__ClockKind kind, const struct message_type *asked,
                              Concordat__StepKind step);

#endif
