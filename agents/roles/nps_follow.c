/*
 * nps_follow.c - what must arrive, looked after until somebody has it.
 *
 * QUEUED is no verdict, and DONE not yet a reader: the broker may refuse what waited, the recipient
 * reject or decline it, and nothing rings. So the tracks of referrals, reports and allocations are
 * looked at, as those of checks are, until one is acknowledged or comes to nothing.
 *
 * In the book: "followed", message ids.
 */
#include <string.h>

#include "agents/roles/event.h"
#include "agents/roles/nps.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

#define LOOK_MS 2000 /* between looks */

void follow(struct turn *turn, const char *id)
{
    (void)json_array_append_new(store_list(turn->book, "followed"), wire_made(json_string(id)));
}

/* It came to nothing: kept with the message, and shown. */
static void come_to_nothing(struct turn *turn, const struct concordat_item *item, const char *id,
                            const struct concordat_rung *rung)
{
    bool is_declined = strcmp(rung->name, "declined") == 0;
    json_t *event = is_declined
                      ? event_new("declined", "Nobody there takes it on.")
                      : event_new("refused", "It waited, and was refused: nobody has it.");

    event_add_message(event, item, is_declined ? "from" : "to", item->to);
    (void)json_object_set_new(event, is_declined ? "reason" : "code",
                              wire_made(json_string(rung->detail)));
    turn_tell(turn, event);
    post_settle(turn->book, id, is_declined ? "DECLINED" : "REFUSED");
}

/* True: nothing more is to be expected. */
static bool look_at_rungs(struct turn *turn, const struct concordat_item *item, const char *id)
{
    for (size_t i = 0; i < item->rung_count; i++) {
        const char *name = item->rungs[i].name;

        if (strcmp(name, "refused") == 0 || strcmp(name, "rejected") == 0
            || strcmp(name, "declined") == 0) {
            come_to_nothing(turn, item, id, &item->rungs[i]);
            return true;
        }
        if (strcmp(name, "acknowledged") == 0 || strcmp(name, "answered") == 0)
            return true;
    }
    return false;
}

enum look {
    LOOK_AGAIN = 0,
    LOOK_AWAY, /* the agent is */
    LOOK_NO_MORE
};

static enum look look_at(struct turn *turn, const char *text)
{
    const char *outcome = post_outcome(turn->book, text);
    struct concordat_answer *track;
    struct concordat_id id;
    enum look look = LOOK_AGAIN;

    if (!*outcome)
        return LOOK_AGAIN; /* still to go out */
    if (!post_is_under_way(turn->book, text) || !concordat_id_parse(text, &id))
        return LOOK_NO_MORE;                                      /* told when it did not go */
    track = concordat_track(turn->agent, &id, 1, "delivered", 0); /* or what it was sent again as */
    if (agent_is_away(track))
        look = LOOK_AWAY;
    else if (track->outcome == CONCORDAT_DONE && track->item_count == 1
             && look_at_rungs(turn, &track->items[0], text))
        look = LOOK_NO_MORE;
    concordat_answer_free(track);
    return look;
}

bool follow_is_alive(struct turn *turn, const char *id)
{
    json_t *followed = store_list(turn->book, "followed"), *one;
    size_t i;

    json_array_foreach(followed, i, one)
    {
        if (strcmp(json_string_value(one), id) != 0)
            continue;
        if (look_at(turn, id) == LOOK_NO_MORE)
            (void)json_array_remove(followed, i);
        break;
    }
    return post_is_under_way(turn->book, id);
}

int64_t tend_followed(struct turn *turn)
{
    json_t *followed = store_list(turn->book, "followed");
    enum look look = LOOK_AGAIN;

    for (size_t i = 0; i < json_array_size(followed) && look != LOOK_AWAY;) {
        look = look_at(turn, json_string_value(json_array_get(followed, i)));
        if (look == LOOK_NO_MORE)
            (void)json_array_remove(followed, i);
        else
            i++;
    }
    return json_array_size(followed) > 0 ? turn->now_ms + LOOK_MS : INT64_MAX;
}
