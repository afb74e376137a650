/*
 * show.h - what an agent answered, for people or as JSON.
 *
 * Text for people goes to standard output, aligned; trouble goes to standard error. What came from
 * elsewhere is cleaned of control characters first, so that no message can drive a terminal. JSON
 * keys are lowerCamelCase like bodies; times are ISO 8601, ids RFC 9562 text; absent values are
 * left out.
 */
#ifndef AGENTS_CLI_SHOW_H
#define AGENTS_CLI_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "agents/cli/command.h"
#include "agents/client.h"
#include "lib/own.h"

/* Prints `text` with control characters but newline and tab replaced by '?'. */
void show_clean(FILE *stream, const char *text);

enum tone {
    TONE_PLAIN = 0,
    TONE_GOOD,
    TONE_BAD,
    TONE_WARN,
    TONE_FAINT
};
/* Escape sequences, or "" when `cli` has no colour. */
const char *tone_start(const struct cli *cli, enum tone tone);
const char *tone_end(const struct cli *cli);

/* A line "name         text"; none for "". */
void show_fact(const struct cli *cli, const char *name, const char *text);

/* A table: cells are added row by row; columns are as wide as their widest cell. */
#define TABLE_COLUMNS_MAX 8
struct table;
struct table *table_new(const char *const *headings, size_t columns); /* NULL: memory is out */
void table_free(struct table *table);
OWN(table)
void table_add(struct table *table, const char *text); /* copies; memory out shows as "?" */
void table_print(const struct table *table, const struct cli *cli);

/* JSON document and a newline on standard output; takes `json`. EXIT_FAILED when it could not. */
enum exit_code show_json(json_t *json);

/* Puts `value`, which it takes, unless there is nothing to say: null, "". */
void json_put(json_t *object, const char *key, json_t *value);
json_t *json_of_time(int64_t ms);                  /* null when 0 */
json_t *json_of_id(const struct concordat_id *id); /* null when none */
json_t *json_of_names(const char *const *names, size_t count);
json_t *json_of_item(const struct concordat_item *item);
/* outcome, problems, refusal, id and case: what send and the acts print. `done` names success. */
json_t *json_of_outcome(const struct concordat_answer *answer, const char *done);

/* Problems and refusal on standard error; nothing when there are none. */
void show_trouble(const struct cli *cli, const struct concordat_answer *answer);

/* "BREAK-GLASS"; "OVERDUE", "LATE", "answered LATE" for a question; "" when all is in time. */
const char *item_mark(const struct concordat_item *item);
/* The same with the time: "OVERDUE since 2026-11-27T10:00:00Z", "LATE (2 h 10 min after it was
 * needed)". */
#define DEADLINE_SIZE 96 /* bytes with the NUL */
void deadline_print(const struct concordat_item *item, char out[static DEADLINE_SIZE]);

/* "accepted under ISA-IOM v7, which has expired since", or "which has been superseded since"; ""
 * when the version was in force at hand-over too. */
#define LAPSE_SIZE 160 /* bytes with the NUL */
void lapse_print(const struct concordat_item *item, char out[static LAPSE_SIZE]);

const char *urgency_name(int urgency); /* "immediate" */
const char *marking_name(int marking); /* "OFFICIAL-SENSITIVE" */

/* The connection the command line names, or NULL after telling the user. close it. */
struct concordat *agent_open(const struct cli *cli);

static inline void agent_close(struct concordat **agent)
{
    concordat_close(*agent);
}
static inline void answer_release(struct concordat_answer **answer)
{
    concordat_answer_free(*answer);
}
#define OWNED_AGENT __attribute__((cleanup(agent_close))) struct concordat *
#define OWNED_ANSWER __attribute__((cleanup(answer_release))) struct concordat_answer *

#endif
