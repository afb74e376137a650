/* What the broker has made known, for those who ask. See desk_inside.h. */
#include <string.h>

#include "agents/desk_inside.h"

struct shown {
    struct desk *desk;
    Concordat__ShownNotice **list; /* in the arena */
    size_t count, limit;
    bool more, failed;
};

static char *keep(struct shown *s, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_take(s->desk->request_arena, size);

    s->failed |= !copy;
    return copy ? memcpy(copy, text, size) : NULL;
}

static bool show(void *context, const struct gazette_entry *entry, const struct notice *notice)
{
    struct shown *s = context;
    Concordat__ShownNotice *to;
    uint8_t *id;

    if (s->count == s->limit) {
        s->more = true;
        return false;
    }
    to = arena_take(s->desk->request_arena, sizeof *to);
    id = arena_take(s->desk->request_arena, ID_SIZE);
    if (!to || !id) {
        s->failed = true;
        return false;
    }
    concordat__shown_notice__init(to);
    to->sequence = entry->sequence;
    to->at_ms = entry->at_ms;
    to->kind = keep(s, gazette_notice_name(notice->kind));
    to->agency = keep(s, notice->agency);
    to->counterpart = keep(s, notice->counterpart);
    to->agreement_id = keep(s, notice->agreement_id);
    to->agreement_version = notice->agreement_version;
    to->clause = keep(s, notice->clause);
    if (!id_is_zero(&notice->message_id)) {
        memcpy(id, notice->message_id.bytes, ID_SIZE);
        to->message_id = (ProtobufCBinaryData){ID_SIZE, id};
    }
    to->count = notice->count;
    to->due_ms = notice->due_ms;
    s->list[s->count++] = to;
    return !s->failed;
}

void desk_reply_notices(struct desk *desk, struct bytes route, const Concordat__NoticesRequest *r)
{
    struct shown s = {.desk = desk,
                      .limit = r->limit > 0 && r->limit < ITEMS_MAX ? r->limit : ITEMS_MAX};
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;

    s.list = arena_take(desk->request_arena, s.limit * sizeof *s.list);
    if (s.list && !desk_ok(desk, gazette_notices(desk->txn, r->since, show, &s)))
        return;
    if (!s.list || s.failed) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent", "out of memory");
        return;
    }
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.notices = s.list;
    response.n_notices = s.count;
    response.more = s.more;
    desk_reply(desk, route, &response);
}
