/* What the local system asks, verb by verb. See desk_inside.h. */
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"
#include "lib/nearest.h"
#include "proto/field.h"
#include "proto/prescan.h"

#define ON_BEHALF_OF 100     /* the field of every body */
#define OFFICER_MAX 255      /* bytes */
#define WAIT_DEFAULT_MS 5000 /* of send */
#define WAIT_MAX_MS 3600000
#define INBOX_DEFAULT 100
#define TRACK_DEFAULT 20
#define ITEMS_MAX 1000  /* in one reply */
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
static bool take_id(const ProtobufCBinaryData *data, struct id *out)
{
    *out = (struct id){{0}};
    if (data->len == 0)
        return true;
    return data->len == ID_SIZE && read_id((struct bytes){data->data, data->len}, out);
}

static void say_bad_id(struct desk *desk, struct bytes route, const char *where)
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
static bool find_incoming(struct desk *desk, struct bytes route, const ProtobufCBinaryData *data,
                          struct track *track)
{
    struct id id;
    enum status status;

    if (!take_id(data, &id) || id_is_zero(&id)) {
        say_bad_id(desk, route, "message_id");
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

/* ---- waiting ---- */

static size_t waiting_place(const struct id *id)
{
    return ((size_t)id->bytes[14] << 8 | id->bytes[15]) % WAITING_BUCKETS;
}

/* Parks a request; NULL when too many wait or memory is out: answer at once. */
static struct waiting *park(struct desk *desk, struct bytes route, uint32_t wait_ms,
                            struct waiting **list)
{
    struct waiting *waiting;

    if (desk->waiting_count == WAITING_MAX)
        return NULL;
    waiting = calloc(1, sizeof *waiting + route.size);
    if (!waiting)
        return NULL;
    waiting->deadline_ms = desk->now_ms + (wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
    waiting->route_size = route.size;
    memcpy(waiting->route, route.data, route.size);
    waiting->next = *list;
    *list = waiting;
    desk->waiting_count++;
    return waiting;
}

static void unpark(struct desk *desk, struct waiting **link)
{
    struct waiting *waiting = *link;

    *link = waiting->next;
    desk->waiting_count--;
    free(waiting);
}

void desk_forget_waiting(struct desk *desk)
{
    for (size_t i = 0; i < WAITING_BUCKETS; i++) {
        while (desk->waiting[i])
            unpark(desk, &desk->waiting[i]);
    }
    while (desk->waiting_inbox)
        unpark(desk, &desk->waiting_inbox);
}

/* ---- send ---- */

/* A message in the making. */
struct draft {
    struct track track;
    const struct message_type *type;
    struct bytes body; /* checked, serialised, in an arena */
    bool in_reply, new_case;
    uint32_t wait_ms;
};

static void say_unknown_type(struct desk *desk, struct bytes route, const char *name)
{
    struct nearest nearest = nearest_to(name);
    size_t count;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, types[i].name);
    if (nearest.name)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "type",
                           "unknown message type; did you mean `%s'?", nearest.name);
    else
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "type",
                           "unknown message type");
}

static bool take_parties(struct desk *desk, struct bytes route, const char *type, const char *to,
                         struct draft *draft)
{
    draft->type = catalogue_find(type);
    if (!draft->type) {
        say_unknown_type(desk, route, type);
        return false;
    }
    if (!agency_is_valid(to)) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "to", "not an agency id");
        return false;
    }
    if (strcmp(to, desk->setup.agency) == 0) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "to",
                           "an agency does not send to itself");
        return false;
    }
    memcpy(draft->track.to, to, strlen(to) + 1);
    memcpy(draft->track.from, desk->setup.agency, strlen(desk->setup.agency) + 1);
    memcpy(draft->track.type, draft->type->name, strlen(draft->type->name) + 1);
    return true;
}

static bool take_ids(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                     struct draft *draft)
{
    struct track *track = &draft->track;

    if (!take_id(&r->case_handle, &track->case_handle)) {
        say_bad_id(desk, route, "case_handle");
        return false;
    }
    if (!take_id(&r->in_reply_to, &track->in_reply_to)) {
        say_bad_id(desk, route, "in_reply_to");
        return false;
    }
    if (!take_id(&r->message_id, &track->message_id)
        || (!id_is_zero(&track->message_id) && id_time_ms(&track->message_id) < 0)) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "message_id",
                           "not a UUID of version 7");
        return false;
    }
    if (r->new_case && !id_is_zero(&track->case_handle)) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "new_case",
                           "there is a case handle already");
        return false;
    }
    draft->new_case = r->new_case;
    return true;
}

static bool take_details(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                         struct draft *draft)
{
    struct track *track = &draft->track;

    if (r->purpose[0] && (strlen(r->purpose) > PURPOSE_MAX || !purpose_is_known(r->purpose))) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "purpose",
                           "not a purpose of the closed list");
        return false;
    }
    if (strlen(r->officer) > OFFICER_MAX) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "officer",
                           "more than %d bytes", OFFICER_MAX);
        return false;
    }
    if (r->needed_by_ms < 0 || r->expires_days > OPEN_UNTIL_DAYS) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT,
                           r->needed_by_ms < 0 ? "needed_by_ms" : "expires_days",
                           "out of its range");
        return false;
    }
    memcpy(track->purpose, r->purpose, strlen(r->purpose) + 1);
    track->needed_by_ms = r->needed_by_ms;
    track->expires_days = r->expires_days;
    draft->wait_ms = r->wait_ms ? r->wait_ms : WAIT_DEFAULT_MS;
    return true;
}

static bool take_body(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                      struct draft *draft)
{
    struct problems problems = {0};
    enum status status = ST_INVALID;

    arena_reset(desk->body_arena, true);
    switch (r->body_case) {
    case CONCORDAT__SEND_REQUEST__BODY_JSON:
        status = body_from_json(draft->type, r->json, strlen(r->json), desk->wall_ms,
                                desk->body_arena, &draft->body, &problems);
        break;
    case CONCORDAT__SEND_REQUEST__BODY_PROTOBUF:
        status = body_from_protobuf(draft->type, (struct bytes){r->protobuf.data, r->protobuf.len},
                                    desk->wall_ms, desk->body_arena, &draft->body, &problems);
        break;
    case CONCORDAT__SEND_REQUEST__BODY__NOT_SET:
    case _CONCORDAT__SEND_REQUEST__BODY__CASE_IS_INT_SIZE:
    default:
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "body", "missing");
        return false;
    }
    if (status == ST_OK)
        return true;
    if (status == ST_LIMIT && problems.count == 0)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "body",
                           "larger than %d bytes", BODY_MAX);
    else if (problems.count == 0)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "body", "out of memory");
    else
        desk_reply_problems(desk, route, &problems);
    return false;
}

/* What was asked, as one digest: a repeat under the same id must ask the same. */
static struct digest wish_of(const struct draft *draft, const char *officer)
{
    const struct track *t = &draft->track;
    uint8_t numbers[8 + 4 + 1];
    struct writer w = writer_of(numbers, sizeof numbers);

    write_u64(&w, (uint64_t)t->needed_by_ms);
    write_u32(&w, t->expires_days);
    write_u8(&w, draft->new_case);
    const struct bytes parts[] = {
        {(const uint8_t *)t->type, strlen(t->type) + 1},
        {(const uint8_t *)t->to, strlen(t->to) + 1},
        {(const uint8_t *)t->purpose, strlen(t->purpose) + 1},
        {(const uint8_t *)officer, strlen(officer) + 1},
        {t->case_handle.bytes, ID_SIZE},
        {t->in_reply_to.bytes, ID_SIZE},
        {numbers, w.size},
        draft->body,
    };
    return sha256_parts(parts, sizeof parts / sizeof *parts);
}

/* Answers now if the verdict is there, else when it is. */
static void answer_sent(struct desk *desk, struct bytes route, const struct draft *draft,
                        const struct track *track)
{
    struct waiting *waiting = NULL;

    if (!track_find(track, RUNG_REFUSED) && !track_find(track, RUNG_ACCEPTED))
        waiting =
            park(desk, route, draft->wait_ms, &desk->waiting[waiting_place(&track->message_id)]);
    if (!waiting) {
        desk_reply_sent(desk, route, track, draft->new_case);
        return;
    }
    waiting->verb = CONCORDAT__REQUEST__KIND_SEND;
    waiting->id = track->message_id;
    waiting->new_case = draft->new_case;
}

/* A repeat of a message under the same id. True: the asker has been answered. */
static bool is_repeat(struct desk *desk, struct bytes route, const struct draft *draft)
{
    struct track known;
    enum status status;

    if (id_is_zero(&draft->track.message_id))
        return false;
    status = track_get(desk->txn, WAY_OUT, &draft->track.message_id, &known);
    if (status == ST_MORE)
        return false;
    if (status == ST_INVALID)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "message_id",
                           "its record is damaged");
    else if (!desk_ok(desk, status))
        return true;
    else if (digest_equal(&known.wish, &draft->track.wish))
        answer_sent(desk, route, draft, &known);
    else
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "message_id",
                           "the id was used for another message");
    return true;
}

/* Names the officer in the body's last field, and hashed in the header (DPA 2018 s.62). */
static bool add_officer(struct desk *desk, const char *officer, struct draft *draft)
{
    uint8_t inner[OFFICER_MAX + SALT_SIZE + 16];
    struct writer w = writer_of(inner, sizeof inner);
    struct id salt = id_random();
    size_t room = draft->body.size + sizeof inner + 16;
    uint8_t *body = arena_take(desk->body_arena, room);
    struct writer all = writer_of(body, room);
    const struct bytes parts[] = {{salt.bytes, sizeof salt.bytes},
                                  {(const uint8_t *)officer, strlen(officer)}};

    if (!body)
        return false;
    field_text(&w, 1, officer);
    field_bytes(&w, 2, salt.bytes, sizeof salt.bytes);
    write_bytes(&all, draft->body.data, draft->body.size);
    field_bytes(&all, ON_BEHALF_OF, inner, w.size);
    if (w.failed || all.failed)
        return false;
    draft->body = (struct bytes){body, all.size};
    draft->track.officer_hash = sha256_parts(parts, 2);
    draft->track.shared |= UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_STAFF;
    return true;
}

/* May it go? The decision, with what the header needs in `question`; False: refused and told. */
static bool is_permitted(struct desk *desk, struct bytes route, const char *officer,
                         struct draft *draft, struct question *question, struct decision *decision)
{
    struct track *track = &draft->track;

    *question = desk_question(track, draft->in_reply);
    *decision = decide_first(question, desk->setup.agreements, desk->wall_ms);
    if (decision->permitted && decision->agreement->marking_floor > track->marking) {
        track->marking = decision->agreement->marking_floor;
        *question = desk_question(track, draft->in_reply);
        *decision = decide_first(question, desk->setup.agreements, desk->wall_ms);
    }
    if (!decision->permitted) {
        log_event(LOG_INFO, "refused_here", "type=%s to=%s code=%s", track->type, track->to,
                  refusal_name(decision->code));
        desk_reply_refused(desk, route, decision, question, &track->message_id);
        return false;
    }
    if (officer[0] && !field_find(draft->body, ON_BEHALF_OF).data
        && (decision->clause->allowed & UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_STAFF)) {
        if (!add_officer(desk, officer, draft)) {
            desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "officer", "out of memory");
            return false;
        }
        *question = desk_question(track, draft->in_reply);
        *decision = decide_first(question, desk->setup.agreements, desk->wall_ms);
        if (!decision->permitted) {
            desk_reply_refused(desk, route, decision, question, &track->message_id);
            return false;
        }
    }
    return true;
}

static void keep_decision(struct track *track, const struct decision *decision,
                          const struct question *question)
{
    memcpy(track->purpose, question->purpose, strlen(question->purpose) + 1);
    memcpy(track->agreement_id, decision->agreement->id, strlen(decision->agreement->id) + 1);
    memcpy(track->clause, decision->clause->id, strlen(decision->clause->id) + 1);
    track->agreement_version = decision->agreement->version;
}

/* Seals it when the recipient's key is here, else keeps it until it is. False: the body cannot be
 * sealed. */
static bool post(struct desk *desk, struct draft *draft, const struct decision *decision,
                 const struct question *question)
{
    struct track *track = &draft->track;
    uint64_t number = desk->next_number++;
    struct sealing_key key;
    struct rung queued = {.kind = RUNG_QUEUED, .verified = true, .at_ms = desk->wall_ms};
    enum status status =
        directory_sealing_key(desk->directory, desk->txn, track->to, desk->wall_ms, &key);

    memcpy(queued.by, desk->setup.agency, strlen(desk->setup.agency) + 1);
    desk->counters_changed = true;
    (void)track_add(track, &queued);
    if (status == ST_OK) {
        status = desk_seal(desk, track, decision, question, draft->body, &key, number);
        if (status == ST_INVALID || status == ST_LIMIT)
            return false;
        (void)desk_ok(desk, status);
    } else if (status == ST_MORE) {
        keep_decision(track, decision, question);
        (void)desk_ok(desk, outbox_put_keyless(desk->txn, &track->message_id, track->to,
                                               desk_lane(track->urgency), number, draft->body));
        desk_ask_agency(desk, track->to);
    } else {
        (void)desk_ok(desk, status);
    }
    (void)desk_ok(desk, track_put_new(desk->txn, track, number));
    desk_due(desk, desk->wall_ms + DUPLICATE_DAYS * DAY_MS, DUE_TRACK, track, number);
    desk->sent++;
    return true;
}

static void send_draft(struct desk *desk, struct bytes route, const char *officer,
                       struct draft *draft)
{
    struct track *track = &draft->track;
    struct question question;
    struct decision decision;

    track->wish = wish_of(draft, officer);
    if (is_repeat(desk, route, draft))
        return;
    if (store_fullness(desk->setup.store) >= FULL_FOR_SENDS) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "its store is nearly full: nothing new is taken");
        return;
    }
    track->way = WAY_OUT;
    track->shared = body_categories(draft->type, draft->body);
    track->urgency = draft->type->urgency;
    track->marking = draft->type->marking;
    track->schema_version = draft->type->schema_version;
    track->created_ms = desk->wall_ms;
    if (id_is_zero(&track->message_id))
        track->message_id = id_new(desk->wall_ms);
    if (draft->new_case)
        track->case_handle = id_random();
    track->key = track->message_id;
    track->share_id = id_random();
    if (id_is_zero(&track->conversation_id)) {
        track->conversation_id = track->message_id;
        track->sequence = 1;
    }
    if (!is_permitted(desk, route, officer, draft, &question, &decision))
        return;
    if (!post(desk, draft, &decision, &question)) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "body", "it cannot be sealed");
        return;
    }
    answer_sent(desk, route, draft, track);
}

/* The conversation goes on: what follows from the message that is replied to. */
static void continue_from(const struct track *original, struct draft *draft)
{
    struct track *track = &draft->track;

    track->conversation_id = original->conversation_id;
    track->sequence = original->sequence + 1;
    draft->in_reply = true;
    if (id_is_zero(&track->case_handle) && !draft->new_case)
        track->case_handle = original->case_handle;
}

static void on_send(struct desk *desk, struct bytes route, const Concordat__SendRequest *r)
{
    struct draft draft = {0};

    if (!take_parties(desk, route, r->type, r->to, &draft) || !take_ids(desk, route, r, &draft)
        || !take_details(desk, route, r, &draft))
        return;
    if (!id_is_zero(&draft.track.in_reply_to)) {
        struct track original;
        enum status status = track_get(desk->txn, WAY_IN, &draft.track.in_reply_to, &original);

        if (status == ST_MORE)
            status = track_get(desk->txn, WAY_OUT, &draft.track.in_reply_to, &original);
        if (status == ST_MORE || status == ST_INVALID) {
            desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "in_reply_to",
                               "there is no such message here");
            return;
        }
        if (!desk_ok(desk, status))
            return;
        continue_from(&original, &draft);
    }
    if (take_body(desk, route, r, &draft))
        send_draft(desk, route, r->officer, &draft);
}

static void on_answer(struct desk *desk, struct bytes route, const Concordat__SendRequest *r)
{
    struct draft draft = {0};
    struct track original;
    const struct message_type *asked;

    if (!find_incoming(desk, route, &r->in_reply_to, &original))
        return;
    asked = catalogue_find(original.type);
    if (!asked || !asked->answered_by) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "in_reply_to",
                           "nothing answers a %s", original.type);
        return;
    }
    if (r->type[0] && strcmp(r->type, asked->answered_by) != 0) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "type",
                           "a %s is answered by %s", original.type, asked->answered_by);
        return;
    }
    if (r->to[0] && strcmp(r->to, original.from) != 0) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "to",
                           "the answer goes to %s", original.from);
        return;
    }
    if (track_find(&original, RUNG_DECLINED)) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "in_reply_to",
                           "it was declined");
        return;
    }
    if (take_parties(desk, route, asked->answered_by, original.from, &draft)
        && take_ids(desk, route, r, &draft) && take_details(desk, route, r, &draft)) {
        continue_from(&original, &draft);
        if (take_body(desk, route, r, &draft))
            send_draft(desk, route, r->officer, &draft);
    }
}

/* ---- messages that waited for a key ---- */

static void refuse_track(struct desk *desk, struct track *track, Concordat__RefusalCode code,
                         category_set offending)
{
    struct rung rung = {
        .kind = RUNG_REFUSED, .verified = true, .code = (uint32_t)code, .at_ms = desk->wall_ms};

    memcpy(rung.by, desk->setup.agency, strlen(desk->setup.agency) + 1);
    (void)track_add(track, &rung);
    track->offending = offending;
    (void)desk_ok(desk, outbox_drop(desk->txn, &track->message_id, track->to));
    (void)desk_ok(desk, track_put(desk->txn, track));
    desk_touched(desk, track);
}

static void seal_waiting(struct desk *desk, struct track *track, uint64_t number,
                         const struct sealing_key *key)
{
    struct question question = desk_question(track, !id_is_zero(&track->in_reply_to));
    struct decision decision = decide_first(&question, desk->setup.agreements, desk->wall_ms);
    struct outbox_entry entry;
    uint8_t *copy;
    enum status status;

    if (!decision.permitted) {
        refuse_track(desk, track, decision.code, decision.offending);
        return;
    }
    if (!desk_ok(desk, outbox_get(desk->txn, &track->message_id, &entry)))
        return;
    arena_reset(desk->body_arena, true);
    copy = arena_take(desk->body_arena, entry.body.size + 1); /* the store's may move */
    if (!copy) {
        (void)desk_ok(desk, ST_NOMEM);
        return;
    }
    memcpy(copy, entry.body.data, entry.body.size);
    status = desk_seal(desk, track, &decision, &question, (struct bytes){copy, entry.body.size},
                       key, number);
    if (status == ST_INVALID || status == ST_LIMIT)
        refuse_track(desk, track, CONCORDAT__REFUSAL_CODE__TOO_LARGE, 0);
    else if (desk_ok(desk, status))
        (void)desk_ok(desk, track_put(desk->txn, track));
}

void desk_keyless(struct desk *desk, const char *agency, bool known)
{
    uint64_t number = 0;
    struct id id;

    for (;; number++) {
        struct sealing_key key;
        struct track track;
        enum status status = outbox_next_keyless(desk->txn, agency, number, &number, &id);

        if (status == ST_MORE || !desk_ok(desk, status))
            return;
        status = track_get(desk->txn, WAY_OUT, &id, &track);
        if (status == ST_MORE || status == ST_INVALID)
            continue;
        if (!desk_ok(desk, status))
            return;
        if (!known) {
            refuse_track(desk, &track, CONCORDAT__REFUSAL_CODE__RECIPIENT_UNKNOWN, 0);
            continue;
        }
        status = directory_sealing_key(desk->directory, desk->txn, agency, desk->wall_ms, &key);
        if (status == ST_MORE || !desk_ok(desk, status))
            return; /* the agency has published none yet */
        seal_waiting(desk, &track, number, &key);
    }
}

/* ---- inbox ---- */

struct listing {
    struct desk *desk;
    Concordat__Item **items;
    size_t count, limit;
    bool failed;
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

    if (track_get(listing->desk->txn, WAY_IN, key, &track) != ST_OK)
        return true;
    return list_track(context, &track);
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
static bool reply_inbox(struct desk *desk, struct bytes route, uint32_t limit, bool all,
                        bool even_if_empty)
{
    struct listing listing = listing_of(desk, limit, INBOX_DEFAULT);

    if (!listing.failed
        && !desk_ok(desk, all ? track_newest(desk->txn, list_incoming, &listing)
                              : inbox_unopened(desk->txn, list_unopened, &listing)))
        return true;
    if (listing.count == 0 && !listing.failed && !even_if_empty)
        return false;
    reply_listing(desk, route, &listing);
    return true;
}

static void on_inbox(struct desk *desk, struct bytes route, const Concordat__InboxRequest *r)
{
    struct waiting *waiting = NULL;

    if (reply_inbox(desk, route, r->limit, r->all, r->wait_ms == 0))
        return;
    waiting = park(desk, route, r->wait_ms, &desk->waiting_inbox);
    if (!waiting) {
        (void)reply_inbox(desk, route, r->limit, r->all, true);
        return;
    }
    waiting->verb = CONCORDAT__REQUEST__KIND_INBOX;
    waiting->limit = r->limit;
    waiting->all = r->all;
}

void desk_inbox_changed(struct desk *desk)
{
    struct waiting **link = &desk->waiting_inbox;

    while (*link) {
        struct waiting *waiting = *link;
        struct bytes route = {waiting->route, waiting->route_size};

        if (reply_inbox(desk, route, waiting->limit, waiting->all, false))
            unpark(desk, link);
        else
            link = &waiting->next;
    }
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

    if (!find_incoming(desk, route, &r->message_id, &track))
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
    free(json);
}

/* What stands in the way of this step; NULL when nothing does. */
static const char *against(const struct track *track, enum rung_kind wanted)
{
    if (track_find(track, RUNG_ANSWERED))
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
    if (!find_incoming(desk, route, &r->message_id, &track))
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

static void reply_track(struct desk *desk, struct bytes route, const struct track *track)
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
    if (!take_id(&r->message_id, &id)) {
        say_bad_id(desk, route, "message_id");
        return;
    }
    if (id_is_zero(&id)) {
        struct listing listing = listing_of(desk, r->limit, TRACK_DEFAULT);

        if (listing.failed || desk_ok(desk, track_newest(desk->txn, list_track, &listing)))
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
    if (until != RUNG_NONE && r->wait_ms > 0 && !track_find(&track, until)
        && !track_is_over(&track))
        waiting = park(desk, route, r->wait_ms, &desk->waiting[waiting_place(&id)]);
    if (!waiting) {
        reply_track(desk, route, &track);
        return;
    }
    waiting->verb = CONCORDAT__REQUEST__KIND_TRACK;
    waiting->id = id;
    waiting->until = until;
}

/* ---- those who wait ---- */

/* True when the waiting request has been answered. */
static bool answer_waiting(struct desk *desk, const struct waiting *waiting,
                           const struct track *track, bool in_any_case)
{
    struct bytes route = {waiting->route, waiting->route_size};

    if (waiting->verb == CONCORDAT__REQUEST__KIND_SEND) {
        if (!in_any_case && !track_find(track, RUNG_ACCEPTED) && !track_find(track, RUNG_REFUSED))
            return false;
        desk_reply_sent(desk, route, track, waiting->new_case);
        return true;
    }
    if (!in_any_case && !track_find(track, waiting->until) && !track_is_over(track))
        return false;
    reply_track(desk, route, track);
    return true;
}

void desk_touched(struct desk *desk, const struct track *track)
{
    struct waiting **link = &desk->waiting[waiting_place(&track->message_id)];

    while (*link) {
        struct waiting *waiting = *link;

        if (id_equal(&waiting->id, &track->message_id)
            && answer_waiting(desk, waiting, track, false))
            unpark(desk, link);
        else
            link = &waiting->next;
    }
}

static void waited(struct desk *desk, const struct waiting *waiting)
{
    struct bytes route = {waiting->route, waiting->route_size};
    struct track track;
    enum status status = track_get(desk->txn, WAY_OUT, &waiting->id, &track);

    if (status == ST_MORE)
        status = track_get(desk->txn, WAY_IN, &waiting->id, &track);
    if (status == ST_OK)
        (void)answer_waiting(desk, waiting, &track, true);
    else
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "message_id",
                           "its record cannot be read");
}

void desk_waited(struct desk *desk)
{
    struct waiting **link = &desk->waiting_inbox;

    if (desk->waiting_count == 0)
        return;
    arena_reset(desk->request_arena, true);
    while (*link) {
        struct waiting *waiting = *link;

        if (waiting->deadline_ms <= desk->now_ms) {
            (void)reply_inbox(desk, (struct bytes){waiting->route, waiting->route_size},
                              waiting->limit, waiting->all, true);
            unpark(desk, link);
        } else {
            link = &waiting->next;
        }
    }
    for (size_t i = 0; i < WAITING_BUCKETS; i++) {
        for (link = &desk->waiting[i]; *link;) {
            if ((*link)->deadline_ms <= desk->now_ms) {
                waited(desk, *link);
                unpark(desk, link);
            } else {
                link = &(*link)->next;
            }
        }
    }
}

/* ---- which verb ---- */

void desk_request(struct desk *desk, struct bytes route, struct bytes bytes)
{
    ProtobufCAllocator *allocator = arena_allocator(desk->request_arena);
    Concordat__Request *request;

    if (desk->failed != ST_OK)
        return;
    arena_reset(desk->request_arena, true);
    request = concordat__request__unpack(allocator, bytes.size, bytes.data);
    if (!request || request->version != 1) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "version",
                           "not a request of version 1");
        return;
    }
    switch (request->kind_case) {
    case CONCORDAT__REQUEST__KIND_SEND:
        on_send(desk, route, request->send);
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
        on_answer(desk, route, request->answer);
        break;
    case CONCORDAT__REQUEST__KIND_TRACK:
        on_track(desk, route, request->track);
        break;
    case CONCORDAT__REQUEST__KIND_AGREEMENTS:
        desk_reply_agreements(desk, route, request->agreements->id);
        break;
    case CONCORDAT__REQUEST__KIND_STATUS:
        desk_reply_status(desk, route);
        break;
    case CONCORDAT__REQUEST__KIND__NOT_SET:
    case _CONCORDAT__REQUEST__KIND__CASE_IS_INT_SIZE:
    default:
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "kind",
                           "the request asks for nothing");
        break;
    }
}
