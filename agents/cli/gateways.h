/* gateways.h - `concordat agreement gateways`: the statute book. */
#ifndef AGENTS_CLI_GATEWAYS_H
#define AGENTS_CLI_GATEWAYS_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agreements/gateways.h"

enum exit_code gateways_run(struct cli *cli, const struct command *self, int argc, char **argv);

/* NULL after telling the user, and what may have been meant. */
const struct gateway *gateway_named(const char *code);
/* The whole row. */
json_t *json_of_gateway(const struct gateway *gateway);

#endif
