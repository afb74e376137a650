/*
 * handover_town.h - a town of three agencies around cases that change hands, for the tests of what
 * their agents know and do: probation and a company, which hold them, and social care, which is
 * asked and told about them.
 *
 * What the broker would say comes from the test. Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_HANDOVER_TOWN_H
#define TESTS_UNIT_HANDOVER_TOWN_H

#include "tests/unit/unit.h"

#include "proto/told.h"
#include "tests/unit/town.h"

enum {
    NPS,
    CRC,
    CSC,
    HANDOVER_AGENCIES
};
extern const char *const agencies[HANDOVER_AGENCIES];

#define KIT                                                                                        \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"
#define ARI "{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}"
extern const char referral[], check[], checked[]; /* bodies: about Ari, an enquiry, its answer */

/* ---- what an agency's own system asks ---- */

struct wish {
    const char *type, *to, *json;
    const struct id *about, *conversation, *reply_to, *message;
    const char *officer;
};

ProtobufCBinaryData field_of(const struct id *id); /* NULL: an empty one */
const Concordat__Response *say(struct town *town, size_t agency, struct wish wish);
/* It was accepted: its id. */
struct id said(const Concordat__Response *r);
void refused(const Concordat__Response *r, Concordat__RefusalCode code);
const Concordat__CustodyState *case_of(struct town *town, size_t agency, const struct id *handle);
/* The `limit' soonest; 0: as many as usual. */
const Concordat__Response *due_first(struct town *town, size_t agency, uint32_t limit);
const Concordat__Response *due_of(struct town *town, size_t agency);
/* The first of that kind which waits for that type; NULL: none does. */
const Concordat__Due *find_due(struct town *town, size_t agency, const char *what,
                               const char *expected);
/* Claims, and waits for the broker's answer. */
void claim_later(struct town *town, size_t agency, const struct id *handle,
                 Concordat__ClaimKind kind);
void hold_later(struct town *town, size_t agency, const struct id *handle);
/* Probation refers Ari to social care. */
struct id referred(struct town *town, const struct id *handle);
/* The body of an update of that referral, and one that is sent. */
const char *update_of(const struct id *first, unsigned number);
struct id updated(struct town *town, size_t by, const struct id *first, unsigned number);
/* The number that a message has in its conversation. */
uint32_t number_of(struct town *town, size_t agency, const struct id *id);

/* ---- what the broker tells ---- */

struct told news_of(const struct town *town, const struct id *handle,
                    Concordat__CustodyChange change, const char *holder, uint64_t version);
/* Probation holds the case, as the broker has told it. */
struct id opened(struct town *town);
/* The broker tells those whose bit of `to' is set that the company holds it. */
void moved(struct town *town, const struct id *handle, const struct id *transfer,
           const struct told_conversation *conversations, uint32_t count, unsigned to);
extern struct told last_moved; /* what it told */
/* Of the holder's, who was probation, with social care. */
struct told_conversation conversation_of(const struct id *id, const char *type, uint32_t next,
                                         uint32_t next_of_other);

/* ---- groups of tests of this executable; each says how many have failed ---- */

int late_answer_tests(void);      /* handover_late.c */
int crossing_tests(void);         /* handover_crossing.c */
int handover_alarm_tests(void);   /* handover_alarms.c */
int handover_due_tests(void);     /* handover_due.c */
int handover_watched_tests(void); /* handover_watched.c */

/* The answer that comes for who held the case before (handover_late.c). */
struct late {
    struct id handle, question, answer;
};
/* Probation has asked, and the case has moved; social care has not been told. */
struct late moved_on(struct town *town);
/* Social care answers probation. */
void late_answer(struct town *town, struct late *late);

#endif
