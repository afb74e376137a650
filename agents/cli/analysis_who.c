/*
 * analysis_who.c - `concordat agreement who`: who can come to hold a category, and how.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/analysis.h"
#include "agents/cli/arguments.h"
#include "agents/cli/policy.h"
#include "agents/cli/show.h"
#include "agreements/reach.h"

static bool is_shown(const char *start, const char *from)
{
    return !from || strcmp(start, from) == 0;
}

/* --- JSON --- */

static json_t *json_of_hop(const struct hop *hop)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:b}", "from", hop->from, "to", hop->to,
                               "agreement", hop->agreement->id, "onward", hop->flow == NULL);

    if (hop->flow) {
        (void)json_object_set_new(object, "clause", json_string(hop->flow->clause->id));
        (void)json_object_set_new(object, "type", json_string(hop->flow->type->name));
        (void)json_object_set_new(object, "purpose", json_string(hop->flow->purpose));
    }
    return object;
}

static json_t *json_of_holding(const struct reach *reach, const struct holding *holding)
{
    json_t *chain = json_array();

    for (size_t i = 0; i < holding->hop_count; i++)
        (void)json_array_append_new(chain, json_of_hop(&reach->hops[holding->first_hop + i]));
    return json_pack("{s:s, s:s, s:o}", "start", holding->start, "agency", holding->agency, "chain",
                     chain);
}

static enum exit_code show_as_json(const struct reach *reach, uint32_t category, const char *from)
{
    json_t *starts = json_array(), *holdings = json_array();

    for (size_t i = 0; i < reach->start_count; i++)
        if (is_shown(reach->starts[i].agency, from))
            (void)json_array_append_new(starts,
                                        json_pack("{s:s, s:b}", "agency", reach->starts[i].agency,
                                                  "mayReceive", reach->starts[i].may_receive));
    for (size_t i = 0; i < reach->holding_count; i++)
        if (is_shown(reach->holdings[i].start, from))
            (void)json_array_append_new(holdings, json_of_holding(reach, &reach->holdings[i]));
    return show_json(json_pack("{s:s, s:o, s:o}", "category", category_name(category), "starts",
                               starts, "holders", holdings));
}

/* --- text --- */

static void show_chain(const struct reach *reach, const struct holding *holding)
{
    for (size_t i = 0; i < holding->hop_count; i++) {
        const struct hop *hop = &reach->hops[holding->first_hop + i];

        printf("    %zu. %s -> %s  ", i + 1, hop->from, hop->to);
        if (hop->flow)
            printf("%s, %s clause %s\n", hop->flow->type->name, hop->agreement->id,
                   hop->flow->clause->id);
        else
            printf("onward under %s\n", hop->agreement->id);
    }
}

static void show_start(const struct cli *cli, const struct reach *reach, const struct start *start)
{
    size_t shown = 0;

    printf("\n%sfrom %s%s, which %s\n", tone_start(cli, TONE_GOOD), start->agency, tone_end(cli),
           start->may_receive ? "may also receive it" : "nobody may send it to");
    for (size_t i = 0; i < reach->holding_count; i++) {
        const struct holding *holding = &reach->holdings[i];

        if (strcmp(holding->start, start->agency) != 0)
            continue;
        shown++;
        printf("  %s, in %zu\n", holding->agency, holding->hop_count);
        show_chain(reach, holding);
    }
    if (shown == 0)
        printf("  nobody\n");
}

static enum exit_code show_as_text(const struct cli *cli, const struct reach *reach,
                                   uint32_t category, const char *from)
{
    if (reach->start_count == 0)
        printf("%s: no agreement lets anybody send it\n", category_name(category));
    else
        printf("%s: %zu may send it, so %s may start\n", category_name(category),
               reach->start_count, reach->start_count == 1 ? "a chain" : "chains");
    for (size_t i = 0; i < reach->start_count; i++)
        if (is_shown(reach->starts[i].agency, from))
            show_start(cli, reach, &reach->starts[i]);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

enum exit_code run_agreement_who(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *from = NULL;
    int64_t on_ms = FLOW_ANY_DAY;
    const struct option_spec specs[] = {
        {"from", OPTION_AGENCY, &from, "AGENCY", "only chains that start there"},
        {"on", OPTION_TIME, &on_ms, "DAY", "only agreements whose dates hold that day"},
    };
    struct arguments arguments;
    OWNED(agreement_set) set = NULL;
    OWNED(reach) reach = NULL;
    category_set categories;
    enum exit_code code;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!categories_of(arguments.items[0], &categories))
        return EXIT_BAD_INPUT;
    if (__builtin_popcount(categories) != 1) {
        complain("one category at a time");
        return EXIT_BAD_INPUT;
    }
    if (!(set = policy_of(cli, &arguments.items[1], arguments.count - 1, &code)))
        return code;
    uint32_t category = (uint32_t)__builtin_ctz(categories);
    if (reach_of(set, category, on_ms, &reach) != ST_OK) {
        complain("more than %d flows, or memory is out", FLOWS_MAX);
        return EXIT_FAILED;
    }
    return cli->json ? show_as_json(reach, category, from)
                     : show_as_text(cli, reach, category, from);
}
