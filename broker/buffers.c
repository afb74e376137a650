#include "broker/buffers.h"

#include <stdlib.h>

#define BATCH_ROOM 64  /* buffers at first */
#define KEPT_ROOM 1024 /* the same */

void buffers_fini(struct buffers *b)
{
    buffers_release(b, UINT64_MAX);
    for (uint32_t i = 0; i < b->batch_count; i++)
        (void)zmq_msg_close(&b->batch[i].msg);
    free(b->batch);
    free(b->kept);
}

/* ---- of the batch ---- */

/* An empty one; NULL: memory is out. */
static struct buffer *add(struct buffers *b)
{
    if (b->batch_count == b->batch_room) {
        uint32_t room = b->batch_room ? 2 * b->batch_room : BATCH_ROOM;
        struct buffer *batch = reallocarray(b->batch, room, sizeof *batch);
        if (!batch)
            return NULL;
        b->batch = batch;
        b->batch_room = room;
    }
    struct buffer *buffer = &b->batch[b->batch_count++];
    (void)zmq_msg_init(&buffer->msg);
    buffer->used = false;
    return buffer;
}

static void measure(struct buffer *buffer)
{
    buffer->data = zmq_msg_data(&buffer->msg);
    buffer->size = zmq_msg_size(&buffer->msg);
}

enum status buffers_add_turn(struct buffers *b, zmq_msg_t *turn)
{
    struct buffer *buffer = add(b);

    if (!buffer)
        return ST_NOMEM;
    (void)zmq_msg_copy(&buffer->msg, turn);
    measure(buffer);
    return ST_OK;
}

static void free_page(void *data, void *)
{
    free(data);
}

enum status buffers_add_page(struct buffers *b, const struct page *page)
{
    struct buffer *buffer = add(b);

    if (!buffer || zmq_msg_init_data(&buffer->msg, page->data, page->size, free_page, NULL) != 0)
        return ST_NOMEM;
    measure(buffer);
    return ST_OK;
}

/* ---- where the parts are ---- */

/* The place of `data` among the batch's; parts come in about their order. */
static uint32_t find(const struct buffers *b, const uint8_t *data, uint32_t hint)
{
    for (uint32_t i = 0; i < b->batch_count; i++) {
        uint32_t at = (hint + i) % b->batch_count;
        if (data >= b->batch[at].data && data < b->batch[at].data + b->batch[at].size)
            return at;
    }
    abort(); /* a part that lies nowhere */
}

void buffers_locate(struct buffers *b, const struct iovec parts[], int count, struct piece pieces[])
{
    uint32_t at = 0;

    for (int i = 0; i < count; i++) {
        const uint8_t *data = parts[i].iov_base;
        at = find(b, data, at);
        b->batch[at].used = true;
        pieces[i] =
            (struct piece){at, (uint32_t)parts[i].iov_len, (uint64_t)(data - b->batch[at].data)};
    }
    /* Only those in use are given, so places among all become places among those. */
    for (int i = 0; i < count; i++) {
        uint32_t all = pieces[i].buffer, used = 0;
        for (uint32_t j = 0; j < all; j++)
            used += b->batch[j].used;
        pieces[i].buffer = used;
    }
}

zmq_msg_t *buffers_next_used(struct buffers *b, uint32_t *at)
{
    while (*at < b->batch_count) {
        struct buffer *buffer = &b->batch[(*at)++];
        if (buffer->used)
            return &buffer->msg;
    }
    return NULL;
}

/* ---- kept ---- */

static enum status make_room(struct buffers *b)
{
    uint32_t room = b->kept_room ? 2 * b->kept_room : KEPT_ROOM;

    if (b->kept_count < b->kept_room)
        return ST_OK;
    struct buffer_kept *ring = reallocarray(NULL, room, sizeof *ring);
    if (!ring)
        return ST_NOMEM;
    for (uint32_t i = 0; i < b->kept_count; i++)
        ring[i] = b->kept[(b->kept_first + i) % b->kept_room];
    free(b->kept);
    b->kept = ring;
    b->kept_room = room;
    b->kept_first = 0;
    return ST_OK;
}

enum status buffers_keep(struct buffers *b, uint64_t last)
{
    for (uint32_t i = 0; i < b->batch_count; i++) {
        struct buffer *buffer = &b->batch[i];
        if (!buffer->used) {
            (void)zmq_msg_close(&buffer->msg);
            continue;
        }
        if (make_room(b) != ST_OK)
            return ST_NOMEM;
        struct buffer_kept *kept = &b->kept[(b->kept_first + b->kept_count++) % b->kept_room];
        (void)zmq_msg_init(&kept->msg);
        (void)zmq_msg_move(&kept->msg, &buffer->msg);
        kept->last = last;
        (void)zmq_msg_close(&buffer->msg);
    }
    b->batch_count = 0;
    return ST_OK;
}

void buffers_release(struct buffers *b, uint64_t sequence)
{
    while (b->kept_count > 0 && b->kept[b->kept_first].last <= sequence) {
        (void)zmq_msg_close(&b->kept[b->kept_first].msg);
        b->kept_first = (b->kept_first + 1) % b->kept_room;
        b->kept_count--;
    }
}
