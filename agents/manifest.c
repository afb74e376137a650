#include "agents/manifest.h"

static enum status measure(const ProtobufCMessage *message, struct arena *arena,
                           struct part_measure *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_take(arena, size ? size : 1);

    if (!bytes)
        return ST_NOMEM;
    (void)protobuf_c_message_pack(message, bytes);
    *out = (struct part_measure){size, sha256(bytes, size)};
    return ST_OK;
}

enum status manifest_measure(struct bytes body, struct arena *arena, struct part_measure *out)
{
    Concordat__Body__RecordPart *part;

    arena_reset(arena, true);
    part = concordat__body__record_part__unpack(arena_allocator(arena), body.size, body.data);
    if (!part)
        return ST_INVALID;
    part->on_behalf_of = NULL; /* the arena's */
    return measure(&part->base, arena, out) == ST_OK ? ST_OK : ST_INVALID;
}

enum status manifest_digest(const Concordat__Body__RecordManifest *manifest, struct arena *arena,
                            struct digest *out)
{
    struct part_measure whole;

    if (measure(&manifest->base, arena, &whole) != ST_OK)
        return ST_NOMEM;
    *out = whole.sha256;
    return ST_OK;
}
