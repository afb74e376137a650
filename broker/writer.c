#include "broker/writer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker/batch_size.h"
#include "broker/buffers.h"
#include "broker/counters.h"
#include "broker/pace.h"
#include "lib/log.h"
#include "lib/loop.h"

#define TURNS_A_BATCH 64 /* from each link: what is said without events is bounded too */
#define NAP_NS 200000    /* while a pipe or the ring is full: nothing else is to be done */
#define SECOND_MS 1000
#define FULL_AT 900 /* of the store, in 1/1000: new messages are refused */
#define ROOM_AT 850 /* and taken again */
#define HIGH_AT 800 /* new proposals are refused */
#define LOW_AT 750  /* and taken again */

/* A turn that is being worked through; a batch may end in the middle of it. */
struct source {
    struct writer_thread *writer;
    struct pipe *pipe; /* owned */
    zmq_msg_t turn;
    struct turn_walk walk;
    bool has_turn, in_batch; /* in_batch: the turn is among its buffers */
};

struct writer_thread {
    struct writer_config config; /* what it holds is owned; the links' pipes are in sources */
    struct loop *loop;           /* owned */
    pthread_t thread;
    struct source sources[LINKS_MAX];
    struct buffers buffers;
    bool is_open;   /* a batch has begun */
    bool more;      /* there is something to deliver without any input */
    bool hurried;   /* a checkpoint has been asked for */
    unsigned lasts; /* links that will send no more */
    unsigned seconds;
    size_t batch_most;
    uint64_t checkpoint, told; /* reported by the state thread; passed on to the exchange */
    uint32_t fullness;
    bool is_full, is_high;
    struct log_limit alarm_limit;
    struct pace pace;
};

/* The first error ends the process, before anything of the batch is acknowledged. */
_Noreturn static void stop_process(const char *what, enum status status)
{
    log_event(LOG_ERROR, "exchange_failed", "what=%s status=%s errno=\"%s\"", what,
              status_name(status), strerror(errno));
    _exit(EXIT_FAILURE);
}

static void must(const char *what, enum status status)
{
    if (status != ST_OK)
        stop_process(what, status);
}

static void nap(void)
{
    (void)nanosleep(&(struct timespec){0, NAP_NS}, NULL);
}

/* ---- the state thread ---- */

static void take_reports(struct writer_thread *w)
{
    zmq_msg_t msg;

    while (pipe_take(w->config.state, &msg) == ST_OK) {
        const void *data = zmq_msg_data(&msg);
        const struct note_checkpoint *report = data;

        assert(report->note.kind == NOTE_CHECKPOINT);
        w->checkpoint = report->sequence;
        w->fullness = report->fullness;
        w->hurried = false;
        journal_release(w->config.journal, report->sequence);
        (void)zmq_msg_close(&msg);
    }
}

/* Between batches: the exchange reads from the new checkpoint, and forgets what that holds. */
static void pass_on_checkpoint(struct writer_thread *w)
{
    if (w->told == w->checkpoint)
        return;
    must("renew", state_reader_renew(w->config.reader));
    exchange_checkpointed(w->config.exchange, w->checkpoint);
    buffers_release(&w->buffers, w->checkpoint);
    w->told = w->checkpoint;
    if (w->fullness >= FULL_AT && !w->is_full)
        log_event(LOG_WARN, "store_full", "used=%u/1000", w->fullness);
    w->is_full = w->fullness >= (w->is_full ? ROOM_AT : FULL_AT);
    exchange_set_full(w->config.exchange, w->is_full);
    w->is_high = w->fullness >= (w->is_high ? LOW_AT : HIGH_AT);
    exchange_set_high(w->config.exchange, w->is_high);
}

static void tell_state(struct writer_thread *w, zmq_msg_t *msg)
{
    while (pipe_give_msg(w->config.state, msg) == ST_MORE) {
        take_reports(w);
        nap();
    }
}

static void tell_note(struct writer_thread *w, struct pipe *pipe, enum note_kind kind)
{
    struct note *note = malloc(sizeof *note);

    if (!note)
        stop_process("note", ST_NOMEM);
    *note = (struct note){kind, 0};
    while (pipe_give(pipe, note, sizeof *note) == ST_MORE) {
        take_reports(w);
        nap();
    }
}

static void hurry(struct writer_thread *w)
{
    if (w->hurried)
        return;
    w->hurried = true;
    tell_note(w, w->config.state, NOTE_HURRY);
}

/* Shares the batch: each buffer that holds a part of it, then where the parts are. */
static void give_batch(struct writer_thread *w, const struct exchange_batch *batch)
{
    size_t size = sizeof(struct note_batch) + (size_t)batch->part_count * sizeof(struct piece);
    struct note_batch *note = malloc(size);
    uint32_t at = 0;
    zmq_msg_t msg, *used;

    if (!note)
        stop_process("batch", ST_NOMEM);
    note->note = (struct note){NOTE_BATCH, (uint32_t)batch->part_count};
    note->mark = journal_mark(w->config.journal);
    buffers_locate(&w->buffers, batch->parts, batch->part_count, note->pieces);
    while ((used = buffers_next_used(&w->buffers, &at))) {
        (void)zmq_msg_init(&msg);
        (void)zmq_msg_copy(&msg, used);
        tell_state(w, &msg);
    }
    while (pipe_give(w->config.state, note, size) == ST_MORE) {
        take_reports(w);
        nap();
    }
}

/* ---- batches ---- */

/* The exchange's time; a person hears when the wall clock is left, and when it is followed again.
 */
static int64_t now_of(struct writer_thread *w)
{
    const bool was_off = w->pace.is_off;
    const int64_t wall_ms = loop_wall_ms(w->loop);
    const int64_t now_ms = pace_now(&w->pace, wall_ms, loop_now_ms(w->loop));

    if (w->pace.is_off && !was_off)
        log_event(LOG_ERROR, "clock_jumped", "ahead_ms=%lld followed=no",
                  (long long)(wall_ms - now_ms));
    else if (was_off && !w->pace.is_off)
        log_event(LOG_WARN, "clock_back", "followed=yes");
    return now_ms;
}

static void begin(struct writer_thread *w)
{
    if (w->is_open)
        return;
    take_reports(w);
    pass_on_checkpoint(w);
    must("begin", exchange_begin(w->config.exchange, now_of(w)));
    w->is_open = true;
}

static bool is_batch_full(const struct writer_thread *w)
{
    return w->is_open && exchange_batch_size(w->config.exchange) >= w->batch_most;
}

static void append(struct writer_thread *w, const struct exchange_batch *batch)
{
    for (;;) {
        enum status status =
            journal_append(w->config.journal, batch->parts, batch->part_count, batch->records);
        if (status == ST_OK)
            break;
        if (status != ST_MORE)
            stop_process("journal", status);
        count(&counters.journal_waits, 1);
        hurry(w);
        while (w->hurried) {
            nap();
            take_reports(w);
        }
    }
    count(&counters.batches, 1);
    count(&counters.batch_bytes, batch->size);
    set_count(&counters.sequence, batch->last);
    if (!journal_has_room(w->config.journal, journal_batch_max(w->config.journal)))
        hurry(w);
}

static void give_effects(struct writer_thread *w)
{
    for (unsigned i = 0; i < w->config.link_count; i++) {
        size_t size;
        uint8_t *effects = exchange_take_effects(w->config.exchange, i, &size);

        if (!effects)
            continue;
        /* A link takes its effects whatever else it waits for, so this ends. */
        while (pipe_give(w->sources[i].pipe, effects, size) == ST_MORE) {
            take_reports(w);
            nap();
        }
    }
}

static void tell_alarms(struct writer_thread *w)
{
    static const char *const events[] = {
        [ALARM_STEP_REFUSED] = "step_refused",
        [ALARM_KEY_REFUSED] = "key_refused",
        [ALARM_REPLACED] = "session_replaced",
        [ALARM_GAZETTE_FULL] = "gazette_full",
        [ALARM_INSTRUMENTS_OVER] = "instruments_limited",
        [ALARM_CASES_HIGH] = "cases_high",
        [ALARM_CASES_FULL] = "cases_full",
    };
    struct exchange_alarm alarm;

    while (exchange_next_alarm(w->config.exchange, &alarm)) {
        count(&counters.alarms, 1);
        log_limited(&w->alarm_limit, loop_now_ms(w->loop), LOG_WARN, events[alarm.kind],
                    "agency=%s", alarm.agency);
    }
}

static void finish_batch(struct writer_thread *w)
{
    struct exchange_batch batch;

    exchange_take_batch(w->config.exchange, &batch);
    for (uint32_t i = 0; i < batch.page_count; i++)
        must("page", buffers_add_page(&w->buffers, &batch.pages[i]));
    if (batch.records > 0) {
        append(w, &batch);
        give_batch(w, &batch);
    }
    must("deliver", exchange_durable(w->config.exchange, &w->more));
    w->is_open = false;
    give_effects(w);

    must("kept", buffers_keep(&w->buffers, batch.last));
    for (unsigned i = 0; i < w->config.link_count; i++)
        w->sources[i].in_batch = false;
    counters_of_exchange(exchange_counts(w->config.exchange));
    tell_alarms(w);
    take_reports(w);
    pass_on_checkpoint(w);
}

/* ---- input ---- */

/* The next turn of a link; false when there is none now. */
static bool next_turn(struct source *source)
{
    zmq_msg_t msg;

    if (pipe_take(source->pipe, &msg) != ST_OK)
        return false;
    const struct note *note = zmq_msg_data(&msg);
    if (note->kind == NOTE_TURN) {
        (void)zmq_msg_init(&source->turn);
        (void)zmq_msg_move(&source->turn, &msg);
        source->walk = turn_walk_of(zmq_msg_data(&source->turn), zmq_msg_size(&source->turn));
        source->has_turn = true;
        source->in_batch = false;
    } else if (note->kind == NOTE_LAST) {
        source->writer->lasts++;
    }
    (void)zmq_msg_close(&msg);
    return true;
}

static void run_turn(struct source *source)
{
    struct writer_thread *w = source->writer;
    uint8_t *data = zmq_msg_data(&source->turn);
    const struct command *command;

    begin(w);
    if (!source->in_batch) {
        must("turn", buffers_add_turn(&w->buffers, &source->turn));
        source->in_batch = true;
    }
    while (!is_batch_full(w)) {
        command = turn_next(&source->walk);
        if (!command) {
            (void)zmq_msg_close(&source->turn);
            source->has_turn = false;
            return;
        }
        must("run", exchange_run(w->config.exchange, data, command));
    }
}

static void on_link(void *context)
{
    struct source *source = context;

    for (int i = 0; i < TURNS_A_BATCH && !is_batch_full(source->writer); i++) {
        if (!source->has_turn && !next_turn(source))
            return;
        if (source->has_turn)
            run_turn(source);
    }
}

static void on_state(void *context)
{
    struct writer_thread *w = context;

    take_reports(w);
    if (!w->is_open)
        pass_on_checkpoint(w);
}

static void on_admin(void *context)
{
    struct writer_thread *w = context;
    zmq_msg_t msg;

    while (pipe_take(w->config.admin, &msg) == ST_OK) {
        size_t size;
        struct note_status *status = exchange_status(w->config.exchange, &size);
        (void)zmq_msg_close(&msg);
        if (!status)
            return;
        status->checkpoint = w->checkpoint;
        status->store_fullness = w->fullness;
        if (pipe_give(w->config.admin, status, size) != ST_OK)
            free(status); /* it asks again */
    }
}

/* Bank holidays, when they were read again: the exchange reckons by them from the next batch on. */
static void on_main(void *context)
{
    struct writer_thread *w = context;
    zmq_msg_t msg;

    while (pipe_take(w->config.main, &msg) == ST_OK) {
        const void *data = zmq_msg_data(&msg);
        const struct note_calendar *note = data;

        assert(note->note.kind == NOTE_CALENDAR);
        exchange_set_calendar(w->config.exchange, note->days);
        w->more = true;
        (void)zmq_msg_close(&msg);
    }
}

/* What is due by the clock alone: in its second when it is a clock, else once a minute. */
static void on_second(void *context)
{
    struct writer_thread *w = context;

    if (++w->seconds % 60 == 0 || exchange_is_due(w->config.exchange, now_of(w)))
        begin(w);
}

static void on_end_of_turn(void *context)
{
    struct writer_thread *w = context;
    bool waiting;

    if (w->more)
        begin(w);
    do {
        if (w->is_open)
            finish_batch(w);
        waiting = false;
        for (unsigned i = 0; i < w->config.link_count; i++) {
            if (w->sources[i].has_turn) /* the batch was full in the middle of it */
                run_turn(&w->sources[i]);
            waiting = waiting || pipe_has_input(w->sources[i].pipe);
        }
        if (w->more && !waiting)
            begin(w);
    } while (w->is_open);
    if (w->lasts < w->config.link_count)
        return;
    /* Drained: every turn is durable and answered. */
    for (unsigned i = 0; i < w->config.link_count; i++)
        tell_note(w, w->sources[i].pipe, NOTE_LAST);
    tell_note(w, w->config.state, NOTE_LAST);
    loop_stop(w->loop);
}

/* ---- life ---- */

static enum status set_up(struct writer_thread *w)
{
    enum status status = ST_OK;

    w->loop = loop_new();
    if (!w->loop)
        return ST_IO;
    size_t most = journal_batch_max(w->config.journal);
    assert(most > EXCHANGE_STEP_MAX);
    w->batch_most = most - EXCHANGE_STEP_MAX;
    w->checkpoint = w->told = w->config.checkpoint;
    w->pace.good_ms = exchange_now_ms(w->config.exchange);
    w->alarm_limit = (struct log_limit){.burst = 10, .period_ms = 1000};
    loop_at_end_of_turn(w->loop, on_end_of_turn, w);
    for (unsigned i = 0; status == ST_OK && i < w->config.link_count; i++) {
        w->sources[i].writer = w;
        status = loop_add_pipe(w->loop, w->sources[i].pipe, on_link, &w->sources[i]);
    }
    if (status == ST_OK)
        status = loop_add_pipe(w->loop, w->config.state, on_state, w);
    if (status == ST_OK)
        status = loop_add_pipe(w->loop, w->config.admin, on_admin, w);
    if (status == ST_OK)
        status = loop_add_pipe(w->loop, w->config.main, on_main, w);
    if (status == ST_OK)
        status = loop_every(w->loop, SECOND_MS, on_second, w);
    return status;
}

static void *run(void *context)
{
    struct writer_thread *w = context;

    if (loop_run(w->loop) != ST_OK)
        stop_process("loop", ST_IO);
    return NULL;
}

enum status writer_start(const struct writer_config *config, struct writer_thread **out)
{
    struct writer_thread *w = calloc(1, sizeof *w);

    assert(config->link_count > 0 && config->link_count <= LINKS_MAX);

    if (!w)
        stop_process("start", ST_NOMEM);
    w->config = *config;
    for (unsigned i = 0; i < config->link_count; i++)
        w->sources[i].pipe = config->links[i];
    enum status status = set_up(w);
    if (status == ST_OK && pthread_create(&w->thread, NULL, run, w) != 0)
        status = ST_IO;
    if (status != ST_OK) {
        writer_free(w);
        return status;
    }
    (void)pthread_setname_np(w->thread, "exchange");
    *out = w;
    return ST_OK;
}

void writer_join(struct writer_thread *w)
{
    (void)pthread_join(w->thread, NULL);
}

void writer_free(struct writer_thread *w)
{
    if (!w)
        return;
    exchange_free(w->config.exchange);
    buffers_fini(&w->buffers);
    journal_free(w->config.journal);
    state_reader_free(w->config.reader);
    for (unsigned i = 0; i < w->config.link_count; i++) {
        if (w->sources[i].has_turn)
            (void)zmq_msg_close(&w->sources[i].turn);
        pipe_free(w->sources[i].pipe);
    }
    pipe_free(w->config.state);
    pipe_free(w->config.admin);
    pipe_free(w->config.main);
    loop_free(w->loop);
    free(w);
}
