/*
 * story.h - the chapters of `concordat demo`: one case from the court's list to its allocation.
 *
 * Who plays: the agencies' own systems (agents/roles) react by themselves; what a person does is
 * typed as a command. A chapter tells what happened by asking the agents, in an order of its own,
 * so that a transcript is the same each time whatever came first.
 *
 *     demo.c            the cast, the order of the chapters
 *     story_report.c    a report on the day, with one late answer
 *     story_child.c     a child is referred; the case is allocated
 *     story_refused.c   what is refused, and who never hears of it; a broker that dies
 *     story_disk.c      is anything of the case on the broker's disk?
 */
#ifndef AGENTS_CLI_STORY_H
#define AGENTS_CLI_STORY_H

#include "agents/cli/play.h"
#include "agents/cli/systems.h"
#include "agents/client.h"

#define COURT "court.b35cz00"
#define PROBATION "nps.cambs"
#define CRC "crc.bench"
#define POLICE "police.35"
#define CHILDREN "csc.cambs"
#define ADULTS "asc.cambs"
#define TREATMENT "tx.cambs"
#define WORKLINK "prv.worklink"
#define BROKER "broker"

struct story {
    struct play play;
    struct system court, probation, crc, police, children, adults;
    uint32_t clock_ms; /* from ordering the report until it is needed */
    int64_t wait_ms;   /* for a system to do something */
    char case_handle[CONCORDAT_ID_TEXT];
    char report_request[CONCORDAT_ID_TEXT], child_check[CONCORDAT_ID_TEXT];
};

void story_list_case(struct story *story);
void story_order_report(struct story *story);
void story_ask_others(struct story *story);
void story_report_on_time(struct story *story);
void story_sentence(struct story *story);
void story_late_answer(struct story *story);

void story_allocate(struct story *story);
void story_refer_child(struct story *story);

void story_intelligence_refused(struct story *story); /* a CRC asks the police for too much */
void story_no_gateway_refused(struct story *story);   /* social care's records, to a provider */
void story_broker_dies(struct story *story);
void story_unsigned_agreement(struct story *story);

void story_search_disk(struct story *story); /* when the broker has stopped */

/* An event of a system; NULL, and the play has failed, when it does not come. */
json_t *story_await(struct story *story, struct system *system, const char *event,
                    const char *type);
/* The id of the message that an event is about; "" (and failed) when it does not come. */
void story_await_id(struct story *story, struct system *system, const char *event, const char *type,
                    char id[static CONCORDAT_ID_TEXT]);
/* One act of a system's staff, shown as a command; its event. */
json_t *story_act(struct story *story, struct system *system, const char *agency,
                  const char *const words[]);
/* A body of the examples with the time by which it is needed written in, as a file of the demo. */
void story_body(struct story *story, const char *name, int64_t needed_by_ms,
                char path[static PATH_MAX]);
/* Nothing is waiting in an agency's inbox. */
void story_check_quiet(struct story *story, const char *agency, const char *what);

#endif
