/*
 * nps.h - the parts of probation's system, and the case record that they share.
 *
 *     nps.c           the table of reactions, cases, notices
 *     nps_checks.c    asks before sentence, collects the answers
 *     nps_report.c    writes the report when all are in, or when it must
 *     nps_sentence.c  after sentence: the score, and who takes the case
 *     nps_referral.c  a concern about a child, watched until it is closed
 *     nps_follow.c    what must arrive, looked after until somebody has it
 *
 * A case in the book ("cases", by handle): `case` its handle, `caseUrn` the court's number of it,
 * `defendant`; `orders`; `result` of the court, by its `hearingId` and `revision`, `sentence`,
 * `rsr`; `allocation` the ground, `allocated` the decision's `id`, whom it went `to`, and under
 * which `case`; `referral` with `id`, whom it went `to`, `sent`, `ack`, `decision`.
 *
 * A report ordered ("orders", by the psr.request's id; a case may see several): `from` the court,
 * `case`, `conversation`, `hearingId`, `format`, `neededByMs`, `checksDueMs`, `defendant`; `checks`
 * one for each question, with its `type`, whom it went `to`, `id`, `state` as a report tells it,
 * and `answer`; `report` its id once written, or `withdrawn`.
 */
#ifndef AGENTS_ROLES_NPS_H
#define AGENTS_ROLES_NPS_H

#include "agents/roles/turn.h"

/* The record of the letter's case, made when there is none. */
json_t *case_of_letter(struct turn *turn, const struct letter *letter);
/* The same; but a court's system and its staff may each have made a handle for one case, and its
 * own number of it and the person's say that it is one. */
json_t *known_case(struct turn *turn, const struct letter *letter);
/* What our officers have written down about this person: interview, assessment, proposal. NULL:
 * nobody has assessed the person, or it is not sure who that is. */
const json_t *assessment_of(const struct turn *turn, const json_t *person);

/* nps_checks.c */
void on_psr_request(struct turn *turn, struct letter *letter);
void on_psr_withdrawn(struct turn *turn, struct letter *letter);
void on_check_answer(struct turn *turn, struct letter *letter);
/* Looks after the open checks of every case, and has the report written when it is time. */
int64_t tend_checks(struct turn *turn);

/* nps_report.c */

/* What the court ordered with the psr.request of id `request`. */
void write_report(struct turn *turn, const char *request, json_t *order);

/* nps_sentence.c */
void on_sentence(struct turn *turn, struct letter *letter);

/* nps_follow.c */

/* From now on the message of this id is looked after. */
void follow(struct turn *turn, const char *id);
/* Looks at once: does it wait, or has somebody got it or may yet get it? Not refused, rejected or
 * declined. */
bool follow_is_alive(struct turn *turn, const char *id);
int64_t tend_followed(struct turn *turn);

/* nps_referral.c */
int refer(struct turn *turn, int argc, char **argv);
void on_referral_ack(struct turn *turn, struct letter *letter);
void on_referral_decision(struct turn *turn, struct letter *letter);
void on_safeguarding_update(struct turn *turn, struct letter *letter);

#endif
