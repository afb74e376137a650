#include "agreements/clauses.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/gateways.h"
#include "lib/nearest.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static enum status read_party(const struct source *src, const struct node *node,
                              struct agreement *a)
{
    static const struct key keys[] = {{"agency", true}, {"kind", true}, {"contact", true}};
    struct party *party = &a->parties[a->party_count];
    enum status st = read_keys(src, node, "a party", keys, LENGTH(keys));
    const struct node *kind;

    if (st != ST_OK)
        return st;
    kind = node_child(node, "kind");
    if ((st = read_agency(src, node_child(node, "agency"), party->agency))
        || (st = read_word(src, kind, party->kind, sizeof party->kind))
        || (st =
                read_text(src, node_child(node, "contact"), party->contact, sizeof party->contact)))
        return st;
    if (!agency_kind_is_known(party->kind))
        return refuse(src, kind->line, "unknown kind of agency `%s'", party->kind);
    for (size_t i = 0; i < a->party_count; i++)
        if (strcmp(a->parties[i].agency, party->agency) == 0)
            return refuse(src, node->line, "`%s' is a party twice", party->agency);
    a->party_count++;
    return ST_OK;
}

enum status read_parties(const struct source *src, const struct node *list, struct agreement *a)
{
    enum status st = read_list(src, list, 2, PARTIES_MAX);

    if (st != ST_OK)
        return st;
    if (!(a->parties = calloc(list->count, sizeof *a->parties)))
        return ST_NOMEM;
    for (const struct node *n = list->first; n; n = n->next)
        if ((st = read_party(src, n, a)) != ST_OK)
            return st;
    return ST_OK;
}

static bool fits(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

/* An agency that is a party, or a kind that a party has. */
static enum status read_side(const struct source *src, const struct node *node,
                             const struct agreement *a, char out[static AGENCY_MAX + 1])
{
    struct nearest nearest;
    enum status st = read_word(src, node, out, AGENCY_MAX + 1);

    if (st != ST_OK)
        return st;
    nearest = nearest_to(out);
    for (size_t i = 0; i < a->party_count; i++) {
        if (fits(out, &a->parties[i]))
            return ST_OK;
        nearest_offer(&nearest, a->parties[i].agency);
        nearest_offer(&nearest, a->parties[i].kind);
    }
    if (nearest.name)
        return refuse(src, node->line,
                      "`%s' is neither a party nor a party's kind; did you mean "
                      "`%s'?",
                      out, nearest.name);
    return refuse(src, node->line, "`%s' is neither a party nor a party's kind", out);
}

static enum status read_type(const struct source *src, const struct node *node,
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
    if (nearest.name)
        return refuse(src, node->line, "unknown message type `%s'; did you mean `%s'?", text,
                      nearest.name);
    return refuse(src, node->line, "unknown message type `%s'", text);
}

/* Names as in the schema, ascending in no order; each once, each one that the type can carry. */
static enum status read_categories(const struct source *src, const struct node *node,
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
        if (!(type->allowed & (1u << category)))
            return refuse(src, n->line, "%s cannot be part of %s", text, type->name);
        set |= 1u << category;
    }
    *out = set;
    return ST_OK;
}

static const char *first_name(category_set set)
{
    for (uint32_t c = 1; c <= SECTIONS_MAX; c++)
        if (set & (1u << c))
            return category_name(c);
    return "none";
}

/* Two different parties fit `from` and `to`. */
static bool has_pair(const struct agreement *a, const struct clause *clause)
{
    for (size_t i = 0; i < a->party_count; i++) {
        if (!fits(clause->from, &a->parties[i]))
            continue;
        for (size_t j = 0; j < a->party_count; j++)
            if (i != j && fits(clause->to, &a->parties[j]))
                return true;
    }
    return false;
}

/* An answer's clause must say whether it may come unasked, and no other may: so no line that is
 * lost at the end of a file, nor a forgotten one, ever lets more pass. */
static enum status check_reply(const struct source *src, const struct node *node,
                               const struct clause *c)
{
    bool answer = catalogue_is_answer(c->type);

    if (answer && !node_child(node, "only-in-reply"))
        return refuse(src, c->line, "%s is an answer: say whether it goes `only-in-reply'",
                      c->type->name);
    if (!answer && c->only_in_reply)
        return refuse(src, c->line, "%s answers nothing, so it cannot go `only-in-reply'",
                      c->type->name);
    return ST_OK;
}

/* What each value alone could not show. */
static enum status check_clause(const struct source *src, const struct agreement *a,
                                const struct clause *c, category_set optional)
{
    const struct message_type *type = c->type;

    if (!has_pair(a, c))
        return refuse(src, c->line, "from `%s' to `%s' is no two different parties", c->from,
                      c->to);
    if (type->required & ~c->required)
        return refuse(src, c->line, "%s cannot go without %s: it belongs in `required'", type->name,
                      first_name(type->required & ~c->required));
    if (c->required & optional)
        return refuse(src, c->line, "%s is required already; `allowed' says what else may come",
                      first_name(c->required & optional));
    if (type->marking > a->marking_ceiling)
        return refuse(src, c->line, "%s is marked above the agreement's ceiling", type->name);
    for (size_t i = 0; i < a->clause_count; i++) {
        const struct clause *b = &a->clauses[i];

        if (strcmp(b->id, c->id) == 0)
            return refuse(src, c->line, "clause `%s' stands here twice; first on line %u", c->id,
                          b->line);
        if (b->type == type && !strcmp(b->from, c->from) && !strcmp(b->to, c->to)
            && !strcmp(b->purpose, c->purpose) && !strcmp(b->gateway, c->gateway)
            && b->only_in_reply == c->only_in_reply)
            return refuse(src, c->line, "clause `%s' is about the same flow as `%s' on line %u",
                          c->id, b->id, b->line);
    }
    return ST_OK;
}

static enum status read_clause(const struct source *src, const struct node *node,
                               struct agreement *a)
{
    static const struct key keys[] = {
        {"id", true},       {"type", true},     {"from", true},
        {"to", true},       {"purpose", true},  {"gateway", true},
        {"required", true}, {"allowed", false}, {"only-in-reply", false}};
    struct clause *c = &a->clauses[a->clause_count];
    category_set optional = 0;
    enum status st;

    if ((st = read_keys(src, node, "a clause", keys, LENGTH(keys))) != ST_OK)
        return st;
    c->line = node->line;
    if ((st = read_name(src, node_child(node, "id"), false, c->id, sizeof c->id))
        || (st = read_type(src, node_child(node, "type"), &c->type))
        || (st = read_side(src, node_child(node, "from"), a, c->from))
        || (st = read_side(src, node_child(node, "to"), a, c->to))
        || (st = read_word(src, node_child(node, "purpose"), c->purpose, sizeof c->purpose))
        || (st = read_word(src, node_child(node, "gateway"), c->gateway, sizeof c->gateway))
        || (st = read_categories(src, node_child(node, "required"), c->type, &c->required))
        || (st = read_categories(src, node_child(node, "allowed"), c->type, &optional))
        || (st = read_flag(src, node_child(node, "only-in-reply"), &c->only_in_reply)))
        return st;
    if (!purpose_is_known(c->purpose))
        return refuse(src, node_child(node, "purpose")->line, "unknown purpose `%s'", c->purpose);
    if (!gateway_find(c->gateway))
        return refuse(src, node_child(node, "gateway")->line, "unknown gateway `%s'", c->gateway);
    if ((st = check_reply(src, node, c)) || (st = check_clause(src, a, c, optional)))
        return st;
    c->allowed = c->required | optional;
    a->clause_count++;
    return ST_OK;
}

enum status read_clauses(const struct source *src, const struct node *list, struct agreement *a)
{
    enum status st = read_list(src, list, 1, CLAUSES_MAX);

    if (st != ST_OK)
        return st;
    if (!(a->clauses = calloc(list->count, sizeof *a->clauses)))
        return ST_NOMEM;
    for (const struct node *n = list->first; n; n = n->next)
        if ((st = read_clause(src, n, a)) != ST_OK)
            return st;
    return ST_OK;
}
