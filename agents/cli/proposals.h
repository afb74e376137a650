/*
 * proposals.h - which proposal in a file is the one that a party answers.
 */
#ifndef AGENTS_CLI_PROPOSALS_H
#define AGENTS_CLI_PROPOSALS_H

#include "agents/cli/trust.h"

enum proposal_found {
    PROPOSAL_NONE = 0, /* of this text there is none */
    PROPOSAL_OTHER_ID, /* there are, but none has the id */
    PROPOSAL_OVER,     /* with the id, but its time is over */
    PROPOSAL_OPEN
};

/* Of `count` verified instruments the last proposal of the text with this hash, and with this id
 * unless it is NULL, that is open at `now_ms`. A file may hold several, also with one id: the later
 * one is what the proposer says now. `out` is the last of what the answer says; untouched at NONE.
 */
enum proposal_found proposal_pick(const struct instrument *instruments, size_t count,
                                  const struct digest *text, const struct id *proposal_id,
                                  int64_t now_ms, struct instrument *out);

/* That of the agreement's text in a file of instruments, each of which must hold. False after
 * telling the user. */
bool proposal_find(const char *path, const struct trust *trust, const struct agreement *agreement,
                   const struct id *proposal_id, int64_t now_ms, struct instrument *out);

#endif
