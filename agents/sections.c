#include "agents/sections.h"

#include <assert.h>

static uint64_t read_varint(struct reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = read_u8(r);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    r->failed = true;
    return 0;
}

static void skip_value(struct reader *r, unsigned wire_type)
{
    switch (wire_type) {
    case 0:
        (void)read_varint(r);
        return;
    case 1:
        (void)read_bytes(r, 8);
        return;
    case 2:
        (void)read_bytes(r, read_varint(r));
        return;
    case 5:
        (void)read_bytes(r, 4);
        return;
    default:
        r->failed = true; /* groups: never ours */
    }
}

bool next_field(struct reader *r, struct field *out)
{
    const uint8_t *start = r->next;
    size_t left = r->left;

    if (r->failed || left == 0)
        return false;
    uint64_t key = read_varint(r);
    if (key >> 3 == 0 || key >> 3 > UINT32_MAX)
        r->failed = true;
    skip_value(r, key & 7);
    *out = (struct field){(uint32_t)(key >> 3), {start, left - r->left}};
    return !r->failed;
}

enum status sections_of(const struct message_type *type, struct bytes body, struct sections *out)
{
    struct reader r = reader_of(body.data, body.size);
    struct sections found = {0};
    struct field field;
    uint32_t last = 0;

    while (next_field(&r, &field)) {
        uint32_t category = category_of_field(type->body, field.tag);
        if (field.tag < last || category == 0 || category > CATEGORY_MAX)
            return ST_INVALID;
        found.sizes[category] += field.whole.size;
        found.categories |= (category_set)1 << category;
        last = field.tag;
    }
    if (r.failed || found.categories == 0)
        return ST_INVALID;
    *out = found;
    return ST_OK;
}

enum status sections_merge(const struct bytes parts[], uint32_t count, struct writer *out)
{
    struct reader readers[SECTIONS_MAX];
    struct field heads[SECTIONS_MAX];
    bool live[SECTIONS_MAX];

    assert(count <= SECTIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        readers[i] = reader_of(parts[i].data, parts[i].size);
        live[i] = next_field(&readers[i], &heads[i]);
    }
    for (;;) {
        uint32_t least = count;
        for (uint32_t i = 0; i < count; i++)
            if (live[i] && (least == count || heads[i].tag < heads[least].tag))
                least = i;
        if (least == count)
            break;
        write_bytes(out, heads[least].whole.data, heads[least].whole.size);
        live[least] = next_field(&readers[least], &heads[least]);
    }
    for (uint32_t i = 0; i < count; i++)
        if (readers[i].failed)
            return ST_INVALID;
    return out->failed ? ST_LIMIT : ST_OK;
}
