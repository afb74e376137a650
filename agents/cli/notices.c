/* notices.c - see notices.h. A notice is the broker's word and signed by nobody: it changes
 * nothing, and people look into it. */
#include "agents/cli/notices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/call.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"

/* Digits alone: strtoull also takes blanks and signs. */
static bool parse_since(const char *text, uint64_t *out)
{
    char *end;

    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0;
}

static void add_text(json_t *object, const char *key, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(object, key, json_string(text));
}

static json_t *json_of_notice(const struct concordat_notice *n)
{
    json_t *object = json_pack("{s:I, s:o, s:s}", "entry", (json_int_t)n->sequence, "at",
                               json_of_time(n->at_ms), "kind", n->kind);

    add_text(object, "agency", n->agency);
    add_text(object, "counterpart", n->counterpart);
    add_text(object, "agreement", n->agreement_id);
    if (n->agreement_version > 0)
        (void)json_object_set_new(object, "version", json_integer(n->agreement_version));
    add_text(object, "clause", n->clause);
    if (!concordat_id_is_none(&n->message_id))
        (void)json_object_set_new(object, "message", json_of_id(&n->message_id));
    if (n->count > 0)
        (void)json_object_set_new(object, "count", json_integer(n->count));
    if (n->due_ms > 0)
        (void)json_object_set_new(object, "due", json_of_time(n->due_ms));
    return object;
}

static void add_row(struct table *table, const struct concordat_notice *n)
{
    char text[320], when[WHEN_SIZE];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)n->sequence);
    table_add(table, text);
    when_print(n->at_ms, when);
    table_add(table, when);
    table_add(table, n->kind);
    (void)snprintf(text, sizeof text, "%s%s%s", n->agency, n->counterpart[0] ? " and " : "",
                   n->counterpart);
    table_add(table, text);
    if (n->agreement_version > 0)
        (void)snprintf(text, sizeof text, "%s v%u", n->agreement_id, n->agreement_version);
    table_add(table, n->agreement_version > 0 ? text : n->agreement_id);
    (void)snprintf(text, sizeof text, "%u", n->count);
    table_add(table, n->count > 0 ? text : "");
    when_print(n->due_ms, when);
    when[10] = '\0'; /* the day is enough */
    table_add(table, when);
}

static enum exit_code show(const struct cli *cli, const struct concordat_answer *answer)
{
    static const char *const headings[] = {"ENTRY",     "AT",    "NOTICE", "ABOUT",
                                           "AGREEMENT", "COUNT", "DUE"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    json_t *list = json_array();

    if (!table || !list)
        return EXIT_FAILED;
    for (size_t i = 0; i < answer->notice_count; i++) {
        (void)json_array_append_new(list, json_of_notice(&answer->notices[i]));
        add_row(table, &answer->notices[i]);
    }
    if (cli->json)
        return show_json(json_pack("{s:o, s:b}", "notices", list, "more", answer->more));
    json_decref(list);
    table_print(table, cli);
    if (answer->more)
        printf("there are later ones: --since %llu\n",
               (unsigned long long)answer->notices[answer->notice_count - 1].sequence);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

enum exit_code run_notices(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *since = "0";
    const struct option_spec specs[] = {
        {"since", OPTION_TEXT, &since, "N", "those after entry N of the gazette; default: all"},
    };
    struct arguments arguments;
    uint64_t after;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    if (!parse_since(since, &after)) {
        complain("--since '%s' is not an entry's number", since);
        return EXIT_BAD_INPUT;
    }
    answer = concordat_notices(agent, after);
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    return show(cli, answer);
}
