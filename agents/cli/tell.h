/*
 * tell.h - what a demo says of one message: who sent it to whom, who decided under which clause,
 * what its recipient could open and what was not shared with it.
 *
 * Who did what when is evidence at the sender (`track`); what is said of the content, and of what
 * did not come, is read at the recipient (`open`). What a line claims is checked before it says ok.
 */
#ifndef AGENTS_CLI_TELL_H
#define AGENTS_CLI_TELL_H

#include "agents/cli/play.h"

#define FACTS_MAX 5

/* A value in the opened body, "children.0.status"; `expected` NULL: whatever it is, it is there. */
struct fact {
    const char *path, *expected;
};

struct telling {
    const char *sender, *id;
    const char *rung; /* waited for: "accepted", "delivered", or later: then facts are read */
    const char *what; /* the message in a few words */
    struct fact facts[FACTS_MAX];
};

void tell_message(struct play *play, const struct telling *telling);
/* A refusal as `send --json` gives it at `agency`: its code must be `code`, and it must have been
 * decided where `decided_by` says: "broker", or the agency itself, whose agent then keeps nothing
 * to send. */
struct telling_refusal {
    const char *agency, *decided_by, *code, *what;
};

void tell_refusal(struct play *play, const json_t *refused, const struct telling_refusal *telling);

#endif
