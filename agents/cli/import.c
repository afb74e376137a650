/*
 * import.c - `concordat import common-platform`: hearings of the courts' system become messages.
 *
 *     file --> common_platform/hearing.h --> import_send.c --> the agency's agent
 *
 * File by file, so that memory is that of one file. What a message carries, what it leaves out and
 * how its id is made: docs/import.md.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/files.h"
#include "agents/cli/import.h"
#include "agents/cli/show.h"
#include "lib/clock.h"
#include "lib/nearest.h"
#include "lib/secret.h"
#include "proto/identifier.h"

#define WAIT_DEFAULT_MS 5000
#define COURT_PREFIX "court." /* an agency that is one court has the court's code behind it */

/* Notes how something ended; of two codes the smaller, but for 0, is the worse. */
static void note(struct import *import, enum exit_code code)
{
    if (code != EXIT_DONE && (import->code == EXIT_DONE || code < import->code))
        import->code = code;
    if (import->strict && (code == EXIT_FAILED || code == EXIT_BAD_INPUT || code == EXIT_REFUSED))
        import->over = true;
}

/* ---- file by file ---- */

static void bad_file(struct import *import, struct report *report, const char *file,
                     const struct problem *problem)
{
    report_bad(report, file, problem);
    import->bad_files++;
    note(import, EXIT_BAD_INPUT);
}

static void send_all(struct import *import, struct report *report, const char *file,
                     const struct hearing_messages *messages)
{
    struct parcel *parcels = calloc(messages->count + 1, sizeof *parcels);

    if (!parcels) {
        complain("%s: memory is out", file);
        note(import, EXIT_FAILED);
        return;
    }
    for (size_t i = 0; i < messages->count; i++) {
        import_send(import, file, messages, &messages->messages[i], &parcels[i]);
        import->counts[import_type_index(messages->messages[i].type)][parcels[i].sent]++;
        note(import, sent_exit_code(parcels[i].sent));
    }
    for (size_t i = 0; i < messages->skipped_count; i++)
        note(import, messages->skipped[i].faulty ? EXIT_BAD_INPUT : EXIT_DONE);
    import->skipped += messages->skipped_count;
    import->warnings += messages->warning_count;
    report_file(report, file, messages, parcels);
    for (size_t i = 0; i < messages->count; i++)
        parcel_fini(&parcels[i]);
    free(parcels);
}

/* A case is about one person: a handle that the user gives is not for several. */
static bool case_is_right(const struct import *import, const struct hearing_messages *messages,
                          struct problem *problem)
{
    for (size_t i = 1; i < messages->count && !concordat_id_is_none(&import->case_handle); i++) {
        if (messages->messages[i].defendant == messages->messages[0].defendant)
            continue;
        node_path(messages->messages[i].defendant, problem->where);
        (void)snprintf(problem->text, sizeof problem->text,
                       "a second defendant; a case, --case, is about one");
        return false;
    }
    return true;
}

static void add_tally(struct import *import, const struct source *source)
{
    struct tally tally = tally_of(source);

    import->tally.leaves += tally.leaves;
    import->tally.carried += tally.carried;
    import->tally.said += tally.said;
    import->tally.left_out += tally.left_out;
    if (losses_add(import->losses, source) != ST_OK) {
        complain("memory is out: not all that was not carried is listed");
        note(import, EXIT_FAILED);
    }
}

static void import_file(struct import *import, struct report *report, const char *file)
{
    const struct hearing_settings settings = {
        .court = import->court,
        .ours = *import->ours ? import->ours : NULL,
        .now_ms = clock_wall_ms(),
    };
    OWNED(hearing_messages) messages = NULL;
    struct problem problem = {"", ""};
    size_t size;
    char *text = file_read(file, HEARING_MAX, &size, problem.text);
    enum status status;

    if (!text) {
        bad_file(import, report, file, &problem);
        return;
    }
    status = hearing_convert(text, size, &settings, &messages, &problem);
    secret_wipe(text, size);
    free(text);
    if (status == ST_NOMEM) {
        complain("%s: memory is out", file);
        note(import, EXIT_FAILED);
    } else if (status != ST_OK || !case_is_right(import, messages, &problem)) {
        bad_file(import, report, file, &problem);
    } else {
        send_all(import, report, file, messages);
        add_tally(import, messages->source);
    }
}

static enum exit_code import_files(struct import *import, const struct files *files)
{
    OWNED(losses) losses = losses_new();
    OWNED(report) report = report_new(import);
    enum exit_code code;

    if (!losses || !report) {
        complain("memory is out");
        return EXIT_FAILED;
    }
    import->losses = losses;
    import->file_count = files->count;
    while (import->file_number < files->count && !import->over) {
        import_file(import, report, files->paths[import->file_number++]);
        progress_show(import);
    }
    progress_hide();
    if (import->file_number < files->count)
        complain("stopped: %zu of %zu files were not looked at", files->count - import->file_number,
                 files->count);
    code = report_end(report);
    note(import, code);
    return import->code;
}

/* ---- the command ---- */

/* The code of the court that the agency is; "" when it is none. */
static void find_ours(struct import *import)
{
    size_t prefix = strlen(COURT_PREFIX);
    struct reason why;

    if (strncmp(import->agency, COURT_PREFIX, prefix) != 0)
        return;
    for (size_t i = 0; import->agency[prefix + i]; i++)
        import->ours[i] = (char)toupper((unsigned char)import->agency[prefix + i]);
    if (court_ou_check(import->ours, &why) != ST_OK)
        import->ours[0] = '\0';
}

/* Who the agent is. */
static enum exit_code ask_agent(struct import *import)
{
    OWNED_ANSWER answer = concordat_status(import->agent);

    show_trouble(import->cli, answer);
    if (answer->outcome != CONCORDAT_DONE || !answer->status)
        return EXIT_FAILED;
    (void)snprintf(import->agency, sizeof import->agency, "%s", answer->status->agency);
    find_ours(import);
    return EXIT_DONE;
}

static bool court_is_right(const char *court)
{
    struct reason why;

    if (!court || court_ou_check(court, &why) == ST_OK)
        return true;
    complain("--court: %s", why.text);
    return false;
}

static enum exit_code run_common_platform(struct cli *cli, const struct command *self, int argc,
                                          char **argv)
{
    struct import import = {.cli = cli, .wait_ms = WAIT_DEFAULT_MS};
    const struct option_spec specs[] = {
        {"to", OPTION_AGENCY, &import.to, "AGENCY", "who gets them; else the one agreements allow"},
        {"court", OPTION_TEXT, &import.court, "OU", "the court that we expect, as B35CZ00"},
        {"case", OPTION_ID, &import.case_handle, "H", "the case they are about; else derived"},
        {"officer", OPTION_TEXT, &import.officer, "O", "on whose behalf; sealed with the body"},
        {"dry-run", OPTION_FLAG, &import.dry_run, NULL, "say what would be sent; send nothing"},
        {"strict", OPTION_FLAG, &import.strict, NULL, "stop at the first trouble"},
        {"verbose", OPTION_FLAG, &import.verbose, NULL, "name each message and each value lost"},
        {"wait", OPTION_SECONDS, &import.wait_ms, "S", "for the broker's verdict; default 5"},
    };
    struct arguments arguments;
    OWNED(files) files = NULL;
    OWNED_AGENT agent = NULL;
    enum exit_code code;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!court_is_right(import.court) || !(files = files_of(arguments.items, arguments.count)))
        return EXIT_BAD_INPUT;
    if (!concordat_id_is_none(&import.case_handle) && files->count > 1) {
        complain("--case is for one file");
        return EXIT_BAD_INPUT;
    }
    if (!import.dry_run || !import.to || !import.court) {
        if (!(agent = agent_open(cli)))
            return EXIT_FAILED;
        import.agent = agent;
        if ((code = ask_agent(&import)) != EXIT_DONE)
            return code;
    }
    return import_files(&import, files);
}

static const struct command common_platform = {
    .name = "import common-platform",
    .arguments = "FILE... [--dry-run] [--to AGENCY] [--court OU]",
    .summary = "hearings of HMCTS Common Platform become messages",
    .about =
        "FILE is a hearing as Common Platform emits it: a bare hearing, {\"hearing\": ...}, or "
        "what\n"
        "is sent when results are shared. A folder stands for its *.json, '-' for standard input.\n"
        "Each defendant gets a court.hearing.notice, and a court.sentence.result when a final\n"
        "result is a sentence. What the messages cannot carry is listed by its path. Importing\n"
        "the same again sends nothing twice. docs/import.md has the tables.\n"
        "\n"
        "  concordat import common-platform hearing.json --dry-run\n"
        "  concordat import common-platform hearing.json --dry-run --to nps.cambs --court B35CZ00\n"
        "                                    the same without an agent\n"
        "  concordat import common-platform outbox/ --to nps.cambs --json >report.json\n"
        "  fetch-hearing | concordat import common-platform -\n",
    .least = 1,
    .most = POSITIONALS_MAX,
    .run = run_common_platform,
};

static enum exit_code run_import(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    struct nearest nearest = nearest_to(verb);
    char suggestion[SUGGESTION_SIZE];

    if (strcmp(verb, "common-platform") == 0)
        return common_platform.run(cli, &common_platform, argc - 1, argv + 1);
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        arguments_help(self, NULL, 0);
        return EXIT_DONE;
    }
    nearest_offer(&nearest, "common-platform");
    if (*verb)
        complain("unknown: import %s%s", verb, suggest(&nearest, suggestion));
    else
        complain("usage: concordat import common-platform FILE... [--dry-run]");
    return EXIT_BAD_INPUT;
}

const struct command import_command = {
    .name = "import",
    .arguments = "common-platform FILE...",
    .summary = "make messages of what another system emits",
    .about = "  import common-platform FILE...    hearings of HMCTS Common Platform\n"
             "\n"
             "concordat import common-platform --help says more.\n",
    .raw = true,
    .run = run_import,
};
