#include "agents/cli/systems.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agents/cli/place.h"
#include "lib/clock.h"

#define WORDS_MAX 16
#define STOP_MS 10000
#define PAUSE_NS 10000000 /* 10 ms between two looks at a log, as children.c */

static enum status make_folders(const struct community *community, const char *name,
                                struct system *system, struct reason *why)
{
    char path[PATH_MAX];

    if (!path_print(path, "%s/systems", community->folder)
        || !path_print(system->child.folder, "%s/systems/%s", community->folder, name)
        || !path_print(system->store, "%s/systems/%s/store", community->folder, name)) {
        reason_set(why, "%s: path too long", community->folder);
        return ST_INVALID;
    }
    if ((mkdir(path, 0700) != 0 && errno != EEXIST)
        || (mkdir(system->child.folder, 0700) != 0 && errno != EEXIST)
        || (mkdir(system->store, 0700) != 0 && errno != EEXIST)) {
        reason_set(why, "cannot make %s: %s", system->store, strerror(errno));
        return ST_IO;
    }
    return ST_OK;
}

enum status system_init(struct system *system, const struct system_part *part,
                        const struct community *community, struct reason *why)
{
    *system = (struct system){.events = json_array()};
    (void)snprintf(system->name, sizeof system->name, "%s", part->name);
    (void)snprintf(system->option, sizeof system->option, "%s", part->option ? part->option : "");
    (void)snprintf(system->child.name, sizeof system->child.name, "system %s", part->name);
    if (!place_role(part->role, system->program)) {
        reason_set(why, "cannot find the reference system roles/%s beside this program",
                   part->role);
        return ST_IO;
    }
    if (!path_print(system->agent, "%s/agents/%s/agent.sock", community->folder, part->agency)
        || !path_print(system->data, "%s", part->data ? part->data : "")) {
        reason_set(why, "%s: path too long", community->folder);
        return ST_INVALID;
    }
    return make_folders(community, part->name, system, why);
}

/* `program [option] --agent A --store S [--data D] --json WORD...` */
static void command_of(const struct system *system, const char *const words[],
                       const char *out[WORDS_MAX + 12])
{
    size_t count = 0;

    out[count++] = system->program;
    if (*system->option)
        out[count++] = system->option;
    out[count++] = "--agent";
    out[count++] = system->agent;
    out[count++] = "--store";
    out[count++] = system->store;
    if (*system->data) {
        out[count++] = "--data";
        out[count++] = system->data;
    }
    out[count++] = "--json";
    for (size_t i = 0; words[i] && i < WORDS_MAX; i++)
        out[count++] = words[i];
    out[count] = NULL;
}

enum status system_start(struct system *system, int64_t wait_ms, struct reason *why)
{
    const char *arguments[WORDS_MAX + 12];
    json_t *ready;
    enum status status;

    command_of(system, (const char *[]){"serve", NULL}, arguments);
    status = child_start(&system->child, system->program, arguments, why);
    if (status != ST_OK)
        return status;
    ready = system_await(system, "ready", NULL, wait_ms);
    if (!ready) {
        reason_set(why, "%s does not get ready; see %s/log", system->child.name,
                   system->child.folder);
        return child_has_ended(&system->child) ? ST_CLOSED : ST_LIMIT;
    }
    json_decref(ready);
    return ST_OK;
}

void system_fini(struct system *system)
{
    (void)child_stop(&system->child, STOP_MS);
    json_decref(system->events);
    system->events = NULL;
}

/* Appends the whole lines that the log has gained; lines that are no JSON are its errors. */
static void read_events(struct system *system)
{
    char path[PATH_MAX], *line = NULL;
    size_t room = 0;
    ssize_t size;
    FILE *log = path_print(path, "%s/log", system->child.folder) ? fopen(path, "re") : NULL;

    if (!log)
        return;
    if (fseeko(log, system->read, SEEK_SET) == 0) {
        while ((size = getline(&line, &room, log)) > 0 && line[size - 1] == '\n') {
            json_t *event = json_loads(line, 0, NULL);

            system->read += size;
            if (event)
                (void)json_array_append_new(system->events, event);
        }
    }
    free(line);
    (void)fclose(log);
}

static bool is_it(const json_t *event, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(event, key));

    return !wanted || (text && strcmp(text, wanted) == 0);
}

/* Takes the first event that fits out of the list. */
static json_t *take(json_t *events, const char *name, const char *type)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *event = json_array_get(events, i);

        if (is_it(event, "event", name) && is_it(event, "type", type)) {
            json_incref(event);
            (void)json_array_remove(events, i);
            return event;
        }
    }
    return NULL;
}

json_t *system_await(struct system *system, const char *event, const char *type, int64_t wait_ms)
{
    int64_t end_ms = clock_monotonic_ms() + wait_ms;

    for (;;) {
        bool ended = child_has_ended(&system->child); /* before the look, so that its last counts */
        json_t *found;

        read_events(system);
        found = take(system->events, event, type);
        if (found || ended || clock_monotonic_ms() > end_ms)
            return found;
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
}

json_t *system_act(struct system *system, const char *errors, const char *const words[])
{
    const char *arguments[WORDS_MAX + 12];
    char *out = NULL;
    int code = 0;
    json_t *event = NULL;

    command_of(system, words, arguments);
    if (run_program(system->program, arguments, errors, &out, &code) != ST_OK)
        return NULL;
    if (code == 0) {
        out[strcspn(out, "\n")] = '\0';
        event = json_loads(out, 0, NULL);
    }
    free(out);
    return event;
}
