#include "agreements/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/day.h"
#include "lib/id.h"
#include "lib/nearest.h"
#include "proto/header.pb-c.h"

enum status refuse(const struct source *src, uint32_t line, const char *format, ...)
{
    char text[REASON_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reason_set(src->why, "%s:%u: %s", src->name, line, text);
    return ST_INVALID;
}

static bool is_known(const char *name, const struct key keys[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].name, name) == 0)
            return true;
    return false;
}

static enum status refuse_key(const struct source *src, const struct node *node, const char *what,
                              const struct key keys[], size_t count)
{
    struct nearest nearest = nearest_to(node->key);

    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, keys[i].name);
    if (nearest.name)
        return refuse(src, node->line, "unknown key `%s' in %s; did you mean `%s'?", node->key,
                      what, nearest.name);
    return refuse(src, node->line, "unknown key `%s' in %s", node->key, what);
}

enum status read_keys(const struct source *src, const struct node *map, const char *what,
                      const struct key keys[], size_t count)
{
    if (map->kind != NODE_MAP)
        return refuse(src, map->line, "%s must be written as `key: value' lines", what);
    for (const struct node *n = map->first; n; n = n->next)
        if (!is_known(n->key, keys, count))
            return refuse_key(src, n, what, keys, count);
    for (size_t i = 0; i < count; i++)
        if (keys[i].required && !node_child(map, keys[i].name))
            return refuse(src, map->line, "%s has no `%s'", what, keys[i].name);
    return ST_OK;
}

enum status read_list(const struct source *src, const struct node *node, size_t least, size_t most)
{
    if (node->kind != NODE_LIST)
        return refuse(src, node->line, "`%s' must be a list", node->key);
    if (node->count < least)
        return refuse(src, node->line, "`%s' needs at least %zu", node->key, least);
    if (node->count > most)
        return refuse(src, node->line, "`%s' has more than %zu", node->key, most);
    return ST_OK;
}

static const char *key_of(const struct node *node)
{
    return node->key ? node->key : "an item";
}

enum status read_text(const struct source *src, const struct node *node, char *out, size_t room)
{
    if (!node) /* optional, and not there */
        return ST_OK;
    if (node->kind != NODE_TEXT)
        return refuse(src, node->line, "`%s' must be a text", key_of(node));

    size_t size = strlen(node->text);
    if (size == 0)
        return refuse(src, node->line, "`%s' is empty", key_of(node));
    if (size >= room)
        return refuse(src, node->line, "`%s' is longer than %zu bytes", key_of(node), room - 1);
    for (size_t i = 0; i < size; i++) { /* they would reach terminals and logs; C1 is C2 80.. */
        const unsigned char *c = (const unsigned char *)node->text + i;

        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)
            || text_is_hidden(node->text + i, size - i)) /* an escape makes them from plain text */
            return refuse(src, node->line, "`%s' has a line break, control or direction character",
                          key_of(node));
    }
    memcpy(out, node->text, size + 1);
    return ST_OK;
}

enum status read_word(const struct source *src, const struct node *node, char *out, size_t room)
{
    if (node->kind != NODE_TEXT || !node->plain)
        return refuse(src, node->line, "`%s' must be a plain word, without quotes", key_of(node));
    return read_text(src, node, out, room);
}

enum status read_number(const struct source *src, const struct node *node, uint32_t most,
                        uint32_t *out)
{
    char text[8] = "";
    enum status st = read_word(src, node, text, sizeof text);
    uint32_t value = 0;

    if (st != ST_OK)
        return st;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || (value == 0 && *c == '0'))
            return refuse(src, node->line,
                          "`%s' must be a whole number from 1 to %u in plain digits, not `%s'",
                          node->key, most, text);
        value = value * 10 + (uint32_t)(*c - '0');
    }
    if (value > most)
        return refuse(src, node->line, "`%s' is over %u", node->key, most);
    *out = value;
    return ST_OK;
}

enum status read_day(const struct source *src, const struct node *node, int64_t *out)
{
    char text[16] = "";
    enum status st = read_word(src, node, text, sizeof text);

    if (st != ST_OK)
        return st;
    if (!day_parse(text, out))
        return refuse(src, node->line, "`%s' must be a day of the calendar as YYYY-MM-DD, not `%s'",
                      node->key, text);
    return ST_OK;
}

enum status read_flag(const struct source *src, const struct node *node, bool *out)
{
    if (!node) /* optional, and not there */
        return ST_OK;
    if (node->kind != NODE_TEXT || !node->plain
        || (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
        return refuse(src, node->line, "`%s' must be true or false", node->key);
    *out = strcmp(node->text, "true") == 0;
    return ST_OK;
}

enum status read_name(const struct source *src, const struct node *node, bool capitals, char *out,
                      size_t room)
{
    const char a = capitals ? 'A' : 'a', z = capitals ? 'Z' : 'z';
    enum status st = read_word(src, node, out, room);

    if (st != ST_OK)
        return st;
    for (const char *c = out; *c; c++)
        if (!(*c >= a && *c <= z) && (c == out || (*c != '-' && !(*c >= '0' && *c <= '9'))))
            return refuse(src, node->line, "`%s' must be %s letters, digits and `-', not `%s'",
                          node->key, capitals ? "capital" : "lower-case", out);
    return ST_OK;
}

enum status read_agency(const struct source *src, const struct node *node,
                        char out[static AGENCY_MAX + 1])
{
    enum status st = read_word(src, node, out, AGENCY_MAX + 1);

    if (st == ST_OK && !agency_is_valid(out))
        return refuse(src, node->line, "`%s' is not an agency id such as nps.cambs", out);
    return st;
}

enum status read_marking(const struct source *src, const struct node *node, int *out)
{
    const ProtobufCEnumValue *value = NULL;
    char text[32];
    enum status st = read_word(src, node, text, sizeof text);

    if (st != ST_OK)
        return st;
    value = protobuf_c_enum_descriptor_get_value_by_name(&concordat__marking__descriptor, text);
    if (!value || value->value == CONCORDAT__MARKING__MARKING_UNSPECIFIED)
        return refuse(src, node->line, "`%s' must be OFFICIAL or OFFICIAL_SENSITIVE, not `%s'",
                      node->key, text);
    *out = value->value;
    return ST_OK;
}
