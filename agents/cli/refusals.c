/*
 * refusals.c - `concordat refusals`: what was refused to this agency, by its agent or the broker.
 *
 * For those who oversee disclosures: who wanted to send what to whom, why, and which clause stood
 * against it. No content, and nobody it was about.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/cli/call.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"

#define LIMIT_MOST 1000 /* that an agent gives in one answer */

static void put_text(json_t *object, const char *key, const char *text)
{
    if (*text)
        (void)json_object_set_new(object, key, json_string(text));
}

static json_t *json_of_refused(const struct concordat_refused *r)
{
    json_t *object = json_object();

    (void)json_object_set_new(object, "at", json_of_time(r->at_ms));
    put_text(object, "by", r->by);
    (void)json_object_set_new(object, "id", json_of_id(&r->message_id));
    put_text(object, "type", r->type);
    put_text(object, "to", r->to);
    put_text(object, "purpose", r->purpose);
    put_text(object, "code", r->code);
    put_text(object, "agreement", r->agreement_id);
    if (r->agreement_version)
        (void)json_object_set_new(object, "agreementVersion", json_integer(r->agreement_version));
    put_text(object, "clause", r->clause);
    if (r->offending_count > 0)
        (void)json_object_set_new(object, "offending",
                                  json_of_names(r->offending, r->offending_count));
    put_text(object, "officer", r->officer);
    put_text(object, "justification", r->justification);
    if (!concordat_id_is_none(&r->sent_again_as))
        (void)json_object_set_new(object, "sentAgainAs", json_of_id(&r->sent_again_as));
    return object;
}

static enum exit_code show_as_json(const struct concordat_answer *answer)
{
    json_t *list = json_array();

    for (size_t i = 0; i < answer->refused_count; i++)
        (void)json_array_append_new(list, json_of_refused(&answer->refused[i]));
    return show_json(json_pack("{s:o}", "refusals", list));
}

static void show_line(const struct cli *cli, const char *name, const char *text)
{
    if (!*text)
        return;
    printf("  %s%-13s%s ", tone_start(cli, TONE_FAINT), name, tone_end(cli));
    show_clean(stdout, text);
    printf("\n");
}

/* "ISA-COURT v3, clause psr-request" */
static void show_place(const struct cli *cli, const struct concordat_refused *r)
{
    char text[256];
    int at = 0;

    if (!*r->agreement_id)
        return;
    at = snprintf(text, sizeof text, "%s", r->agreement_id);
    if (r->agreement_version)
        at += snprintf(text + at, sizeof text - (size_t)at, " v%" PRIu32, r->agreement_version);
    if (*r->clause)
        (void)snprintf(text + at, sizeof text - (size_t)at, ", clause %s", r->clause);
    show_line(cli, "agreement", text);
}

static void show_refused(const struct cli *cli, const struct concordat_refused *r)
{
    char when[WHEN_SIZE], id[CONCORDAT_ID_TEXT] = "", again[CONCORDAT_ID_TEXT] = "";

    when_print(r->at_ms, when);
    if (!concordat_id_is_none(&r->message_id))
        concordat_id_print(&r->message_id, id);
    if (!concordat_id_is_none(&r->sent_again_as))
        concordat_id_print(&r->sent_again_as, again);
    printf("%s  %s%s%s  ", when, tone_start(cli, TONE_BAD), r->code, tone_end(cli));
    show_clean(stdout, r->type);
    printf(" -> ");
    show_clean(stdout, r->to);
    printf("\n");
    show_line(cli, "message", id);
    show_line(cli, "refused by", r->by);
    show_place(cli, r);
    for (size_t i = 0; i < r->offending_count; i++)
        show_line(cli, i == 0 ? "categories" : "", r->offending[i]);
    show_line(cli, "purpose", r->purpose);
    show_line(cli, "officer", r->officer);
    show_line(cli, "justification", r->justification);
    show_line(cli, "sent again as", again);
}

static enum exit_code run_refusals(struct cli *cli, const struct command *self, int argc,
                                   char **argv)
{
    int64_t since_ms = 0, before_ms = 0;
    uint32_t limit = LIMIT_MOST;
    const struct option_spec specs[] = {
        {"since", OPTION_TIME, &since_ms, "TIME", "refused then or later"},
        {"before", OPTION_TIME, &before_ms, "TIME", "refused before then"},
        {"limit", OPTION_NUMBER, &limit, "N", "the newest N; default and most 1000"},
    };
    struct arguments arguments;
    enum exit_code end;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &end);
    OWNED_ANSWER answer = NULL;

    if (!agent)
        return end;
    answer = concordat_refusals(agent, since_ms, before_ms, limit);
    if (!call_is_done(cli, answer))
        return (enum exit_code)answer->outcome;
    if (answer->refused_count >= LIMIT_MOST)
        complain("only the newest %d refusals are listed; --before goes on", LIMIT_MOST);
    if (cli->json)
        return show_as_json(answer);
    if (answer->refused_count == 0)
        printf("nothing was refused\n");
    for (size_t i = 0; i < answer->refused_count; i++)
        show_refused(cli, &answer->refused[i]);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

const struct command refusals_command = {
    .name = "refusals",
    .arguments = "",
    .summary = "what was refused, to whom it was to go, and why",
    .about = "Refused by this agency's agent, so that nothing left, or by the broker; the newest\n"
             "first, with the clause, the categories that offended, and officer and justification\n"
             "as they were given to send. No content. Kept for 365 days, and the newest 10000.\n"
             "What a recipient rejects or the broker withholds is no refusal: concordat track.\n",
    .run = run_refusals,
};
