/* Answers in words: what the local system is told. See desk_inside.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

/* Generated structs have plain `char *`, though packing never writes to them. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static ProtobufCBinaryData binary(const void *data, size_t size)
{
    return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

static ProtobufCBinaryData binary_id(const struct id *id)
{
    return binary(id->bytes, id_is_zero(id) ? 0 : ID_SIZE);
}

void desk_reply(struct desk *desk, struct bytes route, Concordat__Response *response)
{
    struct ready_reply *reply = malloc(sizeof *reply);
    struct stage_local *message;
    size_t size;

    response->version = 1;
    size = concordat__response__get_packed_size(response);
    message = malloc(sizeof *message + route.size + size);
    if (!reply || !message) {
        free(reply);
        free(message);
        (void)desk_ok(desk, ST_NOMEM);
        return;
    }
    message->kind = STAGE_REPLY;
    message->route_size = (uint32_t)route.size;
    message->size = (uint32_t)size;
    memcpy(message->bytes, route.data, route.size);
    concordat__response__pack(response, message->bytes + route.size);
    *reply = (struct ready_reply){.size = sizeof *message + route.size + size, .message = message};
    *desk->replies_end = reply;
    desk->replies_end = &reply->next;
}

void desk_reply_problem(struct desk *desk, struct bytes route, Concordat__Outcome outcome,
                        const char *where, const char *format, ...)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Problem problem = CONCORDAT__PROBLEM__INIT, *list = &problem;
    char text[REASON_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    problem.where = text_of(where);
    problem.text = text;
    response.outcome = outcome;
    response.n_problems = 1;
    response.problems = &list;
    desk_reply(desk, route, &response);
}

void desk_reply_problems(struct desk *desk, struct bytes route, const struct problems *problems)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Problem list[PROBLEMS_MAX], *items[PROBLEMS_MAX];
    size_t count = problems->count < PROBLEMS_MAX ? problems->count : PROBLEMS_MAX;

    for (size_t i = 0; i < count; i++) {
        concordat__problem__init(&list[i]);
        list[i].where = text_of(problems->items[i].where);
        list[i].text = text_of(problems->items[i].text);
        items[i] = &list[i];
    }
    response.outcome = CONCORDAT__OUTCOME__BAD_INPUT;
    response.n_problems = count;
    response.problems = items;
    desk_reply(desk, route, &response);
}

size_t desk_categories(struct desk *desk, category_set set, Concordat__DataCategory **out)
{
    Concordat__DataCategory *list = arena_take(desk->request_arena, 32 * sizeof *list);
    size_t count = 0;

    for (uint32_t c = 1; list && c < 32; c++) {
        if (set & UINT32_C(1) << c)
            list[count++] = (Concordat__DataCategory)c;
    }
    *out = list;
    return count;
}

/* Whose key does not count, and which would. */
static void explain_signer(const struct desk *desk, const struct decision *decision,
                           struct reason *out)
{
    const struct party *party = agreement_party(decision->agreement, desk->setup.agency);
    char ours[2 * DIGEST_SIZE + 1], pinned[2 * DIGEST_SIZE + 1] = "none";

    if (!party)
        return;
    hex_print(desk->identity.spki, DIGEST_SIZE, ours);
    if (party->signing_count > 0)
        hex_print(party->signing[0].bytes, DIGEST_SIZE, pinned);
    reason_set(out,
               "%s v%u does not count our signing key: ours is %s, for %s it pins %s%s; sign a "
               "version that pins ours, or a roll",
               decision->agreement->id, decision->agreement->version, ours, desk->setup.agency,
               pinned, party->signing_count > 1 ? " and others" : "");
}

void desk_reply_refused(struct desk *desk, struct bytes route, const struct decision *decision,
                        const struct question *question, const struct id *id)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Refusal refusal = CONCORDAT__REFUSAL__INIT;
    struct reason advice;

    if (decision->agreement || decision->code == CONCORDAT__REFUSAL_CODE__NO_AGREEMENT)
        decision_explain(decision, question, &advice);
    else /* custody's, say: no agreement has to do with it */
        reason_set(&advice, "%s", refusal_advice(decision->code));
    if (decision->code == CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED && decision->agreement)
        explain_signer(desk, decision, &advice);
    refusal.message_id = binary_id(id);
    refusal.code = decision->code;
    refusal.n_offending = desk_categories(desk, decision->offending, &refusal.offending);
    if (decision->agreement) {
        refusal.agreement_id = text_of(decision->agreement->id);
        refusal.agreement_version = decision->agreement->version;
    }
    if (decision->clause)
        refusal.clause = text_of(decision->clause->id);
    refusal.refused_ms = desk->wall_ms;
    response.outcome = CONCORDAT__OUTCOME__REFUSED;
    response.message_id = binary_id(id);
    response.refusal = &refusal;
    response.advice = advice.text;
    desk_reply(desk, route, &response);
}

/* Refusals that clause and question explain. */
static bool is_of_clause(Concordat__RefusalCode code)
{
    switch ((int)code) {
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED:
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED:
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET:
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED:
    case CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED:
    case CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED:
    case CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED:
    case CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE:
    case CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED:
    case CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED:
    case CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING:
    case CONCORDAT__REFUSAL_CODE__MARKING_TOO_HIGH:
    case CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW:
    case CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG:
        return true;
    default:
        return false;
    }
}

/* The nearest change that would be permitted, by the agreement that the refusal names as it is
 * known here now; what the code says where that cannot be told. */
static void advise(const struct desk *desk, const struct track *track, Concordat__RefusalCode code,
                   struct reason *out)
{
    struct question question = desk_question(track, !id_is_zero(&track->in_reply_to));
    struct decision decision = {.code = code, .offending = track->offending};

    decision.agreement = agreement_set_find(desk_agreements(desk), track->agreement_id);
    if (decision.agreement)
        decision.clause = agreement_clause(decision.agreement, track->clause);
    if (is_of_clause(code) && decision.clause
        && decision.agreement->version == track->agreement_version)
        decision_explain(&decision, &question, out);
    else
        reason_set(out, "%s", refusal_advice(code));
}

void desk_reply_sent(struct desk *desk, struct bytes route, const struct track *track,
                     bool new_case)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Refusal refusal = CONCORDAT__REFUSAL__INIT;
    const struct rung *refused = track_refusal(track);
    struct reason advice = {""};

    response.message_id = binary_id(&track->message_id);
    if (new_case)
        response.case_handle = binary_id(&track->case_handle);
    if (refused) {
        refusal.message_id = response.message_id;
        refusal.header_digest = binary(track->header_digest.bytes, DIGEST_SIZE);
        refusal.code = (Concordat__RefusalCode)refused->code;
        refusal.n_offending = desk_categories(desk, track->offending, &refusal.offending);
        refusal.agreement_id = text_of(track->agreement_id);
        refusal.agreement_version = track->agreement_version;
        refusal.clause = text_of(track->clause);
        refusal.refused_ms = refused->at_ms;
        response.outcome = CONCORDAT__OUTCOME__REFUSED;
        response.refusal = &refusal;
        advise(desk, track, refusal.code, &advice);
        response.advice = advice.text;
    } else {
        response.outcome = track_find(track, RUNG_ACCEPTED) ? CONCORDAT__OUTCOME__DONE
                                                            : CONCORDAT__OUTCOME__QUEUED;
    }
    if (!id_is_zero(&track->resent_of)) {
        response.sent_again_for = binary_id(&track->resent_of);
        response.sent_again_agreement = text_of(track->agreement_id);
        response.sent_again_version = track->agreement_version;
    }
    desk_reply(desk, route, &response);
}

/* The detail of a rung: a code's name, a reason's, the reply's id. */
static char *detail_of(struct desk *desk, const struct rung *rung)
{
    if (rung->kind == RUNG_WITHHELD)
        return text_of(refusal_name((Concordat__RefusalCode)rung->code));
    if (rung->kind >= RUNG_DELIVERED && !rung->verified)
        return text_of("THE SIGNATURE DOES NOT HOLD");
    if (rung->kind == RUNG_REFUSED || rung->kind == RUNG_REJECTED)
        return text_of(refusal_name((Concordat__RefusalCode)rung->code));
    if (rung->kind == RUNG_DECLINED) {
        const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(
            &concordat__decline_reason__descriptor, (int)rung->code);
        return text_of(known ? known->name : "");
    }
    if (rung->kind == RUNG_ANSWERED && !id_is_zero(&rung->reply)) {
        char *text = arena_take(desk->request_arena, ID_TEXT_SIZE);

        if (text)
            id_print(&rung->reply, text);
        return text ? text : text_of("");
    }
    return text_of("");
}

static char *copy_text(struct desk *desk, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_take(desk->request_arena, size);

    return copy ? memcpy(copy, text, size) : text_of("");
}

static ProtobufCBinaryData copy_id(struct desk *desk, const struct id *id)
{
    struct id *copy = id_is_zero(id) ? NULL : arena_take(desk->request_arena, sizeof *copy);

    if (!copy)
        return binary(NULL, 0);
    *copy = *id;
    return binary(copy->bytes, ID_SIZE);
}

static bool add_rungs(struct desk *desk, const struct track *track, bool late,
                      Concordat__Item *item)
{
    size_t count = track->rung_count;
    Concordat__Rung *rungs = arena_take(desk->request_arena, (count + 1) * sizeof *rungs);

    item->rungs = arena_take(desk->request_arena, (count + 1) * sizeof *item->rungs);
    if (!rungs || !item->rungs)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct rung *from = &track->rungs[i];

        concordat__rung__init(&rungs[i]);
        rungs[i].name = text_of(rung_name(from->kind));
        rungs[i].at_ms = from->at_ms;
        rungs[i].by = copy_text(desk, from->by);
        rungs[i].detail = detail_of(desk, from);
        rungs[i].verified = from->verified;
        rungs[i].late = late && from == track_find(track, RUNG_ANSWERED);
        item->rungs[i] = &rungs[i];
    }
    item->n_rungs = count;
    return true;
}

/* What the message was sent again as, and what for. */
static bool add_resent(struct desk *desk, const struct track *track, Concordat__Item *item)
{
    struct track again = *track;

    item->sent_again_for = copy_id(desk, &track->resent_of);
    item->sent_again_as = copy_id(desk, &track->resent_as);
    if (id_is_zero(&track->resent_as))
        return true;
    if (!desk_ok(desk, track_follow(desk->txn, &again)))
        return false;
    if (id_equal(&again.message_id, &track->message_id))
        return true; /* its record is gone */
    item->sent_again_agreement = copy_text(desk, again.agreement_id);
    item->sent_again_version = again.agreement_version;
    return true;
}

Concordat__Item *desk_item(struct desk *desk, const struct track *track)
{
    Concordat__Item *item = arena_take(desk->request_arena, sizeof *item);
    struct deadline deadline = {0};

    if (!item || !desk_ok(desk, deadline_of(desk->txn, track, desk->wall_ms, &deadline)))
        return NULL;
    concordat__item__init(item);
    item->message_id = copy_id(desk, &track->message_id);
    item->type = copy_text(desk, track->type);
    item->from = copy_text(desk, track->from);
    item->to = copy_text(desk, track->to);
    item->purpose = copy_text(desk, track->purpose);
    item->urgency = (Concordat__Urgency)track->urgency;
    item->case_handle = copy_id(desk, &track->case_handle);
    item->conversation_id = copy_id(desk, &track->conversation_id);
    item->in_reply_to = copy_id(desk, &track->in_reply_to);
    item->created_ms = track->created_ms;
    item->needed_by_ms = track->needed_by_ms;
    item->n_shared = desk_categories(desk, track->shared, &item->shared);
    item->agreement_id = copy_text(desk, track->agreement_id);
    item->agreement_version = track->agreement_version;
    item->clause = copy_text(desk, track->clause);
    item->state = text_of(rung_name(track_state(track)));
    item->marking = (Concordat__Marking)track->marking;
    item->sequence = track->sequence;
    item->answer = copy_id(desk, &deadline.answer);
    item->late = deadline.late;
    item->late_ms = deadline.late_ms;
    item->overdue = deadline.overdue;
    item->break_glass = track->break_glass;
    item->lapse = text_of(lapse_name(desk_lapse(desk, track)));
    if (!add_resent(desk, track, item))
        return NULL;
    return add_rungs(desk, track, deadline.late, item) ? item : NULL;
}

void desk_reply_status(struct desk *desk, struct bytes route)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Status status = CONCORDAT__STATUS__INIT;

    status.agency = text_of(desk->setup.agency);
    status.connected = desk->connected;
    status.since_ms = desk->since_ms;
    status.outbox = outbox_count(desk->txn);
    status.inbox = inbox_count_unopened(desk->txn);
    status.key_id = binary(desk->key.key_id, KEY_ID_SIZE);
    status.key_seal_until_ms = desk->key.seal_until_ms;
    status.last_error = desk->last_error.text;
    status.sent = desk->sent;
    status.received = desk->received;
    status.holidays_end_ms = calendar_ends_ms(desk_calendar(desk));
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.status = &status;
    desk_reply(desk, route, &response);
}

/* What the registrar says of a version, and where it is in force, its dates. */
static const char *state_of(const struct desk *desk, const struct registrar_row *row)
{
    if (strcmp(row->state, "active") != 0)
        return row->state;
    if (desk->wall_ms < row->agreement->from_ms)
        return "not yet in force";
    return desk->wall_ms >= row->agreement->until_ms ? "expired" : "active";
}

static char **names_in_arena(struct desk *desk, size_t count)
{
    return arena_take(desk->request_arena, (count + 1) * sizeof(char *));
}

/* Is it proposed, and have we not signed it yet? */
static bool waits_for_us(const struct desk *desk, const struct registrar_row *row)
{
    if (strcmp(row->state, "proposed") != 0 || !agreement_party(row->agreement, desk->setup.agency))
        return false;
    for (size_t i = 0; i < row->signed_count; i++)
        if (strcmp(row->signed_by[i], desk->setup.agency) == 0)
            return false;
    return true;
}

static bool fill_agreement(struct desk *desk, const struct registrar_row *row, bool whole,
                           Concordat__Agreement *to)
{
    const struct agreement *from = row->agreement;

    concordat__agreement__init(to);
    to->parties = names_in_arena(desk, from->party_count);
    to->signed_by = names_in_arena(desk, row->signed_count);
    if (!to->parties || !to->signed_by)
        return false;
    to->id = text_of(from->id);
    to->version = from->version;
    to->title = text_of(from->title);
    to->state = text_of(state_of(desk, row));
    to->from_ms = from->from_ms;
    to->until_ms = from->until_ms;
    to->review_ms = from->review_ms;
    to->hash = binary(from->hash.bytes, DIGEST_SIZE);
    for (size_t i = 0; i < from->party_count; i++)
        to->parties[i] = text_of(from->parties[i].agency);
    to->n_parties = from->party_count;
    for (size_t i = 0; i < row->signed_count; i++)
        to->signed_by[i] = text_of(row->signed_by[i]);
    to->n_signed_by = row->signed_count;
    to->proposal_id = copy_id(desk, &row->proposal_id);
    to->proposal_expires_ms = row->proposal_expires_ms;
    to->waits_for_us = waits_for_us(desk, row);
    to->clauses = (uint32_t)from->clause_count;
    if (whole)
        to->text = from->text;
    return true;
}

/* The versions that are asked for, as they are gathered. */
struct gathered {
    struct desk *desk;
    const char *id;                    /* empty: all */
    const struct agreement *in_force;  /* with an id: that alone; NULL: the newest version */
    Concordat__Agreement **list, *one; /* in the arena */
    size_t count, room;
    bool failed;
};

static bool count_version(void *context, const struct registrar_row *row)
{
    struct gathered *g = context;

    (void)row;
    g->room++;
    return true;
}

static bool gather_version(void *context, const struct registrar_row *row)
{
    struct gathered *g = context;

    if (g->id[0] && strcmp(g->id, row->agreement->id) != 0)
        return true;
    if (g->in_force && row->agreement != g->in_force)
        return true;
    if (g->id[0])
        g->count = 0; /* the last one is the newest */
    g->list[g->count] = &g->one[g->count];
    g->failed |= !fill_agreement(g->desk, row, g->id[0], g->list[g->count]);
    g->count++;
    return true;
}

void desk_reply_agreements(struct desk *desk, struct bytes route, const char *id)
{
    const struct registrar *registrar = gazette_registrar(desk->gazette);
    struct gathered g = {.desk = desk, .id = id};
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;

    g.in_force = id[0] ? agreement_set_find(registrar_set(registrar), id) : NULL;
    registrar_each(registrar, desk->wall_ms, count_version, &g);
    g.list = arena_take(desk->request_arena, (g.room + 1) * sizeof *g.list);
    g.one = arena_take(desk->request_arena, (g.room + 1) * sizeof *g.one);
    if (g.list && g.one)
        registrar_each(registrar, desk->wall_ms, gather_version, &g);
    if (!g.list || !g.one || g.failed) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent", "out of memory");
        return;
    }
    if (id[0] && g.count == 0) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "id",
                           "there is no agreement `%s' here", id);
        return;
    }
    response.agreements = g.list;
    response.n_agreements = g.count;
    response.outcome = CONCORDAT__OUTCOME__DONE;
    desk_reply(desk, route, &response);
}
