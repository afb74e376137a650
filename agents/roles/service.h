/*
 * service.h - the frame of an agency's program: its command line, its inbox, its store.
 *
 *     NAME --agent SOCKET --store FOLDER [--data FILE] [--json] serve
 *     NAME ...                                                   ACT ARGUMENT...
 *
 * `serve` waits until something comes or one of the role's own times has come, and runs until
 * SIGTERM or SIGINT. An act is what a member of staff does once, in a process of its own beside it.
 *
 * The way of a letter: its id is noted in the store, since it leaves the inbox when it is taken;
 * then it is taken; the role reacts; the store is saved; only then is anything told, acknowledged
 * or sent. Killed at any point, the next start goes on from there, and does nothing twice.
 */
#ifndef AGENTS_ROLES_SERVICE_H
#define AGENTS_ROLES_SERVICE_H

#include "agents/roles/turn.h"

/* What is done about a message of one type. */
struct reaction {
    const char *type;
    void (*react)(struct turn *turn, struct letter *letter);
};

/* What staff may do. `run` answers 0, or 2 after telling standard error what is wrong. */
struct act {
    const char *name, *arguments, *summary;
    int (*run)(struct turn *turn, int argc, char **argv);
};

/* An agency's program. The tables end with an empty row; what no row names is declined. */
struct service {
    const char *name, *about;
    bool needs_data;
    const struct reaction *reactions;
    const struct act *acts;
    /* In every turn, for the role's own times; answers when it wants the next at the latest
     * (milliseconds since 1970; INT64_MAX: never). NULL: it has none. */
    int64_t (*tend)(struct turn *turn);
};

/* The exit codes of `concordat`: 0 done, 1 failed, 2 bad input, 3 refused, 4 queued. */
int service_main(const struct service *service, int argc, char **argv);

/* Takes `name VALUE` out of an act's arguments; NULL when it is not among them. */
const char *option_take(int *argc, char **argv, const char *name);

#endif
