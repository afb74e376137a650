/*
 * ppcs.c - the casework section that revokes licences.
 *
 *     recall.request   -> decided, recall.decision; and when the licence is revoked,
 * recall.revocation to the police, who arrest recall.returned  -> kept with the recall,
 * acknowledged
 *
 * A real decision is a person's; here a rule stands for it: a licence is revoked when risk has
 * increased, or when a condition is said to be broken. A fixed term is not for who is of high risk.
 * --data: docs/examples/story/ppcs.json.
 */
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/service.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

static json_t *recall_of(struct turn *turn, const struct letter *letter)
{
    const char *key = *letter->case_handle ? letter->case_handle : letter->conversation;

    return store_object(store_object(turn->book, "recalls"), key);
}

static bool is_to_be_revoked(const json_t *request)
{
    const char *why = wire_text(request, "why");

    return strcmp(why, "RISK_INCREASED") == 0 || strcmp(why, "BOTH") == 0
        || json_array_size(wire_at(request, "standardBreached")) > 0
        || json_array_size(wire_at(request, "additionalBreached")) > 0;
}

static const char *kind_of(const json_t *request)
{
    const char *overall = wire_text(request, "risk.overall");

    if (strcmp(overall, "ROSH_HIGH") == 0 || strcmp(overall, "ROSH_VERY_HIGH") == 0)
        return "STANDARD";
    return strcmp(wire_text(request, "kind"), "FIXED_TERM") == 0 ? "FIXED_TERM" : "STANDARD";
}

/* What whoever arrests must know, and nothing of victims or of what led to it. */
static void tell_police(struct turn *turn, const struct letter *letter)
{
    bool emergency = strcmp(wire_text(letter->body, "emergency"), "TELEPHONED_FIRST") == 0;
    char id[CONCORDAT_ID_TEXT];
    json_t *body = wire_made(json_pack("{s:b, s:o, s:s}", "emergency", (int)emergency, "revokedMs",
                                       wire_time(turn->now_ms), "kind", kind_of(letter->body)));

    wire_copy(body, "subject", letter->body, "subject");
    wire_copy(body, "rosh", letter->body, "risk.overall");
    wire_copy(body, "addresses", letter->body, "addresses");
    wire_copy(body, "arrestIssues", letter->body, "arrestIssues");
    wire_copy(body, "childrenAtAddress", letter->body, "childrenAtAddress");
    post_parcel(turn->book,
                &(struct parcel){.type = "recall.revocation",
                                 .to = wire_text(turn->data, "agencies.police"),
                                 .case_handle = letter->case_handle,
                                 .body = body,
                                 .event = "revoked",
                                 .text = "The police are to arrest."},
                id);
}

static void on_request(struct turn *turn, struct letter *letter)
{
    bool recalled = is_to_be_revoked(letter->body);
    json_t *recall = recall_of(turn, letter);
    char id[CONCORDAT_ID_TEXT];
    json_t *body = wire_made(
        json_pack("{s:o, s:b}", "requestId", wire_id(letter->id), "recalled", (int)recalled));

    letter_say(letter, "Recall is asked for.");
    if (recalled) {
        (void)json_object_set_new(body, "kind", wire_made(json_string(kind_of(letter->body))));
        (void)json_object_set_new(body, "revokedMs", wire_time(turn->now_ms));
    } else {
        (void)json_object_set_new(
            body, "reasons",
            wire_statement("No condition is said to be broken, and the risk is what it was.",
                           "ASSESSMENT_OR_OPINION"));
    }
    wire_copy(body, "decidedBy", turn->data, "decidedBy");
    (void)json_object_set_new(recall, "recalled", wire_made(json_boolean(recalled)));
    letter_answer(turn, letter, body, "answered",
                  recalled ? "The licence is revoked." : "The licence stands.", id);
    if (recalled)
        tell_police(turn, letter);
}

static void on_returned(struct turn *turn, struct letter *letter)
{
    json_t *recall = recall_of(turn, letter);

    letter_say(letter, "Somebody recalled is back in prison.");
    (void)json_object_set_new(recall, "returned", wire_made(json_deep_copy(letter->body)));
    letter_acknowledge(turn, letter);
    turn_tell(turn, letter_event(letter, "recorded", "It is with the recall."));
}

int main(int argc, char **argv)
{
    static const struct reaction reactions[] = {
        {"recall.request", on_request},
        {"recall.returned", on_returned},
        {0},
    };
    static const struct service service = {
        .name = "ppcs",
        .about = "The section that revokes licences: decides recalls, tells the police.",
        .needs_data = true,
        .reactions = reactions,
    };

    return service_main(&service, argc, argv);
}
