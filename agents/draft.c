/*
 * draft.c - what an application wants to send, read from its request: by form alone, field by
 * field, before anything is decided.
 *
 *     SendRequest --desk_draft_*--> struct draft --> decided and sealed (send.c)
 *
 * What does not hold is answered at once, with the field's name. See desk_inside.h.
 */
#include <string.h>

#include "agents/desk_inside.h"
#include "lib/nearest.h"

#define WAIT_DEFAULT_MS 5000 /* of send */

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

bool desk_draft_parties(struct desk *desk, struct bytes route, const char *type, const char *to,
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

bool desk_draft_ids(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                    struct draft *draft)
{
    struct track *track = &draft->track;

    if (!desk_take_id(&r->case_handle, &track->case_handle)) {
        desk_say_bad_id(desk, route, "case_handle");
        return false;
    }
    if (!desk_take_id(&r->in_reply_to, &track->in_reply_to)) {
        desk_say_bad_id(desk, route, "in_reply_to");
        return false;
    }
    if (!desk_take_id(&r->message_id, &track->message_id)
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
    draft->asked_reply = track->in_reply_to;
    draft->new_case = r->new_case;
    return true;
}

bool desk_draft_details(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
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
    if (strlen(r->justification) > JUSTIFICATION_MAX) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "justification",
                           "more than %d bytes", JUSTIFICATION_MAX);
        return false;
    }
    if (r->needed_by_ms < 0 || r->expires_days > OPEN_UNTIL_DAYS) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT,
                           r->needed_by_ms < 0 ? "needed_by_ms" : "expires_days",
                           "out of its range");
        return false;
    }
    if (strlen(r->agreement) > AGREEMENT_ID_MAX) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "agreement",
                           "not an agreement's id");
        return false;
    }
    memcpy(track->agreement_id, r->agreement, strlen(r->agreement) + 1);
    track->agreement_named = r->agreement[0];
    track->break_glass = r->break_glass;
    memcpy(track->purpose, r->purpose, strlen(r->purpose) + 1);
    draft->kept.purpose_named = r->purpose[0];
    memcpy(draft->kept.officer, r->officer, strlen(r->officer) + 1);
    memcpy(draft->kept.justification, r->justification, strlen(r->justification) + 1);
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

/* The header carries the deadline that the body gives. */
static bool take_deadline(struct desk *desk, struct bytes route, struct draft *draft)
{
    struct track *track = &draft->track;
    struct reason why = {""};

    track->watch_until_ms = watch_in_body(draft->type, draft->body);
    if (deadline_settle(draft->type, draft->body, track->needed_by_ms, &track->needed_by_ms, &why)
            == ST_OK
        && deadline_is_near(track->needed_by_ms, desk->wall_ms, &why))
        return true;
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "needed_by_ms", "%s", why.text);
    return false;
}

bool desk_draft_body(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                     struct draft *draft)
{
    return take_body(desk, route, r, draft) && take_deadline(desk, route, draft);
}

struct digest desk_draft_wish(const struct draft *draft)
{
    const struct track *t = &draft->track;
    const char *officer = draft->kept.officer;
    uint8_t numbers[8 + 4 + 1];
    struct writer w = writer_of(numbers, sizeof numbers);
    int64_t in_body;

    write_u64(&w,
              deadline_in_body(draft->type, draft->body, &in_body) ? 0 : (uint64_t)t->needed_by_ms);
    write_u32(&w, t->expires_days);
    write_u8(&w, (uint8_t)(draft->new_case | t->agreement_named << 1 | t->break_glass << 2));
    const struct bytes parts[] = {
        {(const uint8_t *)t->type, strlen(t->type) + 1},
        {(const uint8_t *)draft->asked_to, strlen(draft->asked_to) + 1},
        {(const uint8_t *)t->purpose, strlen(t->purpose) + 1},
        {(const uint8_t *)officer, strlen(officer) + 1},
        {t->case_handle.bytes, ID_SIZE},
        {draft->asked_reply.bytes, ID_SIZE},
        {numbers, w.size},
        {(const uint8_t *)t->agreement_id, t->agreement_named ? strlen(t->agreement_id) + 1 : 0},
        draft->body,
        {draft->asked_talk.bytes, id_is_zero(&draft->asked_talk) ? 0 : ID_SIZE},
    };
    return sha256_parts(parts, sizeof parts / sizeof *parts);
}
