/*
 * due.c - `concordat due`: what is owed to this agency and by it, the soonest first.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/call.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define WHAT_SIZE (TYPE_MAX + 32)

/* What is to be done, about which type: "acknowledge safeguarding.referral.child". */
static void print_what(const struct concordat_due *due, char out[static WHAT_SIZE])
{
    static const struct {
        const char *what, *words;
        bool is_expected; /* it is the type to come that says more */
    } sayings[] = {
        {"expected", "send", true},
        {"forward", "pass on", false},
        {"reply", "reply to", false},
    };
    const char *words = due->what, *type = due->type;

    for (size_t i = 0; i < LENGTH_OF(sayings); i++) {
        if (strcmp(due->what, sayings[i].what) != 0)
            continue;
        words = sayings[i].words;
        if (sayings[i].is_expected)
            type = due->expected;
    }
    (void)snprintf(out, WHAT_SIZE, "%s %s", words, type);
}

static json_t *json_of_due(const struct concordat_due *due)
{
    json_t *object = json_object();

    json_put(object, "due", json_of_time(due->due_ms));
    json_put(object, "what", json_string(due->what));
    json_put(object, "owedBy", json_string(due->by_us ? "us" : "them"));
    json_put(object, "overdue", json_boolean(due->overdue));
    json_put(object, "other", json_string(due->other));
    json_put(object, "type", json_string(due->type));
    json_put(object, "expected", json_string(due->expected));
    json_put(object, "message", json_of_id(&due->message_id));
    json_put(object, "case", json_of_id(&due->case_handle));
    json_put(object, "role", json_string(due->role));
    json_put(object, "note", json_string(due->note));
    return object;
}

static enum exit_code show_due_json(const struct concordat_answer *answer)
{
    json_t *list = json_array();

    for (size_t i = 0; i < answer->due_count; i++)
        (void)json_array_append_new(list, json_of_due(&answer->due[i]));
    return show_json(json_pack("{s:o, s:b}", "due", list, "more", answer->more));
}

static void add_row(struct table *table, const struct concordat_due *due, int64_t now_ms)
{
    char when[WHEN_SIZE], away[AWAY_SIZE], what[WHAT_SIZE], id[CONCORDAT_ID_TEXT] = "-";

    when_print_local(due->due_ms, when);
    when_print_away(due->due_ms, now_ms, away);
    print_what(due, what);
    table_add(table, when);
    table_add(table, away);
    table_add(table, due->by_us ? "by us" : "to us");
    table_add(table, due->other);
    table_add(table, what);
    if (!concordat_id_is_none(&due->case_handle))
        concordat_id_print(&due->case_handle, id);
    table_add(table, id);
    table_add(table, *due->role ? due->role : "-");
    (void)strcpy(id, "-");
    if (!concordat_id_is_none(&due->message_id))
        concordat_id_print(&due->message_id, id);
    table_add(table, id);
}

/* A line below the table for each that cannot go on by itself. */
static void show_notes(const struct concordat_answer *answer)
{
    char id[CONCORDAT_ID_TEXT];

    for (size_t i = 0; i < answer->due_count; i++) {
        if (!*answer->due[i].note)
            continue;
        concordat_id_print(&answer->due[i].message_id, id);
        printf("%s  waits: ", id);
        show_clean(stdout, answer->due[i].note);
        printf("\n");
    }
}

static enum exit_code show_due(const struct cli *cli, const struct concordat_answer *answer)
{
    static const char *const headings[] = {"DUE",  "WHEN", "OWED", "WITH",
                                           "WHAT", "CASE", "ROLE", "MESSAGE"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    int64_t now_ms = clock_wall_ms();

    if (!table)
        return EXIT_FAILED;
    if (answer->due_count == 0) {
        printf("nothing is due\n");
        return EXIT_DONE;
    }
    for (size_t i = 0; i < answer->due_count; i++)
        add_row(table, &answer->due[i], now_ms);
    table_print(table, cli);
    show_notes(answer);
    if (answer->more)
        complain("there is more that is due later; see --limit");
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code run_due(struct cli *cli, const struct command *self, int argc, char **argv)
{
    uint32_t limit = 0;
    const struct option_spec specs[] = {
        {"limit", OPTION_NUMBER, &limit, "N", "the N soonest; default 100, at most 1000"},
    };
    struct arguments arguments;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    answer = concordat_due(agent, limit);
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    return cli->json ? show_due_json(answer) : show_due(cli, answer);
}

const struct command due_command = {
    .name = "due",
    .arguments = "",
    .summary = "what is owed to us and by us, the soonest first",
    .about =
        "What the agreements give a time: to acknowledge, decide or answer a message, to\n"
        "open an immediate referral, to send what has to follow, to reply to an offer of a\n"
        "case, to complete one that is accepted, to close a referral that is watched no longer,\n"
        "to pass on an answer that came for a case we no longer hold. DUE is the time\n"
        "in London, working time as the agreement says; OWED says by whom, ROLE whom it is\n"
        "told when it does not come. What is overdue stays until it comes, or can come no more.\n",
    .run = run_due,
};
