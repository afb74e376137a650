/*
 * post.h - what is to go out, written down before it goes.
 *
 *     post_parcel(book, &(struct parcel){.type = ..., .to = ..., .body = ...}, id);
 *     store_save(store);         from here on it will go, once
 *     post_deliver(book, agent);
 *     store_save(store);         and is no longer to go
 *
 * An id is chosen when a parcel is written down. A crash between sending and saving therefore sends
 * the same message again, which the agent knows by its id; never a second one. Acknowledging and
 * declining are once-only by themselves.
 *
 * In the document: "outgoing" is a list of what waits; "sent" says by message id what became of it.
 */
#ifndef AGENTS_ROLES_POST_H
#define AGENTS_ROLES_POST_H

#include <jansson.h>

#include "agents/client.h"

/* A message to send. What is NULL or zero is not set. */
struct parcel {
    const char *type, *to;   /* an answer has neither: they follow from what it answers */
    bool is_answer;          /* what `in_reply_to` asked for: concordat_reply */
    const char *in_reply_to; /* a message id */
    const char *case_handle;
    const char *conversation; /* that it goes on in; NULL: as in_reply_to says */
    const char *transfer;     /* of an act of custody: which; NULL: the open one */
    bool new_case;
    int64_t needed_by_ms;
    json_t *body;             /* taken */
    const char *event, *text; /* told when it has gone; README.md lists the names */
    json_t *more;             /* further fields of that event; taken */
};

/* `id` is the message's, for the book. */
void post_parcel(json_t *book, const struct parcel *parcel, char id[static CONCORDAT_ID_TEXT]);
void post_acknowledge(json_t *book, const struct concordat_item *message);
/* `text` says why, in a sentence; it stays here. The other agency learns `reason`. */
void post_decline(json_t *book, const struct concordat_item *message, enum concordat_decline reason,
                  const char *text);

/* Delivers what waits, in order, and tells each event. What the agent cannot take now holds up what
 * is later of the same case, and nothing else. False: something still waits, because the agent is
 * away or could not; try again later. */
bool post_deliver(json_t *book, struct concordat *agent);

/* "DONE", "QUEUED" (safe with the agent, no verdict yet), "REFUSED", "BAD_INPUT", what post_settle
 * has set, or "" while it waits. */
const char *post_outcome(json_t *book, const char *id);
/* Is it on its way or there: waiting, DONE or QUEUED? */
bool post_is_under_way(json_t *book, const char *id);
/* What its track has told since it went, if it no longer is: "REFUSED", "DECLINED". */
void post_settle(json_t *book, const char *id, const char *outcome);
/* The case handle that was made for it; "" when none was. */
const char *post_case(json_t *book, const char *id);

/* Did the call end because the agent was not reached, or because we are to stop? */
bool agent_is_away(const struct concordat_answer *answer);

#endif
