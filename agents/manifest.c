#include "agents/manifest.h"

#include "agents/sections.h"

#define ON_BEHALF_OF 100 /* tag: who it is sent for */

struct part_measure manifest_measure(struct bytes body)
{
    struct reader r = reader_of(body.data, body.size);
    struct field field;
    size_t size = 0;

    while (next_field(&r, &field) && field.tag != ON_BEHALF_OF)
        size += field.whole.size;
    return (struct part_measure){size, sha256(body.data, size)};
}
