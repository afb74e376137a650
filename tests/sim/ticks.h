/*
 * ticks.h - one clock of the simulation: when it strikes next, what it tells then, how it ends.
 *
 *     clockwork.c, clockwork_talks.c: which run --> ticks.h --> what is due, and whom it names
 *
 * By docs/clocks.md, and nothing of the broker's.
 */
#ifndef TESTS_SIM_TICKS_H
#define TESTS_SIM_TICKS_H

#include "tests/sim/town.h"

#define CLOCK(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define QUARTER (15 * 60 * SECOND)
#define MINUTE (60 * SECOND)

/* One working hour later, in a winter without holidays. */
int64_t tick_working_hour(struct town *t, int64_t ms);
int64_t tick_next_ms(const struct tick *k); /* of its next strike; INT64_MAX: it rests */
/* The last of what it should have told by now is to be told. */
void tick_fall_due(struct town *t, struct tick *k);
void tick_told(struct town *t, struct tick *k, int agency); /* of what was due */
/* Something of the conversation or of the case's offer (NONE: none) is withheld, or breached and
 * told: that alone stops a minute or a reply's time that is due in the same batch. */
void tick_stir(struct town *t, int talk, int case_number);
/* What was owed comes after all: news, when it was told as missed. */
void tick_come(struct town *t, struct tick *k);
void tick_stop(struct tick *k);
/* Until that message is delivered, or undone. */
void tick_rest(struct tick *k, const struct letter *under, const struct town *t);
/* Its conversation has ended by the event of that sequence: it rests until who is to have that
 * message has it, or stops. */
void tick_end(struct town *t, struct tick *k, uint64_t ended_in);
struct tick *tick_start(struct town *t, Concordat__ClockKind kind, int by, int to, int64_t start_ms,
                        int64_t due_ms);
/* One that runs or rests, of a conversation or a case (NONE: of any); NULL: there is none. */
struct tick *tick_find(struct town *t, Concordat__ClockKind kind, int talk, int case_number);
void tick_stop_all(struct town *t, Concordat__ClockKind kind, int talk, int case_number);
/* What was accepted with that sequence; NULL: nothing. */
const struct letter *tick_letter(const struct town *t, uint64_t sequence);
bool tick_is_named(const char *name, const struct letter *letter);

#endif
