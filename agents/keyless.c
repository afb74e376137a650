/* Messages that wait for a sealing key of their recipient's that may be used. See desk_inside.h.
 *
 * An authority that issued a second certificate in the recipient's name could state a key of its
 * own, and a broker would hand it out. So who states it must be who the agreement pins; until then
 * a message waits as if there were none. */
#include <string.h>

#include "agents/desk_inside.h"

static struct log_limit noisy = {.burst = 20, .period_ms = 60000}; /* lines that a peer can cause */

bool desk_key_counts(struct desk *desk, const struct agreement *agreement, const char *recipient,
                     const struct sealing_key *key)
{
    char hex[2 * DIGEST_SIZE + 1];

    if (registrar_signer_counts(gazette_registrar(desk->gazette), agreement, recipient,
                                &key->stated_by, SIGNED_NOW))
        return true;
    hex_print(key->stated_by.bytes, DIGEST_SIZE, hex);
    log_limited(&noisy, desk->now_ms, LOG_ERROR, "sealing_key_not_pinned",
                "agency=%s agreement=%s version=%u stated_by=%s "
                "what=\"messages to it under this agreement wait\"",
                recipient, agreement->id, agreement->version, hex);
    return false;
}

bool desk_key_counts_somewhere(void *context, const char *agency, const struct digest *stated_by)
{
    const struct desk *desk = context;
    const struct agreement_set *set = desk_agreements(desk);

    for (size_t i = 0; i < agreement_set_count(set); i++)
        if (registrar_signer_counts(gazette_registrar(desk->gazette), agreement_set_at(set, i),
                                    agency, stated_by, SIGNED_NOW))
            return true;
    return false;
}

/* Sealed, it may be refused as stale and have to be sealed once more; but what was sent again goes
 * no third time. */
static void keep_body(struct desk *desk, const struct track *track, struct bytes body)
{
    struct kept kept = {0};
    enum status status = outbox_kept(desk->txn, &track->message_id, &kept);

    if (!id_is_zero(&track->resent_of))
        return;
    if (status == ST_MORE || status == ST_INVALID) /* of an earlier build */
        kept = (struct kept){.purpose_named = true};
    else if (!desk_ok(desk, status))
        return;
    kept.has_body = true;
    kept.body = body;
    (void)desk_ok(desk, outbox_keep(desk->txn, &track->message_id, &kept));
}

/* An act of custody is judged once more: the case may have changed while it waited. False: it is
 * refused. */
static bool act_goes(struct desk *desk, struct track *track, struct bytes body)
{
    const struct message_type *type = catalogue_find(track->type);
    struct custody_claim claim;
    struct act_fault fault;

    if (!type || type->custody == CUSTODY_NONE
        || desk_make_act(desk, track, type, &body, &claim, &fault))
        return true;
    desk_refuse_here(desk, track,
                     fault.code ? fault.code : CONCORDAT__REFUSAL_CODE__COMPONENTS_WRONG, 0);
    return false;
}

static void seal_waiting(struct desk *desk, struct track *track, uint64_t number,
                         const struct sealing_key *key)
{
    struct question question = desk_question(track, !id_is_zero(&track->in_reply_to));
    struct decision decision = desk_decide(desk, track, &question);
    struct outbox_entry entry;
    uint8_t *copy;
    enum status status;

    if (!decision.permitted) {
        desk_refuse_here(desk, track, decision.code, decision.offending);
        return;
    }
    track->marking = question.marking;
    if (!desk_key_counts(desk, decision.agreement, track->to, key)
        || !desk_ok(desk, outbox_get(desk->txn, &track->message_id, &entry)))
        return;
    arena_reset(desk->body_arena, true);
    copy = arena_take(desk->body_arena, entry.body.size + 1); /* the store's may move */
    if (!copy) {
        (void)desk_ok(desk, ST_NOMEM);
        return;
    }
    memcpy(copy, entry.body.data, entry.body.size);
    if (!act_goes(desk, track, (struct bytes){copy, entry.body.size}))
        return;
    status = desk_seal(desk, track, &decision, &question, (struct bytes){copy, entry.body.size},
                       key, number);
    if (status == ST_INVALID || status == ST_LIMIT)
        desk_refuse_here(desk, track, CONCORDAT__REFUSAL_CODE__TOO_LARGE, 0);
    else if (desk_ok(desk, status)) {
        keep_body(desk, track, (struct bytes){copy, entry.body.size});
        (void)desk_ok(desk, track_put(desk->txn, track));
    }
}

void desk_keyless(struct desk *desk, const char *agency, bool known)
{
    uint64_t number = 0;
    struct id id;

    for (;; number++) {
        struct sealing_key key;
        struct track track;
        enum status status = outbox_next_keyless(desk->txn, agency, number, &number, &id);

        if (status == ST_MORE || !desk_ok(desk, status))
            return;
        status = track_get(desk->txn, WAY_OUT, &id, &track);
        if (status == ST_MORE || status == ST_INVALID)
            continue;
        if (!desk_ok(desk, status))
            return;
        if (!digest_equal(&track.header_digest, &(struct digest){{0}}))
            continue; /* sealed in this turn: a message id is sealed once */
        if (!known) {
            desk_refuse_here(desk, &track, CONCORDAT__REFUSAL_CODE__RECIPIENT_UNKNOWN, 0);
            continue;
        }
        status = directory_sealing_key(desk->directory, desk->txn, agency, desk->wall_ms, &key);
        if (status == ST_MORE || !desk_ok(desk, status))
            return; /* the agency has published none yet */
        seal_waiting(desk, &track, number, &key);
    }
}
