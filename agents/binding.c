#include "agents/binding.h"

#include <assert.h>
#include <string.h>

static void write_text(struct writer *out, const char *text)
{
    write_prefixed(out, text, strlen(text));
}

void seal_info(struct writer *out, const struct envelope *envelope,
               const uint8_t signer_spki[static DIGEST_SIZE])
{
    write_text(out, "concordat/1 wrap");
    write_text(out, envelope->sender);
    write_prefixed(out, signer_spki, DIGEST_SIZE);
    write_text(out, envelope->recipient);
    write_prefixed(out, envelope->recipient_key_id, KEY_ID_SIZE);
}

void seal_exporter_context(struct writer *out, const struct envelope *envelope, uint32_t category)
{
    write_bytes(out, "wrap", 4);
    write_bytes(out, envelope->message_id.bytes, ID_SIZE);
    write_u32(out, category);
}

void seal_wrap_aad(struct writer *out, const struct envelope *envelope, uint32_t category)
{
    write_bytes(out, envelope->message_id.bytes, ID_SIZE);
    write_text(out, envelope->type);
    write_bytes(out, envelope->agreement_hash.bytes, DIGEST_SIZE);
    write_u32(out, category);
    write_text(out, envelope->purpose);
    write_bytes(out, envelope->case_handle.bytes, ID_SIZE); /* zeroes when about no case */
}

void seal_content_context(struct writer *out, const struct envelope *envelope, uint32_t category)
{
    write_text(out, "concordat/1 section");
    write_bytes(out, envelope->share_id.bytes, ID_SIZE);
    write_text(out, envelope->type);
    write_bytes(out, envelope->agreement_hash.bytes, DIGEST_SIZE);
    write_u32(out, category);
    write_text(out, envelope->sender);
}

struct writer *binding_start(struct binding *binding)
{
    binding->writer = writer_of(binding->data, sizeof binding->data);
    return &binding->writer;
}

struct bytes binding_bytes(const struct binding *binding)
{
    assert(!binding->writer.failed); /* names come from an envelope, which bounds them */
    return (struct bytes){binding->data, binding->writer.size};
}
