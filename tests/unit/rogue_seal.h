/*
 * rogue_seal.h - seals sections as they are given: a sender who keeps the keys right and nothing
 * else. What lies inside which section is the caller's.
 *
 *     rogue_begin(&rogue, &envelope, spki, public_key, out, room);
 *     rogue_section(&rogue, category, rogue_framed(&rogue, fields));
 *     -> the envelope has encapsulation, sections and body_size; `out` holds the ciphertext
 *
 * Aborts when a primitive fails.
 */
#ifndef TESTS_UNIT_ROGUE_SEAL_H
#define TESTS_UNIT_ROGUE_SEAL_H

#include "agents/hpke.h"
#include "lib/bytes.h"
#include "proto/envelope.h"

struct rogue {
    struct envelope *envelope; /* the caller's; sender, recipient and ids are set */
    struct hpke_context hpke;
    uint8_t *out;
    size_t room;
    uint8_t plain[BODY_MAX + 128 * 1024]; /* rogue_framed() */
};

void rogue_begin(struct rogue *rogue, struct envelope *envelope,
                 const uint8_t spki[static DIGEST_SIZE],
                 const uint8_t public_key[static SEALING_KEY_SIZE], uint8_t *out, size_t room);
/* One more section with this plaintext, wrapped as it should be. */
void rogue_section(struct rogue *rogue, uint32_t category, struct bytes plain);
/* Fields with their size before and padding behind, as a section's plaintext has them. */
struct bytes rogue_framed(struct rogue *rogue, struct bytes fields);

#endif
