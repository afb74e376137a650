/* transfer_take.c - a case that is offered to us: judged, checked, taken. See transfer.h. */
#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/store.h"
#include "agents/roles/transfer.h"
#include "agents/roles/wire.h"

#define LOOK_MS 1000 /* between looks at what has come */

static void set_text(json_t *record, const char *key, const char *text)
{
    (void)json_object_set_new(record, key, wire_made(json_string(text)));
}

/* --- the offer --- */

/* Why we do not take this component; NULL: we do. A requirement is met near home: without an
 * address there is nobody to arrange it with. */
static const char *objection(const json_t *offer, const json_t *component, bool takes_high_risk)
{
    const char *overall = wire_text(offer, "risk.overall");
    bool high = strcmp(overall, "ROSH_HIGH") == 0 || strcmp(overall, "ROSH_VERY_HIGH") == 0;

    if (high && !takes_high_risk)
        return "RISK_TOO_HIGH_FOR_PROVIDER";
    if (strcmp(wire_text(component, "kind"), "REQUIREMENT") == 0
        && json_array_size(wire_at(offer, "addresses")) == 0)
        return "ADDRESS_NOT_VERIFIED";
    return NULL;
}

static bool is_offered(const json_t *offer, json_int_t number)
{
    json_t *offered = wire_at(offer, "offered"), *one;
    bool found = json_array_size(offered) == 0;
    size_t i;

    json_array_foreach(offered, i, one) found |= json_integer_value(one) == number;
    return found;
}

static void reply(struct turn *turn, const struct letter *letter, const json_t *record,
                  json_t *replies, bool accepted)
{
    char id[CONCORDAT_ID_TEXT];

    if (json_array_size(replies) == 0) {
        json_decref(replies);
        return;
    }
    post_parcel(turn->book,
                &(struct parcel){.type = accepted ? "case.transfer.accept" : "case.transfer.reject",
                                 .to = letter->item->from,
                                 .in_reply_to = letter->id,
                                 .case_handle = letter->case_handle,
                                 .conversation = letter->conversation,
                                 .transfer = wire_text(record, "transfer"),
                                 .body = wire_made(json_pack("{s:o, s:o}", "transferId",
                                                             wire_id(wire_text(record, "transfer")),
                                                             "replies", replies)),
                                 .event = accepted ? "accepted" : "rejected",
                                 .text = accepted ? "We would take this; it is theirs still."
                                                  : "We do not take this as it is."},
                id);
}

static void note_offer(const struct letter *letter, json_t *record)
{
    char transfer[CONCORDAT_ID_TEXT] = "";

    (void)wire_id_text(wire_at(letter->body, "transferId"), transfer);
    if (strcmp(wire_text(record, "transfer"), transfer) != 0)
        (void)json_object_clear(record);
    set_text(record, "transfer", transfer);
    set_text(record, "state", "offered");
    set_text(record, "with", letter->item->from);
    set_text(record, "us", letter->item->to);
    set_text(record, "offer", letter->id);
    set_text(record, "conversation", letter->conversation);
    wire_copy(record, "subject", letter->body, "subject");
    wire_copy(record, "risk", letter->body, "risk");
    (void)store_object(record, "asked");
}

void take_offer(struct turn *turn, struct letter *letter, bool takes_high_risk)
{
    json_t *record = custody_of(turn, letter->case_handle), *component, *kept;
    json_t *accepted = wire_made(json_array()), *rejected = wire_made(json_array());
    size_t i;

    note_offer(letter, record);
    json_array_foreach(wire_at(letter->body, "components"), i, component)
    {
        json_int_t number = (json_int_t)wire_number(component, "number");
        const char *why = objection(letter->body, component, takes_high_risk);
        char key[16];

        if (!is_offered(letter->body, number))
            continue;
        (void)snprintf(key, sizeof key, "%d", (int)number);
        kept = store_object(store_object(record, "components"), key);
        set_text(kept, "state", why ? "rejected" : "accepted");
        set_text(kept, "reason", why ? why : "");
        if (why)
            (void)json_array_append_new(
                rejected, wire_made(json_pack("{s:I, s:s}", "component", number, "reject", why)));
        else
            (void)json_array_append_new(accepted,
                                        wire_made(json_pack("{s:I}", "component", number)));
    }
    letter_say(letter, "A case is offered to us: %zu of its components would do.",
               json_array_size(accepted));
    reply(turn, letter, record, rejected, false);
    reply(turn, letter, record, accepted, true);
}

void on_transfer_withdraw(struct turn *turn, struct letter *letter)
{
    json_t *record = custody_named(turn, letter);

    letter_say(letter, "A case that was offered to us is not any more.");
    if (!record)
        return;
    set_text(record, "state", "withdrawn");
    turn_tell(turn, letter_event(letter, "withdrawn", "The case stays with them."));
}

/* --- the record --- */

void on_record_part(struct turn *turn, struct letter *letter)
{
    json_t *record = json_object_get(store_object(turn->book, "custody"), letter->case_handle);
    char number[16];

    letter_say(letter, "A part of the record.");
    if (!record || strcmp(wire_text(record, "with"), letter->item->from) != 0) {
        letter_decline(turn, letter, CONCORDAT_NOT_FOR_US, "No case of theirs is offered to us.");
        return;
    }
    (void)snprintf(number, sizeof number, "%d", (int)wire_number(letter->body, "number"));
    (void)json_object_del(store_object(record, "asked"), number); /* it may be asked for again */
    (void)json_object_set_new(store_object(record, "parts"), number,
                              wire_made(json_deep_copy(letter->body)));
    letter_acknowledge(turn, letter);
}

/* Parts that came otherwise than the manifest says: once each, until they come again. */
static void ask_for(struct turn *turn, const char *handle, json_t *record,
                    const struct concordat_custody *custody)
{
    json_t *missing = wire_made(json_array()), *asked = store_object(record, "asked");
    char id[CONCORDAT_ID_TEXT], manifest[CONCORDAT_ID_TEXT], number[16];

    concordat_id_print(&custody->manifest_id, manifest);
    for (size_t i = 0; i < custody->part_count; i++) {
        (void)snprintf(number, sizeof number, "%u", custody->parts[i].number);
        if (strcmp(custody->parts[i].state, "differs") != 0 || json_object_get(asked, number))
            continue;
        (void)json_object_set_new(asked, number, json_true());
        (void)json_array_append_new(missing, wire_made(json_integer(custody->parts[i].number)));
    }
    if (json_array_size(missing) == 0) {
        json_decref(missing);
        return;
    }
    post_parcel(
        turn->book,
        &(struct parcel){.type = "case.record.query",
                         .to = wire_text(record, "with"),
                         .in_reply_to = wire_text(record, "offer"),
                         .case_handle = handle,
                         .conversation = wire_text(record, "conversation"),
                         .body = wire_made(json_pack("{s:o, s:o}", "manifestId", wire_id(manifest),
                                                     "missing", missing)),
                         .event = "queried",
                         .text = "Parts are not what the manifest says."},
        id);
}

/* As the manifest says, and in our book: what only our agent has, we might yet fail to keep. */
static bool record_is_here(const json_t *record, const struct concordat_custody *custody)
{
    char number[16];

    for (size_t i = 0; i < custody->part_count; i++) {
        (void)snprintf(number, sizeof number, "%u", custody->parts[i].number);
        if (strcmp(custody->parts[i].state, "here") != 0
            || !json_object_get(json_object_get(record, "parts"), number))
            return false;
    }
    return true;
}

/* --- taking it --- */

static void take_case(struct turn *turn, const char *handle, json_t *record,
                      const struct concordat_custody *custody)
{
    char id[CONCORDAT_ID_TEXT];

    post_parcel(turn->book,
                &(struct parcel){
                    .type = "case.transfer.complete",
                    .to = wire_text(record, "with"),
                    .in_reply_to = wire_text(record, "offer"),
                    .case_handle = handle,
                    .conversation = wire_text(record, "conversation"),
                    .transfer = wire_text(record, "transfer"),
                    .body = wire_made(json_pack(
                        "{s:o, s:o}", "transferId", wire_id(wire_text(record, "transfer")),
                        "manifestSha256",
                        wire_bytes(custody->manifest_sha256, sizeof custody->manifest_sha256))),
                    .event = "completed",
                    .text = "All of it is accepted, and the whole record is here."},
                id);
    set_text(record, "complete", id);
    set_text(record, "state", "taking");
}

/* It is ours: who gave it learns who answers for it now. */
static void is_taken(struct turn *turn, const char *handle, json_t *record)
{
    json_t *event = event_new("taken", "The case is ours from now on.");
    json_t *body =
        wire_made(json_pack("{s:O*, s:s, s:o, s:s}", "subject", json_object_get(record, "subject"),
                            "agencyId", wire_text(record, "us"), "from",
                            wire_day(day_of(turn->now_ms)), "reason", "CASE_TRANSFERRED"));
    char id[CONCORDAT_ID_TEXT];

    set_text(event, "case", handle);
    turn_tell(turn, event);
    set_text(record, "state", "taken");
    (void)json_object_set_new(record, "takenMs", wire_time(turn->now_ms));
    post_parcel(turn->book,
                &(struct parcel){.type = "case.officer.assigned",
                                 .to = wire_text(record, "with"),
                                 .case_handle = handle,
                                 .body = body,
                                 .event = "assigned",
                                 .text = "Who answers for the case now."},
                id);
}

/* It waited, and was refused in the end: nothing rings, so its track is looked at. */
static bool is_refused_later(struct turn *turn, const char *handle, const json_t *record)
{
    const char *text = wire_text(record, "complete");
    struct concordat_answer *track;
    struct concordat_id id;
    const char *code = NULL;

    if (!concordat_id_parse(text, &id))
        return false;
    track = concordat_track(turn->agent, &id, 1, NULL, 0);
    for (size_t i = 0; track->item_count == 1 && i < track->items[0].rung_count && !code; i++)
        if (strcmp(track->items[0].rungs[i].name, "refused") == 0)
            code = track->items[0].rungs[i].detail;
    if (code) {
        json_t *event = event_new("refused", "The case could not be taken: it is not ours.");

        set_text(event, "case", handle);
        set_text(event, "code", code);
        turn_tell(turn, event);
        post_settle(turn->book, text, "REFUSED");
    }
    concordat_answer_free(track);
    return code != NULL;
}

static bool is_ours(struct turn *turn, const char *handle, const json_t *record)
{
    struct concordat_answer *answer;
    struct concordat_id id;
    bool ours;

    if (!concordat_id_parse(handle, &id))
        return false;
    answer = concordat_case(turn->agent, &id, 1);
    ours = answer->custody && strcmp(answer->custody->holder, wire_text(record, "us")) == 0;
    concordat_answer_free(answer);
    return ours;
}

/* These two: false: nothing more is to be looked for. */
static bool look_at_taking(struct turn *turn, const char *handle, json_t *record)
{
    const char *outcome = post_outcome(turn->book, wire_text(record, "complete"));
    const bool is_queued = strcmp(outcome, "QUEUED") == 0;

    if (!*outcome)
        return true; /* still to go out */
    if (strcmp(outcome, "DONE") == 0 || (is_queued && is_ours(turn, handle, record)))
        is_taken(turn, handle, record);
    else if (!is_queued || is_refused_later(turn, handle, record))
        set_text(record, "state", "refused");
    else
        return true;
    return false;
}

static bool look_at(struct turn *turn, const char *handle, json_t *record)
{
    const char *state = wire_text(record, "state");
    struct concordat_answer *answer;
    struct concordat_id id;

    if (strcmp(state, "taking") == 0)
        return look_at_taking(turn, handle, record);
    if (strcmp(state, "offered") != 0 || !*wire_text(record, "us") || components_left(record) > 0
        || !concordat_id_parse(handle, &id))
        return false;
    answer = concordat_case(turn->agent, &id, 1);
    if (answer->custody && answer->custody->offered == 0 && answer->custody->rejected == 0
        && !concordat_id_is_none(&answer->custody->manifest_id)) {
        ask_for(turn, handle, record, answer->custody);
        if (record_is_here(record, answer->custody))
            take_case(turn, handle, record, answer->custody);
    }
    concordat_answer_free(answer);
    return true;
}

int64_t tend_transfers(struct turn *turn)
{
    const char *handle;
    json_t *record;
    bool waits = false;

    json_object_foreach(store_object(turn->book, "custody"), handle, record) waits |=
        look_at(turn, handle, record);
    return waits ? turn->now_ms + LOOK_MS : INT64_MAX;
}
