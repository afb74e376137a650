/*
 * bytes.h - the only way to bytes that came from outside.
 *
 * A reader walks a borrowed buffer and never leaves it: the first read past the
 * end makes it `failed` and every later read gives zeroes, so a parser checks
 * once at its end. A writer fills a caller's buffer the same way. Integers are
 * big-endian. Neither allocates.
 */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed stretch of bytes. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

struct reader {
    const uint8_t *next;
    size_t left; /* bytes */
    bool failed;
};

struct reader reader_of(const void *data, size_t size);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* `size` bytes inside the buffer; {NULL, 0} and failed when fewer are left. */
struct bytes read_bytes(struct reader *r, size_t size);
/* u32 length, then that many bytes. */
struct bytes read_prefixed(struct reader *r);
/* Such a text of at most room - 1 bytes, without NUL inside; ends it with one. */
void read_prefixed_text(struct reader *r, char *out, size_t room);
/* Copies `size` bytes; zeroes `out` and fails when fewer are left. */
void read_into(struct reader *r, void *out, size_t size);
/* All was well and nothing is left over. */
bool reader_done(const struct reader *r);

struct writer {
    uint8_t *start;
    size_t size, room; /* bytes written, bytes there are */
    bool failed;       /* something did not fit: `size` no longer counts */
};

struct writer writer_of(void *data, size_t room);
void write_u8(struct writer *w, uint8_t v);
void write_u16(struct writer *w, uint16_t v);
void write_u32(struct writer *w, uint32_t v);
void write_u64(struct writer *w, uint64_t v);
void write_bytes(struct writer *w, const void *data, size_t size);
/* u32 length, then the bytes: the length-prefixed encoding of docs/protocol.md. */
void write_prefixed(struct writer *w, const void *data, size_t size);
void write_prefixed_text(struct writer *w, const char *text); /* prefixed, without its NUL */

/* Lower-case hexadecimal; `out` holds 2 * size + 1 bytes. */
void hex_print(const void *data, size_t size, char *out);
/* Exactly 2 * size hexadecimal digits and a NUL; false for anything else. */
bool hex_parse(const char *text, void *out, size_t size);

#endif
