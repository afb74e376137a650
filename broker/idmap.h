/*
 * idmap.h - from an id to a number: open addressing, keyed hash, no tombstones.
 *
 * Agencies choose ids, so the hash is keyed and a run of equal homes cannot be made. 20 bytes a
 * place, at most two thirds of them taken. All O(1), but for a growth, which is O(count).
 *
 * Threads: one owner.
 */
#ifndef BROKER_IDMAP_H
#define BROKER_IDMAP_H

#include <stdint.h>

#include "lib/id.h"
#include "lib/status.h"

struct idmap {
    struct idmap_place {
        struct id id;
        uint32_t value; /* 0: empty */
    } * places;         /* owned; NULL: nothing was put yet */
    uint32_t room;      /* a power of two */
    uint32_t count;
    uint64_t seed;
};

static inline struct idmap idmap_of(uint64_t seed)
{
    return (struct idmap){.seed = seed};
}
void idmap_fini(struct idmap *map);
/* 0: not there. */
uint32_t idmap_get(const struct idmap *map, const struct id *id);
/* `value` > 0, for an id that is not there.   ST_NOMEM */
enum status idmap_put(struct idmap *map, const struct id *id, uint32_t value);
/* The same for one that is. */
void idmap_replace(struct idmap *map, const struct id *id, uint32_t value);
void idmap_remove(struct idmap *map, const struct id *id);

#endif
