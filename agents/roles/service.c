#define _GNU_SOURCE 1 /* signalfd, sigprocmask */

#include "agents/roles/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "agents/roles/event.h"
#include "agents/roles/run.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

/* --- acts --- */

/* The exit code of what went out last; 1 when it still waits. */
static int outcome_of(json_t *book, const char *id)
{
    static const struct {
        const char *name;
        enum concordat_outcome outcome;
    } outcomes[] = {{"DONE", CONCORDAT_DONE},
                    {"QUEUED", CONCORDAT_QUEUED},
                    {"REFUSED", CONCORDAT_REFUSED},
                    {"BAD_INPUT", CONCORDAT_BAD_INPUT}};
    const char *name = post_outcome(book, id);

    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (strcmp(outcomes[i].name, name) == 0)
            return (int)outcomes[i].outcome;
    }
    return (int)CONCORDAT_FAILED;
}

static int run_act(struct run *run, const struct act *act, int argc, char **argv)
{
    char last[CONCORDAT_ID_TEXT] = "";
    json_t *outgoing;
    struct turn turn;
    size_t before;
    bool good = false;
    int code;

    if (!run_begin(run, &turn))
        return 1;
    outgoing = store_list(turn.book, "outgoing");
    before = json_array_size(outgoing);
    code = act->run(&turn, argc, argv);
    if (code == 0) {
        good = run_save(run, &turn);
        if (json_array_size(outgoing) > before)
            (void)snprintf(
                last, sizeof last, "%s",
                wire_text(json_array_get(outgoing, json_array_size(outgoing) - 1), "id"));
        if (good && !post_deliver(turn.book, run->agent))
            (void)fputs("not everything could go out: it is kept, and goes when the agent "
                        "answers\n",
                        stderr);
        good = good && run_save(run, &turn);
        code = !good ? 1 : *last ? outcome_of(turn.book, last) : 0;
    }
    run_end(run, &turn);
    return code;
}

const char *option_take(int *argc, char **argv, const char *name)
{
    for (int i = 0; i + 1 < *argc; i++) {
        const char *value = argv[i + 1];

        if (strcmp(argv[i], name) != 0)
            continue;
        *argc -= 2;
        for (int j = i; j < *argc; j++)
            argv[j] = argv[j + 2];
        return value;
    }
    return NULL;
}

/* --- the command line --- */

static int usage(const struct service *service)
{
    (void)fprintf(stderr,
                  "%s\n\n"
                  "usage: %s --agent SOCKET --store FOLDER%s [--json] serve\n",
                  service->about, service->name,
                  service->needs_data ? " --data FILE" : " [--data FILE]");
    for (const struct act *act = service->acts; act && act->name; act++)
        (void)fprintf(stderr, "       %s ... %s %s\n           %s\n", service->name, act->name,
                      act->arguments, act->summary);
    return 2;
}

static int complain(const char *what, const char *which)
{
    (void)fprintf(stderr, "%s%s\n", what, which);
    return 2;
}

/* Options until the first word. Answers its place, or 0 after complaining. */
static int take_options(struct run *run, int argc, char **argv)
{
    int i;

    for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char **value = strcmp(argv[i], "--agent") == 0 ? &run->agent_path
                           : strcmp(argv[i], "--store") == 0 ? &run->store_path
                           : strcmp(argv[i], "--data") == 0  ? &run->data_path
                                                             : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            run->as_json = true;
        } else if (value && i + 1 < argc) {
            *value = argv[++i];
        } else {
            (void)complain(value ? "needs a value: " : "unknown option: ", argv[i]);
            return 0;
        }
    }
    return i < argc ? i : 0;
}

static bool load_data(struct run *run)
{
    json_error_t error;

    if (!run->data_path)
        return true;
    run->data = json_load_file(run->data_path, JSON_REJECT_DUPLICATES, &error);
    if (!run->data)
        (void)fprintf(stderr, "%s:%d: not there, or not JSON\n", run->data_path, error.line);
    return run->data != NULL;
}

/* The agent's folder will do instead of its socket, as for `concordat`. */
static struct concordat *open_agent(const struct run *run)
{
    char socket[256];
    struct stat info;
    bool is_folder = stat(run->agent_path, &info) == 0 && S_ISDIR(info.st_mode);
    int size =
        snprintf(socket, sizeof socket, "%s%s", run->agent_path, is_folder ? "/agent.sock" : "");
    struct concordat *agent =
        size > 0 && (size_t)size < sizeof socket ? concordat_open(socket) : NULL;

    if (!agent)
        (void)complain("cannot use this socket, its path may be too long: ", run->agent_path);
    else
        concordat_stop_on(agent, run->stop_fd);
    return agent;
}

static int stop_descriptor(void)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* who watched our lines has gone; the work goes on */
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static const struct act *find_act(const struct service *service, const char *name)
{
    for (const struct act *act = service->acts; act && act->name; act++) {
        if (strcmp(act->name, name) == 0)
            return act;
    }
    return NULL;
}

static int work(struct run *run, int argc, char **argv)
{
    const struct act *act = find_act(run->service, argv[0]);
    int code = 1;

    if (!act && strcmp(argv[0], "serve") != 0) {
        (void)complain("unknown: ", argv[0]);
        return usage(run->service);
    }
    if (!load_data(run))
        return 2;
    run->stop_fd = stop_descriptor();
    run->agent = open_agent(run);
    run->store = run->agent ? store_open(run->store_path) : NULL;
    if (run->store)
        code = act ? run_act(run, act, argc - 1, argv + 1) : run_serve(run);
    concordat_close(run->agent);
    store_close(run->store);
    json_decref(run->data);
    return code;
}

int service_main(const struct service *service, int argc, char **argv)
{
    struct run run = {.service = service, .agent_path = getenv("CONCORDAT_AGENT")};
    int first = take_options(&run, argc, argv);

    if (first == 0)
        return usage(service);
    if (!run.agent_path || !run.store_path || (service->needs_data && !run.data_path)) {
        (void)complain(!run.agent_path   ? "--agent SOCKET is missing"
                       : !run.store_path ? "--store FOLDER is missing"
                                         : "--data FILE is missing",
                       "");
        return usage(service);
    }
    event_setup(run.as_json);
    return work(&run, argc - first, argv + first);
}
