#include "agreements/flows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/header.pb-c.h"

bool side_is_party(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

static enum status add(struct flows *flows, const struct flow *flow)
{
    if (flows->count == FLOWS_MAX)
        return ST_LIMIT;
    if (flows->count == flows->room) {
        size_t room = flows->room ? 2 * flows->room : 256;
        struct flow *grown = reallocarray(flows->items, room, sizeof *grown);

        if (!grown)
            return ST_NOMEM;
        flows->items = grown;
        flows->room = room;
    }
    flows->items[flows->count++] = *flow;
    return ST_OK;
}

static enum status add_categories(struct flows *flows, struct flow flow)
{
    for (uint32_t category = 0; category < 32; category++) {
        enum status st;

        if (!(flow.clause->allowed & (1u << category)))
            continue;
        flow.category = category;
        flow.required = flow.clause->required & (1u << category);
        if ((st = add(flows, &flow)) != ST_OK)
            return st;
    }
    return ST_OK;
}

/* What is added of each pair of agencies that a clause means. */
typedef enum status add_function(struct flows *flows, struct flow flow);

static enum status add_whole(struct flows *flows, struct flow flow)
{
    return add(flows, &flow);
}

static enum status add_clause(struct flows *flows, const struct agreement *a,
                              const struct clause *c, add_function *add_pair)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < a->party_count; i++) {
        if (!side_is_party(c->from, &a->parties[i]))
            continue;
        for (size_t j = 0; st == ST_OK && j < a->party_count; j++)
            if (i != j && side_is_party(c->to, &a->parties[j]))
                st = add_pair(flows, (struct flow){.from = a->parties[i].agency,
                                                   .to = a->parties[j].agency,
                                                   .type = c->type,
                                                   .purpose = c->purpose,
                                                   .agreement = a,
                                                   .clause = c});
    }
    return st;
}

int flow_compare(const struct flow *a, const struct flow *b)
{
    int order = strcmp(a->from, b->from);

    order = order ? order : strcmp(a->to, b->to);
    order = order ? order : strcmp(a->type->name, b->type->name);
    order = order ? order : strcmp(a->purpose, b->purpose);
    return order ? order : (a->category > b->category) - (a->category < b->category);
}

static int by_flow_and_clause(const void *a, const void *b)
{
    const struct flow *x = a, *y = b;
    int order = flow_compare(x, y);

    order = order ? order : strcmp(x->agreement->id, y->agreement->id);
    return order ? order : strcmp(x->clause->id, y->clause->id);
}

static enum status list(const struct agreement_set *set, int64_t on_ms, add_function *add_pair,
                        struct flows **out)
{
    OWNED(flows) flows = calloc(1, sizeof *flows);

    if (!flows)
        return ST_NOMEM;
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        enum status st = ST_OK;

        if (on_ms != FLOW_ANY_DAY && (on_ms < a->from_ms || on_ms >= a->until_ms))
            continue;
        for (size_t j = 0; st == ST_OK && j < a->clause_count; j++)
            st = add_clause(flows, a, &a->clauses[j], add_pair);
        if (st != ST_OK)
            return st;
    }
    if (flows->count > 0) /* qsort() must not see a NULL base */
        qsort(flows->items, flows->count, sizeof *flows->items, by_flow_and_clause);
    *out = GIVE(flows);
    return ST_OK;
}

enum status flows_of(const struct agreement_set *set, int64_t on_ms, struct flows **out)
{
    return list(set, on_ms, add_categories, out);
}

enum status clause_flows_of(const struct agreement_set *set, struct flows **out)
{
    return list(set, FLOW_ANY_DAY, add_whole, out);
}

void flows_free(struct flows *flows)
{
    if (!flows)
        return;
    free(flows->items);
    free(flows);
}

size_t flows_run(const struct flows *flows, size_t at)
{
    size_t end = at;

    while (end < flows->count && flow_compare(&flows->items[at], &flows->items[end]) == 0)
        end++;
    return end - at;
}

/* ---- circumstances ---- */

circumstance_set clause_circumstances(const struct agreement *a, const struct clause *c)
{
    circumstance_set set = 0, of_two_officers;

    for (uint32_t capacity = 0; capacity < CAPACITIES; capacity++) {
        if (c->capacities && !(c->capacities & (1u << capacity)))
            continue;
        for (uint32_t holder = c->only_by_holder; holder < 2; holder++)
            for (uint32_t reply = c->only_in_reply; reply < 2; reply++)
                set |= CIRCUMSTANCE(0, capacity, holder, reply);
    }
    of_two_officers = set << (4 * CAPACITIES);
    return a->is_charter ? of_two_officers : set | of_two_officers;
}

circumstance_set flow_circumstances(const struct flow *run, size_t count)
{
    circumstance_set set = 0;

    for (size_t i = 0; i < count; i++)
        set |= clause_circumstances(run[i].agreement, run[i].clause);
    return set;
}

/* Holder and reply of one capacity. A condition only ever asks for more, so these are all. */
enum {
    PATTERN_BOTH = 1u << 3,
    PATTERN_REPLY = PATTERN_BOTH | 1u << 1,
    PATTERN_HOLDER = PATTERN_BOTH | 1u << 2,
    PATTERN_EITHER = PATTERN_REPLY | PATTERN_HOLDER,
    PATTERN_ALWAYS = 15u
};

static const struct {
    uint32_t pattern;
    const char *text;
} patterns[] = {
    {PATTERN_ALWAYS, "always"},
    {PATTERN_REPLY, "only in reply"},
    {PATTERN_HOLDER, "only by the case's holder"},
    {PATTERN_EITHER, "only in reply or by the case's holder"},
    {PATTERN_BOTH, "only in reply by the case's holder"},
};

static uint32_t pattern_of(circumstance_set set, uint32_t capacity)
{
    return (uint32_t)(set >> (4 * capacity)) & 15;
}

__attribute__((format(printf, 3, 4))) static void append(char *out, size_t room, const char *format,
                                                         ...)
{
    size_t size = strlen(out);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(out + size, room - size, format, arguments);
    va_end(arguments);
}

static void append_capacities(circumstance_set set, uint32_t pattern, char *out)
{
    const char *before = ", of ";

    for (uint32_t capacity = 0; capacity < CAPACITIES; capacity++) {
        const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
            &concordat__subject_capacity__descriptor, (int)capacity);

        if (pattern_of(set, capacity) != pattern)
            continue;
        append(out, CIRCUMSTANCES_TEXT, "%s%s", before,
               capacity && value ? value->name : "a subject of unsaid capacity");
        before = " or ";
    }
}

/* Of the lower half of the set. Each sentence begins with `what`. */
static void append_patterns(circumstance_set set, const char *what, char *out)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        uint32_t alike = 0;

        for (uint32_t capacity = 0; capacity < CAPACITIES; capacity++)
            alike += pattern_of(set, capacity) == patterns[i].pattern;
        if (alike == 0)
            continue;
        append(out, CIRCUMSTANCES_TEXT, "%s%s%s", out[0] ? "; " : "", what, patterns[i].text);
        if (alike < CAPACITIES)
            append_capacities(set, patterns[i].pattern, out);
    }
}

void circumstances_print(circumstance_set set, char out[static CIRCUMSTANCES_TEXT])
{
    circumstance_set plain = set & (CIRCUMSTANCE(1, 0, 0, 0) - 1);
    circumstance_set of_two_officers = set >> (4 * CAPACITIES);

    out[0] = '\0';
    append_patterns(plain, "", out);
    if (of_two_officers != plain)
        append_patterns(of_two_officers, "with two officers, ", out);
    if (!out[0])
        append(out, CIRCUMSTANCES_TEXT, "never");
}
