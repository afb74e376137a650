/* Header bytes from a peer: refused, or an envelope that writes exactly these bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct envelope envelope;
    uint8_t again[HEADER_MAX];
    size_t size_again;

    if (!arena)
        arena = arena_new(HEAD_ARENA, HEAD_ARENA);
    if (!arena || envelope_read((struct bytes){data, size}, arena, &envelope, NULL) != ST_OK)
        return 0;
    if (envelope_write(&envelope, again, sizeof again, &size_again) != ST_OK || size_again != size
        || memcmp(again, data, size) != 0)
        abort();
    return 0;
}
