/*
 * binding.h - what is bound to what when a section is sealed, as bytes.
 *
 * lp(x) is u32 length || x. A ciphertext or wrap that is moved to another message, sender,
 * recipient, type, agreement, category, purpose or case does not open, because one of these bytes
 * is another. Written out with a worked example in docs/protocol.md §7, which a test reads.
 */
#ifndef AGENTS_BINDING_H
#define AGENTS_BINDING_H

#include "lib/bytes.h"
#include "proto/envelope.h"

#define SEAL_BINDING_MAX 256 /* bytes: every part is bounded by limits.h */

/* HPKE's info:
 *     lp("concordat/1 wrap") lp(sender) lp(sender's signing SPKI, SHA-256) lp(recipient) lp(key id)
 */
void seal_info(struct writer *out, const struct envelope *envelope,
               const uint8_t signer_spki[static DIGEST_SIZE]);
/* The exporter's context for one section's wrapping key:
 *     "wrap" || message id || u32 category */
void seal_exporter_context(struct writer *out, const struct envelope *envelope, uint32_t category);
/* A wrap's additional data:
 *     message id || lp(type) || agreement hash || u32 category || lp(purpose) || case handle */
void seal_wrap_aad(struct writer *out, const struct envelope *envelope, uint32_t category);
/* A section's context in chunked encryption:
 *     lp("concordat/1 section") || share id || lp(type) || agreement hash || u32 category
 *     || lp(sender) */
void seal_content_context(struct writer *out, const struct envelope *envelope, uint32_t category);

/* One of them on the stack: write to binding_start(), then use binding_bytes(). */
struct binding {
    uint8_t data[SEAL_BINDING_MAX];
    struct writer writer;
};

struct writer *binding_start(struct binding *binding);
struct bytes binding_bytes(const struct binding *binding);

#endif
