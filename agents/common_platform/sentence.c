#include "agents/common_platform/sentence.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "agents/common_platform/take.h"
#include "agents/common_platform/term.h"

#define REQUIREMENTS_MAX 64 /* told of one sentence; all are told as lines */
#define PARENTS_MAX 8       /* steps from a result to its order; ids may run in a circle */

/* Definitions that sum up several terms of one kind of sentence. */
static const struct total {
    const char *type_id, *kind;
} totals[] = {
    /* total custodial period */
    {"6cb15971-c945-4398-b7c9-3f8b743a4de3", "IMMEDIATE_CUSTODY"},
    /* total suspended custodial period */
    {"b65fb5f1-b11d-4a95-a198-3b81333c7cf9", "SUSPENDED_SENTENCE_ORDER"},
    /* total suspended detention */
    {"dc954e27-f35a-46e2-98a2-9e0ca1fbabb4", "SUSPENDED_SENTENCE_ORDER"},
    /* total detention and training order */
    {"f9d43a8f-dd19-4c0f-9fad-a3d339fd09b4", "DETENTION_AND_TRAINING"},
};

/* ---- its length ---- */

/* Which kind of sentence the result sums up; NULL: it is no total. */
static const char *total_kind(const struct node *result)
{
    const char *type = node_text(node_get(result, "judicialResultTypeId"));

    for (size_t i = 0; type && i < sizeof totals / sizeof *totals; i++) {
        if (strcasecmp(type, totals[i].type_id) == 0)
            return totals[i].kind;
    }
    return NULL;
}

/* Is it the total of the terms that make the sentence, and not of others? */
static bool is_total(const struct results *results, const struct node *result)
{
    const char *kind = total_kind(result);

    return kind && strcmp(kind, results->sentence->kind) == 0;
}

/* Is it one of the terms that make the sentence? */
static bool is_term(const struct results *results, const struct node *result)
{
    const struct result_code *code = result_sentence_code(result);

    return code && strcmp(code->kind, results->sentence->kind) == 0;
}

static bool same_length(const struct term *a, const struct term *b)
{
    return a->unit && b->unit && a->count == b->count && strcmp(a->unit, b->unit) == 0;
}

/* A sentence for life has no other length: a minimum term is not one. */
static struct term length_of(const struct results *results, const struct node *result)
{
    if (strcmp(results->sentence->kind, "LIFE_OR_IPP") == 0)
        return term_life(result);
    return term_of(result);
}

/* The length that all which `is_one` holds for agree on; without a unit: they do not, or there are
 * none. */
static struct term common_term(const struct results *results,
                               bool (*is_one)(const struct results *, const struct node *))
{
    struct term common = {0};
    bool some = false;

    for (size_t i = 0; i < results->count; i++) {
        const struct node *result = results->items[i].node;
        struct term term = length_of(results, result);

        if (!is_one(results, result))
            continue;
        if (some && !same_length(&common, &term))
            return (struct term){0};
        common = term;
        some = true;
    }
    return common;
}

/* Several terms have one length when the court said their total, or when they agree. Totals that
 * contradict each other say none, and then neither do the terms. */
static struct term whole_term(const struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        if (is_total(results, results->items[i].node))
            return common_term(results, is_total);
    }
    return common_term(results, is_term);
}

/* The last day that all terms agree on; 0: they do not. */
static uint32_t whole_end(const struct results *results)
{
    uint32_t whole = 0;
    bool some = false;

    for (size_t i = 0; i < results->count; i++) {
        uint32_t ymd = term_end(results->items[i].node).ymd;

        if (!is_term(results, results->items[i].node))
            continue;
        if (some && ymd != whole)
            return 0;
        whole = ymd;
        some = true;
    }
    return whole;
}

static void carry_or_leave(struct source *source, struct node *node, bool carried)
{
    if (carried)
        source_carry(source, node);
    else
        source_leave(source, node, "the terms of the sentence differ");
}

static void put_whole(struct source *source, const struct results *results, json_t *body)
{
    struct term whole = whole_term(results);
    uint32_t end = whole_end(results);

    if (whole.unit)
        put(body, "length", term_json(&whole));
    if (end)
        put(body, "end", date_of(end));
    for (size_t i = 0; i < results->count; i++) {
        struct node *result = results->items[i].node;
        struct term term = length_of(results, result);
        struct term_day last = term_end(result);

        if (!is_term(results, result) && !is_total(results, result))
            continue;
        carry_or_leave(source, term.nodes[0], same_length(&whole, &term));
        carry_or_leave(source, term.nodes[1], same_length(&whole, &term));
        if (is_term(results, result))
            carry_or_leave(source, last.node, end && last.ymd == end);
    }
}

/* ---- its requirements ---- */

static bool has_requirements(const char *kind)
{
    for (size_t i = 0; requirement_kinds[i]; i++) {
        if (strcmp(kind, requirement_kinds[i]) == 0)
            return true;
    }
    return false;
}

/* The result with this `judicialResultId`; NULL: it is not among them. */
static const struct result *result_by_id(const struct results *results, const char *id)
{
    for (size_t i = 0; i < results->count; i++) {
        const char *other = node_text(node_get(results->items[i].node, "judicialResultId"));

        if (other && strcasecmp(other, id) == 0)
            return &results->items[i];
    }
    return NULL;
}

/* Do the orders of this offence that have requirements all belong to the sentence? */
static bool is_of_offence(const struct results *results, unsigned offence)
{
    bool some = false;

    for (size_t i = 0; i < results->count; i++) {
        const struct result_code *code = result_sentence_code(results->items[i].node);

        if (results->items[i].offence != offence || !code || !has_requirements(code->kind))
            continue;
        if (!is_term(results, results->items[i].node))
            return false;
        some = true;
    }
    return some;
}

/* Was it made with the sentence, and not with an order on another offence? Its parent tells, over
 * as many steps as there are (a requirement's own conditions); without one, its offence. */
static bool is_of_sentence(const struct results *results, const struct result *result)
{
    const struct result *at = result;

    for (size_t steps = 0; at && steps < PARENTS_MAX; steps++) {
        const char *parent = node_text(node_get(at->node, "parentJudicialResultId"));

        if (at != result && result_sentence_code(at->node))
            return is_term(results, at->node);
        if (!parent)
            return is_of_offence(results, at->offence);
        at = result_by_id(results, parent);
    }
    return false;
}

static bool holds(const json_t *list, const json_t *item)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (json_equal(json_array_get(list, i), item))
            return true;
    }
    return false;
}

/* One order made for two offences has its requirements twice. */
static void add_requirement(struct source *source, json_t *list, const struct node *result)
{
    const struct result_code *code = result_code_of(result, requirement_codes);
    const char *unit = code ? requirement_unit(code->kind) : NULL;
    struct term term = unit ? term_in(result, unit) : term_of(result);
    struct term_day start = term_start(result), end = term_end(result);
    json_t *requirement;

    if (!code || json_array_size(list) == REQUIREMENTS_MAX)
        return;
    requirement = json_pack("{s:s, s:s}", "kind", code->kind, "pncCode", code->pnc_code);
    if (term.unit)
        put(requirement, "length", term_json(&term));
    if (start.ymd)
        put(requirement, "start", date_of(start.ymd));
    if (end.ymd)
        put(requirement, "end", date_of(end.ymd));
    source_carry(source, term.nodes[0]);
    source_carry(source, term.nodes[1]);
    source_carry(source, start.node);
    source_carry(source, end.node);
    if (holds(list, requirement))
        json_decref(requirement);
    else
        (void)json_array_append_new(list, requirement);
}

static void add_ancillary(json_t *list, const struct node *result)
{
    const struct result_code *code = result_code_of(result, ancillary_codes);
    json_t *text = code ? json_string(code->pnc_code) : NULL;

    if (text && !holds(list, text))
        (void)json_array_append(list, text);
    json_decref(text);
}

/* ---- the whole ---- */

json_t *sentence_of(struct source *source, const struct results *results, const char *court_ou)
{
    const struct result_code *sentence = results->sentence;
    json_t *body = json_pack("{s:s, s:s}", "kind", sentence->kind, "pncCode", sentence->pnc_code);
    json_t *requirements = json_array(), *orders = json_array();

    for (size_t i = 0; i < results->count; i++) {
        struct node *result = results->items[i].node;

        if (is_term(results, result) && !json_object_get(body, "sentencedOn"))
            (void)take_day(source, body, "sentencedOn", node_get(result, "orderedDate"));
        if (has_requirements(sentence->kind) && is_of_sentence(results, &results->items[i]))
            add_requirement(source, requirements, result);
        add_ancillary(orders, result);
    }
    put_whole(source, results, body);
    put(body, "courtOu", json_string(court_ou));
    put_list(body, "requirements", requirements);
    put_list(body, "ancillaryOrderCodes", orders);
    return body;
}
