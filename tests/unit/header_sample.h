/* header_sample.h - one good header and its proof, and a seeded source of random ones. People,
 * agencies and keys are invented. */
#ifndef TESTS_UNIT_HEADER_SAMPLE_H
#define TESTS_UNIT_HEADER_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/batch.h"
#include "proto/envelope.h"
#include "proto/header.pb-c.h"

/* xorshift64*: the same numbers everywhere for one seed. */
struct dice {
    uint64_t state;
};

/* The seed is printed, and can be given: SEED=n. */
static inline struct dice dice_new(uint64_t fallback)
{
    const char *seed = getenv("SEED");
    struct dice dice = {seed ? strtoull(seed, NULL, 0) : fallback};

    if (dice.state == 0)
        dice.state = 1;
    printf("seed %llu\n", (unsigned long long)dice.state);
    return dice;
}

static inline uint64_t dice_roll(struct dice *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * UINT64_C(2685821657736338717);
}

/* 0..below-1 */
static inline uint32_t dice_below(struct dice *dice, uint32_t below)
{
    return (uint32_t)((dice_roll(dice) >> 32) % below);
}

static inline void dice_fill(struct dice *dice, void *out, size_t size)
{
    uint8_t *bytes = out;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(1 + dice_below(dice, 255)); /* never zero: zero is "none" */
}

/* Bytes start, start + 1, ... */
static inline void sample_fill(void *out, size_t size, uint8_t start)
{
    uint8_t *bytes = out;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(start + i);
}

/* 2021-06-26T09:00:00Z, when the sample was made. */
#define SAMPLE_NOW_MS INT64_C(1624698000000)

static inline struct sealed_section sample_section(uint32_t category, uint32_t size)
{
    struct sealed_section section = {.category = category, .sealed_size = size};

    sample_fill(section.sealed_sha256.bytes, DIGEST_SIZE, (uint8_t)(category * 8));
    sample_fill(section.wrap, WRAP_SIZE, (uint8_t)(category * 4 + 1));
    return section;
}

/* A court asks for a pre-sentence report. */
static inline struct envelope sample_envelope(void)
{
    struct envelope e = {
        .message_id = {{0x01, 0x7a, 0x47, 0x8c, 0x12, 0x80, 0x70, 0x01, 0x80, 0x02, 0x03, 0x04,
                        0x05, 0x06, 0x07, 0x08}},
        .leg_count = 1,
        .schema_version = 1,
        .sequence = 1,
        .retention_days = 365,
        .agreement_version = 3,
        .type = "psr.request",
        .sender = "court.b35cz00",
        .recipient = "nps.cambs",
        .agreement_id = "cambs-pre-sentence",
        .clause = "psr-request",
        .purpose = "court_advice",
        .gateway = "SA2020_S30",
        .marking = CONCORDAT__MARKING__OFFICIAL,
        .capacity = CONCORDAT__SUBJECT_CAPACITY__CONVICTED,
        .urgency = CONCORDAT__URGENCY__SAME_DAY,
        .created_ms = SAMPLE_NOW_MS,
        .needed_by_ms = SAMPLE_NOW_MS + 5 * 3600 * 1000,
        .expires_ms = SAMPLE_NOW_MS + INT64_C(30) * 86400 * 1000,
        .onward_count = 1,
        .onward = {"police.cambs"},
        .section_count = 3,
        .sections = {sample_section(1, 1040), sample_section(3, 272), sample_section(19, 144)},
        .categories = 1u << 1 | 1u << 3 | 1u << 19,
        .body_size = 1040 + 272 + 144,
    };

    e.share_id = e.conversation_id = e.message_id;
    sample_fill(e.case_handle.bytes, ID_SIZE, 0x10);
    sample_fill(e.agreement_hash.bytes, DIGEST_SIZE, 0x20);
    sample_fill(e.officer_hash.bytes, DIGEST_SIZE, 0x40);
    sample_fill(e.recipient_key_id, KEY_ID_SIZE, 0x60);
    sample_fill(e.encapsulation, SEALING_KEY_SIZE, 0x70);
    return e;
}

/* Over whatever stood there, so that no byte of it is left. */
static inline void sample_text(char *to, size_t room, const char *text)
{
    memset(to, 0, room);
    memcpy(to, text, strnlen(text, room - 1));
}

/* A service offers one of its cases to another: three components, two open conversations. */
static inline struct envelope sample_offer(void)
{
    struct envelope e = sample_envelope();

    sample_text(e.type, sizeof e.type, "case.transfer.offer");
    sample_text(e.sender, sizeof e.sender, "nps.cambs");
    sample_text(e.recipient, sizeof e.recipient, "crc.bench");
    sample_text(e.purpose, sizeof e.purpose, "supervise_sentence");
    e.urgency = CONCORDAT__URGENCY__ROUTINE;
    e.marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    e.custody = (struct custody_claim){
        .case_version = 4,
        .component_count = 3,
        .components = 7,
        .reply_by_ms = SAMPLE_NOW_MS + INT64_C(10) * 86400 * 1000,
        .conversation_count = 2,
    };
    sample_fill(e.custody.transfer_id.bytes, ID_SIZE, 0x90);
    sample_fill(e.custody.manifest.bytes, DIGEST_SIZE, 0xa0);
    for (uint32_t i = 0; i < e.custody.conversation_count; i++)
        sample_fill(e.custody.conversations[i].bytes, ID_SIZE, (uint8_t)(0xc0 + i));
    return e;
}

static inline struct proof sample_proof(void)
{
    struct proof proof = {.index = 2, .count = 5, .length = 3};

    sample_fill(proof.signer.bytes, DIGEST_SIZE, 0x11);
    sample_fill(proof.signature, SIGNATURE_SIZE, 0x22);
    sample_fill(proof.salt, SALT_SIZE, 0x33);
    for (uint8_t i = 0; i < 3; i++)
        sample_fill(proof.path[i].bytes, DIGEST_SIZE, (uint8_t)(0x44 + i));
    return proof;
}

#endif
