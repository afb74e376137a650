#include "lib/arena.h"

#include <stdint.h>
#include <stdlib.h>

#include <openssl/crypto.h>

struct chunk {
    struct chunk *older;
    size_t size, used; /* bytes of `data` */
    _Alignas(16) uint8_t data[];
};

struct arena {
    struct chunk *newest; /* owned; the oldest is the first chunk */
    size_t left;          /* bytes of room not yet made into chunks */
    ProtobufCAllocator allocator;
};

static void *allocate(void *data, size_t size)
{
    return arena_take(data, size);
}

static void ignore(void *, void *)
{
}

static bool add_chunk(struct arena *arena, size_t size)
{
    if (size > arena->left)
        return false;

    struct chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk)
        return false;
    *chunk = (struct chunk){arena->newest, size, 0};
    arena->newest = chunk;
    arena->left -= size;
    return true;
}

struct arena *arena_new(size_t first, size_t room)
{
    OWNED(arena) arena = calloc(1, sizeof *arena);

    if (!arena)
        return NULL;
    arena->left = room;
    arena->allocator = (ProtobufCAllocator){allocate, ignore, arena};
    if (!add_chunk(arena, first < room ? first : room))
        return NULL;
    return GIVE(arena);
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    while (arena->newest) {
        struct chunk *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
    free(arena);
}

void *arena_take(struct arena *arena, size_t size)
{
    struct chunk *chunk = arena->newest;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + 15) & ~(size_t)15;
    if (size > chunk->size - chunk->used) {
        size_t want = 2 * chunk->size > size ? 2 * chunk->size : size;
        if (want > arena->left)
            want = arena->left;
        if (want < size || !add_chunk(arena, want))
            return NULL;
        chunk = arena->newest;
    }
    void *taken = chunk->data + chunk->used;
    chunk->used += size;
    return taken;
}

void arena_reset(struct arena *arena, bool wipe)
{
    for (;;) {
        struct chunk *chunk = arena->newest;

        if (wipe)
            OPENSSL_cleanse(chunk->data, chunk->used);
        if (!chunk->older)
            break;
        arena->newest = chunk->older;
        arena->left += chunk->size;
        free(chunk);
    }
    arena->newest->used = 0;
}

ProtobufCAllocator *arena_allocator(struct arena *arena)
{
    return &arena->allocator;
}
