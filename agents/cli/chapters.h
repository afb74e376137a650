/*
 * chapters.h - `concordat demo --chapter NAME`: stories of weeks, on a clock that is moved.
 *
 *     demo.c --chapter--> chapter_play: folder, clock; this command again, as the demo's program
 *     that one            chapter_play: sandbox of the cast, the story, the end
 *
 * Unlike the demo of one day, whose systems react by themselves, all that people do here is typed
 * as a command at an agency: each reader can do the same. What the lines claim is checked.
 *
 *     chapter_safeguarding.c   a referral, watched until the order ends
 *     chapter_transfer.c       a case changes hands, and what waits for it follows
 *     chapter_recall.c         risk escalates; the case comes back; recall
 */
#ifndef AGENTS_CLI_CHAPTERS_H
#define AGENTS_CLI_CHAPTERS_H

#include <jansson.h>

#include "agents/cli/play.h"
#include "agents/cli/tell.h"
#include "agents/client.h"

struct tale {
    struct play play;
    char folder[PATH_MAX]; /* of the demo; the sandbox is below it */
    char case_handle[CONCORDAT_ID_TEXT];
};

struct chapter {
    const char *name, *summary;
    const char *begins; /* "2026-03-02T09:00:00Z" */
    const struct member *cast;
    size_t count;
    const char *const *agreements; /* files of the examples; NULL ends */
    void (*tell)(struct tale *tale);
};

extern const struct chapter safeguarding_chapter, transfer_chapter, recall_chapter;

/* Plays it, or says which there are: the whole command. */
enum exit_code chapter_play(const struct cli *cli, const char *name, bool is_quick);

/* ---- what the stories are told with ---- */

/* The clock jumps to then, and all agents have the broker again. */
void tale_at(struct tale *tale, const char *moment);

/* A body of docs/examples/story as a file of the demo, filled in at places like
 * "replies.0.component"; an id as a message prints it becomes what a body holds. NULL ends. */
struct blank {
    const char *path;
    const char *id;   /* or NULL */
    const char *text; /* or NULL */
    int64_t number;   /* else */
};
void tale_body(struct tale *tale, const char *name, const struct blank blanks[],
               char path[static PATH_MAX]);

/* `concordat WORD...` that sends something: it is accepted, and its id given. */
void tale_send(struct tale *tale, const char *agency, const char *const words[],
               char id[static CONCORDAT_ID_TEXT]);
/* The same that is refused, as `telling` says. */
void tale_refused(struct tale *tale, const char *const words[],
                  const struct telling_refusal *telling);
/* "sent, and what became of it": tell_message for who sent it last. */
void tale_told(struct tale *tale, const char *agency, const char *id, const char *rung,
               const char *what, const struct fact facts[]);
/* A message about the case from a body of the story, told when it has arrived; `id', when not NULL,
 * has room for CONCORDAT_ID_TEXT. */
void tale_say(struct tale *tale, const char *from, const char *to, const char *type,
              const char *name, const char *what, char *id);
/* One that is refused, as `telling' says. */
void tale_refuse(struct tale *tale, const char *to, const char *type, const char *name,
                 const struct telling_refusal *telling);
/* The newest message of a type in an agency's inbox, opened; its id. */
void tale_find(struct tale *tale, const char *agency, const char *type,
               char id[static CONCORDAT_ID_TEXT]);
/* ---- custody and clocks (tale_case.c) ---- */

/* `agency $ concordat case open`: it holds the story's case from now on. */
void tale_open_case(struct tale *tale, const char *agency);
/* `concordat case WORD HANDLE ...`: an act that is accepted; its id. */
void tale_act(struct tale *tale, const char *agency, const char *const words[],
              char id[static CONCORDAT_ID_TEXT]);
/* Asked of the broker by an agency: who holds the case. */
void tale_holder(struct tale *tale, const char *asks, const char *holder, const char *what);
/* A part of the record is so at who takes it: "here", "differs". */
void tale_part(struct tale *tale, const char *agency, int number, const char *state,
               const char *what);
/* The conversation is open at the agency, with `with` on its other side; NULL: it is not open. */
void tale_conversation(struct tale *tale, const char *agency, const char *id, const char *with,
                       const char *what);
/* So many alarms have come to the agency; what is NULL: any. */
struct tale_alarm {
    const char *kind, *stage, *role, *expected;
    size_t count;
};
void tale_alarms(struct tale *tale, const char *agency, const struct tale_alarm *alarm,
                 const char *what);
/* Something of a kind is due about a type, or waits for it; `is_due` false: it is not. */
void tale_due(struct tale *tale, const char *agency, const char *kind, const char *type,
              bool is_due, const char *what);

/* Starts or kills an agency's agent. */
void tale_set_agent(struct tale *tale, const char *agency, bool is_up);

#endif
