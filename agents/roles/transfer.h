/*
 * transfer.h - cases that change hands, as both halves of probation deal with them.
 *
 *     transfer_give.c   ours: held, offered, offered again, its record sent, withdrawn
 *     transfer_take.c   offered to us: judged component by component, the record checked, taken
 *     transfer_hold.c   what a holder says: first contact, assessment, updates; and what it is told
 *
 * Nothing changes hands before case.transfer.complete is accepted; until then the case is who
 * offered it's, whatever was accepted.
 *
 * In the book ("custody", by case handle): `state`, one of held, offered, taking, taken, refused
 * and given; `with` the other agency, `transfer` and `conversation` of the handover, `components`
 * by number with `state` and `reason`. Of a case that we offer also the `name` of its record in our
 * files; of one that is offered to us `us`, `offer` the message to reply to, `subject`, `risk`,
 * `asked` the parts asked for again, `complete` the id of our word that it is ours.
 *
 * Of the agency's files (--data): "records" by name, each with `person`, `offer` (a
 * case.transfer.offer without subject, transfer and manifest), `correction` (what an offer of
 * rejected components has besides) and `parts` (part.h).
 */
#ifndef AGENTS_ROLES_TRANSFER_H
#define AGENTS_ROLES_TRANSFER_H

#include "agents/roles/service.h"

/* The record of a case in custody, made when there is none. */
json_t *custody_of(struct turn *turn, const char *handle);
/* The record that the letter's body speaks of by `transferId`, if the letter is from the other
 * agency of it; NULL, and declined, when it is not. */
json_t *custody_named(struct turn *turn, const struct letter *letter);
/* How many components are not accepted yet. */
size_t components_left(const json_t *record);

/* transfer_give.c */
int hold_case(struct turn *turn, int argc, char **argv);
int offer_case(struct turn *turn, int argc, char **argv);
int offer_again(struct turn *turn, int argc, char **argv);
int withdraw_case(struct turn *turn, int argc, char **argv);
void on_transfer_accept(struct turn *turn, struct letter *letter);
void on_transfer_reject(struct turn *turn, struct letter *letter);
void on_record_query(struct turn *turn, struct letter *letter);
void on_transfer_complete(struct turn *turn, struct letter *letter);

/* transfer_take.c */

/* What somebody offers us. A company does not take a case of high risk. */
void take_offer(struct turn *turn, struct letter *letter, bool takes_high_risk);
void on_transfer_withdraw(struct turn *turn, struct letter *letter);
void on_record_part(struct turn *turn, struct letter *letter);
/* Looks whether the record of what is accepted is here, and takes the case then. */
int64_t tend_transfers(struct turn *turn);

/* transfer_hold.c */
int say_first_contact(struct turn *turn, int argc, char **argv);
int say_assessment(struct turn *turn, int argc, char **argv);
int say_update(struct turn *turn, int argc, char **argv);
void on_word_of_holder(struct turn *turn, struct letter *letter);
/* From who else works with the subject, to who holds the case: kept with it, and acknowledged. */
void on_news(struct turn *turn, struct letter *letter);

/* Rows for the tables of a role that keeps cases; its own offer reaction besides. */
#define TRANSFER_REACTIONS                                                                         \
    {"case.transfer.accept", on_transfer_accept}, {"case.transfer.reject", on_transfer_reject},    \
        {"case.transfer.withdraw", on_transfer_withdraw},                                          \
        {"case.transfer.complete", on_transfer_complete}, {"case.record.part", on_record_part},    \
        {"case.record.query", on_record_query}, {"case.update", on_word_of_holder},                \
        {"case.officer.assigned", on_word_of_holder}, {"case.first_contact", on_word_of_holder},   \
        {"case.assessment.completed", on_word_of_holder}, {"case.closed", on_word_of_holder},      \
    {                                                                                              \
        "case.late_answer", on_word_of_holder                                                      \
    }
#define TRANSFER_ACTS                                                                              \
    {"hold", "CASE", "a case that nobody holds yet is ours", hold_case},                           \
        {"offer", "CASE NAME --to AGENCY", "the case, with the record of that name", offer_case},  \
        {"offer-again", "CASE", "what was rejected, corrected", offer_again},                      \
        {"withdraw", "CASE", "what is offered", withdraw_case},                                    \
        {"first-contact", "CASE", "somebody has seen the subject", say_first_contact},             \
        {"assess", "CASE", "the assessment is made", say_assessment},                              \
    {                                                                                              \
        "update", "CASE TEXT", "how the subject keeps to the order", say_update                    \
    }

#endif
