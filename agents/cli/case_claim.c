/*
 * case_claim.c - `concordat case open|close|holder`: this agency's signed word that it holds a case
 * or that the case is over, and the broker's word who holds one.
 */
#include <stdio.h>

#include "agents/cli/call.h"
#include "agents/cli/case.h"
#include "agents/cli/custody_show.h"
#include "agents/cli/send.h"
#include "agents/cli/show.h"

/* The claim's answer in words, or as JSON; its exit code. */
static enum exit_code show_claim(const struct cli *cli, const struct concordat_answer *answer,
                                 const struct concordat_id *handle, const char *json_done,
                                 const char *words)
{
    enum exit_code code = (enum exit_code)answer->outcome;
    char text[CONCORDAT_ID_TEXT];

    concordat_id_print(concordat_id_is_none(&answer->case_handle) ? handle : &answer->case_handle,
                       text);
    if (cli->json) {
        json_t *object = json_of_outcome(answer, json_done);
        enum exit_code shown;

        json_put(object, "case", json_string(text));
        if (answer->custody)
            json_put(object, "custody", json_of_custody(answer->custody));
        shown = show_json(object);
        code = code == EXIT_DONE ? shown : code;
    } else if (code == EXIT_DONE) {
        printf("%s%s%s  %s\n", tone_start(cli, TONE_GOOD), words, tone_end(cli), text);
    } else if (code == EXIT_QUEUED) {
        printf("%squeued%s  %s\n"
               "        no answer from the broker yet; the agent keeps the claim and sends it\n"
               "        see concordat case holder %s\n",
               tone_start(cli, TONE_WARN), tone_end(cli), text, text);
    }
    show_trouble(cli, answer);
    case_show_hint(answer, text);
    return code;
}

enum exit_code run_case_open(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct concordat_id handle = {{0}};
    uint32_t wait_ms = SEND_WAIT_MS;
    const struct option_spec specs[] = {
        {"case", OPTION_ID, &handle, "H", "its handle; default: a new one is made"},
        {"wait", OPTION_SECONDS, &wait_ms, "S", "for the broker's answer; default 5"},
    };
    struct arguments arguments;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    answer = concordat_hold(agent, concordat_id_is_none(&handle) ? NULL : &handle, CONCORDAT_HOLDS,
                            wait_ms);
    return show_claim(cli, answer, &handle, "held", "held by us");
}

/* A case that a command names. */
struct named {
    struct concordat_id handle;
    uint32_t wait_ms;
    enum exit_code end; /* when there is no agent */
};

/* An agent to ask about it; NULL: the user has been told why. */
static struct concordat *begin_named(struct cli *cli, const struct command *self, int argc,
                                     char **argv, struct named *named)
{
    const struct option_spec specs[] = {
        {"wait", OPTION_SECONDS, &named->wait_ms, "S", "for the broker's answer; default 5"},
    };
    struct arguments arguments;
    struct concordat *agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &named->end);

    if (!agent || case_handle_parse(arguments.items[0], &named->handle))
        return agent;
    concordat_close(agent);
    named->end = EXIT_BAD_INPUT;
    return NULL;
}

enum exit_code case_retract(const struct cli *cli, struct concordat *agent,
                            const struct concordat_id *handle, uint32_t wait_ms)
{
    OWNED_ANSWER answer = concordat_hold(agent, handle, CONCORDAT_IS_NOT_OFFERED, wait_ms);

    return show_claim(cli, answer, handle, "withdrawn", "offered to nobody");
}

enum exit_code run_case_close(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct named named = {.wait_ms = SEND_WAIT_MS};
    OWNED_AGENT agent = begin_named(cli, self, argc, argv, &named);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return named.end;
    answer = concordat_hold(agent, &named.handle, CONCORDAT_IS_OVER, named.wait_ms);
    return show_claim(cli, answer, &named.handle, "closed", "closed");
}

enum exit_code run_case_holder(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct named named = {.wait_ms = SEND_WAIT_MS};
    OWNED_AGENT agent = begin_named(cli, self, argc, argv, &named);
    OWNED_ANSWER answer = NULL;
    char text[CONCORDAT_ID_TEXT];

    if (!agent)
        return named.end;
    answer = concordat_holder(agent, &named.handle, named.wait_ms);
    if (cli->json)
        return show_claim(cli, answer, &named.handle, "told", "");
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    if (!answer->custody) {
        concordat_id_print(&named.handle, text);
        printf("nobody holds case %s, as far as this agency may know\n", text);
        return EXIT_DONE;
    }
    custody_show_holder(cli, answer->custody);
    custody_show_transfer(cli, answer->custody);
    custody_show_conversations(cli, answer->custody);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
