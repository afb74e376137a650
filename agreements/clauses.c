#include "agreements/clauses.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/clause_index.h"
#include "agreements/gateways.h"
#include "agreements/statute.h"
#include "agreements/vocabulary.h"
#include "lib/nearest.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static bool fits(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

enum status read_side(const struct source *src, const struct node *node, const struct agreement *a,
                      char out[static AGENCY_MAX + 1])
{
    enum status st = read_word(src, node, out, AGENCY_MAX + 1);

    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < a->party_count; i++)
        if (fits(out, &a->parties[i]))
            return ST_OK;

    struct nearest nearest = nearest_to(out);
    for (size_t i = 0; i < a->party_count; i++) {
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

static const char *first_name(category_set set)
{
    for (uint32_t c = 1; c <= SECTIONS_MAX; c++)
        if (set & (1u << c))
            return category_name(c);
    return "none";
}

/* How many parties fit, up to two, and one of them. */
static int count_fitting(const struct agreement *a, const char *side, const struct party **one)
{
    int count = 0;

    for (size_t i = 0; i < a->party_count && count < 2; i++)
        if (fits(side, &a->parties[i])) {
            *one = &a->parties[i];
            count++;
        }
    return count;
}

/* Two different parties fit `from` and `to`. */
static bool has_pair(const struct agreement *a, const struct clause *clause)
{
    const struct party *from = NULL, *to = NULL;
    int senders = count_fitting(a, clause->from, &from);
    int recipients = count_fitting(a, clause->to, &to);

    return senders > 0 && recipients > 0 && (senders + recipients > 2 || from != to);
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
    return ST_OK;
}

/* No other clause before it has its id or is about the same flow. */
static enum status check_unique(const struct source *src, struct clause_index *index,
                                const struct agreement *a, const struct clause *c)
{
    const struct clause *b = clause_index_id(index, a->clauses, c);

    if (b)
        return refuse(src, c->line, "clause `%s' stands here twice; first on line %u", c->id,
                      b->line);
    if ((b = clause_index_flow(index, a->clauses, c)))
        return refuse(src, c->line, "clause `%s' is about the same flow as `%s' on line %u", c->id,
                      b->id, b->line);
    return ST_OK;
}

/* Under the enactment it names, may it be at all? */
static enum status check_gateway(const struct source *src, const struct node *gateway,
                                 const struct agreement *a, const struct clause *c,
                                 category_set carried)
{
    struct reason why;

    if (!statute_permits(a, c, carried, &why))
        return refuse(src, gateway->line, "%s", why.text);
    return ST_OK;
}

/* A charter's clauses rest on danger to life, and no others do: no ordinary clause comes to rest on
 * it, with its officers unasked, when the lines that make a charter are lost. The statute book says
 * so too (charter_only); here it is said in fewer words. */
static enum status check_charter(const struct source *src, const struct node *node,
                                 const struct agreement *a, const struct clause *c)
{
    bool vital = strcmp(c->gateway, "VITAL_INTEREST") == 0;

    if (a->is_charter && !vital)
        return refuse(src, node_child(node, "gateway")->line,
                      "a charter's clauses go by VITAL_INTEREST, not by `%s'", c->gateway);
    if (!a->is_charter && vital)
        return refuse(src, node_child(node, "gateway")->line,
                      "VITAL_INTEREST is for a charter's clauses alone");
    return ST_OK;
}

/* A file cut between two lines may still be a whole agreement. So nothing that narrows a clause
 * stands where such a cut would lose it: behind the last key that the clause must have. A list in
 * brackets cannot be cut. */
static enum status check_order(const struct source *src, const struct node *node)
{
    static const char *const must[] = {"id",      "type",    "from",    "to",
                                       "purpose", "gateway", "required"};
    const struct node *last = NULL, *required = node_child(node, "required");

    for (const struct node *n = node->first; n; n = n->next)
        for (size_t i = 0; i < LENGTH(must); i++)
            if (strcmp(n->key, must[i]) == 0)
                last = n;
    if (last == required && !required->bracketed)
        return refuse(src, required->line,
                      "write `required' as [A, B], or another key that a clause must have behind "
                      "it: a file that was cut short must not pass for one that requires less");
    for (const struct node *n = last->next; n; n = n->next)
        if (strcmp(n->key, "only-by-holder") == 0 || strcmp(n->key, "capacities") == 0
            || strcmp(n->key, "small-number-floor") == 0)
            return refuse(src, n->line,
                          "`%s' must stand before `%s': a file that was cut short must not pass "
                          "for one without it",
                          n->key, last->key);
    return ST_OK;
}

static enum status read_ladder(const struct source *src, const struct node *list,
                               struct agreement *a, struct clause *c)
{
    enum status st;

    if (!list)
        return ST_OK;
    if ((st = read_list(src, list, 1, LADDER_MAX)) != ST_OK)
        return st;
    for (const struct node *n = list->first; n; n = n->next) {
        uint16_t role = 0;

        if ((st = read_role(src, n, a, &role)) != ST_OK)
            return st;
        for (size_t i = 0; i < c->ladder_count; i++)
            if (c->ladder[i] == role)
                return refuse(src, n->line, "`%s' stands here twice", a->roles[role]);
        c->ladder[c->ladder_count++] = role;
    }
    return ST_OK;
}

/* Conditions on who and whom, clocks, and whom silence is told. */
static enum status read_conditions(const struct source *src, const struct node *node,
                                   struct agreement *a, struct clause *c)
{
    const struct node *floor = node_child(node, "small-number-floor");
    const struct node *close = node_child(node, "close-within");
    enum status st;

    if ((st = check_order(src, node))
        || (st = read_flag(src, node_child(node, "only-by-holder"), &c->only_by_holder))
        || (st = read_capacities(src, node_child(node, "capacities"), &c->capacities))
        || (st = read_span(src, node_child(node, "acknowledge-within"), &c->acknowledge))
        || (st = read_span(src, node_child(node, "decide-within"), &c->decide))
        || (st = read_span(src, node_child(node, "answer-within"), &c->answer))
        || (st = read_span(src, close, &c->close))
        || (st = read_ladder(src, node_child(node, "escalation"), a, c)))
        return st;
    if (close && !(c->type->watched_until && c->type->closed_by))
        return refuse(src, close->line,
                      "`close-within' is for what is watched to an end: %s is not", c->type->name);
    return floor ? read_number(src, floor, SMALL_NUMBER_FLOOR_MAX, &c->small_number_floor) : ST_OK;
}

static enum status read_clause(const struct source *src, const struct node *node,
                               struct clause_index *index, struct agreement *a)
{
    static const struct key keys[] = {{"id", true},
                                      {"type", true},
                                      {"from", true},
                                      {"to", true},
                                      {"purpose", true},
                                      {"gateway", true},
                                      {"required", true},
                                      {"allowed", false},
                                      {"only-in-reply", false},
                                      {"only-by-holder", false},
                                      {"capacities", false},
                                      {"acknowledge-within", false},
                                      {"decide-within", false},
                                      {"answer-within", false},
                                      {"close-within", false},
                                      {"escalation", false},
                                      {"small-number-floor", false}};
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
    if ((st = check_reply(src, node, c)) || (st = check_clause(src, a, c, optional))
        || (st = check_unique(src, index, a, c)) || (st = check_charter(src, node, a, c))
        || (st = check_gateway(src, node_child(node, "gateway"), a, c, c->required | optional))
        || (st = read_conditions(src, node, a, c)))
        return st;
    c->allowed = c->required | optional;
    clause_index_add(index, a->clauses, a->clause_count++);
    return ST_OK;
}

enum status read_clauses(const struct source *src, const struct node *list, struct agreement *a)
{
    struct clause_index index = {0};
    enum status st = read_list(src, list, 1, CLAUSES_MAX);

    if (st != ST_OK)
        return st;
    if (!(a->clauses = calloc(list->count, sizeof *a->clauses)))
        return ST_NOMEM;
    for (const struct node *n = list->first; n; n = n->next)
        if ((st = read_clause(src, n, &index, a)) != ST_OK)
            return st;
    return ST_OK;
}
