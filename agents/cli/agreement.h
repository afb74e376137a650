/* agreement.h - the parts of `concordat agreement` that read: files, or what the agent has. */
#ifndef AGENTS_CLI_AGREEMENT_H
#define AGENTS_CLI_AGREEMENT_H

#include "agents/cli/command.h"

enum exit_code run_agreement_lint(struct cli *cli, const struct command *self, int argc,
                                  char **argv);
enum exit_code run_agreement_list(struct cli *cli, const struct command *self, int argc,
                                  char **argv);
enum exit_code run_agreement_show(struct cli *cli, const struct command *self, int argc,
                                  char **argv);

#endif
