/*
 * catalogue.c - `concordat catalogue`: every message type, and a skeleton of its body.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/body.h"
#include "agents/cli/arguments.h"
#include "agents/cli/show.h"
#include "proto/catalogue.h"
#include "lib/nearest.h"

static const char *pattern_name(enum pattern pattern)
{
    static const char *const names[] = {
        "?", "notice", "enquiry", "referral", "transfer", "share", "return",
    };
    return (size_t)pattern < LENGTH_OF(names) ? names[pattern] : "?";
}

static json_t *json_of_set(category_set set)
{
    json_t *array = json_array();

    for (uint32_t category = 1; category < 32; category++) {
        if (set & (1u << category))
            (void)json_array_append_new(array, json_string(category_name(category)));
    }
    return array;
}

static json_t *json_of_type(const struct message_type *type)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o}", "type", type->name, "pattern",
                               pattern_name(type->pattern), "urgency", urgency_name(type->urgency),
                               "marking", marking_name(type->marking), "schemaVersion",
                               (int)type->schema_version, "required", json_of_set(type->required),
                               "optional", json_of_set(type->allowed & ~type->required));

    if (type->acknowledged_by)
        (void)json_object_set_new(object, "acknowledgedBy", json_string(type->acknowledged_by));
    if (type->answered_by)
        (void)json_object_set_new(object, "answeredBy", json_string(type->answered_by));
    if (type->ends_with)
        (void)json_object_set_new(object, "endsWith", json_string(type->ends_with));
    return object;
}

/* "IDENTITY, CHILD" into `out`. */
static void print_set(category_set set, char *out, size_t room)
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t category = 1; category < 32 && at < room; category++) {
        const char *name = set & (1u << category) ? category_name(category) : NULL;
        if (name)
            at += (size_t)snprintf(out + at, room - at, "%s%s", at > 0 ? ", " : "",
                                   strncmp(name, "DC_", 3) == 0 ? name + 3 : name);
    }
}

static enum exit_code show_all(const struct cli *cli)
{
    static const char *const headings[] = {"TYPE",        "PATTERN",  "URGENCY",
                                           "ANSWERED BY", "REQUIRED", "OPTIONAL"};
    size_t count;
    const struct message_type *all = catalogue_all(&count);
    OWNED(table) table = NULL;

    if (cli->json) {
        json_t *types = json_array();
        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(types, json_of_type(&all[i]));
        return show_json(json_pack("{s:o}", "types", types));
    }
    table = table_new(headings, LENGTH_OF(headings));
    if (!table)
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++) {
        char set[512];

        table_add(table, all[i].name);
        table_add(table, pattern_name(all[i].pattern));
        table_add(table, urgency_name(all[i].urgency));
        table_add(table, all[i].answered_by ? all[i].answered_by : "");
        print_set(all[i].required, set, sizeof set);
        table_add(table, set);
        print_set(all[i].allowed & ~all[i].required, set, sizeof set);
        table_add(table, set);
    }
    table_print(table, cli);
    return EXIT_DONE;
}

static enum exit_code show_skeleton(const char *name)
{
    const struct message_type *type = catalogue_find(name);
    char *text = NULL;

    if (!type) {
        struct nearest nearest = nearest_to(name);
        char suggestion[SUGGESTION_SIZE];
        size_t count;
        const struct message_type *all = catalogue_all(&count);

        for (size_t i = 0; i < count; i++)
            nearest_offer(&nearest, all[i].name);
        complain("unknown message type '%s'%s", name, suggest(&nearest, suggestion));
        return EXIT_BAD_INPUT;
    }
    if (body_skeleton(type, &text) != ST_OK) {
        complain("memory is out");
        return EXIT_FAILED;
    }
    printf("%s\n", text);
    free(text);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code run_catalogue(struct cli *cli, const struct command *self, int argc,
                                    char **argv)
{
    struct arguments arguments;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    return arguments.count == 1 ? show_skeleton(arguments.items[0]) : show_all(cli);
}

const struct command catalogue_command = {
    .name = "catalogue",
    .arguments = "[TYPE]",
    .summary = "every message type; with TYPE a body to fill in",
    .about = "The skeleton has every field the type knows; leave out what does not apply.\n"
             "Needs no agent.\n",
    .most = 1,
    .run = run_catalogue,
};
