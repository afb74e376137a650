/*
 * nps_report.c - the pre-sentence report, and what it honestly says of its checks.
 *
 * What the officer has written comes from nps.json. Added here: which checks were answered by the
 * time of writing, and whether treatment can be proposed, which nobody but the provider may say.
 */
#include "agents/roles/nps.h"

#include <stdio.h>
#include <string.h>

#include "agents/roles/wire.h"

static const json_t *find_check(const json_t *order, const char *type)
{
    const json_t *check;
    size_t i;

    json_array_foreach(wire_at(order, "checks"), i, check)
    {
        if (strcmp(wire_text(check, "type"), type) == 0)
            return check;
    }
    return NULL;
}

static bool is_in_state(const json_t *check, const char *state)
{
    return strcmp(wire_text(check, "state"), state) == 0;
}

/* --- checks --- */

/* As the report tells them: type, the request's id, state. */
static json_t *check_states(const json_t *order)
{
    json_t *states = wire_made(json_array());
    const json_t *check;
    size_t i;

    json_array_foreach(wire_at(order, "checks"), i, check)
    {
        json_t *state = wire_made(json_object()), *id = wire_id(wire_text(check, "id"));

        wire_copy(state, "type", check, "type");
        wire_copy(state, "state", check, "state");
        if (id && !is_in_state(check, "NOT_ASKED"))
            (void)json_object_set_new(state, "requestId", id);
        else
            json_decref(id);
        (void)json_array_append_new(states, state);
    }
    return states;
}

/* For the event: what is missing. */
static json_t *missing_checks(const json_t *order)
{
    json_t *missing = wire_made(json_array());
    const json_t *check;
    size_t i;

    json_array_foreach(wire_at(order, "checks"), i, check)
    {
        if (!is_in_state(check, "REPLIED"))
            (void)json_array_append(missing, wire_at(check, "type"));
    }
    return missing;
}

/* --- what the author had --- */

static const struct {
    const char *type, *source;
} sources[] = {
    {"check.police.precons.request", "PREVIOUS_CONVICTIONS"},
    {"check.police.callouts.request", "DA_CALLOUT"},
    {"check.social_care.children.request", "SAFEGUARDING_CHECKS"},
    {"check.treatment.request", "SUBSTANCE_MISUSE_SCREEN"},
};

static void add_sources(json_t *body, const json_t *order)
{
    json_t *list = json_object_get(body, "sources");

    if (!list) {
        list = wire_made(json_array());
        (void)json_object_set_new(body, "sources", list);
    }
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (is_in_state(find_check(order, sources[i].type), "REPLIED"))
            (void)json_array_append_new(list, wire_made(json_string(sources[i].source)));
    }
}

/* --- treatment --- */

static bool is_treatment(const json_t *requirement)
{
    return strcmp(wire_text(requirement, "kind"), "DRR") == 0
        || strcmp(wire_text(requirement, "kind"), "ATR") == 0;
}

/* A treatment requirement stands when the provider says that it suits; without an answer it is
 * proposed as open; after a no it is not proposed. */
static void settle_treatment(json_t *body, const json_t *order)
{
    const json_t *check = find_check(order, "check.treatment.request");
    json_t *list = json_object_get(body, "proposedRequirements");
    bool suits = is_in_state(check, "REPLIED")
              && strcmp(wire_text(check, "answer.result"), "SUITABLE") == 0
              && !json_is_false(wire_at(check, "answer.subjectWilling"));

    for (size_t i = 0; i < json_array_size(list);) {
        json_t *requirement = json_array_get(list, i);

        if (is_treatment(requirement) && is_in_state(check, "ASKED_NO_REPLY"))
            (void)json_object_set_new(
                requirement, "detail",
                wire_made(json_string("Subject to the provider's assessment, asked for and not "
                                      "yet answered.")));
        else if (is_treatment(requirement) && !suits) {
            (void)json_array_remove(list, i);
            continue;
        }
        i++;
    }
}

/* --- the report --- */

static json_t *report_body(const struct turn *turn, const json_t *order)
{
    const json_t *assessment = assessment_of(turn, wire_at(order, "defendant"));
    json_t *body = wire_made(json_object());

    (void)json_object_update_new(body, json_deep_copy(wire_at(assessment, "report")));
    wire_copy(body, "risk", assessment, "risk");
    wire_copy(body, "hearingId", order, "hearingId");
    wire_copy(body, "deliveredFormat", order, "format");
    wire_copy(body, "defendant", order, "defendant");
    wire_copy(body, "author", turn->data, "author");
    (void)json_object_set_new(body, "checks", check_states(order));
    add_sources(body, order);
    settle_treatment(body, order);
    return body;
}

void write_report(struct turn *turn, const char *request, json_t *order)
{
    json_t *missing = missing_checks(order);
    char id[CONCORDAT_ID_TEXT], text[128];

    if (json_array_size(missing) == 0)
        (void)snprintf(text, sizeof text, "The report is with the court; every check is in it.");
    else
        (void)snprintf(text, sizeof text,
                       "The report is with the court, and says that %zu checks are missing.",
                       json_array_size(missing));
    post_parcel(
        turn->book,
        &(struct parcel){.is_answer = true,
                         .in_reply_to = request,
                         .case_handle = wire_text(order, "case"),
                         .body = report_body(turn, order),
                         .event = "reported",
                         .text = text,
                         .more = wire_made(json_pack("{s:o, s:o}", "checks", check_states(order),
                                                     "missing", missing))},
        id);
    (void)json_object_set_new(order, "report", wire_made(json_string(id)));
    follow(turn, id);
}
