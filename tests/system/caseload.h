/*
 * caseload.h - cases that two agencies hand to each other, with what they ask and refer about them
 * and what a third answers: acts at random, under a broker that may be killed while one of them has
 * no verdict. For keepers.c.
 *
 * It knows of each case what the receipts say, and says WRONG where the broker says another thing.
 *
 * Threads: one calls.
 */
#ifndef TESTS_SYSTEM_CASELOAD_H
#define TESTS_SYSTEM_CASELOAD_H

#include "tests/system/community.h"
#include "tests/system/keeper.h"

#define CASES 6
#define ASKED_MAX 40 /* open conversations of a case besides its transfer */
#define WAIT_MS 20000

enum who {
    NPS,
    CRC,
    CARE,
    WHO_COUNT
};

extern const struct member keeping[WHO_COUNT];

/* One conversation about a case, as its receipts say. */
struct asked {
    struct id id;
    bool is_open, is_referral;
};

struct file {
    struct id handle, transfer;
    enum who holder; /* WHO_COUNT: it was not opened yet */
    uint64_t version;
    enum {
        IDLE,
        OFFERED,
        ACCEPTED
    } phase;
    struct id offer; /* the transfer's conversation */
    uint32_t said_by_taker;
    struct asked asked[ASKED_MAX];
    size_t asked_count;
};

extern struct caseload {
    struct community c;
    struct keeper keepers[WHO_COUNT];
    struct digest agreement;
    struct file files[CASES];
    uint64_t random;
    int kills_left;
    unsigned acts, held, transfers, wrong;
} caseload;

/* Connects everybody, with cases that nobody has opened. */
void caseload_begin(void);
void caseload_end(void);
/* One act on one case, and what the broker says of it afterwards. */
void caseload_act(void);
/* Every conversation goes on, under whoever holds its case by now: what is open is answered. */
void caseload_answer_all(void);
/* SIGKILL, a start, and everybody is back. */
void caseload_kill(void);
/* Who holds each case but `but`, asked by both who ever do. */
void caseload_check(size_t but);
/* What comes within `wait_ms` of silence. A clock that is moved far makes sessions look idle. */
void caseload_hear(enum who who, int wait_ms);
/* True in `of` of `out_of` cases. */
bool caseload_chance(uint64_t of, uint64_t out_of);

#endif
