/* instrument.h - the parts of `concordat agreement` that sign and judge, offline. */
#ifndef AGENTS_CLI_INSTRUMENT_H
#define AGENTS_CLI_INSTRUMENT_H

#include "agents/cli/command.h"

enum exit_code run_pin(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_sign(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_enact(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_verify(struct cli *cli, const struct command *self, int argc, char **argv);

#endif
