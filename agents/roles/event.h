/*
 * event.h - what happens, told on standard output: one line each, flushed.
 *
 * For people a time and a sentence; with --json one JSON object (README.md lists the fields). A
 * line is told once what it tells of is safe, so a program that is killed may leave one out or,
 * after its restart, tell one again: the store is the truth, lines are for watching. They name
 * agencies, types and categories, and no person.
 */
#ifndef AGENTS_ROLES_EVENT_H
#define AGENTS_ROLES_EVENT_H

#include <jansson.h>

#include "agents/client.h"

void event_setup(bool as_json);

/* A new event: its name and its sentence. */
json_t *event_new(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds what the agent says of a message: type, id, case, conversation, the agreement and clause
 * under which it flowed, what was shared; and the other agency, under "from" when something came
 * from it, under "to" when something goes there. */
void event_add_message(json_t *event, const struct concordat_item *message, const char *way,
                       const char *agency);
void event_add_names(json_t *event, const char *key, const char *const *names, size_t count);
/* Adds why it was refused: code, clause, offending categories, advice. */
void event_add_refusal(json_t *event, const struct concordat_refusal *refusal);
/* Adds what was wrong and where. */
void event_add_problems(json_t *event, const struct concordat_answer *answer);
/* Prints it; takes `event`. */
void event_tell(json_t *event);

#endif
