/*
 * status.c - `concordat status`: is the agent well, and does it have the broker? And, for whoever
 * runs the broker: how is that?
 *
 * The broker answers on its control socket: a command's line in, text out until it closes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agents/cli/arguments.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "agreements/calendar.h"
#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/day.h"
#include "lib/limits.h"

#define CONTROL_MAX (1024 * 1024) /* bytes of the broker's answer */
#define CONTROL_SECONDS 10        /* before it is given up */

/* --- the broker --- */

static int connect_control(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = CONTROL_SECONDS};
    int control;

    if (strlen(path) >= sizeof address.sun_path) {
        complain("%s: a socket's path has at most %d bytes", path, SOCKET_PATH_MAX);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control >= 0
        && setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0
        && connect(control, (const struct sockaddr *)&address, sizeof address) == 0)
        return control;
    complain("no broker at %s: %s", path, strerror(errno));
    if (control >= 0)
        (void)close(control);
    return -1;
}

/* The broker's answer to one command, NUL-terminated, in `out`; false after telling the user. */
static bool ask_broker(const char *path, const char *command, char out[static CONTROL_MAX])
{
    int control = connect_control(path);
    size_t size = 0;
    ssize_t got = -1;

    if (control < 0)
        return false;
    if (send(control, command, strlen(command), MSG_NOSIGNAL) == (ssize_t)strlen(command)) {
        while (size < CONTROL_MAX - 1
               && (got = recv(control, out + size, CONTROL_MAX - 1 - size, 0)) > 0)
            size += (size_t)got;
    }
    if (got != 0)
        complain("the broker at %s gave no whole answer: %s", path, strerror(errno));
    out[size] = '\0';
    (void)close(control);
    return got == 0;
}

static void show_value(const char *name, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY);

    printf("%-24s ", name);
    show_clean(stdout, json_is_string(value) ? json_string_value(value) : text ? text : "?");
    printf("\n");
    free(text);
}

/* The agencies of the broker's answer: a table with the keys of the first for headings. */
static void show_agencies(const struct cli *cli, const json_t *agencies)
{
    const char *headings[TABLE_COLUMNS_MAX], *key;
    size_t columns = 0;
    json_t *value, *first = json_array_get(agencies, 0);
    OWNED(table) table = NULL;

    json_object_foreach(first, key, value)
    {
        if (columns < TABLE_COLUMNS_MAX)
            headings[columns++] = key;
    }
    table = columns > 0 ? table_new(headings, columns) : NULL;
    for (size_t i = 0; table && i < json_array_size(agencies); i++) {
        for (size_t c = 0; c < columns; c++) {
            json_t *cell = json_object_get(json_array_get(agencies, i), headings[c]);
            char *text = json_is_string(cell) ? NULL : json_dumps(cell, JSON_ENCODE_ANY);
            table_add(table, json_is_string(cell) ? json_string_value(cell) : text ? text : "");
            free(text);
        }
    }
    if (table)
        table_print(table, cli);
}

static enum exit_code show_broker(const struct cli *cli, const char *path, bool metrics)
{
    static char text[CONTROL_MAX];
    json_error_t error;
    json_t *json, *value;
    const char *key;

    if (!ask_broker(path, metrics ? "metrics\n" : "status\n", text))
        return EXIT_FAILED;
    if (metrics) {
        show_clean(stdout, text);
        return EXIT_DONE;
    }
    json = json_loads(text, 0, &error);
    if (!json_is_object(json)) {
        complain("the broker's answer cannot be read: %s", text);
        json_decref(json);
        return EXIT_FAILED;
    }
    if (cli->json)
        return show_json(json);
    json_object_foreach(json, key, value)
    {
        if (!json_is_array(value) && !json_is_object(value)) /* counters: --metrics */
            show_value(key, value);
    }
    show_agencies(cli, json_object_get(json, "agencies"));
    json_decref(json);
    return EXIT_DONE;
}

/* --- the agent --- */

/* How far working time can be reckoned, once that is near. */
static void show_holidays(const struct cli *cli, int64_t end_ms)
{
    const int64_t left = (end_ms - clock_wall_ms()) / DAY_MS;
    char end[WHEN_SIZE];

    if (end_ms == 0 || left >= HOLIDAYS_WARN_DAYS)
        return;
    when_print(end_ms, end);
    printf("holidays     %sfrom %s on no bank holidays are known%s: what is due in working time "
           "would\n"
           "             come too early; set bank-holidays to a file that has them, and SIGHUP\n",
           tone_start(cli, TONE_BAD), end, tone_end(cli));
}

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
        if (status->holidays_end_ms)
            (void)json_object_set_new(object, "holidaysUntil",
                                      json_of_time(status->holidays_end_ms));
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
    printf("in all       %" PRIu64 " sent, %" PRIu64 " received\n", status->sent, status->received);
    printf("sealing key  %s, others use it until %s\n", key, until);
    show_holidays(cli, status->holidays_end_ms);
    return EXIT_DONE;
}

static enum exit_code run_status(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *broker = NULL;
    bool metrics = false;
    uint32_t wait_ms = 0;
    const struct option_spec specs[] = {
        {"wait", OPTION_SECONDS, &wait_ms, "S", "for the broker, when there is no connection"},
        {"broker", OPTION_TEXT, &broker, "SOCKET", "the broker's control socket, not an agent"},
        {"metrics", OPTION_FLAG, &metrics, NULL,
         "with --broker: counters as Prometheus reads them"},
    };
    struct arguments arguments;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    enum exit_code code;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (broker)
        return show_broker(cli, broker, metrics);
    if (metrics) {
        complain("--metrics wants --broker SOCKET");
        return EXIT_BAD_INPUT;
    }
    agent = agent_open(cli);
    if (!agent)
        return EXIT_FAILED;
    answer = concordat_status_await(agent, wait_ms);
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
