/*
 * analysis_explain.c - `concordat agreement explain`: why a message would be refused, clause by
 * clause, and what would have to be otherwise.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/analysis.h"
#include "agents/cli/arguments.h"
#include "agents/cli/policy.h"
#include "agents/cli/show.h"
#include "agreements/considered.h"
#include "lib/clock.h"
#include "lib/nearest.h"
#include "proto/refusal.h"

static const char *code_of(const struct decision *d)
{
    return d->permitted ? "PERMITTED" : refusal_name(d->code);
}

/* --- JSON --- */

static json_t *json_of_candidate(const struct candidate_clause *c)
{
    json_t *changes = json_array();
    json_t *object =
        json_pack("{s:s, s:i, s:s, s:s}", "agreement", c->agreement->id, "version",
                  (int)c->agreement->version, "code", code_of(&c->decision), "said", c->said.text);

    for (size_t i = 0; i < c->change_count; i++)
        (void)json_array_append_new(changes, json_pack("{s:s, s:s}", "code",
                                                       refusal_name(c->changes[i].code), "change",
                                                       c->changes[i].advice.text));
    if (c->clause)
        (void)json_object_set_new(object, "clause", json_string(c->clause->id));
    (void)json_object_set_new(object, "changes", changes);
    (void)json_object_set_new(object, "wouldPermit", json_boolean(c->is_reachable));
    return object;
}

static enum exit_code show_as_json(const struct considered *considered)
{
    json_t *list = json_array();
    json_t *object =
        json_pack("{s:b, s:s, s:s, s:O}", "permitted", considered->verdict.permitted, "code",
                  code_of(&considered->verdict), "said", considered->said.text, "considered", list);

    for (size_t i = 0; i < considered->count; i++)
        (void)json_array_append_new(list, json_of_candidate(&considered->items[i]));
    json_decref(list);
    if (considered->nearest)
        (void)json_object_set_new(object, "nearest", json_of_candidate(considered->nearest));
    return show_json(object);
}

/* --- text --- */

static void show_name(const struct candidate_clause *c)
{
    printf("%s v%u", c->agreement->id, c->agreement->version);
    if (c->clause)
        printf(" clause %s", c->clause->id);
}

static void show_changes(const struct candidate_clause *c)
{
    for (size_t i = 0; i < c->change_count; i++)
        printf("%s%s", i ? "; " : "", c->changes[i].advice.text);
}

static void show_candidate(const struct cli *cli, const struct candidate_clause *c)
{
    printf("  ");
    show_name(c);
    printf(": %s%s%s\n", tone_start(cli, c->decision.permitted ? TONE_GOOD : TONE_BAD),
           code_of(&c->decision), tone_end(cli));
    if (c->decision.permitted)
        return;
    printf("      ");
    show_clean(stdout, c->said.text);
    printf("\n");
    if (c->change_count > 0) {
        printf(c->is_reachable ? "      would permit: " : "      and then: ");
        show_changes(c);
        printf(c->is_reachable ? "\n" : "; and even so it would not permit\n");
    }
}

static enum exit_code show_as_text(const struct cli *cli, const struct considered *considered)
{
    bool permitted = considered->verdict.permitted;

    printf("%s%s%s: ", tone_start(cli, permitted ? TONE_GOOD : TONE_BAD),
           code_of(&considered->verdict), tone_end(cli));
    show_clean(stdout, considered->said.text);
    printf("\n\nconsidered:%s\n", considered->count == 0 ? " no agreement" : "");
    for (size_t i = 0; i < considered->count; i++)
        show_candidate(cli, &considered->items[i]);
    if (!permitted && considered->nearest) {
        printf("\nnearest: ");
        show_name(considered->nearest);
        printf(" would permit: ");
        show_changes(considered->nearest);
        printf("\n");
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* --- the question --- */

static bool type_is_known(const char *name)
{
    struct nearest nearest = nearest_to(name);
    char suggestion[SUGGESTION_SIZE];
    size_t count;
    const struct message_type *all = catalogue_all(&count);

    if (catalogue_find(name))
        return true;
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, all[i].name);
    complain("unknown message type '%s'%s", name, suggest(&nearest, suggestion));
    return false;
}

/* What was given as text, and not checked yet. */
struct wanted {
    const char *categories, *marking, *capacity;
};

static bool question_is_sound(struct question *q, const struct wanted *wanted)
{
    if (!q->from || !q->to || !q->type || !wanted->categories) {
        complain("missing: --from, --to, --type and --category say what is asked about");
        return false;
    }
    if (!type_is_known(q->type) || !categories_of(wanted->categories, &q->categories))
        return false;
    if (q->purpose && !purpose_is_known(q->purpose)) {
        complain("unknown purpose '%s'", q->purpose);
        return false;
    }
    if (wanted->marking && !(q->marking = marking_of(wanted->marking))) {
        complain("--marking: '%s' is neither OFFICIAL nor OFFICIAL-SENSITIVE", wanted->marking);
        return false;
    }
    if (wanted->capacity && !(q->capacity = capacity_of(wanted->capacity))) {
        complain("--capacity: '%s' is no capacity of a subject", wanted->capacity);
        return false;
    }
    return true;
}

enum exit_code run_agreement_explain(struct cli *cli, const struct command *self, int argc,
                                     char **argv)
{
    struct question q = {.signer_counts = true, .officers = 2};
    struct wanted wanted = {0};
    int64_t on_ms = clock_wall_ms();
    const struct option_spec specs[] = {
        {"from", OPTION_AGENCY, &q.from, "AGENCY", "the sender"},
        {"to", OPTION_AGENCY, &q.to, "AGENCY", "the recipient"},
        {"type", OPTION_TEXT, &q.type, "TYPE", "the message type"},
        {"category", OPTION_TEXT, &wanted.categories, "C,...",
         "what it carries: DC_CHILD,DC_STAFF"},
        {"purpose", OPTION_TEXT, &q.purpose, "P", "default: the clause's"},
        {"gateway", OPTION_TEXT, &q.gateway, "G", "default: the clause's"},
        {"marking", OPTION_TEXT, &wanted.marking, "M", "default: the least that is allowed"},
        {"retention-days", OPTION_NUMBER, &q.retention_days, "N", "default: the agreement's"},
        {"capacity", OPTION_TEXT, &wanted.capacity, "C", "the subject's: SUSPECT, VICTIM, ..."},
        {"holder", OPTION_FLAG, &q.is_holder, NULL, "the sender holds the case"},
        {"officers", OPTION_NUMBER, &q.officers, "N", "that stand behind it; default 2"},
        {"uses-today", OPTION_NUMBER, &q.uses_today, "N", "of a charter, before this; default 0"},
        {"in-reply", OPTION_FLAG, &q.in_reply, NULL, "it answers a message"},
        {"agreement", OPTION_TEXT, &q.agreement_id, "ID", "under that one and no other"},
        {"on", OPTION_TIME, &on_ms, "DAY", "default: now"},
    };
    struct arguments arguments;
    OWNED(agreement_set) set = NULL;
    OWNED(considered) considered = NULL;
    enum exit_code code;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!question_is_sound(&q, &wanted))
        return EXIT_BAD_INPUT;
    if (!(set = policy_of(cli, arguments.items, arguments.count, &code)))
        return code;
    if (considered_of(&q, set, on_ms, &considered) != ST_OK) {
        complain("memory is out");
        return EXIT_FAILED;
    }
    code = cli->json ? show_as_json(considered) : show_as_text(cli, considered);
    if (code == EXIT_DONE && !considered->verdict.permitted)
        return EXIT_REFUSED;
    return code;
}
