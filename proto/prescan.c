#include "proto/prescan.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "lib/limits.h"
#include "proto/catalogue.h"
#include "proto/field_rules.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5
};

#define PREFIX_MAX 5   /* bytes of a tag or a length, as in protobuf-c */
#define ALLOCATION 16u /* bytes that one allocation may lose to alignment */
#define SCANNED_MEMBER                                                                             \
    80u                      /* bytes protobuf-c keeps for a field while it unpacks, doubled slabs \
                              */
#define FIELDS_OF_ONE_MAX 64 /* of one message type: bits of `seen` */

/* How protobuf-c treats a type: on the wire, and in an array. */
static const struct {
    uint8_t wire;
    uint8_t element; /* bytes */
} shapes[] = {
    [PROTOBUF_C_TYPE_INT32] = {WIRE_VARINT, 4},
    [PROTOBUF_C_TYPE_SINT32] = {WIRE_VARINT, 4},
    [PROTOBUF_C_TYPE_SFIXED32] = {WIRE_32, 4},
    [PROTOBUF_C_TYPE_INT64] = {WIRE_VARINT, 8},
    [PROTOBUF_C_TYPE_SINT64] = {WIRE_VARINT, 8},
    [PROTOBUF_C_TYPE_SFIXED64] = {WIRE_64, 8},
    [PROTOBUF_C_TYPE_UINT32] = {WIRE_VARINT, 4},
    [PROTOBUF_C_TYPE_FIXED32] = {WIRE_32, 4},
    [PROTOBUF_C_TYPE_UINT64] = {WIRE_VARINT, 8},
    [PROTOBUF_C_TYPE_FIXED64] = {WIRE_64, 8},
    [PROTOBUF_C_TYPE_FLOAT] = {WIRE_32, 4},
    [PROTOBUF_C_TYPE_DOUBLE] = {WIRE_64, 8},
    [PROTOBUF_C_TYPE_BOOL] = {WIRE_VARINT, 4},
    [PROTOBUF_C_TYPE_ENUM] = {WIRE_VARINT, 4},
    [PROTOBUF_C_TYPE_STRING] = {WIRE_BYTES, 8},
    [PROTOBUF_C_TYPE_BYTES] = {WIRE_BYTES, sizeof(ProtobufCBinaryData)},
    [PROTOBUF_C_TYPE_MESSAGE] = {WIRE_BYTES, 8},
};

/* A message being walked; the ones around it are below it on the stack. */
struct level {
    const ProtobufCMessageDescriptor *type;
    struct reader reader; /* what is left of it */
    uint64_t seen;        /* bit n: type->fields[n] came */
    unsigned index;       /* of the last field */
    uint32_t last_tag;
};

struct scan {
    const struct prescan *rules;
    const struct message_rules *categories; /* of the top message, when rules->category is set */
    struct bytes input;
    struct reason *why;
    size_t heap;
    uint32_t fields;
    unsigned depth;
    struct level levels[BODY_DEPTH_MAX + 1];
};

static size_t offset_of(const struct scan *scan)
{
    return (size_t)(scan->levels[scan->depth].reader.next - scan->input.data);
}

static enum status refuse(const struct scan *scan, const ProtobufCFieldDescriptor *field,
                          const char *fault)
{
    const char *type = scan->levels[scan->depth].type->short_name;

    reason_set(scan->why, "%s%s%s, byte %zu: %s", type, field ? "." : "", field ? field->name : "",
               offset_of(scan), fault);
    return ST_INVALID;
}

static enum status limit(const struct scan *scan, const char *what)
{
    reason_set(scan->why, "%s, byte %zu: too %s", scan->levels[scan->depth].type->short_name,
               offset_of(scan), what);
    return ST_LIMIT;
}

/* A varint straight from the reader's fields: this is the innermost loop of every parse. */
static bool take_varint(struct reader *r, bool minimal, uint64_t *out)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64 && r->left > 0; shift += 7) {
        uint8_t b = *r->next;
        r->next++;
        r->left--;
        if (shift == 63 && b > 1)
            return false; /* over 64 bits */
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = v;
            return b != 0 || shift == 0 || !minimal;
        }
    }
    return false;
}

/* A tag or a length: at most 32 bits in at most PREFIX_MAX bytes. */
static bool take_prefix(struct reader *r, bool minimal, uint32_t *out)
{
    size_t left = r->left;
    uint64_t v;

    if (!take_varint(r, minimal, &v) || left - r->left > PREFIX_MAX || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* Bytes of the UTF-8 character that starts `text` (RFC 3629 §4); 0 when none does, or it is NUL. */
static size_t character_size(const uint8_t *text, size_t left)
{
    uint8_t a = text[0];

    if (a < 0x80)
        return a != 0;
    size_t size = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
    if (a < 0xc2 || a > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (a == 0xe0 && text[1] < 0xa0) || (a == 0xf0 && text[1] < 0x90);
    bool surrogate = a == 0xed && text[1] >= 0xa0;
    bool beyond = a == 0xf4 && text[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

static bool is_text(struct bytes text)
{
    const uint64_t high = UINT64_C(0x8080808080808080), ones = UINT64_C(0x0101010101010101);
    size_t i = 0;

    while (i < text.size) {
        uint64_t word;
        if (text.size - i >= sizeof word) { /* eight ASCII characters at a time */
            memcpy(&word, text.data + i, sizeof word);
            if (((word | (word - ones)) & high) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t size = character_size(text.data + i, text.size - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

/* What is wrong with a number, or NULL. */
static const char *number_fault(const struct scan *scan, const ProtobufCFieldDescriptor *field,
                                uint64_t v)
{
    bool is_int32 = v <= INT32_MAX || v >= (uint64_t)INT64_C(-0x80000000);

    if (field->type == PROTOBUF_C_TYPE_BOOL && v > 1)
        return "neither true nor false";
    if ((field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_SINT32)
        && v > UINT32_MAX)
        return "over 32 bits";
    if ((field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_ENUM) && !is_int32)
        return "over 32 bits";
    if (scan->rules->canonical && field->type == PROTOBUF_C_TYPE_ENUM
        && !protobuf_c_enum_descriptor_get_value(field->descriptor, (int)(int64_t)v))
        return "an unknown value";
    return NULL;
}

/* proto3 leaves out a scalar that has its default value; a member of a oneof it does not. */
static bool is_implicit(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_NONE && !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        && field->type != PROTOBUF_C_TYPE_MESSAGE;
}

static bool is_zero(struct bytes fixed)
{
    for (size_t i = 0; i < fixed.size; i++)
        if (fixed.data[i] != 0)
            return false;
    return true;
}

static enum status scan_packed(struct scan *scan, const ProtobufCFieldDescriptor *field,
                               struct bytes packed)
{
    struct reader r = reader_of(packed.data, packed.size);
    size_t wire = shapes[field->type].wire;
    uint32_t count = 0;

    if (scan->rules->canonical && packed.size == 0)
        return refuse(scan, field, "an empty list is left out");
    while (r.left > 0) {
        uint64_t v;
        if (wire == WIRE_VARINT) {
            if (!take_varint(&r, scan->rules->canonical, &v))
                return refuse(scan, field, "a broken or needlessly long number");
            const char *fault = number_fault(scan, field, v);
            if (fault)
                return refuse(scan, field, fault);
        } else if (read_bytes(&r, wire == WIRE_64 ? 8 : 4).size == 0) {
            return refuse(scan, field, "cut short");
        }
        count++;
    }
    scan->fields += count;
    scan->heap += (size_t)count * shapes[field->type].element;
    return ST_OK;
}

static enum status enter(struct scan *scan, const ProtobufCFieldDescriptor *field,
                         struct bytes message)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;

    if (scan->depth == scan->rules->depth_max)
        return limit(scan, "deep");
    assert(type->n_fields <= FIELDS_OF_ONE_MAX);
    scan->heap += type->sizeof_message + ALLOCATION;
    scan->levels[++scan->depth] = (struct level){
        .type = type,
        .reader = reader_of(message.data, message.size),
    };
    return ST_OK;
}

/* Text, bytes, a message or a packed list. */
static enum status scan_sized(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    struct reader *r = &scan->levels[scan->depth].reader;
    uint32_t size;

    if (!take_prefix(r, scan->rules->canonical, &size))
        return refuse(scan, field, "a broken or needlessly long length");
    if (size > r->left)
        return refuse(scan, field, "cut short");
    if (size == 0 && scan->rules->canonical && is_implicit(field))
        return refuse(scan, field, "a default value is left out");

    struct bytes content = read_bytes(r, size);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return enter(scan, field, content);
    if (field->type == PROTOBUF_C_TYPE_STRING && !is_text(content))
        return refuse(scan, field, "not UTF-8, or with a NUL");
    if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_BYTES)
        return scan_packed(scan, field, content);
    scan->heap += (size_t)size + 1 + ALLOCATION;
    return ST_OK;
}

static enum status scan_number(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    struct reader *r = &scan->levels[scan->depth].reader;
    bool canonical = scan->rules->canonical, zero;

    if (shapes[field->type].wire == WIRE_VARINT) {
        uint64_t v;
        if (!take_varint(r, canonical, &v))
            return refuse(scan, field, "a broken or needlessly long number");
        const char *fault = number_fault(scan, field, v);
        if (fault)
            return refuse(scan, field, fault);
        zero = v == 0;
    } else {
        struct bytes fixed = read_bytes(r, shapes[field->type].wire == WIRE_64 ? 8 : 4);
        if (fixed.size == 0)
            return refuse(scan, field, "cut short");
        zero = is_zero(fixed);
    }
    if (zero && canonical && is_implicit(field))
        return refuse(scan, field, "a default value is left out");
    return ST_OK;
}

static bool oneof_is_taken(const struct level *level, const ProtobufCFieldDescriptor *field)
{
    for (unsigned i = 0; i < level->type->n_fields; i++)
        if (level->seen >> i & 1 && (level->type->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            && level->type->fields[i].quantifier_offset == field->quantifier_offset)
            return true;
    return false;
}

/* The field of this tag: mostly the last one or its successor, else by search. */
static const ProtobufCFieldDescriptor *field_of(const struct level *level, uint32_t tag)
{
    const ProtobufCMessageDescriptor *type = level->type;

    for (unsigned i = level->index; i < type->n_fields && i < level->index + 2; i++)
        if (type->fields[i].id == tag)
            return &type->fields[i];
    return protobuf_c_message_descriptor_get_field(type, tag);
}

/* May this field stand here: order, repetition, oneof, category? */
static enum status admit(struct scan *scan, const ProtobufCFieldDescriptor *field, bool packed)
{
    struct level *level = &scan->levels[scan->depth];
    unsigned index = (unsigned)(field - level->type->fields);
    bool again = level->seen >> index & 1, repeated = field->label == PROTOBUF_C_LABEL_REPEATED;

    if ((scan->rules->canonical || (scan->rules->ascending && scan->depth == 0))
        && field->id < level->last_tag)
        return refuse(scan, field, "out of order");
    if (again && (!repeated || (packed && scan->rules->canonical)))
        return refuse(scan, field, "comes twice");
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && oneof_is_taken(level, field))
        return refuse(scan, field, "a second choice where there is one");
    if (scan->categories && scan->depth == 0
        && scan->categories->fields[index].category != scan->rules->category)
        return refuse(scan, field, "of another data category than its section");
    level->seen |= UINT64_C(1) << index;
    level->index = index;
    level->last_tag = field->id;
    scan->heap += SCANNED_MEMBER;
    if (repeated)
        scan->heap += shapes[field->type].element + (again ? 0u : ALLOCATION);
    return ST_OK;
}

static enum status scan_field(struct scan *scan)
{
    struct level *level = &scan->levels[scan->depth];
    uint32_t key;

    if (!take_prefix(&level->reader, scan->rules->canonical, &key))
        return refuse(scan, NULL, "a broken or needlessly long tag");
    const ProtobufCFieldDescriptor *field = field_of(level, key >> 3);
    if (!field)
        return refuse(scan, NULL, "an unknown field");
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool sized = shapes[field->type].wire == WIRE_BYTES;
    bool packed = repeated && !sized && (key & 7) == WIRE_BYTES;
    if ((key & 7) != shapes[field->type].wire && !packed)
        return refuse(scan, field, "of another wire type");
    if (repeated && !sized && !packed && scan->rules->canonical)
        return refuse(scan, field, "a list of numbers is packed");

    enum status status = admit(scan, field, packed);
    if (status != ST_OK)
        return status;
    scan->fields++;
    return sized || packed ? scan_sized(scan, field) : scan_number(scan, field);
}

static enum status check_bounds(const struct scan *scan)
{
    if (scan->fields > scan->rules->fields_max)
        return limit(scan, "many fields");
    if (scan->heap > scan->rules->heap_max)
        return limit(scan, "large in memory");
    return ST_OK;
}

enum status prescan(const ProtobufCMessageDescriptor *type, struct bytes input,
                    const struct prescan *rules, struct reason *why)
{
    struct scan scan = {
        .rules = rules,
        .categories = rules->category ? message_rules_of(type) : NULL,
        .input = input,
        .why = why,
        .heap = type->sizeof_message + ALLOCATION,
    };

    assert(rules->depth_max <= BODY_DEPTH_MAX && type->n_fields <= FIELDS_OF_ONE_MAX);
    assert(!rules->category || scan.categories);
    scan.levels[0] = (struct level){.type = type, .reader = reader_of(input.data, input.size)};

    enum status status = check_bounds(&scan);
    while (status == ST_OK) {
        if (scan.levels[scan.depth].reader.left == 0) {
            if (scan.depth == 0)
                return ST_OK;
            scan.depth--;
            continue;
        }
        status = scan_field(&scan);
        if (status == ST_OK)
            status = check_bounds(&scan);
    }
    return status;
}

enum status prescan_unpack(const ProtobufCMessageDescriptor *type, struct bytes input,
                           const struct prescan *rules, ProtobufCAllocator *allocator,
                           ProtobufCMessage **out, struct reason *why)
{
    enum status status = prescan(type, input, rules, why);

    if (status != ST_OK)
        return status;
    ProtobufCMessage *message = protobuf_c_message_unpack(type, allocator, input.size, input.data);
    if (!message) {
        reason_set(why, "%s: larger in memory than its bound", type->short_name);
        return ST_LIMIT;
    }
    *out = message;
    return ST_OK;
}
