/*
 * policy.h - the agreements that an analysis is about: files, a folder, or what the agent has.
 */
#ifndef AGENTS_CLI_POLICY_H
#define AGENTS_CLI_POLICY_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agreements/agreement.h"

/* One folder, or files; with none the agent's own, drafts left out. All are taken as signed, but
 * for those that the agent knows as suspended or revoked. NULL after telling the user, with the
 * exit code in *code. */
struct agreement_set *policy_of(const struct cli *cli, const char *const *names, size_t count,
                                enum exit_code *code);

/* "DC_CHILD,DC_STAFF", also without "DC_" and in small letters; false after telling the user. */
bool categories_of(const char *text, category_set *out);
/* "DC_CHILD, DC_STAFF" */
#define CATEGORIES_TEXT 512 /* bytes with the NUL */
void categories_print(category_set set, char out[static CATEGORIES_TEXT]);
json_t *json_of_categories(category_set set);

/* "OFFICIAL" or "OFFICIAL-SENSITIVE", also with "_"; 0 for what is none. */
int marking_of(const char *text);
/* "SUSPECT"; 0 for what is none. */
int capacity_of(const char *text);

#endif
