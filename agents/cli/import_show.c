/* import_show.c - what an import tells: messages, a table, what was not carried. See import.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/arguments.h"
#include "agents/cli/import.h"
#include "agents/cli/show.h"

#define WIDTH 100   /* columns of a list */
#define ROWS_MAX 40 /* files in the table; of more there is one line for all */

static const struct {
    const char *name, *json;
    enum exit_code code;
    enum tone tone;
} kinds[SENT_KINDS] = {
    [SENT_WOULD] = {"would send", "wouldSend", EXIT_DONE, TONE_PLAIN},
    [SENT_ACCEPTED] = {"accepted", "accepted", EXIT_DONE, TONE_GOOD},
    [SENT_BEFORE] = {"already sent", "alreadySent", EXIT_DONE, TONE_PLAIN},
    [SENT_SAME] = {"the same again", "sameAgain", EXIT_DONE, TONE_PLAIN},
    [SENT_QUEUED] = {"queued", "queued", EXIT_QUEUED, TONE_WARN},
    [SENT_REFUSED] = {"refused", "refused", EXIT_REFUSED, TONE_BAD},
    [SENT_BAD] = {"bad input", "badInput", EXIT_BAD_INPUT, TONE_BAD},
    [SENT_FAILED] = {"failed", "failed", EXIT_FAILED, TONE_BAD},
};

/* For people: "already sent". */
static const char *sent_name(enum sent sent)
{
    return kinds[sent].name;
}

const char *sent_json_name(enum sent sent)
{
    return kinds[sent].json;
}

enum exit_code sent_exit_code(enum sent sent)
{
    return kinds[sent].code;
}

/* ---- progress ---- */

static bool progress_is_there;

void progress_show(const struct import *import)
{
    if (import->file_count < 2 || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%zu of %zu files", import->file_number, import->file_count);
    (void)fflush(stderr);
    progress_is_there = true;
}

void progress_hide(void)
{
    if (progress_is_there)
        (void)fputs("\r\033[K", stderr);
    progress_is_there = false;
}

/* ---- the report ---- */

struct report {
    struct import *import;
    struct table *table; /* owned; NULL in JSON */
    size_t files;        /* told so far */
};

struct report *report_new(struct import *import)
{
    static const char *const headings[] = {"FILE",    "NOTICES",     "SENTENCES",
                                           "SKIPPED", "NOT CARRIED", "OUTCOME"};
    struct report *report = calloc(1, sizeof *report);

    if (!report)
        return NULL;
    report->import = import;
    if (!import->cli->json && !(report->table = table_new(headings, LENGTH_OF(headings)))) {
        free(report);
        return NULL;
    }
    return report;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    table_free(report->table);
    free(report);
}

/* One file's object, after the comma that it needs. Takes `json`. */
static void print_file(struct report *report, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

    progress_hide();
    printf("%s%s", report->files++ ? ",\n" : "{\"files\": [\n", text ? text : "{}");
    free(text);
    json_decref(json);
}

static void add_number(struct table *table, size_t number)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%zu", number);
    table_add(table, text);
}

void report_bad(struct report *report, const char *file, const struct problem *problem)
{
    progress_hide();
    complain("%s: %s%s%s", file, problem->where, *problem->where ? ": " : "", problem->text);
    if (report->import->cli->json) {
        print_file(report, json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "file", file, "outcome",
                                     sent_json_name(SENT_BAD), "problems", "where", problem->where,
                                     "text", problem->text));
        return;
    }
    if (report->files++ >= ROWS_MAX)
        return;
    table_add(report->table, file);
    for (int i = 0; i < 4; i++)
        table_add(report->table, "-");
    table_add(report->table, sent_name(SENT_BAD));
}

/* ---- one file for people ---- */

static void tell_messages(const struct import *import, const struct hearing_messages *messages,
                          const struct parcel parcels[])
{
    for (size_t i = 0; i < messages->count; i++) {
        const struct parcel *parcel = &parcels[i];
        char id[CONCORDAT_ID_TEXT] = "", handle[CONCORDAT_ID_TEXT] = "", path[NODE_PATH_MAX];

        if (!concordat_id_is_none(&parcel->id))
            concordat_id_print(&parcel->id, id);
        if (!concordat_id_is_none(&parcel->case_handle))
            concordat_id_print(&parcel->case_handle, handle);
        node_path(parcel->message->defendant, path);
        printf("%s%-14s%s %s%s%-21s %s\n", tone_start(import->cli, kinds[parcel->sent].tone),
               sent_name(parcel->sent), tone_end(import->cli), id, *id ? "  " : "",
               parcel->message->type->name, path);
        printf("               to %s%s%s\n", *parcel->to ? parcel->to : "nobody",
               *handle ? ", case " : "", handle);
    }
}

static void tell_losses_of(const struct source *source)
{
    const struct node *leaf;
    size_t at = 0;

    while ((leaf = loss_next(source, &at))) {
        char path[NODE_PATH_MAX];

        node_path(leaf, path);
        printf("  not carried: %s (%s)\n", path, loss_reason(leaf));
    }
}

/* What the table says of a file: how the worst of its messages ended. */
static const char *outcome_of(const struct hearing_messages *messages,
                              const struct parcel parcels[])
{
    enum sent worst = SENT_WOULD;
    bool faulty = false;

    for (size_t i = 0; i < messages->skipped_count; i++)
        faulty |= messages->skipped[i].faulty;
    for (size_t i = 0; i < messages->count; i++)
        worst = parcels[i].sent > worst && parcels[i].sent != SENT_SAME ? parcels[i].sent : worst;
    if (faulty && worst < SENT_REFUSED)
        return sent_name(SENT_BAD);
    return messages->count > 0 ? sent_name(worst) : "nothing to send";
}

static void add_row(struct report *report, const char *file,
                    const struct hearing_messages *messages, const struct parcel parcels[])
{
    size_t counts[IMPORT_TYPES] = {0};

    if (report->files++ >= ROWS_MAX)
        return;
    for (size_t i = 0; i < messages->count; i++)
        counts[import_type_index(messages->messages[i].type)]++;
    table_add(report->table, file);
    add_number(report->table, counts[0]);
    add_number(report->table, counts[1]);
    add_number(report->table, messages->skipped_count);
    add_number(report->table, tally_of(messages->source).left_out);
    table_add(report->table, outcome_of(messages, parcels));
}

/* Loudly, whatever else is wanted: on standard error, as trouble is. */
static void tell_warnings(const char *file, const struct hearing_messages *messages)
{
    for (size_t i = 0; i < messages->warning_count; i++) {
        char path[NODE_PATH_MAX];

        progress_hide();
        node_path(messages->warnings[i].node, path);
        complain("%s: warning: %s: %s", file, path, messages->warnings[i].text);
    }
}

void report_file(struct report *report, const char *file, const struct hearing_messages *messages,
                 const struct parcel parcels[])
{
    const struct import *import = report->import;

    for (size_t i = 0; i < messages->skipped_count; i++) {
        const struct problem *problem = &messages->skipped[i].problem;

        if (!messages->skipped[i].faulty && import->cli->json)
            continue;
        progress_hide();
        if (messages->skipped[i].faulty)
            complain("%s: %s: %s", file, problem->where, problem->text);
        else
            printf("%s: %s: %s\n", file, problem->where, problem->text);
    }
    tell_warnings(file, messages);
    if (import->cli->json) {
        print_file(report, json_of_import(import, file, messages, parcels));
        return;
    }
    if (import->file_count == 1 || import->verbose) {
        progress_hide();
        if (import->file_count > 1)
            printf("%s\n", file);
        tell_messages(import, messages, parcels);
    }
    if (import->verbose)
        tell_losses_of(messages->source);
    add_row(report, file, messages, parcels);
}

/* ---- the end ---- */

/* Prints one more of a list, on the same line when there is room. */
static void tell_field(const char *text, size_t *column)
{
    size_t size = strlen(text);

    if (*column + size + 2 > WIDTH) {
        printf(",\n     ");
        *column = 5;
    } else if (*column > 0) {
        printf(",");
        *column += 1;
    }
    printf(" %s", text);
    *column += size + 1;
}

/* Fields of one object in one line: "courtCentre: id, name, roomId". */
static void tell_losses(struct losses *losses, const struct tally *tally)
{
    size_t column = 0;

    if (tally->left_out == 0)
        return;
    printf("\nnot carried, %zu of %zu values; --verbose and --json name each:\n", tally->left_out,
           tally->leaves);
    for (size_t i = 0; i < losses_count(losses); i++) {
        struct loss loss = losses_at(losses, i), last = i > 0 ? losses_at(losses, i - 1) : loss;
        const char *field = loss.kind + loss.parent_size + (loss.kind[loss.parent_size] == '.');
        char text[2 * NODE_PATH_MAX], count[32] = "";

        if (i == 0 || loss.parent_size != last.parent_size
            || strncmp(loss.kind, last.kind, loss.parent_size) != 0) {
            printf("%s  %.*s:", i > 0 ? "\n" : "", loss.parent_size ? (int)loss.parent_size : 5,
                   loss.parent_size ? loss.kind : "(top)");
            column = 0;
        }
        if (loss.count > 1)
            (void)snprintf(count, sizeof count, " x%zu", loss.count);
        (void)snprintf(text, sizeof text, "%s%s%s%s%s", field, count,
                       strcmp(loss.why, LOSS_NO_FIELD) == 0 ? "" : " (",
                       strcmp(loss.why, LOSS_NO_FIELD) == 0 ? "" : loss.why,
                       strcmp(loss.why, LOSS_NO_FIELD) == 0 ? "" : ")");
        tell_field(text, &column);
        if (column == strlen(text) + 1) /* the first after its parent */
            column += loss.parent_size + 3;
    }
    printf("\n");
    if (losses_unlisted(losses) > 0)
        printf("  and %zu values of other kinds\n", losses_unlisted(losses));
}

/* "2 notices, 1 sentence result: accepted" */
static void tell_counts(const struct import *import)
{
    printf("%zu file%s", import->file_number, import->file_number == 1 ? "" : "s");
    if (import->bad_files > 0)
        printf(", %zu of them bad", import->bad_files);
    if (import->skipped > 0)
        printf(", %zu skipped inside", import->skipped);
    if (import->warnings > 0)
        printf(", %zu warning%s", import->warnings, import->warnings == 1 ? "" : "s");
    for (size_t i = 0; i < SENT_KINDS; i++) {
        size_t notices = import->counts[0][i], results = import->counts[1][i];

        if (notices + results > 0)
            printf("; %s: %zu notice%s, %zu sentence result%s", sent_name((enum sent)i), notices,
                   notices == 1 ? "" : "s", results, results == 1 ? "" : "s");
    }
    printf("\n");
}

enum exit_code report_end(struct report *report)
{
    const struct import *import = report->import;

    progress_hide();
    if (import->cli->json) {
        char *text = NULL;
        json_t *summary = json_of_import_summary(import);

        text = summary ? json_dumps(summary, JSON_INDENT(2)) : NULL;
        printf("%s],\n\"summary\": %s}\n", report->files ? "\n" : "{\"files\": [",
               text ? text : "{}");
        free(text);
        json_decref(summary);
    } else {
        if (report->files > 0 && import->file_count <= ROWS_MAX) {
            printf("%s", import->file_count == 1 || import->verbose ? "\n" : "");
            table_print(report->table, import->cli);
        }
        tell_counts(import);
        tell_losses(import->losses, &import->tally);
    }
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    complain("cannot write the answer: %s", strerror(errno));
    return EXIT_FAILED;
}
