/*
 * resend.c - messages that were refused because something had changed between sealing and
 * acceptance: decided about and sealed once more. See desk_inside.h.
 *
 *     the agreement has a newer version          AGREEMENT_VERSION_STALE
 *     the conversation's case has moved          CONVERSATION_UNKNOWN
 *
 *     refused -> set aside -> decided anew -> sent again under a new id, as the new message
 *             |              \-> refused: final, and told
 *             \-> the gazette brings no other version, the broker tells of no move in time: final
 *
 * What was said to who held the case is said to who holds it, in the same conversation; what we
 * said as its holder, and are not any more, goes to the same agency in a conversation of its own.
 * Once: what was sent again and is refused again stays refused. The new message has a new id,
 * because the broker has recorded the old one's refusal under its id and header
 * (docs/decisions/0010-sent-again-under-a-new-id.md); each names the other. Leaving the old one and
 * making the new one is one transaction, so that a crash at any point leaves one of the two.
 */
#include <string.h>

#include "agents/desk_inside.h"

#define STALE CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE
#define UNKNOWN CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN

#define RESEND_MAX 256     /* in a turn: about 50 ms of sealing */
#define STALE_LOOK_MS 1000 /* how often to look at those that wait for the gazette */
#define STALE_WAIT_MS                                                                              \
    60000 /* of a session, for the gazette's entry, which should have come first, or for what the  \
             broker tells of the case */

static struct log_limit noisy = {.burst = 20, .period_ms = 3600000}; /* seen at each look */

/* One that was set aside. */
struct stale {
    struct track track;
    struct outbox_entry
        entry; /* its header and body are not to be used once the store is written */
    int64_t refused_ms;
    Concordat__RefusalCode code;
};

/* Can it have been said in a conversation whose case moved just then? */
static bool may_have_moved(struct desk *desk, const struct track *track)
{
    const struct message_type *type = catalogue_find(track->type);
    struct talk talk;

    /* Acts are the case's itself; a late answer looks after itself (forward.c); and under a charter
     * two officers have spoken for this recipient. */
    if (!type || type->custody != CUSTODY_NONE || strcmp(track->type, LATE_ANSWER) == 0
        || track->break_glass || id_equal(&track->conversation_id, &track->message_id))
        return false;
    return desk_find_talk(desk, &track->conversation_id, &talk) && talk.is_kept
        && !id_is_zero(&talk.rules.case_handle) && talk.rules.state != CONVERSATION_CLOSED;
}

bool desk_set_aside(struct desk *desk, const struct track *track, Concordat__RefusalCode code,
                    int64_t refused_ms)
{
    struct kept kept;
    enum status status;

    if (!id_is_zero(&track->resent_of)
        || (code != STALE && (code != UNKNOWN || !may_have_moved(desk, track))))
        return false;
    status = outbox_kept(desk->txn, &track->message_id, &kept);
    if (status == ST_MORE || status == ST_INVALID || (status == ST_OK && !kept.has_body))
        return false; /* sealed by an earlier build, or damaged */
    if (!desk_ok(desk, status)
        || !desk_ok(desk,
                    outbox_set_aside(desk->txn, &track->message_id, (uint32_t)code, refused_ms)))
        return true;
    desk->resend_due = true;
    desk->aside_at_ms = desk->now_ms;
    return true;
}

/* ---- the old message ---- */

static struct rung refused_rung(const char *by, Concordat__RefusalCode code, int64_t at_ms)
{
    struct rung rung = {.kind = RUNG_REFUSED, .code = (uint32_t)code, .at_ms = at_ms};

    memcpy(rung.by, by, strlen(by) + 1);
    return rung;
}

/* The broker's word, as it is told and noted in the end. */
static void add_stale(struct desk *desk, struct stale *stale, const struct kept *kept)
{
    struct rung rung = refused_rung(desk->broker, stale->code, stale->refused_ms);

    (void)track_add(&stale->track, &rung);
    desk_note_refusal(desk, &stale->track, kept, &rung);
}

/* It stays refused, as its last rung says. */
static void end_refused(struct desk *desk, struct stale *stale)
{
    struct track *track = &stale->track;

    (void)desk_ok(desk, outbox_drop(desk->txn, &track->message_id, track->to));
    (void)desk_ok(desk, track_put(desk->txn, track));
    desk_touched(desk, track);
}

/* The version it would be decided under is another than the one it was refused under. */
static bool is_superseded(const struct desk *desk, const struct track *track)
{
    const struct agreement *active = agreement_set_find(desk_agreements(desk), track->agreement_id);

    return active && !digest_equal(&active->hash, &track->agreement_hash);
}

/* Whom it goes to now that the case has moved; empty: it has not, as far as we were told. */
static void find_new_recipient(struct desk *desk, const struct track *track,
                               char out[static AGENCY_MAX + 1])
{
    struct talk talk;

    out[0] = '\0';
    if (!desk_find_talk(desk, &track->conversation_id, &talk))
        return;
    if (talk.holder[0] != '\0') /* our side: it goes on without us */
        memcpy(out, track->to, AGENCY_MAX + 1);
    else if (strcmp(talk.other, track->to) != 0)
        memcpy(out, talk.other, AGENCY_MAX + 1);
}

/* What it was refused for is not so any more. */
static bool can_go(struct desk *desk, const struct stale *stale)
{
    char to[AGENCY_MAX + 1];

    if (stale->code == STALE)
        return is_superseded(desk, &stale->track);
    find_new_recipient(desk, &stale->track, to);
    return to[0] != '\0';
}

/* The gazette comes before verdicts; one that has not come by now was not believed here. Where our
 * clock cannot be compared with the broker's, since the last that was set aside. */
static bool has_waited(const struct desk *desk, const struct stale *stale)
{
    const int64_t opened_ms = desk->since_ms - desk->clock_base_ms; /* monotonic */
    const bool is_comparable = desk_trusts_clock(desk);
    const int64_t since_ms =
        !is_comparable && desk->aside_at_ms > opened_ms ? desk->aside_at_ms : opened_ms;

    return desk->now_ms - since_ms >= STALE_WAIT_MS
        && (!is_comparable || desk->wall_ms - stale->refused_ms >= STALE_WAIT_MS);
}

/* ---- the new one ---- */

/* What one of ours that `id` names was sent again as, if it was. */
static void follow_id(struct desk *desk, struct id *id)
{
    struct track track;
    enum status status;

    if (id_is_zero(id))
        return;
    status = track_get(desk->txn, WAY_OUT, id, &track);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return;
    if (!id_is_zero(&track.resent_as))
        *id = track.resent_as;
}

/* The message as it was asked for, to be decided about anew. When it was made stays, and with it
 * when it expires. */
static bool redraft(struct desk *desk, const struct stale *stale, struct draft *draft)
{
    const struct track *old = &stale->track;
    struct track *t = &draft->track;
    struct bytes body = draft->kept.body;
    uint8_t *copy;

    arena_reset(desk->body_arena, true);
    copy = arena_take(desk->body_arena, body.size + 1); /* the store's may move */
    if (!copy)
        return desk_ok(desk, ST_NOMEM);
    memcpy(copy, body.data, body.size);
    draft->body = (struct bytes){copy, body.size};
    if (draft->kept.officer_added)
        draft->body = desk_without_officer(draft->body);
    draft->kept.officer_added = false;
    *t = *old;
    if (stale->code == UNKNOWN)
        find_new_recipient(desk, old, t->to);
    t->message_id = t->key = id_new(desk->wall_ms);
    t->share_id = id_random();
    t->resent_of = old->message_id;
    t->sequence = 0; /* the broker has counted the old one's; a new one comes with the sealing */
    follow_id(desk, &t->in_reply_to);
    follow_id(desk, &t->conversation_id);
    if (id_equal(&old->conversation_id, &old->message_id))
        t->conversation_id = t->message_id; /* the first message names the conversation */
    if (!draft->kept.purpose_named)
        t->purpose[0] = '\0';
    t->shared = body_categories(draft->type, draft->body);
    t->marking = draft->type->marking;
    t->officer_hash = t->header_digest = t->last_step = (struct digest){{0}};
    t->rung_count = t->step_count = 0;
    draft->in_reply = !id_is_zero(&t->in_reply_to);
    return true;
}

/* Refused under the version that is in force now: that is what the sender is told. */
static void end_refused_anew(struct desk *desk, struct stale *stale, const struct kept *kept,
                             const struct decision *decision, Concordat__RefusalCode code)
{
    struct rung rung = refused_rung(desk->setup.agency, code, desk->wall_ms);

    add_stale(desk, stale, kept);
    desk_blame(&stale->track, decision);
    (void)track_add(&stale->track, &rung);
    desk_note_refusal(desk, &stale->track, kept, &rung);
    end_refused(desk, stale);
}

static void tell_resent(const struct track *old, const struct track *again)
{
    char id[ID_TEXT_SIZE], new_id[ID_TEXT_SIZE];

    id_print(&old->message_id, id);
    id_print(&again->message_id, new_id);
    log_event(LOG_INFO, "sent_again", "message=%s as=%s to=%s agreement=%s version=%u", id, new_id,
              again->to, again->agreement_id, again->agreement_version);
}

static void send_again(struct desk *desk, struct stale *stale, struct kept *kept)
{
    struct draft draft = {.type = catalogue_find(stale->track.type), .kept = *kept};
    struct track *old = &stale->track;
    uint64_t number = stale->entry.number;
    struct question question;
    struct decision decision;

    if (!redraft(desk, stale, &draft)
        || !desk_ok(desk, desk_judge(desk, &draft, &question, &decision)))
        return;
    if (!decision.permitted) {
        end_refused_anew(desk, stale, kept, &decision, decision.code);
        return;
    }
    /* The old one first: the new one takes its place in the lane. */
    (void)desk_ok(desk, outbox_drop(desk->txn, &old->message_id, old->to));
    if (!desk_post(desk, &draft, number, &decision, &question)) {
        end_refused_anew(desk, stale, kept, &decision, CONCORDAT__REFUSAL_CODE__TOO_LARGE);
        return;
    }
    old->resent_as = draft.track.message_id;
    add_stale(desk, stale, kept);
    (void)desk_ok(desk, track_put(desk->txn, old));
    tell_resent(old, &draft.track);
    desk_moved(desk, old, &draft.track);
}

/* ---- those set aside ---- */

/* False: it waits on. */
static bool settle_stale(struct desk *desk, const struct aside *aside)
{
    struct stale stale = {.refused_ms = aside->at_ms, .code = (Concordat__RefusalCode)aside->code};
    struct kept kept = {0};
    enum status status = track_get(desk->txn, WAY_OUT, &aside->id, &stale.track);

    if (status == ST_OK)
        status = outbox_get(desk->txn, &aside->id, &stale.entry);
    if (status == ST_OK && (status = outbox_kept(desk->txn, &aside->id, &kept)) != ST_OK
        && (status == ST_MORE || status == ST_INVALID))
        status = ST_OK; /* damaged: it cannot go again */
    if (status == ST_MORE || status == ST_INVALID) {
        char text[ID_TEXT_SIZE];

        id_print(&aside->id, text);
        log_limited(&noisy, desk->now_ms, LOG_ERROR, "outbox_damaged", "message=%s", text);
        return false;
    }
    if (!desk_ok(desk, status))
        return false;
    if (kept.has_body && can_go(desk, &stale)) {
        send_again(desk, &stale, &kept);
        return true;
    }
    if (kept.has_body && !has_waited(desk, &stale))
        return false;
    add_stale(desk, &stale, &kept);
    end_refused(desk, &stale);
    return true;
}

void desk_resend(struct desk *desk)
{
    struct aside aside = {0};
    unsigned settled = 0;

    if (desk->now_ms >= desk->stale_at_ms) {
        desk->stale_at_ms = desk->now_ms + STALE_LOOK_MS;
        desk->resend_due = true;
    }
    if (!desk->resend_due || !desk->connected || desk->failed != ST_OK)
        return; /* without a session the gazette cannot come, nor the message go */
    desk->resend_due = false;
    for (;; aside.number++) {
        enum status status = outbox_next_aside(desk->txn, &aside);

        if (status == ST_MORE || !desk_ok(desk, status))
            return;
        if (settled == RESEND_MAX) {
            desk->resend_due = true;
            return;
        }
        settled += settle_stale(desk, &aside);
    }
}
