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

enum exit_code run_publish(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *verb = strchr(self->name, ' ') + 1;
    struct arguments arguments;
    OWNED(instrument_file) file = NULL;
    OWNED_AGENT agent = NULL;
    char why[256], *text = NULL;
    size_t size;
    enum exit_code exit_code = EXIT_DONE;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    file = read_acts(arguments.items[arguments.count - 1], verb);
    if (!file)
        return EXIT_BAD_INPUT;
    if (arguments.count == 2
        && !(text = file_read(arguments.items[0], AGREEMENT_FILE_MAX, &size, why))) {
        complain("%s", why);
        return EXIT_BAD_INPUT;
    }
    agent = agent_open(cli);
    for (size_t i = 0; agent && i < file->count && exit_code == EXIT_DONE; i++) {
        OWNED_ANSWER answer =
            concordat_publish(agent, file->items[i].data, file->items[i].size, text);

        show_trouble(cli, answer);
        exit_code = (enum exit_code)answer->outcome;
        if (exit_code == EXIT_DONE && !cli->json)
            printf("published: entry %llu of the gazette\n", (unsigned long long)answer->sequence);
        else if (exit_code == EXIT_DONE)
            (void)show_json(json_pack("{s:I}", "sequence", (json_int_t)answer->sequence));
    }
    free(text);
    return agent ? exit_code : EXIT_FAILED;
}
