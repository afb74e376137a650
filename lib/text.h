/*
 * text.h - copies of bounded texts: that it fits is a promise, and is checked.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <assert.h>
#include <string.h>

static inline void text_copy(char *to, size_t room, const char *from)
{
    size_t size = strlen(from) + 1;

    assert(size <= room);
    memcpy(to, from, size);
}

/* `to` is an array. */
#define TEXT_COPY(to, from) text_copy((to), sizeof(to), (from))

#endif
