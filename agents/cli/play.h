/*
 * play.h - a demo's hands and voice: types commands as a person at an agency would, checks what
 * they answer, tells the reader.
 *
 * Each command is this very program, run as its own process with --json: what the demo shows works
 * because the product works. The first thing that is not as expected ends the play.
 */
#ifndef AGENTS_CLI_PLAY_H
#define AGENTS_CLI_PLAY_H

#include <jansson.h>
#include <stdbool.h>

#include "agents/cli/command.h"
#include "agents/cli/daemons.h"

struct play {
    const struct cli *cli;
    char program[PATH_MAX], examples[PATH_MAX], errors[PATH_MAX];
    struct community community;
    struct daemons daemons;
    int chapter, checks;
    bool slow; /* a pause between steps, for a reader at a terminal */
    bool failed;
};

/* "1  A court asks for a pre-sentence report". */
void play_chapter(struct play *play, const char *title);
void play_say(const struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "nps.cambs $ concordat send ...": a command as a person at an agency types it. */
void play_show(const struct play *play, const char *agency, const char *program,
               const char *const words[]);

/* Runs `concordat WORD...` (NULL-terminated) at an agency; NULL and `failed` when the exit code is
 * not `expected` or the answer is no JSON. The caller decrefs. Nothing runs once `failed`. */
json_t *play_command(struct play *play, const char *agency, enum exit_code expected,
                     const char *const words[]);

/* The same without showing the command: what the demo asks to tell the reader. */
json_t *play_ask(struct play *play, const char *agency, enum exit_code expected,
                 const char *const words[]);

/* A command that is shown and run: does it end with this exit code? Whatever it says. */
bool play_comes_to(struct play *play, const char *agency, enum exit_code expected,
                   const char *const words[]);

/* "ok  ..." or "NOT SO  ..."; answers `holds` and false ever after a failure. */
bool play_check(struct play *play, bool holds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A step inside the demo itself failed. */
void play_fail(struct play *play, const char *text);

/* The text at a path like "message.state" or "refusal.code"; "" when it is not there. */
const char *play_text(const json_t *json, const char *path);
/* Has the message (as `track --json` gives it) the rung? `by` NULL: whoever. */
bool play_has_rung(const json_t *message, const char *name, const char *by);

#endif
