#include "agents/cli/explained.h"

#include <stdio.h>

#include "agents/cli/gateways.h"
#include "agents/cli/show.h"
#include "proto/refusal.h"

static const char *code_of(const struct decision *d)
{
    return d->permitted ? "PERMITTED" : refusal_name(d->code);
}

/* --- JSON --- */

static json_t *json_of_offending(category_set set)
{
    json_t *array = json_array();

    for (uint32_t c = 0; c < 32; c++)
        if (set >> c & 1)
            (void)json_array_append_new(
                array, json_pack("{s:i, s:s?}", "number", (int)c, "name", category_name(c)));
    return array;
}

static json_t *json_of_row(const char *code)
{
    const struct gateway *gateway = code ? gateway_find(code) : NULL;

    return gateway ? json_of_gateway(gateway) : json_null();
}

/* Without `q` no rows are quoted: the nearest one has them in the list. */
static json_t *json_of_candidate(const struct candidate_clause *c, const struct question *q)
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
    if (c->decision.offending)
        (void)json_object_set_new(object, "offending", json_of_offending(c->decision.offending));
    if (q && c->clause && c->decision.code == CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE)
        (void)json_object_set_new(object, "gateways",
                                  json_pack("{s:o, s:o}", "clause", json_of_row(c->clause->gateway),
                                            "message", json_of_row(q->gateway)));
    if (*c->remedy.text)
        (void)json_object_set_new(object, "remedy", json_string(c->remedy.text));
    (void)json_object_set_new(object, "changes", changes);
    (void)json_object_set_new(object, "wouldPermit", json_boolean(c->is_reachable));
    return object;
}

static enum exit_code show_as_json(const struct considered *considered, const struct question *q)
{
    json_t *list = json_array();
    json_t *object =
        json_pack("{s:b, s:s, s:s, s:O}", "permitted", considered->verdict.permitted, "code",
                  code_of(&considered->verdict), "said", considered->said.text, "considered", list);

    for (size_t i = 0; i < considered->count; i++)
        (void)json_array_append_new(list, json_of_candidate(&considered->items[i], q));
    json_decref(list);
    (void)json_object_set_new(object, "nearest",
                              considered->nearest ? json_of_candidate(considered->nearest, NULL)
                                                  : json_null());
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

/* What is too much, or missing. */
static void show_offending(const struct decision *d)
{
    const char *separator = "";

    if (!d->offending)
        return;
    printf("      %s: ",
           d->code == CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING ? "missing" : "not covered");
    for (uint32_t c = 0; c < 32; c++)
        if (d->offending >> c & 1) {
            printf("%s%u %s", separator, c, category_name(c) ? category_name(c) : "(unknown)");
            separator = ", ";
        }
    printf("\n");
}

static void show_row(const char *whose, const char *code)
{
    const struct gateway *gateway = code ? gateway_find(code) : NULL;

    if (gateway)
        printf("      the %s row: %s, %s: %s; it runs %s\n", whose, gateway->code, gateway->source,
               gateway->provision, gateway->runs);
}

/* What is written of the one thing that refuses. */
static void show_particulars(const struct candidate_clause *c, const struct question *q)
{
    show_offending(&c->decision);
    if (c->clause && c->decision.code == CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE) {
        show_row("clause's", c->clause->gateway);
        show_row("message's", q->gateway);
    }
}

static void show_candidate(const struct cli *cli, const struct candidate_clause *c,
                           const struct question *q)
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
    show_particulars(c, q);
    if (!c->is_reachable)
        printf("      no change of the message would permit it%s%s\n", *c->remedy.text ? ": " : "",
               c->remedy.text);
    if (c->change_count > 0) {
        printf(c->is_reachable ? "      would permit: " : "      and besides: ");
        show_changes(c);
        printf("\n");
    }
}

static enum exit_code show_as_text(const struct cli *cli, const struct considered *considered,
                                   const struct question *q)
{
    bool permitted = considered->verdict.permitted;

    printf("%s%s%s: ", tone_start(cli, permitted ? TONE_GOOD : TONE_BAD),
           code_of(&considered->verdict), tone_end(cli));
    show_clean(stdout, considered->said.text);
    printf("\n\nconsidered:%s\n", considered->count == 0 ? " no agreement" : "");
    for (size_t i = 0; i < considered->count; i++)
        show_candidate(cli, &considered->items[i], q);
    if (!permitted && considered->nearest) {
        printf("\nnearest: ");
        show_name(considered->nearest);
        printf(" would permit: ");
        show_changes(considered->nearest);
        printf("\n");
    } else if (!permitted) {
        printf("\nnearest: none; no change of the message would permit it\n");
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

enum exit_code explained_show(const struct cli *cli, const struct considered *considered,
                              const struct question *question)
{
    return cli->json ? show_as_json(considered, question) : show_as_text(cli, considered, question);
}
