/*
 * reach.c - a search over (agency, agreement by which it got the category): an onward list opens
 * only to who got something under its agreement, so the agency alone is not enough of a place.
 */
#include "agreements/reach.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE SIZE_MAX

/* A flow of the category, or an entry of an onward list, with names as numbers. */
struct edge {
    size_t from, to, agreement;
    const struct flow *flow;
};

struct graph {
    const struct agreement_set *set;
    size_t agency_count, edge_count, place_count;
    const char **agencies; /* owned array; in order, each once */
    struct edge *edges;    /* owned; in order of from */
    /* of one search; a place is agency * (agreements + 1) + agreement, the last for a start */
    size_t *parents;           /* owned: the place before; NOWHERE: not reached */
    const struct flow **flows; /* owned array: the flow that led here; NULL: onward */
    size_t *queue;             /* owned */
};

static void graph_free(struct graph *g)
{
    if (!g)
        return;
    free(g->agencies);
    free(g->edges);
    free(g->parents);
    free(g->flows);
    free(g->queue);
    free(g);
}
OWN(graph)

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

static size_t agency_number(const struct graph *g, const char *agency)
{
    const char **found = bsearch(&agency, g->agencies, g->agency_count, sizeof agency, by_name);

    return found ? (size_t)(found - g->agencies) : NOWHERE;
}

static size_t agreement_number(const struct agreement_set *set, const struct agreement *a)
{
    size_t low = 0, high = agreement_set_count(set);

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (strcmp(agreement_set_at(set, mid)->id, a->id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static enum status name_agencies(struct graph *g)
{
    size_t room = 1, count = 0;

    for (size_t i = 0; i < agreement_set_count(g->set); i++)
        room +=
            agreement_set_at(g->set, i)->party_count + agreement_set_at(g->set, i)->onward_count;
    if (!(g->agencies = calloc(room, sizeof *g->agencies)))
        return ST_NOMEM;
    for (size_t i = 0; i < agreement_set_count(g->set); i++) {
        const struct agreement *a = agreement_set_at(g->set, i);

        for (size_t j = 0; j < a->party_count; j++)
            g->agencies[count++] = a->parties[j].agency;
        for (size_t j = 0; j < a->onward_count; j++)
            g->agencies[count++] = a->onward[j];
    }
    qsort(g->agencies, count, sizeof *g->agencies, by_name);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(g->agencies[i], g->agencies[g->agency_count - 1]) != 0)
            g->agencies[g->agency_count++] = g->agencies[i];
    return ST_OK;
}

static enum status graph_new(const struct agreement_set *set, const struct flows *flows,
                             uint32_t category, struct graph **out)
{
    OWNED(graph) g = calloc(1, sizeof *g);

    if (!g)
        return ST_NOMEM;
    g->set = set;
    if (name_agencies(g) != ST_OK)
        return ST_NOMEM;
    g->place_count = g->agency_count * (agreement_set_count(set) + 1);
    g->edges = calloc(flows->count + 1, sizeof *g->edges);
    g->parents = calloc(g->place_count + 1, sizeof *g->parents);
    g->flows = calloc(g->place_count + 1, sizeof *g->flows);
    g->queue = calloc(g->place_count + 1, sizeof *g->queue);
    if (!g->edges || !g->parents || !g->flows || !g->queue)
        return ST_NOMEM;
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *flow = &flows->items[i];

        if (flow->category == category)
            g->edges[g->edge_count++] =
                (struct edge){agency_number(g, flow->from), agency_number(g, flow->to),
                              agreement_number(set, flow->agreement), flow};
    }
    *out = GIVE(g);
    return ST_OK;
}

/* The first edge from an agency. */
static size_t first_edge(const struct graph *g, size_t agency)
{
    size_t low = 0, high = g->edge_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (g->edges[mid].from < agency)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static size_t place_of(const struct graph *g, size_t agency, size_t agreement)
{
    return agency * (agreement_set_count(g->set) + 1) + agreement;
}

static void step(struct graph *g, size_t from, size_t to, const struct flow *flow, size_t *tail)
{
    if (g->parents[to] != NOWHERE)
        return;
    g->parents[to] = from;
    g->flows[to] = flow;
    g->queue[(*tail)++] = to;
}

/* Breadth first from one agency: each place once, by a shortest way. Gives how many it reached. */
static size_t search_from(struct graph *g, size_t start)
{
    size_t agreements = agreement_set_count(g->set), head = 0, tail = 0;

    for (size_t i = 0; i < g->place_count; i++)
        g->parents[i] = NOWHERE;
    step(g, place_of(g, start, agreements), place_of(g, start, agreements), NULL, &tail);
    while (head < tail) {
        size_t place = g->queue[head++];
        size_t agency = place / (agreements + 1), agreement = place % (agreements + 1);

        for (size_t i = first_edge(g, agency); i < g->edge_count && g->edges[i].from == agency; i++)
            step(g, place, place_of(g, g->edges[i].to, g->edges[i].agreement), g->edges[i].flow,
                 &tail);
        if (agreement == agreements)
            continue;
        const struct agreement *a = agreement_set_at(g->set, agreement);
        for (size_t i = 0; i < a->onward_count; i++)
            step(g, place, place_of(g, agency_number(g, a->onward[i]), agreement), NULL, &tail);
    }
    return tail;
}

static enum status add_hop(struct reach *reach, const struct hop *hop)
{
    if (reach->hop_count == reach->hop_room) {
        size_t room = reach->hop_room ? 2 * reach->hop_room : 256;
        struct hop *grown = reallocarray(reach->hops, room, sizeof *grown);

        if (!grown)
            return ST_NOMEM;
        reach->hops = grown;
        reach->hop_room = room;
    }
    reach->hops[reach->hop_count++] = *hop;
    return ST_OK;
}

/* The chain that ends at `place`, first hop first. */
static enum status add_chain(struct reach *reach, const struct graph *g, size_t place,
                             struct holding *holding)
{
    size_t each = agreement_set_count(g->set) + 1;

    holding->first_hop = reach->hop_count;
    for (size_t at = place; g->parents[at] != at; at = g->parents[at]) {
        const struct hop hop = {.from = g->agencies[g->parents[at] / each],
                                .to = g->agencies[at / each],
                                .agreement = agreement_set_at(g->set, at % each),
                                .flow = g->flows[at]};

        if (add_hop(reach, &hop) != ST_OK)
            return ST_NOMEM;
    }
    holding->hop_count = reach->hop_count - holding->first_hop;
    for (size_t i = 0; i < holding->hop_count / 2; i++) {
        struct hop *a = &reach->hops[holding->first_hop + i];
        struct hop *b = &reach->hops[reach->hop_count - 1 - i], swapped = *a;

        *a = *b;
        *b = swapped;
    }
    return ST_OK;
}

static int by_length(const void *a, const void *b)
{
    const struct holding *x = a, *y = b;
    int order = (x->hop_count > y->hop_count) - (x->hop_count < y->hop_count);

    return order ? order : strcmp(x->agency, y->agency);
}

/* `seen` is one flag for each agency. The queue is in order of distance, so the first place of an
 * agency is its nearest. */
static enum status add_holdings(struct reach *reach, struct graph *g, size_t start, bool *seen)
{
    size_t each = agreement_set_count(g->set) + 1, reached = search_from(g, start);
    size_t first = reach->holding_count;
    struct holding *grown =
        reallocarray(reach->holdings, first + g->agency_count + 1, sizeof *grown);

    if (!grown)
        return ST_NOMEM;
    reach->holdings = grown;
    memset(seen, 0, g->agency_count);
    seen[start] = true;
    for (size_t i = 0; i < reached; i++) {
        size_t agency = g->queue[i] / each;
        struct holding holding = {.start = g->agencies[start], .agency = g->agencies[agency]};

        if (seen[agency])
            continue;
        seen[agency] = true;
        if (add_chain(reach, g, g->queue[i], &holding) != ST_OK)
            return ST_NOMEM;
        reach->holdings[reach->holding_count++] = holding;
    }
    if (reach->holding_count > first)
        qsort(&reach->holdings[first], reach->holding_count - first, sizeof *grown, by_length);
    return ST_OK;
}

static void mark_receivers(struct reach *reach)
{
    for (size_t i = 0; i < reach->start_count; i++)
        for (size_t j = 0; j < reach->holding_count; j++)
            if (strcmp(reach->holdings[j].agency, reach->starts[i].agency) == 0)
                reach->starts[i].may_receive = true;
}

static enum status search(struct reach *reach, struct graph *g)
{
    bool *seen = calloc(g->agency_count + 1, sizeof *seen);
    enum status st = ST_OK;

    reach->starts = calloc(g->agency_count + 1, sizeof *reach->starts);
    if (!seen || !reach->starts)
        st = ST_NOMEM;
    for (size_t i = 0; st == ST_OK && i < g->edge_count; i++) {
        if (i > 0 && g->edges[i].from == g->edges[i - 1].from)
            continue;
        reach->starts[reach->start_count++].agency = g->agencies[g->edges[i].from];
        st = add_holdings(reach, g, g->edges[i].from, seen);
    }
    free(seen);
    mark_receivers(reach);
    return st;
}

enum status reach_of(const struct agreement_set *set, uint32_t category, int64_t on_ms,
                     struct reach **out)
{
    OWNED(reach) reach = calloc(1, sizeof *reach);
    OWNED(graph) graph = NULL;
    enum status st;

    if (!reach)
        return ST_NOMEM;
    if ((st = flows_of(set, on_ms, &reach->flows)) != ST_OK
        || (st = graph_new(set, reach->flows, category, &graph)) != ST_OK
        || (st = search(reach, graph)) != ST_OK)
        return st;
    *out = GIVE(reach);
    return ST_OK;
}

void reach_free(struct reach *reach)
{
    if (!reach)
        return;
    flows_free(reach->flows);
    free(reach->starts);
    free(reach->holdings);
    free(reach->hops);
    free(reach);
}
