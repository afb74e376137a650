/*
 * send.c - `concordat send` and `concordat answer`: a body goes to the agency's agent.
 *
 * The id is made here, not by the agent: when no answer comes back, the user can repeat the command
 * with the same --id and it stays one message.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/send.h"
#include "agents/cli/show.h"
#include "agents/client.h"
#include "lib/clock.h"
#include "lib/id.h"
#include "lib/limits.h"
#include "proto/catalogue.h"
#include "lib/nearest.h"

#define TEXT_MAX ((size_t)LOCAL_REQUEST_MAX) /* bytes of a body as JSON */

/* A whole file, or standard input for "-"; NULL after telling the user. free() it. */
static char *read_body(const char *path, size_t *size)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    char *text = malloc(TEXT_MAX);
    size_t got = 0;
    bool wrong = true;

    if (!file)
        complain("cannot read %s: %s", path, strerror(errno));
    else if (!text)
        complain("memory is out");
    else {
        errno = 0;
        got = fread(text, 1, TEXT_MAX, file);
        if (ferror(file))
            complain("cannot read %s: %s", path, strerror(errno));
        else if (got == TEXT_MAX)
            complain("%s: too large; a body has at most %d bytes", path, BODY_MAX);
        else
            wrong = false;
    }
    if (file && !standard)
        (void)fclose(file);
    if (wrong) {
        free(text);
        return NULL;
    }
    *size = got;
    return text;
}

static bool type_is_known(const char *type)
{
    struct nearest nearest = nearest_to(type);
    char suggestion[SUGGESTION_SIZE];
    size_t count;
    const struct message_type *all = catalogue_all(&count);

    if (catalogue_find(type))
        return true;
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, all[i].name);
    complain("unknown message type '%s'%s\n  see concordat catalogue", type,
             suggest(&nearest, suggestion));
    return false;
}

static bool case_is_right(const char *text, struct concordat_message *message)
{
    if (!text || (message->new_case = strcmp(text, "new") == 0))
        return true;
    if (concordat_id_parse(text, &message->case_handle))
        return true;
    complain("--case: '%s' is neither 'new' nor a case handle", text);
    return false;
}

void send_show_verdict(const struct cli *cli, const struct concordat_message *message,
                       const struct concordat_answer *answer)
{
    char id[CONCORDAT_ID_TEXT], handle[CONCORDAT_ID_TEXT];

    concordat_id_print(
        concordat_id_is_none(&answer->message_id) ? &message->message_id : &answer->message_id, id);
    if (answer->outcome == CONCORDAT_DONE)
        printf("%saccepted%s  %s\n", tone_start(cli, TONE_GOOD), tone_end(cli), id);
    else if (answer->outcome == CONCORDAT_QUEUED)
        printf("%squeued%s    %s\n"
               "          no verdict from the broker yet; the agent keeps it and sends it\n",
               tone_start(cli, TONE_WARN), tone_end(cli), id);
    if (answer->outcome != CONCORDAT_DONE && answer->outcome != CONCORDAT_QUEUED)
        return;
    if (!concordat_id_is_none(&answer->case_handle)) {
        concordat_id_print(&answer->case_handle, handle);
        printf("case      %s\n", handle);
    }
    if (!concordat_id_is_none(&answer->sent_again_for)) {
        concordat_id_print(&answer->sent_again_for, handle);
        printf("          %s was refused AGREEMENT_VERSION_STALE;\n          sent again under ",
               handle);
        show_clean(stdout, answer->sent_again_agreement);
        printf(" v%" PRIu32 "\n", answer->sent_again_version);
    }
}

/* Was it the road to the agent that failed? Then nobody knows whether it took the message. */
static bool is_unreached(const struct concordat_answer *answer)
{
    return answer->outcome == CONCORDAT_FAILED && answer->problem_count > 0
        && strcmp(answer->problems[0].where, "agent") == 0;
}

void send_show_trouble(const struct cli *cli, const struct concordat_message *message,
                       const struct concordat_answer *answer)
{
    char id[CONCORDAT_ID_TEXT];

    show_trouble(cli, answer);
    if (!is_unreached(answer))
        return;
    concordat_id_print(&message->message_id, id);
    complain("repeat the command with --id %s: it stays one message", id);
}

struct concordat_answer *send_hand_over(struct concordat *agent, struct concordat_message *message,
                                        bool is_answer)
{
    if (concordat_id_is_none(&message->message_id)) {
        struct id fresh = id_new(clock_wall_ms());
        memcpy(message->message_id.bytes, fresh.bytes, sizeof fresh.bytes);
    }
    if (message->wait_ms == 0) /* 0 means the default to the agent; one is "do not wait" */
        message->wait_ms = 1;
    return is_answer ? concordat_reply(agent, message) : concordat_send(agent, message);
}

/* Sends what `message` says with the body at `path`. */
static enum exit_code deliver(const struct cli *cli, struct concordat_message *message,
                              const char *path, bool is_answer)
{
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    char *json = read_body(path, &message->json_size);
    enum exit_code code;

    if (!json)
        return EXIT_BAD_INPUT;
    message->json = json;
    agent = agent_open(cli);
    if (!agent) {
        free(json);
        return EXIT_FAILED;
    }
    answer = send_hand_over(agent, message, is_answer);
    free(json);
    message->json = NULL;

    code = (enum exit_code)answer->outcome;
    if (cli->json) {
        enum exit_code shown = show_json(json_of_outcome(answer, "accepted"));
        code = code == EXIT_DONE ? shown : code;
    } else {
        send_show_verdict(cli, message, answer);
    }
    send_show_trouble(cli, message, answer);
    return code;
}

static enum exit_code run_send(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct concordat_message message = {.wait_ms = SEND_WAIT_MS};
    const char *handle = NULL;
    const struct option_spec specs[] = {
        {"to", OPTION_AGENCY, &message.to, "AGENCY",
         "who gets it; required, but for --conversation"},
        {"case", OPTION_TEXT, &handle, "H|new", "the case it is about; new makes a handle"},
        {"reply-to", OPTION_ID, &message.in_reply_to, "ID", "the message it replies to"},
        {"conversation", OPTION_ID, &message.conversation_id, "ID",
         "goes on in this one, with whoever is on its other side by now"},
        {"purpose", OPTION_TEXT, &message.purpose, "P", "when the agreement permits several"},
        {"agreement", OPTION_TEXT, &message.agreement, "ID", "be judged under this one only"},
        {"officer", OPTION_TEXT, &message.officer, "O", "on whose behalf; sealed with the body"},
        {"justification", OPTION_TEXT, &message.justification, "WHY",
         "kept with a refusal (concordat refusals), never sent"},
        {"needed-by", OPTION_TIME, &message.needed_by_ms, "T",
         "ISO 8601 or seconds since 1970; default: as the body says"},
        {"expires-days", OPTION_NUMBER, &message.expires_days, "N",
         "give up delivery after N days"},
        {"id", OPTION_ID, &message.message_id, "ID",
         "a repeat with the same id is the same message"},
        {"break-glass", OPTION_FLAG, &message.break_glass, NULL,
         "under a charter, as two officers have authorised --id"},
        {"wait", OPTION_SECONDS, &message.wait_ms, "S", "for the broker's verdict; default 5"},
    };
    struct arguments arguments;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    message.type = arguments.items[0];
    if (message.break_glass && concordat_id_is_none(&message.message_id)) {
        complain("--break-glass goes with --id: the message that the officers have authorised");
        return EXIT_BAD_INPUT;
    }
    if (!type_is_known(message.type) || !case_is_right(handle, &message))
        return EXIT_BAD_INPUT;
    if (!message.to && concordat_id_is_none(&message.conversation_id)) {
        complain("--to AGENCY is missing");
        return EXIT_BAD_INPUT;
    }
    return deliver(cli, &message, arguments.items[1], false);
}

static enum exit_code run_answer(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct concordat_message message = {.wait_ms = SEND_WAIT_MS};
    const struct option_spec specs[] = {
        {"officer", OPTION_TEXT, &message.officer, "O", "on whose behalf; sealed with the body"},
        {"justification", OPTION_TEXT, &message.justification, "WHY",
         "kept with a refusal (concordat refusals), never sent"},
        {"purpose", OPTION_TEXT, &message.purpose, "P", "when the agreement permits several"},
        {"agreement", OPTION_TEXT, &message.agreement, "ID", "be judged under this one only"},
        {"id", OPTION_ID, &message.message_id, "ID",
         "a repeat with the same id is the same message"},
        {"wait", OPTION_SECONDS, &message.wait_ms, "S", "for the broker's verdict; default 5"},
    };
    struct arguments arguments;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!concordat_id_parse(arguments.items[0], &message.in_reply_to)) {
        complain("'%s' is not a message id", arguments.items[0]);
        return EXIT_BAD_INPUT;
    }
    return deliver(cli, &message, arguments.items[1], true);
}

const struct command send_command = {
    .name = "send",
    .arguments = "TYPE --to AGENCY BODY.json",
    .summary = "send a message to another agency",
    .about = "BODY.json is the body as JSON ('-': standard input); concordat catalogue TYPE\n"
             "prints one to fill in. Returns when the broker has accepted or refused it, or\n"
             "after --wait seconds with exit code 4: then the message is safe with the agent\n"
             "and goes when it can. When a newer version of the agreement comes into force on\n"
             "the way, the agent decides and seals once more, under a new id that is shown.\n"
             "\n"
             "--break-glass is for immediate danger to life: the message goes under a charter,\n"
             "when two officers have authorised its --id within the hour (agreement sign\n"
             "authorise, agreement authorise). Both sides' data protection officers are told.\n",
    .least = 2,
    .most = 2,
    .run = run_send,
};

const struct command answer_command = {
    .name = "answer",
    .arguments = "ID BODY.json",
    .summary = "answer a message that was opened",
    .about = "Type and recipient follow from the message answered: a psr.request is answered\n"
             "by a psr.report to the court that asked.\n",
    .least = 2,
    .most = 2,
    .run = run_answer,
};
