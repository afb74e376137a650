/* An opened section: the pre-scan's answer is right about depth and memory, so unpacking into that
 * much never fails. The first byte chooses type and category. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "proto/catalogue.h"
#include "proto/prescan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    ProtobufCMessage *message;
    size_t types;
    const struct message_type *all = catalogue_all(&types);

    if (!arena)
        arena = arena_new((size_t)1 << 20, (size_t)1 << 20);
    if (!arena || size == 0)
        return 0;
    const struct prescan rules = {
        .depth_max = BODY_DEPTH_MAX,
        .fields_max = BODY_FIELDS_MAX,
        .heap_max = (size_t)1 << 20,
        .ascending = true,
        .category = (data[0] >> 2) % (SECTIONS_MAX + 1),
    };
    const ProtobufCMessageDescriptor *type = all[data[0] % types].body;
    struct bytes input = {data + 1, size - 1};

    arena_reset(arena, false);
    if (prescan(type, input, &rules, NULL) == ST_OK
        && prescan_unpack(type, input, &rules, arena_allocator(arena), &message, NULL) != ST_OK)
        abort();
    return 0;
}
