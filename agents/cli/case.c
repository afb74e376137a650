/*
 * case.c - `concordat case show|list`: what this agency knows about a case: who holds it, its
 * transfer, and its messages, conversation by conversation.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/cli/case.h"

#include "agents/cli/call.h"
#include "agents/cli/custody_show.h"
#include "agents/cli/items.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "lib/bytes.h"

/* Says on standard error what was left out; the list itself stays a list. */
static void show_more(const struct concordat_answer *answer, const char *what)
{
    if (answer->more)
        complain("there are older %s than these; see --limit", what);
}

/* --- show --- */

#define MARK_DIGITS 16

/* A mark as it is printed: so that no reader of JSON rounds it. */
static json_t *json_of_mark(uint64_t mark)
{
    char text[MARK_DIGITS + 1];

    (void)snprintf(text, sizeof text, "%016" PRIx64, mark);
    return json_string(text);
}

/* False after telling the user. */
static bool parse_mark(const char *text, uint64_t *out)
{
    uint8_t bytes[MARK_DIGITS / 2] = {0};
    struct reader r = reader_of(bytes, sizeof bytes);

    if (!hex_parse(text, bytes, sizeof bytes)) {
        complain("--since: `%s' is no mark: 16 hexadecimal digits, as case show --json says", text);
        return false;
    }
    *out = read_u64(&r);
    return true;
}

static bool is_same_conversation(const struct concordat_item *a, const struct concordat_item *b)
{
    return memcmp(&a->conversation_id, &b->conversation_id, sizeof a->conversation_id) == 0;
}

/* Where the conversation that begins with item `first` ends: they come one after the other. */
static size_t end_of_conversation(const struct concordat_answer *answer, size_t first)
{
    size_t end = first;

    while (end < answer->item_count
           && is_same_conversation(&answer->items[first], &answer->items[end]))
        end++;
    return end;
}

static enum exit_code show_case_json(const struct concordat_answer *answer,
                                     const struct concordat_id *handle)
{
    json_t *conversations = json_array(), *object;

    for (size_t first = 0, end; first < answer->item_count; first = end) {
        json_t *conversation = json_object();

        end = end_of_conversation(answer, first);
        (void)json_object_set_new(conversation, "conversationId",
                                  json_of_id(&answer->items[first].conversation_id));
        (void)json_object_set_new(conversation, "messages",
                                  json_of_items(&answer->items[first], end - first));
        (void)json_array_append_new(conversations, conversation);
    }
    object = json_pack("{s:o, s:o, s:b}", "case", json_of_id(handle), "conversations",
                       conversations, "more", answer->more);
    if (answer->custody)
        json_put(object, "custody", json_of_custody(answer->custody));
    json_put(object, "mark", json_of_mark(answer->mark));
    return show_json(object);
}

static enum exit_code show_case(const struct cli *cli, const struct concordat_answer *answer,
                                const char *handle)
{
    static const enum item_column columns[] = {ITEM_CREATED, ITEM_WAY,    ITEM_NUMBER,
                                               ITEM_TYPE,    ITEM_STATE,  ITEM_NEEDED_BY,
                                               ITEM_MARK,    ITEM_MESSAGE};

    if (answer->item_count == 0 && !answer->custody) {
        printf("no message about case %s is known here\n", handle);
        return EXIT_DONE;
    }
    printf("case %s\n", handle);
    if (answer->custody) {
        custody_show_holder(cli, answer->custody);
        custody_show_claims(cli, answer->custody);
        custody_show_transfer(cli, answer->custody);
        custody_show_conversations(cli, answer->custody);
    }
    for (size_t first = 0, end; first < answer->item_count; first = end) {
        char id[CONCORDAT_ID_TEXT];
        enum exit_code code;

        end = end_of_conversation(answer, first);
        concordat_id_print(&answer->items[first].conversation_id, id);
        printf("\nconversation %s\n", id);
        code = items_print(cli, &answer->items[first], end - first, columns, LENGTH_OF(columns));
        if (code != EXIT_DONE)
            return code;
    }
    show_more(answer, "messages");
    return EXIT_DONE;
}

enum exit_code run_case_show(struct cli *cli, const struct command *self, int argc, char **argv)
{
    uint32_t limit = 0, wait_ms = 0;
    const char *since = NULL;
    const struct option_spec specs[] = {
        {"wait", OPTION_SECONDS, &wait_ms, "S", "until its custody changes, at most so long"},
        {"since", OPTION_TEXT, &since, "MARK", "with --wait: has changed since --json said MARK"},
        {"limit", OPTION_NUMBER, &limit, "N", "the newest N messages; default 100, at most 1000"},
    };
    struct arguments arguments;
    struct concordat_id handle;
    uint64_t mark = 0;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    if (!case_handle_parse(arguments.items[0], &handle) || (since && !parse_mark(since, &mark)))
        return EXIT_BAD_INPUT;
    answer = concordat_case_await(agent, &handle, limit, mark, wait_ms);
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    return cli->json ? show_case_json(answer, &handle) : show_case(cli, answer, arguments.items[0]);
}

/* --- list --- */

static enum exit_code show_cases_json(const struct concordat_answer *answer)
{
    json_t *cases = json_array();

    for (size_t i = 0; i < answer->case_count; i++) {
        const struct concordat_case *one = &answer->cases[i];
        json_t *object =
            json_pack("{s:o, s:I, s:o, s:s, s:b}", "case", json_of_id(&one->handle), "messages",
                      (json_int_t)one->message_count, "last", json_of_time(one->last_ms), "holder",
                      one->holder, "closed", one->closed);

        (void)json_array_append_new(cases, object);
    }
    return show_json(json_pack("{s:o, s:b}", "cases", cases, "more", answer->more));
}

static enum exit_code show_cases(const struct cli *cli, const struct concordat_answer *answer)
{
    static const char *const headings[] = {"CASE", "MESSAGES", "LAST", "HOLDER"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));

    if (!table)
        return EXIT_FAILED;
    if (answer->case_count == 0) {
        printf("no cases yet\n");
        return EXIT_DONE;
    }
    for (size_t i = 0; i < answer->case_count; i++) {
        const struct concordat_case *one = &answer->cases[i];
        char handle[CONCORDAT_ID_TEXT], count[24], last[WHEN_SIZE];

        concordat_id_print(&one->handle, handle);
        (void)snprintf(count, sizeof count, "%llu", (unsigned long long)one->message_count);
        when_print(one->last_ms, last);
        table_add(table, handle);
        table_add(table, count);
        table_add(table, last);
        table_add(table, one->closed ? "closed" : *one->holder ? one->holder : "-");
    }
    table_print(table, cli);
    show_more(answer, "cases");
    return EXIT_DONE;
}

enum exit_code run_case_list(struct cli *cli, const struct command *self, int argc, char **argv)
{
    uint32_t limit = 0;
    const struct option_spec specs[] = {
        {"limit", OPTION_NUMBER, &limit, "N", "the newest N cases; default 100, at most 1000"},
    };
    struct arguments arguments;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    answer = concordat_case(agent, NULL, limit);
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    return cli->json ? show_cases_json(answer) : show_cases(cli, answer);
}
