/*
 * nps_referral.c - a concern about a child: referred at once, then followed while it is open.
 *
 * The referral's message id names it for both sides until it is closed, whoever holds the case.
 */
#include "agents/roles/nps.h"

#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

/* What the officers wrote, as a body. NULL: they noted no concern. */
static json_t *referral_body(const struct turn *turn, const json_t *record)
{
    const json_t *assessment = assessment_of(turn, wire_at(record, "defendant"));
    const json_t *notes = wire_at(assessment, "childConcern");
    json_t *body = notes ? wire_made(json_deep_copy(notes)) : NULL;

    if (!body)
        return NULL;
    wire_copy(body, "subject", record, "defendant");
    wire_copy(body, "referrer", turn->data, "author");
    wire_copy(body, "riskToChildren", assessment, "risk.children");
    return body;
}

/* By its handle, or as our notes call it; the newest of several. */
static json_t *named_case(const struct turn *turn, const char *name)
{
    json_t *found = NULL, *record;
    const char *handle;

    json_object_foreach(store_object(turn->book, "cases"), handle, record)
    {
        const json_t *notes = assessment_of(turn, wire_at(record, "defendant"));

        if (strcmp(handle, name) == 0 || strcmp(wire_text(notes, "name"), name) == 0)
            found = record;
    }
    return found;
}

int refer(struct turn *turn, int argc, char **argv)
{
    json_t *record = argc == 1 ? named_case(turn, argv[0]) : NULL;
    json_t *body = record ? referral_body(turn, record) : NULL;
    const char *to = wire_text(turn->data, "agencies.children");
    char id[CONCORDAT_ID_TEXT];

    if (!body) {
        (void)fprintf(stderr, "refer CASE: %s\n",
                      argc != 1 ? "one case handle"
                      : !record ? "no such case here"
                                : "our notes of that case hold no concern about a child");
        return 2;
    }
    if (json_object_get(record, "referral")
        && follow_is_alive(turn, wire_text(record, "referral.id"))) {
        json_decref(body);
        (void)fprintf(stderr, "referred already: %s\n", wire_text(record, "referral.id"));
        return 0;
    }
    post_parcel(turn->book,
                &(struct parcel){.type = "safeguarding.referral.child",
                                 .to = to,
                                 .case_handle = wire_text(record, "case"),
                                 .body = body,
                                 .event = "referred",
                                 .text = "A concern about a child, at once."},
                id);
    (void)json_object_set_new(
        record, "referral", wire_made(json_pack("{s:s, s:s, s:i}", "id", id, "to", to, "sent", 0)));
    follow(turn, id);
    return 0;
}

/* The case whose referral is so numbered; NULL: none. */
static json_t *find_case(json_t *book, const char *referral_id)
{
    const char *handle;
    json_t *record;

    json_object_foreach(store_object(book, "cases"), handle, record)
    {
        if (*referral_id && strcmp(wire_text(record, "referral.id"), referral_id) == 0)
            return record;
    }
    return NULL;
}

/* The referral that a letter names; NULL, and declined, when it is not ours, or when the letter is
 * not from whom we referred to. */
static json_t *named_referral(struct turn *turn, const struct letter *letter, json_t **record)
{
    char id[CONCORDAT_ID_TEXT] = "";

    (void)wire_id_text(wire_at(letter->body, "referralId"), id);
    *record = find_case(turn->book, id);
    if (*record && strcmp(wire_text(*record, "referral.to"), letter->item->from) == 0)
        return json_object_get(*record, "referral");
    letter_decline(turn, letter, CONCORDAT_NOT_FOR_US, "It names no referral of ours to them.");
    return NULL;
}

void on_referral_ack(struct turn *turn, struct letter *letter)
{
    json_t *record, *referral = named_referral(turn, letter, &record);

    letter_say(letter, "Social care has the referral, and a number of its own for it.");
    if (referral)
        (void)json_object_set_new(referral, "ack", wire_made(json_deep_copy(letter->body)));
}

/* --- updates --- */

static void send_update(struct turn *turn, const struct letter *letter, const json_t *record,
                        json_t *referral)
{
    uint32_t today = day_of(turn->now_ms);
    int days = (int)wire_number(letter->body, "updateIntervalDays");
    const json_t *assessment = assessment_of(turn, wire_at(record, "defendant"));
    int number = (int)wire_number(referral, "sent") + 1;
    char id[CONCORDAT_ID_TEXT];
    json_t *body = wire_made(json_pack("{s:o, s:i, s:o, s:o, s:[s]}", "referralId",
                                       wire_id(wire_text(referral, "id")), "number", number,
                                       "periodTo", wire_day(today), "nextDue",
                                       wire_day(day_after(today, days)), "childChanges", "NONE"));

    wire_copy(body, "riskToChildren", assessment, "risk.children");
    wire_copy(body, "childPlan", assessment, "childPlan");
    (void)json_object_set_new(referral, "sent", wire_made(json_integer(number)));
    post_parcel(turn->book,
                &(struct parcel){.type = "safeguarding.update",
                                 .to = letter->item->from,
                                 .in_reply_to = wire_text(referral, "id"),
                                 .body = body,
                                 .event = "updated",
                                 .text = "How it goes on, as social care asked."},
                id);
}

void on_referral_decision(struct turn *turn, struct letter *letter)
{
    json_t *record, *referral = named_referral(turn, letter, &record);

    letter_say(letter, "Social care has decided: %s.", wire_text(letter->body, "outcome"));
    if (!referral)
        return;
    (void)json_object_set_new(referral, "decision", wire_made(json_deep_copy(letter->body)));
    if (wire_true(letter->body, "wantsUpdates") && wire_number(referral, "sent") == 0)
        send_update(turn, letter, record, referral);
}

void on_safeguarding_update(struct turn *turn, struct letter *letter)
{
    json_t *record, *referral = named_referral(turn, letter, &record);
    bool is_advice = wire_at(letter->body, "safeWorkingAdvice") != NULL;

    letter_say(letter, "Social care tells how a referral goes on.");
    if (!referral)
        return;
    (void)json_array_append_new(store_list(referral, "received"),
                                wire_made(json_deep_copy(letter->body)));
    letter_acknowledge(turn, letter);
    turn_tell(turn, letter_event(letter, "recorded",
                                 is_advice ? "Advice on working safely is with the case."
                                           : "The update is with the case."));
}
