/*
 * case_offer.c - `concordat case offer|send-parts`: what the holder of a case sends to who is to
 * take it.
 *
 * The manifest of an offer has the transfer's id for its own, so that whoever knows the transfer
 * can say which part a file is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/cli/call.h"
#include "agents/cli/case.h"
#include "agents/cli/files.h"
#include "agents/cli/part.h"
#include "agents/cli/send.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define OFFER_TYPE "case.transfer.offer"
#define PART_TYPE "case.record.part"

/* --- offer --- */

struct offer {
    const char *to, *body;
    struct text_list parts; /* as the command line names them, files and folders */
    size_t part_count;
    struct number_list components;
    int64_t reply_by_ms;
    struct concordat_id transfer;
    bool again; /* of a transfer that is open: its rejected components */
};

/* The parts' files as the manifest lists them; NULL after telling the user. */
static json_t *list_parts(struct offer *offer)
{
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    OWNED(files) files = files_of(offer->parts.items, offer->parts.count);
    json_t *list = json_array();
    bool well = arena && files && list;

    for (size_t i = 0; well && i < files->count; i++) {
        struct part part = {0};

        well = part_read(files->paths[i], &part)
            && part_number(&part, &offer->transfer, (uint32_t)i + 1, arena)
            && json_array_append_new(list, json_of_part(&part)) == 0;
        part_fini(&part);
    }
    if (well)
        return list;
    json_decref(list);
    return NULL;
}

/* The same of a record whose manifest the agent knows: the components are offered again, not it. */
static json_t *list_known_parts(const struct concordat_custody *custody)
{
    json_t *list = json_array();

    for (size_t i = 0; i < custody->part_count; i++) {
        const struct concordat_part *part = &custody->parts[i];
        char digest[BASE64_SIZE(sizeof part->sha256)];
        json_t *one = json_object();

        base64_print(part->sha256, sizeof part->sha256, digest);
        json_put(one, "number", json_integer(part->number));
        json_put(one, "kind", json_string(part->kind));
        json_put(one, "size", json_integer((json_int_t)part->size));
        json_put(one, "sha256", json_string(digest));
        (void)json_array_append_new(list, one);
    }
    return list;
}

/* The manifest, unless the body brings one. False after telling the user. */
static bool put_manifest(struct offer *offer, const struct case_look *look, json_t *body)
{
    json_t *manifest = json_object_get(body, "manifest"), *parts;

    if (manifest && json_object_get(manifest, "parts")) {
        if (offer->parts.count == 0)
            return true;
        complain("%s has a manifest with parts, and --part makes one: give either", offer->body);
        return false;
    }
    if (!manifest) {
        manifest = json_object();
        json_put(body, "manifest", manifest);
    }
    parts = offer->again && offer->parts.count == 0 ? list_known_parts(look->custody)
                                                    : list_parts(offer);
    if (!parts)
        return false;
    offer->part_count = json_array_size(parts);
    if (!json_object_get(manifest, "manifestId"))
        json_put(manifest, "manifestId", json_of_id_bytes(&offer->transfer));
    (void)json_object_set_new(manifest, "parts", parts);
    return true;
}

/* Which components: as the command line says, or the body; else those that were rejected, or all.
 */
static void put_offered(const struct offer *offer, const struct case_look *look, json_t *body)
{
    json_t *list;

    if (offer->components.count == 0 && (!offer->again || json_object_get(body, "offered")))
        return;
    list = json_array();
    for (size_t i = 0; i < offer->components.count; i++)
        (void)json_array_append_new(list, json_integer(offer->components.items[i]));
    for (uint32_t n = 1; offer->components.count == 0 && n <= COMPONENTS_MAX; n++)
        if (look->custody->rejected >> (n - 1) & 1)
            (void)json_array_append_new(list, json_integer(n));
    (void)json_object_set_new(body, "offered", list);
}

/* Is it the open transfer, offered again, or a new one? False after telling the user. */
static bool choose_transfer(struct offer *offer, const struct case_look *look)
{
    const struct concordat_custody *custody = look->custody;

    offer->transfer = concordat_id_new();
    if (!custody || concordat_id_is_none(&custody->transfer_id))
        return true;
    if (!look->is_ours)
        return case_has_transfer(look, CASE_HOLDERS); /* false, and says whose it is */
    if (strcmp(custody->offered_to, offer->to) != 0) {
        complain("case %s is offered to %s already\n  first: concordat case withdraw %s --reason R",
                 look->text, custody->offered_to, look->text);
        return false;
    }
    if (custody->rejected == 0) {
        complain("case %s is offered to %s already, and no component is rejected", look->text,
                 custody->offered_to);
        return false;
    }
    offer->transfer = custody->transfer_id;
    offer->again = true;
    return true;
}

/* The offer's body with what the command knows put in; NULL after telling the user. */
static json_t *body_of(struct offer *offer, const struct case_look *look)
{
    json_t *body = file_read_object(offer->body);

    if (!body)
        return NULL;
    json_put(body, "transferId", json_of_id_bytes(&offer->transfer));
    if (offer->reply_by_ms)
        json_put(body, "replyByMs", json_integer(offer->reply_by_ms));
    put_offered(offer, look, body);
    if (put_manifest(offer, look, body))
        return body;
    json_decref(body);
    return NULL;
}

static void say_offered(const struct offer *offer, const struct case_look *look)
{
    char transfer[CONCORDAT_ID_TEXT];

    concordat_id_print(&offer->transfer, transfer);
    printf("transfer  %s\n"
           "          offered%s to %s, with %zu part%s; the case is ours until they complete\n",
           transfer, offer->again ? " again" : "", offer->to, offer->part_count,
           offer->part_count == 1 ? "" : "s");
    if (offer->part_count > 0)
        printf("          then the parts: concordat case send-parts %s FILE|FOLDER...\n",
               look->text);
}

enum exit_code run_case_offer(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct case_sending sending = {.wait_ms = SEND_WAIT_MS};
    struct offer offer = {0};
    const struct option_spec specs[] = {
        {"to", OPTION_AGENCY, &offer.to, "AGENCY", "who is to take it; required"},
        {"part", OPTION_TEXTS, &offer.parts, "FILE",
         "of the record, or a folder of them; may be repeated"},
        {"component", OPTION_NUMBERS, &offer.components, "N",
         "offer these again; default: what was rejected"},
        {"reply-by", OPTION_TIME, &offer.reply_by_ms, "T", "it lapses then; default: as the body"},
        CASE_SENDING_OPTIONS(sending),
    };
    struct arguments arguments;
    enum exit_code code;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &code);
    OWNED_LOOK look = {0};
    struct concordat_message message;
    json_t *body;

    if (!agent)
        return code;
    if (!offer.to) {
        complain("--to AGENCY is missing");
        return EXIT_BAD_INPUT;
    }
    if (offer.reply_by_ms && offer.reply_by_ms <= clock_wall_ms()) {
        complain("--reply-by: that time is past; the offer would lapse at once");
        return EXIT_BAD_INPUT;
    }
    offer.body = arguments.items[1];
    if ((code = case_look(cli, agent, arguments.items[0], &look)) != EXIT_DONE)
        return code;
    if (!choose_transfer(&offer, &look) || !(body = body_of(&offer, &look)))
        return EXIT_BAD_INPUT;
    message = (struct concordat_message){
        .type = OFFER_TYPE, .to = offer.to, .transfer_id = offer.transfer};
    code = case_tell(cli, agent, &look, &sending, &message, body);
    if (code == EXIT_DONE && !cli->json)
        say_offered(&offer, &look);
    return code;
}

/* --- send-parts --- */

/* Which part of the manifest the file is: the one whose hash it has there; 0 after telling the
 * user. Files mostly come as the manifest lists them: looks behind `last`, the one before. */
static uint32_t find_part(struct part *part, const struct case_look *look, uint32_t last,
                          struct arena *arena)
{
    const struct concordat_custody *custody = look->custody;

    for (size_t i = 0; i < custody->part_count; i++) {
        const struct concordat_part *listed = &custody->parts[(last + i) % custody->part_count];

        if (!part_number(part, &custody->manifest_id, listed->number, arena))
            return 0;
        if (memcmp(part->measure.sha256.bytes, listed->sha256, sizeof listed->sha256) == 0)
            return listed->number;
    }
    complain("%s is no part of the record as it was offered: its hash is not in the manifest\n"
             "  if it had to change, offer the case again with it",
             part->path);
    return 0;
}

/* Is each file a part of the offer? Looked at before the first is sent; standard input, which can
 * be read once, is not. */
static bool are_parts(const struct files *files, const struct case_look *look)
{
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    uint32_t number = 0;
    bool well = arena != NULL;

    for (size_t i = 0; i < files->count; i++) {
        struct part part = {0};
        uint32_t found = 0;

        if (!arena || strcmp(files->paths[i], "-") == 0)
            continue;
        if (part_read(files->paths[i], &part))
            found = find_part(&part, look, number, arena);
        part_fini(&part);
        number = found ? found : number;
        well = well && found;
    }
    return well;
}

static struct concordat_answer *send_part(struct concordat *agent, const struct case_look *look,
                                          const struct case_sending *sending,
                                          const struct part *part,
                                          struct concordat_message *message)
{
    char *json = json_dumps(part->body, JSON_COMPACT);
    struct concordat_answer *answer;

    if (!json)
        return NULL;
    *message = (struct concordat_message){.type = PART_TYPE,
                                          .to = look->custody->offered_to,
                                          .json = json,
                                          .json_size = strlen(json),
                                          .case_handle = look->handle,
                                          .conversation_id = look->conversation,
                                          .officer = sending->officer,
                                          .purpose = sending->purpose,
                                          .wait_ms = sending->wait_ms};
    answer = send_hand_over(agent, message, false);
    free(json);
    message->json = NULL;
    return answer;
}

/* How far the sending of several parts is. */
struct sending_parts {
    struct arena *arena;
    json_t *outcomes;    /* what became of each, for JSON */
    uint32_t last;       /* the number of the last that was sent */
    enum exit_code code; /* EXIT_QUEUED once a part is */
};

/* Sends one file; false: the next need not be tried. */
static bool send_file(const struct cli *cli, struct concordat *agent, const struct case_look *look,
                      const struct case_sending *how, const char *path,
                      struct sending_parts *sending)
{
    struct concordat_message message;
    OWNED_ANSWER answer = NULL;
    struct part part = {0};
    enum exit_code code = EXIT_BAD_INPUT;
    uint32_t number = 0;

    if (part_read(path, &part))
        number = find_part(&part, look, sending->last, sending->arena);
    if (number != 0 && (answer = send_part(agent, look, how, &part, &message))) {
        json_t *outcome = json_of_outcome(answer, "accepted");

        json_put(outcome, "part", json_integer(number));
        (void)json_array_append_new(sending->outcomes, outcome);
        code = (enum exit_code)answer->outcome;
        if (!cli->json) {
            printf("part %-3" PRIu32 "  ", number);
            send_show_verdict(cli, &message, answer);
        }
        send_show_trouble(cli, &message, answer);
        sending->last = number;
    }
    part_fini(&part);
    if (code != EXIT_DONE)
        sending->code = code;
    return code == EXIT_DONE || code == EXIT_QUEUED;
}

enum exit_code run_case_send_parts(struct cli *cli, const struct command *self, int argc,
                                   char **argv)
{
    struct case_sending how = {.wait_ms = SEND_WAIT_MS};
    const struct option_spec specs[] = {
        {"officer", OPTION_TEXT, &how.officer, "O", "on whose behalf; sealed with the body"},
        {"purpose", OPTION_TEXT, &how.purpose, "P", "when the agreement permits several"},
        {"wait", OPTION_SECONDS, &how.wait_ms, "S", "for each verdict; default 5"},
    };
    struct arguments arguments;
    enum exit_code code;
    OWNED_AGENT agent =
        call_begin(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments, &code);
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    OWNED_LOOK look = {0};
    OWNED(files) files = NULL;
    struct sending_parts sending = {.arena = arena, .code = EXIT_DONE};
    size_t sent = 0;

    if (!agent || (code = case_look(cli, agent, arguments.items[0], &look)) != EXIT_DONE)
        return code;
    if (!case_has_transfer(&look, CASE_HOLDERS)
        || !(files = files_of((const char *const *)arguments.items + 1, arguments.count - 1))
        || !arena || !are_parts(files, &look))
        return EXIT_BAD_INPUT;
    sending.outcomes = json_array();
    while (sent < files->count && send_file(cli, agent, &look, &how, files->paths[sent], &sending))
        sent++;
    if (sent < files->count)
        complain("%zu of %zu parts went; the others are not sent", sent, files->count);
    if (cli->json && json_array_size(sending.outcomes) > 0)
        (void)show_json(json_pack("{s:O}", "parts", sending.outcomes));
    json_decref(sending.outcomes);
    return sending.code;
}
