/*
 * brittle.h - a disk in memory that loses its power at every operation.
 *
 * It keeps what was synced apart from what is pending. After each operation that leaves something
 * pending it asks: if the power went now, what could be on the disk? It visits those images: any
 * subset of the pending sectors and of the directory entries that were not synced; every sector of
 * the last write as its torn end; a sector that is neither old nor new. While a visit lasts, the
 * disk reads as after the cut.
 *
 * What it promises a program is POSIX's minimum: a write is there after fdatasync of its file, a
 * new file after fsync of its folder. It does not model a disk that lies about a flush.
 */
#ifndef TESTS_SIM_BRITTLE_H
#define TESTS_SIM_BRITTLE_H

#include "broker/disk.h"
#include "lib/own.h"

#define SECTOR 512 /* bytes that a disk writes whole or not at all */

struct brittle;

/* At most `file_max` files of `size_max` bytes each in one folder. Randomness comes from `seed`. */
struct brittle *brittle_new(size_t file_max, size_t size_max, uint64_t seed);
/* Another disk that holds what this one holds; during a visit, what survived the cut. Nothing is
 * pending on it. */
struct brittle *brittle_copy(const struct brittle *disk, uint64_t seed);
void brittle_free(struct brittle *disk);
OWN(brittle)

struct disk brittle_disk(struct brittle *disk);

/* From now on cuts are visited: all subsets of up to `exhaustive` pending pieces, else about
 * `samples` of them. NULL: no more. */
void brittle_visit(struct brittle *disk, unsigned exhaustive, unsigned samples,
                   void (*visit)(void *context), void *context);
/* Visits the cuts that are possible now, between two operations. */
void brittle_cut(struct brittle *disk);

/* Of everything that survived: names, sizes, bytes. For use during a visit. */
uint64_t brittle_hash(const struct brittle *disk);

/* Flips one bit of a file; false when it is beyond its end. */
bool brittle_flip(struct brittle *disk, size_t file, uint64_t offset, unsigned bit);

/* splitmix64: the one source of randomness of a run, so that its seed repeats it. */
uint64_t random_next(uint64_t *state);
/* 0 <= result < bound. */
uint64_t random_below(uint64_t *state, uint64_t bound);

#endif
