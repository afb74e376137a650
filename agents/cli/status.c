/*
 * status.c - `concordat status`: is the agent well, and does it have the broker?
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "lib/bytes.h"
#include "lib/limits.h"

static enum exit_code show_status(const struct cli *cli, const struct concordat_status *status)
{
    char since[WHEN_SIZE], until[WHEN_SIZE], key[2 * KEY_ID_SIZE + 1];

    when_print(status->since_ms, since);
    when_print(status->key_seal_until_ms, until);
    hex_print(status->key_id, KEY_ID_SIZE, key);
    if (cli->json) {
        json_t *object =
            json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:s}", "agency", status->agency, "connected",
                      status->connected, "outbox", (json_int_t)status->outbox, "inbox",
                      (json_int_t)status->inbox, "sent", (json_int_t)status->sent, "received",
                      (json_int_t)status->received, "sealingKey", key);

        (void)json_object_set_new(object, "since", json_of_time(status->since_ms));
        (void)json_object_set_new(object, "sealUntil", json_of_time(status->key_seal_until_ms));
        if (*status->last_error)
            (void)json_object_set_new(object, "lastError", json_string(status->last_error));
        return show_json(object);
    }
    printf("agency       %s\n", status->agency);
    printf("broker       %s%s%s since %s\n",
           tone_start(cli, status->connected ? TONE_GOOD : TONE_BAD),
           status->connected ? "connected" : "not connected", tone_end(cli), since);
    if (!status->connected && *status->last_error) {
        printf("             ");
        show_clean(stdout, status->last_error);
        printf("\n");
    }
    printf("outbox       %" PRIu64 " not yet delivered\n", status->outbox);
    printf("inbox        %" PRIu64 " not yet opened\n", status->inbox);
    printf("since start  %" PRIu64 " sent, %" PRIu64 " received\n", status->sent, status->received);
    printf("sealing key  %s, others use it until %s\n", key, until);
    return EXIT_DONE;
}

static enum exit_code run_status(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct arguments arguments;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    enum exit_code code;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    agent = agent_open(cli);
    if (!agent)
        return EXIT_FAILED;
    answer = concordat_status(agent);
    show_trouble(cli, answer);
    if (answer->outcome != CONCORDAT_DONE)
        return (enum exit_code)answer->outcome;
    if (!answer->status) {
        complain("the agent gave no status");
        return EXIT_FAILED;
    }
    code = show_status(cli, answer->status);
    if (code != EXIT_DONE)
        return code;
    return answer->status->connected ? EXIT_DONE : EXIT_QUEUED;
}

const struct command status_command = {
    .name = "status",
    .arguments = "",
    .summary = "is the agent well, and does it have the broker",
    .about =
        "Exit code 0 when the broker is connected, 4 when it is not: what is sent then waits.\n",
    .run = run_status,
};
