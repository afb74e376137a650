#include "tests/unit/import_hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/losses.h"

const struct hearing_settings settings = {NULL, "B35CZ00", NOW};

char *hearing_of(const char *defendants)
{
    char *text = NULL;

    assert_true(asprintf(&text,
                         "{\"id\":\"h-1\"," COURT ",\"hearingDays\":[" DAY "],"
                         "\"prosecutionCases\":[{\"id\":\"c-1\",\"defendants\":[%s]}]}",
                         defendants)
                > 0);
    return text;
}

struct hearing_messages *convert(const char *text)
{
    struct hearing_messages *messages = NULL;
    struct problem problem;

    if (hearing_convert(text, strlen(text), &settings, &messages, &problem) != ST_OK)
        fail_msg("%s: %s", problem.where, problem.text);
    return messages;
}

struct hearing_messages *convert_defendants(const char *defendants)
{
    char *text = hearing_of(defendants);
    struct hearing_messages *messages = convert(text);

    free(text);
    return messages;
}

json_t *body(const struct hearing_messages *messages, size_t index)
{
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct reason why;
    char *text = NULL;
    json_t *json;

    assert_true(index < messages->count);
    assert_int_equal(body_to_json(messages->messages[index].type, messages->messages[index].body,
                                  arena, &text, &why),
                     ST_OK);
    json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

const char *left_out(const struct hearing_messages *messages, const char *path)
{
    for (size_t i = 0; i < source_leaf_count(messages->source); i++) {
        const struct node *leaf = source_leaf(messages->source, i);
        char where[NODE_PATH_MAX];

        node_path(leaf, where);
        if (strcmp(where, path) == 0)
            return leaf->fate == FATE_LEFT_OUT ? loss_reason(leaf) : NULL;
    }
    fail_msg("no leaf %s", path);
    return NULL;
}

void expect_left_out(const struct hearing_messages *messages, const char *path, const char *why)
{
    const char *reason = left_out(messages, path);

    if (!reason || !strstr(reason, why))
        fail_msg("%s: %s, expected %s", path, reason ? reason : "carried", why);
}
