/*
 * nps_checks.c - what probation asks before sentence, and what comes back.
 *
 * The clock is the hearing. A question says by when it is needed, some while before the report is,
 * and to which conversation an answer belongs that comes later. A decline is evidence and no
 * message: nothing rings, so while questions are open their tracks are looked at.
 */
#include "agents/roles/nps.h"

#include <stdio.h>
#include <string.h>

#include "agents/roles/event.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

#define MARGIN_MS (30 * 60 * 1000) /* at most, for writing the report */
#define LOOK_MS 2000               /* between looks at the tracks of open questions */
#define CALLOUTS_MONTHS 24

/* --- asking --- */

static json_t *question(const json_t *record)
{
    return wire_made(json_pack(
        "{s:O, s:s, s:o, s:O*, s:o*}", "subject", wire_at(record, "defendant"), "why",
        "PRE_SENTENCE", "neededByMs", wire_time(wire_number(record, "checksDueMs")), "hearingId",
        wire_at(record, "hearingId"), "forwardToCase", wire_id(wire_text(record, "conversation"))));
}

static json_t *about_children(const json_t *record, const json_t *interview)
{
    json_t *body = question(record);

    wire_copy(body, "children", interview, "children");
    return body;
}

static json_t *about_adults(const json_t *record, const json_t *interview)
{
    json_t *body = question(record);

    wire_copy(body, "adultsAtRisk", interview, "adultsAtRisk");
    return body;
}

static json_t *about_convictions(const json_t *record, const json_t *)
{
    return question(record);
}

static json_t *about_callouts(const json_t *record, const json_t *)
{
    json_t *body = question(record);

    (void)json_object_set_new(body, "lookBackMonths", wire_made(json_integer(CALLOUTS_MONTHS)));
    return body;
}

/* Only where the interview shows a need: whoever would treat learns of it by being asked. */
static json_t *about_treatment(const json_t *record, const json_t *interview)
{
    const json_t *need = wire_at(interview, "substance");
    json_t *body = need ? wire_made(json_deep_copy(need)) : NULL;

    if (!body)
        return NULL;
    wire_copy(body, "subject", record, "defendant");
    wire_copy(body, "hearingId", record, "hearingId");
    (void)json_object_set_new(body, "neededByMs", wire_time(wire_number(record, "checksDueMs")));
    return body;
}

/* Whom is asked what. `body` answers NULL when there is nothing to ask. */
static const struct check {
    const char *type, *desk; /* a key of "agencies" in our file */
    json_t *(*body)(const json_t *record, const json_t *interview);
    const char *text;
} checks[] = {
    {"check.social_care.children.request", "children", about_children,
     "Are the children known to social care?"},
    {"check.social_care.adults.request", "adults", about_adults,
     "Is an adult at risk known to social care?"},
    {"check.police.precons.request", "police", about_convictions, "What convictions are recorded?"},
    {"check.police.callouts.request", "police", about_callouts,
     "Were the police called to the address?"},
    {"check.treatment.request", "treatment", about_treatment,
     "Would treatment suit, and can it be had?"},
};

static void ask(struct turn *turn, const char *handle, const json_t *record, json_t *list,
                const struct check *check, json_t *body)
{
    char id[CONCORDAT_ID_TEXT] = "";

    if (body)
        post_parcel(turn->book,
                    &(struct parcel){
                        .type = check->type,
                        .to = wire_text(wire_at(turn->data, "agencies"), check->desk),
                        .case_handle = handle,
                        .needed_by_ms = wire_number(record, "checksDueMs"),
                        .body = body,
                        .event = "asked",
                        .text = check->text,
                    },
                    id);
    (void)json_array_append_new(
        list, wire_made(json_pack("{s:s, s:s, s:s}", "type", check->type, "id", id, "state",
                                  body ? "ASKED_NO_REPLY" : "NOT_ASKED")));
}

/* When the answers are needed: before the report is, by half an hour or a quarter of what is left.
 */
static int64_t checks_due(int64_t now_ms, int64_t needed_by_ms)
{
    int64_t left = needed_by_ms > now_ms ? needed_by_ms - now_ms : 0;
    int64_t margin = left / 4 < MARGIN_MS ? left / 4 : MARGIN_MS;

    return needed_by_ms - margin;
}

void on_psr_request(struct turn *turn, struct letter *letter)
{
    int64_t needed_by_ms = wire_number(letter->body, "neededByMs");
    const json_t *person = wire_at(letter->body, "defendant");
    const json_t *assessment = assessment_of(turn, person);
    json_t *record, *list;

    letter_say(letter, "The court orders a report.");
    if (!assessment) {
        letter_decline(turn, letter, CONCORDAT_INSUFFICIENT_INFORMATION,
                       "Nobody here has assessed the person so numbered: a report without "
                       "assessment would mislead the court.");
        return;
    }
    record = case_of_letter(turn, letter);
    (void)json_object_update_new(
        record, wire_made(json_pack("{s:s, s:s, s:O*, s:O*, s:O, s:I, s:I}", "request", letter->id,
                                    "conversation", letter->conversation, "hearingId",
                                    wire_at(letter->body, "hearingId"), "format",
                                    wire_at(letter->body, "requestedFormat"), "defendant", person,
                                    "neededByMs", (json_int_t)needed_by_ms, "checksDueMs",
                                    (json_int_t)checks_due(turn->now_ms, needed_by_ms))));
    letter_acknowledge(turn, letter);
    list = store_list(record, "checks");
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        ask(turn, letter->case_handle, record, list, &checks[i],
            checks[i].body(record, wire_at(assessment, "interview")));
}

void on_psr_withdrawn(struct turn *turn, struct letter *letter)
{
    json_t *record = case_of_letter(turn, letter);

    letter_say(letter, "The court wants no report any more.");
    (void)json_object_set_new(record, "withdrawn", json_true());
    turn_tell(turn, letter_event(letter, "kept", "No report will be written; the case is kept."));
}

/* --- collecting --- */

/* The check that a message answers, with its case; NULL when we asked nothing so. */
static json_t *find_check(json_t *book, const char *id, json_t **record)
{
    const char *handle;
    json_t *one, *check;
    size_t i;

    json_object_foreach(store_object(book, "cases"), handle, one)
    {
        json_array_foreach(json_object_get(one, "checks"), i, check)
        {
            if (*id && strcmp(wire_text(check, "id"), id) == 0) {
                *record = one;
                return check;
            }
        }
    }
    return NULL;
}

void on_check_answer(struct turn *turn, struct letter *letter)
{
    json_t *record = NULL, *check = find_check(turn->book, letter->in_reply_to, &record);

    letter_say(letter, "An answer to a check.");
    if (!check) {
        letter_decline(turn, letter, CONCORDAT_NOT_FOR_US, "It answers nothing that we asked.");
        return;
    }
    (void)json_object_set_new(check, "state", wire_made(json_string("REPLIED")));
    (void)json_object_set_new(check, "answer", wire_made(json_deep_copy(letter->body)));
    if (*wire_text(record, "report")) {
        letter->late = true;
        letter_say(letter, "An answer after the report was written: it is kept with the case, for "
                           "whoever supervises it.");
    }
}

static void set_state(json_t *check, const char *state)
{
    (void)json_object_set_new(check, "state", wire_made(json_string(state)));
}

/* Will there be no answer any more? Then the check is REFUSED, and an event says by whom. */
static void look_at_track(struct turn *turn, json_t *check, const struct concordat_item *item)
{
    for (size_t i = 0; i < item->rung_count; i++) {
        const struct concordat_rung *rung = &item->rungs[i];
        json_t *event;

        if (strcmp(rung->name, "declined") != 0 && strcmp(rung->name, "rejected") != 0
            && strcmp(rung->name, "refused") != 0)
            continue;
        set_state(check, "REFUSED");
        event = event_new("declined", "A check will not be answered.");
        event_add_message(event, item, "from", item->to);
        (void)json_object_set_new(event, "reason", wire_made(json_string(rung->detail)));
        turn_tell(turn, event);
        return;
    }
}

/* False: the agent is away, so nothing can be said now. */
static bool look_at_check(struct turn *turn, json_t *check)
{
    const char *outcome = post_outcome(turn->book, wire_text(check, "id"));
    struct concordat_answer *track;
    struct concordat_id id;
    bool there;

    if (!*outcome || !concordat_id_parse(wire_text(check, "id"), &id))
        return true; /* still to go out */
    if (strcmp(outcome, "REFUSED") == 0 || strcmp(outcome, "BAD_INPUT") == 0) {
        set_state(check, *outcome == 'R' ? "REFUSED" : "NOT_ASKED");
        return true;
    }
    track = concordat_track(turn->agent, &id, 1, NULL, 0);
    there = !agent_is_away(track);
    if (track->outcome == CONCORDAT_DONE && track->item_count == 1)
        look_at_track(turn, check, &track->items[0]);
    concordat_answer_free(track);
    return there;
}

/* How many checks of the case have no answer and may still get one. */
static size_t open_checks(struct turn *turn, json_t *record)
{
    json_t *check;
    bool there = true;
    size_t i, count = 0;

    json_array_foreach(json_object_get(record, "checks"), i, check)
    {
        if (strcmp(wire_text(check, "state"), "ASKED_NO_REPLY") != 0)
            continue;
        there = there && look_at_check(turn, check);
        count += strcmp(wire_text(check, "state"), "ASKED_NO_REPLY") == 0;
    }
    return count;
}

int64_t tend_checks(struct turn *turn)
{
    int64_t next = INT64_MAX;
    const char *handle;
    json_t *record;

    json_object_foreach(store_object(turn->book, "cases"), handle, record)
    {
        int64_t due = wire_number(record, "checksDueMs");

        if (!*wire_text(record, "request") || *wire_text(record, "report")
            || wire_true(record, "withdrawn"))
            continue;
        if (open_checks(turn, record) == 0 || turn->now_ms >= due) {
            write_report(turn, handle, record);
            continue;
        }
        if (due > turn->now_ms + LOOK_MS)
            due = turn->now_ms + LOOK_MS;
        next = due < next ? due : next;
    }
    return next;
}
