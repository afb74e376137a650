/*
 * seal.h - a body becomes sealed sections, and sections a body again. The broker never links this.
 *
 *     body --split by category--> sections --chunked-encryption--> ciphertext
 *     content keys --HPKE exporter, AES-256-GCM--> wraps in the header
 *
 * Every binding is written out with a worked example in docs/protocol.md §7. A section's plaintext
 * is u32 size || protobuf || zeroes up to its Padmé size.
 *
 * Threads: one owner (the agent's keeper).
 */
#ifndef AGENTS_SEAL_H
#define AGENTS_SEAL_H

#include "agents/binding.h"
#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/envelope.h"

/* Categories that a serialised body carries; none when it is no body of this type. */
category_set body_categories(const struct message_type *type, struct bytes body);
/* Sealed size of one section of `size` plain bytes: padding and tags included. */
size_t sealed_size(size_t size);

struct sealer; /* who we are, and encapsulation.h's contexts */

/* `signer_spki`: SHA-256 of our signing SPKI, bound into every wrap. NULL when memory is out. */
struct sealer *sealer_new(const char *sender, const uint8_t signer_spki[static DIGEST_SIZE]);
void sealer_free(struct sealer *sealer); /* wipes; NULL is fine */
OWN(sealer)

/* Seals `body` (serialised, fields in ascending order) to `recipient_key`. `envelope` has every
 * field but encapsulation, recipient_key_id, categories, body_size and sections, which are filled
 * here; sealed sections go to `out` one after the other. The envelope's sender is the sealer's.
 *
 * The same message id may be sealed again: it gets an encapsulation of its own (encapsulation.h).
 *   ST_LIMIT    `room` is too small, or the body over BODY_MAX
 *   ST_INVALID  an unknown type, an empty body, tags out of order, a field without a category, or
 *               a recipient's key that no secret can be agreed with
 *   ST_NOMEM */
enum status seal(struct sealer *sealer, struct envelope *envelope, struct bytes body,
                 const uint8_t recipient_key_id[static KEY_ID_SIZE],
                 const uint8_t recipient_key[static SEALING_KEY_SIZE], int64_t now_ms, uint8_t *out,
                 size_t room, size_t *size);

/* Opens a message: checks each section against its hash in the header, unwraps, decrypts,
 * pre-scans it for its category, concatenates them in order of tags and pre-scans the whole, a
 * serialised body, into `out`. What was decrypted elsewhere is wiped, whatever the answer. About
 * 80 µs, most of it X25519, and 2 ns a byte.
 *   ST_FORGED   authentication fails: wrong key, altered, or moved from another message
 *   ST_INVALID  a section is not what its category says, or the whole over a bound of bodies:
 *               BODY_CATEGORY_MISMATCH
 *   ST_LIMIT    `room` is too small
 *   ST_NOMEM */
enum status open_sealed(const struct envelope *envelope,
                        const uint8_t signer_spki[static DIGEST_SIZE], struct bytes sealed,
                        const uint8_t private_key[static SEALING_KEY_SIZE], uint8_t *out,
                        size_t room, size_t *size, struct reason *why);

#endif
