/* transfer_give.c - a case of ours: held, offered, its record sent, withdrawn. See transfer.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/roles/event.h"
#include "agents/roles/part.h"
#include "agents/roles/store.h"
#include "agents/roles/transfer.h"
#include "agents/roles/wire.h"

/* --- what both sides know of a transfer --- */

json_t *custody_of(struct turn *turn, const char *handle)
{
    return store_object(store_object(turn->book, "custody"), handle);
}

json_t *custody_named(struct turn *turn, const struct letter *letter)
{
    json_t *record = json_object_get(store_object(turn->book, "custody"), letter->case_handle);
    char transfer[CONCORDAT_ID_TEXT] = "";

    (void)wire_id_text(wire_at(letter->body, "transferId"), transfer);
    if (record && *transfer && strcmp(wire_text(record, "transfer"), transfer) == 0
        && strcmp(wire_text(record, "with"), letter->item->from) == 0)
        return record;
    letter_decline(turn, letter, CONCORDAT_NOT_FOR_US, "It speaks of no transfer with them.");
    return NULL;
}

size_t components_left(const json_t *record)
{
    const char *number;
    json_t *component;
    size_t left = 0;

    json_object_foreach(json_object_get(record, "components"), number, component) left +=
        strcmp(wire_text(component, "state"), "accepted") != 0;
    return left;
}

static void set_text(json_t *record, const char *key, const char *text)
{
    (void)json_object_set_new(record, key, wire_made(json_string(text)));
}

/* --- holding --- */

static bool is_ours(struct turn *turn, const struct concordat_id *handle)
{
    struct concordat_answer *status = concordat_status(turn->agent);
    struct concordat_answer *asked = concordat_holder(turn->agent, handle, 0);
    bool ours = status->status && asked->custody
             && strcmp(status->status->agency, asked->custody->holder) == 0;

    concordat_answer_free(status);
    concordat_answer_free(asked);
    return ours;
}

int hold_case(struct turn *turn, int argc, char **argv)
{
    struct concordat_answer *answer;
    struct concordat_id handle;
    json_t *event;
    bool held;

    if (argc != 1 || !concordat_id_parse(argv[0], &handle) || concordat_id_is_none(&handle)) {
        (void)fputs("hold CASE: the case's handle\n", stderr);
        return 2;
    }
    answer = concordat_hold(turn->agent, &handle, CONCORDAT_HOLDS, 0);
    /* killed after it was said: it is refused the second time, and so it is */
    held = answer->outcome == CONCORDAT_DONE || is_ours(turn, &handle);
    if (!held)
        (void)fprintf(stderr, "not held: %s\n",
                      answer->refusal ? answer->refusal->code : "no answer");
    concordat_answer_free(answer);
    if (!held)
        return 2;
    set_text(custody_of(turn, argv[0]), "state", "held");
    event = event_new("held", "The case is ours to answer for.");
    set_text(event, "case", argv[0]);
    turn_tell(turn, event);
    return 0;
}

/* --- offering --- */

static const json_t *record_of(const struct turn *turn, const char *name)
{
    return json_object_get(wire_at(turn->data, "records"), name);
}

/* NULL after telling: our files have no such record, or a part of it that cannot be sent. */
static json_t *manifest_of(const json_t *file, const char *transfer)
{
    json_t *parts = wire_made(json_array()), *part, *listed;
    size_t i;

    json_array_foreach(wire_at(file, "parts"), i, part)
    {
        if (!(listed = part_listed(transfer, (uint32_t)i + 1, part))) {
            (void)fprintf(stderr, "parts[%zu]: of no category that a record has, or too long\n", i);
            json_decref(parts);
            return NULL;
        }
        (void)json_array_append_new(parts, listed);
    }
    return wire_made(json_pack("{s:o, s:o, s:i}", "manifestId", wire_id(transfer), "parts", parts,
                               "recordVersion", 1));
}

/* The offer as our files have it; NULL after telling why not. */
static json_t *offer_body(const struct turn *turn, const char *name, const char *transfer)
{
    const json_t *file = record_of(turn, name);
    json_t *body, *manifest;

    if (!wire_at(file, "offer.components")) {
        (void)fprintf(stderr, "%s: no record of that name in our files\n", name);
        return NULL;
    }
    if (!(manifest = manifest_of(file, transfer)))
        return NULL;
    body = wire_made(json_deep_copy(wire_at(file, "offer")));
    (void)json_object_set_new(body, "transferId", wire_id(transfer));
    (void)json_object_set_new(body, "manifest", manifest);
    wire_copy(body, "subject", file, "person");
    return body;
}

static void send_offer(struct turn *turn, const char *handle, json_t *record, json_t *body)
{
    const char *again = wire_text(record, "conversation");
    char id[CONCORDAT_ID_TEXT];

    post_parcel(turn->book,
                &(struct parcel){.type = "case.transfer.offer",
                                 .to = wire_text(record, "with"),
                                 .case_handle = handle,
                                 .conversation = again,
                                 .transfer = wire_text(record, "transfer"),
                                 .body = body,
                                 .event = "offered",
                                 .text = "The case is ours until they take it."},
                id);
    if (!*again)
        set_text(record, "conversation", id);
    set_text(record, "state", "offered");
}

int offer_case(struct turn *turn, int argc, char **argv)
{
    const char *to = option_take(&argc, argv, "--to");
    struct concordat_id fresh = concordat_id_new(), handle;
    char transfer[CONCORDAT_ID_TEXT];
    json_t *record, *body, *component;
    size_t i;

    if (argc != 2 || !to || !concordat_id_parse(argv[0], &handle)) {
        (void)fputs("offer CASE NAME --to AGENCY\n", stderr);
        return 2;
    }
    concordat_id_print(&fresh, transfer);
    if (!(body = offer_body(turn, argv[1], transfer)))
        return 2;
    record = custody_of(turn, argv[0]);
    (void)json_object_clear(record);
    set_text(record, "with", to);
    set_text(record, "name", argv[1]);
    set_text(record, "transfer", transfer);
    json_array_foreach(wire_at(body, "components"), i, component)
    {
        char number[16];

        (void)snprintf(number, sizeof number, "%d", (int)wire_number(component, "number"));
        set_text(store_object(store_object(record, "components"), number), "state", "offered");
    }
    send_offer(turn, argv[0], record, body);
    return 0;
}

/* The case of ours that is offered; NULL after telling that it is not. */
static json_t *offered_case(struct turn *turn, int argc, char **argv)
{
    json_t *record =
        argc == 1 ? json_object_get(store_object(turn->book, "custody"), argv[0]) : NULL;

    if (record && *wire_text(record, "name") && strcmp(wire_text(record, "state"), "offered") == 0)
        return record;
    (void)fputs("CASE: the handle of a case that is offered\n", stderr);
    return NULL;
}

int offer_again(struct turn *turn, int argc, char **argv)
{
    json_t *record = offered_case(turn, argc, argv), *component, *body;
    json_t *offered = wire_made(json_array());
    const char *number;

    json_object_foreach(json_object_get(record, "components"), number, component)
    {
        if (strcmp(wire_text(component, "state"), "rejected") != 0)
            continue;
        (void)json_array_append_new(offered, wire_made(json_integer(strtol(number, NULL, 10))));
        set_text(component, "state", "offered");
    }
    body = record && json_array_size(offered) > 0
             ? offer_body(turn, wire_text(record, "name"), wire_text(record, "transfer"))
             : NULL;
    if (!body) {
        if (record)
            (void)fputs("nothing of it is rejected\n", stderr);
        json_decref(offered);
        return 2;
    }
    (void)json_object_update(
        body, json_object_get(record_of(turn, wire_text(record, "name")), "correction"));
    (void)json_object_set_new(body, "offered", offered);
    send_offer(turn, argv[0], record, body);
    return 0;
}

int withdraw_case(struct turn *turn, int argc, char **argv)
{
    json_t *record = offered_case(turn, argc, argv);
    char id[CONCORDAT_ID_TEXT];

    if (!record)
        return 2;
    post_parcel(turn->book,
                &(struct parcel){.type = "case.transfer.withdraw",
                                 .to = wire_text(record, "with"),
                                 .case_handle = argv[0],
                                 .conversation = wire_text(record, "conversation"),
                                 .transfer = wire_text(record, "transfer"),
                                 .body = wire_made(json_pack("{s:o, s:s}", "transferId",
                                                             wire_id(wire_text(record, "transfer")),
                                                             "reason", "CIRCUMSTANCES_CHANGED")),
                                 .event = "withdrawn",
                                 .text = "The case stays with us."},
                id);
    set_text(record, "state", "held");
    return 0;
}

/* --- what comes back --- */

/* Sends the parts of these numbers; NULL: all. */
static void send_parts(struct turn *turn, const char *handle, const json_t *record,
                       const json_t *numbers)
{
    json_t *part, *wanted, *body;
    char id[CONCORDAT_ID_TEXT];
    size_t i, j;

    json_array_foreach(wire_at(record_of(turn, wire_text(record, "name")), "parts"), i, part)
    {
        bool is_wanted = numbers == NULL;

        json_array_foreach(numbers, j, wanted) is_wanted |=
            json_integer_value(wanted) == (json_int_t)i + 1;
        if (!is_wanted || !(body = part_body(wire_text(record, "transfer"), (uint32_t)i + 1, part)))
            continue;
        post_parcel(turn->book,
                    &(struct parcel){.type = "case.record.part",
                                     .to = wire_text(record, "with"),
                                     .case_handle = handle,
                                     .conversation = wire_text(record, "conversation"),
                                     .body = body,
                                     .event = "sent",
                                     .text = "A part of the record."},
                    id);
    }
}

/* What they say of each component; event `name` tells it. */
static void note_replies(struct turn *turn, const struct letter *letter, json_t *record,
                         const char *name, const char *text)
{
    json_t *reply, *component, *event = letter_event(letter, name, text);
    json_t *told = wire_made(json_array());
    size_t i;

    json_array_foreach(wire_at(letter->body, "replies"), i, reply)
    {
        char number[16];

        (void)snprintf(number, sizeof number, "%d", (int)wire_number(reply, "component"));
        component = store_object(store_object(record, "components"), number);
        set_text(component, "state", name);
        wire_copy(component, "reason", reply, "reject");
        (void)json_array_append_new(told,
                                    wire_made(json_pack("{s:s, s:s}", "component", number, "reason",
                                                        wire_text(reply, "reject"))));
    }
    (void)json_object_set_new(event, "components", told);
    letter_acknowledge(turn, letter);
    turn_tell(turn, event);
}

void on_transfer_accept(struct turn *turn, struct letter *letter)
{
    json_t *record = custody_named(turn, letter);

    letter_say(letter, "They accept components of a case that we offer.");
    if (!record)
        return;
    note_replies(turn, letter, record, "accepted", "The case is ours until they take it.");
    if (components_left(record) == 0)
        send_parts(turn, letter->case_handle, record, NULL);
}

void on_transfer_reject(struct turn *turn, struct letter *letter)
{
    json_t *record = custody_named(turn, letter);

    letter_say(letter, "They reject components of a case that we offer.");
    if (record)
        note_replies(turn, letter, record, "rejected",
                     "It stays with us; an officer may correct and offer it again.");
}

void on_record_query(struct turn *turn, struct letter *letter)
{
    json_t *record = json_object_get(store_object(turn->book, "custody"), letter->case_handle);
    char manifest[CONCORDAT_ID_TEXT] = "";

    letter_say(letter, "They ask for parts of a record again.");
    (void)wire_id_text(wire_at(letter->body, "manifestId"), manifest);
    if (!record || strcmp(wire_text(record, "transfer"), manifest) != 0
        || strcmp(wire_text(record, "with"), letter->item->from) != 0) {
        letter_decline(turn, letter, CONCORDAT_NOT_FOR_US, "It speaks of no record of ours.");
        return;
    }
    letter_acknowledge(turn, letter);
    send_parts(turn, letter->case_handle, record, wire_at(letter->body, "missing"));
}

void on_transfer_complete(struct turn *turn, struct letter *letter)
{
    json_t *record = custody_named(turn, letter);

    letter_say(letter, "They have taken a case over.");
    if (!record)
        return;
    set_text(record, "state", "given");
    letter_acknowledge(turn, letter);
    turn_tell(turn, letter_event(letter, "given", "The case is theirs from now on."));
}
