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
 * is due at the sooner of answer-within and needed-by. CLOCK_CLOSE runs from the end of the watch
 * that a referral names, or its sender later in an update, and is its sender's. CLOCK_GAP,
 * CLOCK_FORWARD, CLOCK_EXPECTED, CLOCK_VOLUME and CLOCK_CLOSE are breached at once when due: one
 * alarm. What is late when it starts strikes once, as breached.
 *
 * An expectation is owed by the recipient of its `after', when the agreement lets it send the
 * `then'; else by the sender, when that may; when neither may, by nobody, and there is no clock.
 * What only a case's holder may send, the holder owes, whoever was written to, if it is a party: of
 * another nobody hears by this agreement, nor it of them. Of a type that the agreement has no
 * clause for (it goes by another), the recipient owes it. One that names a party in `from' is owed
 * by that, to the sender of its `after' or else its recipient, whichever the agreement lets it send
 * the `then'; when neither, there is no clock. One that repeats starts again with each `then' from
 * who owes it. It runs in the calendar of who owes it.
 *
 * Pure: the broker runs them (its time is the point of law); agents compute the same to show what
 * is due. Source: docs/clocks.md.
 */
#ifndef AGREEMENTS_CLOCK_H
#define AGREEMENTS_CLOCK_H

#include "agreements/agreement.h"
#include "agreements/calendar.h"
#include "proto/evidence.pb-c.h"

#define CLOCKS_OF_MAX (5 + EXPECTATIONS_MAX) /* that one message starts */
#define CLOCK_RUNG_NONE UINT32_MAX
#define OPEN_EVERY_MS (15 * 60000)
#define GAP_MS 60000
#define FORWARD_MINUTES 60   /* working */
#define COMPLETE_MINUTES 900 /* working: two days */

/* Who owes it. */
enum clock_debtor {
    DEBTOR_RECIPIENT = 0, /* of the message that started it */
    DEBTOR_SENDER,
    DEBTOR_HOLDER, /* of its case, who is neither */
    DEBTOR_NAMED,  /* by the expectation, and is neither; owed to the sender */
    DEBTOR_NAMED_TO_RECIPIENT,
    DEBTOR_NONE /* nobody: of no clock */
};

struct clock {
    Concordat__ClockKind kind;
    Concordat__ClockStage stage; /* told so far; UNSPECIFIED: nothing */
    uint32_t count; /* strikes so far, with those that were told in one; GAP, VOLUME: as in told */
    int64_t started_ms, due_ms;
    int64_t next_ms;          /* of the next strike; INT64_MAX: it rests */
    struct span span;         /* it was given; zero: a moment was named */
    enum calendar calendar;   /* the span's */
    int64_t needed_by_ms;     /* ANSWER: the moment that was named beside the span; 0: none */
    enum clock_debtor debtor; /* not kept */
    const char *expectation;  /* its id, of the agreement; NULL: none */
    uint8_t rungs;            /* of the ladder */
};

/* A message as clocks see it. */
struct clock_cause {
    const struct agreement *agreement;
    const struct clause *clause;
    const struct message_type *type;
    int urgency;
    const char *sender, *recipient;
    const char *holder; /* of its case, once the message has done what it does; NULL: none known */
    int64_t accepted_ms, needed_by_ms, watch_until_ms;
};

/* Clocks that the message starts: *count of them, CLOCKS_OF_MAX at most. Expectations whose `after'
 * is its type are among them. */
void clocks_of(const struct clock_cause *cause, const struct calendar_days *days,
               struct clock out[static CLOCKS_OF_MAX], size_t *count);
/* The clock of its close alone, when the message names an end to its watch and its clause gives a
 * time after that. False: it does not. */
bool clock_close(const struct clock_cause *cause, const struct calendar_days *days,
                 struct clock *out);
/* All of an offer is accepted, with `cause' the last: its sender owes the completion. As long again
 * as the offer's clause in that agreement gives to decide, in the sender's calendar; where it says
 * nothing, COMPLETE_MINUTES. *clause: the offer's, whose ladder it climbs; NULL: there is none. */
struct clock clock_complete(const struct clock_cause *cause, const struct calendar_days *days,
                            const struct clause **clause);
/* A clock of ours that no clause gives (GAP, REPLY, FORWARD): due at `due_ms`. */
struct clock clock_until(Concordat__ClockKind kind, int64_t now_ms, int64_t due_ms);
/* It is `next_ms` or later: what is to be told, and when it strikes next. Strikes that were missed
 * (a broker that was down) are told as one: the last of them. *rung: of the ladder, from 0, whose
 * role is told; breached goes to the last rung's; CLOCK_RUNG_NONE: the desk. False: it was not
 * time, and nothing has changed. */
bool clock_strike(struct clock *clock, const struct calendar_days *days, int64_t now_ms,
                  Concordat__ClockStage *told, uint32_t *rung);
/* The calendar has changed (a bank holiday was added): due_ms and next_ms anew; what was told is
 * told. True: they moved. */
bool clock_reckon(struct clock *clock, const struct calendar_days *days);
/* It was stopped, and what stopped it is undone: it goes on as if it never had been. */
void clock_resume(struct clock *clock, const struct calendar_days *days);
/* Does a message of this type, or a step, stop a clock of this kind that `asked` started? What an
 * expectation waits for is in the agreement: not asked here, but a step. That something was
 * answered is no answer where a type of message is. */
bool clock_is_stopped_by_type(Concordat__ClockKind kind, const struct message_type *asked,
                              const char *type);
bool clock_is_stopped_by_step(Concordat__ClockKind kind, const struct message_type *asked,
                              Concordat__StepKind step);
/* Is what a message of type `after` makes expected a matter of the transfer that it is said in, so
 * that it ends when that does? A part of the record of the holder, say, or a reply of who is
 * offered the case; another offer is not. `by_holder`: who owes it gives the case, and takes it
 * not. Either may be NULL. */
bool clock_is_of_transfer(const struct message_type *after, const struct message_type *expected,
                          bool by_holder);

#endif
