/*
 * command.h - what a subcommand of `concordat` is.
 *
 *     main.c --> table of commands --> arguments.c --> the command --> its exit code
 *
 * Each command is one row here and one function in its group's file. Exit codes are an interface:
 * scripts depend on them. Source: README.md, "Exit codes".
 */
#ifndef AGENTS_CLI_COMMAND_H
#define AGENTS_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Equal to enum concordat_outcome, plus what never reaches an agent. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,    /* something did not work; the message says what */
    EXIT_BAD_INPUT = 2, /* a field, an identifier, a type, a file, an argument */
    EXIT_REFUSED = 3,   /* by an agreement, or the recipient is not in the directory */
    EXIT_QUEUED = 4     /* safe with the agent, no verdict from the broker yet */
};

/* What every command is given besides its own arguments. */
struct cli {
    bool json;         /* --json: one JSON document on standard output */
    bool colour;       /* standard output is a terminal and NO_COLOR is not set */
    const char *agent; /* the agent's socket, or the folder it lies in */
};

struct command {
    const char *name;
    const char *arguments; /* as in usage: "TYPE --to AGENCY BODY.json" */
    const char *summary;   /* one line for the list of commands */
    const char *about;     /* the rest of --help; whole lines, or NULL */
    size_t least, most;    /* positional arguments */
    bool raw;              /* takes its arguments unparsed */
    /* Is the first positional argument one? Tells the user; NULL: anything is. */
    bool (*first_is_right)(const char *text);
    const struct command *parts; /* of a group, "case": "case show", "case list"; else NULL */
    size_t part_count;
    enum exit_code (*run)(struct cli *cli, const struct command *self, int argc, char **argv);
};

extern const struct command sandbox_command, demo_command;
extern const struct command catalogue_command;
extern const struct command send_command, answer_command;
extern const struct command inbox_command, open_command, ack_command, decline_command;
extern const struct command track_command, case_command;
extern const struct command due_command, alarms_command;
extern const struct command import_command;
extern const struct command agreement_command;
extern const struct command disclosures_command, refusals_command;
extern const struct command pki_command;
extern const struct command status_command;

/* `complain("cannot read %s", path)`: "concordat: ..." on standard error, control characters
 * replaced. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "; did you mean 'x'?" or "", into `out`, which is returned. */
struct nearest;
#define SUGGESTION_SIZE 128
const char *suggest(const struct nearest *nearest, char out[static SUGGESTION_SIZE]);

#endif
