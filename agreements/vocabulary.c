#include "agreements/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/span.h"
#include "lib/nearest.h"
#include "proto/evidence.pb-c.h"
#include "proto/header.pb-c.h"

static enum status refuse_word(const struct source *src, const struct node *node, const char *what,
                               const char *text, const struct nearest *nearest)
{
    if (nearest->name)
        return refuse(src, node->line, "unknown %s `%s'; did you mean `%s'?", what, text,
                      nearest->name);
    return refuse(src, node->line, "unknown %s `%s'", what, text);
}

enum status read_type(const struct source *src, const struct node *node,
                      const struct message_type **out)
{
    char text[TYPE_MAX + 1];
    size_t count = 0;
    const struct message_type *types = catalogue_all(&count), *type;
    enum status st = read_word(src, node, text, sizeof text);

    if (st != ST_OK)
        return st;
    if ((type = catalogue_find(text))) {
        *out = type;
        return ST_OK;
    }

    struct nearest nearest = nearest_to(text);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, types[i].name);
    return refuse_word(src, node, "message type", text, &nearest);
}

enum status read_categories(const struct source *src, const struct node *node,
                            const struct message_type *type, category_set *out)
{
    category_set set = 0;
    enum status st;

    if (!node)
        return ST_OK;
    if ((st = read_list(src, node, 0, SECTIONS_MAX)) != ST_OK)
        return st;
    for (const struct node *n = node->first; n; n = n->next) {
        char text[64];
        uint32_t category;

        if ((st = read_word(src, n, text, sizeof text)) != ST_OK)
            return st;
        if ((category = category_parse(text)) == 0)
            return refuse(src, n->line, "unknown category `%s'; names are as DC_IDENTITY", text);
        if (set & (1u << category))
            return refuse(src, n->line, "%s stands here twice", text);
        if (type && !(type->allowed & (1u << category)))
            return refuse(src, n->line, "%s cannot be part of %s", text, type->name);
        set |= 1u << category;
    }
    *out = set;
    return ST_OK;
}

enum status read_purpose(const struct source *src, const struct node *node,
                         char out[static PURPOSE_MAX + 1])
{
    enum status st;

    if (!node)
        return ST_OK;
    if ((st = read_word(src, node, out, PURPOSE_MAX + 1)) == ST_OK && !purpose_is_known(out))
        return refuse(src, node->line, "unknown purpose `%s'", out);
    return st;
}

/* A name of the schema's enumeration; its zero is nobody's word. */
static enum status read_enum(const struct source *src, const struct node *node, const char *what,
                             const ProtobufCEnumDescriptor *names, int *out)
{
    char text[64];
    enum status st = read_word(src, node, text, sizeof text);
    const ProtobufCEnumValue *value;

    if (st != ST_OK)
        return st;
    value = protobuf_c_enum_descriptor_get_value_by_name(names, text);
    if (value && value->value != 0) {
        *out = value->value;
        return ST_OK;
    }

    struct nearest nearest = nearest_to(text);
    for (unsigned i = 0; i < names->n_values; i++)
        if (names->values[i].value != 0)
            nearest_offer(&nearest, names->values[i].name);
    return refuse_word(src, node, what, text, &nearest);
}

enum status read_capacity(const struct source *src, const struct node *node, int *out)
{
    return node ? read_enum(src, node, "capacity", &concordat__subject_capacity__descriptor, out)
                : ST_OK;
}

enum status read_capacities(const struct source *src, const struct node *node, uint32_t *out)
{
    uint32_t set = 0;
    enum status st;

    if (!node)
        return ST_OK;
    if ((st = read_list(src, node, 1, 31)) != ST_OK)
        return st;
    for (const struct node *n = node->first; n; n = n->next) {
        int capacity = 0;

        if ((st = read_capacity(src, n, &capacity)) != ST_OK)
            return st;
        if (set & (1u << capacity))
            return refuse(src, n->line, "%s stands here twice", n->text);
        set |= 1u << capacity;
    }
    *out = set;
    return ST_OK;
}

enum status read_outcome(const struct source *src, const struct node *node, int *out)
{
    if (node->kind == NODE_TEXT && node->plain && strcmp(node->text, "permitted") == 0) {
        *out = 0;
        return ST_OK;
    }
    return read_enum(src, node, "outcome, neither `permitted' nor a refusal,",
                     &concordat__refusal_code__descriptor, out);
}

enum status read_span(const struct source *src, const struct node *node, struct span *out)
{
    char text[SPAN_TEXT_SIZE];
    enum status st;

    if (!node)
        return ST_OK;
    if ((st = read_word(src, node, text, sizeof text)) == ST_OK && !span_parse(text, out))
        return refuse(src, node->line,
                      "`%s' must be a time of at most a year such as 15m, 4h, 2d, 4wh or 2wd, "
                      "not `%s'",
                      node->key, text);
    return st;
}

enum status read_role(const struct source *src, const struct node *node, struct agreement *a,
                      uint16_t *out)
{
    char text[TITLE_MAX + 1];
    enum status st = read_text(src, node, text, sizeof text);

    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < a->role_count; i++)
        if (strcmp(a->roles[i], text) == 0) {
            *out = (uint16_t)i;
            return ST_OK;
        }
    if (a->role_count == ROLES_MAX)
        return refuse(src, node->line, "more than %d different roles to tell", ROLES_MAX);
    if (!a->roles && !(a->roles = calloc(ROLES_MAX, sizeof *a->roles)))
        return ST_NOMEM;
    strcpy(a->roles[a->role_count], text);
    *out = (uint16_t)a->role_count++;
    return ST_OK;
}
