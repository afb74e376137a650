/*
 * base64.h - the standard alphabet with padding, RFC 4648 §4, and nothing looser: no line breaks,
 * no other alphabet, no bits left over.
 */
#ifndef AGENTS_BASE64_H
#define AGENTS_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4 + 1) /* with the NUL */

void base64_print(const uint8_t *data, size_t size, char *out); /* BASE64_SIZE(size) */
/* `out` has room for size / 4 * 3 bytes. */
bool base64_parse(const char *text, size_t size, uint8_t *out, size_t *out_size);

#endif
