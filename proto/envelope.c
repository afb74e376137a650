#include "proto/envelope.h"

#include <assert.h>
#include <string.h>

#include "lib/day.h"
#include "proto/field.h"
#include "proto/header.pb-c.h"
#include "proto/prescan.h"

#define HEADER_VERSION 1

size_t envelope_size(const struct envelope *e)
{
    return offsetof(struct envelope, sections) + e->section_count * sizeof *e->sections;
}

static enum status take_ids(const Concordat__Header *h, struct envelope *e, struct reason *why)
{
    if (!field_take(&h->message_id, e->message_id.bytes, ID_SIZE) || id_time_ms(&e->message_id) < 0
        || (e->message_id.bytes[8] & 0xc0) != 0x80)
        return field_refuse(why, "message_id", "not a version-7 UUID");
    if (!field_take(&h->share_id, e->share_id.bytes, ID_SIZE))
        return field_refuse(why, "share_id", "not 16 bytes, or zero");
    if (!field_take(&h->conversation_id, e->conversation_id.bytes, ID_SIZE))
        return field_refuse(why, "conversation_id", "not 16 bytes, or zero");
    if (!field_take_optional(&h->case_handle, e->case_handle.bytes, ID_SIZE))
        return field_refuse(why, "case_handle", "neither empty nor 16 bytes");
    if (!field_take_optional(&h->in_reply_to, e->in_reply_to.bytes, ID_SIZE))
        return field_refuse(why, "in_reply_to", "neither empty nor 16 bytes");
    if (h->leg_count == 0 || h->leg_count > LEGS_MAX)
        return field_refuse(why, "leg_count", "missing, or too many");
    if (h->sequence == 0)
        return field_refuse(why, "sequence", "missing");
    e->leg_count = h->leg_count;
    e->sequence = h->sequence;
    return ST_OK;
}

static enum status take_parties(const Concordat__Header *h, struct envelope *e, struct reason *why)
{
    if (!field_take_agency(h->sender, e->sender))
        return field_refuse(why, "sender", "not an agency id");
    if (!field_take_agency(h->recipient, e->recipient))
        return field_refuse(why, "recipient", "not an agency id");
    if (h->n_onward > ONWARD_MAX)
        return field_refuse(why, "onward", "too many agencies");
    for (size_t i = 0; i < h->n_onward; i++) {
        if (!field_take_agency(h->onward[i], e->onward[i]))
            return field_refuse(why, "onward", "not an agency id");
        for (size_t j = 0; j < i; j++)
            if (strcmp(e->onward[i], e->onward[j]) == 0)
                return field_refuse(why, "onward", "an agency twice");
    }
    e->onward_count = (uint32_t)h->n_onward;
    return ST_OK;
}

static enum status take_type(const Concordat__Header *h, struct envelope *e, struct reason *why)
{
    if (!field_take_word(h->type, e->type, TYPE_MAX))
        return field_refuse(why, "type", "missing, too long or not printable");
    const struct message_type *type = catalogue_find(e->type);
    if (!type)
        return field_refuse(why, "type", "unknown message type");
    if (h->schema_version == 0 || h->schema_version > type->schema_version)
        return field_refuse(why, "schema_version", "not known for this type");
    e->schema_version = h->schema_version;
    if ((int)h->urgency > type->urgency) /* the immediate lane is not to be had for the asking */
        return field_refuse(why, "urgency", "above its type's");
    e->urgency = (int)h->urgency; /* pre-scanned: a known value */
    e->capacity = (int)h->capacity;
    e->marking = (int)h->marking;
    return h->marking == CONCORDAT__MARKING__MARKING_UNSPECIFIED
             ? field_refuse(why, "marking", "missing")
             : ST_OK;
}

static enum status take_agreement(const Concordat__Header *h, struct envelope *e,
                                  struct reason *why)
{
    if (!field_take_word(h->agreement_id, e->agreement_id, AGREEMENT_ID_MAX))
        return field_refuse(why, "agreement_id", "missing, too long or not printable");
    if (h->agreement_version == 0)
        return field_refuse(why, "agreement_version", "missing");
    if (!field_take(&h->agreement_hash, e->agreement_hash.bytes, DIGEST_SIZE))
        return field_refuse(why, "agreement_hash", "not 32 bytes, or zero");
    if (!field_take_word(h->clause, e->clause, CLAUSE_ID_MAX))
        return field_refuse(why, "clause", "missing, too long or not printable");
    if (!field_take_word(h->purpose, e->purpose, PURPOSE_MAX) || !purpose_is_known(e->purpose))
        return field_refuse(why, "purpose", "not of the closed list");
    if (!field_take_word(h->gateway, e->gateway, GATEWAY_MAX))
        return field_refuse(why, "gateway", "missing, too long or not printable");
    e->agreement_version = h->agreement_version;
    e->retention_days = h->retention_days;
    return ST_OK;
}

static enum status take_times(const Concordat__Header *h, struct envelope *e, struct reason *why)
{
    if (h->created_ms <= 0)
        return field_refuse(why, "created_ms", "missing or before 1970");
    if (h->expires_ms <= h->created_ms)
        return field_refuse(why, "expires_ms", "not after created_ms");
    if (h->needed_by_ms < 0)
        return field_refuse(why, "needed_by_ms", "before 1970");
    if (h->watch_until_ms < 0 || h->watch_until_ms > WATCH_UNTIL_MAX_MS)
        return field_refuse(why, "watch_until_ms", "before 1970, or after the year 2199");
    if (h->watch_until_ms != 0 && !catalogue_find(e->type)->watched_until)
        return field_refuse(why, "watch_until_ms", "not for this type");
    e->created_ms = h->created_ms;
    e->expires_ms = h->expires_ms;
    e->needed_by_ms = h->needed_by_ms;
    e->watch_until_ms = h->watch_until_ms;
    return ST_OK;
}

static enum status take_section(const Concordat__Section *from, struct envelope *e,
                                struct reason *why)
{
    struct sealed_section *to = &e->sections[e->section_count];
    uint32_t last = e->section_count > 0 ? to[-1].category : 0;

    to->category = (uint32_t)from->category; /* pre-scanned: a known value */
    if (to->category <= last)
        return field_refuse(why, "sections", "not in ascending order of category");
    if (from->sealed_size == 0 || from->sealed_size > SEALED_MAX - e->body_size)
        return field_refuse(why, "sections", "sizes missing, or too large in all");
    if (!field_take(&from->sealed_sha256, to->sealed_sha256.bytes, DIGEST_SIZE))
        return field_refuse(why, "sections", "sealed_sha256 is not 32 bytes, or zero");
    if (!field_take(&from->wrap, to->wrap, WRAP_SIZE))
        return field_refuse(why, "sections", "wrap is not 48 bytes, or zero");
    to->sealed_size = from->sealed_size;
    e->body_size += from->sealed_size;
    e->categories |= UINT32_C(1) << to->category;
    e->section_count++;
    return ST_OK;
}

static enum status take_sealing(const Concordat__Header *h, struct envelope *e, struct reason *why)
{
    if (!field_take_optional(&h->officer_hash, e->officer_hash.bytes, DIGEST_SIZE))
        return field_refuse(why, "officer_hash", "neither empty nor 32 bytes");
    if (h->sender_head.len != 0)
        return field_refuse(why, "sender_head", "reserved: must be empty");
    if (!field_take(&h->recipient_key_id, e->recipient_key_id, KEY_ID_SIZE))
        return field_refuse(why, "recipient_key_id", "not 16 bytes, or zero");
    if (!field_take(&h->encapsulation, e->encapsulation, SEALING_KEY_SIZE))
        return field_refuse(why, "encapsulation", "not 32 bytes, or zero");
    if (h->n_sections == 0 || h->n_sections > SECTIONS_MAX)
        return field_refuse(why, "sections", "none, or too many");
    for (size_t i = 0; i < h->n_sections; i++) {
        enum status status = take_section(h->sections[i], e, why);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* The offer's components and what goes with the case. */
static enum status take_offer(const Concordat__Custody *c, struct custody_claim *out,
                              struct reason *why)
{
    if (c->case_version == 0)
        return field_refuse(why, "custody.case_version", "missing");
    if (c->component_count == 0 || c->component_count > COMPONENTS_MAX)
        return field_refuse(why, "custody.component_count", "not from 1 to 32");
    if (c->component_count < COMPONENTS_MAX && c->components >> c->component_count != 0)
        return field_refuse(why, "custody.components", "a bit past the last component");
    if (c->n_conversations > CONVERSATIONS_MAX)
        return field_refuse(why, "custody.conversations", "too many");
    for (size_t i = 0; i < c->n_conversations; i++) {
        struct id *id = &out->conversations[i];
        if (!field_take(&c->conversations[i], id->bytes, ID_SIZE))
            return field_refuse(why, "custody.conversations", "not 16 bytes, or zero");
        if (i > 0 && memcmp(id[-1].bytes, id->bytes, ID_SIZE) >= 0)
            return field_refuse(why, "custody.conversations", "not in ascending order");
    }
    out->component_count = c->component_count;
    out->reply_by_ms = c->reply_by_ms;
    out->conversation_count = (uint32_t)c->n_conversations;
    return ST_OK;
}

static enum status take_act(const Concordat__Custody *c, enum custody_act act,
                            struct custody_claim *out, struct reason *why)
{
    const bool offers = act == CUSTODY_OFFER;

    if (!field_take(&c->transfer_id, out->transfer_id.bytes, ID_SIZE))
        return field_refuse(why, "custody.transfer_id", "not 16 bytes, or zero");
    if ((c->components != 0) != (offers || act == CUSTODY_ACCEPT || act == CUSTODY_REJECT))
        return field_refuse(why, "custody.components", "missing, or not for this act");
    if (offers || act == CUSTODY_COMPLETE
            ? !field_take(&c->manifest_sha256, out->manifest.bytes, DIGEST_SIZE)
            : c->manifest_sha256.len != 0)
        return field_refuse(why, "custody.manifest_sha256",
                            "not 32 bytes, zero, or not for this act");
    if (!offers && (c->component_count != 0 || c->reply_by_ms != 0 || c->n_conversations != 0))
        return field_refuse(why, "custody", "what only an offer has");
    out->case_version = c->case_version;
    out->components = c->components;
    return offers ? take_offer(c, out, why) : ST_OK;
}

static enum status take_custody(const Concordat__Header *h, struct envelope *e, struct reason *why)
{
    enum custody_act act = catalogue_find(e->type)->custody;

    if ((act != CUSTODY_NONE) != (h->custody != NULL))
        return field_refuse(why, "custody", "missing, or not for this type");
    if (act == CUSTODY_NONE)
        return ST_OK;
    if (id_is_zero(&e->case_handle))
        return field_refuse(why, "case_handle", "missing in an act of custody");
    if (h->custody->reply_by_ms < 0)
        return field_refuse(why, "custody.reply_by_ms", "before 1970");
    return take_act(h->custody, act, &e->custody, why);
}

static enum status take_header(const Concordat__Header *h, struct envelope *e, struct reason *why)
{
    static enum status (*const parts[])(const Concordat__Header *, struct envelope *,
                                        struct reason *) = {
        take_ids, take_parties, take_type, take_agreement, take_times, take_sealing, take_custody,
    };

    if (h->version != HEADER_VERSION)
        return field_refuse(why, "version", "not 1");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        enum status status = parts[i](h, e, why);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status envelope_read(struct bytes header, struct arena *arena, struct envelope *out,
                          struct reason *why)
{
    static const struct prescan rules = {
        .depth_max = 1, /* sections, custody */
        .fields_max = HEADER_FIELDS_MAX,
        .heap_max = HEAD_ARENA,
        .canonical = true,
    };
    ProtobufCMessage *message;

    if (header.size > HEADER_MAX) {
        reason_set(why, "header: over %d bytes", HEADER_MAX);
        return ST_LIMIT;
    }
    arena_reset(arena, false);
    enum status status = prescan_unpack(&concordat__header__descriptor, header, &rules,
                                        arena_allocator(arena), &message, why);
    if (status != ST_OK)
        return status;
    const Concordat__Header *h = (const Concordat__Header *)message;
    struct envelope e; /* sections beyond section_count are nobody's: not worth zeroing */
    memset(&e, 0, offsetof(struct envelope, sections));
    status = take_header(h, &e, why);
    if (status == ST_OK)
        memcpy(out, &e, envelope_size(&e));
    return status;
}

/* Plans go some years ahead. What is past already was missed, and is told so. */
static bool is_years_ahead(const struct envelope *e, int64_t at_ms)
{
    return at_ms - e->created_ms > DEADLINE_AHEAD_DAYS * (int64_t)DAY_MS; /* both are positive */
}

enum status envelope_check_deadlines(const struct envelope *e, struct reason *why)
{
    if (is_years_ahead(e, e->needed_by_ms))
        return field_refuse(why, "needed_by_ms", "years after created_ms");
    if (is_years_ahead(e, e->custody.reply_by_ms))
        return field_refuse(why, "custody.reply_by_ms", "years after created_ms");
    return ST_OK;
}

static void write_section(struct writer *w, const struct sealed_section *section)
{
    size_t at = field_begin(w, 31);

    field_number(w, 1, section->category);
    field_number(w, 2, section->sealed_size);
    field_bytes(w, 3, section->sealed_sha256.bytes, DIGEST_SIZE);
    field_bytes(w, 4, section->wrap, WRAP_SIZE);
    field_end(w, at);
}

static void write_custody(struct writer *w, const struct custody_claim *c)
{
    if (id_is_zero(&c->transfer_id))
        return;
    assert(c->conversation_count <= CONVERSATIONS_MAX);
    size_t at = field_begin(w, 32);
    field_id(w, 1, &c->transfer_id);
    field_number(w, 2, c->case_version);
    field_number(w, 3, c->component_count);
    field_number(w, 4, c->components);
    field_digest(w, 5, &c->manifest);
    field_number(w, 6, (uint64_t)c->reply_by_ms);
    for (uint32_t i = 0; i < c->conversation_count; i++)
        field_bytes(w, 7, c->conversations[i].bytes, ID_SIZE);
    field_end(w, at);
}

enum status envelope_write(const struct envelope *e, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room < HEADER_MAX ? room : HEADER_MAX);

    assert(e->onward_count <= ONWARD_MAX && e->section_count <= SECTIONS_MAX);
    field_number(&w, 1, HEADER_VERSION);
    field_id(&w, 2, &e->message_id);
    field_id(&w, 3, &e->share_id);
    field_number(&w, 4, e->leg_count);
    field_text(&w, 5, e->type);
    field_number(&w, 6, e->schema_version);
    field_text(&w, 7, e->sender);
    field_text(&w, 8, e->recipient);
    field_text(&w, 9, e->agreement_id);
    field_number(&w, 10, e->agreement_version);
    field_digest(&w, 11, &e->agreement_hash);
    field_text(&w, 12, e->clause);
    field_text(&w, 13, e->purpose);
    field_text(&w, 14, e->gateway);
    field_number(&w, 15, (uint32_t)e->marking);
    field_number(&w, 16, (uint32_t)e->capacity);
    field_id(&w, 17, &e->case_handle);
    field_id(&w, 18, &e->conversation_id);
    field_number(&w, 19, e->sequence);
    field_id(&w, 20, &e->in_reply_to);
    field_number(&w, 21, (uint32_t)e->urgency);
    field_number(&w, 22, (uint64_t)e->created_ms);
    field_number(&w, 23, (uint64_t)e->needed_by_ms);
    field_number(&w, 24, (uint64_t)e->expires_ms);
    field_number(&w, 25, e->retention_days);
    for (uint32_t i = 0; i < e->onward_count; i++)
        field_text(&w, 26, e->onward[i]);
    field_digest(&w, 27, &e->officer_hash);
    field_bytes(&w, 29, e->recipient_key_id, KEY_ID_SIZE);
    field_bytes(&w, 30, e->encapsulation, SEALING_KEY_SIZE);
    for (uint32_t i = 0; i < e->section_count; i++)
        write_section(&w, &e->sections[i]);
    write_custody(&w, &e->custody);
    field_number(&w, 33, (uint64_t)e->watch_until_ms);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}
