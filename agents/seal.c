#include "agents/seal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agents/binding.h"
#include "agents/chunked.h"
#include "agents/crypto.h"
#include "agents/encapsulation.h"
#include "agents/hpke.h"
#include "agents/padme.h"
#include "agents/sections.h"
#include "lib/secret.h"
#include "proto/prescan.h"

#define PLAIN_PREFIX 4 /* u32 size */

static const uint8_t zeroes[4096];

category_set body_categories(const struct message_type *type, struct bytes body)
{
    struct sections sections = {0};

    return sections_of(type, body, &sections) == ST_OK ? sections.categories : 0;
}

size_t sealed_size(size_t size)
{
    return chunked_sealed_size(padme(PLAIN_PREFIX + size));
}

/* Wraps */

static const uint8_t zero_nonce[GCM_NONCE_SIZE];

/* The key that wraps one section's content key. It serves once, hence the zero nonce. */
static enum status wrapping_key(const struct hpke_context *hpke, const struct envelope *envelope,
                                uint32_t category, uint8_t key[static GCM_KEY_SIZE])
{
    struct binding context;

    seal_exporter_context(binding_start(&context), envelope, category);
    return hpke_export(hpke, binding_bytes(&context), key, GCM_KEY_SIZE);
}

static enum status wrap(const struct hpke_context *hpke, const struct envelope *envelope,
                        uint32_t category, const uint8_t content_key[static CHUNKED_KEY_SIZE],
                        uint8_t out[static WRAP_SIZE])
{
    uint8_t key[GCM_KEY_SIZE];
    struct binding aad;
    enum status status = wrapping_key(hpke, envelope, category, key);

    static_assert(WRAP_SIZE == CHUNKED_KEY_SIZE + GCM_TAG_SIZE, "a wrap is a sealed content key");
    seal_wrap_aad(binding_start(&aad), envelope, category);
    if (status == ST_OK)
        status = gcm_seal(key, zero_nonce, binding_bytes(&aad),
                          (struct bytes){content_key, CHUNKED_KEY_SIZE}, out);
    secret_wipe(key, sizeof key);
    return status;
}

static enum status unwrap(const struct hpke_context *hpke, const struct envelope *envelope,
                          const struct sealed_section *section,
                          uint8_t content_key[static CHUNKED_KEY_SIZE])
{
    uint8_t key[GCM_KEY_SIZE];
    struct binding aad;
    enum status status = wrapping_key(hpke, envelope, section->category, key);

    seal_wrap_aad(binding_start(&aad), envelope, section->category);
    if (status == ST_OK)
        status = gcm_open(key, zero_nonce, binding_bytes(&aad),
                          (struct bytes){section->wrap, WRAP_SIZE}, content_key);
    secret_wipe(key, sizeof key);
    return status;
}

/* Sealing */

struct sealer {
    char sender[AGENCY_MAX + 1];
    struct encapsulations *encapsulations; /* owned */
};

struct sealer *sealer_new(const char *sender, const uint8_t signer_spki[static DIGEST_SIZE])
{
    OWNED(sealer) sealer = calloc(1, sizeof *sealer);

    assert(strlen(sender) <= AGENCY_MAX);
    if (!sealer)
        return NULL;
    memcpy(sealer->sender, sender, strlen(sender) + 1);
    sealer->encapsulations = encapsulations_new(signer_spki);
    return sealer->encapsulations ? GIVE(sealer) : NULL;
}

void sealer_free(struct sealer *sealer)
{
    if (!sealer)
        return;
    encapsulations_free(sealer->encapsulations);
    free(sealer);
}

/* The fields of one category, framed and padded, through the sealer. */
static enum status seal_content(struct chunked_sealer *sealer, const struct message_type *type,
                                struct bytes body, uint32_t category, size_t size,
                                struct writer *out)
{
    struct reader r = reader_of(body.data, body.size);
    struct field field;
    uint8_t prefix[PLAIN_PREFIX];
    struct writer w = writer_of(prefix, sizeof prefix);
    size_t padding = padme(PLAIN_PREFIX + size) - PLAIN_PREFIX - size;

    write_u32(&w, (uint32_t)size);
    enum status status = chunked_add(sealer, (struct bytes){prefix, sizeof prefix}, out);
    while (status == ST_OK && next_field(&r, &field))
        if (category_of_field(type->body, field.tag) == category)
            status = chunked_add(sealer, field.whole, out);
    while (status == ST_OK && padding > 0) {
        size_t part = padding < sizeof zeroes ? padding : sizeof zeroes;
        status = chunked_add(sealer, (struct bytes){zeroes, part}, out);
        padding -= part;
    }
    return status == ST_OK ? chunked_end(sealer, out) : status;
}

struct content_secret {
    uint8_t key[CHUNKED_KEY_SIZE];
    uint8_t salt[CHUNKED_SALT_SIZE]; /* public; drawn together */
};

static enum status seal_section(const struct hpke_context *hpke, const struct envelope *envelope,
                                const struct message_type *type, struct bytes body, size_t size,
                                struct writer *out, struct sealed_section *section)
{
    struct content_secret content;
    struct binding context;
    OWNED(chunked_sealer) sealer = NULL;
    size_t start = out->size;
    enum status status = random_secret(&content, sizeof content);

    seal_content_context(binding_start(&context), envelope, section->category);
    if (status == ST_OK)
        status = chunked_begin(content.key, content.salt, binding_bytes(&context), out, &sealer);
    if (status == ST_OK)
        status = seal_content(sealer, type, body, section->category, size, out);
    if (status == ST_OK)
        status = wrap(hpke, envelope, section->category, content.key, section->wrap);
    secret_wipe(&content, sizeof content);
    if (status == ST_OK) {
        section->sealed_size = (uint32_t)(out->size - start);
        section->sealed_sha256 = sha256(out->start + start, out->size - start);
    }
    return status;
}

/* All sections of the plan into the envelope, `out` having room for them. */
static enum status seal_sections(const struct hpke_context *hpke, struct envelope *envelope,
                                 const struct message_type *type, struct bytes body,
                                 const struct sections *plan, struct writer *out)
{
    for (uint32_t category = 1; category <= CATEGORY_MAX; category++) {
        if (!(plan->categories & (category_set)1 << category))
            continue;
        struct sealed_section *section = &envelope->sections[envelope->section_count];
        section->category = category;
        enum status status =
            seal_section(hpke, envelope, type, body, plan->sizes[category], out, section);
        if (status != ST_OK)
            return status;
        envelope->section_count++;
    }
    return ST_OK;
}

static size_t plan_sealed_size(const struct sections *plan)
{
    size_t size = 0;

    for (uint32_t category = 1; category <= CATEGORY_MAX; category++)
        if (plan->sizes[category] > 0)
            size += sealed_size(plan->sizes[category]);
    return size;
}

enum status seal(struct sealer *sealer, struct envelope *envelope, struct bytes body,
                 const uint8_t recipient_key_id[static KEY_ID_SIZE],
                 const uint8_t recipient_key[static SEALING_KEY_SIZE], int64_t now_ms, uint8_t *out,
                 size_t room, size_t *size)
{
    const struct message_type *type = catalogue_find(envelope->type);
    struct writer writer = writer_of(out, room);
    struct envelope filled;
    struct encapsulation encapsulation;
    struct sections plan;

    assert(strcmp(envelope->sender, sealer->sender) == 0);
    if (!type)
        return ST_INVALID;
    if (body.size > BODY_MAX)
        return ST_LIMIT;
    enum status status = sections_of(type, body, &plan);
    if (status != ST_OK)
        return status;
    if (plan_sealed_size(&plan) > room)
        return ST_LIMIT;

    filled = *envelope;
    filled.section_count = 0;
    filled.categories = plan.categories;
    memcpy(filled.recipient_key_id, recipient_key_id, KEY_ID_SIZE);
    status =
        encapsulation_for(sealer->encapsulations, &filled, recipient_key, now_ms, &encapsulation);
    if (status != ST_OK)
        return status;
    memcpy(filled.encapsulation, encapsulation.enc, SEALING_KEY_SIZE);
    status = seal_sections(encapsulation.hpke, &filled, type, body, &plan, &writer);
    if (status != ST_OK)
        return status;
    assert(!writer.failed);
    filled.body_size = (uint32_t)writer.size;
    *envelope = filled;
    *size = writer.size;
    return ST_OK;
}

/* Opening */

/* The sections' plaintext: one stretch, wiped when it goes; and the body that they make. */
struct opened {
    uint8_t *data; /* owned */
    size_t room, used;
    uint8_t *whole; /* owned; whole_size bytes */
    size_t whole_size;
    uint32_t count;
    struct bytes parts[SECTIONS_MAX]; /* protobuf of each section, in `data` */
};

static void opened_free(struct opened *opened)
{
    if (opened->data)
        secret_wipe(opened->data, opened->room);
    if (opened->whole)
        secret_wipe(opened->whole, opened->whole_size);
    free(opened->data);
    free(opened->whole);
}

/* The protobuf inside a section's plaintext.
 *   ST_INVALID  the sender framed or padded it otherwise than docs/protocol.md §7 */
static enum status strip_padding(struct bytes plain, struct bytes *out)
{
    struct reader r = reader_of(plain.data, plain.size);
    size_t size = read_u32(&r);
    struct bytes body = read_bytes(&r, size);

    if (r.failed || padme(PLAIN_PREFIX + size) != plain.size)
        return ST_INVALID;
    while (r.left > 0) {
        struct bytes part = read_bytes(&r, r.left < sizeof zeroes ? r.left : sizeof zeroes);
        if (memcmp(part.data, zeroes, part.size) != 0)
            return ST_INVALID; /* a place to hide something in */
    }
    *out = body;
    return ST_OK;
}

static enum status open_section(const struct hpke_context *hpke, const struct envelope *envelope,
                                const struct sealed_section *section, struct bytes sealed,
                                struct opened *opened, struct reason *why)
{
    uint8_t content_key[CHUNKED_KEY_SIZE];
    struct binding context;
    const struct digest digest = sha256(sealed.data, sealed.size);
    uint8_t *plain = opened->data + opened->used;
    size_t size;

    if (!digest_equal(&digest, &section->sealed_sha256)) {
        reason_set(why, "section %s: not the bytes its header names",
                   category_name(section->category));
        return ST_FORGED;
    }
    enum status status = unwrap(hpke, envelope, section, content_key);
    seal_content_context(binding_start(&context), envelope, section->category);
    if (status == ST_OK)
        status = chunked_open(content_key, binding_bytes(&context), sealed, plain,
                              opened->room - opened->used, &size);
    secret_wipe(content_key, sizeof content_key);
    if (status != ST_OK) {
        reason_set(why, "section %s: does not open", category_name(section->category));
        return status;
    }
    opened->used += size;
    status = strip_padding((struct bytes){plain, size}, &opened->parts[opened->count]);
    if (status != ST_OK) {
        reason_set(why, "section %s: wrongly framed or padded", category_name(section->category));
        return status;
    }
    opened->count++;
    return ST_OK;
}

static enum status open_sections(const struct hpke_context *hpke, const struct envelope *envelope,
                                 struct bytes sealed, struct opened *opened, struct reason *why)
{
    struct reader r = reader_of(sealed.data, sealed.size);
    uint32_t last = 0;

    for (uint32_t i = 0; i < envelope->section_count; i++) {
        const struct sealed_section *section = &envelope->sections[i];
        struct bytes bytes = read_bytes(&r, section->sealed_size);

        if (r.failed)
            break;
        if (section->category <= last || section->category > CATEGORY_MAX) {
            reason_set(why, "sections are not in order of their categories");
            return ST_INVALID;
        }
        last = section->category;
        enum status status = open_section(hpke, envelope, section, bytes, opened, why);
        if (status != ST_OK)
            return status;
    }
    if (!reader_done(&r)) {
        reason_set(why, "the body has not the size that its header names");
        return ST_FORGED;
    }
    return ST_OK;
}

/* What any body, and each part of one, must keep to. `category` 0: of several. */
static enum status scan(const struct message_type *type, struct bytes body, uint32_t category,
                        struct reason *why)
{
    const struct prescan rules = {
        .depth_max = BODY_DEPTH_MAX,
        .fields_max = BODY_FIELDS_MAX,
        .heap_max = BODY_ARENA,
        .ascending = true,
        .category = category,
    };

    /* Over a bound or against a rule: for the sender it is the same answer. */
    return prescan(type->body, body, &rules, why) == ST_OK ? ST_OK : ST_INVALID;
}

static enum status scan_sections(const struct envelope *envelope, const struct message_type *type,
                                 const struct opened *opened, struct reason *why)
{
    for (uint32_t i = 0; i < opened->count; i++) {
        uint32_t category = envelope->sections[i].category;

        if (opened->parts[i].size == 0) {
            reason_set(why, "section %s: empty", category_name(category));
            return ST_INVALID;
        }
        if (scan(type, opened->parts[i], category, why) != ST_OK)
            return ST_INVALID;
    }
    return ST_OK;
}

/* The sections' body into `whole`. It is scanned again: what each section keeps to, all of them
 * together may not, and then no reader of the body would take what was delivered. */
static enum status merge(const struct message_type *type, struct opened *opened, size_t room,
                         struct reason *why)
{
    size_t size = 0;

    for (uint32_t i = 0; i < opened->count; i++)
        size += opened->parts[i].size;
    if (size > room)
        return ST_LIMIT;
    opened->whole = malloc(size);
    if (!opened->whole)
        return ST_NOMEM;
    opened->whole_size = size;
    struct writer writer = writer_of(opened->whole, size);
    enum status status = sections_merge(opened->parts, opened->count, &writer);
    return status == ST_OK ? scan(type, (struct bytes){opened->whole, size}, 0, why) : status;
}

static enum status check_body(const struct envelope *envelope, struct opened *opened, size_t room,
                              struct reason *why)
{
    const struct message_type *type = catalogue_find(envelope->type);

    if (!type || opened->count == 0) {
        reason_set(why, type ? "no sections" : "unknown type %s", envelope->type);
        return ST_INVALID;
    }
    enum status status = scan_sections(envelope, type, opened, why);
    return status == ST_OK ? merge(type, opened, room, why) : status;
}

static enum status recipient_context(const struct envelope *envelope,
                                     const uint8_t signer_spki[static DIGEST_SIZE],
                                     const uint8_t private_key[static SEALING_KEY_SIZE],
                                     struct hpke_context *out, struct reason *why)
{
    struct binding info;

    seal_info(binding_start(&info), envelope, signer_spki);
    enum status status = hpke_setup_recipient(HPKE_AES_256_GCM, envelope->encapsulation,
                                              private_key, binding_bytes(&info), out);
    if (status != ST_INVALID)
        return status;
    reason_set(why, "the encapsulation is no key"); /* a point of small order */
    return ST_FORGED;
}

enum status open_sealed(const struct envelope *envelope,
                        const uint8_t signer_spki[static DIGEST_SIZE], struct bytes sealed,
                        const uint8_t private_key[static SEALING_KEY_SIZE], uint8_t *out,
                        size_t room, size_t *size, struct reason *why)
{
    __attribute__((cleanup(opened_free))) struct opened opened = {.room = sealed.size};
    struct hpke_context hpke = {0};

    if (envelope->section_count > SECTIONS_MAX || sealed.size > SEALED_MAX) {
        reason_set(why, "more sections or bytes than a message may have");
        return ST_INVALID;
    }
    opened.data = malloc(sealed.size ? sealed.size : 1);
    if (!opened.data)
        return ST_NOMEM;
    enum status status = recipient_context(envelope, signer_spki, private_key, &hpke, why);
    if (status == ST_OK)
        status = open_sections(&hpke, envelope, sealed, &opened, why);
    hpke_wipe(&hpke);
    if (status == ST_OK)
        status = check_body(envelope, &opened, room, why);
    if (status != ST_OK)
        return status;
    memcpy(out, opened.whole, opened.whole_size);
    *size = opened.whole_size;
    return ST_OK;
}
