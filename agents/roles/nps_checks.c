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

static json_t *question(const json_t *order)
{
    return wire_made(json_pack(
        "{s:O, s:s, s:o, s:O*, s:o*}", "subject", wire_at(order, "defendant"), "why",
        "PRE_SENTENCE", "neededByMs", wire_time(wire_number(order, "checksDueMs")), "hearingId",
        wire_at(order, "hearingId"), "forwardToCase", wire_id(wire_text(order, "conversation"))));
}

static json_t *about_children(const json_t *order, const json_t *interview)
{
    json_t *body = question(order);

    wire_copy(body, "children", interview, "children");
    return body;
}

static json_t *about_adults(const json_t *order, const json_t *interview)
{
    json_t *body = question(order);

    wire_copy(body, "adultsAtRisk", interview, "adultsAtRisk");
    return body;
}

static json_t *about_convictions(const json_t *order, const json_t *)
{
    return question(order);
}

static json_t *about_callouts(const json_t *order, const json_t *)
{
    json_t *body = question(order);

    (void)json_object_set_new(body, "lookBackMonths", wire_made(json_integer(CALLOUTS_MONTHS)));
    return body;
}

/* Only where the interview shows a need: whoever would treat learns of it by being asked. */
static json_t *about_treatment(const json_t *order, const json_t *interview)
{
    const json_t *need = wire_at(interview, "substance");
    json_t *body = need ? wire_made(json_deep_copy(need)) : NULL;

    if (!body)
        return NULL;
    wire_copy(body, "subject", order, "defendant");
    wire_copy(body, "hearingId", order, "hearingId");
    (void)json_object_set_new(body, "neededByMs", wire_time(wire_number(order, "checksDueMs")));
    return body;
}

/* Whom is asked what. `body` answers NULL when there is nothing to ask. */
static const struct check {
    const char *type, *desk; /* a key of "agencies" in our file */
    json_t *(*body)(const json_t *order, const json_t *interview);
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

static void ask(struct turn *turn, const char *handle, json_t *order, const struct check *check,
                json_t *body)
{
    const char *to = wire_text(wire_at(turn->data, "agencies"), check->desk);
    char id[CONCORDAT_ID_TEXT] = "";

    if (body)
        post_parcel(turn->book,
                    &(struct parcel){
                        .type = check->type,
                        .to = to,
                        .case_handle = handle,
                        .needed_by_ms = wire_number(order, "checksDueMs"),
                        .body = body,
                        .event = "asked",
                        .text = check->text,
                    },
                    id);
    (void)json_array_append_new(
        store_list(order, "checks"),
        wire_made(json_pack("{s:s, s:s, s:s, s:s}", "type", check->type, "to", to, "id", id,
                            "state", body ? "ASKED_NO_REPLY" : "NOT_ASKED")));
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
    json_t *order;

    letter_say(letter, "The court orders a report.");
    if (!assessment) {
        letter_decline(turn, letter, CONCORDAT_INSUFFICIENT_INFORMATION,
                       "Nobody here has assessed the person so numbered: a report without "
                       "assessment would mislead the court.");
        return;
    }
    order = store_object(store_object(case_of_letter(turn, letter), "orders"), letter->id);
    (void)json_object_update_new(
        order,
        wire_made(json_pack("{s:s, s:s, s:s, s:O*, s:O*, s:O, s:I, s:I}", "from",
                            letter->item->from, "case", letter->case_handle, "conversation",
                            letter->conversation, "hearingId", wire_at(letter->body, "hearingId"),
                            "format", wire_at(letter->body, "requestedFormat"), "defendant", person,
                            "neededByMs", (json_int_t)needed_by_ms, "checksDueMs",
                            (json_int_t)checks_due(turn->now_ms, needed_by_ms))));
    letter_acknowledge(turn, letter);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        ask(turn, letter->case_handle, order, &checks[i],
            checks[i].body(order, wire_at(assessment, "interview")));
}

/* Is a report on it still to be written? */
static bool is_open(const json_t *order)
{
    return !*wire_text(order, "report") && !wire_true(order, "withdrawn");
}

/* Every open order for that hearing by that court: a later order is another matter. */
void on_psr_withdrawn(struct turn *turn, struct letter *letter)
{
    json_t *record = case_of_letter(turn, letter), *order;
    const char *id, *hearing = wire_text(letter->body, "hearingId");
    size_t count = 0;

    letter_say(letter, "The court wants no report any more.");
    json_object_foreach(store_object(record, "orders"), id, order)
    {
        if (!is_open(order) || strcmp(wire_text(order, "hearingId"), hearing) != 0
            || strcmp(wire_text(order, "from"), letter->item->from) != 0)
            continue;
        (void)json_object_set_new(order, "withdrawn", json_true());
        count++;
    }
    turn_tell(turn, letter_event(letter, "kept",
                                 count > 0 ? "No report will be written; the case is kept."
                                           : "No report on that hearing was still to be written."));
}

/* --- collecting --- */

/* Among an order's checks, the one that a message with this id asked; NULL: none. */
static json_t *check_asked_by(const json_t *order, const char *id)
{
    json_t *check;
    size_t i;

    json_array_foreach(json_object_get(order, "checks"), i, check)
    {
        if (*id && strcmp(wire_text(check, "id"), id) == 0)
            return check;
    }
    return NULL;
}

/* The check that a message answers, with its order; NULL when we asked nothing so. */
static json_t *find_check(json_t *book, const char *id, json_t **order)
{
    const char *handle, *request;
    json_t *record, *one;

    json_object_foreach(store_object(book, "cases"), handle, record)
    {
        json_object_foreach(json_object_get(record, "orders"), request, one)
        {
            json_t *check = check_asked_by(one, id);

            if (!check)
                continue;
            *order = one;
            return check;
        }
    }
    return NULL;
}

/* "check.treatment" of "check.treatment.request" */
static size_t stem_size(const char *type)
{
    const char *dot = strrchr(type, '.');

    return dot ? (size_t)(dot - type) : strlen(type);
}

/* Is the letter from whom we asked, and of what we asked? */
static bool answers(const struct letter *letter, const json_t *check)
{
    const char *asked = wire_text(check, "type"), *type = letter->item->type;

    return strcmp(wire_text(check, "to"), letter->item->from) == 0
        && stem_size(asked) == stem_size(type) && strncmp(asked, type, stem_size(type)) == 0;
}

void on_check_answer(struct turn *turn, struct letter *letter)
{
    json_t *order = NULL, *check = find_check(turn->book, letter->in_reply_to, &order);

    letter_say(letter, "An answer to a check.");
    if (!check || !answers(letter, check)) {
        letter_decline(turn, letter, CONCORDAT_NOT_FOR_US, "It answers nothing that we asked.");
        return;
    }
    (void)json_object_set_new(check, "state", wire_made(json_string("REPLIED")));
    (void)json_object_set_new(check, "answer", wire_made(json_deep_copy(letter->body)));
    if (*wire_text(order, "report")) {
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
    track = concordat_track(turn->agent, &id, 1, "delivered", 0); /* or what it was sent again as */
    there = !agent_is_away(track);
    if (track->outcome == CONCORDAT_DONE && track->item_count == 1)
        look_at_track(turn, check, &track->items[0]);
    concordat_answer_free(track);
    return there;
}

/* How many checks of the order have no answer and may still get one. */
static size_t open_checks(struct turn *turn, json_t *order)
{
    json_t *check;
    bool there = true;
    size_t i, count = 0;

    json_array_foreach(json_object_get(order, "checks"), i, check)
    {
        if (strcmp(wire_text(check, "state"), "ASKED_NO_REPLY") != 0)
            continue;
        there = there && look_at_check(turn, check);
        count += strcmp(wire_text(check, "state"), "ASKED_NO_REPLY") == 0;
    }
    return count;
}

/* Writes the report if it is time; answers when to look again. */
static int64_t tend_order(struct turn *turn, const char *request, json_t *order)
{
    int64_t due = wire_number(order, "checksDueMs");

    if (!is_open(order))
        return INT64_MAX;
    if (open_checks(turn, order) == 0 || turn->now_ms >= due) {
        write_report(turn, request, order);
        return INT64_MAX;
    }
    return due < turn->now_ms + LOOK_MS ? due : turn->now_ms + LOOK_MS;
}

int64_t tend_checks(struct turn *turn)
{
    int64_t next = INT64_MAX;
    const char *handle, *request;
    json_t *record, *order;

    json_object_foreach(store_object(turn->book, "cases"), handle, record)
    {
        json_object_foreach(json_object_get(record, "orders"), request, order)
        {
            int64_t due = tend_order(turn, request, order);

            next = due < next ? due : next;
        }
    }
    return next;
}
