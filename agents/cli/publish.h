/* publish.h - `concordat agreement propose|accept|...`: instruments handed to the gazette. */
#ifndef AGENTS_CLI_PUBLISH_H
#define AGENTS_CLI_PUBLISH_H

#include "agents/cli/arguments.h"

/* `agreement propose TEXT INSTRUMENT`, and each other act: `agreement ACT INSTRUMENT...`. The verb
 * must be the act that each file holds. */
enum exit_code run_publish(struct cli *cli, const struct command *self, int argc, char **argv);

#endif
