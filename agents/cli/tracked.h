/*
 * tracked.h - all that an agent tracks, newest first, read page by page to the end.
 */
#ifndef AGENTS_CLI_TRACKED_H
#define AGENTS_CLI_TRACKED_H

#include <stdint.h>

#include "agents/cli/command.h"
#include "agents/client.h"

/* Visits the newest `limit` items, 0: all; each is borrowed until the visit returns. A visit that
 * answers other than EXIT_DONE has told the user, and ends the reading with what it answered; so
 * does an agent's problem. What comes in meanwhile is not visited, and nothing twice. */
enum exit_code tracked_each(const struct cli *cli, struct concordat *agent, uint64_t limit,
                            enum exit_code (*visit)(void *context,
                                                    const struct concordat_item *item),
                            void *context);

#endif
