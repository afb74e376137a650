/*
 * pki.c - `concordat pki`: hands over to pki.sh, which makes and revokes certificates.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/command.h"
#include "agents/cli/place.h"

static enum exit_code run_pki(struct cli *cli, const struct command *self, int argc, char **argv)
{
    char script[PATH_MAX], shell[] = "/bin/sh";
    char **arguments;

    (void)cli;
    (void)self;
    if (!place_file("libexec/concordat/pki.sh", script)) {
        complain("cannot find libexec/concordat/pki.sh beside this program");
        return EXIT_FAILED;
    }
    arguments = calloc((size_t)argc + 2, sizeof *arguments);
    if (!arguments)
        return EXIT_FAILED;
    arguments[0] = shell;
    arguments[1] = script;
    for (int i = 1; i < argc; i++)
        arguments[i + 1] = argv[i];
    (void)fflush(stdout);
    (void)execv(shell, arguments);
    complain("cannot run %s: %s", script, strerror(errno));
    free(arguments);
    return EXIT_FAILED;
}

const struct command pki_command = {
    .name = "pki",
    .arguments = "init|broker|agency|officer|revoke|crl|join-pack|show ...",
    .summary = "make, show and revoke keys and certificates",
    .raw = true,
    .run = run_pki,
};
