/*
 * disclosures.c - `concordat disclosures`: what this agency has sent, as headers without content.
 *
 * For an account to give, and for `agreement replay`. It is what the agent tracks: 90 days of it,
 * and in one answer the newest 1000 at most.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/headers.h"
#include "agents/cli/show.h"

#define LIMIT_MOST 1000 /* that an agent gives in one answer */

struct listing {
    const char *agency; /* ours; borrowed */
    int64_t since_ms;
    bool all; /* also what came from others */
};

/* A new object; NULL for what the listing leaves out, and while there is no verdict. */
static json_t *entry_of(const struct listing *listing, const struct concordat_item *item)
{
    if (item->created_ms < listing->since_ms)
        return NULL;
    if (!listing->all && strcmp(item->from, listing->agency) != 0)
        return NULL;
    return header_of_item(item);
}

/* One object a line, so that lines can be counted, cut and put together. */
static enum exit_code show_lines(const struct listing *listing,
                                 const struct concordat_answer *answer)
{
    for (size_t i = 0; i < answer->item_count; i++) {
        json_t *entry = entry_of(listing, &answer->items[i]);
        bool wrong = entry
                  && (json_dumpf(entry, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) != 0
                      || putchar('\n') == EOF);

        json_decref(entry);
        if (wrong)
            return EXIT_FAILED;
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static const char *text_of(const json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));

    return text ? text : "";
}

static void add_row(struct table *table, const json_t *entry)
{
    const json_t *categories = json_object_get(entry, "categories");
    char names[512] = "", agreement[160];
    size_t at = 0;

    for (size_t i = 0; i < json_array_size(categories) && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "",
                               json_string_value(json_array_get(categories, i)));
    (void)snprintf(agreement, sizeof agreement, "%s %s", text_of(entry, "agreement"),
                   text_of(entry, "clause"));
    table_add(table, text_of(entry, "at"));
    table_add(table, text_of(entry, "from"));
    table_add(table, text_of(entry, "to"));
    table_add(table, text_of(entry, "type"));
    table_add(table, text_of(entry, "purpose"));
    table_add(table, names);
    table_add(table, agreement);
    table_add(table, *text_of(entry, "code") ? text_of(entry, "code") : text_of(entry, "outcome"));
}

static enum exit_code show_as_table(const struct cli *cli, const struct listing *listing,
                                    const struct concordat_answer *answer)
{
    static const char *const headings[] = {"AT",      "FROM",       "TO",        "TYPE",
                                           "PURPOSE", "CATEGORIES", "AGREEMENT", "OUTCOME"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    size_t count = 0;

    if (!table)
        return EXIT_FAILED;
    for (size_t i = 0; i < answer->item_count; i++) {
        json_t *entry = entry_of(listing, &answer->items[i]);

        if (entry)
            add_row(table, entry);
        count += entry != NULL;
        json_decref(entry);
    }
    if (count == 0)
        printf("nothing disclosed\n");
    else
        table_print(table, cli);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code run_disclosures(struct cli *cli, const struct command *self, int argc,
                                      char **argv)
{
    struct listing listing = {0};
    uint32_t limit = LIMIT_MOST;
    const struct option_spec specs[] = {
        {"since", OPTION_TIME, &listing.since_ms, "TIME", "created then or later"},
        {"all", OPTION_FLAG, &listing.all, NULL, "also what others disclosed to us"},
        {"limit", OPTION_NUMBER, &limit, "N",
         "look at the newest N messages; default and most 1000"},
    };
    struct arguments arguments;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER status = NULL;
    OWNED_ANSWER answer = NULL;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!(agent = agent_open(cli)))
        return EXIT_FAILED;
    status = concordat_status(agent);
    show_trouble(cli, status);
    if (status->outcome != CONCORDAT_DONE || !status->status)
        return EXIT_FAILED;
    listing.agency = status->status->agency;
    answer = concordat_track(agent, NULL, limit, NULL, 0);
    show_trouble(cli, answer);
    if (answer->outcome != CONCORDAT_DONE)
        return (enum exit_code)answer->outcome;
    if (answer->item_count >= LIMIT_MOST)
        complain("only the newest %d messages were looked at", LIMIT_MOST);
    return cli->json ? show_lines(&listing, answer) : show_as_table(cli, &listing, answer);
}

const struct command disclosures_command = {
    .name = "disclosures",
    .arguments = "",
    .summary = "what was disclosed to whom: headers, no content",
    .about = "What the agent tracks, newest first, of at most 90 days and 1000 messages; those\n"
             "without a verdict of the broker are left out. With --json one object a line, as\n"
             "concordat agreement replay --headers reads them.\n",
    .run = run_disclosures,
};
