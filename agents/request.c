/* What the local system asks, verb by verb. See desk_inside.h. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"
#include "proto/prescan.h"

#define INBOX_DEFAULT 100
#define TRACK_DEFAULT 20
#define REQUEST_DEPTH 2 /* messages inside messages */
#define REQUEST_FIELDS 64

enum status desk_check_request(struct bytes request, struct reason *why)
{
    static const struct prescan rules = {
        .depth_max = REQUEST_DEPTH,
        .fields_max = REQUEST_FIELDS,
        .heap_max = LOCAL_REQUEST_MAX + 64 * 1024,
    };

    return prescan(&concordat__request__descriptor, request, &rules, why);
}

/* ---- small readings ---- */

/* 16 bytes or none; false for anything else. */
bool desk_take_id(const ProtobufCBinaryData *data, struct id *out)
{
    *out = (struct id){{0}};
    if (data->len == 0)
        return true;
    return data->len == ID_SIZE && read_id((struct bytes){data->data, data->len}, out);
}

void desk_say_bad_id(struct desk *desk, struct bytes route, const char *where)
{
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, where, "not an id of 16 bytes");
}

static void say_unknown_message(struct desk *desk, struct bytes route, const struct id *id)
{
    char text[ID_TEXT_SIZE];

    id_print(id, text);
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "message_id",
                       "there is no message %s here", text);
}

/* The track of an incoming message. False: the asker has been told. */
bool desk_find_incoming(struct desk *desk, struct bytes route, const ProtobufCBinaryData *data,
                        struct track *track)
{
    struct id id;
    enum status status;

    if (!desk_take_id(data, &id) || id_is_zero(&id)) {
        desk_say_bad_id(desk, route, "message_id");
        return false;
    }
    status = track_get(desk->txn, WAY_IN, &id, track);
    if (status == ST_OK && track_find(track, RUNG_DELIVERED))
        return true;
    if (status == ST_OK || status == ST_MORE)
        say_unknown_message(desk, route, &id);
    else if (status == ST_INVALID)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "message_id",
                           "its record is damaged");
    else
        (void)desk_ok(desk, status);
    return false;
}

/* ---- inbox ---- */

struct listing {
    struct desk *desk;
    Concordat__Item **items;
    size_t count, limit;
    uint64_t next; /* where the list goes on; 0: that is all */
    bool failed;
    bool with_alarms; /* above the inbox */
    bool more;        /* there are others, of which `next` says nothing */
};

static bool list_track(void *context, const struct track *track)
{
    struct listing *listing = context;

    listing->items[listing->count] = desk_item(listing->desk, track);
    listing->failed = listing->failed || !listing->items[listing->count];
    return !listing->failed && ++listing->count < listing->limit;
}

static bool list_unopened(void *context, const struct id *key)
{
    struct listing *listing = context;
    struct track track;

    if (listing->count == listing->limit) {
        listing->more = true;
        return false;
    }
    if (track_get(listing->desk->txn, WAY_IN, key, &track) == ST_OK)
        (void)list_track(context, &track);
    return !listing->failed;
}

static bool list_incoming(void *context, const struct track *track)
{
    if (track->way != WAY_IN || !track_find(track, RUNG_DELIVERED))
        return true;
    return list_track(context, track);
}

static void reply_listing(struct desk *desk, struct bytes route, const struct listing *listing)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;

    if (listing->failed) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "the list is too long: ask for fewer");
        return;
    }
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.items = listing->items;
    response.n_items = listing->count;
    response.next = listing->next;
    if (listing->with_alarms)
        response.more_alarms = desk_list_alarms(desk, &(struct alarms_wish){0}, &response);
    response.more = listing->more;
    desk_reply(desk, route, &response);
}

static struct listing listing_of(struct desk *desk, uint32_t limit, uint32_t usual)
{
    struct listing listing = {.desk = desk, .limit = limit ? limit : usual};

    if (listing.limit > ITEMS_MAX)
        listing.limit = ITEMS_MAX;
    listing.items = arena_take(desk->request_arena, listing.limit * sizeof *listing.items);
    listing.failed = !listing.items;
    return listing;
}

/* Answers with what is there. False: nothing is, and nobody was answered. */
bool desk_reply_inbox(struct desk *desk, struct bytes route, const struct inbox_wish *wish,
                      bool even_if_empty)
{
    struct listing listing = listing_of(desk, wish->limit, INBOX_DEFAULT);

    listing.next = wish->before;
    if (!listing.failed
        && !desk_ok(desk, wish->all
                              ? track_newest(desk->txn, &listing.next, list_incoming, &listing)
                              : inbox_unopened(desk->txn, list_unopened, &listing)))
        return true;
    if (listing.count == 0 && !listing.failed && !even_if_empty)
        return false; /* an alarm that stands is nothing new: who waits would be told over and over
                       */
    listing.with_alarms = true;
    reply_listing(desk, route, &listing);
    return true;
}

static void on_inbox(struct desk *desk, struct bytes route, const Concordat__InboxRequest *r)
{
    struct waiting *waiting = NULL;

    const struct inbox_wish wish = {r->limit, r->all, r->before};

    if (desk_reply_inbox(desk, route, &wish, r->wait_ms == 0))
        return;
    waiting = desk_park(desk, route, r->wait_ms, NULL);
    if (!waiting) {
        (void)desk_reply_inbox(desk, route, &wish, true);
        return;
    }
    waiting->verb = CONCORDAT__REQUEST__KIND_INBOX;
    waiting->inbox = wish;
}

/* ---- open, acknowledge, decline ---- */

static void reply_opened(struct desk *desk, struct bytes route, const struct track *track,
                         const struct message_type *type, struct bytes body, char *json)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Item *item = desk_item(desk, track);

    if (!item) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent", "out of memory");
        return;
    }
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.message_id = item->message_id;
    response.items = &item;
    response.n_items = 1;
    response.body =
        (ProtobufCBinaryData){.len = body.size, .data = (uint8_t *)(uintptr_t)body.data};
    response.json = json;
    response.n_not_shared =
        desk_categories(desk, type->allowed & ~track->shared, &response.not_shared);
    desk_reply(desk, route, &response);
}

static void on_open(struct desk *desk, struct bytes route, const Concordat__OpenRequest *r)
{
    const struct message_type *type;
    struct track track;
    struct bytes stored, body;
    struct reason why = {""};
    char *json = NULL;
    uint8_t *copy;
    enum status status;

    if (!desk_find_incoming(desk, route, &r->message_id, &track))
        return;
    type = catalogue_find(track.type);
    status = inbox_get(desk->txn, &track.key, &stored);
    if (status == ST_MORE) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "message_id",
                           "its content was deleted when its retention ended");
        return;
    }
    if (status == ST_INVALID || !type) {
        log_event(LOG_ERROR, "inbox_damaged", "type=%s from=%s", track.type, track.from);
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "message_id",
                           "its stored content is damaged");
        return;
    }
    if (!desk_ok(desk, status))
        return;
    arena_reset(desk->body_arena, true);
    copy = arena_take(desk->request_arena, stored.size + 1); /* the store's may move */
    if (!copy) {
        (void)desk_ok(desk, ST_NOMEM);
        return;
    }
    memcpy(copy, stored.data, stored.size);
    body = (struct bytes){copy, stored.size};
    status = body_to_json(type, body, desk->body_arena, &json, &why);
    if (status != ST_OK) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "body",
                           "it cannot be shown: %s", why.text);
        return;
    }
    if (!track_find(&track, RUNG_OPENED)) {
        struct step step = {.kind = CONCORDAT__STEP_KIND__OPENED, .at_ms = desk->wall_ms};

        desk_add_step(desk, &track, &step);
        (void)desk_ok(desk, inbox_taken(desk->txn, &track.key));
        desk_touched(desk, &track);
    }
    reply_opened(desk, route, &track, type, body, json);
    OPENSSL_cleanse(json, strlen(json));
    free(json);
}

/* What stands in the way of this step; NULL when nothing does. */
static const char *against(const struct track *track, enum rung_kind wanted)
{
    if (wanted == RUNG_DECLINED && track_find(track, RUNG_ANSWERED))
        return "it was answered";
    if (wanted == RUNG_ACKNOWLEDGED && track_find(track, RUNG_DECLINED))
        return "it was declined";
    if (wanted == RUNG_DECLINED && track_find(track, RUNG_ACKNOWLEDGED))
        return "it was acknowledged";
    return NULL;
}

static void on_act(struct desk *desk, struct bytes route, const Concordat__ActRequest *r)
{
    struct step step = {.kind = r->step, .at_ms = desk->wall_ms};
    enum rung_kind wanted;
    const char *fault;
    struct track track;

    if (r->step == CONCORDAT__STEP_KIND__ACKNOWLEDGED) {
        wanted = RUNG_ACKNOWLEDGED;
    } else if (r->step == CONCORDAT__STEP_KIND__DECLINED) {
        wanted = RUNG_DECLINED;
        step.declined = r->reason;
    } else {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "step",
                           "neither ACKNOWLEDGED nor DECLINED");
        return;
    }
    if (wanted == RUNG_DECLINED
        && (r->reason == CONCORDAT__DECLINE_REASON__DECLINE_UNSPECIFIED
            || !protobuf_c_enum_descriptor_get_value(&concordat__decline_reason__descriptor,
                                                     (int)r->reason))) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "reason",
                           "declining needs a reason of the closed list");
        return;
    }
    if (!desk_find_incoming(desk, route, &r->message_id, &track))
        return;
    fault = against(&track, wanted);
    if (!track_find(&track, wanted) && fault) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "message_id", "%s", fault);
        return;
    }
    if (!track_find(&track, wanted)) {
        desk_add_step(desk, &track, &step);
        (void)desk_ok(desk, inbox_taken(desk->txn, &track.key));
        desk_touched(desk, &track);
    }
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.message_id = (ProtobufCBinaryData){.len = ID_SIZE, .data = track.message_id.bytes};
    desk_reply(desk, route, &response);
}

/* ---- track ---- */

void desk_reply_track(struct desk *desk, struct bytes route, const struct track *track)
{
    struct listing listing = listing_of(desk, 1, 1);

    if (!listing.failed)
        (void)list_track(&listing, track);
    reply_listing(desk, route, &listing);
}

static void on_track(struct desk *desk, struct bytes route, const Concordat__TrackRequest *r)
{
    enum rung_kind until = r->until[0] ? rung_parse(r->until) : RUNG_NONE;
    struct waiting *waiting = NULL;
    struct track track;
    struct id id;
    enum status status;

    if (r->until[0] && until == RUNG_NONE) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "until",
                           "unknown rung; one of queued accepted refused delivered opened "
                           "rejected acknowledged declined answered");
        return;
    }
    if (!desk_take_id(&r->message_id, &id)) {
        desk_say_bad_id(desk, route, "message_id");
        return;
    }
    if (id_is_zero(&id)) {
        struct listing listing = listing_of(desk, r->limit, TRACK_DEFAULT);

        listing.next = r->before;
        if (listing.failed
            || desk_ok(desk, track_newest(desk->txn, &listing.next, list_track, &listing)))
            reply_listing(desk, route, &listing);
        return;
    }
    status = track_get(desk->txn, WAY_OUT, &id, &track);
    if (status == ST_MORE)
        status = track_get(desk->txn, WAY_IN, &id, &track);
    if (status == ST_MORE || status == ST_INVALID) {
        say_unknown_message(desk, route, &id);
        return;
    }
    if (!desk_ok(desk, status))
        return;
    /* Who waits for more than the refusal of one that was sent again waits for that. */
    if (until != RUNG_NONE && !track_find(&track, until)
        && !desk_ok(desk, track_follow(desk->txn, &track)))
        return;
    if (until != RUNG_NONE && r->wait_ms > 0 && !track_find(&track, until)
        && !track_is_over(&track))
        waiting = desk_park(desk, route, r->wait_ms, &track.message_id);
    if (!waiting) {
        desk_reply_track(desk, route, &track);
        return;
    }
    waiting->verb = CONCORDAT__REQUEST__KIND_TRACK;
    waiting->until = until;
}

/* ---- status ---- */

static void on_status(struct desk *desk, struct bytes route, const Concordat__StatusRequest *r)
{
    struct waiting *waiting = NULL;

    if (r->wait_ms > 0 && !desk->connected)
        waiting = desk_park(desk, route, r->wait_ms, NULL);
    if (waiting)
        waiting->verb = CONCORDAT__REQUEST__KIND_STATUS;
    else
        desk_reply_status(desk, route);
}

/* ---- which verb ---- */

void desk_request(struct desk *desk, struct bytes route, struct bytes bytes)
{
    ProtobufCAllocator *allocator = arena_allocator(desk->request_arena);
    Concordat__Request *request;

    if (desk->failed != ST_OK)
        return;
    desk->stirred = true;
    arena_reset(desk->request_arena, true);
    request = concordat__request__unpack(allocator, bytes.size, bytes.data);
    if (!request || request->version != 1) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "version",
                           "not a request of version 1");
        return;
    }
    switch (request->kind_case) {
    case CONCORDAT__REQUEST__KIND_SEND:
        desk_send(desk, route, request->send);
        break;
    case CONCORDAT__REQUEST__KIND_INBOX:
        on_inbox(desk, route, request->inbox);
        break;
    case CONCORDAT__REQUEST__KIND_OPEN:
        on_open(desk, route, request->open);
        break;
    case CONCORDAT__REQUEST__KIND_ACT:
        on_act(desk, route, request->act);
        break;
    case CONCORDAT__REQUEST__KIND_ANSWER:
        desk_answer(desk, route, request->answer);
        break;
    case CONCORDAT__REQUEST__KIND_TRACK:
        on_track(desk, route, request->track);
        break;
    case CONCORDAT__REQUEST__KIND_AGREEMENTS:
        desk_reply_agreements(desk, route, request->agreements->id);
        break;
    case CONCORDAT__REQUEST__KIND_STATUS:
        on_status(desk, route, request->status);
        break;
    case CONCORDAT__REQUEST__KIND_CASES:
        desk_cases(desk, route, request->cases);
        break;
    case CONCORDAT__REQUEST__KIND_PUBLISH:
        desk_publish(desk, route, request->publish);
        break;
    case CONCORDAT__REQUEST__KIND_REFUSALS:
        desk_refusals(desk, route, request->refusals);
        break;
    case CONCORDAT__REQUEST__KIND_NOTICES:
        desk_reply_notices(desk, route, request->notices);
        break;
    case CONCORDAT__REQUEST__KIND_DERIVE:
        desk_derive(desk, route, request->derive);
        break;
    case CONCORDAT__REQUEST__KIND_HOLD:
        desk_hold(desk, route, request->hold);
        break;
    case CONCORDAT__REQUEST__KIND_HOLDER:
        desk_holder(desk, route, request->holder);
        break;
    case CONCORDAT__REQUEST__KIND_DUE:
        desk_due_list(desk, route, request->due);
        break;
    case CONCORDAT__REQUEST__KIND_ALARMS:
        desk_alarms(desk, route, request->alarms);
        break;
    case CONCORDAT__REQUEST__KIND__NOT_SET:
    case _CONCORDAT__REQUEST__KIND__CASE_IS_INT_SIZE:
    default:
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "kind",
                           "the request asks for nothing");
        break;
    }
}
