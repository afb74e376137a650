/* Messages for us: judged, opened, stored, or rejected. See desk_inside.h. */
#include <openssl/crypto.h>
#include <string.h>

#include "agents/desk_inside.h"

static struct log_limit noisy = {.burst = 20, .period_ms = 60000}; /* lines that a peer can cause */

/* One delivery as it is being judged. */
struct delivery {
    const struct arrival *arrival;
    struct digest digest;
    struct envelope e;
};

static void store_arrival(struct desk *desk, struct delivery *d, struct track *track,
                          const struct step *step, struct bytes body)
{
    uint64_t number = desk->next_number++;
    struct rung accepted = {.kind = RUNG_ACCEPTED, .at_ms = d->arrival->wire.deliver.accepted_ms};

    memcpy(accepted.by, desk->broker, sizeof accepted.by);
    desk->counters_changed = true;
    (void)track_add(track, &accepted);
    (void)desk_ok(desk, steps_add(desk->steps, track, step));
    (void)desk_ok(desk, track_put_new(desk->txn, track, number));
    desk_due(desk, desk->wall_ms + DUPLICATE_DAYS * DAY_MS, DUE_TRACK, track, number);
    if (step->kind != CONCORDAT__STEP_KIND__DELIVERED)
        return;
    (void)desk_ok(desk, inbox_put(desk->txn, &track->key, desk_lane(track->urgency), number, body));
    if (d->e.retention_days > 0 && d->e.retention_days < DUPLICATE_DAYS)
        desk_due(desk, desk->wall_ms + d->e.retention_days * DAY_MS, DUE_BODY, track, number);
    desk->received++;
    desk_inbox_changed(desk);
}

static void reject(struct desk *desk, struct delivery *d, struct track *track,
                   Concordat__RefusalCode code, const char *why)
{
    struct step step = {
        .kind = CONCORDAT__STEP_KIND__REJECTED, .at_ms = desk->wall_ms, .rejected = code};
    char id[ID_TEXT_SIZE];

    id_print(&d->e.message_id, id);
    log_limited(&noisy, desk->now_ms, LOG_WARN, "rejected", "message=%s from=%s code=%s why=%s", id,
                d->e.sender, refusal_name(code), why);
    store_arrival(desk, d, track, &step, (struct bytes){NULL, 0});
    if (code != CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE
        && code != CONCORDAT__REFUSAL_CODE__ID_REUSED)
        desk_owed_rejected(desk, track, d->arrival->wire.deliver.accepted_ms);
}

/* Did the key count when the broker accepted the message? A change of the same millisecond came
 * before or behind it: nobody can tell any more, and the broker has judged. */
static bool signer_counted(const struct registrar *registrar, const struct agreement *under,
                           const struct delivery *d, const struct digest *signing)
{
    int64_t at_ms = d->arrival->wire.deliver.accepted_ms;

    return registrar_signer_counts(registrar, under, d->e.sender, signing, at_ms)
        || registrar_signer_counts(registrar, under, d->e.sender, signing, at_ms - 1);
}

/* Do our own agreements permit it? Acceptance is the point of law: the version that the header
 * names by hash, at the time of acceptance, though it may be superseded since, or over. One that is
 * suspended or revoked by now permits nothing, whatever the time: as in decide_handover. Where
 * agreements are assumed, a version that ours has superseded counts if ours permits the same. */
static struct decision judge_agreement(const struct desk *desk, const struct delivery *d,
                                       const struct signer *signer)
{
    const struct registrar *registrar = gazette_registrar(desk->gazette);
    const struct agreement *named = registrar_version(registrar, &d->e.agreement_hash);
    const struct agreement *ours = agreement_set_find(registrar_set(registrar), d->e.agreement_id);
    int64_t at_ms = d->arrival->wire.deliver.accepted_ms;
    struct question question = question_of(&d->e);
    struct decision decision;
    struct digest signing;

    memcpy(signing.bytes, signer->spki, DIGEST_SIZE);
    desk_judge_charter(desk, &d->e, &question);
    /* Who holds a case is the broker's to say, and it has said: who had part in a case once is not
     * told of every change, so what is known here may be old, and a rejection is for good. */
    question.is_holder = true;
    if (named && strcmp(named->id, d->e.agreement_id) == 0) {
        struct agreement then = *named;

        if (then.standing == STANDING_SUPERSEDED) {
            /* In its batch the broker has one time: what it accepted in the entry's own millisecond
             * came before it, or would have been refused. */
            if (at_ms > registrar_superseded_ms(registrar, &named->hash))
                return (struct decision){.code = CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE,
                                         .agreement = named};
            then.standing = STANDING_ACTIVE; /* as it was at acceptance */
        }
        question.signer_counts = signer_counted(registrar, named, d, &signing);
        decision = decide_under(&question, &then, agreement_clause(named, d->e.clause), at_ms);
        decision.agreement = decision.agreement ? named : NULL;
        return decision;
    }
    decision = decide(&question, registrar_set(registrar), at_ms);
    if (!decision.permitted && decision.code == CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE
        && ours && ours->standing == STANDING_ASSUMED && ours->version > d->e.agreement_version) {
        question.agreement_version = ours->version;
        question.agreement_hash = ours->hash;
        decision = decide(&question, registrar_set(registrar), at_ms);
        if (!decision.permitted)
            decision.code = CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE;
    }
    return decision;
}

enum lapse desk_lapse(const struct desk *desk, const struct track *track)
{
    const struct registrar *registrar = gazette_registrar(desk->gazette);
    const struct rung *delivered = track_find(track, RUNG_DELIVERED);
    const struct agreement *version = registrar_version(registrar, &track->agreement_hash);
    int64_t superseded_ms = registrar_superseded_ms(registrar, &track->agreement_hash);

    if (track->lapse != LAPSE_NONE || !delivered || !version)
        return track->lapse;
    if (superseded_ms != 0 && superseded_ms <= delivered->at_ms)
        return LAPSE_SUPERSEDED;
    return delivered->at_ms >= version->until_ms ? LAPSE_EXPIRED : LAPSE_NONE;
}

void desk_note_assumed_lapse(const struct desk *desk, struct track *track)
{
    const struct registrar *registrar = gazette_registrar(desk->gazette);
    const struct agreement *ours =
        agreement_set_find(registrar_set(registrar), track->agreement_id);

    if (!registrar_version(registrar, &track->agreement_hash) && ours
        && ours->standing == STANDING_ASSUMED && ours->version > track->agreement_version)
        track->lapse = LAPSE_SUPERSEDED;
}

/* Did we ask? The header only says so, and neither broker nor agreement can know. A clause that
 * lets answers come unasked is content with one that names no question. */
static bool was_asked_for(struct desk *desk, const struct delivery *d, const struct clause *clause)
{
    struct track question;
    enum status status;

    if (!clause->only_in_reply
        && (id_is_zero(&d->e.in_reply_to) || !catalogue_is_answer(clause->type)))
        return true;
    if (id_equal(&d->e.in_reply_to, &d->e.conversation_id)
        && desk_is_of_talk(desk, &d->e.conversation_id, d->e.sender, d->e.type))
        return true; /* the question is the first message; it may be of who held the case before */
    status = track_get(desk->txn, WAY_OUT, &d->e.in_reply_to, &question);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return false;
    return strcmp(question.to, d->e.sender) == 0 && track_is_replied_to_by(&question, d->e.type);
}

/* What has come may answer a question of ours: that is answered as of the broker's acceptance, and
 * by the first answer. The answerer's own signed step may still be on its way. */
static void note_answer(struct desk *desk, const struct delivery *d)
{
    struct track question;
    enum status status;

    if (id_is_zero(&d->e.in_reply_to))
        return;
    status = track_get(desk->txn, WAY_OUT, &d->e.in_reply_to, &question);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return;
    if ((strcmp(question.to, d->e.sender) != 0
         && !desk_is_of_talk(desk, &question.conversation_id, d->e.sender, d->e.type))
        || !track_is_answered_by(&question, d->e.type) || !id_is_zero(&question.answer)
        || track_find(&question, RUNG_DECLINED))
        return;
    question.answer = d->e.message_id;
    question.answered_ms = d->arrival->wire.deliver.accepted_ms;
    (void)desk_ok(desk, track_put(desk->txn, &question));
}

/* A body that opened, against its header; what is whole is delivered. */
static void keep_opened(struct desk *desk, struct delivery *d, struct track *track,
                        struct bytes body)
{
    struct step step = {.kind = CONCORDAT__STEP_KIND__DELIVERED, .at_ms = desk->wall_ms};
    const struct message_type *type = catalogue_find(d->e.type);
    const int64_t accepted_ms = d->arrival->wire.deliver.accepted_ms;
    struct reason why = {""};
    int64_t needed_by_ms = 0;

    if (deadline_in_body(type, body, &needed_by_ms) && needed_by_ms != d->e.needed_by_ms) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__HEADER_INVALID,
               "its deadline is another than its body's");
        return;
    }
    /* None in the header: from an agent of a release that did not say it. */
    if (d->e.watch_until_ms != 0 && watch_in_body(type, body) != d->e.watch_until_ms) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__HEADER_MISMATCH,
               "it is watched until another day than its body says");
        return;
    }
    if (!desk_act_agrees(desk, &d->e, body, &why)) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__HEADER_MISMATCH, why.text);
        return;
    }
    desk_note_assumed_lapse(desk, track);
    store_arrival(desk, d, track, &step, body);
    note_answer(desk, d);
    desk_act_came(desk, &d->e, body, accepted_ms);
    const bool is_late = desk_heard(desk, type, track);
    desk_owe(desk, track, accepted_ms);
    if (is_late)
        desk_forward_answer(desk, track);
}

static void open_delivery(struct desk *desk, struct delivery *d, struct track *track,
                          const struct signer *signer)
{
    const uint8_t *private_key = keyring_find(desk->setup.keyring, d->e.recipient_key_id);
    struct reason why = {""};
    size_t size;
    enum status status;

    if (!private_key) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__CANNOT_OPEN, "the sealing key is gone");
        return;
    }
    status = open_sealed(&d->e, signer->spki, d->arrival->body, private_key, desk->opened,
                         BODY_MAX + 1, &size, &why);
    switch (status) {
    case ST_OK:
        keep_opened(desk, d, track, (struct bytes){desk->opened, size});
        OPENSSL_cleanse(desk->opened, size);
        return;
    case ST_FORGED:
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__CANNOT_OPEN, why.text);
        return;
    case ST_INVALID:
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__BODY_CATEGORY_MISMATCH, why.text);
        return;
    case ST_LIMIT:
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__TOO_LARGE, why.text);
        return;
    case ST_MORE:
    case ST_CLOSED:
    case ST_NOMEM:
    case ST_IO:
    default:
        (void)desk_ok(desk, status == ST_IO ? ST_IO : ST_NOMEM);
    }
}

/* Who signed, verified, and the proof; then the agreement; then the seal. */
static void judge_delivery(struct desk *desk, struct delivery *d, struct track *track)
{
    const struct proof *proof = &d->arrival->wire.deliver.proof;
    const struct signer *signer = NULL;
    struct decision decision;
    enum status status = desk_find_signer(desk, d->arrival, proof, d->e.sender, &signer);

    if (status == ST_MORE)
        return;
    if (status != ST_OK && status != ST_FORGED) {
        (void)desk_ok(desk, status);
        return;
    }
    if (status != ST_OK || strcmp(signer->agency, d->e.sender) != 0) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE,
               status == ST_FORGED ? "the signing certificate does not hold"
                                   : "the signing certificate is another agency's");
        return;
    }
    status = batch_verify(BATCH_HEADERS, desk->batches, signer->key, desk->community,
                          d->arrival->wire.deliver.header, proof);
    if (status != ST_OK) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE,
               "the signature does not hold");
        return;
    }
    decision = judge_agreement(desk, d, signer);
    if (!decision.permitted)
        reject(desk, d, track,
               decision.code ? decision.code : CONCORDAT__REFUSAL_CODE__NO_AGREEMENT,
               "our own agreements do not permit it");
    else if (!was_asked_for(desk, d, decision.clause))
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED,
               "it answers nothing that we asked of the sender");
    else
        open_delivery(desk, d, track, signer);
}

/* Is this message known? Chooses its key; ST_OK: it is, and `track` is what is known. */
static enum status find_delivered(struct desk *desk, const struct delivery *d, struct id *key,
                                  struct track *track)
{
    enum status status;

    *key = d->e.message_id;
    status = track_get(desk->txn, WAY_IN, key, track);
    if (status == ST_OK && !digest_equal(&track->header_digest, &d->digest)) {
        *key = track_spare_key(&d->digest);
        status = track_get(desk->txn, WAY_IN, key, track);
    }
    return status;
}

void desk_deliver(struct desk *desk, const struct arrival *arrival)
{
    struct delivery delivery, *d = &delivery; /* an envelope is large: not worth zeroing */
    struct track known, track = {.way = WAY_IN};
    struct reason why = {""};
    struct id key;
    enum status status =
        envelope_read(arrival->wire.deliver.header, desk->header_arena, &d->e, &why);

    d->arrival = arrival;
    if (status != ST_OK || strcmp(d->e.recipient, desk->setup.agency) != 0) {
        /* An honest broker takes no such header and routes none of another's: nothing is signed. */
        log_limited(&noisy, desk->now_ms, LOG_ERROR, "delivery_not_ours", "why=%s",
                    status == ST_OK ? "another recipient" : why.text);
        return;
    }
    if (!desk_has_room(desk))
        return;
    d->digest = sha256(arrival->wire.deliver.header.data, arrival->wire.deliver.header.size);
    status = find_delivered(desk, d, &key, &known);
    if (status == ST_OK) {
        (void)desk_ok(desk, steps_repeat(desk->txn, &known, &desk->next_number));
        desk->counters_changed = true;
        return;
    }
    if (status == ST_INVALID) {
        log_event(LOG_ERROR, "track_damaged", "from=%s", d->e.sender);
        return;
    }
    if (status != ST_MORE) {
        (void)desk_ok(desk, status);
        return;
    }
    track_from_envelope(&track, &d->e);
    track.break_glass = desk_is_break_glass(&d->e);
    track.key = key;
    track.header_digest = d->digest;
    if (!id_equal(&key, &d->e.message_id))
        reject(desk, d, &track, CONCORDAT__REFUSAL_CODE__ID_REUSED, "another message has this id");
    else
        judge_delivery(desk, d, &track);
}
