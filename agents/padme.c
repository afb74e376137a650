#include "agents/padme.h"

#include <limits.h>

/* Position of the highest bit; `v` is not 0. */
static unsigned log2_floor(size_t v)
{
    return (unsigned)(sizeof v * CHAR_BIT - 1) - (unsigned)__builtin_clzl(v);
}

size_t padme(size_t size)
{
    if (size < 2)
        return size;

    unsigned exponent = log2_floor(size);
    unsigned kept = log2_floor(exponent ? exponent : 1) + 1; /* bits of the mantissa that stay */
    size_t low = ((size_t)1 << (exponent > kept ? exponent - kept : 0)) - 1;

    return (size + low) & ~low;
}
