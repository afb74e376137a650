/*
 * arguments.h - a command's options, declared once: parsed, checked and explained from one table.
 *
 * "--name VALUE" and "--name=VALUE"; options and positional arguments may mix; "--" ends options;
 * "-" is a positional argument (standard input). Every command also takes --json, --agent SOCKET
 * and --help.
 */
#ifndef AGENTS_CLI_ARGUMENTS_H
#define AGENTS_CLI_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "agents/cli/command.h"

enum option_kind {
    OPTION_FLAG,    /* bool: no value */
    OPTION_TEXT,    /* const char *, never empty */
    OPTION_NUMBER,  /* uint32_t */
    OPTION_SECONDS, /* uint32_t, in milliseconds; written in seconds, "2" or "0.5" */
    OPTION_TIME,    /* int64_t, milliseconds since 1970: when.h */
    OPTION_ID,      /* struct concordat_id */
    OPTION_AGENCY,  /* const char *, an agency id */
    OPTION_NUMBERS, /* struct number_list: as often as it is given, and "1,2,5" */
    OPTION_TEXTS    /* struct text_list: as often as it is given */
};

#define OPTION_REPEATS_MAX 64

/* Numbers from 1, as they were given. */
struct number_list {
    size_t count;
    uint32_t items[OPTION_REPEATS_MAX];
};

struct text_list {
    size_t count;
    const char *items[OPTION_REPEATS_MAX]; /* borrowed from argv */
};

struct option_spec {
    const char *name; /* without dashes */
    enum option_kind kind;
    void *value;      /* what the kind says; untouched unless the option is given */
    const char *meta; /* "AGENCY"; NULL for a flag */
    const char *help; /* one line */
};

#define POSITIONALS_MAX 64

struct arguments {
    size_t count;
    const char *items[POSITIONALS_MAX];
};

enum parsed {
    PARSED_WRONG = 0, /* the user has been told; exit with EXIT_BAD_INPUT */
    PARSED_HELP,      /* help was printed; exit with EXIT_DONE */
    PARSED_OK
};

/* argv[0] is the command's name. Strings borrowed from argv. */
enum parsed arguments_parse(struct cli *cli, const struct command *command,
                            const struct option_spec *specs, size_t spec_count, int argc,
                            char **argv, struct arguments *out);

/* What a command answers when its arguments were not PARSED_OK. */
enum exit_code arguments_exit(enum parsed parsed);

void arguments_help(const struct command *command, const struct option_spec *specs,
                    size_t spec_count);

/* What a group of commands runs: the part that argv[1] names, "show" of "case show"; or its help.
 */
enum exit_code arguments_run_part(struct cli *cli, const struct command *group, int argc,
                                  char **argv);

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))

#endif
