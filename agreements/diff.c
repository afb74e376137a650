#include "agreements/diff.h"

#include <stdlib.h>
#include <string.h>

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

enum status diff_of(const struct agreement_set *before, const struct agreement_set *after,
                    struct diff **out)
{
    OWNED(diff) diff = calloc(1, sizeof *diff);
    enum status st;

    if (!diff)
        return ST_NOMEM;
    if ((st = flows_of(before, FLOW_ANY_DAY, &diff->before)) != ST_OK
        || (st = flows_of(after, FLOW_ANY_DAY, &diff->after)) != ST_OK
        || (st = term_changes_of(before, after, &diff->terms)) != ST_OK)
        return st;
    diff->changes = calloc(diff->before->count + diff->after->count + 1, sizeof *diff->changes);
    if (!diff->changes)
        return ST_NOMEM;
    compare_flows(diff);
    *out = GIVE(diff);
    return ST_OK;
}

void diff_free(struct diff *diff)
{
    if (!diff)
        return;
    flows_free(diff->before);
    flows_free(diff->after);
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
    if (diff_count(diff, FLOW_GAINED) + diff_count(diff, FLOW_WIDENED)
            + diff_count(diff, FLOW_SHIFTED)
        > 0)
        return true;
    for (size_t i = 0; i < diff->terms->count; i++)
        if (diff->terms->items[i].widens)
            return true;
    return false;
}
