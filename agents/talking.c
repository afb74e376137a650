/*
 * talking.c - conversations as messages go out, come in and move with their cases. See
 * desk_inside.h.
 *
 * A message of ours gets its place when it is sealed: until then a number would be a gap if it were
 * refused here. The number, the sealed message and what follows for the conversation are one
 * transaction, so that no crash leaves a number without its message. One that the broker has
 * refused and recorded has used its number, since the broker counts it too; one that we refuse
 * ourselves gives it back, when it is the last.
 */
#include <assert.h>
#include <string.h>

#include "agents/desk_inside.h"
#include "lib/text.h"

static struct log_limit noisy = {.burst = 20, .period_ms = 60000};

/* The conversation of that id, when its record can be read. */
static bool find_talk(struct desk *desk, const struct id *id, struct talk *out)
{
    enum status status = id_is_zero(id) ? ST_MORE : talks_get(desk->txn, id, out);

    if (status == ST_INVALID)
        log_limited(&noisy, desk->now_ms, LOG_ERROR, "conversation_damaged", "tree=talks");
    return status != ST_MORE && status != ST_INVALID && desk_ok(desk, status);
}

bool desk_find_talk(struct desk *desk, const struct id *id, struct talk *out)
{
    struct track first;
    enum status status;

    if (find_talk(desk, id, out))
        return true;
    if (id_is_zero(id) || desk->failed != ST_OK)
        return false;
    status = track_get(desk->txn, WAY_OUT, id, &first);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return false;
    return find_talk(desk, &first.resent_as, out); /* the first message was sent again */
}

static void keep_talk(struct desk *desk, const struct talk *talk, bool is_new)
{
    const struct track place = {.way = WAY_OUT, .key = talk->rules.id};

    (void)desk_ok(desk, talks_put(desk->txn, talk));
    if (is_new)
        desk_due(desk, desk->wall_ms + DUPLICATE_DAYS * DAY_MS, DUE_TALK, &place, 0);
}

bool desk_forget_talk(struct desk *desk, const struct id *id)
{
    struct talk talk;

    if (!find_talk(desk, id, &talk))
        return true;
    if (talk_goes_on(&talk) && talk.is_kept)
        return false;
    if (desk->wall_ms - talk.rules.changed_ms < DUPLICATE_DAYS * DAY_MS)
        return false;
    (void)desk_ok(desk, talks_delete(desk->txn, id));
    return true;
}

/* ---- our messages ---- */

static struct utterance utterance_of(const struct desk *desk, const struct talk *talk,
                                     const struct message_type *type, const struct track *track)
{
    return (struct utterance){.type = type,
                              .from = talk_side_of(talk, desk->setup.agency, track->from),
                              .to = talk_side_of(talk, desk->setup.agency, track->to),
                              .sequence = track->sequence};
}

/* Can a message of ours to `track->to' go on in it? */
static bool takes(const struct desk *desk, const struct talk *talk, const struct message_type *type,
                  const struct track *track)
{
    struct utterance u = utterance_of(desk, talk, type, track);
    bool ahead = false;

    if (talk->holder[0] != '\0' || u.to == 0)
        return false;
    if (conversation_is_kept(type)
        && (type->custody != CUSTODY_OFFER || talk->rules.opened != type))
        return false; /* it opens its own, or nobody would see that it is open */
    if (!talk->is_kept)
        return u.to == SIDE_THEM;
    u.sequence = talk->next;
    return conversation_judge(&talk->rules, &u, &ahead)
        == CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
}

/* One that is not kept so far, and goes on with a message of ours. */
static bool take_up(struct desk *desk, const struct message_type *type, const struct track *track,
                    struct talk *talk)
{
    struct track first;
    enum status status = track_get(desk->txn, WAY_OUT, &track->conversation_id, &first);

    if (status != ST_OK && status != ST_MORE && status != ST_INVALID && !desk_ok(desk, status))
        return false;
    *talk = talk_new(type, &track->conversation_id, &track->case_handle, track->to, false);
    talk->is_kept = false;
    talk->next = status == ST_OK ? 2 : 1; /* the first was ours, or was not */
    return true;
}

static void open_own(struct track *track)
{
    track->conversation_id = track->message_id;
    track->sequence = 1;
}

void desk_place(struct desk *desk, const struct message_type *type, struct track *track,
                struct placed *out)
{
    *out = (struct placed){0};
    if (strcmp(type->name, LATE_ANSWER) == 0) {
        track->sequence = 1; /* in the numbers of neither side */
        return;
    }
    if (!id_is_zero(&track->conversation_id)
        && !id_equal(&track->conversation_id, &track->message_id)) {
        bool is_known = desk_find_talk(desk, &track->conversation_id, &out->talk);

        if (is_known)
            track->conversation_id = out->talk.rules.id;
        out->is_new = !is_known;
        out->is_kept = is_known ? takes(desk, &out->talk, type, track)
                                : take_up(desk, type, track, &out->talk);
        if (out->is_kept) {
            track->sequence = out->talk.next;
            return;
        }
    }
    open_own(track);
    out->is_kept = out->is_new = conversation_is_kept(type);
    if (out->is_kept)
        out->talk = talk_new(type, &track->message_id, &track->case_handle, track->to, true);
}

void desk_placed(struct desk *desk, const struct message_type *type, const struct track *track,
                 struct placed *placed)
{
    struct talk *talk = &placed->talk;
    const struct utterance u = utterance_of(desk, talk, type, track);
    const enum conversation_state before = talk->rules.state;

    if (!placed->is_kept)
        return;
    talk->next = track->sequence + 1;
    talk->rules.changed_ms = desk->wall_ms;
    if (talk->is_kept) {
        conversation_apply(&talk->rules, &u, desk->wall_ms);
        if (before == CONVERSATION_OPEN && talk->rules.state != CONVERSATION_OPEN)
            talk->ended_by = track->message_id;
    }
    keep_talk(desk, talk, placed->is_new);
}

/* What the message ended goes on. */
static bool reopen(struct talk *talk, const struct track *track)
{
    if (!id_equal(&talk->ended_by, &track->message_id))
        return false;
    talk->rules.state = CONVERSATION_OPEN;
    talk->rules.answered = false;
    talk->ended_by = (struct id){{0}};
    return true;
}

void desk_unsaid(struct desk *desk, const struct track *track, bool is_recorded)
{
    const bool is_first = id_equal(&track->conversation_id, &track->message_id);
    uint32_t *counted;
    struct talk talk;

    if (track->sequence == 0 || !find_talk(desk, &track->conversation_id, &talk))
        return;
    if (is_first) { /* there is no such conversation */
        (void)desk_ok(desk, talks_delete(desk->txn, &track->conversation_id));
        return;
    }
    (void)reopen(&talk, track);
    counted = talk.rules.asker == SIDE_US ? &talk.rules.next_of_asker : &talk.rules.next_of_other;
    if (!is_recorded && talk.next == track->sequence + 1) {
        talk.next = track->sequence;
        *counted = talk.next;
    }
    keep_talk(desk, &talk, false);
}

void desk_talk_undone(struct desk *desk, const struct track *track)
{
    struct talk talk;

    if (find_talk(desk, &track->conversation_id, &talk) && reopen(&talk, track))
        keep_talk(desk, &talk, false);
}

/* ---- others' messages ---- */

/* An offer whose transfer is over as it comes: what became of it was told first. */
static bool is_over(struct desk *desk, const struct message_type *type, const struct track *track)
{
    const struct holding holding = desk_holding(desk, &track->case_handle);

    return type->custody == CUSTODY_OFFER
        && !id_equal(&holding.transfer.conversation_id, &track->conversation_id);
}

bool desk_heard(struct desk *desk, const struct message_type *type, const struct track *track)
{
    enum conversation_state before;
    const char *answer;
    struct utterance u;
    struct talk talk;

    const bool is_first =
        conversation_is_kept(type) && id_equal(&track->conversation_id, &track->message_id);

    if (is_first && find_talk(desk, &track->conversation_id, &talk) && talk.before[0] != '\0')
        return false; /* that it has moved was told before it came */
    if (is_first) {
        talk = talk_new(type, &track->conversation_id, &track->case_handle, track->from, false);
        u = utterance_of(desk, &talk, type, track);
        conversation_apply(&talk.rules, &u, desk->wall_ms);
        if (is_over(desk, type, track))
            talk.rules.state = CONVERSATION_CLOSED;
        keep_talk(desk, &talk, true);
        return false;
    }
    if (!find_talk(desk, &track->conversation_id, &talk) || !talk.is_kept)
        return false;
    u = utterance_of(desk, &talk, type, track);
    if (strcmp(type->name, LATE_ANSWER) == 0 && u.from == SIDE_BEFORE) {
        talk.rules.answered = true; /* to who held the case */
        u.from = SIDE_BEFORE;
        talk.rules.before = SIDE_BEFORE;
        talk.rules.before_was_other = false;
        if (talk.rules.state == CONVERSATION_OPEN)
            talk.rules.state = CONVERSATION_FORWARDING;
    }
    before = talk.rules.state;
    conversation_apply(&talk.rules, &u, desk->wall_ms);
    if (before != CONVERSATION_CLOSED && talk.rules.state == CONVERSATION_CLOSED)
        talk.ended_by = track->message_id;
    keep_talk(desk, &talk, false);
    answer = talk.rules.opened->answered_by;
    return talk.holder[0] != '\0' && answer && strcmp(type->name, answer) == 0
        && before != CONVERSATION_FORWARDING && talk.rules.state == CONVERSATION_FORWARDING;
}

bool desk_is_of_talk(struct desk *desk, const struct id *conversation, const char *sender,
                     const char *type)
{
    struct talk talk;

    if (!find_talk(desk, conversation, &talk) || !talk.is_kept || !talk_is_asked_by_us(&talk))
        return false;
    if (strcmp(type, LATE_ANSWER) == 0)
        return talk.holder[0] == '\0' && strcmp(talk.before, sender) == 0;
    return strcmp(talk.other, sender) == 0 && catalogue_replies_to(type, talk.rules.opened);
}

void desk_talk_ended(struct desk *desk, const struct track *track)
{
    struct talk talk;

    if (!id_equal(&track->conversation_id, &track->message_id)
        || !find_talk(desk, &track->conversation_id, &talk)
        || !conversation_ended(&talk.rules, &track->message_id))
        return;
    talk.rules.changed_ms = desk->wall_ms;
    talk.ended_by = (struct id){{0}};
    desk_owed_over(desk, &talk);
    keep_talk(desk, &talk, false);
}

void desk_talk_over(struct desk *desk, const struct id *id)
{
    struct talk talk;

    if (!find_talk(desk, id, &talk) || talk.rules.state == CONVERSATION_CLOSED)
        return;
    talk.rules.state = CONVERSATION_CLOSED;
    talk.rules.changed_ms = desk->wall_ms;
    desk_owed_over(desk, &talk);
    keep_talk(desk, &talk, false);
}

void desk_talk_refused(struct desk *desk, const struct id *id, Concordat__ClockKind how)
{
    struct talk talk;

    /* It may have gone on to another before this is read. */
    if (!find_talk(desk, id, &talk) || talk.holder[0] != '\0' || !talk_is_asked_by_us(&talk))
        return;
    desk_owed_refused(desk, &talk, how);
    desk_talk_over(desk, id);
}

/* ---- with their case ---- */

/* It goes on under us: what the broker says of it, and what we remember when it was ours before. */
static bool take_over(struct desk *desk, const struct custody_told *told,
                      const struct told_conversation *t, struct talk *talk, bool *is_new)
{
    const struct message_type *opened = catalogue_find(t->type);
    const bool moved = told->change == CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED;

    *is_new = !find_talk(desk, &t->id, talk);
    if (!opened || (moved && !*is_new && told->at_ms <= talk->taken_ms))
        return false; /* it was told before, and has gone on since */
    if (*is_new)
        *talk = talk_new(opened, &t->id, &told->case_handle, t->other, t->asked_by_holder);
    talk->is_kept = true;
    talk->rules.asker = t->asked_by_holder ? SIDE_US : SIDE_THEM;
    talk->rules.other = t->asked_by_holder ? SIDE_THEM : SIDE_US;
    TEXT_COPY(talk->other, t->other);
    talk->holder[0] = '\0';
    if (moved) { /* it may have been ours before */
        talk->taken_ms = told->at_ms;
        talk->rules.state = t->closed ? CONVERSATION_CLOSED : CONVERSATION_OPEN;
        talk->ended_by = (struct id){{0}};
    }
    TEXT_COPY(talk->before, t->before);
    talk->rules.before = t->before[0] != '\0' ? SIDE_BEFORE : 0;
    talk->rules.before_was_other = t->before[0] != '\0' && !t->asked_by_holder;
    if (talk->next < t->next_of_holder)
        talk->next = t->next_of_holder;
    talk->rules.next_of_asker = t->asked_by_holder ? t->next_of_holder : t->next_of_other;
    talk->rules.next_of_other = t->asked_by_holder ? t->next_of_other : t->next_of_holder;
    return true;
}

/* An answer that came before we were told that our side had moved, and was accepted later than it
 * did. */
static void see_late(struct desk *desk, const struct custody_told *told, struct talk *talk)
{
    struct track question, answer;
    enum status status;

    if (!talk_is_asked_by_us(talk) || !talk->rules.answered)
        return;
    status = track_get(desk->txn, WAY_OUT, &talk->rules.id, &question);
    if (status == ST_OK && question.answered_ms >= told->at_ms)
        status = track_get(desk->txn, WAY_IN, &question.answer, &answer);
    else if (status == ST_OK)
        status = ST_MORE;
    if (status == ST_OK) {
        talk->rules.state = CONVERSATION_FORWARDING;
        desk_forward_answer(desk, &answer);
    } else if (status != ST_MORE && status != ST_INVALID) {
        (void)desk_ok(desk, status);
    }
}

/* One with us that has moved before its first message has come. */
static bool hear_of(struct desk *desk, const struct custody_told *told,
                    const struct told_conversation *t, struct talk *talk)
{
    const struct message_type *opened = catalogue_find(t->type);

    if (!opened || !t->asked_by_holder || strcmp(t->other, desk->setup.agency) != 0
        || told->change != CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED)
        return false;
    *talk = talk_new(opened, &t->id, &told->case_handle, told->former, false);
    talk->rules.next_of_asker = t->next_of_holder;
    talk->rules.next_of_other = t->next_of_other;
    return true;
}

void desk_talk_told(struct desk *desk, const struct custody_told *told,
                    const struct told_conversation *t)
{
    const char *us = desk->setup.agency;
    struct talk talk;
    bool is_new = false;

    if (strcmp(told->holder, us) == 0) {
        if (!take_over(desk, told, t, &talk, &is_new))
            return;
        keep_talk(desk, &talk, is_new);
        if (told->change == CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED && t->due_ms != 0)
            desk_owed_taken(desk, &talk, t->due, t->due_ms);
        return;
    }
    if (t->stays)
        return;
    if (!find_talk(desk, &t->id, &talk) && !(is_new = hear_of(desk, told, t, &talk)))
        return;
    if (told->change == CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED) { /* it need not be answered */
        desk_talk_over(desk, &t->id);
        return;
    }
    if (strcmp(t->other, us) == 0) {
        talk_move_other(&talk, told->holder, told->at_ms);
        desk_owed_moved(desk, &talk);
    } else if (strcmp(told->former, us) == 0) {
        talk_move_ours(&talk, told->holder, told->at_ms);
        desk_owed_left(desk, &t->id);
        see_late(desk, told, &talk);
    }
    keep_talk(desk, &talk, is_new);
}

/* ---- those of a case ---- */

struct listing {
    struct desk *desk;
    struct id *ids;
    bool can_lack[CONVERSATIONS_MAX];
    size_t count;
    bool without_transfers;
};

/* The oldest enquiry of ours gives way: only others can end it, and there are too many. */
static bool make_room(struct listing *listing)
{
    size_t at = 0;

    while (at < listing->count && !listing->can_lack[at])
        at++;
    if (at == listing->count)
        return false;
    listing->count--;
    memmove(&listing->ids[at], &listing->ids[at + 1], (listing->count - at) * sizeof *listing->ids);
    memmove(&listing->can_lack[at], &listing->can_lack[at + 1], listing->count - at);
    return true;
}

static bool list_talk(void *context, const struct id *id)
{
    struct listing *listing = context;
    struct talk talk;

    if (!find_talk(listing->desk, id, &talk)
        || (listing->without_transfers && talk.rules.opened->custody == CUSTODY_OFFER))
        return true;
    const bool can_lack =
        talk_is_asked_by_us(&talk) && talk.rules.opened->pattern == PATTERN_ENQUIRY;
    if (listing->count == CONVERSATIONS_MAX && !make_room(listing)) {
        listing->count += !can_lack;
        return can_lack;
    }
    listing->ids[listing->count] = *id;
    listing->can_lack[listing->count++] = can_lack;
    return true;
}

size_t desk_talks_of_case(struct desk *desk, const struct id *case_handle, bool without_transfers,
                          struct id ids[static CONVERSATIONS_MAX])
{
    struct listing listing = {.desk = desk, .ids = ids, .without_transfers = without_transfers};

    (void)desk_ok(desk, talks_of_case(desk->txn, case_handle, list_talk, &listing));
    return listing.count;
}
