/* What the broker brings: deliveries, evidence, answers. See desk_inside.h. */
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

static struct log_limit noisy = {.burst = 20, .period_ms = 60000}; /* lines that a peer can cause */

/* ---- messages for us ---- */

/* One delivery as it is being judged. */
struct delivery {
    struct wire wire;
    struct bytes body;
    struct bytes frame; /* all of it, to be parked */
    struct envelope e;
    struct digest digest;
    bool last_chance; /* the broker has been asked for the certificate and had none */
};

static void store_arrival(struct desk *desk, struct delivery *d, struct track *track,
                          const struct step *step, struct bytes body)
{
    uint64_t number = desk->next_number++;
    struct rung accepted = {.kind = RUNG_ACCEPTED, .at_ms = d->wire.deliver.accepted_ms};

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
}

/* Do our own agreements permit it? Acceptance is the point of law, so at the time of acceptance;
 * and a version that ours has superseded since counts if ours permits the same. */
static struct decision judge_agreement(const struct desk *desk, const struct delivery *d)
{
    const struct agreement_set *set = desk->setup.agreements;
    int64_t at_ms = d->wire.deliver.accepted_ms;
    struct question question = question_of(&d->e);
    struct decision decision = decide(&question, set, at_ms);
    const struct agreement *ours = agreement_set_find(set, d->e.agreement_id);

    if (!decision.permitted && decision.code == CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE
        && ours && ours->version > d->e.agreement_version) {
        question.agreement_version = ours->version;
        question.agreement_hash = ours->hash;
        decision = decide(&question, set, at_ms);
        if (!decision.permitted)
            decision.code = CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE;
    }
    return decision;
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
    status = track_get(desk->txn, WAY_OUT, &d->e.in_reply_to, &question);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return false;
    return strcmp(question.to, d->e.sender) == 0 && track_is_answered_by(&question, d->e.type);
}

static void open_delivery(struct desk *desk, struct delivery *d, struct track *track,
                          const struct signer *signer)
{
    const uint8_t *private_key = keyring_find(desk->setup.keyring, d->e.recipient_key_id);
    struct step step = {.kind = CONCORDAT__STEP_KIND__DELIVERED, .at_ms = desk->wall_ms};
    struct reason why = {""};
    size_t size;
    enum status status;

    if (!private_key) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__CANNOT_OPEN, "the sealing key is gone");
        return;
    }
    status = open_sealed(&d->e, signer->spki, d->body, private_key, desk->opened, BODY_MAX + 1,
                         &size, &why);
    switch (status) {
    case ST_OK:
        store_arrival(desk, d, track, &step, (struct bytes){desk->opened, size});
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

static void park(struct desk *desk, struct bytes frame, const struct digest *fingerprint)
{
    struct parked *parked;

    if (desk->parked_size + frame.size > DELIVER_CREDIT_SIZE + FRAME_MAX) {
        desk_drop_link(desk, "the broker sends more than our credit");
        return;
    }
    parked = malloc(sizeof *parked + frame.size);
    if (!parked) {
        (void)desk_ok(desk, ST_NOMEM);
        return;
    }
    parked->next = NULL;
    parked->request = desk_ask_certificate(desk, fingerprint);
    parked->size = frame.size;
    memcpy(parked->bytes, frame.data, frame.size);
    *desk->parked_end = parked;
    desk->parked_end = &parked->next;
    desk->parked_size += frame.size;
}

/* Whose certificate this proof names.
 *   ST_MORE     not to be had now: what it signed stays the broker's, and comes again
 *   ST_FORGED   it does not hold */
static enum status find_signer(struct desk *desk, const struct proof *proof, struct bytes frame,
                               bool last_chance, const char *claimed, const struct signer **out)
{
    enum status status =
        directory_signer(desk->directory, desk->txn, &proof->signer, desk->wall_ms, out);

    if (status == ST_CLOSED) {
        desk_drop_link(desk, "our CRLs are out of date: nobody's signature can be judged");
        return ST_MORE;
    }
    if (status == ST_MORE && !last_chance)
        park(desk, frame, &proof->signer);
    else if (status == ST_MORE)
        /* The broker took this under that certificate, so it has it: what it lacks now it may have
         * at the next session. Nothing is signed against it. */
        log_limited(&noisy, desk->now_ms, LOG_ERROR, "certificate_withheld", "agency=%s", claimed);
    return status;
}

/* Who signed, verified, and the proof; then the agreement; then the seal. */
static void judge_delivery(struct desk *desk, struct delivery *d, struct track *track)
{
    const struct proof *proof = &d->wire.deliver.proof;
    const struct signer *signer = NULL;
    struct decision decision;
    enum status status = find_signer(desk, proof, d->frame, d->last_chance, d->e.sender, &signer);

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
                          d->wire.deliver.header, proof);
    if (status != ST_OK) {
        reject(desk, d, track, CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE,
               "the signature does not hold");
        return;
    }
    decision = judge_agreement(desk, d);
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

static void on_deliver(struct desk *desk, struct delivery *d)
{
    struct track known, track = {.way = WAY_IN};
    struct reason why = {""};
    struct id key;
    enum status status = envelope_read(d->wire.deliver.header, desk->header_arena, &d->e, &why);

    if (status != ST_OK || strcmp(d->e.recipient, desk->setup.agency) != 0) {
        /* An honest broker takes no such header and routes none of another's: nothing is signed. */
        log_limited(&noisy, desk->now_ms, LOG_ERROR, "delivery_not_ours", "why=%s",
                    status == ST_OK ? "another recipient" : why.text);
        return;
    }
    if (store_fullness(desk->setup.store) >= FULL_FOR_ARRIVALS) {
        desk_drop_link(desk, "the store is nearly full: messages stay with the broker");
        return;
    }
    d->digest = sha256(d->wire.deliver.header.data, d->wire.deliver.header.size);
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
    track.key = key;
    track.header_digest = d->digest;
    if (!id_equal(&key, &d->e.message_id))
        reject(desk, d, &track, CONCORDAT__REFUSAL_CODE__ID_REUSED, "another message has this id");
    else
        judge_delivery(desk, d, &track);
}

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

static void add_accepted(struct desk *desk, struct track *track, int64_t at_ms)
{
    /* The broker's word in its own session: receipts have no proof of their own yet. */
    struct rung rung = {.kind = RUNG_ACCEPTED, .at_ms = at_ms};

    memcpy(rung.by, desk->broker, sizeof rung.by);
    (void)track_add(track, &rung);
}

/* Our message was an answer: what it answers is now answered. */
static void note_answered(struct desk *desk, const struct track *reply)
{
    struct step step = {.kind = CONCORDAT__STEP_KIND__ANSWERED,
                        .at_ms = desk->wall_ms,
                        .reply_id = reply->message_id};
    struct track original;
    enum status status;

    if (id_is_zero(&reply->in_reply_to))
        return;
    status = track_get(desk->txn, WAY_IN, &reply->in_reply_to, &original);
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return;
    if (!track_is_answered_by(&original, reply->type) || strcmp(original.from, reply->to) != 0
        || !track_find(&original, RUNG_DELIVERED) || track_find(&original, RUNG_ANSWERED)
        || track_find(&original, RUNG_DECLINED))
        return;
    desk_add_step(desk, &original, &step);
    (void)desk_ok(desk, inbox_taken(desk->txn, &original.key));
    desk_touched(desk, &original);
}

static void on_receipt(struct desk *desk, const struct receipt *receipt)
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
    desk_touched(desk, &track);
}

static void on_refusal(struct desk *desk, const struct refusal *refusal)
{
    struct rung rung = {
        .kind = RUNG_REFUSED, .code = (uint32_t)refusal->code, .at_ms = refusal->refused_ms};
    struct id message = refusal->message_id;
    struct track track;
    char id[ID_TEXT_SIZE];

    /* A broker that cannot read a header has no id to name. */
    if (id_is_zero(&message))
        (void)desk_find_flying(desk, &refusal->header_digest, &message);
    (void)desk_landed(desk, &message);
    if (refusal_is_retryable(refusal->code)) {
        desk->retry = true;
        desk->retry_at_ms = desk->now_ms + RETRY_MS;
        return;
    }
    if (!find_ours(desk, &message, &refusal->header_digest, &track)
        || track_find(&track, RUNG_ACCEPTED) || track_find(&track, RUNG_REFUSED))
        return;
    id_print(&track.message_id, id);
    log_event(LOG_WARN, "refused", "message=%s type=%s to=%s code=%s", id, track.type, track.to,
              refusal_name(refusal->code));
    if (refusal->code == CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN)
        (void)desk_ok(desk, directory_forget_key(desk->directory, desk->txn, track.to));
    memcpy(rung.by, desk->broker, sizeof rung.by);
    (void)track_add(&track, &rung);
    track.offending = refusal->offending;
    (void)desk_ok(desk, outbox_drop(desk->txn, &track.message_id, track.to));
    (void)desk_ok(desk, track_put(desk->txn, &track));
    desk_touched(desk, &track);
}

/* ---- evidence of the recipient ---- */

struct evidence {
    struct wire wire;
    struct bytes frame;
    bool last_chance;
};

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

/* Does the step hold? Signed by the recipient, about this message, in its place. ST_MORE: the
 * signer's certificate has been asked for, or is withheld: the step stays owed. */
static enum status judge_step(struct desk *desk, const struct evidence *evidence,
                              const struct track *track, const struct step *step)
{
    const struct proof *proof = &evidence->wire.step.proof;
    const struct signer *signer = NULL;
    enum status status =
        find_signer(desk, proof, evidence->frame, evidence->last_chance, track->to, &signer);

    if (status != ST_OK)
        return status;
    if (strcmp(signer->agency, track->to) != 0 || strcmp(step->agency, track->to) != 0
        || !digest_equal(&step->previous, &track->last_step) || !step_fits(track, step->kind))
        return ST_FORGED;
    status = batch_verify(BATCH_STEPS, desk->batches, signer->key, desk->community,
                          evidence->wire.step.step, proof);
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

static void record_step(struct desk *desk, const struct evidence *evidence, struct track *track,
                        const struct step *step)
{
    struct signed_step kept = {evidence->wire.step.step, evidence->wire.step.proof};
    struct rung rung = rung_of(step, true);
    enum status status;

    if (!track_find(track, RUNG_ACCEPTED)) /* its receipt was lost on the way */
        add_accepted(desk, track, step->at_ms);
    status = steps_keep(desk->txn, track, &kept);
    if (status != ST_LIMIT && !desk_ok(desk, status))
        return;
    (void)track_add(track, &rung);
    track->last_step = sha256(kept.step.data, kept.step.size);
    if (step->kind == CONCORDAT__STEP_KIND__DELIVERED
        || step->kind == CONCORDAT__STEP_KIND__REJECTED) {
        (void)desk_landed(desk, &track->message_id);
        (void)desk_ok(desk, outbox_drop(desk->txn, &track->message_id, track->to));
    }
    (void)desk_ok(desk, track_put(desk->txn, track));
    desk_touched(desk, track);
}

/* A person sees that somebody tried. It is not kept as evidence, so the genuine step, which may
 * have the very same bytes, is still to come. */
static void mark_forged(struct desk *desk, struct track *track, const struct step *step)
{
    struct rung rung = rung_of(step, false);
    char id[ID_TEXT_SIZE];

    id_print(&track->message_id, id);
    log_limited(&noisy, desk->now_ms, LOG_ERROR, "evidence_forged", "message=%s step=%s claims=%s",
                id, step_name(step->kind), step->agency);
    track_add_forged(track, &rung);
    (void)desk_ok(desk, track_put(desk->txn, track));
}

static void on_step(struct desk *desk, const struct evidence *evidence)
{
    uint64_t sequence = evidence->wire.step.sequence;
    struct reason why = {""};
    struct track track;
    struct step step;
    enum status status = step_read(evidence->wire.step.step, desk->header_arena, &step, &why);

    if (status == ST_NOMEM) {
        (void)desk_ok(desk, status);
        return;
    }
    if (status != ST_OK || !find_ours(desk, &step.message_id, &step.header_digest, &track)) {
        desk_settle(desk, sequence); /* nothing of ours: it would come for ever */
        return;
    }
    status = steps_find(desk->txn, &track, evidence->wire.step.step);
    if (status == ST_OK) {
        desk_settle(desk, sequence); /* heard before */
        return;
    }
    if (status != ST_MORE) {
        (void)desk_ok(desk, status);
        return;
    }
    status = judge_step(desk, evidence, &track, &step);
    if (status == ST_MORE)
        return;
    if (status != ST_OK && status != ST_FORGED) {
        (void)desk_ok(desk, status);
        return;
    }
    if (status == ST_OK)
        record_step(desk, evidence, &track, &step);
    else
        mark_forged(desk, &track, &step);
    desk_settle(desk, sequence);
}

/* ---- the directory ---- */

static void on_frame(struct desk *desk, struct bytes frame, bool last_chance);

/* What waited for the answer to `request`: with the certificate now, or without for good. */
static void unpark(struct desk *desk, uint64_t request)
{
    struct parked *list = desk->parked;

    desk->parked = NULL;
    desk->parked_end = &desk->parked;
    while (list) {
        struct parked *parked = list;

        list = parked->next;
        if (parked->request == request) {
            desk->parked_size -= parked->size;
            on_frame(desk, (struct bytes){parked->bytes, parked->size}, true);
            free(parked);
        } else {
            parked->next = NULL;
            *desk->parked_end = parked;
            desk->parked_end = &parked->next;
        }
    }
}

static void on_directory(struct desk *desk, const struct wire *wire)
{
    char agencies[DIRECTORY_ENTRIES_MAX][AGENCY_MAX + 1];
    bool known[DIRECTORY_ENTRIES_MAX];
    uint32_t count = wire->directory.entry_count;
    uint64_t request = wire->directory.request;

    for (uint32_t i = 0; i < count && i < DIRECTORY_ENTRIES_MAX; i++) {
        const struct directory_entry *entry = &wire->directory.entries[i];
        unsigned left_out = 0;
        struct reason why = {""};

        memcpy(agencies[i], entry->agency, sizeof agencies[i]);
        known[i] = entry->known;
        if (!desk_ok(desk, directory_learn(desk->directory, desk->txn, entry, desk->wall_ms,
                                           &left_out, &why)))
            return;
        if (left_out > 0)
            log_limited(&noisy, desk->now_ms, LOG_ERROR, "directory_forged",
                        "agency=%s left_out=%u why=%s", entry->agency, left_out, why.text);
    }
    /* From here on the arena that `wire` lives in is used for other frames. */
    for (uint32_t i = 0; i < count && i < DIRECTORY_ENTRIES_MAX; i++)
        desk_keyless(desk, agencies[i], known[i]);
    unpark(desk, request);
}

/* ---- frames ---- */

static void on_settle(struct desk *desk, const struct wire *wire)
{
    for (uint32_t i = 0; i < wire->settle.count; i++) {
        (void)desk_ok(desk, steps_settled(desk->txn, wire->settle.sequences[i]));
        if (desk->steps_flying > 0)
            desk->steps_flying--;
    }
}

static void on_frame(struct desk *desk, struct bytes frame, bool last_chance)
{
    struct reader r = reader_of(frame.data, frame.size);
    uint32_t head_size = read_u32(&r), body_size = read_u32(&r);
    struct bytes head = read_bytes(&r, head_size), body = read_bytes(&r, body_size);
    struct delivery delivery;
    struct evidence evidence;
    struct reason why = {""};
    struct wire wire;

    if (r.failed || wire_read(head, desk->frame_arena, &wire, &why) != ST_OK) {
        desk_drop_link(desk, why.text);
        return;
    }
    switch (wire.kind) {
    case WIRE_DELIVER:
        memset(&delivery, 0, offsetof(struct delivery, e));
        delivery.wire = wire;
        delivery.body = body;
        delivery.frame = frame;
        delivery.last_chance = last_chance;
        on_deliver(desk, &delivery);
        break;
    case WIRE_STEP:
        evidence = (struct evidence){.wire = wire, .frame = frame, .last_chance = last_chance};
        on_step(desk, &evidence);
        break;
    case WIRE_RECEIPT:
        on_receipt(desk, &wire.receipt.receipt);
        break;
    case WIRE_REFUSAL:
        on_refusal(desk, &wire.refusal.refusal);
        break;
    case WIRE_SETTLE:
        on_settle(desk, &wire);
        break;
    case WIRE_CREDIT:
        desk->credit += wire.credit.credit;
        desk->credit_size += wire.credit.credit_size;
        break;
    case WIRE_DIRECTORY:
        on_directory(desk, &wire);
        break;
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_SUBMIT:
    case WIRE_REFUSE:
    case WIRE_PING:
    case WIRE_BYE:
    default:
        desk_drop_link(desk, "a frame out of place"); /* the session takes care of these */
    }
}

void desk_frames(struct desk *desk, uint64_t session, struct bytes frames)
{
    struct reader r = reader_of(frames.data, frames.size);

    if (!desk->connected || session != desk->session)
        return;
    arena_reset(desk->request_arena, true);
    while (r.left > 0 && desk->failed == ST_OK) {
        const uint8_t *start = r.next;
        uint32_t head_size = read_u32(&r), body_size = read_u32(&r);

        (void)read_bytes(&r, head_size);
        (void)read_bytes(&r, body_size);
        if (r.failed) {
            desk_drop_link(desk, "half a frame");
            return;
        }
        on_frame(desk, (struct bytes){start, (size_t)(r.next - start)}, false);
    }
}
