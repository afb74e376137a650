/* What is owed to this agency and by it, and what waits to be passed on, as a list: what is due
 * first stands first. See desk_inside.h, owed.h and forward.c. */
#include "agents/desk_inside.h"
#include "agents/owed.h"

#define USUAL 100 /* listed when no limit is named */

struct listing {
    struct desk *desk;
    Concordat__Due **list;
    size_t count;
    size_t owed, most; /* of each kind */
};

static ProtobufCBinaryData binary_id(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id_is_zero(id) ? 0 : ID_SIZE,
                                 .data = (uint8_t *)(uintptr_t)id->bytes};
}

static bool list_owed(void *context, const struct owed *owed)
{
    struct listing *listing = context;
    struct desk *desk = listing->desk;

    if (owed->is_behind || !id_is_zero(&owed->met_by)) /* what was owed is on its way */
        return true;
    struct owed *copy = arena_take(desk->request_arena, sizeof *copy);
    Concordat__Due *to = arena_take(desk->request_arena, sizeof *to);

    if (!copy || !to)
        return false;
    *copy = *owed;
    concordat__due__init(to);
    to->due_ms = copy->due_ms;
    to->what = (char *)(uintptr_t)clock_kind_name(copy->kind);
    to->by_us = copy->by_us;
    to->other = copy->other;
    to->type = copy->type;
    to->expected = copy->expected;
    to->message_id = binary_id(&copy->message_id);
    to->case_handle = binary_id(&copy->case_handle);
    to->overdue = copy->due_ms < desk->wall_ms;
    to->role = copy->role;
    listing->list[listing->count++] = to;
    return ++listing->owed < listing->most;
}

static void put_in_order(Concordat__Due **list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        Concordat__Due *one = list[i];
        size_t to = i;

        for (; to > 0 && list[to - 1]->due_ms > one->due_ms; to--)
            list[to] = list[to - 1];
        list[to] = one;
    }
}

/* What waits to be passed on stands among the rest by its time, so of each as many are looked at as
 * are shown of both, and one more. */
void desk_due_list(struct desk *desk, struct bytes route, const Concordat__DueRequest *r)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    const size_t shown = r->limit == 0 ? USUAL : r->limit < ITEMS_MAX ? r->limit : ITEMS_MAX;
    struct listing listing = {.desk = desk, .most = shown + 1};

    listing.list = arena_take(desk->request_arena, 2 * listing.most * sizeof(Concordat__Due *));
    if (!listing.list) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent", "out of memory");
        return;
    }
    desk_list_forwards(desk, listing.list, &listing.count, listing.most);
    (void)desk_ok(desk, owed_each(desk->txn, 0, list_owed, &listing));
    put_in_order(listing.list, listing.count);
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.due = listing.list;
    response.n_due = listing.count < shown ? listing.count : shown;
    response.more = listing.count > shown;
    desk_reply(desk, route, &response);
}
