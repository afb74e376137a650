/*
 * community.h - the files of a sandbox: who is in it, keys, agreements, configurations.
 *
 *     DIR/community                 agencies and kinds, one a line; written last: DIR is whole
 *     DIR/pki/                      keys and certificates, made by pki.sh; governance keys too, of
 *                                   members and of every other party of an agreement
 *     DIR/agreements/               drafts, copies of the examples: enacted at each start
 * (daemons.h) DIR/broker/broker.conf        and later store, journal, control.sock, log, pid
 *     DIR/agents/AGENCY/agent.conf  and later store, agent.sock, log, pid
 *
 * Configurations name files relative to themselves, so a stopped sandbox may be moved. Nothing here
 * runs a daemon: daemons.h.
 */
#ifndef AGENTS_CLI_COMMUNITY_H
#define AGENTS_CLI_COMMUNITY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreements/agreement.h"
#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

#define MEMBERS_MAX 64 /* agencies of one sandbox: each is a process */

struct member {
    char agency[AGENCY_MAX + 1];
    char kind[KIND_MAX + 1];
};

struct community {
    char folder[PATH_MAX]; /* absolute */
    size_t member_count;
    struct member members[MEMBERS_MAX];
};

/* Opens the sandbox at `folder`, or makes one there when the folder is missing or empty.
 * `agencies`: a file of "AGENCY KIND" lines; NULL: the eight of the example agreements.
 * `agreements`: a folder to copy from; NULL: the examples. Both only count when it is made.
 *   ST_INVALID  the folder holds something else, a file is wrong, a path is too long; see `why`
 *   ST_IO       the system refused, or pki.sh failed; see `why` */
enum status community_open(const char *folder, const char *agencies, const char *agreements,
                           struct community *out, struct reason *why);

/* Writes the broker's address into its configuration and every agent's. */
enum status community_set_port(const struct community *community, uint16_t port,
                               struct reason *why);

/* Writes a whole text file, 0600. */
enum status community_write(const char *path, const char *text, struct reason *why);

#endif
