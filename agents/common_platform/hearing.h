/*
 * hearing.h - a hearing as HMCTS Common Platform emits it, into the messages of this community.
 *
 *     source.c (the input) --> hearing.c --> person.c, offence.c, result.c --> checked bodies
 *
 * Each defendant gets one court.hearing.notice, and a court.sentence.result when a final result is
 * a sentence. What cannot become a message, a company or a court application, is skipped and said.
 * Everything of the input is accounted for: see source.h. Pure: text in, messages out, no I/O.
 *
 * Recognised by content: a bare hearing, {"hearing": {...}}, and what is sent when results are
 * shared, {"hearing": {...}, "sharedTime": ...}. Source: docs/import.md.
 *
 * Threads: none.
 */
#ifndef AGENTS_COMMON_PLATFORM_HEARING_H
#define AGENTS_COMMON_PLATFORM_HEARING_H

#include <stdint.h>

#include "agents/body.h"
#include "agents/common_platform/source.h"
#include "agents/common_platform/warning.h"

enum shape {
    SHAPE_NONE = 0,
    SHAPE_BARE,
    SHAPE_WRAPPED,
    SHAPE_RESULTS_SHARED
};
const char *shape_name(enum shape shape); /* "hearing", "wrapped", "resultsShared" */

/* One message: type and body are whole and checked. */
struct court_message {
    const struct message_type *type;
    struct bytes body;                /* owned */
    const struct node *defendant;     /* borrowed from the source, as the texts below */
    const char *hearing;              /* its id; never "" */
    const char *accused;              /* the defendant's id, or the person's; never "" */
    const char *accusation;           /* of the prosecution case; "" when it has no id */
    const struct court_message *same; /* an earlier one with the same content; NULL: none */
};

/* What became no message. */
struct skipped {
    const struct node *node;
    bool faulty; /* it should have, and something is wrong with it */
    struct problem problem;
};

struct hearing_messages {
    enum shape shape;
    struct source *source; /* owned */
    size_t count, skipped_count, warning_count;
    struct court_message *messages; /* owned */
    struct skipped *skipped;        /* owned */
    struct warning *warnings;       /* owned; of what is left out, besides its being listed */
    int64_t month_ms;               /* the month in which the hearing begins: its first instant */
};

struct hearing_settings {
    const char
        *court; /* which court sits; a hearing that names another is refused; NULL: not said, */
    const char *ours; /* and the hearing must name this one; NULL: there is none */
    int64_t now_ms;
};

/* Converts one message.
 *   ST_INVALID  `problem` has the path and the reason: no JSON, none of the shapes, another court,
 *               no day on which it sits
 *   ST_LIMIT    the same for a bound of lib/limits.h
 *   ST_NOMEM */
enum status hearing_convert(const char *text, size_t size, const struct hearing_settings *settings,
                            struct hearing_messages **out, struct problem *problem);
void hearing_messages_free(struct hearing_messages *messages); /* NULL is fine */
OWN(hearing_messages)

#endif
