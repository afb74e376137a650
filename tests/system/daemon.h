/*
 * daemon.h - one real daemon as a child: started, heard, and ended in any way.
 *
 *     daemon_try_start --> its standard error, line by line --> log, `ready', whoever waits
 *
 * Nothing here sleeps: a thread reads what it says, keeps it as its log and tells whoever waits
 * that a line has come. It dies with its parent. A failure inside prints what happened and exits 1.
 *
 * Threads: one thread calls; the log's reader is inside.
 */
#ifndef TESTS_SYSTEM_DAEMON_H
#define TESTS_SYSTEM_DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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

/* The caller fills in program, configuration and log. */
void daemon_init(struct daemon *d, const char *name);
/* Starts it and waits until it is ready, or fails the test. */
void daemon_start(struct daemon *d);
/* Starts it and waits; false when it ended before it was ready. */
bool daemon_try_start(struct daemon *d);
void daemon_kill(struct daemon *d); /* SIGKILL and wait */
void daemon_stop(struct daemon *d); /* SIGTERM and wait; fails the test when the code is not 0 */
int daemon_wait(struct daemon *d);  /* until it ends; waitpid status */
/* Until its log has a line with `text` (since start of this run), at most `wait_ms`. */
bool daemon_said(struct daemon *d, const char *text, int wait_ms);

void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
