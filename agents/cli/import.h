/*
 * import.h - one run of `concordat import`: what its files share. import.c (the command, file by
 * file), import_send.c (one message to the agent), import_show.c and import_json.c (what is told).
 * Nobody else's.
 */
#ifndef AGENTS_CLI_IMPORT_H
#define AGENTS_CLI_IMPORT_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agents/client.h"
#include "agents/common_platform/hearing.h"
#include "agents/common_platform/losses.h"
#include "lib/limits.h"

/* What became of one message; in order of what is told. */
enum sent {
    SENT_WOULD = 0, /* --dry-run */
    SENT_ACCEPTED,
    SENT_BEFORE, /* imported before: the same message, not sent again */
    SENT_SAME,   /* stands twice in the input */
    SENT_QUEUED,
    SENT_REFUSED,
    SENT_BAD,
    SENT_FAILED,
    SENT_KINDS
};
const char *sent_json_name(enum sent sent); /* "alreadySent" */
enum exit_code sent_exit_code(enum sent sent);

/* The types that hearings become. */
#define IMPORT_TYPES 2 /* court.hearing.notice, court.sentence.result */
extern const char *const import_types[IMPORT_TYPES];
size_t import_type_index(const struct message_type *type);

struct import {
    const struct cli *cli;
    /* as the user said */
    bool dry_run, verbose, strict;
    const char *court, *to, *officer;
    struct concordat_id case_handle; /* none: derived */
    uint32_t wait_ms;
    /* from the agent */
    struct concordat *agent; /* NULL: none is needed */
    char agency[AGENCY_MAX + 1];
    char ours[AGENCY_MAX + 1];                     /* its court code; "": it has none */
    char recipients[IMPORT_TYPES][AGENCY_MAX + 1]; /* "": not looked for yet */
    bool silent; /* the broker gave no verdict in time: later messages do not wait for one */
    /* so far */
    size_t file_count, file_number, bad_files, skipped, warnings;
    size_t counts[IMPORT_TYPES][SENT_KINDS];
    struct tally tally;
    struct losses *losses; /* owned by who runs */
    enum exit_code code;   /* the worst yet */
    bool over;             /* stop: --strict, or the agent is gone */
};

/* ---- import_send.c ---- */

/* One message on its way. */
struct parcel {
    const struct court_message *message;
    const char *to;
    enum sent sent;
    struct concordat_id id, case_handle;
    struct concordat_answer *answer; /* owned; NULL when nothing was asked */
};

/* Sends it, or finds that it was. Tells the user of trouble. `parcel` is filled; finish with
 * parcel_fini(). */
void import_send(struct import *import, const char *file, const struct hearing_messages *messages,
                 const struct court_message *message, struct parcel *parcel);
void parcel_fini(struct parcel *parcel);

/* ---- import_json.c ---- */

/* New objects: one file's, and the run's summary. */
json_t *json_of_import(const struct import *import, const char *file,
                       const struct hearing_messages *messages, const struct parcel parcels[]);
json_t *json_of_import_summary(const struct import *import);

/* ---- import_show.c ---- */

/* The run's report: text as it comes, or one JSON document in pieces. */
struct report;
struct report *report_new(struct import *import); /* NULL: memory is out */
void report_free(struct report *report);
OWN(report)

/* A file that became nothing. */
void report_bad(struct report *report, const char *file, const struct problem *problem);
/* A file's messages, all `count` of them sent. */
void report_file(struct report *report, const char *file, const struct hearing_messages *messages,
                 const struct parcel parcels[]);
/* The table and the losses; EXIT_FAILED when standard output does not take them. */
enum exit_code report_end(struct report *report);

/* How far it is, on a terminal; and away with it, before anything else is told. */
void progress_show(const struct import *import);
void progress_hide(void);

#endif
