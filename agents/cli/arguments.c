#include "agents/cli/arguments.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/when.h"
#include "agents/client.h"
#include "lib/id.h"
#include "lib/nearest.h"

#define WAIT_MOST_SECONDS 86400.0 /* a day: longer is a slip of the keyboard */

const char *suggest(const struct nearest *nearest, char out[static SUGGESTION_SIZE])
{
    out[0] = '\0';
    if (nearest->name)
        (void)snprintf(out, SUGGESTION_SIZE, "; did you mean '%s'?", nearest->name);
    return out;
}

static void print_option(const char *name, const char *meta, const char *help)
{
    char left[64];

    (void)snprintf(left, sizeof left, "--%s%s%s", name, meta ? " " : "", meta ? meta : "");
    printf("  %-24s %s\n", left, help);
}

void arguments_help(const struct command *command, const struct option_spec *specs,
                    size_t spec_count)
{
    printf("concordat %s - %s\n\nusage: concordat %s%s%s\n", command->name, command->summary,
           command->name, *command->arguments ? " " : "", command->arguments);
    if (command->about)
        printf("\n%s", command->about);
    if (command->raw)
        return;
    printf("\noptions:\n");
    for (size_t i = 0; i < spec_count; i++)
        print_option(specs[i].name, specs[i].meta, specs[i].help);
    print_option("agent", "SOCKET", "the agent's socket or its folder; else $CONCORDAT_AGENT");
    print_option("json", NULL, "one JSON document instead of text for people");
    print_option("help", NULL, "this page");
}

static bool set_number(const char *text, uint32_t *out)
{
    char *end;
    unsigned long value;

    if (*text < '0' || *text > '9') /* strtoul() would take a sign or blanks */
        return false;
    value = strtoul(text, &end, 10);
    if (*end != '\0' || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool set_seconds(const char *text, uint32_t *out)
{
    char *end;
    double value;

    if (strspn(text, "0123456789.") != strlen(text) || *text == '\0')
        return false;
    value = strtod(text, &end);
    if (*end != '\0' || value > WAIT_MOST_SECONDS)
        return false;
    *out = (uint32_t)(value * 1000.0 + 0.5);
    return true;
}

/* "3" or "1,2,5", behind what is there. */
static bool add_numbers(const char *text, struct number_list *list)
{
    if (*text == '\0')
        return false;
    while (*text) {
        char digits[12] = "";
        size_t size = strcspn(text, ",");
        uint32_t number;

        if (size == 0 || size >= sizeof digits || list->count == OPTION_REPEATS_MAX)
            return false;
        memcpy(digits, text, size);
        if (!set_number(digits, &number) || number == 0)
            return false;
        list->items[list->count++] = number;
        text += size;
        if (*text == ',' && *++text == '\0')
            return false;
    }
    return true;
}

static bool add_text(const char *text, struct text_list *list)
{
    if (*text == '\0' || list->count == OPTION_REPEATS_MAX)
        return false;
    list->items[list->count++] = text;
    return true;
}

/* Stores `text` where the spec says; tells the user what it should have been. */
static bool set_value(const struct option_spec *spec, const char *text)
{
    switch (spec->kind) {
    case OPTION_FLAG:
        *(bool *)spec->value = true;
        return true;
    case OPTION_TEXT:
        if (*text) {
            *(const char **)spec->value = text;
            return true;
        }
        complain("--%s: empty", spec->name);
        return false;
    case OPTION_NUMBER:
        if (set_number(text, spec->value))
            return true;
        complain("--%s: '%s' is not a whole number", spec->name, text);
        return false;
    case OPTION_SECONDS:
        if (set_seconds(text, spec->value))
            return true;
        complain("--%s: '%s' is not a number of seconds", spec->name, text);
        return false;
    case OPTION_TIME:
        if (when_parse(text, spec->value))
            return true;
        complain("--%s: '%s' is no time; write 2026-11-27, 2026-11-27T10:00Z or seconds since 1970",
                 spec->name, text);
        return false;
    case OPTION_ID:
        if (concordat_id_parse(text, spec->value))
            return true;
        complain("--%s: '%s' is not an id like 0192f0c1-7a5e-7000-8000-000000000000", spec->name,
                 text);
        return false;
    case OPTION_AGENCY:
        if (agency_is_valid(text)) {
            *(const char **)spec->value = text;
            return true;
        }
        complain("--%s: '%s' is not an agency id like nps.cambs", spec->name, text);
        return false;
    case OPTION_NUMBERS:
        if (add_numbers(text, spec->value))
            return true;
        complain("--%s: '%s' is no number from 1, nor several like 1,2,5; or there are over %d",
                 spec->name, text, OPTION_REPEATS_MAX);
        return false;
    case OPTION_TEXTS:
        if (add_text(text, spec->value))
            return true;
        complain("--%s: empty, or over %d of them", spec->name, OPTION_REPEATS_MAX);
        return false;
    default:
        break;
    }
    assert(false); /* a table named a kind that is none */
    return false;
}

static const struct option_spec *find_spec(const struct option_spec *specs, size_t count,
                                           const char *name, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(specs[i].name) == size && strncmp(specs[i].name, name, size) == 0)
            return &specs[i];
    }
    return NULL;
}

static void complain_of_option(const struct option_spec *own, size_t own_count,
                               const struct option_spec *common, size_t common_count,
                               const char *name)
{
    struct nearest nearest = nearest_to(name);
    char suggestion[SUGGESTION_SIZE];

    for (size_t i = 0; i < own_count; i++)
        nearest_offer(&nearest, own[i].name);
    for (size_t i = 0; i < common_count; i++)
        nearest_offer(&nearest, common[i].name);
    complain("unknown option --%s%s", name, suggest(&nearest, suggestion));
}

static bool count_is_right(const struct command *command, size_t count)
{
    if (count >= command->least && count <= command->most)
        return true;
    if (count > command->most)
        complain("too many arguments\nusage: concordat %s%s%s", command->name,
                 *command->arguments ? " " : "", command->arguments);
    else
        complain("missing argument%s\nusage: concordat %s %s",
                 command->least - count > 1 ? "s" : "", command->name, command->arguments);
    return false;
}

enum parsed arguments_parse(struct cli *cli, const struct command *command,
                            const struct option_spec *specs, size_t spec_count, int argc,
                            char **argv, struct arguments *out)
{
    const struct option_spec common[] = {
        {"json", OPTION_FLAG, &cli->json, NULL, NULL},
        {"agent", OPTION_TEXT, &cli->agent, "SOCKET", NULL},
    };
    struct arguments arguments = {0};
    bool options = true;

    assert(command->most <= POSITIONALS_MAX);
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *name, *equals, *value = NULL;
        const struct option_spec *spec;
        size_t size;

        if (options && strcmp(word, "--") == 0) {
            options = false;
            continue;
        }
        if (!options || word[0] != '-' || word[1] == '\0') {
            if (arguments.count == POSITIONALS_MAX) {
                complain("more than %d arguments", POSITIONALS_MAX);
                return PARSED_WRONG;
            }
            arguments.items[arguments.count++] = word;
            continue;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            arguments_help(command, specs, spec_count);
            return PARSED_HELP;
        }
        if (word[1] != '-') {
            complain("unknown option %s; options are whole words, as --json", word);
            return PARSED_WRONG;
        }
        name = word + 2;
        equals = strchr(name, '=');
        size = equals ? (size_t)(equals - name) : strlen(name);
        spec = find_spec(specs, spec_count, name, size);
        spec = spec ? spec : find_spec(common, LENGTH_OF(common), name, size);
        if (!spec) {
            complain_of_option(specs, spec_count, common, LENGTH_OF(common), name);
            return PARSED_WRONG;
        }
        if (spec->kind == OPTION_FLAG) {
            if (equals) {
                complain("--%s takes no value", spec->name);
                return PARSED_WRONG;
            }
        } else if (equals) {
            value = equals + 1;
        } else if (i + 1 < argc) {
            value = argv[++i];
        } else {
            complain("--%s wants %s", spec->name, spec->meta);
            return PARSED_WRONG;
        }
        if (!set_value(spec, value))
            return PARSED_WRONG;
    }
    if (!count_is_right(command, arguments.count)
        || (command->first_is_right && arguments.count > 0
            && !command->first_is_right(arguments.items[0])))
        return PARSED_WRONG;
    *out = arguments;
    return PARSED_OK;
}

enum exit_code arguments_exit(enum parsed parsed)
{
    return parsed == PARSED_HELP ? EXIT_DONE : EXIT_BAD_INPUT;
}

enum exit_code arguments_run_part(struct cli *cli, const struct command *group, int argc,
                                  char **argv)
{
    struct nearest nearest = nearest_to(argc > 1 ? argv[1] : "");
    char suggestion[SUGGESTION_SIZE];

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        arguments_help(group, NULL, 0);
        return EXIT_DONE;
    }
    for (size_t i = 0; argc > 1 && i < group->part_count; i++) {
        const struct command *part = &group->parts[i];
        const char *verb = strchr(part->name, ' ') + 1;

        if (strcmp(argv[1], verb) == 0)
            return part->run(cli, part, argc - 1, argv + 1);
        nearest_offer(&nearest, verb);
    }
    if (argc > 1)
        complain("unknown: %s %s%s", group->name, argv[1], suggest(&nearest, suggestion));
    else
        complain("usage: concordat %s %s", group->name, group->arguments);
    return EXIT_BAD_INPUT;
}
