/*
 * main.c - `concordat`, the command line: finds the subcommand and runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/arguments.h"
#include "agents/cli/command.h"
#include "lib/nearest.h"

static const struct command *const commands[] = {
    &sandbox_command, &demo_command,   &catalogue_command,   &send_command,     &inbox_command,
    &open_command,    &ack_command,    &decline_command,     &answer_command,   &track_command,
    &case_command,    &due_command,    &alarms_command,      &import_command,   &agreement_command,
    &pki_command,     &status_command, &disclosures_command, &refusals_command,
};

static void print_commands(void)
{
    printf("concordat - case records between agencies that have agreed to share them\n\n"
           "usage: concordat COMMAND ...\n\n");
    for (size_t i = 0; i < LENGTH_OF(commands); i++)
        printf("  %-11s %s\n", commands[i]->name, commands[i]->summary);
    printf(
        "\nconcordat COMMAND --help says more. The agent is named by --agent SOCKET or\n"
        "CONCORDAT_AGENT. Exit codes: 0 done, 1 failed, 2 bad input, 3 refused by an agreement or\n"
        "unknown recipient, 4 safely queued but not yet accepted by the broker.\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < LENGTH_OF(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static enum exit_code unknown(const char *name)
{
    struct nearest nearest = nearest_to(name);
    char suggestion[SUGGESTION_SIZE];

    for (size_t i = 0; i < LENGTH_OF(commands); i++)
        nearest_offer(&nearest, commands[i]->name);
    complain("unknown command '%s'%s\n  see concordat help", name, suggest(&nearest, suggestion));
    return EXIT_BAD_INPUT;
}

int main(int argc, char **argv)
{
    struct cli cli = {
        .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
        .agent = getenv("CONCORDAT_AGENT"),
    };
    if (cli.agent && !*cli.agent)
        cli.agent = NULL; /* set and empty is as not set */
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command;

    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        printf("concordat %s\n", VERSION_TEXT);
        return EXIT_DONE;
    }
    if (strcmp(name, "help") == 0 && argc > 2) {
        char help[] = "--help", *arguments[] = {argv[2], help, NULL};
        command = find_command(argv[2]);
        return (int)(command ? command->run(&cli, command, 2, arguments) : unknown(argv[2]));
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_commands();
        return EXIT_DONE;
    }
    if (argc < 2) {
        print_commands();
        return EXIT_BAD_INPUT;
    }
    command = find_command(name);
    return (int)(command ? command->run(&cli, command, argc - 1, argv + 1) : unknown(name));
}
