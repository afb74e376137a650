#include "agents/standings.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

/* Rows come in one order and none goes away, so what was seen is that order with gaps. */
struct look {
    const struct standings *before;
    struct standing_seen *states; /* as they are now; owned */
    size_t count, room;
    size_t seen; /* of those before that have come by */
    bool tell, failed;
};

static const char *state_before(struct look *look, const struct digest *hash)
{
    const struct standings *b = look->before;

    if (look->seen == b->count || !digest_equal(&b->list[look->seen].hash, hash))
        return "";
    return b->list[look->seen++].state;
}

static void tell_state(const struct registrar_row *row)
{
    log_event(LOG_INFO,
              strcmp(row->state, "active") == 0       ? "agreement_active"
              : strcmp(row->state, "superseded") == 0 ? "agreement_superseded"
              : strcmp(row->state, "suspended") == 0  ? "agreement_suspended"
              : strcmp(row->state, "revoked") == 0    ? "agreement_revoked"
                                                      : "agreement_published",
              "id=%s version=%u state=\"%s\"", row->agreement->id, row->agreement->version,
              row->state);
}

static bool look_at(void *context, const struct registrar_row *row)
{
    struct look *look = context;

    if (look->count == look->room) {
        size_t room = look->room ? 2 * look->room : 64;
        struct standing_seen *grown = reallocarray(look->states, room, sizeof *grown);
        if (!grown) {
            look->failed = true;
            return false;
        }
        look->states = grown;
        look->room = room;
    }
    const char *before = state_before(look, &row->agreement->hash);
    if (look->tell && strcmp(before, row->state) != 0)
        tell_state(row);
    look->states[look->count++] = (struct standing_seen){row->agreement->hash, row->state};
    return true;
}

enum status standings_look(struct standings *s, const struct registrar *registrar, int64_t now_ms,
                           bool tell)
{
    struct look look = {.before = s, .tell = tell};

    registrar_each(registrar, now_ms, look_at, &look);
    if (look.failed) {
        free(look.states);
        return ST_NOMEM;
    }
    free(s->list);
    *s = (struct standings){.list = look.states, .count = look.count};
    return ST_OK;
}

void standings_fini(struct standings *s)
{
    free(s->list);
    *s = (struct standings){0};
}
