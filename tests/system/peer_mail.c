/* peer_mail.c - mail of a peer: composed without a key, signed, submitted, and confirmed by steps.
 */
#include "tests/system/peer_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "lib/sign.h"

struct mail mail_request(const char *to, const uint8_t key_id[static KEY_ID_SIZE],
                         const struct digest *agreement, size_t size)
{
    static const uint32_t categories[] = {CONCORDAT__DATA_CATEGORY__DC_IDENTITY,
                                          CONCORDAT__DATA_CATEGORY__DC_OFFENCE_INDEX};

    return (struct mail){.type = "psr.request",
                         .to = to,
                         .clause = "psr-request",
                         .purpose = "court_advice",
                         .gateway = "SC2020_S30_REQUEST",
                         .agreement_id = "ISA-TEST",
                         .agreement_version = 1,
                         .agreement_hash = *agreement,
                         .urgency = CONCORDAT__URGENCY__SAME_DAY,
                         .marking = CONCORDAT__MARKING__OFFICIAL,
                         .key_id = key_id,
                         .categories = categories,
                         .category_count = 2,
                         .section_size = size / 2};
}

void peer_compose(struct peer *peer, const struct mail *mail, struct envelope *e, uint8_t *body)
{
    int64_t now_ms = peer_now_ms();
    size_t size = mail->section_size;

    memset(e, 0, sizeof *e);
    e->message_id = e->share_id = e->conversation_id = id_new(now_ms);
    e->leg_count = e->schema_version = e->sequence = 1;
    (void)snprintf(e->type, sizeof e->type, "%s", mail->type);
    (void)snprintf(e->sender, sizeof e->sender, "%s", peer->agency);
    (void)snprintf(e->recipient, sizeof e->recipient, "%s", mail->to);
    (void)snprintf(e->agreement_id, sizeof e->agreement_id, "%s", mail->agreement_id);
    (void)snprintf(e->clause, sizeof e->clause, "%s", mail->clause);
    (void)snprintf(e->purpose, sizeof e->purpose, "%s", mail->purpose);
    (void)snprintf(e->gateway, sizeof e->gateway, "%s", mail->gateway);
    e->agreement_version = mail->agreement_version;
    e->agreement_hash = mail->agreement_hash;
    e->urgency = mail->urgency;
    e->marking = mail->marking;
    e->capacity = CONCORDAT__SUBJECT_CAPACITY__CONVICTED;
    e->created_ms = now_ms;
    e->expires_ms = now_ms + 20 * 86400000LL;
    memcpy(e->recipient_key_id, mail->key_id, KEY_ID_SIZE);
    if (RAND_bytes(e->encapsulation, sizeof e->encapsulation) != 1)
        peer_die(peer->agency, "randomness");
    for (size_t i = 0; i < mail->category_count; i++) {
        struct sealed_section *section = &e->sections[i];
        uint8_t *sealed = body + i * size;

        if (RAND_bytes(sealed, (int)size) != 1
            || RAND_bytes(section->wrap, sizeof section->wrap) != 1)
            peer_die(peer->agency, "randomness");
        section->category = mail->categories[i];
        section->sealed_size = (uint32_t)size;
        section->sealed_sha256 = sha256(sealed, size);
        e->categories |= 1u << section->category;
        e->body_size += (uint32_t)size;
        e->section_count++;
    }
}

void peer_submit(struct peer *peer, struct envelope envelopes[], size_t count, struct bytes body)
{
    static _Thread_local uint8_t headers[BATCH_LEAVES_MAX][4096];
    struct bytes contents[BATCH_LEAVES_MAX];
    struct proof proofs[BATCH_LEAVES_MAX];

    for (size_t i = 0; i < count; i++) {
        contents[i].data = headers[i];
        if (envelope_write(&envelopes[i], headers[i], sizeof headers[i], &contents[i].size)
            != ST_OK)
            peer_die(peer->agency, "a header does not fit");
    }
    if (batch_sign(BATCH_HEADERS, peer->signing_key, &peer->signer, peer_community(peer), contents,
                   count, proofs)
        != ST_OK)
        peer_die(peer->agency, "cannot sign");
    for (size_t i = 0; i < count; i++) {
        struct wire wire = {.kind = WIRE_SUBMIT};
        wire.submit.header = contents[i];
        wire.submit.proof = proofs[i];
        peer_say(peer, &wire, body);
    }
}

enum status peer_submit_and_wait(struct peer *peer, struct envelope *envelope, struct bytes body,
                                 struct wire *verdict, int wait_ms)
{
    peer_submit(peer, envelope, 1, body);
    for (;;) {
        struct bytes ignored;
        enum status status = peer_next(peer, verdict, &ignored, wait_ms);

        if (status != ST_OK)
            return status;
        if (verdict->kind == WIRE_RECEIPT
            && id_equal(&verdict->receipt.receipt.message_id, &envelope->message_id))
            return ST_OK;
        if (verdict->kind == WIRE_REFUSAL
            && id_equal(&verdict->refusal.refusal.message_id, &envelope->message_id))
            return ST_OK;
        if (verdict->kind == WIRE_STEP) {
            struct wire settle = {.kind = WIRE_SETTLE};
            settle.settle.count = 1;
            settle.settle.sequences = &verdict->step.sequence;
            peer_say(peer, &settle, (struct bytes){NULL, 0});
        }
    }
}

void peer_confirm(struct peer *peer, const struct taken taken[], size_t count)
{
    static _Thread_local uint8_t bytes[BATCH_LEAVES_MAX][STEP_MAX];
    struct bytes contents[BATCH_LEAVES_MAX];
    struct proof proofs[BATCH_LEAVES_MAX];
    struct step step = {.kind = CONCORDAT__STEP_KIND__DELIVERED, .at_ms = peer_now_ms()};

    memcpy(step.agency, peer->agency, sizeof step.agency);
    for (size_t i = 0; i < count; i++) {
        step.message_id = taken[i].message_id;
        step.header_digest = taken[i].header_digest;
        contents[i].data = bytes[i];
        if (step_write(&step, bytes[i], sizeof bytes[i], &contents[i].size) != ST_OK)
            peer_die(peer->agency, "a step does not fit");
    }
    if (batch_sign(BATCH_STEPS, peer->signing_key, &peer->signer, peer_community(peer), contents,
                   count, proofs)
        != ST_OK)
        peer_die(peer->agency, "cannot sign");
    for (size_t i = 0; i < count; i++) {
        struct wire wire = {.kind = WIRE_STEP};
        wire.step.sequence = ++peer->next_step;
        wire.step.step = contents[i];
        wire.step.proof = proofs[i];
        peer_say(peer, &wire, (struct bytes){NULL, 0});
    }
}
