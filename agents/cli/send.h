/*
 * send.h - a message handed to the agent, and its verdict shown: by `send`, and by the acts on a
 * case.
 */
#ifndef AGENTS_CLI_SEND_H
#define AGENTS_CLI_SEND_H

#include "agents/cli/command.h"
#include "agents/client.h"

#define SEND_WAIT_MS 5000 /* for the broker's verdict, unless the user says otherwise */

/* Sends or answers under `message->message_id`, which is made when there is none: the id is made
 * here, so that a repeat after a lost answer stays one message. Never NULL. */
struct concordat_answer *send_hand_over(struct concordat *agent, struct concordat_message *message,
                                        bool is_answer);
/* "accepted  ID" or "queued    ID" on standard output; nothing else has a verdict. */
void send_show_verdict(const struct cli *cli, const struct concordat_message *message,
                       const struct concordat_answer *answer);
/* Problems and refusal on standard error; and how to repeat, when nobody knows what became of it.
 */
void send_show_trouble(const struct cli *cli, const struct concordat_message *message,
                       const struct concordat_answer *answer);

#endif
