#include "tests/system/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/system/community.h"

void text_add(struct text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int size = vsnprintf(t->bytes + t->size, sizeof t->bytes - t->size, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof t->bytes - t->size)
        fail("a text is too long");
    t->size += (size_t)size;
}
