/*
 * analysis.h - the parts of `concordat agreement` that say exactly what agreements permit.
 *
 * Each runs one pure module of agreements/ on files, a folder, or what the agent has, and shows the
 * answer. Rows of the table in agreement_command.c.
 */
#ifndef AGENTS_CLI_ANALYSIS_H
#define AGENTS_CLI_ANALYSIS_H

#include "agents/cli/command.h"

enum exit_code run_agreement_diff(struct cli *cli, const struct command *self, int argc,
                                  char **argv);
enum exit_code run_agreement_who(struct cli *cli, const struct command *self, int argc,
                                 char **argv);
enum exit_code run_agreement_test(struct cli *cli, const struct command *self, int argc,
                                  char **argv);
enum exit_code run_agreement_explain(struct cli *cli, const struct command *self, int argc,
                                     char **argv);
enum exit_code run_agreement_replay(struct cli *cli, const struct command *self, int argc,
                                    char **argv);

#endif
