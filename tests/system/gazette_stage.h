/*
 * gazette_stage.h - two agencies that sign, one agreement between them, and a broker whose clock is
 * moved: what the runs of gazette.c and gazette_faults.c share.
 *
 * A check that fails is printed and counted; what cannot go on exits 1.
 */
#ifndef TESTS_SYSTEM_GAZETTE_STAGE_H
#define TESTS_SYSTEM_GAZETTE_STAGE_H

#include <openssl/evp.h>

#include "agreements/instrument.h"
#include "lib/identity.h"
#include "tests/system/community.h"
#include "tests/system/peer.h"

#define SIZE 512
#define VERDICT_ROOM 256
#define WAIT_MS 20000
#define DAY_MS INT64_C(86400000)

/* A certificate and key of the PKI's folder. */
struct papers {
    EVP_PKEY *key;
    unsigned char *der;
    size_t der_size;
    struct digest spki;
};

struct stage {
    struct community community;
    struct digest community_id;
    char pki[COMMUNITY_PATH + 8];
    struct peer *court, *nps;
    struct papers court_governance, nps_governance, court_signing, nps_signing;
    char text[4096];
    struct digest hash;
    struct id proposal;
    int64_t proposal_expires_ms;
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t body[SIZE];
};

/* The daemons' clock: a file that they map. */
void stage_clock(const char *folder);
void stage_move_clock(int64_t ms);

void stage_expect(bool holds, const char *what);
/* Prints how many held; 1: not all. Takes the clock away. */
int stage_result(void);

/* `kind' is what the certificate must be good for. To be freed. */
struct papers stage_papers(const struct stage *s, const char *agency, const char *use,
                           enum identity_use kind);
void papers_free(struct papers *p);
/* The agreement, pinning the stage's keys. */
void stage_write_text(struct stage *s);

struct instrument stage_instrument(const struct stage *s, Concordat__Act act, const char *agency);
/* Signs it, as a SignedInstrument: its size. */
size_t stage_sign(const struct stage *s, const struct instrument *i, const struct papers *papers,
                  uint8_t out[static SIGNED_INSTRUMENT_MAX]);
/* Brings it and waits for the verdict: its sequence, 0 when refused. */
uint64_t stage_bring(struct peer *peer, struct bytes instrument, struct bytes text);
const char *stage_why_not(void); /* of the last that was refused */
/* Makes, signs and brings one. */
uint64_t stage_act(struct stage *s, struct peer *peer, Concordat__Act what, const char *agency,
                   const struct papers *papers);

/* A request from the court, and the broker's answer to it. */
struct wire stage_submit(struct stage *s);
/* The whole gazette from now on, and credit for mail. */
void stage_follow(struct peer *peer);

/* Entries until the first delivery: their last sequence; the delivery's in `delivered`. */
uint64_t stage_entries_before_mail(struct stage *s, uint64_t *delivered, size_t *count);

/* gazette_faults.c, in the run's order. */
void fault_cut(struct stage *s);
void fault_descriptors(struct stage *s);
void fault_damaged(struct stage *s);

#endif
