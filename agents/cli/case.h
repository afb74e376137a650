/*
 * case.h - the parts of `concordat case`, and what they share.
 *
 *     case.c         show, list: what is known here
 *     case_claim.c   open, close, holder: who holds it
 *     case_offer.c   offer, send-parts: its holder's
 *     case_reply.c   accept, reject, query, complete, withdraw
 */
#ifndef AGENTS_CLI_CASE_H
#define AGENTS_CLI_CASE_H

#include <jansson.h>

#include "agents/cli/arguments.h"
#include "agents/client.h"

enum exit_code run_case_show(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_list(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_open(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_close(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_holder(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_offer(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_send_parts(struct cli *cli, const struct command *self, int argc,
                                   char **argv);
enum exit_code run_case_accept(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_reject(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_query(struct cli *cli, const struct command *self, int argc, char **argv);
enum exit_code run_case_complete(struct cli *cli, const struct command *self, int argc,
                                 char **argv);
enum exit_code run_case_withdraw(struct cli *cli, const struct command *self, int argc,
                                 char **argv);

/* Takes back what is offered by our signed word alone, and shows what came of it. */
enum exit_code case_retract(const struct cli *cli, struct concordat *agent,
                            const struct concordat_id *handle, uint32_t wait_ms);

/* A case handle of the command line; false after telling the user. */
bool case_handle_parse(const char *text, struct concordat_id *out);

/* A case as the agent knows it; a name is "" when there is none. */
struct case_look {
    struct concordat_id handle;
    char text[CONCORDAT_ID_TEXT];
    struct concordat_answer *answer;         /* owned */
    const struct concordat_custody *custody; /* the answer's; NULL: nothing is known of it here */
    struct concordat_id conversation;        /* of the open transfer; none */
    struct concordat_id offer;               /* its newest offer; none */
    bool is_ours;                            /* we have offered it; else it is offered to us */
};

/* Asks the agent. EXIT_DONE, else the user has been told. case_look_fini() in each case. */
enum exit_code case_look(const struct cli *cli, struct concordat *agent, const char *handle,
                         struct case_look *out);
void case_look_fini(struct case_look *look);
#define OWNED_LOOK __attribute__((cleanup(case_look_fini))) struct case_look
/* Whose an act of a transfer is. */
enum case_side {
    CASE_HOLDERS,
    CASE_TAKERS
};

/* Is a transfer of it open, and are we on this side of it? The user is told why not. */
bool case_has_transfer(const struct case_look *look, enum case_side side);

/* Options that every message about a case takes, and what `case_tell` sends with them. */
struct case_sending {
    const char *officer, *purpose;
    struct concordat_id id;
    uint32_t wait_ms;
};
#define CASE_SENDING_OPTIONS(sending)                                                              \
    {"officer", OPTION_TEXT, &(sending).officer, "O", "on whose behalf; sealed with the body"},    \
        {"purpose", OPTION_TEXT, &(sending).purpose, "P", "when the agreement permits several"},   \
        {"id", OPTION_ID, &(sending).id, "ID", "a repeat with the same id is the same message"},   \
    {                                                                                              \
        "wait", OPTION_SECONDS, &(sending).wait_ms, "S", "for the broker's verdict; default 5"     \
    }

/* Sends `body`, which it takes, as a message of `type` about the case, in the open transfer's
 * conversation and in reply to its offer when `in_reply`. Shows the verdict, or with --json the
 * outcome; the exit code is its own. */
enum exit_code case_tell(const struct cli *cli, struct concordat *agent,
                         const struct case_look *look, const struct case_sending *sending,
                         const struct concordat_message *message, json_t *body);

/* Where to look after a refusal that is about the case: a line on standard error, or none. */
void case_show_hint(const struct concordat_answer *answer, const char *handle);

/* 16 bytes as JSON's base64. */
json_t *json_of_id_bytes(const struct concordat_id *id);

#endif
