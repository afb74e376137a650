/*
 * community.h - a throwaway community of real daemons on loopback, for system tests.
 *
 * Makes a PKI, drafts of agreements and configurations in a folder, starts `concordatd` and one
 * `concordat-agent` an agency as children (daemon.h), waits for their events, kills and restarts
 * them.
 *
 * A failure inside prints what happened and exits 1: a test without its community has no result.
 *
 * Threads: one thread calls.
 */
#ifndef TESTS_SYSTEM_COMMUNITY_H
#define TESTS_SYSTEM_COMMUNITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/client.h"
#include "tests/system/daemon.h"

#define MEMBERS_MAX 16

struct member {
    const char *agency, *kind; /* "court.a", "COURT" */
};

struct community {
    char folder[COMMUNITY_PATH];
    struct daemon broker;
    size_t member_count;
    struct member members[MEMBERS_MAX];
    struct daemon agents[MEMBERS_MAX];
    uint16_t port;
    char concordat[COMMUNITY_PATH]; /* the command line's program */
    bool is_enacted;                /* its agreements have been put in force */
};

/* Where the build put the daemons, and the sources: set by the test's command line. */
struct places {
    const char *bin, *source;
};

/* A new folder below `parent` with PKI, configurations and one agreement: each COURT may send
 * psr.request and safeguarding.referral.child to each NPS, which may answer with psr.report.
 * Nothing runs yet. */
void community_make(struct community *c, const struct places *places, const char *parent,
                    const struct member members[], size_t count);
/* Writes another agreement file, or over it, as a new version. Once the community's agreements are
 * in force it is enacted too, and every running agent has it in force on return. */
void community_agreement(struct community *c, const char *file, const char *text);

void community_start_broker(struct community *c); /* returns when it is ready */
void community_start_agent(struct community *c, size_t member);
/* Signs the folder's agreements for all parties and publishes them through the first member's
 * agent; every running agent has them in force on return. The text that
 * was signed of agreements/X is pinned/X. */
void community_enact(struct community *c);
/* All; agents connected, and the first time agreements put in force. */
void community_start(struct community *c);
/* The broker alone, with agreements in force: for tests that play every agency by hand (peer.h). */
void community_start_for_peers(struct community *c);
/* SIGTERM and wait; the exit code must be 0. */
void community_stop(struct community *c);
void community_free(struct community *c); /* kills what runs; the folder stays for inspection */

/* A client of this member's agent. */
struct concordat *community_client(struct community *c, size_t member);
/* Until the member's agent says it is connected. */
void community_await_connected(struct community *c, size_t member);

/* A psr.request body in JSON of at least `size` bytes, with `mark` in its notes; free() it. */
char *psr_body(const char *mark, size_t size);
/* An immediate child referral. */
char *referral_body(const char *mark, size_t size);

#endif
