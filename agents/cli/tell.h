/*
 * tell.h - what a demo says of one message: who sent it to whom, who decided under which clause,
 * what its recipient could open and what was not shared with it.
 *
 * Everything is asked of the sender's agent (`track`), so it is evidence and not the demo's word.
 */
#ifndef AGENTS_CLI_TELL_H
#define AGENTS_CLI_TELL_H

#include "agents/cli/play.h"

/* Waits until `sender` has the recipient's signed `rung` ("delivered", "opened"; "accepted" is the
 * broker's), checks and tells. `what` is the message in a few words. */
void tell_message(struct play *play, const char *sender, const char *id, const char *rung,
                  const char *what);
/* A refusal as `send --json` gives it: its code must be `code`. */
void tell_refusal(struct play *play, const json_t *refused, const char *code, const char *what);

/* "identity, offence index" for {"DC_IDENTITY", "DC_OFFENCE_INDEX"}; "nothing" for none. */
#define TELL_NAMES_MAX 512
void tell_names(const json_t *categories, char out[static TELL_NAMES_MAX]);

#endif
