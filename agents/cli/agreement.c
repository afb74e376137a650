/*
 * agreement.c - `concordat agreement lint|list|show`: what the parties have agreed.
 *
 * lint, and list and show with --folder, read files and need no agent; without it the agent says
 * what it has loaded, which is what counts.
 */
#include "agents/cli/agreement.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agents/cli/arguments.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "agreements/agreement.h"
#include "agreements/wants.h"
#include "lib/clock.h"
#include "lib/bytes.h"

/* --- lint --- */

/* Late answers that could not follow their case: `report` gets "wants". */
static void lint_wants(const struct cli *cli, const struct agreement_set *set, bool whole,
                       json_t *report)
{
    struct want wants[WANTS_MAX];
    size_t count = wants_late_answer(set, whole, wants);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct want *w = &wants[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "type",
                                                    "case.late_answer", "from", w->from, "to",
                                                    w->to, "transfer", w->transfer->id));
        if (!cli->json)
            printf("%s:%u: a case can go from %s to %s (`%s'), and an answer that comes late cannot"
                   " follow it: add a clause for case.late_answer from %s to %s\n",
                   w->agreement->name, w->transfer->line, w->from, w->to, w->transfer->id, w->from,
                   w->to);
    }
    (void)json_object_set_new(report, "wants", list);
}

/* Expectations that nobody concerned can meet: `report' gets "unmet". */
static void lint_expectations(const struct cli *cli, const struct agreement_set *set,
                              json_t *report)
{
    json_t *list = json_array();

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        struct unmet unmet[WANTS_MAX];
        size_t count = wants_expected(a, unmet);

        for (size_t j = 0; j < count; j++) {
            const struct unmet *u = &unmet[j];
            const struct party *named = agreement_named(a, u->expectation);
            const char *who = named ? named->agency : "either of them";
            const char *whom = named ? " to either of them" : "";

            (void)json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "agreement", a->id, "expectation",
                                u->expectation->id, "expect", u->expectation->then->name, "clause",
                                u->clause->id, "from", u->from, "to", u->to));
            if (!cli->json)
                printf(
                    "%s:%u: expectation `%s' runs for every %s from %s to %s (clause `%s'), and "
                    "no clause lets %s send %s%s: add such a clause, name in `from' who owes it, "
                    "or put `%s' into an agreement without this expectation\n",
                    a->name, u->expectation->line, u->expectation->id, u->expectation->after->name,
                    u->from, u->to, u->clause->id, who, u->expectation->then->name, whom,
                    u->clause->id);
        }
    }
    (void)json_object_set_new(report, "unmet", list);
}

static bool lint_folder(const struct cli *cli, const char *path, json_t *report)
{
    OWNED(agreement_set) set = NULL;
    struct reason why = {""};
    enum status status = agreement_set_load(path, &set, &why);

    if (status != ST_OK) {
        complain("%s", why.text);
        (void)json_array_append_new(
            report, json_pack("{s:s, s:b, s:s}", "file", path, "ok", 0, "problem", why.text));
        return false;
    }
    (void)json_array_append_new(report,
                                json_pack("{s:s, s:b, s:I}", "file", path, "ok", 1, "agreements",
                                          (json_int_t)agreement_set_count(set)));
    if (!cli->json)
        printf("%s: %zu agreement%s, well formed\n", path, agreement_set_count(set),
               agreement_set_count(set) == 1 ? "" : "s");
    lint_wants(cli, set, true, json_array_get(report, json_array_size(report) - 1));
    lint_expectations(cli, set, json_array_get(report, json_array_size(report) - 1));
    return true;
}

static bool lint_file(const struct cli *cli, const char *path, json_t *report)
{
    OWNED(agreement) agreement = NULL;
    struct reason why = {""};
    struct stat stat_;

    if (stat(path, &stat_) == 0 && S_ISDIR(stat_.st_mode))
        return lint_folder(cli, path, report);
    if (agreement_load(path, &agreement, &why) != ST_OK) {
        complain("%s", why.text);
        (void)json_array_append_new(
            report, json_pack("{s:s, s:b, s:s}", "file", path, "ok", 0, "problem", why.text));
        return false;
    }
    (void)json_array_append_new(report, json_pack("{s:s, s:b, s:s, s:i, s:I}", "file", path, "ok",
                                                  1, "agreement", agreement->id, "version",
                                                  (int)agreement->version, "clauses",
                                                  (json_int_t)agreement->clause_count));
    if (!cli->json)
        printf("%s: %s version %u, %zu clause%s, well formed\n", path, agreement->id,
               agreement->version, agreement->clause_count,
               agreement->clause_count == 1 ? "" : "s");
    OWNED(agreement_set) set = NULL;
    if (agreement_set_borrow(&agreement, 1, &set) == ST_OK) {
        lint_wants(cli, set, false, json_array_get(report, json_array_size(report) - 1));
        lint_expectations(cli, set, json_array_get(report, json_array_size(report) - 1));
    }
    return true;
}

enum exit_code run_agreement_lint(struct cli *cli, const struct command *self, int argc,
                                  char **argv)
{
    struct arguments arguments;
    json_t *report;
    bool all_well = true;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    report = json_array();
    for (size_t i = 0; i < arguments.count; i++)
        all_well &= lint_file(cli, arguments.items[i], report);
    if (cli->json)
        (void)show_json(json_pack("{s:O}", "files", report));
    json_decref(report);
    return all_well ? EXIT_DONE : EXIT_BAD_INPUT;
}

/* --- list --- */

/* One agreement, from a file or from the agent. */
struct row {
    const char *id, *title, *state;
    uint32_t version;
    size_t clauses, parties;
    int64_t from_ms, until_ms, review_ms;
    const struct concordat_agreement *published; /* the agent's; NULL: of a file */
};

static const char *state_of(const struct agreement *agreement, int64_t now_ms)
{
    if (now_ms < agreement->from_ms)
        return "not yet in force";
    return now_ms < agreement->until_ms ? "active" : "expired";
}

static struct row row_of_file(const struct agreement *a, int64_t now_ms)
{
    return (struct row){
        a->id,          a->title,   state_of(a, now_ms), a->version,   a->clause_count,
        a->party_count, a->from_ms, a->until_ms,         a->review_ms, NULL};
}

static struct row row_of_answer(const struct concordat_agreement *a)
{
    return (struct row){a->id,          a->title,   a->state,    a->version,   a->clause_count,
                        a->party_count, a->from_ms, a->until_ms, a->review_ms, a};
}

static bool has_signed(const struct concordat_agreement *a, const char *party)
{
    for (size_t i = 0; i < a->signed_count; i++)
        if (strcmp(a->signed_by[i], party) == 0)
            return true;
    return false;
}

static json_t *json_of_row(const struct row *row)
{
    json_t *object =
        json_pack("{s:s, s:i, s:s, s:s, s:I, s:I}", "id", row->id, "version", (int)row->version,
                  "title", row->title, "state", row->state, "parties", (json_int_t)row->parties,
                  "clauses", (json_int_t)row->clauses);

    (void)json_object_set_new(object, "inForce", json_of_time(row->from_ms));
    (void)json_object_set_new(object, "review", json_of_time(row->review_ms));
    (void)json_object_set_new(object, "expires", json_of_time(row->until_ms));
    if (row->published) {
        json_t *signed_by = json_array(), *missing = json_array();

        for (size_t i = 0; i < row->published->party_count; i++)
            (void)json_array_append_new(
                has_signed(row->published, row->published->parties[i]) ? signed_by : missing,
                json_string(row->published->parties[i]));
        (void)json_object_set_new(object, "signedBy", signed_by);
        (void)json_object_set_new(object, "notSigned", missing);
        (void)json_object_set_new(object, "waitsForUs", json_boolean(row->published->waits_for_us));
    }
    return object;
}

static bool waits(const struct row *row)
{
    return row->published && row->published->waits_for_us;
}

/* Shows `count` rows that `row_at(context, i)` gives. */
static enum exit_code show_rows(const struct cli *cli, size_t count,
                                struct row (*row_at)(const void *context, size_t index),
                                const void *context)
{
    static const char *const headings[] = {"AGREEMENT", "VERSION", "STATE", "PARTIES",
                                           "CLAUSES",   "EXPIRES", "TITLE"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    json_t *list = json_array();

    if (!table || !list)
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++) {
        struct row row = row_at(context, i);
        char number[32], when[WHEN_SIZE];

        (void)json_array_append_new(list, json_of_row(&row));
        table_add(table, row.id);
        (void)snprintf(number, sizeof number, "%u", row.version);
        table_add(table, number);
        table_add(table, waits(&row) ? "proposed: sign it" : row.state);
        (void)snprintf(number, sizeof number, "%zu", row.parties);
        table_add(table, number);
        (void)snprintf(number, sizeof number, "%zu", row.clauses);
        table_add(table, number);
        when_print(row.until_ms, when);
        when[10] = '\0'; /* agreements begin and end at midnight: the day says it */
        table_add(table, when);
        table_add(table, row.title);
    }
    if (cli->json)
        return show_json(json_pack("{s:o}", "agreements", list));
    json_decref(list);
    table_print(table, cli);
    return EXIT_DONE;
}

static struct row row_in_set(const void *context, size_t index)
{
    return row_of_file(agreement_set_at(context, index), clock_wall_ms());
}

/* What waits for our signature stands first, in the order that it has. */
static struct row row_in_answer(const void *context, size_t index)
{
    const struct concordat_answer *answer = context;

    for (int waits = 1; waits >= 0; waits--)
        for (size_t i = 0; i < answer->agreement_count; i++)
            if (answer->agreements[i].waits_for_us == waits && index-- == 0)
                return row_of_answer(&answer->agreements[i]);
    return (struct row){.id = "", .title = "", .state = ""};
}

/* One line below the table, for the first that waits. */
static void tell_waiting(const struct cli *cli, const struct concordat_answer *answer)
{
    for (size_t i = 0; !cli->json && i < answer->agreement_count; i++) {
        const struct concordat_agreement *a = &answer->agreements[i];
        char until[WHEN_SIZE];

        if (!a->waits_for_us)
            continue;
        when_print(a->proposal_expires_ms, until);
        printf("%s v%u waits for your signature until %s; concordat agreement replay DRAFT.yaml "
               "says what it would change\n",
               a->id, a->version, until);
        return;
    }
}

enum exit_code run_agreement_list(struct cli *cli, const struct command *self, int argc,
                                  char **argv)
{
    const char *folder = NULL;
    const struct option_spec specs[] = {
        {"folder", OPTION_TEXT, &folder, "DIR", "read the files of DIR; needs no agent"},
    };
    struct arguments arguments;
    OWNED(agreement_set) set = NULL;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    struct reason why = {""};
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (folder) {
        if (agreement_set_load(folder, &set, &why) != ST_OK) {
            complain("%s", why.text);
            return EXIT_BAD_INPUT;
        }
        return show_rows(cli, agreement_set_count(set), row_in_set, set);
    }
    agent = agent_open(cli);
    if (!agent)
        return EXIT_FAILED;
    answer = concordat_agreements(agent, NULL);
    show_trouble(cli, answer);
    if (answer->outcome != CONCORDAT_DONE)
        return (enum exit_code)answer->outcome;
    enum exit_code code = show_rows(cli, answer->agreement_count, row_in_answer, answer);
    tell_waiting(cli, answer);
    return code;
}

/* --- show --- */

static enum exit_code show_text(const struct cli *cli, const struct row *row,
                                const uint8_t hash[static DIGEST_SIZE], const char *text)
{
    char hex[2 * DIGEST_SIZE + 1], from[WHEN_SIZE], until[WHEN_SIZE];

    hex_print(hash, DIGEST_SIZE, hex);
    if (cli->json) {
        json_t *object = json_of_row(row);
        (void)json_object_set_new(object, "sha256", json_string(hex));
        (void)json_object_set_new(object, "text", json_string(text));
        return show_json(object);
    }
    when_print(row->from_ms, from);
    when_print(row->until_ms, until);
    from[10] = until[10] = '\0';
    printf("%s# %s version %u: %s, from %s until %s\n# sha256 %s%s\n", tone_start(cli, TONE_FAINT),
           row->id, row->version, row->state, from, until, hex, tone_end(cli));
    show_clean(stdout, text);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Not cleaned: its hash is of these bytes, and no text with control characters is an agreement. */
static enum exit_code show_text_alone(const char *text)
{
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code show_from_agent(const struct cli *cli, const char *id, bool text_alone)
{
    OWNED_AGENT agent = agent_open(cli);
    OWNED_ANSWER answer = NULL;
    struct row row;

    if (!agent)
        return EXIT_FAILED;
    answer = concordat_agreements(agent, id);
    show_trouble(cli, answer);
    if (answer->outcome != CONCORDAT_DONE)
        return (enum exit_code)answer->outcome;
    if (answer->agreement_count == 0) {
        complain("the agent has no agreement '%s'; see concordat agreement list", id);
        return EXIT_BAD_INPUT;
    }
    if (text_alone)
        return show_text_alone(answer->agreements[0].text);
    row = row_of_answer(&answer->agreements[0]);
    return show_text(cli, &row, answer->agreements[0].hash, answer->agreements[0].text);
}

enum exit_code run_agreement_show(struct cli *cli, const struct command *self, int argc,
                                  char **argv)
{
    struct arguments arguments;
    OWNED(agreement) agreement = NULL;
    struct reason why = {""};
    struct row row;
    struct stat stat_;
    bool text_alone = false;
    const struct option_spec specs[] = {
        {"text", OPTION_FLAG, &text_alone, NULL,
         "the text alone, byte for byte: what instruments are signed of"},
    };
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!strchr(arguments.items[0], '/') && stat(arguments.items[0], &stat_) != 0)
        return show_from_agent(cli, arguments.items[0], text_alone);
    if (agreement_load(arguments.items[0], &agreement, &why) != ST_OK) {
        complain("%s", why.text);
        return EXIT_BAD_INPUT;
    }
    if (text_alone)
        return show_text_alone(agreement->text);
    row = row_of_file(agreement, clock_wall_ms());
    return show_text(cli, &row, agreement->hash.bytes, agreement->text);
}
