/*
 * items.h - messages as an agent lists them: a table with the columns that a command wants, or
 * JSON.
 *
 * What they are about is never shown: an item has no content.
 */
#ifndef AGENTS_CLI_ITEMS_H
#define AGENTS_CLI_ITEMS_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agents/client.h"

enum item_column {
    ITEM_MESSAGE, /* its id */
    ITEM_FROM,
    ITEM_TO,
    ITEM_WAY, /* "court.b35cz00 -> nps.cambs" */
    ITEM_TYPE,
    ITEM_URGENCY,
    ITEM_STATE,
    ITEM_CREATED,
    ITEM_NEEDED_BY,
    ITEM_MARK,   /* of its deadline */
    ITEM_NUMBER, /* in its conversation, among its sender's */
    ITEM_COLUMNS
};

/* `columns` from left to right, at most TABLE_COLUMNS_MAX. EXIT_FAILED when memory is out. */
enum exit_code items_print(const struct cli *cli, const struct concordat_item items[], size_t count,
                           const enum item_column columns[], size_t column_count);

/* A new list. */
json_t *json_of_items(const struct concordat_item items[], size_t count);
/* {"messages": [...]} on standard output. */
enum exit_code items_show_json(const struct concordat_answer *answer);

#endif
