/*
 * law_desk.h - the exchange's desk with agreements that their parties sign, for its tests.
 *
 * Nothing is assumed in force: the court and the probation office propose and accept, through the
 * court's session. Nobody looks at the signatures, which a session has verified by then. Each
 * instrument is dated a second after the one before it. Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_LAW_DESK_H
#define TESTS_UNIT_LAW_DESK_H

#include "tests/unit/exchange_desk.h"

#include "agreements/instrument.h"
#include "proto/notice.h"
#include "tests/unit/samples.h"

/* An agreement of the two. */
struct law {
    char id[32];
    uint32_t version;
    char *text; /* owned: free() it */
    size_t size;
    struct digest hash, predecessor;
    struct id proposal;
    int64_t open_from_ms; /* when it is proposed */
};

/* Of at least `size` bytes. */
struct law law_of(const char *id, uint32_t version, size_t size);
/* `terms` are a charter's: then both are police, and a clause runs each way. */
struct law law_with(const char *id, uint32_t version, const char *terms, size_t size);

struct digest law_governance(const char *agency); /* the key that texts pin */
struct instrument law_instrument(const struct law *law, Concordat__Act act, const char *agency);
/* A SignedInstrument, its size, and the digest of what is in it. */
size_t law_signed(const struct instrument *instrument, uint8_t out[static SIGNED_INSTRUMENT_MAX],
                  struct digest *digest);

/* Both are there and follow; nothing is in force. */
struct desk *law_desk(void);
/* Into the turn: an instrument through this session; the agency's act through the court's. */
void law_bring(struct desk *d, session_id session, uint32_t member,
               const struct instrument *instrument, struct bytes text);
void law_act(struct desk *d, const struct law *law, Concordat__Act what, const char *agency);
/* The last batch's: the sequence of the entry, 0 when it was refused. */
uint64_t law_verdict(const struct desk *d);
/* In a batch of its own; it must be published (its sequence), or refused without a trace. */
uint64_t law_published(struct desk *d, const struct law *law, Concordat__Act what,
                       const char *agency);
/* Another instrument about it; its sequence, or 0: refused. */
uint64_t law_brought(struct desk *d, const struct instrument *instrument, const struct law *law);
void law_refused(struct desk *d, const struct law *law, Concordat__Act what, const char *agency);
/* Signed by both; the court's messages are under it from now on. */
void law_put_in_force(struct desk *d, const struct law *law);
/* Why the court's `n`-th message is refused, which it must be. */
Concordat__RefusalCode law_refusal_of(struct desk *d, uint32_t n);
/* What a notice's entry says. */
struct notice law_notice(const struct event *event);

/* A state of its own, for restarts. */
struct scratch_store {
    char folder[SCRATCH_SIZE];
    struct state *state;
};
struct scratch_store scratch_store_open(void);
void scratch_store_close(struct scratch_store *s);

#endif
