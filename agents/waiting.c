/* Requests that wait: for a verdict, a rung, something in the inbox, an alarm, a change of custody,
 * a connection. See desk_inside.h. */
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

#define WAIT_MAX_MS 3600000

static size_t waiting_place(const struct id *id)
{
    return ((size_t)id->bytes[14] << 8 | id->bytes[15]) % WAITING_BUCKETS;
}

struct waiting *desk_park(struct desk *desk, struct bytes route, uint32_t wait_ms,
                          const struct id *id)
{
    struct waiting **list = id ? &desk->waiting[waiting_place(id)] : &desk->waiting_any;
    struct waiting *waiting;

    if (desk->waiting_count == WAITING_MAX)
        return NULL;
    waiting = calloc(1, sizeof *waiting + route.size);
    if (!waiting)
        return NULL;
    waiting->deadline_ms = desk->now_ms + (wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
    waiting->route_size = route.size;
    memcpy(waiting->route, route.data, route.size);
    if (id)
        waiting->id = *id;
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
    desk->waiting_cases -= waiting->verb == CONCORDAT__REQUEST__KIND_CASES;
    free(waiting);
}

void desk_forget_waiting(struct desk *desk)
{
    for (size_t i = 0; i < WAITING_BUCKETS; i++) {
        while (desk->waiting[i])
            unpark(desk, &desk->waiting[i]);
    }
    while (desk->waiting_any)
        unpark(desk, &desk->waiting_any);
}

/* One that waits for no message. True: it has been answered. */
static bool answer_any(struct desk *desk, const struct waiting *waiting, bool in_any_case)
{
    const struct bytes route = {waiting->route, waiting->route_size};
    struct case_wish wish = waiting->of_case;

    if (waiting->verb == CONCORDAT__REQUEST__KIND_INBOX)
        return desk_reply_inbox(desk, route, &waiting->inbox, in_any_case);
    if (waiting->verb == CONCORDAT__REQUEST__KIND_ALARMS)
        return desk_reply_alarms(desk, route, &waiting->alarms, in_any_case);
    if (waiting->verb == CONCORDAT__REQUEST__KIND_STATUS) {
        desk_reply_status(desk, route);
        return true;
    }
    if (in_any_case)
        wish.mark = 0;
    return desk_reply_case(desk, route, &waiting->id, &wish);
}

static void answer_those(struct desk *desk, Concordat__Request__KindCase verb, bool in_any_case)
{
    struct waiting **link = &desk->waiting_any;

    while (*link) {
        if ((*link)->verb == verb && answer_any(desk, *link, in_any_case))
            unpark(desk, link);
        else
            link = &(*link)->next;
    }
}

void desk_inbox_changed(struct desk *desk)
{
    answer_those(desk, CONCORDAT__REQUEST__KIND_INBOX, false);
}

void desk_connected(struct desk *desk)
{
    answer_those(desk, CONCORDAT__REQUEST__KIND_STATUS, true);
}

void desk_alarmed(struct desk *desk)
{
    answer_those(desk, CONCORDAT__REQUEST__KIND_INBOX, true);
    answer_those(desk, CONCORDAT__REQUEST__KIND_ALARMS, false);
}

bool desk_park_case(struct desk *desk, struct bytes route, uint32_t wait_ms,
                    const struct id *handle, const struct case_wish *wish)
{
    struct waiting *waiting = desk_park(desk, route, wait_ms, NULL);

    if (!waiting)
        return false;
    waiting->verb = CONCORDAT__REQUEST__KIND_CASES;
    waiting->id = *handle;
    waiting->of_case = *wish;
    desk->waiting_cases++;
    return true;
}

void desk_custody_stirred(struct desk *desk)
{
    if (desk->stirred && desk->waiting_cases > 0)
        answer_those(desk, CONCORDAT__REQUEST__KIND_CASES, false);
    desk->stirred = false;
}

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
    desk_reply_track(desk, route, track);
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

void desk_answer_waiting(struct desk *desk, const struct id *id,
                         bool (*answer)(struct desk *desk, const struct waiting *waiting,
                                        void *context),
                         void *context)
{
    struct waiting **link = &desk->waiting[waiting_place(id)];

    while (*link) {
        struct waiting *waiting = *link;

        if (id_equal(&waiting->id, id) && answer(desk, waiting, context))
            unpark(desk, link);
        else
            link = &waiting->next;
    }
}

void desk_moved(struct desk *desk, const struct track *old, const struct track *track)
{
    struct waiting **link = &desk->waiting[waiting_place(&old->message_id)];

    while (*link) {
        struct waiting *waiting = *link, **to = &desk->waiting[waiting_place(&track->message_id)];

        if (!id_equal(&waiting->id, &old->message_id)) {
            link = &waiting->next;
        } else if (waiting->verb == CONCORDAT__REQUEST__KIND_TRACK
                   && waiting->until == RUNG_REFUSED) {
            (void)answer_waiting(desk, waiting, old, true);
            unpark(desk, link);
        } else {
            *link = waiting->next;
            waiting->id = track->message_id;
            waiting->next = *to;
            *to = waiting;
        }
    }
    desk_touched(desk, track);
}

static bool is_about_case(const struct waiting *waiting)
{
    return waiting->verb == CONCORDAT__REQUEST__KIND_HOLD
        || waiting->verb == CONCORDAT__REQUEST__KIND_HOLDER;
}

static void waited(struct desk *desk, const struct waiting *waiting)
{
    struct bytes route = {waiting->route, waiting->route_size};
    struct track track;
    enum status status;

    if (is_about_case(waiting)) {
        desk_waited_case(desk, waiting);
        return;
    }
    status = track_get(desk->txn, WAY_OUT, &waiting->id, &track);
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
    struct waiting **link = &desk->waiting_any;

    if (desk->waiting_count == 0)
        return;
    arena_reset(desk->request_arena, true);
    while (*link) {
        if ((*link)->deadline_ms <= desk->now_ms) {
            (void)answer_any(desk, *link, true);
            unpark(desk, link);
        } else {
            link = &(*link)->next;
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
