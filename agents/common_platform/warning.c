#include "agents/common_platform/warning.h"

#include <stdlib.h>
#include <string.h>

/* Fields that are loud when they say anything but no. */
static const struct loud {
    const char *key, *text;
} louds[] = {
    {"isDiscontinued", "discontinued; the message does not say so and lists it like any other"},
    {"proceedingsConcluded", "proceedings are concluded; the message does not say so"},
    {"reportingRestrictions", "reporting is restricted; the message does not say so"},
    {"reportingRestrictionReason", "reporting is restricted; the message does not say so"},
};

struct finding {
    struct warning *list; /* owned until it is handed over */
    size_t count, room;
};

static const struct loud *loud_of(const struct node *node)
{
    for (size_t i = 0; node->key && i < sizeof louds / sizeof *louds; i++) {
        if (node->key_size == strlen(louds[i].key)
            && strncmp(node->key, louds[i].key, node->key_size) == 0)
            return &louds[i];
    }
    return NULL;
}

/* False, null, blank and empty say no. A flag of another type might mean yes. */
static bool says_no(const struct node *node)
{
    if (json_is_string(node->value))
        return !node_text(node);
    if (json_is_object(node->value) || json_is_array(node->value))
        return !node->first;
    return json_is_null(node->value) || json_is_false(node->value);
}

static enum status add(struct finding *finding, const struct node *node, const char *text)
{
    if (finding->count == finding->room) {
        size_t room = finding->room ? 2 * finding->room : 16;
        struct warning *list = reallocarray(finding->list, room, sizeof *list);

        if (!list)
            return ST_NOMEM;
        finding->list = list;
        finding->room = room;
    }
    finding->list[finding->count++] = (struct warning){node, text};
    return ST_OK;
}

static enum status find_below(struct finding *finding, const struct node *node)
{
    enum status status = ST_OK;

    for (const struct node *item = node->first; item && status == ST_OK; item = item->next) {
        const struct loud *loud = loud_of(item);

        if (item->shadowed)
            continue;
        if (loud && !says_no(item))
            status = add(finding, item, loud->text);
        else
            status = find_below(finding, item);
    }
    return status;
}

enum status warnings_find(const struct node *top, struct warning **out, size_t *count)
{
    struct finding finding = {0};
    enum status status = find_below(&finding, top);

    if (status != ST_OK) {
        free(finding.list);
        return status;
    }
    *out = finding.list;
    *count = finding.count;
    return ST_OK;
}
