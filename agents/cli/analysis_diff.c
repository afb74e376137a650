/*
 * analysis_diff.c - `concordat agreement diff`: what a new version permits and an old one did not.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/analysis.h"
#include "agents/cli/arguments.h"
#include "agents/cli/policy.h"
#include "agents/cli/show.h"
#include "agreements/diff.h"

#define RUN_TEXT                                                                                   \
    (2 * CIRCUMSTANCES_TEXT + 16) /* bytes: what is longer is cut, and --json has it whole */

/* --- JSON --- */

static json_t *json_of_run(const struct flow *run, size_t count)
{
    char when[CIRCUMSTANCES_TEXT];
    json_t *clauses = json_array();

    if (count == 0) {
        json_decref(clauses);
        return json_null();
    }
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(
            clauses, json_pack("{s:s, s:s, s:s}", "agreement", run[i].agreement->id, "clause",
                               run[i].clause->id, "gateway", run[i].clause->gateway));
    circumstances_print(flow_circumstances(run, count), when);
    return json_pack("{s:b, s:s, s:o}", "required", flow_is_required(run, count), "when", when,
                     "clauses", clauses);
}

static json_t *json_of_change(const struct flow_change *c)
{
    const struct flow *flow = c->after ? c->after : c->before;

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "change", flow_change_name(c->kind), "from",
        flow->from, "to", flow->to, "type", flow->type->name, "purpose", flow->purpose, "category",
        category_name(flow->category), "before", json_of_run(c->before, c->before_count), "after",
        json_of_run(c->after, c->after_count));
}

static json_t *json_of_clause(const struct flow *flow)
{
    return flow ? json_pack("{s:s, s:s, s:s}", "agreement", flow->agreement->id, "clause",
                            flow->clause->id, "gateway", flow->clause->gateway)
                : json_null();
}

static json_t *json_of_widened(const struct clause_change *c)
{
    char wider[WIDER_TEXT];

    wider_print(c->wider, wider);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "change", "widened", "from",
                     c->after->from, "to", c->after->to, "type", c->after->type->name, "purpose",
                     c->after->purpose, "widerIn", wider, "before", json_of_clause(c->before),
                     "after", json_of_clause(c->after));
}

static json_t *json_of_term(const struct term_change *t)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "agreement", t->agreement, "where", t->where,
                     "term", t->term, "before", t->before, "after", t->after, "widens", t->widens);
}

static enum exit_code show_as_json(const struct diff *diff)
{
    json_t *flows = json_array(), *clauses = json_array(), *terms = json_array();

    for (size_t i = 0; i < diff->change_count; i++)
        (void)json_array_append_new(flows, json_of_change(&diff->changes[i]));
    for (size_t i = 0; i < diff->widened_count; i++)
        (void)json_array_append_new(clauses, json_of_widened(&diff->widened[i]));
    for (size_t i = 0; i < diff->terms->count; i++)
        (void)json_array_append_new(terms, json_of_term(&diff->terms->items[i]));
    return show_json(json_pack("{s:b, s:o, s:o, s:o}", "widens", diff_widens(diff), "flows", flows,
                               "clauses", clauses, "terms", terms));
}

/* --- text --- */

static void print_clauses(const struct flow *run, size_t count, char out[static RUN_TEXT])
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < count && at < RUN_TEXT; i++)
        at += (size_t)snprintf(out + at, RUN_TEXT - at, "%s%s %s", i ? ", " : "",
                               run[i].agreement->id, run[i].clause->id);
}

static void print_gateways(const struct flow *run, size_t count, char out[static RUN_TEXT])
{
    size_t at = 0;

    for (size_t i = 0; i < count && at < RUN_TEXT; i++)
        at += (size_t)snprintf(out + at, RUN_TEXT - at, "%s%s", i ? ", " : "",
                               run[i].clause->gateway);
}

static const char *duty(const struct flow *run, size_t count)
{
    return flow_is_required(run, count) ? "must come" : "may come";
}

static void print_other_gateways(const struct flow_change *c, char out[static RUN_TEXT])
{
    char before[RUN_TEXT], after[RUN_TEXT];

    print_gateways(c->before, c->before_count, before);
    print_gateways(c->after, c->after_count, after);
    (void)snprintf(out, RUN_TEXT, "%.480s; now %.480s", before, after);
}

/* What a reader has to know of the change besides its flow. */
static void print_when(const struct flow_change *c, char out[static RUN_TEXT])
{
    char before[CIRCUMSTANCES_TEXT], after[CIRCUMSTANCES_TEXT];

    circumstances_print(flow_circumstances(c->before, c->before_count), before);
    circumstances_print(flow_circumstances(c->after, c->after_count), after);
    if (c->kind == FLOW_GAINED)
        (void)snprintf(out, RUN_TEXT, "%s", after);
    else if (c->kind == FLOW_LOST)
        (void)snprintf(out, RUN_TEXT, "%s", before);
    else if (c->kind != FLOW_RESTATED)
        (void)snprintf(out, RUN_TEXT, "%s; now %s", before, after);
    else if (flow_is_required(c->before, c->before_count)
             != flow_is_required(c->after, c->after_count))
        (void)snprintf(out, RUN_TEXT, "%s; now %s", duty(c->before, c->before_count),
                       duty(c->after, c->after_count));
    else
        print_other_gateways(c, out);
}

static bool show_flows(const struct cli *cli, const struct diff *diff)
{
    static const char *const headings[] = {"FLOW",    "FROM",     "TO",     "TYPE",
                                           "PURPOSE", "CATEGORY", "CLAUSE", "WHEN"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));

    if (!table)
        return false;
    for (size_t i = 0; i < diff->change_count; i++) {
        const struct flow_change *c = &diff->changes[i];
        const struct flow *flow = c->after ? c->after : c->before;
        char text[RUN_TEXT];

        table_add(table, flow_change_name(c->kind));
        table_add(table, flow->from);
        table_add(table, flow->to);
        table_add(table, flow->type->name);
        table_add(table, flow->purpose);
        table_add(table, category_name(flow->category));
        print_clauses(flow, c->after ? c->after_count : c->before_count, text);
        table_add(table, text);
        print_when(c, text);
        table_add(table, text);
    }
    if (diff->change_count > 0)
        table_print(table, cli);
    return true;
}

static bool show_widened(const struct cli *cli, const struct diff *diff)
{
    static const char *const headings[] = {"CLAUSE",  "FROM", "TO",     "TYPE",
                                           "PURPOSE", "NOW",  "BEFORE", "WIDER IN"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));

    if (!table)
        return false;
    for (size_t i = 0; i < diff->widened_count; i++) {
        const struct clause_change *c = &diff->widened[i];
        char text[RUN_TEXT], wider[WIDER_TEXT];

        table_add(table, "widened");
        table_add(table, c->after->from);
        table_add(table, c->after->to);
        table_add(table, c->after->type->name);
        table_add(table, c->after->purpose);
        print_clauses(c->after, 1, text);
        table_add(table, text);
        print_clauses(c->before, c->before ? 1 : 0, text);
        table_add(table, text);
        wider_print(c->wider, wider);
        table_add(table, wider);
    }
    if (diff->widened_count > 0) {
        printf("\n");
        table_print(table, cli);
    }
    return true;
}

static bool show_terms(const struct cli *cli, const struct term_changes *terms)
{
    static const char *const headings[] = {"AGREEMENT", "OF", "TERM", "BEFORE", "AFTER", "EFFECT"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));

    if (!table)
        return false;
    for (size_t i = 0; i < terms->count; i++) {
        const struct term_change *t = &terms->items[i];

        table_add(table, t->agreement);
        table_add(table, t->where);
        table_add(table, t->term);
        table_add(table, t->before);
        table_add(table, t->after);
        table_add(table, t->widens ? "widens" : "");
    }
    if (terms->count > 0) {
        printf("\n");
        table_print(table, cli);
    }
    return true;
}

static enum exit_code show_as_text(const struct cli *cli, const struct diff *diff)
{
    printf("flows:");
    for (unsigned kind = FLOW_GAINED; kind < FLOW_CHANGE_KINDS; kind++)
        printf("%s %zu %s", kind == FLOW_GAINED ? "" : ",", diff_count(diff, kind),
               flow_change_name(kind));
    printf("; %zu widened clause%s; %zu term%s\n", diff->widened_count,
           diff->widened_count == 1 ? "" : "s", diff->terms->count,
           diff->terms->count == 1 ? "" : "s");
    if (diff->change_count > 0)
        printf("\n");
    if (!show_flows(cli, diff) || !show_widened(cli, diff) || !show_terms(cli, diff->terms))
        return EXIT_FAILED;
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

enum exit_code run_agreement_diff(struct cli *cli, const struct command *self, int argc,
                                  char **argv)
{
    bool quiet = false;
    const struct option_spec specs[] = {
        {"quiet", OPTION_FLAG, &quiet, NULL, "print nothing; exit 1 when anything is widened"},
    };
    struct arguments arguments;
    OWNED(agreement_set) before = NULL;
    OWNED(agreement_set) after = NULL;
    OWNED(diff) diff = NULL;
    enum exit_code code;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!(before = policy_of(cli, &arguments.items[0], 1, &code))
        || !(after = policy_of(cli, &arguments.items[1], 1, &code)))
        return code;
    switch ((int)diff_of(before, after, &diff)) {
    case ST_OK:
        break;
    case ST_LIMIT:
        complain("more than %d flows", FLOWS_MAX);
        return EXIT_FAILED;
    default:
        complain("memory is out");
        return EXIT_FAILED;
    }
    if (quiet)
        return diff_widens(diff) ? EXIT_FAILED : EXIT_DONE;
    return cli->json ? show_as_json(diff) : show_as_text(cli, diff);
}
