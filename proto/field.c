#include "proto/field.h"

#include <assert.h>
#include <string.h>

#define VARINT_MAX 10 /* bytes of 64 bits in groups of 7 */

enum { /* wire types */
    NUMBER = 0,
    FIXED_64 = 1,
    SIZED = 2
};

/* Writes `v` to `out`; gives the bytes used. */
static size_t encode(uint8_t out[static VARINT_MAX], uint64_t v)
{
    size_t size = 0;

    for (; v >= 0x80; v >>= 7)
        out[size++] = (uint8_t)(v | 0x80);
    out[size++] = (uint8_t)v;
    return size;
}

size_t field_varint_size(uint64_t v)
{
    uint8_t scratch[VARINT_MAX];

    return encode(scratch, v);
}

void field_varint(struct writer *w, uint64_t v)
{
    uint8_t b[VARINT_MAX];

    write_bytes(w, b, encode(b, v));
}

/* Tag and one more number in one write. */
static void begin(struct writer *w, uint32_t tag, uint32_t wire, uint64_t v)
{
    uint8_t b[2 * VARINT_MAX];
    size_t size = encode(b, (uint64_t)tag << 3 | wire);

    size += encode(b + size, v);
    write_bytes(w, b, size);
}

void field_number(struct writer *w, uint32_t tag, uint64_t v)
{
    if (v != 0)
        begin(w, tag, NUMBER, v);
}

void field_bytes(struct writer *w, uint32_t tag, const void *data, size_t size)
{
    if (size == 0)
        return;
    begin(w, tag, SIZED, size);
    write_bytes(w, data, size);
}

void field_text(struct writer *w, uint32_t tag, const char *text)
{
    field_bytes(w, tag, text, strlen(text));
}

void field_id(struct writer *w, uint32_t tag, const struct id *id)
{
    if (!id_is_zero(id))
        field_bytes(w, tag, id->bytes, sizeof id->bytes);
}

void field_digest(struct writer *w, uint32_t tag, const struct digest *digest)
{
    static const struct digest none;

    if (!digest_equal(digest, &none))
        field_bytes(w, tag, digest->bytes, sizeof digest->bytes);
}

size_t field_begin(struct writer *w, uint32_t tag)
{
    begin(w, tag, SIZED, 0); /* the zero is the byte set aside */
    return w->size;
}

void field_end(struct writer *w, size_t at)
{
    uint8_t length[VARINT_MAX];

    if (w->failed)
        return;
    size_t content = w->size - at, size = encode(length, content);
    static const uint8_t zeroes[VARINT_MAX];
    write_bytes(w, zeroes, size - 1); /* room for a longer length, if there is any */
    if (w->failed)
        return;
    if (size > 1)
        memmove(w->start + at - 1 + size, w->start + at, content);
    memcpy(w->start + at - 1, length, size);
}

bool field_take(const ProtobufCBinaryData *from, void *to, size_t size)
{
    static const uint8_t zeroes[SIGNATURE_SIZE];

    assert(size <= sizeof zeroes);
    if (from->len != size || memcmp(from->data, zeroes, size) == 0)
        return false;
    memcpy(to, from->data, size);
    return true;
}

bool field_take_optional(const ProtobufCBinaryData *from, void *to, size_t size)
{
    return from->len == 0 || field_take(from, to, size);
}

bool field_take_word(const char *from, char *to, size_t max)
{
    size_t size = strnlen(from, max + 1);

    if (size == 0 || size > max)
        return false;
    for (size_t i = 0; i < size; i++)
        if (from[i] <= ' ' || from[i] > '~')
            return false;
    memcpy(to, from, size + 1);
    return true;
}

bool field_take_agency(const char *from, char to[static AGENCY_MAX + 1])
{
    return agency_is_valid(from) && field_take_word(from, to, AGENCY_MAX);
}

bool field_take_bytes(const ProtobufCBinaryData *from, size_t max, struct bytes *to)
{
    if (from->len == 0 || from->len > max)
        return false;
    *to = (struct bytes){from->data, from->len};
    return true;
}

uint64_t field_read_varint(struct reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = read_u8(r);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80)
            break;
    }
    return v;
}

struct bytes field_find(struct bytes message, uint32_t tag)
{
    struct reader r = reader_of(message.data, message.size);

    while (r.left > 0 && !r.failed) {
        uint64_t key = field_read_varint(&r);

        if ((key & 7) == SIZED) {
            struct bytes content = read_bytes(&r, field_read_varint(&r));
            if (key >> 3 == tag)
                return content;
        } else if ((key & 7) == NUMBER) {
            (void)field_read_varint(&r);
        } else {
            (void)read_bytes(&r, (key & 7) == FIXED_64 ? 8 : 4);
        }
    }
    return (struct bytes){NULL, 0};
}

bool field_find_number(struct bytes message, uint32_t tag, uint64_t *out)
{
    struct reader r = reader_of(message.data, message.size);

    while (r.left > 0 && !r.failed) {
        uint64_t key = field_read_varint(&r), number;

        if ((key & 7) == NUMBER) {
            number = field_read_varint(&r);
            if (key >> 3 == tag && !r.failed) {
                *out = number;
                return true;
            }
        } else if ((key & 7) == SIZED) {
            (void)read_bytes(&r, field_read_varint(&r));
        } else {
            (void)read_bytes(&r, (key & 7) == FIXED_64 ? 8 : 4);
        }
    }
    return false;
}

enum status field_refuse(struct reason *why, const char *field, const char *fault)
{
    reason_set(why, "%s: %s", field, fault);
    return ST_INVALID;
}

static void *take_scratch(void *data, size_t size)
{
    struct field_scratch *scratch = data;
    size_t rounded = (size + 15) & ~(size_t)15;

    if (rounded < size || rounded > sizeof scratch->room - scratch->used)
        return NULL;
    scratch->used += rounded;
    return scratch->room + scratch->used - rounded;
}

static void ignore(void *, void *)
{
}

ProtobufCAllocator *field_scratch_allocator(struct field_scratch *scratch)
{
    scratch->allocator = (ProtobufCAllocator){take_scratch, ignore, scratch};
    scratch->used = 0;
    return &scratch->allocator;
}
