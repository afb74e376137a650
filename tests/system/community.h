/*
 * community.h - a throwaway community of real daemons on loopback, for system tests.
 *
 * Makes a PKI, drafts of agreements and configurations in a folder, starts `concordatd` and one
 * `concordat-agent` an agency as children, waits for their events, kills and restarts them. Nothing
 * here sleeps: a thread a daemon reads its standard error, keeps it as its log and tells whoever
 * waits that a line has come.
 *
 * A failure inside prints what happened and exits 1: a test without its community has no result.
 *
 * Threads: one thread calls; log readers are inside.
 */
#ifndef TESTS_SYSTEM_COMMUNITY_H
#define TESTS_SYSTEM_COMMUNITY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agents/client.h"

#define MEMBERS_MAX 16
#define COMMUNITY_PATH 256 /* bytes of a path */

struct daemon {
    char name[64]; /* "broker" or the agency id */
    char program[COMMUNITY_PATH], config[COMMUNITY_PATH], log[COMMUNITY_PATH];
    const char *argument; /* one more, behind the configuration; NULL: none */
    pid_t pid;            /* 0: not running */
    unsigned starts;
    int output;
    pthread_t reader;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t told;
    bool ready, ended;
    char listen[64]; /* broker: "127.0.0.1:4711" */
};

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

/* Starts it and waits; false when it ended before it was ready. */
bool daemon_try_start(struct daemon *d);
void daemon_kill(struct daemon *d); /* SIGKILL and wait */
void daemon_stop(struct daemon *d); /* SIGTERM and wait; fails the test when the code is not 0 */
int daemon_wait(struct daemon *d);  /* until it ends; waitpid status */
/* Until its log has a line with `text` (since start of this run), at most `wait_ms`. */
bool daemon_said(struct daemon *d, const char *text, int wait_ms);

/* A client of this member's agent. */
struct concordat *community_client(struct community *c, size_t member);
/* Until the member's agent says it is connected. */
void community_await_connected(struct community *c, size_t member);

/* A psr.request body in JSON of at least `size` bytes, with `mark` in its notes; free() it. */
char *psr_body(const char *mark, size_t size);
/* An immediate child referral. */
char *referral_body(const char *mark, size_t size);

void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
