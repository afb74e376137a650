#include "agents/cli/play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/cli/place.h"
#include "agents/cli/show.h"

#define WORDS_MAX 24

static void pause_for_reader(const struct play *play)
{
    (void)fflush(stdout);
    if (play->slow)
        (void)nanosleep(&(struct timespec){.tv_nsec = 600000000}, NULL);
}

void play_chapter(struct play *play, const char *title)
{
    if (play->failed)
        return;
    printf("\n%d  %s\n", ++play->chapter, title);
    pause_for_reader(play);
}

void play_say(const struct play *play, const char *format, ...)
{
    va_list args;

    if (play->failed)
        return;
    printf("   ");
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    printf("\n");
    (void)fflush(stdout);
}

void play_fail(struct play *play, const char *text)
{
    if (!play->failed)
        printf("   %sFAILED%s  %s\n", tone_start(play->cli, TONE_BAD), tone_end(play->cli), text);
    play->failed = true;
}

bool play_check(struct play *play, bool holds, const char *format, ...)
{
    va_list args;

    if (play->failed)
        return false;
    play->checks++;
    play->failed = !holds;
    printf("   %s%s%s  ", tone_start(play->cli, holds ? TONE_GOOD : TONE_BAD),
           holds ? "ok" : "NOT SO", tone_end(play->cli));
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    printf("\n");
    pause_for_reader(play);
    return holds;
}

/* The command as a person would type it: a file by its name alone. */
void play_show(const struct play *play, const char *agency, const char *program,
               const char *const words[])
{
    printf("   %s%s $ %s", tone_start(play->cli, TONE_FAINT), agency, program);
    for (size_t i = 0; words[i]; i++) {
        const char *slash = strrchr(words[i], '/');
        printf(" %s", slash ? slash + 1 : words[i]);
    }
    printf("%s\n", tone_end(play->cli));
    (void)fflush(stdout);
}

/* The JSON that a command printed, or NULL after telling what was wrong. */
static json_t *judge_answer(struct play *play, int code, enum exit_code expected, const char *out)
{
    json_error_t error;
    json_t *json = json_loads(out, 0, &error);
    char text[128];

    if (code != (int)expected) {
        (void)snprintf(text, sizeof text, "exit code %d, expected %d; see commands.log", code,
                       (int)expected);
        play_fail(play, text);
    } else if (!json) {
        play_fail(play, "its answer is not JSON");
    }
    if (play->failed) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* Runs it to its end; false, and the play has failed, when that cannot be done. free() `out`. */
static bool run(struct play *play, const char *agency, const char *const words[], char **out,
                int *code)
{
    const char *arguments[WORDS_MAX + 5] = {"concordat"};
    char socket[PATH_MAX];
    size_t count = 1;

    if (play->failed)
        return false;
    for (size_t i = 0; words[i] && i < WORDS_MAX; i++)
        arguments[count++] = words[i];
    arguments[count++] = "--json";
    arguments[count++] = "--agent";
    arguments[count++] = socket;
    arguments[count] = NULL;
    if (path_print(socket, "%s/agents/%s/agent.sock", play->community.folder, agency)
        && run_program(play->program, arguments, play->errors, out, code) == ST_OK)
        return true;
    play_fail(play, "the command could not be run");
    return false;
}

json_t *play_ask(struct play *play, const char *agency, enum exit_code expected,
                 const char *const words[])
{
    char *out = NULL;
    int code = 0;
    json_t *json;

    if (!run(play, agency, words, &out, &code))
        return NULL;
    json = judge_answer(play, code, expected, out);
    free(out);
    return json;
}

bool play_comes_to(struct play *play, const char *agency, enum exit_code expected,
                   const char *const words[])
{
    char *out = NULL;
    int code = 0;

    if (play->failed)
        return false;
    play_show(play, agency, "concordat", words);
    bool ran = run(play, agency, words, &out, &code);
    free(out);
    return ran && code == (int)expected;
}

json_t *play_command(struct play *play, const char *agency, enum exit_code expected,
                     const char *const words[])
{
    if (!play->failed)
        play_show(play, agency, "concordat", words);
    return play_ask(play, agency, expected, words);
}

const char *play_text(const json_t *json, const char *path)
{
    char key[64];
    const char *text;

    for (const char *dot; json && (dot = strchr(path, '.')); path = dot + 1) {
        (void)snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
        json = json_object_get(json, key);
    }
    text = json_string_value(json_object_get(json, path));
    return text ? text : "";
}

bool play_has_rung(const json_t *message, const char *name, const char *by)
{
    const json_t *rungs = json_object_get(message, "rungs");
    bool found = false;

    for (size_t i = 0; i < json_array_size(rungs); i++) {
        const json_t *rung = json_array_get(rungs, i);
        found |= strcmp(play_text(rung, "name"), name) == 0
              && (!by || strcmp(play_text(rung, "by"), by) == 0);
    }
    return found;
}
