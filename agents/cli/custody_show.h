/*
 * custody_show.h - who holds a case and how far its transfer is, as lines or JSON.
 */
#ifndef AGENTS_CLI_CUSTODY_SHOW_H
#define AGENTS_CLI_CUSTODY_SHOW_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agents/client.h"

/* Who holds it since when, by whose word; "nobody holds it". */
void custody_show_holder(const struct cli *cli, const struct concordat_custody *custody);
/* Claims of this agency's that the broker has answered, a line each. */
void custody_show_claims(const struct cli *cli, const struct concordat_custody *custody);
/* The open transfer: components with their state and reason, parts; nothing when none is open. */
void custody_show_transfer(const struct cli *cli, const struct concordat_custody *custody);
/* Open conversations that this agency has part in; nothing when there is none. */
void custody_show_conversations(const struct cli *cli, const struct concordat_custody *custody);

json_t *json_of_custody(const struct concordat_custody *custody);

#endif
