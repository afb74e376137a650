/* What was refused, noted with who wanted it and why, and listed. See desk_inside.h. */
#include <string.h>

#include "agents/desk_inside.h"
#include "agents/refusals.h"

#define LIST_DEFAULT 100

void desk_blame(struct track *track, const struct decision *decision)
{
    if (decision->agreement) {
        memcpy(track->agreement_id, decision->agreement->id, strlen(decision->agreement->id) + 1);
        track->agreement_version = decision->agreement->version;
    }
    if (decision->clause)
        memcpy(track->clause, decision->clause->id, strlen(decision->clause->id) + 1);
    track->offending = decision->offending;
}

void desk_note_refusal(struct desk *desk, const struct track *track, const struct kept *kept,
                       const struct rung *rung)
{
    struct refused refused = {.at_ms = rung->at_ms,
                              .message_id = track->message_id,
                              .resent_as = track->resent_as,
                              .code = rung->code,
                              .agreement_version = track->agreement_version,
                              .offending = track->offending};
    bool pushed_out = false;

    memcpy(refused.by, rung->by, sizeof refused.by);
    memcpy(refused.type, track->type, sizeof refused.type);
    memcpy(refused.to, track->to, sizeof refused.to);
    memcpy(refused.purpose, track->purpose, sizeof refused.purpose);
    memcpy(refused.agreement_id, track->agreement_id, sizeof refused.agreement_id);
    memcpy(refused.clause, track->clause, sizeof refused.clause);
    memcpy(refused.officer, kept->officer, sizeof refused.officer);
    memcpy(refused.justification, kept->justification, sizeof refused.justification);
    desk->counters_changed = true;
    (void)desk_ok(desk, refusals_put(desk->txn, desk->next_number++, &refused, &pushed_out));
    if (pushed_out)
        log_event(LOG_WARN, "refusals_pushed_out", "most=%d", REFUSALS_MAX);
}

void desk_note_kept_refusal(struct desk *desk, const struct track *track, const struct rung *rung)
{
    struct kept kept = {0};
    enum status status = outbox_kept(desk->txn, &track->message_id, &kept);

    /* Of an earlier build: the track alone says what it says. */
    if (status == ST_OK || status == ST_MORE || status == ST_INVALID || desk_ok(desk, status))
        desk_note_refusal(desk, track, &kept, rung);
}

void desk_refuse_here(struct desk *desk, struct track *track, Concordat__RefusalCode code,
                      category_set offending)
{
    struct rung rung = {.kind = RUNG_REFUSED, .code = (uint32_t)code, .at_ms = desk->wall_ms};

    memcpy(rung.by, desk->setup.agency, strlen(desk->setup.agency) + 1);
    (void)track_add(track, &rung);
    track->offending = offending;
    desk_unsaid(desk, track, false);
    if (strcmp(track->type, LATE_ANSWER) == 0)
        desk->forward_due = true;
    desk_note_kept_refusal(desk, track, &rung);
    (void)desk_ok(desk, outbox_drop(desk->txn, &track->message_id, track->to));
    (void)desk_ok(desk, track_put(desk->txn, track));
    desk_touched(desk, track);
}

/* ---- the list ---- */

struct listing {
    struct desk *desk;
    Concordat__RefusalRecord **records; /* `limit` of them, the last first */
    size_t count, limit;
};

static ProtobufCBinaryData copy_id(struct desk *desk, const struct id *id)
{
    struct id *copy = id_is_zero(id) ? NULL : arena_take(desk->request_arena, sizeof *copy);

    if (copy)
        *copy = *id;
    return (ProtobufCBinaryData){.len = copy ? ID_SIZE : 0, .data = copy ? copy->bytes : NULL};
}

static bool list_refused(void *context, const struct refused *refused)
{
    struct listing *listing = context;
    struct desk *desk = listing->desk;
    struct refused *copy = arena_take(desk->request_arena, sizeof *copy);
    Concordat__RefusalRecord *record = arena_take(desk->request_arena, sizeof *record);

    if (!copy || !record)
        return false;
    *copy = *refused;
    concordat__refusal_record__init(record);
    record->at_ms = copy->at_ms;
    record->by = copy->by;
    record->message_id = copy_id(desk, &copy->message_id);
    record->sent_again_as = copy_id(desk, &copy->resent_as);
    record->type = copy->type;
    record->to = copy->to;
    record->purpose = copy->purpose;
    record->code = (Concordat__RefusalCode)copy->code;
    record->agreement_id = copy->agreement_id;
    record->agreement_version = copy->agreement_version;
    record->clause = copy->clause;
    record->n_offending = desk_categories(desk, copy->offending, &record->offending);
    record->officer = copy->officer;
    record->justification = copy->justification;
    listing->records[listing->limit - ++listing->count] = record;
    return true;
}

void desk_refusals(struct desk *desk, struct bytes route, const Concordat__RefusalsRequest *r)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    struct listing listing = {.desk = desk, .limit = r->limit ? r->limit : LIST_DEFAULT};
    int64_t before_ms;

    if (r->since_ms < 0 || r->before_ms < 0) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT,
                           r->since_ms < 0 ? "since_ms" : "before_ms", "out of its range");
        return;
    }
    if (listing.limit > ITEMS_MAX)
        listing.limit = ITEMS_MAX;
    before_ms = r->before_ms ? r->before_ms : INT64_MAX;
    listing.records = arena_take(desk->request_arena, listing.limit * sizeof *listing.records);
    if (!listing.records) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent", "out of memory");
        return;
    }
    if (!desk_ok(desk, refusals_each(desk->txn, r->since_ms, before_ms, listing.limit, list_refused,
                                     &listing)))
        return;
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.refusals = listing.records + (listing.limit - listing.count);
    response.n_refusals = listing.count;
    desk_reply(desk, route, &response);
}
