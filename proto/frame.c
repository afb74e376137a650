#include "proto/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Bytes read at once while the limits are wide: one TLS record and part of the next. */
#define CHUNK ((size_t)32 * 1024)

struct frame_reader {
    uint8_t *data;     /* owned; NULL until the first byte */
    size_t room;       /* bytes of data */
    size_t start, end; /* what is held: data[start..end) */
    size_t head_max, body_max;
};

struct frame_reader *frame_reader_new(void)
{
    struct frame_reader *reader = calloc(1, sizeof *reader);

    if (reader)
        frame_reader_limit(reader, HEAD_MAX_BEFORE_HELLO, 0);
    return reader;
}

void frame_reader_free(struct frame_reader *reader)
{
    if (!reader)
        return;
    free(reader->data);
    free(reader);
}

void frame_reader_limit(struct frame_reader *reader, size_t head_max, size_t body_max)
{
    assert(head_max <= HEAD_MAX && body_max <= SEALED_MAX);
    reader->head_max = head_max;
    reader->body_max = body_max;
}

size_t frame_reader_held(const struct frame_reader *reader)
{
    return reader->end - reader->start;
}

/* Moves what is held to the front, so that the room behind it is in one piece. */
static void compact(struct frame_reader *reader)
{
    size_t held = frame_reader_held(reader);

    if (reader->start > 0 && held > 0)
        memmove(reader->data, reader->data + reader->start, held);
    reader->start = 0;
    reader->end = held;
}

/* Doubles, so never more than twice what has really come, whatever a prefix announces. */
static bool grow(struct frame_reader *reader, size_t most)
{
    size_t room = 2 * reader->room > CHUNK ? 2 * reader->room : CHUNK;

    if (room > most)
        room = most;
    uint8_t *data = realloc(reader->data, room);
    if (!data)
        return false;
    reader->data = data;
    reader->room = room;
    return true;
}

uint8_t *frame_reader_room(struct frame_reader *reader, size_t *room)
{
    size_t most = FRAME_PREFIX + reader->head_max + reader->body_max;
    bool is_full = reader->end - reader->start == reader->room;

    compact(reader);
    if (reader->room < most && (is_full || reader->room < CHUNK) && !grow(reader, most))
        return NULL;
    if (reader->end == reader->room)
        return NULL; /* full of frames that nobody has taken */
    *room = reader->room - reader->end;
    return reader->data + reader->end;
}

void frame_reader_filled(struct frame_reader *reader, size_t size)
{
    assert(size <= reader->room - reader->end);
    reader->end += size;
}

enum status frame_next(struct frame_reader *reader, struct frame *out)
{
    size_t held = frame_reader_held(reader);

    if (held < FRAME_PREFIX)
        return ST_MORE;
    struct reader r = reader_of(reader->data + reader->start, held);
    size_t head_size = read_u32(&r), body_size = read_u32(&r);
    if (head_size == 0 || head_size > reader->head_max || body_size > reader->body_max)
        return ST_INVALID;
    if (held - FRAME_PREFIX < head_size + body_size)
        return ST_MORE;
    out->head = read_bytes(&r, head_size);
    out->body = read_bytes(&r, body_size);
    reader->start += FRAME_PREFIX + head_size + body_size;
    return ST_OK;
}

void frame_prefix(uint8_t out[static FRAME_PREFIX], size_t head_size, size_t body_size)
{
    struct writer w = writer_of(out, FRAME_PREFIX);

    assert(head_size > 0 && head_size <= HEAD_MAX && body_size <= SEALED_MAX);
    write_u32(&w, (uint32_t)head_size);
    write_u32(&w, (uint32_t)body_size);
}
