/*
 * explained.h - what was considered for a message, shown: clause by clause, for people or as JSON.
 */
#ifndef AGENTS_CLI_EXPLAINED_H
#define AGENTS_CLI_EXPLAINED_H

#include "agents/cli/command.h"
#include "agreements/considered.h"

/* On standard output. `question` is the one that was considered. EXIT_DONE, also when it was
 * refused; EXIT_FAILED when it cannot be written. */
enum exit_code explained_show(const struct cli *cli, const struct considered *considered,
                              const struct question *question);

#endif
