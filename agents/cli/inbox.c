/*
 * inbox.c - `concordat inbox`, `open`, `ack` and `decline`: what has come, and what we do with it.
 *
 * Content is shown by `open` alone. Opening, acknowledging and declining are evidence: each is
 * signed by the agent and travels back to the sender.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/cli/alarms.h"
#include "agents/cli/arguments.h"
#include "agents/cli/call.h"
#include "agents/cli/items.h"
#include "agents/cli/late_answer.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "lib/nearest.h"

/* --- inbox --- */

/* Silence is loud: what has not come stands above what has. */
static void show_alarms(const struct cli *cli, const struct concordat_answer *answer)
{
    if (answer->alarm_count == 0)
        return;
    printf("%s%zu alarm%s that nobody has seen%s (concordat alarms --seen N):\n",
           tone_start(cli, TONE_BAD), answer->alarm_count, answer->alarm_count == 1 ? "" : "s",
           tone_end(cli));
    (void)alarms_print(cli, answer);
    if (answer->more_alarms)
        complain("there are older alarms than these: concordat alarms --limit N");
    printf("\n");
}

static enum exit_code show_inbox(const struct cli *cli, const struct concordat_answer *answer)
{
    static const enum item_column columns[] = {
        ITEM_MESSAGE, ITEM_FROM, ITEM_TYPE, ITEM_URGENCY, ITEM_STATE, ITEM_NEEDED_BY, ITEM_MARK};

    if (cli->json)
        return show_json(json_pack("{s:o, s:b, s:o, s:b}", "alarms", json_of_alarms(answer),
                                   "moreAlarms", answer->more_alarms, "messages",
                                   json_of_items(answer->items, answer->item_count), "more",
                                   answer->more));
    show_alarms(cli, answer);
    if (answer->item_count == 0) {
        printf("nothing new\n");
        return EXIT_DONE;
    }
    return items_print(cli, answer->items, answer->item_count, columns, LENGTH_OF(columns));
}

static enum exit_code run_inbox(struct cli *cli, const struct command *self, int argc, char **argv)
{
    uint32_t wait_ms = 0, limit = 0, before = 0;
    bool all = false;
    const struct option_spec specs[] = {
        {"wait", OPTION_SECONDS, &wait_ms, "S", "for something new, when there is nothing"},
        {"limit", OPTION_NUMBER, &limit, "N",
         "at most so many, immediate ones first; default 100, at most 1000"},
        {"all", OPTION_FLAG, &all, NULL, "also what was opened before, newest first"},
        {"before", OPTION_NUMBER, &before, "N", "go on with --all where an earlier list ended"},
    };
    struct arguments arguments;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    answer = before ? concordat_inbox_older(agent, before, limit)
                    : concordat_inbox(agent, wait_ms, limit, all);
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    if (answer->next)
        complain("there are older messages than these: --all --before %" PRIu64, answer->next);
    if (answer->more)
        complain("there are others that nobody has opened; see --limit");
    return show_inbox(cli, answer);
}

/* --- open --- */

static void show_id(const struct cli *cli, const char *name, const struct concordat_id *id)
{
    char text[CONCORDAT_ID_TEXT] = "";

    if (!concordat_id_is_none(id))
        concordat_id_print(id, text);
    show_fact(cli, name, text);
}

static void show_not_shared(const struct cli *cli, const struct concordat_answer *answer)
{
    if (answer->not_shared_count == 0)
        return;
    printf("%s%-12s%s ", tone_start(cli, TONE_FAINT), "not shared", tone_end(cli));
    for (size_t i = 0; i < answer->not_shared_count; i++)
        printf("%s%s", i > 0 ? ", " : "", answer->not_shared[i]);
    printf("\n");
}

static bool is_late_answer(const struct concordat_answer *answer)
{
    return answer->item_count > 0 && strcmp(answer->items[0].type, LATE_ANSWER_TYPE) == 0;
}

/* The body of a late answer is another message's: it is shown as the answer it is. */
static enum exit_code show_late_answer(const struct cli *cli, const struct concordat_answer *answer)
{
    struct late_answer late;
    const char *why = "";

    if (!late_answer_read(answer->body, answer->body_size, &late, &why)) {
        complain("%s", why);
        return EXIT_FAILED;
    }
    late_answer_show(cli, &late);
    late_answer_fini(&late);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code show_opened_json(const struct concordat_answer *answer)
{
    json_error_t error;
    json_t *body = json_loads(answer->json, 0, &error), *object;

    if (!body) {
        complain("the agent's JSON cannot be read: %s", error.text);
        return EXIT_FAILED;
    }
    object = json_object();
    if (is_late_answer(answer)) {
        struct late_answer late;
        const char *why;

        if (late_answer_read(answer->body, answer->body_size, &late, &why)) {
            json_put(object, "answer", json_of_late_answer(&late));
            late_answer_fini(&late);
        }
    }
    if (answer->item_count > 0)
        (void)json_object_set_new(object, "message", json_of_item(&answer->items[0]));
    (void)json_object_set_new(object, "body", body);
    (void)json_object_set_new(object, "notShared",
                              json_of_names(answer->not_shared, answer->not_shared_count));
    return show_json(object);
}

static enum exit_code show_opened(const struct cli *cli, const struct concordat_answer *answer)
{
    if (cli->json)
        return show_opened_json(answer);
    if (answer->item_count > 0) {
        const struct concordat_item *item = &answer->items[0];
        char id[CONCORDAT_ID_TEXT], when[WHEN_SIZE], text[256], deadline[DEADLINE_SIZE],
            lapse[LAPSE_SIZE];

        concordat_id_print(&item->message_id, id);
        show_fact(cli, "message", id);
        show_fact(cli, "type", item->type);
        show_fact(cli, "from", item->from);
        when_print(item->created_ms, when);
        show_fact(cli, "created", when);
        when_print(item->needed_by_ms, when);
        show_fact(cli, "needed by", when);
        deadline_print(item, deadline);
        show_fact(cli, "deadline", deadline);
        show_id(cli, "in reply to", &item->in_reply_to);
        show_fact(cli, "urgency", urgency_name(item->urgency));
        show_fact(cli, "marking", marking_name(item->marking));
        show_fact(cli, "purpose", item->purpose);
        show_id(cli, "case", &item->case_handle);
        show_id(cli, "conversation", &item->conversation_id);
        (void)snprintf(text, sizeof text, "%s version %u, clause %s", item->agreement_id,
                       item->agreement_version, item->clause);
        show_fact(cli, "agreement", text);
        lapse_print(item, lapse);
        show_fact(cli, "note", lapse);
        if (item->break_glass)
            show_fact(cli, "BREAK-GLASS", "two officers of the sender answer for it; review it");
    }
    show_not_shared(cli, answer);
    if (is_late_answer(answer))
        return show_late_answer(cli, answer);
    show_clean(stdout, answer->json);
    printf("\n");
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* The message id a command was given; false after telling the user. */
static bool take_id(const char *text, struct concordat_id *id)
{
    if (concordat_id_parse(text, id))
        return true;
    complain("'%s' is not a message id; see concordat inbox", text);
    return false;
}

static enum exit_code run_open(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct arguments arguments;
    struct concordat_id id;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!take_id(arguments.items[0], &id))
        return EXIT_BAD_INPUT;
    agent = agent_open(cli);
    if (!agent)
        return EXIT_FAILED;
    answer = concordat_take(agent, &id);
    show_trouble(cli, answer);
    if (answer->outcome != CONCORDAT_DONE)
        return (enum exit_code)answer->outcome;
    return show_opened(cli, answer);
}

/* --- ack and decline --- */

/* What became of the act, for people or as JSON; its exit code. */
static enum exit_code finish_act(const struct cli *cli, const struct concordat_answer *answer,
                                 const char *done, const char *id)
{
    enum exit_code code = (enum exit_code)answer->outcome;

    if (cli->json) {
        enum exit_code shown = show_json(json_of_outcome(answer, done));
        code = code == EXIT_DONE ? shown : code;
    } else if (code == EXIT_DONE || code == EXIT_QUEUED) {
        printf("%s%s%s  %s\n", tone_start(cli, TONE_GOOD), done, tone_end(cli), id);
    }
    show_trouble(cli, answer);
    return code;
}

static enum exit_code run_ack(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct arguments arguments;
    struct concordat_id id;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!take_id(arguments.items[0], &id))
        return EXIT_BAD_INPUT;
    agent = agent_open(cli);
    if (!agent)
        return EXIT_FAILED;
    answer = concordat_acknowledge(agent, &id);
    return finish_act(cli, answer, "acknowledged", arguments.items[0]);
}

static const struct {
    const char *name;
    enum concordat_decline reason;
} decline_reasons[] = {
    {"not-for-us", CONCORDAT_NOT_FOR_US},
    {"duplicate", CONCORDAT_DUPLICATE_OF_EARLIER},
    {"insufficient-information", CONCORDAT_INSUFFICIENT_INFORMATION},
    {"no-capacity", CONCORDAT_NO_CAPACITY},
    {"out-of-area", CONCORDAT_OUT_OF_AREA},
};

static bool take_reason(const char *text, enum concordat_decline *reason)
{
    struct nearest nearest = nearest_to(text ? text : "");
    char suggestion[SUGGESTION_SIZE];

    for (size_t i = 0; text && i < LENGTH_OF(decline_reasons); i++) {
        if (strcmp(text, decline_reasons[i].name) == 0) {
            *reason = decline_reasons[i].reason;
            return true;
        }
        nearest_offer(&nearest, decline_reasons[i].name);
    }
    if (text)
        complain("--reason: '%s' is not a reason%s", text, suggest(&nearest, suggestion));
    else
        complain("--reason is missing");
    (void)fputs("  reasons: not-for-us, duplicate, insufficient-information, no-capacity, "
                "out-of-area\n",
                stderr);
    return false;
}

static enum exit_code run_decline(struct cli *cli, const struct command *self, int argc,
                                  char **argv)
{
    const char *reason_text = NULL;
    const struct option_spec specs[] = {
        {"reason", OPTION_TEXT, &reason_text, "R", "why, from the list above; required"},
    };
    struct arguments arguments;
    struct concordat_id id;
    enum concordat_decline reason;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!take_id(arguments.items[0], &id) || !take_reason(reason_text, &reason))
        return EXIT_BAD_INPUT;
    agent = agent_open(cli);
    if (!agent)
        return EXIT_FAILED;
    answer = concordat_decline(agent, &id, reason);
    return finish_act(cli, answer, "declined", arguments.items[0]);
}

const struct command inbox_command = {
    .name = "inbox",
    .arguments = "",
    .summary = "what has come, immediate first, below the alarms nobody has seen; no content",
    .run = run_inbox,
};

const struct command open_command = {
    .name = "open",
    .arguments = "ID",
    .summary = "show a message's content; its sender is told 'opened'",
    .about = "Prints what the message is, which categories of data were not shared with you,\n"
             "and the body as JSON. A category that was not shared is unknown, not empty. A\n"
             "case.late_answer is shown as the answer that it carries.\n",
    .least = 1,
    .most = 1,
    .run = run_open,
};

const struct command ack_command = {
    .name = "ack",
    .arguments = "ID",
    .summary = "tell the sender that somebody has taken it on",
    .least = 1,
    .most = 1,
    .run = run_ack,
};

const struct command decline_command = {
    .name = "decline",
    .arguments = "ID --reason R",
    .summary = "tell the sender that you will not take it on, and why",
    .about = "reasons: not-for-us, duplicate, insufficient-information, no-capacity, out-of-area\n",
    .least = 1,
    .most = 1,
    .run = run_decline,
};
