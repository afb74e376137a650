/*
 * late_answer.h - a case.late_answer opened as what it carries: the answer to a question that was
 * asked when another agency held the case.
 *
 * Its sections are those of the answer, each the serialised message with one category's fields:
 * merged they are the answer again, without what was not passed on.
 */
#ifndef AGENTS_CLI_LATE_ANSWER_H
#define AGENTS_CLI_LATE_ANSWER_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agents/client.h"

#define LATE_ANSWER_TYPE "case.late_answer"

struct late_answer {
    struct concordat_id answer, asked;
    char *type, *by; /* owned */
    int64_t at_ms;
    char *json; /* owned: the answer's body */
};
void late_answer_fini(struct late_answer *late);

/* Of the body of a case.late_answer. False, with `why`, when it holds no answer of a known type;
 * `out` is nothing to be freed then. */
bool late_answer_read(const uint8_t *body, size_t size, struct late_answer *out, const char **why);

/* As lines and the answer's JSON. */
void late_answer_show(const struct cli *cli, const struct late_answer *late);
/* NULL when its JSON cannot be read. */
json_t *json_of_late_answer(const struct late_answer *late);

#endif
