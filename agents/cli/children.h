/*
 * children.h - daemons that the sandbox starts, watches and stops.
 *
 * A child writes its log itself, so it does not depend on us; we read the log's end to see
 * event=ready. When this process dies, however it dies, the kernel sends its children SIGTERM.
 * A child is in a process group of its own: ^C reaches the sandbox alone, which then stops them in
 * order.
 *
 * Threads: the first thread of the process, which must outlive its children.
 */
#ifndef AGENTS_CLI_CHILDREN_H
#define AGENTS_CLI_CHILDREN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/reason.h"
#include "lib/status.h"

#define CHILD_NAME_MAX 79 /* bytes before the NUL: "agent " and an agency id */

struct child {
    char name[CHILD_NAME_MAX + 1]; /* for messages: "broker", "agent nps.cambs" */
    char folder[PATH_MAX];         /* has `log` and `pid` */
    pid_t pid;                     /* 0: not running */
    off_t log_from;                /* where this run's log begins */
    int ended;                     /* wait(2) status of the last run */
};

/* Runs `program -c config` or whatever `arguments` (NULL-terminated, [0] included) say, standard
 * error to FOLDER/log, and writes FOLDER/pid.
 *   ST_IO  `why` says what the system refused */
enum status child_start(struct child *child, const char *program, const char *const arguments[],
                        struct reason *why);

/* Has it written event=ready in this run? */
bool child_is_ready(const struct child *child);
/* Did it end? Then `ended` says how and pid is 0. */
bool child_has_ended(struct child *child);
/* Until it is ready.
 *   ST_CLOSED  it ended instead; `why` has the last line of its log
 *   ST_LIMIT   not in `wait_ms` */
enum status child_await_ready(struct child *child, int64_t wait_ms, struct reason *why);

/* SIGTERM, and after `wait_ms` SIGKILL; ST_LIMIT when it came to that. */
enum status child_stop(struct child *child, int64_t wait_ms);
void child_kill(struct child *child); /* SIGKILL, and waits */

/* "exit code 1", "killed by signal 9", into `out`. */
#define ENDING_SIZE 64
void child_ending(const struct child *child, char out[static ENDING_SIZE]);

/* Runs a program to its end with standard input from /dev/null and standard error to the file
 * `errors` (NULL: ours). `out` (NULL: not wanted): its standard output, NUL-terminated; free() it.
 *   ST_IO     it could not be started
 *   ST_LIMIT  it wrote more than 4 MiB */
enum status run_program(const char *program, const char *const arguments[], const char *errors,
                        char **out, int *exit_code);

#endif
