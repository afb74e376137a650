#include "agents/roles/service.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

#define IDLE_MS 60000 /* the longest wait in the inbox */
#define RETRY_MS 1000 /* before trying again what could not go out, or an agent that is away */

/* A program under way. */
struct run {
    const struct service *service;
    const char *agent_path, *store_path, *data_path;
    bool as_json;
    struct concordat *agent;
    struct store *store;
    json_t *data;
    int stop_fd; /* readable once SIGTERM or SIGINT has come */
};

static bool is_told_to_stop(const struct run *run)
{
    return poll(&(struct pollfd){run->stop_fd, POLLIN, 0}, 1, 0) > 0;
}

static void pause_for(const struct run *run, int ms)
{
    (void)poll(&(struct pollfd){run->stop_fd, POLLIN, 0}, 1, ms);
}

/* --- turns --- */

static bool begin(struct run *run, struct turn *turn)
{
    *turn = (struct turn){.book = store_begin(run->store),
                          .data = run->data,
                          .agent = run->agent,
                          .now_ms = day_now_ms(),
                          .events = wire_made(json_array())};
    if (!turn->book)
        json_decref(turn->events);
    return turn->book != NULL;
}

/* Saves, then tells what the turn has to tell. */
static bool save(struct run *run, struct turn *turn)
{
    json_t *event;
    size_t i;

    if (!store_save(run->store))
        return false;
    json_array_foreach(turn->events, i, event) event_tell(json_incref(event));
    (void)json_array_clear(turn->events);
    return true;
}

static void end(struct run *run, struct turn *turn)
{
    json_decref(turn->events);
    store_end(run->store);
}

/* --- letters --- */

static void decline_unknown(struct turn *turn, struct letter *letter)
{
    letter_say(letter, "This agency's system knows nothing of this type.");
    letter_decline(turn, letter, CONCORDAT_NOT_FOR_US,
                   "A type that nobody here deals with: it must not look as if somebody had it.");
}

static const struct reaction *find_reaction(const struct service *service, const char *type)
{
    static const struct reaction unknown = {.react = decline_unknown};

    for (const struct reaction *r = service->reactions; r->type; r++) {
        if (strcmp(r->type, type) == 0)
            return r;
    }
    return &unknown;
}

static int64_t received_at(const struct concordat_item *item)
{
    for (size_t i = 0; i < item->rung_count; i++) {
        if (strcmp(item->rungs[i].name, "delivered") == 0)
            return item->rungs[i].at_ms;
    }
    return item->created_ms;
}

static void react(struct run *run, struct turn *turn, const struct concordat_answer *taken)
{
    const struct concordat_item *item = &taken->items[0];
    json_t *body = json_loads(taken->json, 0, NULL), *event, *later = turn->events;
    struct letter letter = {
        .item = item, .body = body, .received_ms = received_at(item), .late = item->late};

    wire_print_id(&item->message_id, letter.id);
    wire_print_id(&item->case_handle, letter.case_handle);
    wire_print_id(&item->conversation_id, letter.conversation);
    wire_print_id(&item->in_reply_to, letter.in_reply_to);
    find_reaction(run->service, item->type)->react(turn, &letter);

    event = letter_event(&letter, "received", letter.text);
    event_add_names(event, "notShared", taken->not_shared, taken->not_shared_count);
    (void)json_object_set_new(event, "late", wire_made(json_boolean(letter.late)));
    (void)json_array_insert_new(later, 0, event); /* before what the reaction had to tell */
    (void)json_object_set_new(store_object(turn->book, "handled"), letter.id,
                              wire_made(json_string(item->type)));
    json_decref(body);
}

/* The agent cannot give it: told once, and never asked for again. */
static void give_up(struct turn *turn, const char *id, const struct concordat_answer *answer)
{
    json_t *event = event_new("failed", "The agent cannot give this message.");

    (void)json_object_set_new(event, "id", wire_made(json_string(id)));
    event_add_problems(event, answer);
    turn_tell(turn, event);
    (void)json_object_set_new(store_object(turn->book, "handled"), id,
                              wire_made(json_string("failed")));
}

/* Takes the first letter noted. False: the agent is away. */
static bool take_next(struct run *run, struct turn *turn, json_t *arriving)
{
    const char *text = json_string_value(json_array_get(arriving, 0));
    struct concordat_answer *taken;
    struct concordat_id id;
    bool away = false;

    if (json_object_get(store_object(turn->book, "handled"), text)
        || !concordat_id_parse(text, &id)) {
        (void)json_array_remove(arriving, 0);
        return true;
    }
    taken = concordat_take(run->agent, &id);
    away = agent_is_away(taken);
    if (taken->outcome == CONCORDAT_DONE && taken->item_count == 1)
        react(run, turn, taken);
    else if (!away)
        give_up(turn, text, taken);
    if (!away)
        (void)json_array_remove(arriving, 0);
    concordat_answer_free(taken);
    return !away;
}

/* Writes down what is in the inbox, before any of it is taken. False: the store failed. */
static bool note_arrivals(struct run *run, const struct concordat_answer *inbox)
{
    size_t fresh = 0;
    struct turn turn;
    bool good;

    if (!begin(run, &turn))
        return false;
    for (size_t i = 0; i < inbox->item_count; i++) {
        char id[CONCORDAT_ID_TEXT];

        concordat_id_print(&inbox->items[i].message_id, id);
        if (json_object_get(store_object(turn.book, "handled"), id))
            continue; /* one that the agent cannot give */
        (void)json_array_append_new(store_list(turn.book, "arriving"), wire_made(json_string(id)));
        fresh++;
    }
    good = save(run, &turn);
    end(run, &turn);
    if (fresh == 0 && inbox->item_count > 0)
        pause_for(run, RETRY_MS);
    return good;
}

/* --- serving --- */

/* Everything that can be done now; `wait_ms`: until there may be more. False: the store failed. */
static bool take_turn(struct run *run, uint32_t *wait_ms)
{
    int64_t next = INT64_MAX, left;
    bool good = true, delivered = true;
    struct turn turn;
    json_t *arriving;

    if (!begin(run, &turn))
        return false;
    arriving = store_list(turn.book, "arriving");
    do {
        turn.now_ms = day_now_ms();
        bool taken = json_array_size(arriving) == 0 || take_next(run, &turn, arriving);

        if (run->service->tend)
            next = run->service->tend(&turn);
        good = save(run, &turn);
        delivered = good && taken && post_deliver(turn.book, run->agent);
        good = good && save(run, &turn);
    } while (good && delivered && json_array_size(arriving) > 0);
    left = next - turn.now_ms;
    *wait_ms = left > IDLE_MS ? IDLE_MS : left > 0 ? (uint32_t)left : 1;
    if (!delivered && *wait_ms > RETRY_MS)
        *wait_ms = RETRY_MS;
    end(run, &turn);
    return good;
}

static void tell_ready(const char *agency)
{
    json_t *event = event_new("ready", "%s is at its desk.", agency);

    (void)json_object_set_new(event, "agency", wire_made(json_string(agency)));
    event_tell(event);
}

/* Waits until the agent is there, and says who we are. False: told to stop first. */
static bool greet(const struct run *run)
{
    for (bool said = false; !is_told_to_stop(run); said = true) {
        struct concordat_answer *answer = concordat_status(run->agent);
        bool there = answer->outcome == CONCORDAT_DONE && answer->status;

        if (there)
            tell_ready(answer->status->agency);
        else if (!said && !is_told_to_stop(run))
            (void)fprintf(stderr, "waiting for the agent at %s\n", run->agent_path);
        concordat_answer_free(answer);
        if (there)
            return true;
        pause_for(run, RETRY_MS);
    }
    return false;
}

static int serve(struct run *run)
{
    bool away = false;

    if (!greet(run))
        return 0;
    while (!is_told_to_stop(run)) {
        struct concordat_answer *inbox;
        uint32_t wait_ms;
        bool good = take_turn(run, &wait_ms);

        if (!good)
            return 1;
        inbox = concordat_inbox(run->agent, wait_ms, 0, false);
        if (inbox->outcome == CONCORDAT_DONE) {
            if (away)
                (void)fputs("the agent is back\n", stderr);
            away = false;
            good = note_arrivals(run, inbox);
        } else if (!is_told_to_stop(run)) {
            if (!away)
                (void)fprintf(stderr, "the agent is away: %s\n",
                              inbox->problem_count > 0 ? inbox->problems[0].text : "no answer");
            away = true;
            pause_for(run, RETRY_MS);
        }
        concordat_answer_free(inbox);
        if (!good)
            return 1;
    }
    return 0;
}

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

    if (!begin(run, &turn))
        return 1;
    outgoing = store_list(turn.book, "outgoing");
    before = json_array_size(outgoing);
    code = act->run(&turn, argc, argv);
    if (code == 0) {
        good = save(run, &turn);
        if (json_array_size(outgoing) > before)
            (void)snprintf(
                last, sizeof last, "%s",
                wire_text(json_array_get(outgoing, json_array_size(outgoing) - 1), "id"));
        if (good && !post_deliver(turn.book, run->agent))
            (void)fputs("not everything could go out: it is kept, and goes when the agent "
                        "answers\n",
                        stderr);
        good = good && save(run, &turn);
        code = !good ? 1 : *last ? outcome_of(turn.book, last) : 0;
    }
    end(run, &turn);
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
        (void)fprintf(stderr, "%s:%d: %s\n", run->data_path, error.line, error.text);
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
        code = act ? run_act(run, act, argc - 1, argv + 1) : serve(run);
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
