/*
 * recipient.h - who an agency may send a type of message to, when the user has named nobody.
 *
 * The agent's agreements say it; no guess is made among several.
 */
#ifndef AGENTS_CLI_RECIPIENT_H
#define AGENTS_CLI_RECIPIENT_H

#include "agents/cli/command.h"
#include "agents/client.h"
#include "lib/limits.h"

/* The one agency that an active agreement lets `agency` send `type` to. Otherwise the user is told
 * who there is, and the code says how to end: EXIT_BAD_INPUT for none or several, EXIT_FAILED when
 * the agent could not be asked. */
enum exit_code recipient_find(const struct cli *cli, struct concordat *agent, const char *agency,
                              const char *type, char out[static AGENCY_MAX + 1]);

#endif
