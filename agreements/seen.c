#include "agreements/seen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

static bool is_free(const struct digest *slot)
{
    static const struct digest none;

    return digest_equal(slot, &none);
}

/* Where it is, or where it would go. At least one slot is free. */
static size_t slot_of(const struct digest *slots, size_t room, const struct digest *digest)
{
    uint64_t start;

    memcpy(&start, digest->bytes, sizeof start);
    size_t at = start & (room - 1);
    while (!is_free(&slots[at]) && !digest_equal(&slots[at], digest))
        at = (at + 1) & (room - 1);
    return at;
}

void seen_fini(struct seen *seen)
{
    free(seen->slots);
    *seen = (struct seen){0};
}

bool seen_has(const struct seen *seen, const struct digest *digest)
{
    return seen->room > 0 && !is_free(&seen->slots[slot_of(seen->slots, seen->room, digest)]);
}

enum status seen_reserve(struct seen *seen, size_t more)
{
    size_t room = seen->room ? seen->room : ROOM_FIRST;

    while (2 * (seen->count + more) > room)
        room *= 2;
    if (room == seen->room)
        return ST_OK;
    struct digest *slots = calloc(room, sizeof *slots);
    if (!slots)
        return ST_NOMEM;
    for (size_t i = 0; i < seen->room; i++)
        if (!is_free(&seen->slots[i]))
            slots[slot_of(slots, room, &seen->slots[i])] = seen->slots[i];
    free(seen->slots);
    seen->slots = slots;
    seen->room = room;
    return ST_OK;
}

void seen_add(struct seen *seen, const struct digest *digest)
{
    size_t at = slot_of(seen->slots, seen->room, digest);

    assert(!is_free(digest));
    if (!is_free(&seen->slots[at]))
        return;
    assert(2 * (seen->count + 1) <= seen->room);
    seen->slots[at] = *digest;
    seen->count++;
}

struct digest seen_instrument(const struct digest *instrument, const struct digest *key)
{
    static const char domain[] = "concordat/1 seen instrument"; /* with its NUL */
    const struct bytes parts[] = {{(const uint8_t *)domain, sizeof domain},
                                  {instrument->bytes, DIGEST_SIZE},
                                  {key->bytes, DIGEST_SIZE}};

    return sha256_parts(parts, sizeof parts / sizeof *parts);
}

struct digest seen_proposal(const struct id *proposal_id)
{
    static const char domain[] = "concordat/1 seen proposal";
    const struct bytes parts[] = {{(const uint8_t *)domain, sizeof domain},
                                  {proposal_id->bytes, ID_SIZE}};

    return sha256_parts(parts, sizeof parts / sizeof *parts);
}
