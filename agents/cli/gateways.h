/* gateways.h - `concordat agreement gateways`: the statute book. */
#ifndef AGENTS_CLI_GATEWAYS_H
#define AGENTS_CLI_GATEWAYS_H

#include "agents/cli/command.h"

enum exit_code gateways_run(struct cli *cli, const struct command *self, int argc, char **argv);

#endif
