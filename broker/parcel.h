/*
 * parcel.h - bytes that are gathered, then given away whole: to another thread, or to a socket.
 *
 * Grows by doubling, from about the size that was given away last. What is put in starts on 8
 * bytes, so that structs may lie in it. A parcel of zeroes is empty and ready for use.
 *
 * Threads: one owner; giving it away moves the buffer.
 */
#ifndef BROKER_PARCEL_H
#define BROKER_PARCEL_H

#include <stddef.h>
#include <stdint.h>

struct parcel {
    uint8_t *data; /* owned, from malloc; NULL while empty */
    size_t size, room;
    size_t usual; /* bytes: where the next one starts */
};

void parcel_fini(struct parcel *parcel);
/* Room for `size` more bytes, in place but not counted yet; NULL when memory is out. Earlier
 * pointers into the parcel are void. */
uint8_t *parcel_room(struct parcel *parcel, size_t size);
/* `size` more bytes, counted, the next ones aligned again; not zeroed. NULL when memory is out. */
void *parcel_add(struct parcel *parcel, size_t size);
/* Nothing in it any more; keeps at most `keep` bytes of room. */
void parcel_clear(struct parcel *parcel, size_t keep);
/* Hands the buffer on, cut to its size where that saves memory; the parcel is empty then. */
uint8_t *parcel_give(struct parcel *parcel, size_t *size);

#endif
