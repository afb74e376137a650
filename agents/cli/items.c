#include "agents/cli/items.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "lib/limits.h"

static const char *const headings[ITEM_COLUMNS] = {
    [ITEM_MESSAGE] = "MESSAGE", [ITEM_FROM] = "FROM",       [ITEM_TO] = "TO",
    [ITEM_WAY] = "FROM -> TO",  [ITEM_TYPE] = "TYPE",       [ITEM_URGENCY] = "URGENCY",
    [ITEM_STATE] = "STATE",     [ITEM_CREATED] = "CREATED", [ITEM_NEEDED_BY] = "NEEDED BY",
    [ITEM_MARK] = "MARK",       [ITEM_NUMBER] = "NO.",
};

/* Of a text that is made for its cell; the longest is the way. */
#define CELL_SIZE (2 * AGENCY_MAX + sizeof " -> ")
static_assert(CELL_SIZE >= CONCORDAT_ID_TEXT && CELL_SIZE >= WHEN_SIZE, "an id and a time fit too");

/* The text of one cell: the item's own, or written into `made`. */
static const char *cell_of(const struct concordat_item *item, enum item_column column,
                           char made[static CELL_SIZE])
{
    switch (column) {
    case ITEM_MESSAGE:
        concordat_id_print(&item->message_id, made);
        return made;
    case ITEM_FROM:
        return item->from;
    case ITEM_TO:
        return item->to;
    case ITEM_WAY:
        (void)snprintf(made, CELL_SIZE, "%s -> %s", item->from, item->to);
        return made;
    case ITEM_TYPE:
        return item->type;
    case ITEM_URGENCY:
        return urgency_name(item->urgency);
    case ITEM_STATE:
        return item->state;
    case ITEM_CREATED:
        when_print(item->created_ms, made);
        return made;
    case ITEM_NEEDED_BY:
        when_print(item->needed_by_ms, made);
        return made;
    case ITEM_MARK:
        return item_mark(item);
    case ITEM_NUMBER:
        (void)snprintf(made, CELL_SIZE, "%" PRIu32, item->sequence);
        return made;
    case ITEM_COLUMNS:
    default:
        return "";
    }
}

/* A line below the table for each that came under a version that was no longer in force. */
static void show_lapses(const struct concordat_item items[], size_t count)
{
    char id[CONCORDAT_ID_TEXT], text[LAPSE_SIZE];

    for (size_t i = 0; i < count; i++) {
        lapse_print(&items[i], text);
        if (!*text)
            continue;
        concordat_id_print(&items[i].message_id, id);
        printf("%s  ", id);
        show_clean(stdout, text);
        printf("\n");
    }
}

enum exit_code items_print(const struct cli *cli, const struct concordat_item items[], size_t count,
                           const enum item_column columns[], size_t column_count)
{
    const char *names[TABLE_COLUMNS_MAX];
    char made[CELL_SIZE];

    assert(column_count <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < column_count; i++)
        names[i] = headings[columns[i]];
    OWNED(table) table = table_new(names, column_count);
    if (!table)
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++) {
        for (size_t column = 0; column < column_count; column++)
            table_add(table, cell_of(&items[i], columns[column], made));
    }
    table_print(table, cli);
    show_lapses(items, count);
    return EXIT_DONE;
}

json_t *json_of_items(const struct concordat_item items[], size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_of_item(&items[i]));
    return list;
}

enum exit_code items_show_json(const struct concordat_answer *answer)
{
    return show_json(
        json_pack("{s:o}", "messages", json_of_items(answer->items, answer->item_count)));
}
