/*
 * clock_watch.h - a desk whose clocks are watched: time goes on batch by batch, and what the broker
 * tells of its clocks is gathered.
 *
 *     say --> run_until --> nth, told_of
 *
 * NOW is Friday 15 January 2027, 08:00 in London: an hour before the desks open. Failures abort
 * through cmocka.
 */
#ifndef TESTS_UNIT_CLOCK_WATCH_H
#define TESTS_UNIT_CLOCK_WATCH_H

#include "tests/unit/case_desk.h"
#include "tests/unit/moment.h"

#define KIND(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define STEP(name) CONCORDAT__STEP_KIND__##name
#define MINUTE INT64_C(60000)
#define CHECK_REQUEST "check.social_care.children.request"
#define CHECK_RESPONSE "check.social_care.children.response"
#define REFERRAL_CHILD "safeguarding.referral.child"
#define DECISION "safeguarding.referral.decision"
#define UPDATE "safeguarding.update"
#define ALARMS_SEEN_MAX 2048

struct seen {
    int64_t at_ms;
    enum agency to;
    struct clock_told told;
};

struct watch {
    struct case_desk *c;
    struct seen seen[ALARMS_SEEN_MAX];
    size_t count;
    int64_t stride_ms;            /* from batch to batch */
    bool restarts;                /* after each batch in which something was told */
    uint64_t told_last[AGENCIES]; /* sequence of the last of a clock that it was told */
    uint32_t takes;               /* bits of agencies: which settle what they are told */
};

/* Social care acknowledges an enquiry within an hour and answers within four, and decides on a
 * referral within a working day; probation is to ask twice a day, and to say within a working day
 * what follows from a decision. */
struct watch *watch_new(void);
struct watch *watch_with(const struct case_terms *terms); /* other terms */
void watch_free(struct watch *w);

/* Gathers what the last batch told; the agencies whose bits are set settle it. */
void look(struct watch *w);
/* Batches until that time. */
void run_until(struct watch *w, int64_t until_ms);
/* Sends it, in a batch of its own: it is accepted. */
void say(struct watch *w, struct envelope e);

/* The `n`-th that was told to the agency of that kind. */
const struct clock_told *nth(const struct watch *w, enum agency to, Concordat__ClockKind kind,
                             size_t n);
size_t told_of(const struct watch *w, enum agency to, Concordat__ClockKind kind);

/* ---- groups of tests of this executable; each says how many have failed ---- */

int timing_case_tests(void);     /* timing_cases.c */
int timing_expected_tests(void); /* timing_expected.c */
int timing_day_tests(void);      /* timing_days.c */

#endif
