/* publish.c - see publish.h. */
#include "agents/cli/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/files.h"
#include "agents/cli/show.h"
#include "agents/client.h"
#include "agreements/instrument.h"

/* The file's instruments, each of the act that the verb names; NULL after telling the user. */
static struct instrument_file *read_acts(const char *path, const char *verb)
{
    OWNED(instrument_file) file = NULL;
    struct signed_instrument parts;
    struct instrument instrument;
    struct reason why = {""};

    if (instrument_file_read(path, &file, &why) != ST_OK) {
        complain("%s", why.text);
        return NULL;
    }
    for (size_t i = 0; i < file->count; i++) {
        if (signed_instrument_read(file->items[i], &parts, &why) != ST_OK
            || instrument_read(parts.instrument, &instrument, &why) != ST_OK) {
            complain("%s: instrument %zu: %s", path, i + 1, why.text);
            return NULL;
        }
        if (strcmp(act_name(instrument.act), verb) != 0) {
            complain("%s: instrument %zu says %s, not %s", path, i + 1, act_name(instrument.act),
                     verb);
            return NULL;
        }
    }
    return GIVE(file);
}

/* `text` is a proposal's; NULL else. */
static enum exit_code publish_file(const struct cli *cli, struct concordat *agent,
                                   const struct instrument_file *file, const char *text)
{
    for (size_t i = 0; i < file->count; i++) {
        OWNED_ANSWER answer =
            concordat_publish(agent, file->items[i].data, file->items[i].size, text);

        show_trouble(cli, answer);
        if (answer->outcome != CONCORDAT_DONE)
            return (enum exit_code)answer->outcome;
        if (cli->json)
            (void)show_json(json_pack("{s:I}", "sequence", (json_int_t)answer->sequence));
        else
            printf("published: entry %llu of the gazette\n", (unsigned long long)answer->sequence);
    }
    return EXIT_DONE;
}

/* Before anything is published: all of them. */
static bool are_acts(const struct arguments *arguments, size_t first, const char *verb)
{
    for (size_t i = first; i < arguments->count; i++) {
        OWNED(instrument_file) file = read_acts(arguments->items[i], verb);

        if (!file)
            return false;
    }
    return true;
}

enum exit_code run_publish(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *verb = strchr(self->name, ' ') + 1;
    bool has_text = strcmp(verb, "propose") == 0;
    struct arguments arguments;
    OWNED_AGENT agent = NULL;
    char why[256], *text = NULL;
    size_t size;
    enum exit_code exit_code = EXIT_DONE;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!are_acts(&arguments, has_text, verb))
        return EXIT_BAD_INPUT;
    if (has_text && !(text = file_read(arguments.items[0], AGREEMENT_FILE_MAX, &size, why))) {
        complain("%s", why);
        return EXIT_BAD_INPUT;
    }
    agent = agent_open(cli);
    if (!agent)
        exit_code = EXIT_FAILED;
    for (size_t i = has_text; i < arguments.count && exit_code == EXIT_DONE; i++) {
        OWNED(instrument_file) file = read_acts(arguments.items[i], verb);

        exit_code = file ? publish_file(cli, agent, file, text) : EXIT_BAD_INPUT;
    }
    free(text);
    return exit_code;
}
