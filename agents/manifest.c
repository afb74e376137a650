#include "agents/manifest.h"

#include <assert.h>

#include "agents/sections.h"

#define FIELDS_MAX 64 /* a part's body has a third of it, and none comes twice */

/* By tag, whatever the order: what comes in sections stands in the order of their categories. */
struct part_measure manifest_measure(struct bytes body)
{
    struct reader r = reader_of(body.data, body.size);
    struct bytes fields[FIELDS_MAX];
    uint32_t tags[FIELDS_MAX];
    struct field field;
    size_t count = 0, size = 0;

    while (next_field(&r, &field)) {
        size_t at = count;

        if (field.tag == ON_BEHALF_OF)
            continue;
        assert(count < FIELDS_MAX); /* checked against its schema */
        for (; at > 0 && tags[at - 1] > field.tag; at--) {
            tags[at] = tags[at - 1];
            fields[at] = fields[at - 1];
        }
        tags[at] = field.tag;
        fields[at] = field.whole;
        size += field.whole.size;
        count++;
    }
    return (struct part_measure){size, sha256_parts(fields, count)};
}
