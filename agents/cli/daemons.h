/*
 * daemons.h - the running processes of a sandbox: one broker, one agent for each agency.
 *
 * Order: the broker first, then all agents at once; agents stop first, so that what they say last
 * still reaches the broker.
 */
#ifndef AGENTS_CLI_DAEMONS_H
#define AGENTS_CLI_DAEMONS_H

#include <stdio.h>

#include "agents/cli/children.h"
#include "agents/cli/community.h"

struct daemons {
    const struct community *community; /* borrowed; outlives this */
    char broker_program[PATH_MAX], agent_program[PATH_MAX];
    struct child broker;
    struct child agents[MEMBERS_MAX]; /* as the community's members */
};

/* Finds the programs; starts nothing. ST_IO: one is not installed. */
enum status daemons_init(struct daemons *daemons, const struct community *community,
                         struct reason *why);

/* Starts the broker and waits for it; at a sandbox's first start, keeps the port it got. */
enum status daemons_start_broker(struct daemons *daemons, struct reason *why);
/* Starts one agent; await it. */
enum status daemons_start_agent(struct daemons *daemons, size_t member, struct reason *why);
/* Until the agent is ready and has the broker. */
enum status daemons_await_agent(struct daemons *daemons, size_t member, struct reason *why);
/* Puts every agreement of the community's folder in force, as far as it is not (enact.h), and waits
 * until each member that is a party has it so. Says on `progress` (NULL: nobody) what it puts in
 * force. With broker and agents up. */
enum status daemons_enact(struct daemons *daemons, FILE *progress, struct reason *why);
/* All of it, agreements too. On failure some may run: stop them. */
enum status daemons_start(struct daemons *daemons, FILE *progress, struct reason *why);

/* The first child that ended by itself, or NULL. */
struct child *daemons_find_ended(struct daemons *daemons);
/* ST_LIMIT when one had to be killed, ST_INVALID when one ended with an exit code other than 0. */
enum status daemons_stop(struct daemons *daemons, struct reason *why);

/* The port in broker.conf; 0 before the first start, or when it cannot be told. */
uint16_t daemons_port(const struct daemons *daemons);

/* Member's number, or MEMBERS_MAX. */
size_t daemons_member(const struct daemons *daemons, const char *agency);

#endif
