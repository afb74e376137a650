/*
 * scenario.h - what the scenarios share: agencies by name, the examples' agreements, one clock.
 *
 * Real daemons over TLS on a clock that the test moves (demo/moved_clock.c): the test's own too, so
 * that what it signs and composes by hand is of the same day. The clock's file is made before any
 * program starts; scenario_begin starts the test itself anew for that.
 *
 * Threads: one calls.
 */
#ifndef TESTS_SYSTEM_SCENARIO_H
#define TESTS_SYSTEM_SCENARIO_H

#include "lib/day.h"
#include "tests/system/community.h"
#include "tests/system/peer.h"

#define WAIT_MS 20000 /* until something that must come is missing */
#define HOUR_MS INT64_C(3600000)

struct scenario {
    struct community community;
    char source[COMMUNITY_PATH], pki[COMMUNITY_PATH + 8];
    struct concordat *clients[MEMBERS_MAX]; /* opened when first used */
    struct concordat_id marker;             /* the case opened last: for questions to the broker */
};

/* Which agencies there are. The first `agents` of them run agents; the others only sign. */
struct cast {
    const struct member *members;
    size_t count, agents;
    const char *const *agreements; /* files of agreements/examples, to be put in force; NULL ends */
};

/* "2026-06-30T23:59:50Z", UTC; fails on anything else. */
int64_t moment_ms(const char *text);

/* Arguments: BIN SOURCE FOLDER. The clock stands at `moment` from here on, and runs; broker and
 * agents are up and the agreements in force. */
void scenario_begin(struct scenario *s, int argc, char **argv, const char *moment,
                    const struct cast *cast);
/* Stops everybody; the test's exit code. */
int scenario_end(struct scenario *s);
/* Every program's clock jumps there at once, and runs on. */
void scenario_clock_to(int64_t wall_ms);

/* One line of the result; false fails the test at its end. */
bool expect(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

size_t scenario_member(const struct scenario *s, const char *agency);
/* A client of the agency's agent; the scenario's. */
struct concordat *scenario_client(struct scenario *s, const char *agency);
/* Stops the agency's agent, or starts it and waits until it is connected. */
void scenario_stop_agent(struct scenario *s, const char *agency);
void scenario_start_agent(struct scenario *s, const char *agency);

/* Sends as the agency and waits for the verdict: the answer is the caller's. */
struct concordat_answer *scenario_send(struct scenario *s, const char *from,
                                       struct concordat_message message);
/* Did it come out like this, whole? Say what: expect's line. Frees the answer. Accepted: the id. */
struct concordat_id expect_accepted(struct concordat_answer *answer, const char *what);
void expect_refused(struct concordat_answer *answer, const char *code, const char *what);

/* Until the sender knows that it has this rung; false: it does not come. */
bool scenario_reaches(struct scenario *s, const char *sender, const struct concordat_id *message,
                      const char *rung);
/* Items that ever came to the agency. */
size_t scenario_arrived(struct scenario *s, const char *agency);
/* Messages that the broker has queued for the agency or has on the way; by its control socket. */
unsigned scenario_queued(struct scenario *s, const char *agency);
/* One of the broker's counters, from the same place. */
unsigned long scenario_counter(struct scenario *s, const char *name);
/* Does any file below this folder (relative to the community's) hold these bytes? */
bool scenario_holds(const struct scenario *s, const char *folder, const void *bytes, size_t size);

/* Mail by hand, beside or against the agent's judgement: fills in what the agency's sealing key and
 * the agreement in force are, as the agent of `knows` has them; `key_id` is where the key goes. */
void scenario_address(struct scenario *s, const char *knows, struct mail *mail,
                      uint8_t key_id[static KEY_ID_SIZE]);
/* Composes, submits and waits for the verdict; `envelope` NULL: not wanted. */
struct wire scenario_submit(struct peer *peer, const struct mail *mail,
                            const struct id *case_handle, struct envelope *envelope);
/* Follows the gazette from its start. */
void scenario_follow(struct peer *peer);

#endif
