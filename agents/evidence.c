/* What is said of our own messages: receipts, refusals, the recipients' signed steps. See
 * desk_inside.h. */
#include <string.h>

#include "agents/desk_inside.h"

static struct log_limit noisy = {.burst = 20, .period_ms = 60000}; /* lines that a peer can cause */

/* ---- answers to what we submitted ---- */

/* The track of one of ours that an answer speaks of. */
static bool find_ours(struct desk *desk, const struct id *id, const struct digest *header,
                      struct track *track)
{
    enum status status = track_get(desk->txn, WAY_OUT, id, track);

    if (status == ST_OK && digest_equal(&track->header_digest, header))
        return true;
    if (status != ST_OK && status != ST_MORE && status != ST_INVALID)
        (void)desk_ok(desk, status);
    else
        log_limited(&noisy, desk->now_ms, LOG_WARN, "answer_to_nothing", "broker=%s", desk->broker);
    return false;
}

/* `at_ms` 0: it was accepted, and the receipt that says when was lost. */
static void add_accepted(struct desk *desk, struct track *track, int64_t at_ms)
{
    /* The broker's word in its own session: receipts have no proof of their own yet. */
    struct rung rung = {.kind = RUNG_ACCEPTED, .at_ms = at_ms};

    memcpy(rung.by, desk->broker, sizeof rung.by);
    (void)track_add(track, &rung);
}

/* Did it go to who asked, or to who holds the asker's case by now? */
static bool is_to_asker(struct desk *desk, const struct track *original, const struct track *reply)
{
    struct talk talk;

    if (strcmp(original->from, reply->to) == 0)
        return true;
    return id_equal(&original->conversation_id, &reply->conversation_id)
        && desk_find_talk(desk, &original->conversation_id, &talk)
        && (strcmp(talk.other, reply->to) == 0 || strcmp(talk.before, reply->to) == 0);
}

/* What follows from the acceptance of one of ours, besides its rung. */
static void note_accepted(struct desk *desk, const struct track *track, int64_t accepted_ms)
{
    desk_act_accepted(desk, track, accepted_ms);
    desk_owe(desk, track, accepted_ms);
}

/* The same where the receipt was lost, and with it the broker's time. What is owed is reckoned from
 * the recipient's word for it, as far as that can be true; custody is not, for it goes by the order
 * of acts, and the recipient's clock may be years ahead. */
static void note_unheard(struct desk *desk, const struct track *track, const struct step *step)
{
    int64_t about_ms = step->at_ms < desk->wall_ms ? step->at_ms : desk->wall_ms;

    if (about_ms < track->created_ms)
        about_ms = track->created_ms;
    desk_act_accepted(desk, track, 0);
    desk_owe(desk, track, about_ms);
}

/* It has arrived, or will not: what it passes on is looked at in this turn, and no other is tried
 * for it. */
static void note_late_answer(struct desk *desk, const struct track *track)
{
    if (strcmp(track->type, LATE_ANSWER) == 0)
        desk->forward_at_ms = desk->now_ms;
}

/* Our message was an answer, and is accepted: what it answers is now answered. */
static void note_answered(struct desk *desk, const struct track *reply)
{
    struct step step = {.kind = CONCORDAT__STEP_KIND__ANSWERED,
                        .at_ms = desk->wall_ms,
                        .reply_id = reply->message_id};
    const struct rung *accepted = track_find(reply, RUNG_ACCEPTED);
    struct track original;
    enum status status;

    if (id_is_zero(&reply->in_reply_to))
        return;
    status = track_get(desk->txn, WAY_IN, &reply->in_reply_to, &original);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return;
    if (!track_is_answered_by(&original, reply->type) || !is_to_asker(desk, &original, reply)
        || !track_find(&original, RUNG_DELIVERED) || !id_is_zero(&original.answer)
        || track_find(&original, RUNG_DECLINED))
        return;
    original.answer = reply->message_id;
    original.answered_ms = accepted ? accepted->at_ms : 0;
    if (track_find(&original, RUNG_ANSWERED)) /* by an answer that was rejected */
        (void)desk_ok(desk, track_put(desk->txn, &original));
    else
        desk_add_step(desk, &original, &step);
    (void)desk_ok(desk, inbox_taken(desk->txn, &original.key));
    desk_touched(desk, &original);
}

/* Our answer was rejected or withheld, so the question waits for one again, where it can be seen.
 */
static void note_unanswered(struct desk *desk, const struct track *reply)
{
    struct track original;
    enum status status;

    if (id_is_zero(&reply->in_reply_to))
        return;
    status = track_get(desk->txn, WAY_IN, &reply->in_reply_to, &original);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status)
        || !id_equal(&original.answer, &reply->message_id))
        return;
    original.answer = (struct id){{0}};
    original.answered_ms = 0;
    (void)desk_ok(desk, track_put(desk->txn, &original));
    (void)desk_ok(desk, inbox_return(desk->txn, &original.key));
    desk_inbox_changed(desk);
    desk_touched(desk, &original);
}

void desk_receipt(struct desk *desk, const struct receipt *receipt)
{
    struct track track;

    (void)desk_landed(desk, &receipt->message_id);
    if (!find_ours(desk, &receipt->message_id, &receipt->header_digest, &track))
        return;
    (void)desk_ok(desk, outbox_answered(desk->txn, &track.message_id));
    if (track_find(&track, RUNG_ACCEPTED) || track_find(&track, RUNG_REFUSED))
        return; /* heard before */
    add_accepted(desk, &track, receipt->accepted_ms);
    (void)desk_ok(desk, track_put(desk->txn, &track));
    note_answered(desk, &track);
    note_accepted(desk, &track, receipt->accepted_ms);
    desk_touched(desk, &track);
}

void desk_refusal(struct desk *desk, const struct refusal *refusal)
{
    struct rung rung = {
        .kind = RUNG_REFUSED, .code = (uint32_t)refusal->code, .at_ms = refusal->refused_ms};
    struct id message = refusal->message_id;
    struct track track;
    char id[ID_TEXT_SIZE];

    /* A broker that cannot read a header has no id to name. */
    if (id_is_zero(&message))
        (void)desk_find_flying(desk, &refusal->header_digest, &message);
    if (refusal->code == CONCORDAT__REFUSAL_CODE__RATE_LIMITED) {
        desk_postpone(desk, &message); /* the others have nothing to do with it */
        return;
    }
    (void)desk_landed(desk, &message);
    if (refusal_is_retryable(refusal->code)) {
        desk->retry = true;
        desk->retry_at_ms = desk->now_ms + RETRY_MS;
        return;
    }
    if (!find_ours(desk, &message, &refusal->header_digest, &track)
        || track_find(&track, RUNG_ACCEPTED) || track_find(&track, RUNG_REFUSED))
        return;
    desk_act_unsaid(desk, &track);
    desk_unsaid(desk, &track, true);
    if (strcmp(track.type, LATE_ANSWER) == 0)
        desk->forward_due = true;
    if (desk_set_aside(desk, &track, refusal->code, refusal->refused_ms))
        return;
    id_print(&track.message_id, id);
    log_event(LOG_WARN, "refused", "message=%s type=%s to=%s code=%s", id, track.type, track.to,
              refusal_name(refusal->code));
    if (refusal->code == CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN)
        (void)desk_ok(desk, directory_forget_key(desk->directory, desk->txn, track.to));
    memcpy(rung.by, desk->broker, sizeof rung.by);
    (void)track_add(&track, &rung);
    track.offending = refusal->offending;
    desk_note_kept_refusal(desk, &track, &rung);
    (void)desk_ok(desk, outbox_drop(desk->txn, &track.message_id, track.to));
    (void)desk_ok(desk, track_put(desk->txn, &track));
    desk_touched(desk, &track);
}

void desk_withheld(struct desk *desk, uint64_t sequence, const struct withheld *withheld)
{
    struct rung rung = {
        .kind = RUNG_WITHHELD, .code = (uint32_t)withheld->code, .at_ms = withheld->withheld_ms};
    struct track track;
    char id[ID_TEXT_SIZE];

    desk_settle(desk, sequence);
    if (!find_ours(desk, &withheld->message_id, &withheld->header_digest, &track)
        || track_find(&track, RUNG_WITHHELD))
        return;
    id_print(&track.message_id, id);
    log_event(LOG_WARN, "withheld", "message=%s type=%s to=%s code=%s", id, track.type, track.to,
              refusal_name(withheld->code));
    memcpy(rung.by, desk->broker, sizeof rung.by);
    (void)track_add(&track, &rung);
    if (!track_find(&track, RUNG_DELIVERED)) {
        (void)desk_landed(desk, &track.message_id);
        (void)desk_ok(desk, outbox_drop(desk->txn, &track.message_id, track.to));
        note_unanswered(desk, &track);
        desk_owed_gone(desk, &track);
        desk_talk_ended(desk, &track);
        desk_talk_undone(desk, &track);
        desk_owed_undone(desk, &track);
        note_late_answer(desk, &track);
    }
    (void)desk_ok(desk, track_put(desk->txn, &track));
    desk_touched(desk, &track);
}

/* ---- evidence of the recipient ---- */

/* May `kind` follow what is known? The order of docs/protocol.md. */
static bool step_fits(const struct track *track, Concordat__StepKind kind)
{
    bool delivered = track_find(track, RUNG_DELIVERED) != NULL;
    bool rejected = track_find(track, RUNG_REJECTED) != NULL;

    if (kind == CONCORDAT__STEP_KIND__DELIVERED || kind == CONCORDAT__STEP_KIND__REJECTED)
        return !delivered && !rejected;
    if (kind == CONCORDAT__STEP_KIND__ACKNOWLEDGED && track_find(track, RUNG_DECLINED))
        return false;
    if (kind == CONCORDAT__STEP_KIND__DECLINED
        && (track_find(track, RUNG_ACKNOWLEDGED) || track_find(track, RUNG_ANSWERED)))
        return false;
    return delivered && !rejected && !track_find(track, rung_parse(step_name(kind)));
}

/* Does the signer's key count for the recipient, under the version that the message went under? A
 * certificate alone is an authority's word. Where that version is not known here any more, by what
 * is in force under its id. */
static bool is_pinned(const struct desk *desk, const struct track *track, const struct step *step,
                      const struct signer *signer)
{
    const struct registrar *registrar = gazette_registrar(desk->gazette);
    const struct agreement *version = registrar_version(registrar, &track->agreement_hash);
    struct digest signing;

    if (!version)
        version = agreement_set_find(registrar_set(registrar), track->agreement_id);
    memcpy(signing.bytes, signer->spki, DIGEST_SIZE);
    return version && registrar_signer_counts(registrar, version, track->to, &signing, step->at_ms);
}

/* Does the step hold? Signed by the recipient, with a key that counts, about this message, in its
 * place. ST_MORE: the signer's certificate has been asked for, or is withheld: the step stays owed.
 * ST_FORGED: `why` says what does not hold. */
static enum status judge_step(struct desk *desk, const struct arrival *arrival,
                              const struct track *track, const struct step *step, const char **why)
{
    const struct proof *proof = &arrival->wire.step.proof;
    const struct signer *signer = NULL;
    enum status status = desk_find_signer(desk, arrival, proof, track->to, &signer);

    *why = "the certificate does not hold";
    if (status != ST_OK)
        return status;
    *why = "it is not the recipient's";
    if (strcmp(signer->agency, track->to) != 0 || strcmp(step->agency, track->to) != 0)
        return ST_FORGED;
    *why = "it is out of its place";
    if (!digest_equal(&step->previous, &track->last_step) || !step_fits(track, step->kind))
        return ST_FORGED;
    *why = "the agreement does not pin the signing key";
    if (!is_pinned(desk, track, step, signer))
        return ST_FORGED;
    *why = "the signature does not hold";
    status = batch_verify(BATCH_STEPS, desk->batches, signer->key, desk->community,
                          arrival->wire.step.step, proof);
    return status == ST_OK || status == ST_NOMEM ? status : ST_FORGED;
}

static struct rung rung_of(const struct step *step, bool verified)
{
    struct rung rung = {
        .kind = rung_parse(step_name(step->kind)),
        .verified = verified,
        .code = step->rejected ? (uint32_t)step->rejected : (uint32_t)step->declined,
        .at_ms = step->at_ms,
        .reply = step->reply_id,
    };

    memcpy(rung.by, step->agency, sizeof rung.by);
    return rung;
}

static void record_step(struct desk *desk, const struct arrival *arrival, struct track *track,
                        const struct step *step)
{
    struct signed_step kept = {arrival->wire.step.step, arrival->wire.step.proof};
    struct rung rung = rung_of(step, true);
    enum status status;

    if (!track_find(track, RUNG_ACCEPTED)) { /* its receipt was lost on the way */
        add_accepted(desk, track, 0);
        note_answered(desk, track);
        note_unheard(desk, track, step);
    }
    desk_owed_step(desk, track, step->kind);
    if (step->kind == CONCORDAT__STEP_KIND__REJECTED
        || step->kind == CONCORDAT__STEP_KIND__DECLINED)
        desk_talk_ended(desk, track);
    if (step->kind == CONCORDAT__STEP_KIND__REJECTED) {
        note_unanswered(desk, track);
        desk_talk_undone(desk, track);
        desk_owed_undone(desk, track);
    } else if (step->kind == CONCORDAT__STEP_KIND__DELIVERED && track_find(track, RUNG_WITHHELD)) {
        note_answered(desk, track); /* it had left the broker before it was withheld */
    }
    status = steps_keep(desk->txn, track, &kept);
    if (status != ST_LIMIT && !desk_ok(desk, status))
        return;
    if (step->kind == CONCORDAT__STEP_KIND__DELIVERED)
        desk_note_assumed_lapse(desk, track);
    (void)track_add(track, &rung);
    track->last_step = sha256(kept.step.data, kept.step.size);
    if (step->kind == CONCORDAT__STEP_KIND__DELIVERED
        || step->kind == CONCORDAT__STEP_KIND__REJECTED) {
        (void)desk_landed(desk, &track->message_id);
        (void)desk_ok(desk, outbox_drop(desk->txn, &track->message_id, track->to));
        note_late_answer(desk, track);
    }
    (void)desk_ok(desk, track_put(desk->txn, track));
    desk_touched(desk, track);
}

/* A person sees that somebody tried. It is not kept as evidence, so the genuine step, which may
 * have the very same bytes, is still to come. */
static void mark_forged(struct desk *desk, struct track *track, const struct step *step,
                        const char *why)
{
    struct rung rung = rung_of(step, false);
    char id[ID_TEXT_SIZE];

    id_print(&track->message_id, id);
    log_limited(&noisy, desk->now_ms, LOG_ERROR, "evidence_forged",
                "message=%s step=%s claims=%s why=\"%s\"", id, step_name(step->kind), step->agency,
                why);
    track_add_forged(track, &rung);
    (void)desk_ok(desk, track_put(desk->txn, track));
}

void desk_step(struct desk *desk, const struct arrival *arrival)
{
    uint64_t sequence = arrival->wire.step.sequence;
    struct reason why = {""};
    const char *fault = "";
    struct track track;
    struct step step;
    enum status status = step_read(arrival->wire.step.step, desk->header_arena, &step, &why);

    if (status == ST_NOMEM) {
        (void)desk_ok(desk, status);
        return;
    }
    if (status != ST_OK || !find_ours(desk, &step.message_id, &step.header_digest, &track)) {
        desk_settle(desk, sequence); /* nothing of ours: it would come for ever */
        return;
    }
    status = steps_find(desk->txn, &track, arrival->wire.step.step);
    if (status == ST_OK) {
        desk_settle(desk, sequence); /* heard before */
        return;
    }
    if (status != ST_MORE) {
        (void)desk_ok(desk, status);
        return;
    }
    status = judge_step(desk, arrival, &track, &step, &fault);
    if (status == ST_MORE)
        return;
    if (status != ST_OK && status != ST_FORGED) {
        (void)desk_ok(desk, status);
        return;
    }
    if (status == ST_OK)
        record_step(desk, arrival, &track, &step);
    else
        mark_forged(desk, &track, &step, fault);
    desk_settle(desk, sequence);
}
