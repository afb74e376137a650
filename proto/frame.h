/*
 * frame.h - frames from a byte stream, and back.
 *
 *     u32 head size | u32 body size | head | body          big-endian
 *
 * A frame is valid when its head is 1..head_max bytes and its body at most body_max; both depend on
 * the session's state and are checked before room is made for it. Room grows only with the bytes
 * that have come, never with the size announced. The head is one protobuf message (session.proto),
 * the body raw sealed sections that nobody here looks into.
 *
 * Threads: one owner. Does no I/O and, once it has grown to the largest frame seen, no allocation.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/own.h"
#include "lib/status.h"

struct frame {
    struct bytes head, body; /* borrowed from the reader until its next call */
};

struct frame_reader; /* gathers bytes */

struct frame_reader *frame_reader_new(void); /* NULL when memory is out */
void frame_reader_free(struct frame_reader *reader);
OWN(frame_reader)

/* From now on heads and bodies may be this large; the state of the session decides. */
void frame_reader_limit(struct frame_reader *reader, size_t head_max, size_t body_max);

/* Room for at least one byte to read into, at most what the limits allow: fill it, then call
 * frame_reader_filled. NULL when memory is out, or when it is full of frames not taken yet: call
 * frame_next until ST_MORE first. */
uint8_t *frame_reader_room(struct frame_reader *reader, size_t *room);
void frame_reader_filled(struct frame_reader *reader, size_t size);

/* The next whole frame.
 *   ST_MORE     not all of it is there
 *   ST_INVALID  an empty head, or a size over the limits: end the session */
enum status frame_next(struct frame_reader *reader, struct frame *out);

/* Bytes held that no frame has used. */
size_t frame_reader_held(const struct frame_reader *reader);

/* Writes prefix into `out`; sizes must be within limits.h. */
void frame_prefix(uint8_t out[static FRAME_PREFIX], size_t head_size, size_t body_size);

#endif
