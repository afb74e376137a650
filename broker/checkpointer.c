#include "broker/checkpointer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "broker/counters.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/loop.h"

#define EVERY_MS 1000 /* between commits */
#define DISK_RESERVE                                                                               \
    (UINT64_C(64) * 1024 * 1024) /* bytes kept free for what was accepted already */
#define NOTES_A_TURN 256

/* Buffers in the order of their arrival. */
struct shelf {
    zmq_msg_t *buffers; /* owned */
    uint32_t count, room;
};

struct checkpointer {
    struct checkpointer_config config; /* the pipe is owned */
    struct loop *loop;                 /* owned */
    pthread_t thread;
    struct shelf shelf;   /* all since the last commit */
    uint32_t batch_first; /* in the shelf: first buffer of the batch that is arriving */
    size_t gathered;      /* bytes since the last commit */
    struct journal_mark mark;
    bool has_batch;                 /* something is gathered, and `mark` is its end */
    bool last;                      /* nothing comes any more */
    struct note_checkpoint *report; /* owned: one that the pipe had no room for */
};

/* The first error ends the process: nothing is retried, and nothing of it was acknowledged that a
 * start would not find in the journal. */
_Noreturn static void stop_process(const char *what, enum status status)
{
    log_event(LOG_ERROR, "state_failed", "what=%s status=%s errno=\"%s\"", what,
              status_name(status), strerror(errno));
    _exit(EXIT_FAILURE);
}

/* Lets go of the first `count` buffers; those behind them belong to a batch still arriving. */
static void clear_shelf(struct shelf *shelf, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)zmq_msg_close(&shelf->buffers[i]);
    for (uint32_t i = count; i < shelf->count; i++) {
        (void)zmq_msg_init(&shelf->buffers[i - count]);
        (void)zmq_msg_move(&shelf->buffers[i - count], &shelf->buffers[i]);
        (void)zmq_msg_close(&shelf->buffers[i]);
    }
    shelf->count -= count;
}

static void put_on_shelf(struct shelf *shelf, zmq_msg_t *msg)
{
    if (shelf->count == shelf->room) {
        uint32_t room = shelf->room ? 2 * shelf->room : 256;
        zmq_msg_t *buffers = reallocarray(shelf->buffers, room, sizeof *buffers);
        if (!buffers)
            stop_process("shelf", ST_NOMEM);
        /* A zmq_msg_t may be moved with its memory: libzmq keeps no pointer to it. */
        shelf->buffers = buffers;
        shelf->room = room;
    }
    (void)zmq_msg_init(&shelf->buffers[shelf->count]);
    (void)zmq_msg_move(&shelf->buffers[shelf->count], msg);
    shelf->count++;
}

static void give_report(struct checkpointer *c)
{
    if (c->report && pipe_give(c->config.exchange, c->report, sizeof *c->report) == ST_OK)
        c->report = NULL;
}

/* In 1/1000. A disk without reserve counts as full: what is refused now can come later, what was
 * accepted must find room. */
static uint32_t fullness(const struct checkpointer *c)
{
    struct statvfs disk;

    if (statvfs(c->config.folder, &disk) == 0
        && (uint64_t)disk.f_bavail * disk.f_frsize < DISK_RESERVE)
        return 1000;
    return state_fullness(c->config.state);
}

static void commit(struct checkpointer *c)
{
    int64_t start_ms = clock_monotonic_ms();

    if (!c->has_batch)
        return;
    enum status status = state_commit(c->config.state, &c->mark);
    if (status != ST_OK)
        stop_process("commit", status);
    clear_shelf(&c->shelf,
                c->batch_first); /* before the report: the exchange's copies are then the last */
    c->batch_first = 0;
    c->gathered = 0;
    c->has_batch = false;

    uint32_t took_ms = (uint32_t)(clock_monotonic_ms() - start_ms);
    struct note_checkpoint *report = c->report ? c->report : calloc(1, sizeof *report);
    if (!report)
        stop_process("report", ST_NOMEM);
    *report = (struct note_checkpoint){
        .note = {NOTE_CHECKPOINT, 0},
        .sequence = c->mark.sequence,
        .fullness = fullness(c),
        .commit_ms = took_ms,
    };
    c->report = report;
    give_report(c);
    count(&counters.checkpoints, 1);
    count(&counters.checkpoint_ms, took_ms);
    set_count(&counters.checkpoint_sequence, c->mark.sequence);
}

static void gather(struct checkpointer *c, const struct note_batch *batch)
{
    for (uint32_t i = 0; i < batch->note.count; i++) {
        const struct piece *piece = &batch->pieces[i];
        uint32_t at = c->batch_first + piece->buffer;

        assert(at < c->shelf.count
               && piece->at + piece->size <= zmq_msg_size(&c->shelf.buffers[at]));
        const uint8_t *data = zmq_msg_data(&c->shelf.buffers[at]);
        enum status status =
            state_gather(c->config.state, (struct bytes){data + piece->at, piece->size});
        if (status != ST_OK)
            stop_process("gather", status);
        c->gathered += piece->size;
    }
    c->batch_first = c->shelf.count;
    c->mark = batch->mark;
    c->has_batch = true;
}

static void on_exchange(void *context)
{
    struct checkpointer *c = context;
    zmq_msg_t msg;

    for (int i = 0; i < NOTES_A_TURN && pipe_take(c->config.exchange, &msg) == ST_OK; i++) {
        const void *data = zmq_msg_data(&msg);
        const struct note *note = data;

        if (note->kind == NOTE_TURN || note->kind == NOTE_RECORDS) {
            put_on_shelf(&c->shelf, &msg);
            continue;
        }
        if (note->kind == NOTE_BATCH)
            gather(c, data);
        else if (note->kind == NOTE_HURRY)
            commit(c);
        else if (note->kind == NOTE_LAST)
            c->last = true;
        (void)zmq_msg_close(&msg);
        if (c->gathered >= c->config.gathered_most)
            commit(c);
    }
}

static void on_second(void *context)
{
    commit(context);
}

static void on_end_of_turn(void *context)
{
    struct checkpointer *c = context;

    if (c->last)
        commit(c);
    give_report(c);
    if (c->last && !c->report)
        loop_stop(c->loop);
}

static void *run(void *context)
{
    struct checkpointer *c = context;

    if (loop_run(c->loop) != ST_OK)
        stop_process("loop", ST_IO);
    return NULL;
}

void checkpointer_free(struct checkpointer *c)
{
    if (!c)
        return;
    clear_shelf(&c->shelf, c->shelf.count);
    free(c->shelf.buffers);
    free(c->report);
    loop_free(c->loop);
    pipe_free(c->config.exchange);
    free(c);
}

static enum status set_up(struct checkpointer *c)
{
    c->loop = loop_new();
    if (!c->loop)
        return ST_IO;
    loop_at_end_of_turn(c->loop, on_end_of_turn, c);
    enum status status = loop_add_pipe(c->loop, c->config.exchange, on_exchange, c);
    return status == ST_OK ? loop_every(c->loop, EVERY_MS, on_second, c) : status;
}

enum status checkpointer_start(const struct checkpointer_config *config, struct checkpointer **out)
{
    struct checkpointer *c = calloc(1, sizeof *c);

    if (!c) {
        pipe_free(config->exchange);
        return ST_NOMEM;
    }
    c->config = *config;
    enum status status = set_up(c);
    if (status == ST_OK && pthread_create(&c->thread, NULL, run, c) != 0)
        status = ST_IO;
    if (status != ST_OK) {
        checkpointer_free(c);
        return status;
    }
    (void)pthread_setname_np(c->thread, "state");
    *out = c;
    return ST_OK;
}

void checkpointer_join(struct checkpointer *c)
{
    (void)pthread_join(c->thread, NULL);
}
