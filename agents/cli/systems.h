/*
 * systems.h - the agencies' own systems of a demo: the reference systems of agents/roles, run as
 * processes that only their agent's socket connects to the rest.
 *
 *     DIR/systems/NAME/log     one JSON line for each thing that happened (agents/roles/README.md)
 *     DIR/systems/NAME/store/  what the system keeps
 *
 * Threads: as children.h.
 */
#ifndef AGENTS_CLI_SYSTEMS_H
#define AGENTS_CLI_SYSTEMS_H

#include <jansson.h>

#include "agents/cli/children.h"
#include "agents/cli/community.h"

#define SYSTEM_NAME_MAX 31

struct system {
    char name[SYSTEM_NAME_MAX + 1];   /* "children": its folder, and its seed in the examples */
    char program[PATH_MAX];           /* "…/roles/social_care" */
    char option[SYSTEM_NAME_MAX + 1]; /* "--children", or empty */
    char agent[PATH_MAX];             /* its agent's socket */
    char store[PATH_MAX], data[PATH_MAX];
    struct child child;
    off_t read;     /* bytes of the log that have become events */
    json_t *events; /* owned: read and not asked for yet */
};

/* Which system, whose, and from which file it starts. */
struct system_part {
    const char *name, *role, *option; /* `role` is the program's name; `option` NULL: none */
    const char *agency, *data;        /* `data` NULL: none */
};

/* Starts nothing.
 *   ST_INVALID  a path is too long
 *   ST_IO       the program is not there, or the folder cannot be made */
enum status system_init(struct system *system, const struct system_part *part,
                        const struct community *community, struct reason *why);
void system_fini(struct system *system); /* stops it */

/* Until it says ready. ST_CLOSED: it ended instead; ST_LIMIT: it says nothing. */
enum status system_start(struct system *system, int64_t wait_ms, struct reason *why);

/* The next event of this name and type (NULL: any) that was not given before, in whatever order
 * they came; NULL when none came in `wait_ms`. The caller decrefs. */
json_t *system_await(struct system *system, const char *event, const char *type, int64_t wait_ms);

/* One act of the staff: `NAME WORD...` beside the running system; its first event, or NULL. */
json_t *system_act(struct system *system, const char *errors, const char *const words[]);

#endif
