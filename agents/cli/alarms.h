/*
 * alarms.h - what the broker says has not come in time, as a table or JSON.
 *
 * The inbox shows what nobody has seen above its messages, since silence looks like peace.
 */
#ifndef AGENTS_CLI_ALARMS_H
#define AGENTS_CLI_ALARMS_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agents/client.h"

/* EXIT_FAILED when memory is out. */
enum exit_code alarms_print(const struct cli *cli, const struct concordat_answer *answer);
json_t *json_of_alarms(const struct concordat_answer *answer);

#endif
