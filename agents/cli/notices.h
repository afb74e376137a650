/* notices.h - `concordat agreement notices`: what the broker has made known to this agency. */
#ifndef AGENTS_CLI_NOTICES_H
#define AGENTS_CLI_NOTICES_H

#include "agents/cli/arguments.h"

enum exit_code run_notices(struct cli *cli, const struct command *self, int argc, char **argv);

#endif
