#include "agreements/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/decide.h"

const char *flow_change_name(enum flow_change_kind kind)
{
    static const char *const names[FLOW_CHANGE_KINDS] = {
        "?", "gained", "lost", "widened", "narrowed", "shifted", "restated"};

    return kind < FLOW_CHANGE_KINDS ? names[kind] : "?";
}

bool flow_is_required(const struct flow *run, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!run[i].required)
            return false;
    return count > 0;
}

static bool has_gateway(const struct flow *run, size_t count, const char *gateway)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(run[i].clause->gateway, gateway) == 0)
            return true;
    return false;
}

/* Does each gateway of the first run stand in the second? */
static bool gateways_are_in(const struct flow *run, size_t count, const struct flow *other,
                            size_t other_count)
{
    for (size_t i = 0; i < count; i++)
        if (!has_gateway(other, other_count, run[i].clause->gateway))
            return false;
    return true;
}

/* 0 when the two runs of one flow say the same. */
static enum flow_change_kind compare_runs(const struct flow_change *c)
{
    circumstance_set before = flow_circumstances(c->before, c->before_count);
    circumstance_set after = flow_circumstances(c->after, c->after_count);

    if (before != after)
        return (after & ~before) == 0 ? FLOW_NARROWED
             : (before & ~after) == 0 ? FLOW_WIDENED
                                      : FLOW_SHIFTED;
    if (flow_is_required(c->before, c->before_count) != flow_is_required(c->after, c->after_count)
        || !gateways_are_in(c->before, c->before_count, c->after, c->after_count)
        || !gateways_are_in(c->after, c->after_count, c->before, c->before_count))
        return FLOW_RESTATED;
    return 0;
}

/* Both lists are in the same order: one walk finds what stands in one alone. */
static void compare_flows(struct diff *diff)
{
    const struct flows *b = diff->before, *a = diff->after;
    size_t i = 0, j = 0;

    while (i < b->count || j < a->count) {
        int order = i == b->count ? 1
                  : j == a->count ? -1
                                  : flow_compare(&b->items[i], &a->items[j]);
        struct flow_change c = {.kind = order < 0 ? FLOW_LOST : FLOW_GAINED};

        if (order <= 0) {
            c.before = &b->items[i];
            i += c.before_count = flows_run(b, i);
        }
        if (order >= 0) {
            c.after = &a->items[j];
            j += c.after_count = flows_run(a, j);
        }
        if (order == 0)
            c.kind = compare_runs(&c);
        if (c.kind)
            diff->changes[diff->change_count++] = c;
    }
}

/* ---- clauses ---- */

void wider_print(uint32_t wider, char out[static WIDER_TEXT])
{
    static const char *const texts[] = {"nothing of the kind before",
                                        "another gateway",
                                        "categories together",
                                        "fewer required",
                                        "circumstances",
                                        "uses per day",
                                        "lower small-number floor",
                                        "longer retention",
                                        "onward",
                                        "dates",
                                        "marking",
                                        "pinned keys"};
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof texts / sizeof *texts && at < WIDER_TEXT; i++)
        if (wider & 1u << i)
            at += (size_t)snprintf(out + at, WIDER_TEXT - at, "%s%s", at ? ", " : "", texts[i]);
}

static bool onward_is_in(const struct agreement *a, const struct agreement *b)
{
    for (size_t i = 0; i < a->onward_count; i++)
        if (!agreement_allows_onward(b, a->onward[i]))
            return false;
    return true;
}

static bool keys_are_in(size_t count, const struct digest keys[], size_t other_count,
                        const struct digest other[])
{
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;

        while (j < other_count && !digest_equal(&keys[i], &other[j]))
            j++;
        if (j == other_count)
            return false;
    }
    return true;
}

static bool pins_are_in(const struct agreement *a, const struct agreement *b, const char *agency)
{
    const struct party *x = agreement_party(a, agency), *y = agreement_party(b, agency);

    return x && y && keys_are_in(x->signing_count, x->signing, y->signing_count, y->signing)
        && keys_are_in(x->governance_count, x->governance, y->governance_count, y->governance);
}

static uint32_t if_wider(bool is_wider, enum wider in)
{
    return is_wider ? (uint32_t)in : 0;
}

/* In what the clause of `after` permits more than that of `before`, both for the same type, purpose
 * and agencies; 0 when it is covered. */
static uint32_t wider_than(const struct flow *before, const struct flow *after)
{
    const struct agreement *b = before->agreement, *a = after->agreement;
    const struct clause *x = before->clause, *y = after->clause;

    return if_wider(strcmp(x->gateway, y->gateway) != 0, WIDER_GATEWAY)
         | if_wider(y->allowed & ~x->allowed, WIDER_TOGETHER)
         | if_wider(x->required & ~y->required, WIDER_REQUIRED)
         | if_wider(clause_circumstances(a, y) & ~clause_circumstances(b, x), WIDER_WHEN)
         | if_wider(b->is_charter && a->is_charter && a->uses_per_day > b->uses_per_day, WIDER_USES)
         | if_wider(y->small_number_floor < x->small_number_floor, WIDER_FLOOR)
         | if_wider(a->retention_days > b->retention_days, WIDER_RETENTION)
         | if_wider(!onward_is_in(a, b), WIDER_ONWARD)
         | if_wider(a->from_ms < b->from_ms || a->until_ms > b->until_ms, WIDER_DATES)
         | if_wider(least_marking(a, y) < least_marking(b, x)
                        || a->marking_ceiling > b->marking_ceiling,
                    WIDER_MARKING)
         | if_wider(!pins_are_in(a, b, after->from) || !pins_are_in(a, b, after->to), WIDER_KEYS);
}

/* Against each clause of the run: the nearest, or none. */
static struct clause_change judge(const struct flow *after, const struct flow *run, size_t count)
{
    struct clause_change nearest = {.after = after, .wider = WIDER_NEW};

    for (size_t i = 0; i < count; i++) {
        uint32_t wider = wider_than(&run[i], after);

        if (!nearest.before || __builtin_popcount(wider) < __builtin_popcount(nearest.wider)) {
            nearest.before = &run[i];
            nearest.wider = wider;
        }
    }
    return nearest;
}

/* Both lists are in the same order. */
static void compare_clauses(struct diff *diff)
{
    const struct flows *b = diff->clauses_before, *a = diff->clauses_after;
    size_t at = 0;

    for (size_t i = 0; i < a->count; i++) {
        size_t run;

        while (at < b->count && flow_compare(&b->items[at], &a->items[i]) < 0)
            at++;
        run =
            at < b->count && flow_compare(&b->items[at], &a->items[i]) == 0 ? flows_run(b, at) : 0;
        struct clause_change c = judge(&a->items[i], run ? &b->items[at] : NULL, run);
        if (c.wider)
            diff->widened[diff->widened_count++] = c;
    }
}

enum status diff_of(const struct agreement_set *before, const struct agreement_set *after,
                    struct diff **out)
{
    OWNED(diff) diff = calloc(1, sizeof *diff);
    enum status st;

    if (!diff)
        return ST_NOMEM;
    if ((st = flows_of(before, FLOW_ANY_DAY, &diff->before)) != ST_OK
        || (st = flows_of(after, FLOW_ANY_DAY, &diff->after)) != ST_OK
        || (st = clause_flows_of(before, &diff->clauses_before)) != ST_OK
        || (st = clause_flows_of(after, &diff->clauses_after)) != ST_OK
        || (st = term_changes_of(before, after, &diff->terms)) != ST_OK)
        return st;
    diff->changes = calloc(diff->before->count + diff->after->count + 1, sizeof *diff->changes);
    diff->widened = calloc(diff->clauses_after->count + 1, sizeof *diff->widened);
    if (!diff->changes || !diff->widened)
        return ST_NOMEM;
    compare_flows(diff);
    compare_clauses(diff);
    *out = GIVE(diff);
    return ST_OK;
}

void diff_free(struct diff *diff)
{
    if (!diff)
        return;
    flows_free(diff->before);
    flows_free(diff->after);
    flows_free(diff->clauses_before);
    flows_free(diff->clauses_after);
    free(diff->widened);
    term_changes_free(diff->terms);
    free(diff->changes);
    free(diff);
}

size_t diff_count(const struct diff *diff, enum flow_change_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < diff->change_count; i++)
        count += diff->changes[i].kind == kind;
    return count;
}

bool diff_widens(const struct diff *diff)
{
    if (diff->widened_count > 0)
        return true;
    if (diff_count(diff, FLOW_GAINED) + diff_count(diff, FLOW_WIDENED)
            + diff_count(diff, FLOW_SHIFTED)
        > 0)
        return true;
    for (size_t i = 0; i < diff->terms->count; i++)
        if (diff->terms->items[i].widens)
            return true;
    return false;
}
