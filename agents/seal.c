#include "agents/seal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/chunked.h"
#include "agents/crypto.h"
#include "agents/hpke.h"
#include "agents/padme.h"
#include "lib/secret.h"
#include "proto/prescan.h"

#define PLAIN_PREFIX 4 /* u32 size */
#define CATEGORY_MAX SECTIONS_MAX

static const uint8_t zeroes[4096];

/* Bodies as top-level fields */

struct field {
    uint32_t tag;
    struct bytes whole; /* tag and value */
};

static uint64_t read_varint(struct reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = read_u8(r);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    r->failed = true;
    return 0;
}

static void skip_value(struct reader *r, unsigned wire_type)
{
    switch (wire_type) {
    case 0:
        (void)read_varint(r);
        return;
    case 1:
        (void)read_bytes(r, 8);
        return;
    case 2:
        (void)read_bytes(r, read_varint(r));
        return;
    case 5:
        (void)read_bytes(r, 4);
        return;
    default:
        r->failed = true; /* groups: never ours */
    }
}

/* The next field; false at the end and when the bytes break the encoding (`r` is failed then). */
static bool next_field(struct reader *r, struct field *out)
{
    const uint8_t *start = r->next;
    size_t left = r->left;

    if (r->failed || left == 0)
        return false;
    uint64_t key = read_varint(r);
    if (key >> 3 == 0 || key >> 3 > UINT32_MAX)
        r->failed = true;
    skip_value(r, key & 7);
    *out = (struct field){(uint32_t)(key >> 3), {start, left - r->left}};
    return !r->failed;
}

category_set body_categories(const struct message_type *type, struct bytes body)
{
    struct reader r = reader_of(body.data, body.size);
    struct field field;
    category_set set = 0;

    while (next_field(&r, &field)) {
        uint32_t category = category_of_field(type->body, field.tag);
        if (category > 0 && category <= CATEGORY_MAX)
            set |= (category_set)1 << category;
    }
    return set;
}

size_t sealed_size(size_t size)
{
    return chunked_sealed_size(padme(PLAIN_PREFIX + size));
}

/* Bindings */

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

/* A binding on the stack. */
struct binding {
    uint8_t data[SEAL_BINDING_MAX];
    struct writer writer;
};

static struct writer *binding_start(struct binding *binding)
{
    binding->writer = writer_of(binding->data, sizeof binding->data);
    return &binding->writer;
}

static struct bytes binding_bytes(const struct binding *binding)
{
    assert(!binding->writer.failed); /* every part is bounded by limits.h */
    return (struct bytes){binding->data, binding->writer.size};
}

/* The key that wraps one section's content key. It serves once, hence the zero nonce. */
static enum status wrapping_key(const struct hpke_context *hpke, const struct envelope *envelope,
                                uint32_t category, uint8_t key[static GCM_KEY_SIZE])
{
    struct binding context;

    seal_exporter_context(binding_start(&context), envelope, category);
    return hpke_export(hpke, binding_bytes(&context), key, GCM_KEY_SIZE);
}

static const uint8_t zero_nonce[GCM_NONCE_SIZE];

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

/* The sealer: encapsulations that serve many messages */

#define ID_SLOTS (2 * SEAL_CONTEXT_MESSAGES) /* half empty at worst */

struct encapsulation {
    char recipient[AGENCY_MAX + 1]; /* these three name it */
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t recipient_key[SEALING_KEY_SIZE];
    struct hpke_context *hpke; /* owned, in secret memory; NULL while the place is empty */
    uint8_t enc[SEALING_KEY_SIZE];
    int64_t made_ms;
    uint64_t used; /* the sealer's count when it last served */
    uint32_t message_count;
    struct id *ids; /* owned: a hash table of ID_SLOTS, zero is empty */
};

struct sealer {
    char sender[AGENCY_MAX + 1];
    uint8_t signer_spki[DIGEST_SIZE];
    pid_t process; /* a forked child must not go on with its parent's encapsulations */
    uint64_t used;
    struct encapsulation places[SEAL_CONTEXTS];
};

struct sealer *sealer_new(const char *sender, const uint8_t signer_spki[static DIGEST_SIZE])
{
    struct sealer *sealer = calloc(1, sizeof *sealer);

    assert(strlen(sender) <= AGENCY_MAX);
    if (!sealer)
        return NULL;
    memcpy(sealer->sender, sender, strlen(sender));
    memcpy(sealer->signer_spki, signer_spki, DIGEST_SIZE);
    sealer->process = getpid();
    return sealer;
}

static void clear_place(struct encapsulation *place)
{
    secret_free(place->hpke, sizeof *place->hpke);
    free(place->ids);
    *place = (struct encapsulation){0};
}

void sealer_free(struct sealer *sealer)
{
    if (!sealer)
        return;
    for (size_t i = 0; i < SEAL_CONTEXTS; i++)
        clear_place(&sealer->places[i]);
    free(sealer);
}

/* The slot that holds `id`, or the empty one where it belongs. */
static struct id *id_slot(struct id *slots, const struct id *id)
{
    struct reader tail = reader_of(id->bytes + 8, 8); /* the random half of an RFC 9562 id */

    for (size_t i = (size_t)(read_u64(&tail) % ID_SLOTS);; i = (i + 1) % ID_SLOTS)
        if (id_is_zero(&slots[i]) || id_equal(&slots[i], id))
            return &slots[i];
}

/* May this encapsulation serve a message of this id now? */
static bool may_serve(const struct encapsulation *place, const struct id *message_id,
                      int64_t now_ms)
{
    return now_ms >= place->made_ms && now_ms - place->made_ms < SEAL_CONTEXT_MS
        && place->message_count < SEAL_CONTEXT_MESSAGES
        && id_is_zero(id_slot(place->ids, message_id));
}

/* The place of a recipient's key, else an empty one, else the idlest one emptied. */
static struct encapsulation *place_of(struct sealer *sealer, const char *recipient,
                                      const uint8_t key_id[static KEY_ID_SIZE],
                                      const uint8_t key[static SEALING_KEY_SIZE])
{
    struct encapsulation *idlest = &sealer->places[0];

    for (size_t i = 0; i < SEAL_CONTEXTS; i++) {
        struct encapsulation *place = &sealer->places[i];
        if (place->hpke && strcmp(place->recipient, recipient) == 0
            && memcmp(place->key_id, key_id, KEY_ID_SIZE) == 0
            && memcmp(place->recipient_key, key, SEALING_KEY_SIZE) == 0)
            return place;
        if (place->used < idlest->used)
            idlest = place;
    }
    clear_place(idlest);
    return idlest;
}

static enum status encapsulate(const struct sealer *sealer, const struct envelope *envelope,
                               const uint8_t key[static SEALING_KEY_SIZE], int64_t now_ms,
                               struct encapsulation *place)
{
    struct binding info;

    clear_place(place);
    place->hpke = secret_alloc(sizeof *place->hpke);
    place->ids = calloc(ID_SLOTS, sizeof *place->ids);
    seal_info(binding_start(&info), envelope, sealer->signer_spki);
    enum status status = place->hpke && place->ids ? hpke_setup_sender(
                             HPKE_AES_256_GCM, key, binding_bytes(&info), place->enc, place->hpke)
                                                   : ST_NOMEM;
    if (status != ST_OK) {
        clear_place(place);
        return status;
    }
    memcpy(place->recipient, envelope->recipient, sizeof place->recipient);
    memcpy(place->key_id, envelope->recipient_key_id, KEY_ID_SIZE);
    memcpy(place->recipient_key, key, SEALING_KEY_SIZE);
    place->made_ms = now_ms;
    return ST_OK;
}

/* An encapsulation for this message, which it then remembers. */
static enum status encapsulation_for(struct sealer *sealer, const struct envelope *envelope,
                                     const uint8_t key[static SEALING_KEY_SIZE], int64_t now_ms,
                                     struct encapsulation **out)
{
    if (sealer->process != getpid()) {
        for (size_t i = 0; i < SEAL_CONTEXTS; i++)
            clear_place(&sealer->places[i]);
        sealer->process = getpid();
    }
    struct encapsulation *place =
        place_of(sealer, envelope->recipient, envelope->recipient_key_id, key);
    if (!place->hpke || !may_serve(place, &envelope->message_id, now_ms)) {
        enum status status = encapsulate(sealer, envelope, key, now_ms, place);
        if (status != ST_OK)
            return status;
    }
    *id_slot(place->ids, &envelope->message_id) = envelope->message_id;
    place->message_count++;
    place->used = ++sealer->used;
    *out = place;
    return ST_OK;
}

/* Sealing */

/* Bytes of each category in the body. */
struct plan {
    size_t sizes[CATEGORY_MAX + 1];
    category_set categories;
};

static enum status plan_sections(const struct message_type *type, struct bytes body,
                                 struct plan *plan)
{
    struct reader r = reader_of(body.data, body.size);
    struct field field;
    uint32_t last = 0;

    *plan = (struct plan){0};
    while (next_field(&r, &field)) {
        uint32_t category = category_of_field(type->body, field.tag);
        if (field.tag < last || category == 0 || category > CATEGORY_MAX)
            return ST_INVALID;
        plan->sizes[category] += field.whole.size;
        plan->categories |= (category_set)1 << category;
        last = field.tag;
    }
    return !r.failed && plan->categories ? ST_OK : ST_INVALID;
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
                                 const struct plan *plan, struct writer *out)
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

static size_t plan_sealed_size(const struct plan *plan)
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
    struct encapsulation *encapsulation;
    struct plan plan;

    assert(strcmp(envelope->sender, sealer->sender) == 0);
    if (!type)
        return ST_INVALID;
    if (body.size > BODY_MAX)
        return ST_LIMIT;
    enum status status = plan_sections(type, body, &plan);
    if (status != ST_OK)
        return status;
    if (plan_sealed_size(&plan) > room)
        return ST_LIMIT;

    filled = *envelope;
    filled.section_count = 0;
    filled.categories = plan.categories;
    memcpy(filled.recipient_key_id, recipient_key_id, KEY_ID_SIZE);
    status = encapsulation_for(sealer, &filled, recipient_key, now_ms, &encapsulation);
    if (status != ST_OK)
        return status;
    memcpy(filled.encapsulation, encapsulation->enc, SEALING_KEY_SIZE);
    status = seal_sections(encapsulation->hpke, &filled, type, body, &plan, &writer);
    if (status != ST_OK)
        return status;
    assert(!writer.failed);
    filled.body_size = (uint32_t)writer.size;
    *envelope = filled;
    *size = writer.size;
    return ST_OK;
}

/* Opening */

/* The sections' plaintext: one stretch, wiped when it goes. */
struct opened {
    uint8_t *data; /* owned */
    size_t room, used;
    uint32_t count;
    struct bytes parts[SECTIONS_MAX]; /* protobuf of each section, in `data` */
};

static void opened_free(struct opened *opened)
{
    if (opened->data)
        secret_wipe(opened->data, opened->room);
    free(opened->data);
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

static enum status scan_sections(const struct envelope *envelope, const struct opened *opened,
                                 struct reason *why)
{
    const struct message_type *type = catalogue_find(envelope->type);

    if (!type || opened->count == 0) {
        reason_set(why, type ? "no sections" : "unknown type %s", envelope->type);
        return ST_INVALID;
    }
    for (uint32_t i = 0; i < opened->count; i++) {
        const struct prescan rules = {
            .depth_max = BODY_DEPTH_MAX,
            .fields_max = BODY_FIELDS_MAX,
            .heap_max = BODY_ARENA,
            .ascending = true,
            .category = envelope->sections[i].category,
        };
        /* Over a bound or against a rule: for the sender it is the same answer. */
        if (opened->parts[i].size == 0
            || prescan(type->body, opened->parts[i], &rules, why) != ST_OK)
            return ST_INVALID;
    }
    return ST_OK;
}

/* All fields in order of their tags. No tag is in two sections: each section was scanned for its
 * own category, and a tag has one. */
static enum status merge_sections(const struct opened *opened, struct writer *out)
{
    struct reader readers[SECTIONS_MAX];
    struct field heads[SECTIONS_MAX];
    bool live[SECTIONS_MAX];

    for (uint32_t i = 0; i < opened->count; i++) {
        readers[i] = reader_of(opened->parts[i].data, opened->parts[i].size);
        live[i] = next_field(&readers[i], &heads[i]);
    }
    for (;;) {
        uint32_t least = SECTIONS_MAX;
        for (uint32_t i = 0; i < opened->count; i++)
            if (live[i] && (least == SECTIONS_MAX || heads[i].tag < heads[least].tag))
                least = i;
        if (least == SECTIONS_MAX)
            break;
        write_bytes(out, heads[least].whole.data, heads[least].whole.size);
        live[least] = next_field(&readers[least], &heads[least]);
    }
    for (uint32_t i = 0; i < opened->count; i++)
        if (readers[i].failed)
            return ST_INVALID;
    return ST_OK;
}

static size_t opened_size(const struct opened *opened)
{
    size_t size = 0;

    for (uint32_t i = 0; i < opened->count; i++)
        size += opened->parts[i].size;
    return size;
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
    struct writer writer = writer_of(out, room);
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
        status = scan_sections(envelope, &opened, why);
    if (status == ST_OK && opened_size(&opened) > room)
        status = ST_LIMIT;
    if (status == ST_OK)
        status = merge_sections(&opened, &writer);
    if (status == ST_OK)
        *size = writer.size;
    return status;
}
