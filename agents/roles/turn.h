/*
 * turn.h - what a role is given to work with: a turn at its store, and a letter to react to.
 *
 * A reaction reads the letter, changes the book, and says what is to go out. It does no I/O: the
 * service saves the book first, and only then tells, acknowledges and sends (post.h).
 */
#ifndef AGENTS_ROLES_TURN_H
#define AGENTS_ROLES_TURN_H

#include <jansson.h>

#include "agents/client.h"
#include "agents/roles/post.h"

/* One go at the store, with its lock held. */
struct turn {
    json_t *book;       /* the agency's own record; saved when the turn ends well */
    const json_t *data; /* what --data names: the agency's files; NULL when it has none */
    struct concordat *agent;
    int64_t now_ms;
    json_t *events; /* to be told after the save */
};

/* A message that came, opened. */
struct letter {
    const struct concordat_item *item;
    const json_t *body; /* what was shared */
    char id[CONCORDAT_ID_TEXT];
    char case_handle[CONCORDAT_ID_TEXT], in_reply_to[CONCORDAT_ID_TEXT]; /* "": none */
    char conversation[CONCORDAT_ID_TEXT];
    int64_t received_ms; /* by our agent */
    bool late;           /* the agent says so of an answer; a reaction may know more */
    char text[256];      /* set by letter_say */
};

/* Once the book is saved, tells the event. Takes it. */
void turn_tell(struct turn *turn, json_t *event);

/* What the event "received" says of the letter. */
void letter_say(struct letter *letter, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An event about the letter, "from" its sender, for turn_tell. */
json_t *letter_event(const struct letter *letter, const char *name, const char *text);
void letter_acknowledge(struct turn *turn, const struct letter *letter);
void letter_decline(struct turn *turn, const struct letter *letter, enum concordat_decline reason,
                    const char *text);
/* Answers what was asked; takes `body`. `id` is the answer's. */
void letter_answer(struct turn *turn, const struct letter *letter, json_t *body, const char *event,
                   const char *text, char id[static CONCORDAT_ID_TEXT]);

#endif
