/*
 * case_reply.c - `concordat case accept|reject|query|complete|withdraw`: what is said of an offer
 * once it is made. The body is made here from what the agent knows of the transfer.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/cli/call.h"
#include "agents/cli/case.h"
#include "agents/cli/send.h"
#include "agents/cli/show.h"
#include "lib/limits.h"
#include "lib/nearest.h"
#include "proto/bodies/transfer.pb-c.h"

/* --- components and reasons, as the command line says them --- */

/* Bits of the numbers, every one of which is among `open`; all of `open` when there is none. 0
 * after telling the user. */
static uint32_t choose(const struct number_list *numbers, uint32_t open, const char *act)
{
    uint32_t chosen = 0;

    for (size_t i = 0; i < numbers->count; i++) {
        uint32_t number = numbers->items[i];
        uint32_t bit = number <= COMPONENTS_MAX ? UINT32_C(1) << (number - 1) : 0;

        if ((open & bit) == 0) {
            complain("--component %" PRIu32 " is not open to %s; see concordat case show", number,
                     act);
            return 0;
        }
        chosen |= bit;
    }
    if (numbers->count == 0)
        chosen = open;
    if (chosen == 0)
        complain("no component is open to %s; see concordat case show", act);
    return chosen;
}

/* The enumeration's name for "ADDRESS_NOT_VERIFIED" or "address-not-verified"; NULL after telling
 * the user which there are. */
static const char *reason_of(const ProtobufCEnumDescriptor *reasons, const char *text)
{
    struct nearest nearest = nearest_to("");
    char name[64] = "", suggestion[SUGGESTION_SIZE];

    for (size_t i = 0; text && text[i] && i + 1 < sizeof name; i++)
        name[i] = text[i] == '-' ? '_' : (char)toupper((unsigned char)text[i]);
    nearest = nearest_to(name);
    for (unsigned i = 0; i < reasons->n_values; i++) {
        if (reasons->values[i].value == 0) /* the unspecified one is no reason */
            continue;
        if (strcmp(reasons->values[i].name, name) == 0)
            return reasons->values[i].name;
        nearest_offer(&nearest, reasons->values[i].name);
    }
    if (text)
        complain("--reason: '%s' is not a reason%s", text, suggest(&nearest, suggestion));
    else
        complain("--reason is missing");
    (void)fputs("  reasons:", stderr);
    for (unsigned i = 0; i < reasons->n_values; i++)
        if (reasons->values[i].value != 0)
            (void)fprintf(stderr, " %s", reasons->values[i].name);
    (void)fputs("\n", stderr);
    return NULL;
}

/* --- accept and reject --- */

struct rejection {
    const char *reason, *detail; /* NULL: none */
};

static json_t *json_of_replies(const struct case_look *look, uint32_t components,
                               const struct rejection *rejection)
{
    json_t *replies = json_array();

    for (uint32_t number = 1; number <= COMPONENTS_MAX; number++) {
        json_t *reply;

        if ((components >> (number - 1) & 1) == 0)
            continue;
        reply = json_pack("{s:I}", "component", (json_int_t)number);
        if (rejection) {
            json_put(reply, "reject", json_string(rejection->reason));
            if (rejection->detail)
                json_put(reply, "detail", json_string(rejection->detail));
        }
        (void)json_array_append_new(replies, reply);
    }
    return json_pack("{s:o, s:o}", "transferId", json_of_id_bytes(&look->custody->transfer_id),
                     "replies", replies);
}

/* A message to the other side of the open transfer, in reply to its offer. */
static struct concordat_message to_holder(const struct case_look *look, const char *type)
{
    return (struct concordat_message){.type = type,
                                      .to = look->custody->holder,
                                      .in_reply_to = look->offer,
                                      .transfer_id = look->custody->transfer_id};
}

static void say_what_is_left(const struct case_look *look, uint32_t accepted)
{
    uint32_t left = look->custody->offered & ~accepted;

    if (left || look->custody->rejected)
        printf("          not every component is accepted; the case stays with %s\n",
               look->custody->holder);
    else
        printf("          every component is accepted; the case is %s's until you take it:\n"
               "          concordat case complete %s\n",
               look->custody->holder, look->text);
}

enum exit_code run_case_accept(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct case_sending sending = {.wait_ms = SEND_WAIT_MS};
    struct number_list numbers = {0};
    const struct option_spec specs[] = {
        {"component", OPTION_NUMBERS, &numbers, "N", "this one, or 1,2,5; default: all offered"},
        CASE_SENDING_OPTIONS(sending),
    };
    struct arguments arguments;
    enum exit_code code;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &code);
    OWNED_LOOK look = {0};
    struct concordat_message message;
    uint32_t chosen;

    if (!agent || (code = case_look(cli, agent, arguments.items[0], &look)) != EXIT_DONE)
        return code;
    if (!case_has_transfer(&look, CASE_TAKERS)
        || !(chosen = choose(&numbers, look.custody->offered, "acceptance")))
        return EXIT_BAD_INPUT;
    message = to_holder(&look, "case.transfer.accept");
    code = case_tell(cli, agent, &look, &sending, &message, json_of_replies(&look, chosen, NULL));
    if (code == EXIT_DONE && !cli->json)
        say_what_is_left(&look, chosen);
    return code;
}

enum exit_code run_case_reject(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct case_sending sending = {.wait_ms = SEND_WAIT_MS};
    struct number_list numbers = {0};
    struct rejection rejection = {0};
    const struct option_spec specs[] = {
        {"component", OPTION_NUMBERS, &numbers, "N", "this one, or 1,2,5; default: all offered"},
        {"reason", OPTION_TEXT, &rejection.reason, "R", "why, from the list above; required"},
        {"detail", OPTION_TEXT, &rejection.detail, "TEXT", "in words; sealed with the body"},
        CASE_SENDING_OPTIONS(sending),
    };
    struct arguments arguments;
    enum exit_code code;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &code);
    OWNED_LOOK look = {0};
    struct concordat_message message;
    uint32_t chosen;

    if (!agent)
        return code;
    rejection.reason =
        reason_of(&concordat__body__transfer_reply__reject__descriptor, rejection.reason);
    if (!rejection.reason)
        return EXIT_BAD_INPUT;
    if ((code = case_look(cli, agent, arguments.items[0], &look)) != EXIT_DONE)
        return code;
    if (!case_has_transfer(&look, CASE_TAKERS)
        || !(chosen = choose(&numbers, look.custody->offered, "rejection")))
        return EXIT_BAD_INPUT;
    message = to_holder(&look, "case.transfer.reject");
    code = case_tell(cli, agent, &look, &sending, &message,
                     json_of_replies(&look, chosen, &rejection));
    if (code == EXIT_DONE && !cli->json)
        printf("          the case stays with %s, who may offer these again\n",
               look.custody->holder);
    return code;
}

/* --- complete --- */

/* Is the record here, as far as the manifest is known? The user is told what is not. */
static bool record_is_here(const struct case_look *look)
{
    bool here = true;

    for (size_t i = 0; i < look->custody->part_count; i++) {
        const struct concordat_part *part = &look->custody->parts[i];

        if (strcmp(part->state, "here") == 0)
            continue;
        complain("part %" PRIu32 " (%s): %s", part->number, *part->kind ? part->kind : "?",
                 strcmp(part->state, "differs") == 0 ? "differs from the manifest" : part->state);
        here = false;
    }
    if (!here)
        (void)fprintf(stderr, "  ask for it: concordat case query %s --missing N\n", look->text);
    return here;
}

enum exit_code run_case_complete(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct case_sending sending = {.wait_ms = SEND_WAIT_MS};
    const struct option_spec specs[] = {CASE_SENDING_OPTIONS(sending)};
    struct arguments arguments;
    enum exit_code code;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &code);
    OWNED_LOOK look = {0};
    struct concordat_message message;
    char digest[BASE64_SIZE(sizeof look.custody->manifest_sha256)];

    if (!agent || (code = case_look(cli, agent, arguments.items[0], &look)) != EXIT_DONE)
        return code;
    if (!case_has_transfer(&look, CASE_TAKERS) || !record_is_here(&look))
        return EXIT_BAD_INPUT;
    message = to_holder(&look, "case.transfer.complete");
    base64_print(look.custody->manifest_sha256, sizeof look.custody->manifest_sha256, digest);
    code = case_tell(cli, agent, &look, &sending, &message,
                     json_pack("{s:o, s:s}", "transferId",
                               json_of_id_bytes(&look.custody->transfer_id), "manifestSha256",
                               digest));
    if (code == EXIT_DONE && !cli->json)
        printf("          the case is ours from now on, with its open conversations\n");
    return code;
}

/* --- query --- */

/* Does the manifest list each? False after telling the user. */
static bool are_listed(const struct number_list *numbers, const struct concordat_custody *custody)
{
    for (size_t i = 0; i < numbers->count; i++) {
        size_t at = 0;

        while (at < custody->part_count && custody->parts[at].number != numbers->items[i])
            at++;
        if (at < custody->part_count)
            continue;
        complain("--missing: the manifest has no part %" PRIu32 "; it lists %zu", numbers->items[i],
                 custody->part_count);
        return false;
    }
    return true;
}

static json_t *json_of_numbers(const struct number_list *numbers)
{
    json_t *list = json_array();

    for (size_t i = 0; i < numbers->count; i++)
        (void)json_array_append_new(list, json_integer(numbers->items[i]));
    return list;
}

enum exit_code run_case_query(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct case_sending sending = {.wait_ms = SEND_WAIT_MS};
    struct number_list missing = {0};
    const char *text = NULL;
    const struct option_spec specs[] = {
        {"missing", OPTION_NUMBERS, &missing, "N", "this part of the manifest, or 3,6"},
        {"query", OPTION_TEXT, &text, "TEXT", "in words; sealed with the body"},
        CASE_SENDING_OPTIONS(sending),
    };
    struct arguments arguments;
    enum exit_code code;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &code);
    OWNED_LOOK look = {0};
    struct concordat_message message;
    json_t *body;

    if (!agent || (code = case_look(cli, agent, arguments.items[0], &look)) != EXIT_DONE)
        return code;
    if (missing.count == 0 && !text) {
        complain("--missing N or --query TEXT says what is asked for");
        return EXIT_BAD_INPUT;
    }
    if (!case_has_transfer(&look, CASE_TAKERS))
        return EXIT_BAD_INPUT;
    if (concordat_id_is_none(&look.custody->manifest_id)) {
        complain("the offer's manifest has not been seen here; open the offer first");
        return EXIT_BAD_INPUT;
    }
    if (!are_listed(&missing, look.custody))
        return EXIT_BAD_INPUT;
    body = json_pack("{s:o, s:o}", "manifestId", json_of_id_bytes(&look.custody->manifest_id),
                     "missing", json_of_numbers(&missing));
    if (text)
        json_put(body, "query", json_pack("[s]", text));
    message = to_holder(&look, "case.record.query");
    message.transfer_id = (struct concordat_id){{0}}; /* it is no act of custody */
    code = case_tell(cli, agent, &look, &sending, &message, body);
    if (code == EXIT_DONE && !cli->json)
        printf("          %s is asked for what is missing\n", look.custody->holder);
    return code;
}

/* --- withdraw --- */

enum exit_code run_case_withdraw(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct case_sending sending = {.wait_ms = SEND_WAIT_MS};
    const char *reason = NULL;
    bool unsent = false;
    const struct option_spec specs[] = {
        {"reason", OPTION_TEXT, &reason, "R",
         "why, from the list above; required but with --unsent"},
        {"unsent", OPTION_FLAG, &unsent, NULL, "without a message, which cannot go"},
        CASE_SENDING_OPTIONS(sending),
    };
    struct arguments arguments;
    enum exit_code code;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &code);
    OWNED_LOOK look = {0};
    struct concordat_message message;

    if (!agent)
        return code;
    if (unsent && reason) {
        complain("--unsent says no reason: give either");
        return EXIT_BAD_INPUT;
    }
    if (unsent)
        return case_handle_parse(arguments.items[0], &look.handle)
                 ? case_retract(cli, agent, &look.handle, sending.wait_ms)
                 : EXIT_BAD_INPUT;
    reason = reason_of(&concordat__body__transfer_withdraw__reason__descriptor, reason);
    if (!reason)
        return EXIT_BAD_INPUT;
    if ((code = case_look(cli, agent, arguments.items[0], &look)) != EXIT_DONE)
        return code;
    if (!case_has_transfer(&look, CASE_HOLDERS))
        return EXIT_BAD_INPUT;
    message = (struct concordat_message){.type = "case.transfer.withdraw",
                                         .to = look.custody->offered_to,
                                         .transfer_id = look.custody->transfer_id};
    code = case_tell(cli, agent, &look, &sending, &message,
                     json_pack("{s:o, s:s}", "transferId",
                               json_of_id_bytes(&look.custody->transfer_id), "reason", reason));
    if (code == EXIT_DONE && !cli->json)
        printf("          the offer is gone; nothing has changed\n");
    else if (!cli->json && (code == EXIT_REFUSED || code == EXIT_QUEUED))
        printf("          when it cannot go: concordat case withdraw %s --unsent\n", look.text);
    return code;
}
