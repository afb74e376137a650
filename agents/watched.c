/* Until when what was referred is watched: the referral says so, and later updates from its side
 * may name another end. The broker's clock moves with each (broker/watching.c), and so does what is
 * due here. An update that its recipient could not open has said nothing. See desk_inside.h. */
#include <string.h>

#include "agents/cases.h"
#include "agents/desk_inside.h"
#include "agents/owed.h"
#include "agreements/clock.h"
#include "lib/text.h"

#define CLOSE CONCORDAT__CLOCK_KIND__CLOCK_CLOSE

/* The last word of a side of the conversation, in the order in which it speaks. */
struct said {
    struct desk *desk;
    const struct track *any; /* of it */
    const struct id *without;
    uint32_t sequence;
    int64_t until_ms; /* 0: none yet */
};

static bool look(void *context, char way, const struct id *key)
{
    struct said *said = context;
    struct track t;

    if (way != said->any->way)
        return true;
    enum status status = track_get(said->desk->txn, way, key, &t);
    if (status == ST_MORE || status == ST_INVALID)
        return true;
    if (!desk_ok(said->desk, status))
        return false;
    if (t.watch_until_ms != 0 && t.sequence > said->sequence
        && id_equal(&t.conversation_id, &said->any->conversation_id)
        && !(said->without && id_equal(&t.message_id, said->without))
        && track_find(&t, RUNG_ACCEPTED) && !track_find(&t, RUNG_REJECTED)
        && !track_find(&t, RUNG_WITHHELD)) {
        said->sequence = t.sequence;
        said->until_ms = t.watch_until_ms;
    }
    return true;
}

/* From that word on; 0: none says an end. */
static int64_t last_said(struct desk *desk, const struct track *any, const struct id *without,
                         const struct track *from)
{
    struct said said = {desk, any, without, 0, 0};

    if (from) {
        said.sequence = from->sequence;
        said.until_ms = from->watch_until_ms;
    }
    (void)desk_ok(desk, cases_newest(desk->txn, &any->case_handle, look, &said));
    return said.until_ms;
}

int64_t desk_watched_until(struct desk *desk, const struct track *first)
{
    const struct message_type *type = catalogue_find(first->type);

    return type && type->watched_until && type->updated_by ? last_said(desk, first, NULL, first)
                                                           : first->watch_until_ms;
}

/* ---- an update ---- */

static bool find_first(struct desk *desk, const struct id *id, struct track *out)
{
    enum status status = track_get(desk->txn, WAY_IN, id, out);

    if (status == ST_MORE)
        status = track_get(desk->txn, WAY_OUT, id, out);
    return status != ST_MORE && status != ST_INVALID && desk_ok(desk, status)
        && track_find(out, RUNG_ACCEPTED);
}

/* As the referral's clause has it; where none was due yet, or the referral is no message of ours
 * since its case has come to us, as the clause for such a referral in the update's own agreement.
 * False: nothing is due by it. */
static bool clock_by(struct desk *desk, const struct track *update, const struct talk *talk,
                     const struct track *first, int64_t until_ms, struct clock *out)
{
    const struct track *by = first ? first : update;
    const struct agreement *agreement = desk_agreement_of(desk, by);
    struct clock_cause cause = {
        .agreement = agreement, .sender = by->from, .watch_until_ms = until_ms};

    if (agreement)
        cause.clause =
            first ? agreement_clause(agreement, first->clause)
                  : agreement_clause_for(agreement, talk->rules.opened, update->from, update->to);
    return cause.clause && clock_close(&cause, desk_calendar(desk), out);
}

static enum owed_fate take_close(void *context, struct owed *owed)
{
    struct owed *taken = context;

    if (owed->kind != CLOSE)
        return OWED_STAYS;
    *taken = *owed;
    return OWED_ENDS;
}

/* It is due by that end from now on; 0: there is none. */
static void move(struct desk *desk, const struct track *update, const struct talk *talk,
                 int64_t until_ms)
{
    struct owed owed = {.by_us = talk_is_asked_by_us(talk),
                        .message_id = talk->rules.id,
                        .conversation_id = talk->rules.id,
                        .case_handle = talk->rules.case_handle};
    struct clock clock;
    struct track first;

    TEXT_COPY(owed.other, talk->other);
    TEXT_COPY(owed.type, talk->rules.opened->name);
    TEXT_COPY(owed.expected, talk->rules.opened->closed_by);
    if (!desk_ok(desk,
                 owed_stop(desk->txn, OWED_OF_CONVERSATION, &talk->rules.id, take_close, &owed)))
        return;
    const bool was_due = owed.kind == CLOSE && find_first(desk, &talk->rules.id, &first);
    if (until_ms == 0 || !clock_by(desk, update, talk, was_due ? &first : NULL, until_ms, &clock))
        return;
    owed.kind = CLOSE;
    owed.due_ms = clock.due_ms;
    (void)desk_ok(desk, owed_put(desk->txn, &owed));
}

static bool is_update(const struct talk *talk, const struct track *track)
{
    const struct message_type *opened = talk->rules.opened;

    return talk->is_kept && opened->updated_by && strcmp(opened->updated_by, track->type) == 0
        && talk->rules.state != CONVERSATION_CLOSED
        && talk_is_asked_by_us(talk) == (track->way == WAY_OUT);
}

void desk_watch_moves(struct desk *desk, const struct track *track)
{
    struct talk talk;

    if (track->watch_until_ms != 0 && desk_find_talk(desk, &track->conversation_id, &talk)
        && is_update(&talk, track))
        move(desk, track, &talk, last_said(desk, track, NULL, track));
}

void desk_watch_undone(struct desk *desk, const struct track *track)
{
    struct track first;
    struct talk talk;

    if (track->watch_until_ms == 0 || !desk_find_talk(desk, &track->conversation_id, &talk)
        || !is_update(&talk, track))
        return;
    const bool is_ours = find_first(desk, &track->conversation_id, &first);
    int64_t until_ms = last_said(desk, track, &track->message_id, is_ours ? &first : NULL);
    if (until_ms != 0 || is_ours) /* what was said before its case came to us, is not known here */
        move(desk, track, &talk, until_ms);
}
