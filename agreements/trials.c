#include "agreements/trials.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/clauses.h"
#include "agreements/vocabulary.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* By when: once, or again and again. */
static enum status check_span(const struct source *src, const struct node *node,
                              const struct node *at_least)
{
    const struct node *within = node_child(node, "within"), *every = node_child(node, "every");

    if (at_least && (within || every))
        return refuse(src, within ? within->line : every->line, "`%s' does not go with `at-least'",
                      within ? "within" : "every");
    if (within && every)
        return refuse(src, every->line, "`every' does not go with `within'");
    if (!at_least && !within && !every)
        return refuse(src, node->line, "an expectation has no `within', and no `at-least'");
    return ST_OK;
}

/* After one message another; or so many a day. Nothing of the one goes with the other. */
static enum status check_form(const struct source *src, const struct node *node)
{
    static const char *const first[] = {"after", "expect"};
    const struct node *at_least = node_child(node, "at-least"), *type = node_child(node, "type");
    enum status st = check_span(src, node, at_least);

    for (size_t i = 0; st == ST_OK && i < LENGTH(first); i++) {
        const struct node *n = node_child(node, first[i]);
        if (at_least && n)
            return refuse(src, n->line, "`%s' does not go with `at-least'", first[i]);
        if (!at_least && !n)
            return refuse(src, node->line, "an expectation has no `%s', and no `at-least'",
                          first[i]);
    }
    if (st == ST_OK && !at_least && type)
        return refuse(src, type->line, "`type' goes with `at-least' alone");
    if (st == ST_OK && at_least && !node_child(node, "from"))
        return refuse(src, node->line, "an expectation has `at-least', and no `from'");
    return st;
}

/* What is to come again and again ends with a conversation, so it has to belong to one. */
static enum status check_repeats(const struct source *src, const struct node *every,
                                 const struct message_type *then)
{
    if (!catalogue_is_update(then))
        return refuse(src, every->line,
                      "`every' is for what keeps a conversation up to date: %s "
                      "updates nothing",
                      then->name);
    return ST_OK;
}

static bool fits(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

/* Does a clause let the party send it, whoever holds the case? */
static bool may_send(const struct agreement *a, const struct party *party,
                     const struct message_type *type)
{
    for (size_t i = 0; i < a->clause_count; i++)
        if (a->clauses[i].type == type && !a->clauses[i].only_by_holder
            && fits(a->clauses[i].from, party))
            return true;
    return false;
}

/* Whose it is, where it is neither side's own: one party, that can say it, about the case. What
 * goes on in a conversation its two sides alone say. */
static enum status read_named(const struct source *src, const struct node *from,
                              const struct agreement *a, struct expectation *e)
{
    enum status st = read_side(src, from, a, e->from);

    if (st != ST_OK)
        return st;
    if (catalogue_is_update(e->then) || catalogue_is_close(e->then))
        return refuse(
            src, from->line,
            "`from' does not go with %s: it is said in a conversation, and owed by one of "
            "its two sides",
            e->then->name);
    const struct party *named = agreement_named(a, e);
    for (const struct party *p = named + 1; p < a->parties + a->party_count; p++)
        if (fits(e->from, p))
            return refuse(src, from->line, "`from' must be one party: `%s' is `%s' and `%s'",
                          e->from, named->agency, p->agency);
    if (!may_send(a, named, e->then))
        return refuse(src, from->line,
                      "`from' names `%s', and no clause lets it send %s whoever holds the case",
                      named->agency, e->then->name);
    return ST_OK;
}

static enum status read_form(const struct source *src, const struct node *node,
                             const struct agreement *a, struct expectation *e)
{
    const struct node *at_least = node_child(node, "at-least"), *type = node_child(node, "type");
    const struct node *every = node_child(node, "every"), *from = node_child(node, "from");
    enum status st = ST_OK;

    if (!at_least) {
        (void)((st = read_type(src, node_child(node, "after"), &e->after))
               || (st = read_type(src, node_child(node, "expect"), &e->then))
               || (st = read_span(src, every ? every : node_child(node, "within"), &e->within))
               || (every && (st = check_repeats(src, every, e->then)))
               || (from && (st = read_named(src, from, a, e))));
        e->repeats = every != NULL;
        return st;
    }
    (void)((st = read_side(src, from, a, e->from))
           || (type && (st = read_type(src, type, &e->type)))
           || (st = read_number(src, at_least, AT_LEAST_MAX, &e->at_least)));
    return st;
}

static enum status read_expectation(const struct source *src, const struct node *node,
                                    struct agreement *a)
{
    static const struct key keys[] = {{"id", true},      {"after", false},    {"expect", false},
                                      {"within", false}, {"every", false},    {"from", false},
                                      {"type", false},   {"at-least", false}, {"tell", true}};
    struct expectation *e = &a->expectations[a->expectation_count];
    enum status st;

    if ((st = read_keys(src, node, "an expectation", keys, LENGTH(keys))) != ST_OK)
        return st;
    e->line = node->line;
    if ((st = read_name(src, node_child(node, "id"), false, e->id, sizeof e->id))
        || (st = check_form(src, node)) || (st = read_form(src, node, a, e))
        || (st = read_role(src, node_child(node, "tell"), a, &e->tell)))
        return st;
    for (size_t i = 0; i < a->expectation_count; i++)
        if (strcmp(a->expectations[i].id, e->id) == 0)
            return refuse(src, e->line, "expectation `%s' stands here twice; first on line %u",
                          e->id, a->expectations[i].line);
    a->expectation_count++;
    return ST_OK;
}

enum status read_expectations(const struct source *src, const struct node *list,
                              struct agreement *a)
{
    enum status st;

    if (!list)
        return ST_OK;
    if ((st = read_list(src, list, 1, EXPECTATIONS_MAX)) != ST_OK)
        return st;
    if (!(a->expectations = calloc(list->count, sizeof *a->expectations)))
        return ST_NOMEM;
    for (const struct node *n = list->first; n; n = n->next)
        if ((st = read_expectation(src, n, a)) != ST_OK)
            return st;
    return ST_OK;
}

static enum status read_trial(const struct source *src, const struct node *node,
                              struct agreement *a)
{
    static const struct key keys[] = {
        {"name", true},     {"from", true},       {"to", true},        {"type", true},
        {"purpose", false}, {"categories", true}, {"in-reply", false}, {"capacity", false},
        {"on", false},      {"expect", true}};
    struct trial *t = &a->trials[a->trial_count];
    const struct message_type *type = NULL;
    const struct node *on;
    enum status st;

    if ((st = read_keys(src, node, "a test", keys, LENGTH(keys))) != ST_OK)
        return st;
    t->line = node->line;
    on = node_child(node, "on");
    if ((st = read_text(src, node_child(node, "name"), t->name, sizeof t->name))
        || (st = read_agency(src, node_child(node, "from"), t->from))
        || (st = read_agency(src, node_child(node, "to"), t->to))
        || (st = read_type(src, node_child(node, "type"), &type))
        || (st = read_purpose(src, node_child(node, "purpose"), t->purpose))
        || (st = read_categories(src, node_child(node, "categories"), NULL, &t->categories))
        || (st = read_flag(src, node_child(node, "in-reply"), &t->in_reply))
        || (st = read_capacity(src, node_child(node, "capacity"), &t->capacity))
        || (on && (st = read_day(src, on, &t->on_ms)))
        || (st = read_outcome(src, node_child(node, "expect"), &t->expected)))
        return st;
    if (on && t->on_ms <= 0) /* which means: unsaid */
        return refuse(src, on->line, "`on' must be a day after 1970-01-01");
    strcpy(t->type, type->name);
    for (size_t i = 0; i < a->trial_count; i++)
        if (strcmp(a->trials[i].name, t->name) == 0)
            return refuse(src, t->line, "test `%s' stands here twice; first on line %u", t->name,
                          a->trials[i].line);
    a->trial_count++;
    return ST_OK;
}

enum status read_trials(const struct source *src, const struct node *list, struct agreement *a)
{
    enum status st;

    if (!list)
        return ST_OK;
    if ((st = read_list(src, list, 1, TRIALS_MAX)) != ST_OK)
        return st;
    if (!(a->trials = calloc(list->count, sizeof *a->trials)))
        return ST_NOMEM;
    for (const struct node *n = list->first; n; n = n->next)
        if ((st = read_trial(src, n, a)) != ST_OK)
            return st;
    return ST_OK;
}
