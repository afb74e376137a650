/*
 * text.h - a text that is composed piece by piece: an agreement, a body.
 *
 * Failures end the test.
 */
#ifndef TESTS_SYSTEM_TEXT_H
#define TESTS_SYSTEM_TEXT_H

#include <stddef.h>

#define TEXT_ROOM 32768

struct text {
    char bytes[TEXT_ROOM]; /* NUL-terminated once something is in it */
    size_t size;           /* 0: empty */
};

void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
