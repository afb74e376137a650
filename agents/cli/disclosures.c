/*
 * disclosures.c - `concordat disclosures`: what this agency has sent, as headers without content.
 *
 * For an account to give, and for `agreement replay`. It is all that the agent tracks: 90 days of
 * it, read page by page.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/call.h"
#include "agents/cli/headers.h"
#include "agents/cli/show.h"
#include "agents/cli/tracked.h"

struct listing {
    const char *agency; /* ours; borrowed */
    int64_t since_ms;
    bool all;            /* also what came from others */
    uint32_t limit;      /* messages looked at; 0: all */
    struct table *table; /* borrowed; where the rows go without --json */
    size_t count;        /* of rows */
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
static enum exit_code show_line(void *context, const struct concordat_item *item)
{
    const struct listing *listing = context;
    json_t *entry = entry_of(listing, item);
    bool wrong = entry
              && (json_dumpf(entry, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) != 0
                  || putchar('\n') == EOF);

    json_decref(entry);
    return wrong ? EXIT_FAILED : EXIT_DONE;
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

static enum exit_code tabulate(void *context, const struct concordat_item *item)
{
    struct listing *listing = context;
    json_t *entry = entry_of(listing, item);

    if (entry) {
        add_row(listing->table, entry);
        listing->count++;
    }
    json_decref(entry);
    return EXIT_DONE;
}

static enum exit_code show_as_table(const struct cli *cli, struct concordat *agent,
                                    struct listing *listing)
{
    static const char *const headings[] = {"AT",      "FROM",       "TO",        "TYPE",
                                           "PURPOSE", "CATEGORIES", "AGREEMENT", "OUTCOME"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    enum exit_code code;

    if (!table)
        return EXIT_FAILED;
    listing->table = table;
    code = tracked_each(cli, agent, listing->limit, tabulate, listing);
    if (code != EXIT_DONE)
        return code;
    if (listing->count == 0)
        printf("nothing disclosed\n");
    else
        table_print(table, cli);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Page by page, as it comes. */
static enum exit_code show_lines(const struct cli *cli, struct concordat *agent,
                                 struct listing *listing)
{
    enum exit_code code = tracked_each(cli, agent, listing->limit, show_line, listing);

    return fflush(stdout) == 0 ? code : EXIT_FAILED;
}

static enum exit_code run_disclosures(struct cli *cli, const struct command *self, int argc,
                                      char **argv)
{
    struct listing listing = {0};
    const struct option_spec specs[] = {
        {"since", OPTION_TIME, &listing.since_ms, "TIME", "created then or later"},
        {"all", OPTION_FLAG, &listing.all, NULL, "also what others disclosed to us"},
        {"limit", OPTION_NUMBER, &listing.limit, "N", "look at the newest N messages; default all"},
    };
    struct arguments arguments;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER status = NULL;

    if (!agent)
        return end;
    status = concordat_status(agent);
    if (!call_is_done(cli, status) || !status->status)
        return EXIT_FAILED;
    listing.agency = status->status->agency;
    return cli->json ? show_lines(cli, agent, &listing) : show_as_table(cli, agent, &listing);
}

const struct command disclosures_command = {
    .name = "disclosures",
    .arguments = "",
    .summary = "what was disclosed to whom: headers, no content",
    .about = "What the agent tracks, newest first, of at most 90 days and to the end; those\n"
             "without a verdict of the broker are left out. With --json one object a line, as\n"
             "concordat agreement replay --headers reads them.\n",
    .run = run_disclosures,
};
