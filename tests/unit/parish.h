/*
 * parish.h - a court and a probation office whose agreements are signed, in a town: for tests.
 *
 * Each entry of the gazette is made, signed with real governance keys and shown to whom the test
 * says. The court asks probation for reports (psr.request). Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_PARISH_H
#define TESTS_UNIT_PARISH_H

#include "agreements/instrument.h"
#include "lib/own.h"
#include "tests/unit/governors.h"
#include "tests/unit/town.h"

#define PARISH_COURT "court.b35cz00"
#define PARISH_NPS "nps.cambs"

/* Members of the town; bits of `to` below. */
enum {
    COURT = 0,
    NPS = 1
};
#define TO_COURT 1U
#define TO_NPS 2U
#define TO_BOTH 3U

struct parish {
    struct town *town;
    struct governor court, nps;
    struct digest community;
    uint64_t sequence; /* of the last entry */
};

/* Nothing is in force. */
struct parish *parish_new(void);
void parish_free(struct parish *parish);
OWN(parish)

/* A text that pins the keys of `court`, which is parish->court or one of its name, and probation's.
 */
struct parish_text {
    char id[32], text[TEXT_MAX];
    uint32_t version;
    size_t size;
    struct digest hash, predecessor;
    struct id proposal;
};
struct parish_text parish_text_of(const struct parish *parish, const struct governor *court,
                                  const char *id, uint32_t version,
                                  const struct digest *predecessor);

/* What is done about the text, signed and not shown; lies in `out`. */
struct bytes parish_sign(const struct parish *parish, const struct governor *by, Concordat__Act act,
                         const struct parish_text *text, uint8_t out[static SIGNED_INSTRUMENT_MAX]);
/* The next entry, shown to those of the bits in `to`: it lies in their way until the town settles.
 */
void parish_act(struct parish *parish, const struct governor *by, Concordat__Act act,
                const struct parish_text *text, unsigned to);
/* Proposed by the court, accepted by probation. */
void parish_enact(struct parish *parish, const struct parish_text *text, unsigned to);
/* ROLL or RETIRE of a signing key, shown to both. */
void parish_change_key(struct parish *parish, const struct governor *by, Concordat__Act act,
                       const struct digest *signing);

/* The court sends a psr.request under an id of its own. */
struct id parish_send(struct parish *parish, Concordat__Outcome expected);

#endif
