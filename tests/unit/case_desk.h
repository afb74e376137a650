/*
 * case_desk.h - the exchange's desk with agencies that hold cases, refer and ask, for its tests.
 *
 * One agreement permits what they say to each other; every message is about one case unless the
 * test says otherwise. Each send is a batch of its own. Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_CASE_DESK_H
#define TESTS_UNIT_CASE_DESK_H

#include "tests/unit/exchange_desk.h"

#include "proto/told.h"
#include "tests/unit/law_desk.h"

enum agency {
    NPS_A,
    CRC_A,
    CRC_B,
    CSC_A,
    POLICE_A, /* may do every act, and has no part in any case */
    COURT_A,  /* the same, and may hold none */
    AGENCIES
};

struct case_desk {
    struct desk *d; /* owned */
    struct scratch_store store;
    uint32_t members[AGENCIES];
    struct id handle; /* of the case */
    char text[32 * 1024];
};

extern const char *const agency_names[AGENCIES];
session_id session_of(enum agency agency);

/* What the agreement says besides; NULL is nothing. Lines as they stand in the text. */
struct case_terms {
    const char *head;            /* beside the title */
    const char *party[AGENCIES]; /* of the party */
    const char *clauses[8][2];   /* a type, and what its clauses say */
    const char *expectations;    /* the section */
};

struct case_desk *case_desk_new(void);
struct case_desk *case_desk_with(const struct case_terms *terms);
void case_desk_free(struct case_desk *c);
OWN(case_desk)
/* The broker stops and starts again, and all agencies come. */
void case_desk_restart(struct case_desk *c);
/* A batch with nothing in it, `ms` later. */
void case_desk_wait(struct case_desk *c, int64_t ms);

/* The `n`-th message: about the case, opening its own conversation. */
struct envelope letter(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                       const char *type);
/* The same in the conversation that message `first` opened, with this number. */
struct envelope reply(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                      const char *type, uint32_t first, uint32_t sequence);
struct id id_of(uint32_t n); /* of the `n`-th message */
/* What became of it: REFUSAL_UNSPECIFIED is a receipt. */
Concordat__RefusalCode send(struct case_desk *c, const struct envelope *e);
/* It must be accepted; the sequence of its event. */
uint64_t accepted(struct case_desk *c, const struct envelope *e);
/* The recipient signs a step on the letter. */
void step(struct case_desk *c, const struct envelope *e, int kind);
/* Messages that went to the agency in the last batch. */
size_t delivered(const struct case_desk *c, enum agency to);

/* A claim's or question's answer. *custody is zeroed when it says nothing of the case; *size: bytes
 * of the frame. */
Concordat__RefusalCode claim(struct case_desk *c, enum agency by, Concordat__ClaimKind kind,
                             uint64_t version, struct custody_told *custody);
Concordat__RefusalCode ask(struct case_desk *c, enum agency by, const struct id *handle,
                           struct custody_told *custody, size_t *size);
/* "nps.a", or "" for nobody: as the agency is told who asks. */
const char *holder(struct case_desk *c, enum agency asker);

/* What was told in the last batch: how much, and the agency's `n`-th; false: there is none. */
size_t told_count(const struct case_desk *c);
bool told(const struct case_desk *c, enum agency to, size_t n, struct told *out);
/* The agency was told of this change, once. */
void assert_told(const struct case_desk *c, enum agency to, Concordat__CustodyChange change,
                 struct custody_told *out);

/* Acts with transfer T of four components. `manifest` is any number. */
struct envelope offer(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                      uint64_t version, uint32_t components, uint8_t manifest);
struct envelope act(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                    const char *type, uint32_t first, uint32_t sequence, uint32_t components);
/* Names a conversation in an offer: in order of `first`. */
void name(struct envelope *e, uint32_t first);

#endif
