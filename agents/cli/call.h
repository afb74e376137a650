/*
 * call.h - how a command begins that asks the agent, and how its answer is judged.
 *
 *     arguments --call_begin--> agent --concordat_...--> answer --call_is_done--> shown
 */
#ifndef AGENTS_CLI_CALL_H
#define AGENTS_CLI_CALL_H

#include "agents/cli/arguments.h"
#include "agents/client.h"

/* Reads the arguments and reaches the agent. NULL: the user has been told, or shown help; end with
 * `*end`. agent_close() it. */
struct concordat *call_begin(struct cli *cli, const struct command *self,
                             const struct option_spec *specs, size_t spec_count, int argc,
                             char **argv, struct arguments *arguments, enum exit_code *end);

/* Tells the user of trouble. False: it was not done, and the outcome is the exit code. */
bool call_is_done(const struct cli *cli, const struct concordat_answer *answer);

#endif
