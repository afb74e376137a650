/*
 * custodians.h - what scenarios about custody, conversations and clocks check: who holds a case,
 * who sees which of its conversations, what is due and what was alarmed.
 *
 * What comes from the broker as evidence of its own takes a moment: each of these waits for the
 * event that makes it so (awaiting.h), and what must not be is judged when the broker has been
 * heard out.
 */
#ifndef TESTS_SYSTEM_CUSTODIANS_H
#define TESTS_SYSTEM_CUSTODIANS_H

#include "tests/system/handover.h"

/* The agency has all that the broker had for it, and what strikes at this time. */
void scenario_hear_out(struct scenario *s, const char *agency);
/* Everybody hears the broker out until it is so; false: it is not when all that follows from what
 * was said before has come. */
bool scenario_until(struct scenario *s, bool (*is_so)(void *context), void *context);

/* The clock jumps there; all running agents have the broker again, and what it struck. */
void scenario_later(struct scenario *s, const char *moment);

/* The agency opens a case and holds it: a check. */
struct concordat_id open_case(struct scenario *s, const char *agency);
struct concordat_answer *close_case(struct scenario *s, const char *agency,
                                    const struct concordat_id *handle);
/* `asks` asks the broker, which says that `holder` holds it (""; nobody). */
void expect_holder(struct scenario *s, const char *asks, const struct concordat_id *handle,
                   const char *holder, const char *what);
/* `asks` is told CASE_NOT_YOURS, whatever the case is. */
void expect_untold(struct scenario *s, const char *asks, const struct concordat_id *handle,
                   const char *what);

/* The conversation is open at the agency, with `with` on its other side. */
void expect_open(struct scenario *s, const char *agency, const struct concordat_id *handle,
                 const struct concordat_id *conversation, const char *with, const char *what);
void expect_not_open(struct scenario *s, const char *agency, const struct concordat_id *handle,
                     const struct concordat_id *conversation, const char *what);
/* Does the body of an offer, opened at the agency, list it? */
bool conversation_is_listed(struct scenario *s, const char *agency,
                            const struct concordat_id *offer,
                            const struct concordat_id *conversation);
void expect_component(struct scenario *s, const char *agency, const struct concordat_id *handle,
                      uint32_t component, const char *state, const char *reason, const char *what);

/* BAD_INPUT by the agency's own agent, whose problem says `text`. Frees the answer. */
void expect_bad_input(struct concordat_answer *answer, const char *text, const char *what);
/* Refused by whomever, or found out by the agency's own agent. Frees the answer. */
void expect_bad_or_refused(struct concordat_answer *answer, const char *what);
/* Refused with that code, or found out by the agency's own agent before it was sent. */
void expect_refused_or_bad(struct concordat_answer *answer, const char *code, const char *what);

/* Something of that kind is due about a message of that type, or waits for that type. */
void expect_due(struct scenario *s, const char *agency, const char *kind, const char *type,
                const char *what);
void expect_not_due(struct scenario *s, const char *agency, const char *type, const char *what);
/* Which alarms; what is NULL: any. */
struct alarms {
    const char *kind, *stage, *expected, *role;
};
/* How many there are, with what strikes at this time. */
unsigned alarms_of(struct scenario *s, const char *agency, const struct alarms *which);
/* The agency comes to have so many of them, and no more. */
void expect_alarms(struct scenario *s, const char *agency, const struct alarms *which,
                   unsigned count, const char *what);

/* The text of case.yaml, version 5, with another company in place of this one, under an id and with
 * a version of its own. */
const char *agreement_of_next(const struct scenario *s, const char *company, const char *next,
                              unsigned version);

#endif
