/*
 * gateways.c - `concordat agreement gateways [CODE]`: which enactment lets whom disclose to whom.
 *
 * The book is part of the program, so no agent is needed.
 */
#include "agents/cli/gateways.h"

#include <stdio.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/show.h"
#include "agreements/statute.h"
#include "lib/nearest.h"

static json_t *json_of_kinds(uint32_t kinds)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < AGENCY_KINDS; i++)
        if (kinds >> i & 1)
            (void)json_array_append_new(array, json_string(agency_kind_name((enum agency_kind)i)));
    return array;
}

static json_t *json_of_categories(category_set set)
{
    json_t *array = json_array();

    for (uint32_t i = 1; i <= SECTIONS_MAX; i++)
        if (set >> i & 1)
            (void)json_array_append_new(array, json_string(category_name(i)));
    return array;
}

/* What does not limit it is left out. */
static void add_limits(json_t *object, const struct gateway *gateway)
{
    json_t *purposes;

    if (gateway->purposes[0]) {
        purposes = json_array();
        for (size_t i = 0; gateway->purposes[i]; i++)
            (void)json_array_append_new(purposes, json_string(gateway->purposes[i]));
        (void)json_object_set_new(object, "purposes", purposes);
    }
    if (gateway->replies != REPLY_EITHER)
        (void)json_object_set_new(object, "replies",
                                  json_string(gateway->replies == REPLY_NEVER ? "never" : "only"));
    if (gateway->charter_only)
        (void)json_object_set_new(object, "charterOnly", json_true());
    if (gateway->carries)
        (void)json_object_set_new(object, "carries", json_of_categories(gateway->carries));
    if (gateway->guarded)
        (void)json_object_set_new(object, "guarded",
                                  json_pack("{s:o, s:o}", "categories",
                                            json_of_categories(gateway->guarded), "to",
                                            json_of_kinds(gateway->guarded_to)));
    if (gateway->unread)
        (void)json_object_set_new(object, "unread", json_string(gateway->unread));
}

json_t *json_of_gateway(const struct gateway *gateway)
{
    json_t *directions = json_array();
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:O}", "code", gateway->code, "source",
                  gateway->source, "provision", gateway->provision, "runs", gateway->runs,
                  "textRead", (int)gateway->text_read, "directions", directions);

    for (size_t i = 0; i < DIRECTIONS_MAX && gateway->directions[i].from; i++)
        (void)json_array_append_new(
            directions, json_pack("{s:o, s:o}", "from", json_of_kinds(gateway->directions[i].from),
                                  "to", json_of_kinds(gateway->directions[i].to)));
    json_decref(directions);
    add_limits(object, gateway);
    return object;
}

static enum exit_code show_book(const struct cli *cli)
{
    static const char *const headings[] = {"GATEWAY", "ENACTMENT", "ORIGIN", "RUNS"};
    size_t count;
    const struct gateway *all = gateways_all(&count);
    OWNED(table) table = NULL;

    if (cli->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(list, json_of_gateway(&all[i]));
        return show_json(json_pack("{s:o}", "gateways", list));
    }
    table = table_new(headings, LENGTH_OF(headings));
    if (!table)
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++) {
        char text[GATEWAY_WORDS_MAX];

        table_add(table, all[i].code);
        (void)snprintf(text, sizeof text, "%s: %s", all[i].source, all[i].provision);
        table_add(table, text);
        gateway_origin(&all[i], text);
        table_add(table, text);
        table_add(table, all[i].runs);
    }
    table_print(table, cli);
    return EXIT_DONE;
}

const struct gateway *gateway_named(const char *code)
{
    const struct gateway *gateway = gateway_find(code);
    struct nearest nearest = nearest_to(code);
    char suggestion[SUGGESTION_SIZE];
    size_t count;
    const struct gateway *all = gateways_all(&count);

    for (size_t i = 0; !gateway && i < count; i++)
        nearest_offer(&nearest, all[i].code);
    if (!gateway)
        complain("unknown gateway '%s'%s", code, suggest(&nearest, suggestion));
    return gateway;
}

static enum exit_code show_one(const struct cli *cli, const char *code)
{
    const struct gateway *gateway = gateway_named(code);
    char text[GATEWAY_WORDS_MAX];

    if (!gateway)
        return EXIT_BAD_INPUT;
    if (cli->json)
        return show_json(json_of_gateway(gateway));
    gateway_origin(gateway, text);
    printf("%s\n%s: %s\n%s\n\nIt runs %s.\n", gateway->code, gateway->source, gateway->provision,
           text, gateway->runs);
    gateway_directions(gateway, text);
    printf("Kinds:  %s\n", text);
    gateway_limits(gateway, text);
    printf("Limits: %s\n", text);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

enum exit_code gateways_run(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct arguments arguments;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    return arguments.count == 1 ? show_one(cli, arguments.items[0]) : show_book(cli);
}
