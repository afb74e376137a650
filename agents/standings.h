/*
 * standings.h - what each version of an agreement was when it was last looked at, so that people
 * are told when it becomes something else.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_STANDINGS_H
#define AGENTS_STANDINGS_H

#include "agreements/registrar.h"

struct standing_seen {
    struct digest hash;
    const char *state; /* the registrar's, static */
};

struct standings {
    struct standing_seen *list; /* owned; in the registrar's order */
    size_t count;
};

/* Notes what each version is at `now_ms`; with `tell`, logs those that are something else than
 * before. O(versions).
 *   ST_NOMEM    what was noted before stays */
enum status standings_look(struct standings *standings, const struct registrar *registrar,
                           int64_t now_ms, bool tell);
void standings_fini(struct standings *standings);

#endif
