/*
 * case_look.c - a case as the agent knows it, before something is said about it; and the saying.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/cli/call.h"
#include "agents/cli/case.h"
#include "agents/cli/send.h"
#include "agents/cli/show.h"

#define OFFER "case.transfer.offer"
#define LOOK_LIMIT 1000 /* messages: the newest that an agent gives at once */

bool case_handle_parse(const char *text, struct concordat_id *out)
{
    if (concordat_id_parse(text, out) && !concordat_id_is_none(out))
        return true;
    complain("'%s' is not a case handle; see concordat case list", text);
    return false;
}

static bool is_same(const struct concordat_id *a, const struct concordat_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* The conversation that the open transfer is, and the newest offer in it. */
static void find_transfer(struct case_look *look)
{
    const struct concordat_custody *custody = look->custody;

    for (size_t i = 0; i < custody->conversation_count; i++)
        if (strcmp(custody->conversations[i].type, OFFER) == 0) {
            look->conversation = custody->conversations[i].id;
            look->is_ours = custody->conversations[i].asked_by_us;
        }
    if (concordat_id_is_none(&look->conversation))
        return;
    for (size_t i = 0; i < look->answer->item_count; i++) {
        const struct concordat_item *item = &look->answer->items[i];

        if (strcmp(item->type, OFFER) == 0 && strcmp(item->to, custody->offered_to) == 0
            && is_same(&item->conversation_id, &look->conversation))
            look->offer = item->message_id;
    }
}

enum exit_code case_look(const struct cli *cli, struct concordat *agent, const char *handle,
                         struct case_look *out)
{
    *out = (struct case_look){0};
    if (!case_handle_parse(handle, &out->handle))
        return EXIT_BAD_INPUT;
    concordat_id_print(&out->handle, out->text);
    out->answer = concordat_case(agent, &out->handle, LOOK_LIMIT);
    if (!call_is_done(cli, out->answer))
        return (enum exit_code)out->answer->outcome;
    out->custody = out->answer->custody;
    if (out->custody && !concordat_id_is_none(&out->custody->transfer_id))
        find_transfer(out);
    return EXIT_DONE;
}

void case_look_fini(struct case_look *look)
{
    concordat_answer_free(look->answer);
    look->answer = NULL;
}

bool case_has_transfer(const struct case_look *look, enum case_side side)
{
    const struct concordat_custody *custody = look->custody;

    if (custody && !concordat_id_is_none(&custody->transfer_id)) {
        /* before the offer itself is here, nobody knows its conversation */
        if (concordat_id_is_none(&look->conversation) || look->is_ours == (side == CASE_HOLDERS))
            return true;
        complain("case %s is held by %s and offered to %s; this is for %s to say", look->text,
                 custody->holder, custody->offered_to,
                 look->is_ours ? custody->offered_to : custody->holder);
        return false;
    }
    complain("no transfer of case %s is open, as far as is known here\n"
             "  see concordat case show %s, or concordat case holder %s",
             look->text, look->text, look->text);
    return false;
}

void case_show_hint(const struct concordat_answer *answer, const char *handle)
{
    static const struct {
        const char *code, *hint;
    } hints[] = {
        {"NOT_CURRENT_HOLDER", "who holds it: concordat case holder"},
        {"STALE_VERSION", "how it stands: concordat case show"},
        {"TRANSFER_UNKNOWN", "how it stands: concordat case show"},
        {"COMPONENTS_WRONG", "how it stands: concordat case show"},
        {"CONVERSATION_MISSING", "what is open: concordat case show"},
    };

    for (size_t i = 0; answer->refusal && i < LENGTH_OF(hints); i++)
        if (strcmp(answer->refusal->code, hints[i].code) == 0)
            (void)fprintf(stderr, "  %s %s\n", hints[i].hint, handle);
}

json_t *json_of_id_bytes(const struct concordat_id *id)
{
    char text[BASE64_SIZE(sizeof id->bytes)];

    base64_print(id->bytes, sizeof id->bytes, text);
    return json_string(text);
}

enum exit_code case_tell(const struct cli *cli, struct concordat *agent,
                         const struct case_look *look, const struct case_sending *sending,
                         const struct concordat_message *message, json_t *body)
{
    struct concordat_message whole = *message;
    OWNED_ANSWER answer = NULL;
    char *json = json_dumps(body, JSON_COMPACT);
    enum exit_code code;

    json_decref(body);
    if (!json) {
        complain("memory is out");
        return EXIT_FAILED;
    }
    whole.json = json;
    whole.json_size = strlen(json);
    whole.case_handle = look->handle;
    whole.conversation_id = look->conversation;
    whole.officer = sending->officer;
    whole.purpose = sending->purpose;
    whole.message_id = sending->id;
    whole.wait_ms = sending->wait_ms;
    answer = send_hand_over(agent, &whole, false);
    free(json);

    code = (enum exit_code)answer->outcome;
    if (cli->json) {
        enum exit_code shown = show_json(json_of_outcome(answer, "accepted"));
        code = code == EXIT_DONE ? shown : code;
    } else {
        send_show_verdict(cli, &whole, answer);
    }
    send_show_trouble(cli, &whole, answer);
    case_show_hint(answer, look->text);
    return code;
}
