/* What is owed goes with its case, as the broker tells it (CustodyTold). See desk_inside.h, owed.h
 * and broker/clocks_moved.c. */
#include <assert.h>
#include <string.h>

#include "agents/desk_inside.h"
#include "agreements/clock.h"
#include "lib/text.h"

#define PLACE_TOLD 128 /* and up: as the broker has told it, not reckoned here */

static_assert(CLOCKS_OF_MAX <= PLACE_TOLD && PLACE_TOLD + TOLD_DUE_COUNT <= UINT8_MAX,
              "a place is one byte");

struct moving {
    struct desk *desk;
    const char *other; /* by now */
    const struct custody_told *told;
    bool is_known[TOLD_DUE_COUNT]; /* of what it says is due: it stands here already */
    bool ends;                     /* what is not among it */
};

/* ---- a conversation ---- */

bool owed_stays_behind(const struct owed *o)
{
    return o->kind == CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE
        || o->kind == CONCORDAT__CLOCK_KIND__CLOCK_OPEN;
}

/* What is expected is told with the move. */
static enum owed_fate judge_left(void *context, struct owed *o)
{
    (void)context;
    return o->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED || (o->by_us && owed_stays_behind(o))
             ? OWED_STAYS
             : OWED_ENDS;
}

static enum owed_fate judge_move(void *context, struct owed *o)
{
    const struct moving *e = context;

    if (!o->by_us && owed_stays_behind(o))
        return OWED_STAYS;
    if (o->by_us ? false : strcmp(o->other, e->other) == 0)
        return OWED_STAYS;
    TEXT_COPY(o->other, e->other);
    return OWED_CHANGES;
}

static void stop(struct desk *desk, enum owed_by by, const struct id *id,
                 enum owed_fate (*judge)(void *context, struct owed *owed), struct moving *moving)
{
    (void)desk_ok(desk, owed_stop(desk->txn, by, id, judge, moving));
}

void desk_owed_moved(struct desk *desk, const struct talk *talk)
{
    struct moving moving = {.other = talk->other};

    stop(desk, OWED_OF_CONVERSATION, &talk->rules.id, judge_move, &moving);
}

void desk_owed_left(struct desk *desk, const struct id *conversation)
{
    struct moving moving = {0};

    stop(desk, OWED_OF_CONVERSATION, conversation, judge_left, &moving);
}

void desk_owed_taken(struct desk *desk, const struct talk *talk, Concordat__ClockKind kind,
                     int64_t due_ms)
{
    struct owed owed = {.due_ms = due_ms,
                        .kind = kind,
                        .by_us = !talk_is_asked_by_us(talk),
                        .message_id = talk->rules.id, /* its first message has its id */
                        .conversation_id = talk->rules.id,
                        .case_handle = talk->rules.case_handle};

    TEXT_COPY(owed.other, talk->other);
    TEXT_COPY(owed.type, talk->rules.opened->name);
    owed_name_expected(&owed, talk->rules.opened);
    (void)desk_ok(desk, owed_put(desk->txn, &owed));
}

/* ---- all that is expected, and what its conversations wait for ---- */

/* Is that from before the move? What is ours to reckon from a message since is no matter of it. */
static bool is_since(struct desk *desk, const struct owed *owed, int64_t moved_ms)
{
    struct track track;

    return desk_owed_cause(desk, owed, &track)
        && track_find(&track, RUNG_ACCEPTED)->at_ms >= moved_ms;
}

static void name_sides(const struct desk *desk, const struct told_due *due, struct owed *owed)
{
    owed->by_us = strcmp(due->owed_by, desk->setup.agency) == 0;
    TEXT_COPY(owed->other, owed->by_us ? due->owed_to : due->owed_by);
}

/* May it say less than there is? Who has handed the case on loses what was its own all the same. */
static bool may_lack(const struct desk *desk, const struct custody_told *told)
{
    const char *us = desk->setup.agency;

    return strcmp(told->former, us) != 0
        && told->due_count
               >= (strcmp(told->holder, us) == 0 ? TOLD_DUE_COUNT : (uint32_t)TOLD_DUE_OTHERS);
}

static enum owed_fate judge_told(void *context, struct owed *o)
{
    struct moving *e = context;
    const struct custody_told *told = e->told;

    for (uint32_t i = 0; i < told->due_count; i++) {
        const struct told_due *due = &told->due[i];

        if (due->kind != o->kind || !id_equal(&due->message_id, &o->message_id)
            || strcmp(due->expected, o->expected) != 0)
            continue;
        e->is_known[i] = true;
        name_sides(e->desk, due, o);
        TEXT_COPY(o->role, due->role);
        return OWED_CHANGES;
    }
    if (!e->ends || o->kind != CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED || may_lack(e->desk, told)
        || is_since(e->desk, o, told->at_ms))
        return OWED_STAYS;
    return OWED_ENDS;
}

static struct owed owed_as_told(const struct desk *desk, const struct custody_told *told,
                                uint32_t number)
{
    const struct told_due *due = &told->due[number];
    struct owed owed = {.due_ms = due->due_ms,
                        .kind = due->kind,
                        .message_id = due->message_id,
                        .conversation_id = due->conversation_id,
                        .case_handle = told->case_handle,
                        .is_shared = due->is_shared};

    if (due->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED)
        owed.place = (uint8_t)(PLACE_TOLD + number);
    name_sides(desk, due, &owed);
    TEXT_COPY(owed.type, due->type);
    TEXT_COPY(owed.expected, due->expected);
    TEXT_COPY(owed.role, due->role);
    return owed;
}

void desk_owed_told(struct desk *desk, const struct custody_told *told)
{
    struct moving moving = {.desk = desk, .told = told};

    for (uint32_t i = 0; i < told->due_count; i++)
        stop(desk, OWED_OF_CONVERSATION, &told->due[i].conversation_id, judge_told, &moving);
    moving.ends = true;
    stop(desk, OWED_OF_CASE, &told->case_handle, judge_told, &moving);
    for (uint32_t i = 0; i < told->due_count; i++) {
        const struct owed owed = owed_as_told(desk, told, i);

        if (!moving.is_known[i] && !is_since(desk, &owed, told->at_ms))
            (void)desk_ok(desk, owed_put(desk->txn, &owed));
    }
}
