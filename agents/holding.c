/*
 * holding.c - who holds a case: claims and questions of the local system, and the broker's word.
 * See desk_inside.h.
 *
 *     hold --> claim, durable --> CaseFrame --> answer: done, or refused
 *
 * A claim stays in the store until the broker has answered it, and goes again in every session: so
 * one that was made offline is made in the end. One that had been taken when its answer was lost is
 * refused the second time, since the case is held: by us, so it is done.
 */
#include <string.h>

#include "agents/alarms.h"
#include "agents/claimed.h"
#include "agents/desk_inside.h"
#include "lib/text.h"
#include "proto/claim.h"

#define WAIT_USUAL_MS 5000
#define CLAIMS_RETRY_MS 5000

/* ---- claims in the store ---- */

static struct bytes key_of(const struct id *handle)
{
    return (struct bytes){handle->bytes, ID_SIZE};
}

static bool find_claim(struct desk *desk, const struct id *handle, struct claim *out)
{
    struct reason why;
    struct bytes value;
    enum status status = store_get(desk->txn, TREE_CLAIMS, key_of(handle), &value);

    if (status == ST_MORE || !desk_ok(desk, status))
        return false;
    return claim_read(value, desk->frame_arena, out, &why) == ST_OK;
}

static void drop_claim(struct desk *desk, const struct id *handle)
{
    (void)desk_ok(desk, store_delete(desk->txn, TREE_CLAIMS, key_of(handle)));
}

/* The claim that has its answer now, as evidence: signed once more, by the same key. */
static void keep_claimed(struct desk *desk, const struct id *handle, Concordat__RefusalCode code,
                         struct bytes answer)
{
    struct claimed claimed = {.signer = desk->signer,
                              .code = (uint32_t)code,
                              .answered_ms = desk->wall_ms,
                              .answer = answer};
    uint8_t bytes[CLAIM_MAX];
    struct claim claim;

    if (!find_claim(desk, handle, &claim)
        || !desk_ok(desk, claim_write(&claim, bytes, sizeof bytes, &claimed.claim.size)))
        return;
    claimed.claim.data = bytes;
    if (desk_ok(desk, claim_sign(desk->setup.signing_key, desk->community, claimed.claim,
                                 claimed.signature)))
        (void)desk_ok(desk, claimed_put(desk->txn, &claim, &claimed));
}

/* What was claimed is so, as the broker has told. */
static bool is_settled(const struct desk *desk, const struct claim *claim,
                       const struct holding *holding)
{
    const bool is_ours = strcmp(holding->holder, desk->setup.agency) == 0;

    if (claim->kind == CONCORDAT__CLAIM_KIND__CLAIM_OPEN)
        return is_ours;
    if (claim->kind == CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW)
        return is_ours && id_is_zero(&holding->transfer.id);
    return holding->is_closed;
}

/* ---- frames ---- */

static struct case_question *next_slot(struct desk *desk)
{
    return &desk->case_questions[desk->next_case_request % CASE_QUESTIONS_MAX];
}

/* Of more than there is room for the oldest gives way: a question, which is asked again by who
 * still wants to know, before a claim, which then goes once more. */
static struct case_question *new_question(struct desk *desk, const struct id *handle, bool is_claim)
{
    struct case_question *q = next_slot(desk);

    for (unsigned i = 0; i < CASE_QUESTIONS_MAX && q->is_claim; i++, q = next_slot(desk))
        desk->next_case_request++;
    desk->claims_due = desk->claims_due || q->is_claim;
    *q = (struct case_question){
        .request = ++desk->next_case_request, .handle = *handle, .is_claim = is_claim};
    return q;
}

static bool is_asked(const struct desk *desk, const struct id *handle)
{
    for (size_t i = 0; i < CASE_QUESTIONS_MAX; i++)
        if (desk->case_questions[i].request != 0 && desk->case_questions[i].is_claim
            && id_equal(&desk->case_questions[i].handle, handle))
            return true;
    return false;
}

uint64_t desk_ask_case(struct desk *desk, const struct id *handle)
{
    struct wire wire = {.kind = WIRE_CASE};

    if (!desk->connected)
        return 0;
    wire.case_frame.request = new_question(desk, handle, false)->request;
    wire.case_frame.ask = key_of(handle);
    desk_frame(desk, &wire, (struct bytes){NULL, 0});
    return wire.case_frame.request;
}

static void send_claim(struct desk *desk, const struct id *handle, struct bytes claim)
{
    struct wire wire = {.kind = WIRE_CASE};

    wire.case_frame.claim = claim;
    wire.case_frame.signer = desk->signer;
    if (!desk_ok(desk, claim_sign(desk->setup.signing_key, desk->community, claim,
                                  wire.case_frame.signature)))
        return;
    wire.case_frame.request = new_question(desk, handle, true)->request;
    desk_frame(desk, &wire, (struct bytes){NULL, 0});
}

/* False: the broker would not read it either, now or later. */
static bool can_be_sent(struct desk *desk, struct bytes value)
{
    struct reason why = {""};
    struct claim claim;
    enum status status = claim_read(value, desk->frame_arena, &claim, &why);

    if (status == ST_INVALID || status == ST_LIMIT)
        log_event(LOG_ERROR, "claim_damaged", "why=\"%s\"", why.text);
    return status != ST_INVALID && status != ST_LIMIT;
}

void desk_send_claims(struct desk *desk)
{
    struct id damaged = {{0}};
    struct bytes key, value;
    struct walk *walk;
    unsigned count = 0;
    enum status status;

    if (!desk->connected || !desk->claims_due || desk->now_ms < desk->claims_at_ms)
        return;
    desk->claims_due = false;
    status = walk_open(desk->txn, TREE_CLAIMS, (struct bytes){NULL, 0}, &walk);
    if (!desk_ok(desk, status))
        return;
    while ((status = walk_next(walk, &key, &value)) == ST_OK) {
        struct id handle;

        if (!read_id(key, &handle) || is_asked(desk, &handle))
            continue;
        if (!can_be_sent(desk, value)) {
            damaged = handle;
            desk->claims_due = true; /* the others in the next turn */
            break;
        }
        if (count++ == CASE_QUESTIONS_MAX / 2) { /* the others when these are answered */
            desk->claims_due = true;
            desk->claims_at_ms = desk->now_ms + CLAIMS_RETRY_MS;
            break;
        }
        send_claim(desk, &handle, value);
    }
    walk_close(walk);
    if ((status == ST_MORE || desk_ok(desk, status)) && !id_is_zero(&damaged))
        drop_claim(desk, &damaged);
}

/* ---- answers ---- */

static void reply_case(struct desk *desk, struct bytes route, const struct id *handle,
                       Concordat__Outcome outcome, bool from_broker)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;

    response.outcome = outcome;
    response.case_handle =
        (ProtobufCBinaryData){.len = ID_SIZE, .data = (uint8_t *)(uintptr_t)handle->bytes};
    response.custody = desk_custody_state(desk, handle);
    if (response.custody)
        response.custody->from_broker = from_broker;
    desk_reply(desk, route, &response);
}

static void reply_refused(struct desk *desk, struct bytes route, const struct id *handle,
                          Concordat__RefusalCode code)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    Concordat__Refusal refusal = CONCORDAT__REFUSAL__INIT;

    refusal.code = code;
    refusal.refused_ms = desk->wall_ms;
    response.outcome = CONCORDAT__OUTCOME__REFUSED;
    response.case_handle =
        (ProtobufCBinaryData){.len = ID_SIZE, .data = (uint8_t *)(uintptr_t)handle->bytes};
    response.refusal = &refusal;
    response.advice = (char *)(uintptr_t)refusal_advice(code);
    desk_reply(desk, route, &response);
}

struct verdict {
    Concordat__Request__KindCase verb;
    Concordat__RefusalCode code;
};

static bool answer_case(struct desk *desk, const struct waiting *waiting, void *context)
{
    const struct verdict *verdict = context;
    const struct bytes route = {waiting->route, waiting->route_size};

    if (waiting->verb != verdict->verb)
        return false;
    if (verdict->code)
        reply_refused(desk, route, &waiting->id, verdict->code);
    else
        reply_case(desk, route, &waiting->id, CONCORDAT__OUTCOME__DONE, true);
    return true;
}

static void answer_all(struct desk *desk, const struct id *handle,
                       Concordat__Request__KindCase verb, Concordat__RefusalCode code)
{
    struct verdict verdict = {verb, code};

    desk_answer_waiting(desk, handle, answer_case, &verdict);
}

void desk_waited_case(struct desk *desk, const struct waiting *waiting)
{
    const struct bytes route = {waiting->route, waiting->route_size};
    const struct holding holding = desk_holding(desk, &waiting->id);

    if (waiting->verb == CONCORDAT__REQUEST__KIND_HOLD)
        reply_case(desk, route, &waiting->id, CONCORDAT__OUTCOME__QUEUED, false);
    else if (holding.version > 0)
        reply_case(desk, route, &waiting->id, CONCORDAT__OUTCOME__DONE, false);
    else
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "case_handle",
                           "the broker does not answer, and nothing is known here");
}

/* ---- what the local system asks ---- */

static bool take_handle(struct desk *desk, struct bytes route, const ProtobufCBinaryData *data,
                        struct id *out)
{
    if (desk_take_id(data, out) && !id_is_zero(out))
        return true;
    desk_say_bad_id(desk, route, "case_handle");
    return false;
}

static void park_case(struct desk *desk, struct bytes route, uint32_t wait_ms,
                      const struct id *handle, Concordat__Request__KindCase verb)
{
    struct waiting *waiting = desk_park(desk, route, wait_ms ? wait_ms : WAIT_USUAL_MS, handle);
    struct waiting now = {.verb = verb, .id = *handle};

    if (waiting)
        waiting->verb = verb;
    else if (verb == CONCORDAT__REQUEST__KIND_HOLD)
        reply_case(desk, route, &now.id, CONCORDAT__OUTCOME__QUEUED, false);
    else
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "too many requests wait");
}

void desk_hold(struct desk *desk, struct bytes route, const Concordat__HoldRequest *r)
{
    struct claim claim = {.kind = r->kind, .at_ms = desk->wall_ms}, before;
    uint8_t bytes[CLAIM_MAX];
    size_t size;

    if (r->kind != CONCORDAT__CLAIM_KIND__CLAIM_OPEN
        && r->kind != CONCORDAT__CLAIM_KIND__CLAIM_CLOSE
        && r->kind != CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "kind",
                           "none of CLAIM_OPEN, CLAIM_CLOSE and CLAIM_WITHDRAW");
        return;
    }
    if (r->case_handle.len == 0 && r->kind == CONCORDAT__CLAIM_KIND__CLAIM_OPEN)
        claim.case_handle = id_random();
    else if (!take_handle(desk, route, &r->case_handle, &claim.case_handle))
        return;
    if (store_fullness(desk->setup.store) >= FULL_FOR_SENDS) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "its store is nearly full: nothing new is taken");
        return;
    }
    const bool is_there = find_claim(desk, &claim.case_handle, &before);
    if (is_there && before.kind != r->kind) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "case_handle",
                           "another claim about it waits for the broker's answer");
        return;
    }
    TEXT_COPY(claim.agency, desk->setup.agency);
    if (r->kind != CONCORDAT__CLAIM_KIND__CLAIM_OPEN) {
        claim.case_version = desk_holding(desk, &claim.case_handle).version;
        if (claim.case_version == 0) { /* the broker would not read the claim */
            desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "case_handle",
                               "nothing is known here of such a case");
            return;
        }
    }
    /* One that the broker may have is not another's to replace: its answer would be kept beside a
     * claim that never went. */
    const bool is_same =
        is_there
        && (before.case_version == claim.case_version || is_asked(desk, &claim.case_handle));
    if (!is_same
        && (!desk_ok(desk, claim_write(&claim, bytes, sizeof bytes, &size))
            || !desk_ok(desk, store_put(desk->txn, TREE_CLAIMS, key_of(&claim.case_handle),
                                        (struct bytes){bytes, size}))))
        return;
    desk->claims_due = true;
    park_case(desk, route, r->wait_ms, &claim.case_handle, CONCORDAT__REQUEST__KIND_HOLD);
}

void desk_holder(struct desk *desk, struct bytes route, const Concordat__HolderRequest *r)
{
    struct id handle;

    if (!take_handle(desk, route, &r->case_handle, &handle))
        return;
    if (desk_ask_case(desk, &handle) != 0) {
        park_case(desk, route, r->wait_ms, &handle, CONCORDAT__REQUEST__KIND_HOLDER);
        return;
    }
    const struct waiting now = {
        .verb = CONCORDAT__REQUEST__KIND_HOLDER, .id = handle, .route_size = 0};

    if (desk_holding(desk, &handle).version > 0)
        reply_case(desk, route, &now.id, CONCORDAT__OUTCOME__DONE, false);
    else
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "case_handle",
                           "there is no connection to the broker, and nothing is known here");
}

/* ---- the broker's word ---- */

/* A claim that the broker's word settles, though its own answer was lost. */
static void settle_claim(struct desk *desk, const struct holding *holding)
{
    struct claim claim;

    if (!find_claim(desk, &holding->handle, &claim) || !is_settled(desk, &claim, holding))
        return;
    keep_claimed(desk, &holding->handle, CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED,
                 (struct bytes){NULL, 0});
    drop_claim(desk, &holding->handle);
    answer_all(desk, &holding->handle, CONCORDAT__REQUEST__KIND_HOLD,
               CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED);
}

static void take_custody(struct desk *desk, const struct custody_told *told)
{
    struct holding holding = desk_holding(desk, &told->case_handle);
    const struct handover before = holding.transfer;
    char holder[AGENCY_MAX + 1];

    TEXT_COPY(holder, holding.holder);
    const bool is_moved = told->change == CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED
                       && told->at_ms > holding.told_ms; /* else it was told before */
    holding_fold_told(&holding, told);
    if (is_moved)
        holding.told_ms = told->at_ms;
    (void)desk_ok(desk, holding_put(desk->txn, &holding));
    desk_handover_ended(desk, &before, &holding);
    for (uint32_t i = 0; i < told->conversation_count; i++)
        desk_talk_told(desk, told, &told->conversations[i]);
    if (is_moved)
        desk_owed_told(desk, told);
    if (told->conversation_count > 0)
        desk->resend_due = true; /* what was said in them meanwhile can go to the holder */
    settle_claim(desk, &holding);
    if (told->change != CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED
        || strcmp(holder, holding.holder) != 0) /* else what was refused would be so again */
        desk->forward_due = true;
}

/* ST_INVALID: it is none; the log says so. */
static enum status read_told(struct desk *desk, uint8_t kind, struct bytes bytes, struct told *out)
{
    uint8_t *whole = arena_take(desk->body_arena, bytes.size + 1);
    struct reason why = {""};
    enum status status;

    if (!whole)
        return ST_NOMEM;
    whole[0] = kind;
    memcpy(whole + 1, bytes.data, bytes.size);
    status = told_read((struct bytes){whole, bytes.size + 1}, desk->header_arena, out, &why);
    if (status != ST_OK && status != ST_NOMEM)
        log_event(LOG_ERROR, "told_damaged", "broker=%s why=\"%s\"", desk->broker, why.text);
    return status;
}

static void take_told(struct desk *desk, const struct told *told, struct bytes bytes)
{
    if (told->kind == TOLD_CUSTODY)
        take_custody(desk, &told->custody);
    else
        desk_clock_told(desk, &told->clock, bytes);
}

void desk_told(struct desk *desk, const struct wire *wire)
{
    struct told told;
    enum status status;

    if (!desk_has_room(desk))
        return;
    arena_reset(desk->body_arena, true);
    status = read_told(desk, wire->told.kind, wire->told.told, &told);
    if (status == ST_NOMEM) {
        (void)desk_ok(desk, status);
        return;
    }
    if (status == ST_OK)
        take_told(desk, &told, wire->told.told);
    else
        desk_told_unreadable(desk, wire->told.kind, wire->told.told);
    desk_settle(desk, wire->told.sequence);
}

/* ST_INVALID: not by this release either. */
static enum status reread(struct desk *desk, const struct unreadable *at)
{
    struct told told;

    arena_reset(desk->body_arena, true);
    enum status status = read_told(desk, at->kind, at->bytes, &told);
    uint8_t *copy = status == ST_OK ? arena_take(desk->body_arena, at->bytes.size) : NULL;
    if (status != ST_OK || !copy)
        return status == ST_OK || status == ST_NOMEM ? ST_NOMEM : ST_INVALID;
    memcpy(copy, at->bytes.data, at->bytes.size);
    const struct bytes bytes = {copy, at->bytes.size}; /* the store's move with what is written */
    if (!desk_ok(desk, alarms_was_read(desk->txn, at)))
        return desk->failed;
    log_event(LOG_INFO, "evidence_read", "broker=%s kind=%u", desk->broker, at->kind);
    take_told(desk, &told, bytes);
    return ST_OK;
}

void desk_reread(struct desk *desk)
{
    struct unreadable at = {.alarm = 0};
    enum status status = ST_OK;

    if (!desk->reread_due)
        return;
    desk->reread_due = false;
    while (status == ST_OK && (status = alarms_next_unreadable(desk->txn, &at)) == ST_OK) {
        status = reread(desk, &at);
        if (status == ST_INVALID)
            status = ST_OK;
    }
    if (status != ST_MORE)
        (void)desk_ok(desk, status);
}

static void on_claim_answered(struct desk *desk, const struct id *handle,
                              Concordat__RefusalCode code)
{
    struct holding holding = desk_holding(desk, handle);
    struct claim claim;

    if (refusal_is_retryable(code)) {
        desk->claims_due = true;
        desk->claims_at_ms = desk->now_ms + CLAIMS_RETRY_MS;
        return;
    }
    if (code && find_claim(desk, handle, &claim) && is_settled(desk, &claim, &holding))
        code = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    if (code)
        log_event(LOG_WARN, "claim_refused", "code=%s", refusal_name(code));
    drop_claim(desk, handle);
    answer_all(desk, handle, CONCORDAT__REQUEST__KIND_HOLD, code);
}

void desk_case_frame(struct desk *desk, const struct wire *wire)
{
    const uint64_t request = wire->case_frame.request;
    struct case_question *slot = &desk->case_questions[(request - 1) % CASE_QUESTIONS_MAX];
    const struct case_question q = *slot;
    const Concordat__RefusalCode code = wire->case_frame.code;
    struct told told;

    if (!wire->case_frame.answered || request == 0 || q.request != request)
        return; /* of an older question, which is asked again by who still wants to know */
    *slot = (struct case_question){0};
    if (q.is_claim && !refusal_is_retryable(code))
        keep_claimed(desk, &q.handle, code, wire->case_frame.custody);
    arena_reset(desk->body_arena, true);
    if (wire->case_frame.custody.size > 0) {
        enum status status = read_told(desk, TOLD_CUSTODY, wire->case_frame.custody, &told);

        if (status == ST_NOMEM)
            (void)desk_ok(desk, status);
        else if (status == ST_OK && id_equal(&told.custody.case_handle, &q.handle))
            take_custody(desk, &told.custody);
    }
    if (q.is_claim)
        on_claim_answered(desk, &q.handle, code);
    else
        answer_all(desk, &q.handle, CONCORDAT__REQUEST__KIND_HOLDER, code);
}
