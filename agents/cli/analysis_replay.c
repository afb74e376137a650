/*
 * analysis_replay.c - `concordat agreement replay`: what a draft would have said to what was sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/analysis.h"
#include "agents/cli/arguments.h"
#include "agents/cli/headers.h"
#include "agents/cli/policy.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "proto/refusal.h"

/* The drafts of the command line. */
struct drafts {
    size_t count;
    struct agreement *items[POSITIONALS_MAX]; /* owned */
};

static void drafts_free(struct drafts *drafts)
{
    for (size_t i = 0; drafts && i < drafts->count; i++)
        agreement_free(drafts->items[i]);
    free(drafts);
}
OWN(drafts)

static struct drafts *drafts_load(const struct arguments *arguments)
{
    OWNED(drafts) drafts = calloc(1, sizeof *drafts);
    struct reason why = {"memory is out"};

    for (size_t i = 0; i < arguments->count; i++) {
        if (!drafts || agreement_load(arguments->items[i], &drafts->items[i], &why) != ST_OK) {
            complain("%s", why.text);
            return NULL;
        }
        drafts->count++;
    }
    return GIVE(drafts);
}

static struct headers *recorded_headers(const struct cli *cli, const char *path)
{
    OWNED_AGENT agent = NULL;

    if (path)
        return headers_read(path);
    return (agent = agent_open(cli)) ? headers_of_agent(cli, agent) : NULL;
}

/* --- the report --- */

struct report {
    size_t total, changed; /* headers decided again; those that the table or list shows */
    size_t counts[REPLAY_OUTCOMES];
    size_t not_by_draft;
    struct table *table; /* borrowed; NULL with --json */
    json_t *list;        /* borrowed */
};

static const char *code_text(int code)
{
    return code == 0 ? "PERMITTED" : refusal_name((Concordat__RefusalCode)code);
}

static void add_row(struct table *table, const struct past *past, const struct replayed *r)
{
    char at[WHEN_SIZE];

    when_print(past->at_ms, at);
    table_add(table, at);
    table_add(table, past->from);
    table_add(table, past->to);
    table_add(table, past->type);
    table_add(table, code_text(past->code));
    table_add(table, code_text(r->code));
    table_add(table, r->said.text);
}

static json_t *json_of_replayed(const struct past *past, const struct replayed *r)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:b}", "at",
                     json_of_time(past->at_ms), "from", past->from, "to", past->to, "type",
                     past->type, "categories", json_of_categories(past->categories), "change",
                     replay_outcome_name(r->outcome), "was", code_text(past->code), "code",
                     code_text(r->code), "said", r->said.text, "byDraft", !r->not_by_draft);
}

static void report_header(struct report *report, const struct past *past, const struct replayed *r)
{
    report->total++;
    report->counts[r->outcome]++;
    report->not_by_draft += r->not_by_draft;
    if (r->outcome == REPLAY_SAME || r->outcome == REPLAY_NOT_JUDGED)
        return;
    report->changed++;
    (void)json_array_append_new(report->list, json_of_replayed(past, r));
    if (report->table)
        add_row(report->table, past, r);
}

static json_t *json_of_counts(const struct report *report)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)report->total,
                     "changed", (json_int_t)report->changed, "same",
                     (json_int_t)report->counts[REPLAY_SAME], "nowRefused",
                     (json_int_t)report->counts[REPLAY_NOW_REFUSED], "nowPermitted",
                     (json_int_t)report->counts[REPLAY_NOW_PERMITTED], "refusedOtherwise",
                     (json_int_t)report->counts[REPLAY_OTHER_CODE], "notJudged",
                     (json_int_t)report->counts[REPLAY_NOT_JUDGED], "notByDraft",
                     (json_int_t)report->not_by_draft);
}

static enum exit_code show_as_text(const struct cli *cli, const struct report *report)
{
    printf("%zu headers, %zu changed: ", report->total, report->changed);
    for (unsigned i = REPLAY_SAME; i < REPLAY_OUTCOMES; i++)
        printf("%s%zu %s", i == REPLAY_SAME ? "" : ", ", report->counts[i],
               replay_outcome_name((enum replay_outcome)i));
    printf("\n");
    if (report->not_by_draft > 0)
        printf("%zu of these the present agreements would answer so too, without the draft\n",
               report->not_by_draft);
    if (report->changed > 0) {
        printf("\n");
        table_print(report->table, cli);
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code show(const struct cli *cli, const struct replay *replay,
                           const struct headers *headers)
{
    static const char *const headings[] = {"AT", "FROM", "TO", "TYPE", "WAS", "DRAFT", "WHY"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    struct report report = {.table = cli->json ? NULL : table, .list = json_array()};
    enum exit_code code;

    if (!table || !report.list) {
        json_decref(report.list);
        complain("memory is out");
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < headers->count; i++) {
        const struct replayed r = replay_decide(replay, &headers->items[i]);

        report_header(&report, &headers->items[i], &r);
    }
    code = cli->json ? show_json(
               json_pack("{s:o, s:O}", "counts", json_of_counts(&report), "changes", report.list))
                     : show_as_text(cli, &report);
    json_decref(report.list);
    return code;
}

/* Is one of the drafts what the agent has seen proposed, and not signed by us? */
static void tell_waiting(const struct cli *cli, const struct drafts *drafts)
{
    OWNED_AGENT agent = agent_open(cli);
    OWNED_ANSWER answer = agent ? concordat_agreements(agent, NULL) : NULL;

    for (size_t i = 0; answer && i < answer->agreement_count; i++) {
        const struct concordat_agreement *a = &answer->agreements[i];

        for (size_t j = 0; a->waits_for_us && j < drafts->count; j++)
            if (memcmp(drafts->items[j]->hash.bytes, a->hash, DIGEST_SIZE) == 0)
                printf("%s v%u is proposed in these words and waits for your signature: "
                       "concordat agreement sign accept\n",
                       a->id, a->version);
    }
}

enum exit_code run_agreement_replay(struct cli *cli, const struct command *self, int argc,
                                    char **argv)
{
    const char *path = NULL, *folder = NULL;
    const struct option_spec specs[] = {
        {"headers", OPTION_TEXT, &path, "FILE",
         "lines of `disclosures --json'; default: the agent's"},
        {"folder", OPTION_TEXT, &folder, "DIR", "the present agreements; default: the agent's"},
    };
    struct arguments arguments;
    OWNED(drafts) drafts = NULL;
    OWNED(agreement_set) present = NULL;
    OWNED(headers) headers = NULL;
    OWNED(replay) replay = NULL;
    enum exit_code code;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!(drafts = drafts_load(&arguments)))
        return EXIT_BAD_INPUT;
    if (!(headers = recorded_headers(cli, path)))
        return path ? EXIT_BAD_INPUT : EXIT_FAILED;
    if (!(present = policy_of(cli, &folder, folder ? 1 : 0, &code)))
        return code;
    switch ((int)replay_new(present, drafts->items, drafts->count, &replay)) {
    case ST_OK:
        code = show(cli, replay, headers);
        if (code == EXIT_DONE && !cli->json && !folder)
            tell_waiting(cli, drafts);
        return code;
    case ST_INVALID:
        complain("two drafts are of one agreement");
        return EXIT_BAD_INPUT;
    default:
        complain("memory is out");
        return EXIT_FAILED;
    }
}
