#include "tests/unit/rogue_seal.h"

#include <stdlib.h>
#include <string.h>

#include "agents/binding.h"
#include "agents/chunked.h"
#include "agents/crypto.h"
#include "agents/padme.h"
#include "lib/sign.h"

static const uint8_t content_key[CHUNKED_KEY_SIZE] = {3};

static void must(enum status status)
{
    if (status != ST_OK)
        abort();
}

void rogue_begin(struct rogue *rogue, struct envelope *envelope,
                 const uint8_t spki[static DIGEST_SIZE],
                 const uint8_t public_key[static SEALING_KEY_SIZE], uint8_t *out, size_t room)
{
    struct binding info;

    rogue->envelope = envelope;
    rogue->out = out;
    rogue->room = room;
    envelope->section_count = 0;
    envelope->body_size = 0;
    envelope->categories = 0;
    seal_info(binding_start(&info), envelope, spki);
    must(hpke_setup_sender(HPKE_AES_256_GCM, public_key, binding_bytes(&info),
                           envelope->encapsulation, &rogue->hpke));
}

void rogue_section(struct rogue *rogue, uint32_t category, struct bytes plain)
{
    static const uint8_t nonce[GCM_NONCE_SIZE];
    struct envelope *e = rogue->envelope;
    struct sealed_section *section = &e->sections[e->section_count++];
    struct binding context, exporter, aad;
    uint8_t kek[GCM_KEY_SIZE], *at = rogue->out + e->body_size;
    size_t done;

    section->category = category;
    seal_content_context(binding_start(&context), e, category);
    must(chunked_seal(content_key, binding_bytes(&context), plain, at, rogue->room - e->body_size,
                      &done));
    section->sealed_size = (uint32_t)done;
    section->sealed_sha256 = sha256(at, done);
    e->body_size += (uint32_t)done;
    e->categories |= UINT32_C(1) << category % 32;
    seal_exporter_context(binding_start(&exporter), e, category);
    must(hpke_export(&rogue->hpke, binding_bytes(&exporter), kek, sizeof kek));
    seal_wrap_aad(binding_start(&aad), e, category);
    must(gcm_seal(kek, nonce, binding_bytes(&aad), (struct bytes){content_key, sizeof content_key},
                  section->wrap));
}

struct bytes rogue_framed(struct rogue *rogue, struct bytes fields)
{
    size_t size = padme(4 + fields.size);
    struct writer w = writer_of(rogue->plain, sizeof rogue->plain);

    if (size > sizeof rogue->plain)
        abort();
    memset(rogue->plain, 0, size);
    write_prefixed(&w, fields.data, fields.size);
    return (struct bytes){rogue->plain, size};
}
