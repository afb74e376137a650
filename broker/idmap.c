#include "broker/idmap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

void idmap_fini(struct idmap *map)
{
    free(map->places);
}

/* 64 x 64 -> 128 bits, folded: one bit of input changes half of the output. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t home_of(const struct idmap *map, const struct id *id)
{
    uint64_t half[2];

    memcpy(half, id->bytes, sizeof half);
    return (uint32_t)mix(half[0] ^ map->seed, half[1] ^ (map->seed * UINT64_C(0x9e3779b97f4a7c15)))
         & (map->room - 1);
}

/* The id's place, or the empty one where it would stand. */
static uint32_t place_of(const struct idmap *map, const struct id *id)
{
    uint32_t at = home_of(map, id);

    while (map->places[at].value != 0 && !id_equal(&map->places[at].id, id))
        at = (at + 1) & (map->room - 1);
    return at;
}

uint32_t idmap_get(const struct idmap *map, const struct id *id)
{
    return map->room > 0 ? map->places[place_of(map, id)].value : 0;
}

static enum status grow(struct idmap *map)
{
    struct idmap bigger = {
        .room = map->room > 0 ? 2 * map->room : ROOM_FIRST, .count = map->count, .seed = map->seed};

    if (bigger.room == 0)
        return ST_NOMEM;
    bigger.places = calloc(bigger.room, sizeof *bigger.places);
    if (!bigger.places)
        return ST_NOMEM;
    for (uint32_t i = 0; i < map->room; i++)
        if (map->places[i].value != 0)
            bigger.places[place_of(&bigger, &map->places[i].id)] = map->places[i];
    free(map->places);
    *map = bigger;
    return ST_OK;
}

enum status idmap_put(struct idmap *map, const struct id *id, uint32_t value)
{
    assert(value > 0);

    if (map->count >= map->room - map->room / 3 && grow(map) != ST_OK)
        return ST_NOMEM;
    struct idmap_place *place = &map->places[place_of(map, id)];
    assert(place->value == 0);
    *place = (struct idmap_place){*id, value};
    map->count++;
    return ST_OK;
}

void idmap_replace(struct idmap *map, const struct id *id, uint32_t value)
{
    struct idmap_place *place = &map->places[place_of(map, id)];

    assert(value > 0 && place->value != 0);
    place->value = value;
}

void idmap_remove(struct idmap *map, const struct id *id)
{
    uint32_t mask = map->room - 1, gap;

    if (map->room == 0)
        return;
    gap = place_of(map, id);
    if (map->places[gap].value == 0)
        return;
    /* Close the gap with later ones of the run, so that no tombstones gather. */
    for (uint32_t at = (gap + 1) & mask; map->places[at].value != 0; at = (at + 1) & mask) {
        uint32_t home = home_of(map, &map->places[at].id);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            map->places[gap] = map->places[at];
            gap = at;
        }
    }
    map->places[gap].value = 0;
    map->count--;
}
