/* Alarms: what the broker tells of clocks, listed for people until somebody has seen it. See
 * desk_inside.h. */
#include <string.h>

#include "agents/alarms.h"
#include "agents/desk_inside.h"

#define USUAL 100

void desk_clock_told(struct desk *desk, const struct clock_told *told, struct bytes bytes)
{
    const struct digest digest = sha256(bytes.data, bytes.size);
    bool is_new = false;

    if (!desk_ok(desk, alarms_take(desk->txn, told, &digest, &is_new)) || !is_new)
        return;
    log_event(LOG_WARN, "alarm", "kind=%s stage=%s type=%s owed_by=%s owed_to=%s",
              clock_kind_name(told->kind), clock_stage_name(told->stage), told->type, told->owed_by,
              told->owed_to);
    desk_alarmed(desk);
    if (told->kind >= CONCORDAT__CLOCK_KIND__CLOCK_DECLINED)
        desk_talk_refused(desk, &told->conversation_id, told->kind);
}

/* It stays owed to whoever upgrades: kept, shown, and read again at the next start. */
void desk_told_unreadable(struct desk *desk, uint8_t kind, struct bytes bytes)
{
    bool is_new = false;

    if (!desk_ok(desk, alarms_keep_unreadable(desk->txn, desk->broker, kind, bytes, desk->wall_ms,
                                              &is_new))
        || !is_new)
        return;
    log_event(LOG_ERROR, "evidence_unreadable", "broker=%s kind=%u size=%zu", desk->broker, kind,
              bytes.size);
    desk_alarmed(desk);
}

struct listing {
    struct desk *desk;
    Concordat__Alarm **list;
    size_t count, most;
    uint64_t after;
    bool more; /* there are older ones than these */
};

static ProtobufCBinaryData binary_id(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id_is_zero(id) ? 0 : ID_SIZE,
                                 .data = (uint8_t *)(uintptr_t)id->bytes};
}

static bool list_alarm(void *context, const struct alarm *alarm)
{
    struct listing *listing = context;
    struct alarm *copy;
    Concordat__Alarm *to;

    if (alarm->number <= listing->after)
        return false;
    if (listing->count == listing->most) {
        listing->more = true;
        return false;
    }
    copy = arena_take(listing->desk->request_arena, sizeof *copy);
    to = arena_take(listing->desk->request_arena, sizeof *to);
    if (!copy || !to)
        return false;
    *copy = *alarm;
    concordat__alarm__init(to);
    to->number = copy->number;
    to->at_ms = copy->told.at_ms;
    to->kind = (char *)(uintptr_t)(copy->told.kind ? clock_kind_name(copy->told.kind) : UNREADABLE);
    to->stage = (char *)(uintptr_t)(copy->told.kind ? clock_stage_name(copy->told.stage) : "kept");
    to->role = copy->told.role;
    to->owed_by = copy->told.owed_by;
    to->owed_to = copy->told.owed_to;
    to->type = copy->told.type;
    to->expected = copy->told.expected;
    to->message_id = binary_id(&copy->told.message_id);
    to->case_handle = binary_id(&copy->told.case_handle);
    to->conversation_id = binary_id(&copy->told.conversation_id);
    to->agreement_id = copy->told.agreement_id;
    to->agreement_version = copy->told.agreement_version;
    to->clause = copy->told.clause;
    to->due_ms = copy->told.due_ms;
    to->count = copy->told.count;
    to->seen = copy->seen;
    listing->list[listing->count++] = to;
    return true;
}

bool desk_list_alarms(struct desk *desk, const struct alarms_wish *wish,
                      Concordat__Response *response)
{
    struct listing listing = {
        .desk = desk, .most = wish->limit ? wish->limit : USUAL, .after = wish->after};

    if (listing.most > ITEMS_MAX)
        listing.most = ITEMS_MAX;
    listing.list = arena_take(desk->request_arena, listing.most * sizeof *listing.list);
    if (listing.list)
        (void)desk_ok(desk, alarms_each(desk->txn, wish->all, list_alarm, &listing));
    response->alarms = listing.list;
    response->n_alarms = listing.count;
    return listing.more;
}

bool desk_reply_alarms(struct desk *desk, struct bytes route, const struct alarms_wish *wish,
                       bool even_if_empty)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;

    arena_reset(desk->request_arena, true);
    response.more = desk_list_alarms(desk, wish, &response);
    if (response.n_alarms == 0 && !even_if_empty)
        return false;
    response.outcome = CONCORDAT__OUTCOME__DONE;
    desk_reply(desk, route, &response);
    return true;
}

void desk_alarms(struct desk *desk, struct bytes route, const Concordat__AlarmsRequest *r)
{
    const struct alarms_wish wish = {r->limit, r->all, r->after};
    const uint32_t wait_ms = r->seen ? 0 : r->wait_ms;
    struct waiting *waiting;
    enum status status = r->seen ? alarms_see(desk->txn, r->seen) : ST_OK;

    if (status == ST_MORE || status == ST_INVALID) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "seen",
                           "there is no alarm %llu here", (unsigned long long)r->seen);
        return;
    }
    if (!desk_ok(desk, status))
        return;
    if (desk_reply_alarms(desk, route, &wish, wait_ms == 0))
        return;
    waiting = desk_park(desk, route, wait_ms, NULL);
    if (!waiting) {
        (void)desk_reply_alarms(desk, route, &wish, true);
        return;
    }
    waiting->verb = CONCORDAT__REQUEST__KIND_ALARMS;
    waiting->alarms = wish;
}
