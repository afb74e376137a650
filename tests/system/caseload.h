/*
 * caseload.h - cases that two agencies hand to each other, with what they ask and refer about them
 * and what a third answers: acts at random, or a story that is always the same, under a broker that
 * may die while one of them has no verdict. For keepers.c and iofaults.c.
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
#define SENT_MAX 8192

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
    bool is_due; /* by the end of the run: nobody answers it in time */
    enum who by;
    struct id late; /* an answer to who asked and has not the case any more; zero: none */
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
    struct id offer;               /* the transfer's conversation */
    struct id accepted, completed; /* the last messages that did so */
    bool is_lapsing;               /* the offer, and nobody replies in time */
    uint32_t said_by_taker;
    struct asked asked[ASKED_MAX];
    size_t asked_count;
};

extern struct caseload {
    struct community c;
    struct keeper keepers[WHO_COUNT];
    struct digest agreement;
    struct file files[CASES];
    struct sent {
        struct id id;
        enum who to;
    } sent[SENT_MAX]; /* accepted */
    size_t sent_count;
    uint64_t random;
    int kills_left;
    int64_t ahead_ms;      /* of our clock: the broker's */
    bool is_timed;         /* all that may be owed has its time: cases_agreement_timed */
    int64_t soon_ms;       /* the story's enquiry that is breached after its end is due so late */
    bool is_quiet;         /* what is wrong is counted alone: something is planted */
    void (*on_loss)(void); /* a connection went: all are back on return; NULL: it connects anew */
    unsigned acts, held, transfers, wrong;
} caseload;

/* Connects everybody, with cases that nobody has opened. */
void caseload_begin(void);
/* The broker has another store, in which nothing has happened. */
void caseload_anew(void);
void caseload_connect(void);
void caseload_part(void); /* all connections end */
void caseload_end(void);
/* One act on one case, and what the broker says of it afterwards. */
void caseload_act(void);
/* A case is opened, asked and referred about, handed over with what is open in it, and one enquiry
 * answered; another is opened and offered. One enquiry is late from the start, one soon after. */
void caseload_story(void);
/* What is due strikes with the next thing that happens: an enquiry about the second case. */
void caseload_go_on(void);
/* Until everything that was accepted has come; gives how much has not within `wait_ms`. */
size_t caseload_await(int64_t wait_ms);
/* Every conversation goes on, under whoever holds its case by now: what is open is answered. */
void caseload_answer_all(void);
/* SIGKILL, a start, and everybody is back. */
void caseload_kill(void);
/* Who holds each case but `but`, asked by both who ever do. */
void caseload_check(size_t but);
/* The last acts, for which nobody does in time what they ask for: an offer, one that is accepted, a
 * completion, an answer to who has handed the case on. */
void caseload_last(void);
/* What comes within `wait_ms` of silence. A clock that is moved far makes sessions look idle. */
void caseload_hear(enum who who, int wait_ms);
/* True in `of` of `out_of` cases. */
bool caseload_chance(uint64_t of, uint64_t out_of);

/* ---- caseload_clocks.c ---- */

/* Until what nobody answered in time is breached, and both sides know: where all has its time, of
 * each kind that the acts started. Gives how often one does not within `wait_ms`. */
size_t caseload_await_breaches(int64_t wait_ms);
/* Tellings of a strike that an agency had been told already, as another item. */
size_t caseload_count_twice(void);
/* Breaches of what was not due. */
size_t caseload_count_early(void);

#endif
