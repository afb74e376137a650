/*
 * dispatch.c - a permitted message is made ready to leave: its header filled in, its body sealed to
 * the recipient's key, signed with all that the turn sealed, and put into the outbox.
 *
 *     desk_seal --> desk.sealed --desk_sign_messages--> outbox --desk_speak--> the broker
 *
 * One signature holds for up to BATCH_LEAVES_MAX headers; what is not signed yet is in memory
 * alone, and is gone with its turn if that fails. Threads: the keeper's.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

void desk_forget_sealed(struct desk *desk)
{
    for (size_t i = 0; i < desk->sealed_count; i++) {
        free(desk->sealed[i].header);
        free(desk->sealed[i].body);
    }
    desk->sealed_count = 0;
}

uint8_t desk_lane(int urgency)
{
    if (urgency == CONCORDAT__URGENCY__IMMEDIATE)
        return 0;
    return urgency == CONCORDAT__URGENCY__SAME_DAY ? 1 : 2;
}

/* One signature over all that was sealed since the last. */
void desk_sign_messages(struct desk *desk)
{
    struct bytes contents[BATCH_LEAVES_MAX];
    struct proof proofs[BATCH_LEAVES_MAX];

    if (desk->sealed_count == 0)
        return;
    for (size_t i = 0; i < desk->sealed_count; i++)
        contents[i] = (struct bytes){desk->sealed[i].header, desk->sealed[i].header_size};
    if (desk_ok(desk, batch_sign(BATCH_HEADERS, desk->setup.signing_key, &desk->signer,
                                 desk->community, contents, desk->sealed_count, proofs))) {
        for (size_t i = 0; i < desk->sealed_count; i++) {
            const struct unsigned_message *m = &desk->sealed[i];
            struct outbox_entry entry = {.sealed = true,
                                         .lane = m->lane,
                                         .number = m->number,
                                         .header = contents[i],
                                         .proof = proofs[i],
                                         .body = {m->body, m->body_size}};

            (void)desk_ok(desk, outbox_put_sealed(desk->txn, &m->id, m->recipient, &entry));
            /* Its number is from when it was queued: later ones may have gone while it waited for
             * a key. Those are flying or answered, so that going back repeats nothing. */
            if (m->number < desk->submit_from[m->lane])
                desk->submit_from[m->lane] = m->number;
        }
    }
    desk_forget_sealed(desk);
}

static void fill_text(char *to, size_t room, const char *from)
{
    size_t size = strlen(from);

    assert(size < room); /* of agreement, catalogue or track: shorter by their own limits */
    memcpy(to, from, size + 1);
}

/* All that the header says but what the sealing itself fills in. */
static void fill_envelope(const struct track *track, const struct decision *decision,
                          const struct question *question, const struct sealing_key *key,
                          struct envelope *e)
{
    int64_t expires_ms = key->open_until_ms;

    if (track->expires_days > 0 && track->created_ms + track->expires_days * DAY_MS < expires_ms)
        expires_ms = track->created_ms + track->expires_days * DAY_MS;
    e->message_id = track->message_id;
    e->share_id = track->share_id;
    e->case_handle = track->case_handle;
    e->conversation_id = track->conversation_id;
    e->in_reply_to = track->in_reply_to;
    e->leg_count = 1;
    e->schema_version = track->schema_version;
    e->sequence = track->sequence;
    e->retention_days = track->retention_days;
    fill_text(e->type, sizeof e->type, track->type);
    fill_text(e->sender, sizeof e->sender, track->from);
    fill_text(e->recipient, sizeof e->recipient, track->to);
    fill_text(e->agreement_id, sizeof e->agreement_id, decision->agreement->id);
    e->agreement_version = decision->agreement->version;
    e->agreement_hash = decision->agreement->hash;
    fill_text(e->clause, sizeof e->clause, decision->clause->id);
    fill_text(e->purpose, sizeof e->purpose, question->purpose);
    fill_text(e->gateway, sizeof e->gateway, question->gateway);
    e->marking = track->marking;
    e->urgency = track->urgency;
    e->created_ms = track->created_ms;
    e->needed_by_ms = track->needed_by_ms;
    e->watch_until_ms = track->watch_until_ms;
    e->expires_ms = expires_ms;
    e->officer_hash = track->officer_hash;
}

/* An act of custody says in its header what its body says. False: it cannot go as things stand. */
static bool fill_act(struct desk *desk, const struct track *track, const struct message_type *type,
                     struct bytes *body, struct custody_claim *claim)
{
    struct act_fault fault;

    return type->custody == CUSTODY_NONE || desk_make_act(desk, track, type, body, claim, &fault);
}

enum status desk_seal(struct desk *desk, struct track *track, const struct decision *decision,
                      const struct question *question, struct bytes body,
                      const struct sealing_key *key, uint64_t number)
{
    const struct message_type *type = catalogue_find(track->type);
    struct unsigned_message *m;
    struct placed placed;
    struct envelope e = {0};
    uint8_t header[HEADER_MAX];
    size_t room;
    enum status status;

    assert(permit_queues(decision->permit) && type);
    if (!fill_act(desk, track, type, &body, &e.custody))
        return ST_INVALID;
    desk_place(desk, type, track, &placed);
    room = body.size + body.size / 4 + (size_t)SECTIONS_MAX * 512;
    if (desk->sealed_count == BATCH_LEAVES_MAX)
        desk_sign_messages(desk);
    m = &desk->sealed[desk->sealed_count];
    fill_envelope(track, decision, question, key, &e);
    m->body = malloc(room);
    if (!m->body)
        return ST_NOMEM;
    status = seal(desk->sealer, &e, body, key->key_id, key->public_key, desk->wall_ms, m->body,
                  room, &m->body_size);
    if (status == ST_OK)
        status = envelope_write(&e, header, sizeof header, &m->header_size);
    if (status == ST_OK && !(m->header = malloc(m->header_size)))
        status = ST_NOMEM;
    if (status != ST_OK) {
        free(m->body);
        return status;
    }
    memcpy(m->header, header, m->header_size);
    m->id = track->message_id;
    memcpy(m->recipient, track->to, sizeof m->recipient);
    m->lane = desk_lane(track->urgency);
    m->number = number;
    desk->sealed_count++;
    track->header_digest = sha256(header, m->header_size);
    track->shared = e.categories;
    track->agreement_version = e.agreement_version;
    track->agreement_hash = e.agreement_hash;
    memcpy(track->agreement_id, e.agreement_id, sizeof track->agreement_id);
    memcpy(track->clause, e.clause, sizeof track->clause);
    memcpy(track->purpose, e.purpose, sizeof track->purpose);
    desk_placed(desk, type, track, &placed);
    desk_act_sealed(desk, track, body);
    return ST_OK;
}
