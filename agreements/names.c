#include "agreements/names.h"

#include <assert.h>
#include <stdlib.h>

static enum status make_room(size_t count, struct names *out)
{
    uint32_t room = 4;
    uint16_t *places;

    assert(count <= NAMES_INDEX_MAX);
    while (room < 2 * count)
        room *= 2;
    if (!(places = calloc(room, sizeof *places)))
        return ST_NOMEM;
    free(out->places);
    *out = (struct names){places, room - 1};
    return ST_OK;
}

static void put(struct names *names, const char *name, size_t number)
{
    uint32_t at = name_hash(name) & names->mask;

    while (names->places[at])
        at = (at + 1) & names->mask;
    names->places[at] = (uint16_t)(number + 1);
}

enum status names_build(const void *first, size_t stride, size_t count, struct names *out)
{
    if (make_room(count, out) != ST_OK)
        return ST_NOMEM;
    for (size_t i = 0; i < count; i++)
        put(out, (const char *)first + i * stride, i);
    return ST_OK;
}

enum status names_build_of(const void *const *objects, size_t count, struct names *out)
{
    if (make_room(count, out) != ST_OK)
        return ST_NOMEM;
    for (size_t i = 0; i < count; i++)
        put(out, objects[i], i);
    return ST_OK;
}

void names_free(struct names *names)
{
    free(names->places);
    *names = (struct names){0};
}
