#include "lib/bytes.h"

#include <string.h>

struct reader reader_of(const void *data, size_t size)
{
    return (struct reader){data, size, false};
}

struct bytes read_bytes(struct reader *r, size_t size)
{
    struct bytes b = {r->next, size};

    if (r->failed || size > r->left) {
        r->failed = true;
        return (struct bytes){NULL, 0};
    }
    r->next += size;
    r->left -= size;
    return b;
}

void read_into(struct reader *r, void *out, size_t size)
{
    struct bytes b = read_bytes(r, size);

    if (b.size == size && size > 0)
        memcpy(out, b.data, size);
    else if (size > 0)
        memset(out, 0, size);
}

static uint64_t read_big_endian(struct reader *r, size_t size)
{
    struct bytes b = read_bytes(r, size);
    uint64_t v = 0;

    for (size_t i = 0; i < b.size; i++)
        v = v << 8 | b.data[i];
    return v;
}

uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_big_endian(r, 1);
}

uint16_t read_u16(struct reader *r)
{
    return (uint16_t)read_big_endian(r, 2);
}

uint32_t read_u32(struct reader *r)
{
    return (uint32_t)read_big_endian(r, 4);
}

uint64_t read_u64(struct reader *r)
{
    return read_big_endian(r, 8);
}

struct bytes read_prefixed(struct reader *r)
{
    return read_bytes(r, read_u32(r));
}

void read_prefixed_text(struct reader *r, char *out, size_t room)
{
    struct bytes text = read_prefixed(r);

    if (text.size >= room || (text.size > 0 && memchr(text.data, '\0', text.size))) {
        r->failed = true;
        out[0] = '\0';
        return;
    }
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

bool reader_done(const struct reader *r)
{
    return !r->failed && r->left == 0;
}

struct writer writer_of(void *data, size_t room)
{
    return (struct writer){data, 0, room, false};
}

void write_bytes(struct writer *w, const void *data, size_t size)
{
    if (w->failed || size > w->room - w->size) {
        w->failed = true;
        return;
    }
    if (size > 0)
        memcpy(w->start + w->size, data, size);
    w->size += size;
}

static void write_big_endian(struct writer *w, uint64_t v, size_t size)
{
    uint8_t b[8];

    for (size_t i = size; i-- > 0; v >>= 8)
        b[i] = (uint8_t)v;
    write_bytes(w, b, size);
}

void write_u8(struct writer *w, uint8_t v)
{
    write_big_endian(w, v, 1);
}

void write_u16(struct writer *w, uint16_t v)
{
    write_big_endian(w, v, 2);
}

void write_u32(struct writer *w, uint32_t v)
{
    write_big_endian(w, v, 4);
}

void write_u64(struct writer *w, uint64_t v)
{
    write_big_endian(w, v, 8);
}

void write_prefixed(struct writer *w, const void *data, size_t size)
{
    if (size > UINT32_MAX) {
        w->failed = true;
        return;
    }
    write_u32(w, (uint32_t)size);
    write_bytes(w, data, size);
}

void write_prefixed_text(struct writer *w, const char *text)
{
    write_prefixed(w, text, strlen(text));
}

void hex_print(const void *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = data;

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * size] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_parse(const char *text, void *out, size_t size)
{
    uint8_t *b = out;

    if (strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (hex_digit(text[2 * i]) < 0 || hex_digit(text[2 * i + 1]) < 0)
            return false;
    for (size_t i = 0; i < size; i++)
        b[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return true;
}
