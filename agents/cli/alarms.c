#include "agents/cli/alarms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/cli/call.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "lib/limits.h"

#define WHAT_SIZE (2 * TYPE_MAX + 64)

/* What has not come, or has come after all. */
static const struct {
    const char *kind, *missing, *late;
    bool is_expected; /* it is the type to come that says more, where there is one */
} sayings[] = {
    {"open", "is not opened", "is opened, late", false},
    {"acknowledge", "is not acknowledged", "is acknowledged, late", false},
    {"decide", "is not decided", "is decided, late", false},
    {"answer", "is not answered", "is answered, late", false},
    {"expected", "has not come", "has come, late", true},
    {"volume", "came too seldom", "came too seldom", true},
    {"gap", "lacks a message before it", "has what was missing", false},
    {"reply", "has no reply", "has a reply, late", false},
    {"forward", "is not passed on to the holder", "is passed on, late", false},
    {"complete", "is accepted, and not completed", "is completed, late", false},
    {"unreadable", "evidence is kept for a newer release to read", "", false},
    {"silent", "is open, and nothing was said for 400 days: it will be forgotten", "", false},
    {"declined", "is declined: what it asked for does not come", "", false},
    {"rejected", "could not be opened: what it asked for does not come", "", false},
    {"withheld", "was not handed over: what it asked for does not come", "", false},
    {"close", "is no longer watched, and not closed", "is closed, late", false},
};

/* "check.police.callouts.request is not answered"; "..., alarm 3", "... message 4". */
static void print_what(const struct concordat_alarm *alarm, char out[static WHAT_SIZE])
{
    const char *words = alarm->kind, *type = alarm->type;
    bool late = strcmp(alarm->stage, "late") == 0;

    for (size_t i = 0; i < LENGTH_OF(sayings); i++) {
        if (strcmp(alarm->kind, sayings[i].kind) != 0)
            continue;
        words = late ? sayings[i].late : sayings[i].missing;
        if (sayings[i].is_expected && *alarm->expected)
            type = alarm->expected;
    }
    if (strcmp(alarm->kind, "open") == 0 && !late)
        (void)snprintf(out, WHAT_SIZE, "%s %s, alarm %" PRIu32, type, words, alarm->count);
    else if (strcmp(alarm->kind, "volume") == 0)
        (void)snprintf(out, WHAT_SIZE, "%s %s: %" PRIu32, type, words, alarm->count);
    else if (strcmp(alarm->kind, "gap") == 0)
        (void)snprintf(out, WHAT_SIZE, "%s %s: number %" PRIu32, type, words, alarm->count);
    else
        (void)snprintf(out, WHAT_SIZE, "%s %s", type, words);
}

static void add_row(struct table *table, const struct concordat_alarm *alarm)
{
    char number[24], when[WHEN_SIZE], due[WHEN_SIZE], what[WHAT_SIZE], id[CONCORDAT_ID_TEXT] = "-",
                                                                       who[2 * AGENCY_MAX + 8];

    (void)snprintf(number, sizeof number, "%" PRIu64, alarm->number);
    when_print_local(alarm->at_ms, when);
    when_print_local(alarm->due_ms, due);
    print_what(alarm, what);
    (void)snprintf(who, sizeof who, "%s -> %s", alarm->owed_by, alarm->owed_to);
    if (!concordat_id_is_none(&alarm->case_handle))
        concordat_id_print(&alarm->case_handle, id);
    table_add(table, number);
    table_add(table, when);
    table_add(table, alarm->stage);
    table_add(table, what);
    table_add(table, who);
    table_add(table, *alarm->role ? alarm->role : "the desk");
    table_add(table, due);
    table_add(table, id);
}

enum exit_code alarms_print(const struct cli *cli, const struct concordat_answer *answer)
{
    static const char *const headings[] = {"ALARM",         "AT",  "STAGE", "WHAT",
                                           "OWED BY -> TO", "FOR", "DUE",   "CASE"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));

    if (!table)
        return EXIT_FAILED;
    for (size_t i = 0; i < answer->alarm_count; i++)
        add_row(table, &answer->alarms[i]);
    table_print(table, cli);
    return EXIT_DONE;
}

static json_t *json_of_alarm(const struct concordat_alarm *alarm)
{
    json_t *object = json_object();

    json_put(object, "number", json_integer((json_int_t)alarm->number));
    json_put(object, "at", json_of_time(alarm->at_ms));
    json_put(object, "kind", json_string(alarm->kind));
    json_put(object, "stage", json_string(alarm->stage));
    json_put(object, "for", json_string(alarm->role));
    json_put(object, "owedBy", json_string(alarm->owed_by));
    json_put(object, "owedTo", json_string(alarm->owed_to));
    json_put(object, "due", json_of_time(alarm->due_ms));
    json_put(object, "type", json_string(alarm->type));
    json_put(object, "expected", json_string(alarm->expected));
    json_put(object, "message", json_of_id(&alarm->message_id));
    json_put(object, "case", json_of_id(&alarm->case_handle));
    json_put(object, "conversationId", json_of_id(&alarm->conversation_id));
    json_put(object, "agreement", json_string(alarm->agreement_id));
    if (*alarm->agreement_id)
        json_put(object, "agreementVersion", json_integer(alarm->agreement_version));
    json_put(object, "clause", json_string(alarm->clause));
    json_put(object, "count", json_integer(alarm->count));
    json_put(object, "seen", json_boolean(alarm->seen));
    return object;
}

json_t *json_of_alarms(const struct concordat_answer *answer)
{
    json_t *list = json_array();

    for (size_t i = 0; i < answer->alarm_count; i++)
        (void)json_array_append_new(list, json_of_alarm(&answer->alarms[i]));
    return list;
}

static enum exit_code see(const struct cli *cli, struct concordat *agent, uint32_t number)
{
    OWNED_ANSWER answer = concordat_seen(agent, number);

    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    if (cli->json)
        return show_json(json_of_outcome(answer, "seen"));
    printf("seen  alarm %" PRIu32 "\n", number);
    return EXIT_DONE;
}

static enum exit_code run_alarms(struct cli *cli, const struct command *self, int argc, char **argv)
{
    uint32_t limit = 0, seen = UINT32_MAX, after = 0, wait_ms = 0;
    bool all = false;
    const struct option_spec specs[] = {
        {"wait", OPTION_SECONDS, &wait_ms, "S", "for an alarm, when there is none"},
        {"after", OPTION_NUMBER, &after, "N", "only those numbered after N, the last you know"},
        {"all", OPTION_FLAG, &all, NULL, "also those that somebody has seen"},
        {"limit", OPTION_NUMBER, &limit, "N", "the newest N; default 100, at most 1000"},
        {"seen", OPTION_NUMBER, &seen, "N", "a person has seen alarm N and deals with it"},
    };
    struct arguments arguments;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    if (seen == 0) {
        complain("--seen: alarms are numbered from 1");
        return EXIT_BAD_INPUT;
    }
    if (seen != UINT32_MAX)
        return see(cli, agent, seen);
    answer = concordat_alarms_await(agent, limit, all, after, wait_ms);
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    if (cli->json)
        return show_json(
            json_pack("{s:o, s:b}", "alarms", json_of_alarms(answer), "more", answer->more));
    if (answer->alarm_count == 0) {
        printf("%s\n", all ? "no alarms" : "no alarms that nobody has seen");
        return EXIT_DONE;
    }
    if (answer->more)
        complain("there are older alarms than these; see --limit");
    return alarms_print(cli, answer);
}

const struct command alarms_command = {
    .name = "alarms",
    .arguments = "",
    .summary = "what has not come in time, as the broker told it; the newest first",
    .about = "The broker's clocks tell both sides: a warning, then each role that the agreement\n"
             "names, then the breach; an immediate referral that nobody opens every 15 minutes;\n"
             "a message that is missing in a conversation; what was to follow and did not; and\n"
             "what came after all, late. An alarm stands above the inbox until it is marked\n"
             "with --seen: that is this agency's own mark, and tells nobody else.\n"
             "--wait ends as soon as there is an alarm, or with an empty list. What is to hear\n"
             "of each waits with --after, the number of the last one it has.\n",
    .run = run_alarms,
};
