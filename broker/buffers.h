/*
 * buffers.h - the buffers that a batch's records lie in, and how long they stay.
 *
 *     turn, page --add--> of the batch --keep--> until a checkpoint holds it --release--> closed
 *
 * Records are never copied: the journal writes them from where a link put them, the state thread
 * reads them there, and the exchange points into them until it reads them from the store. So each
 * buffer that holds a part of a batch is kept up to the sequence of the batch's last event.
 *
 * Threads: one owner, the exchange thread; the state thread reads shared copies (zmq_msg_copy).
 */
#ifndef BROKER_BUFFERS_H
#define BROKER_BUFFERS_H

#include <zmq.h>

#include "broker/draft.h"
#include "broker/stage.h"

/* One of the batch: a turn that a link wrote, or a page of the exchange's own records. */
struct buffer {
    zmq_msg_t msg;
    const uint8_t *data;
    size_t size;
    bool used; /* a part of the batch lies in it */
};

/* One that is kept until a checkpoint holds everything up to `last`. */
struct buffer_kept {
    zmq_msg_t msg;
    uint64_t last;
};

/* Zeroes are an empty one. */
struct buffers {
    struct buffer *batch; /* owned; in the order in which they came */
    uint32_t batch_count, batch_room;
    struct buffer_kept *kept; /* owned; a ring, oldest first */
    uint32_t kept_first, kept_count, kept_room;
};

void buffers_fini(struct buffers *buffers);

/* Shares the turn: the caller closes its own.   ST_NOMEM */
enum status buffers_add_turn(struct buffers *buffers, zmq_msg_t *turn);
/* Takes the page's data.   ST_NOMEM */
enum status buffers_add_page(struct buffers *buffers, const struct page *page);

/* Where the batch's parts lie: pieces[i] of parts[i]; its buffer counts those in use alone. Every
 * part must lie in a buffer of the batch. O(parts + buffers) when parts come in the order of the
 * buffers, as the exchange's do. */
void buffers_locate(struct buffers *buffers, const struct iovec parts[], int count,
                    struct piece pieces[]);
/* Those in use, in the order that pieces count by: *at is 0 at first; NULL: no more. */
zmq_msg_t *buffers_next_used(struct buffers *buffers, uint32_t *at);

/* The batch is over, its last event was `last`: what is in use is kept, the rest closed.
 *   ST_NOMEM    memory is out, and some may be kept */
enum status buffers_keep(struct buffers *buffers, uint64_t last);
/* A checkpoint holds everything up to `sequence`, and nobody points there any more. */
void buffers_release(struct buffers *buffers, uint64_t sequence);

#endif
