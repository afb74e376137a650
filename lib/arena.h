/*
 * arena.h - bounded memory for one message, given to protobuf-c as its allocator.
 *
 * protobuf-c 1.4.1 has no limits of its own: an input of empty sub-messages
 * becomes 52 times its size on the heap. An arena stops at its room, and one
 * reset gives everything back. Grows by chunks up to that room, keeps the first
 * chunk over resets, so that steady work allocates nothing.
 *
 * Threads: one owner.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "lib/own.h"

struct arena;

/* Room for `room` bytes in all, `first` of them at once; NULL when memory is out. */
struct arena *arena_new(size_t first, size_t room);
void arena_free(struct arena *arena); /* NULL is fine */
OWN(arena)

/* `size` bytes, 16-aligned, not zeroed; NULL when the room or memory is used up. */
void *arena_take(struct arena *arena, size_t size);
/* Everything taken is void. With `wipe` the bytes are cleared: they held content. */
void arena_reset(struct arena *arena, bool wipe);
/* Its face towards protobuf-c; valid as long as the arena. free() does nothing. */
ProtobufCAllocator *arena_allocator(struct arena *arena);

#endif
