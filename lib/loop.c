#include "lib/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/pipe.h"

#define EVENTS_A_TURN 64
#define TIMERS_MAX 16
#define PIPES_MAX 16
#define ENDS_MAX 4

struct watched {           /* one per descriptor number */
    loop_handler *handler; /* NULL: not watched */
    void *context;
    uint32_t generation; /* a descriptor number that was closed and reused is another */
};

struct call {
    void (*handler)(void *context);
    void *context;
};

struct timer {
    int64_t period_ms, next_ms;
    struct call call;
};

struct piped {
    struct pipe *pipe; /* borrowed */
    struct call call;
};

struct loop {
    int epoll;
    struct watched *watched; /* owned; by descriptor */
    size_t watched_count;
    struct timer timers[TIMERS_MAX];
    struct piped pipes[PIPES_MAX];
    struct call ends[ENDS_MAX];
    size_t timer_count, pipe_count, end_count;
    int64_t now_ms, wall_ms;
    bool stopped;
};

static void read_clocks(struct loop *loop)
{
    loop->now_ms = clock_monotonic_ms();
    loop->wall_ms = clock_wall_ms();
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return NULL;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return NULL;
    }
    read_clocks(loop);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    (void)close(loop->epoll);
    free(loop->watched);
    free(loop);
}

static enum status make_place(struct loop *loop, int fd)
{
    size_t count = loop->watched_count ? loop->watched_count : 64;

    while (count <= (size_t)fd)
        count *= 2;
    if (count == loop->watched_count)
        return ST_OK;
    struct watched *watched = reallocarray(loop->watched, count, sizeof *watched);
    if (!watched)
        return ST_NOMEM;
    memset(watched + loop->watched_count, 0, (count - loop->watched_count) * sizeof *watched);
    loop->watched = watched;
    loop->watched_count = count;
    return ST_OK;
}

static enum status control(struct loop *loop, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events};

    event.data.u64 = (uint64_t)loop->watched[fd].generation << 32 | (uint32_t)fd;
    return epoll_ctl(loop->epoll, operation, fd, &event) == 0 ? ST_OK : ST_IO;
}

enum status loop_add(struct loop *loop, int fd, uint32_t events, loop_handler *handler,
                     void *context)
{
    enum status status = make_place(loop, fd);

    if (status != ST_OK)
        return status;
    struct watched *watched = &loop->watched[fd];
    watched->generation++;
    status = control(loop, EPOLL_CTL_ADD, fd, events);
    if (status == ST_OK) {
        watched->handler = handler;
        watched->context = context;
    }
    return status;
}

enum status loop_change(struct loop *loop, int fd, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, fd, events);
}

void loop_remove(struct loop *loop, int fd)
{
    if (fd < 0 || (size_t)fd >= loop->watched_count || !loop->watched[fd].handler)
        return;
    loop->watched[fd].handler = NULL;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void wake_only(void *, uint32_t)
{
    /* The descriptor of a pipe only wakes the loop; run_pipes asks the pipe itself. */
}

enum status loop_add_pipe(struct loop *loop, struct pipe *pipe, void (*handler)(void *context),
                          void *context)
{
    if (loop->pipe_count == PIPES_MAX)
        return ST_LIMIT;
    enum status status = loop_add(loop, pipe_fd(pipe), EPOLLIN | EPOLLET, wake_only, NULL);
    if (status == ST_OK)
        loop->pipes[loop->pipe_count++] = (struct piped){pipe, {handler, context}};
    return status;
}

enum status loop_every(struct loop *loop, int64_t period_ms, void (*handler)(void *context),
                       void *context)
{
    if (loop->timer_count == TIMERS_MAX)
        return ST_LIMIT;
    loop->timers[loop->timer_count++] =
        (struct timer){period_ms, clock_monotonic_ms() + period_ms, {handler, context}};
    return ST_OK;
}

void loop_at_end_of_turn(struct loop *loop, void (*handler)(void *context), void *context)
{
    if (loop->end_count == ENDS_MAX)
        abort(); /* a programmer's mistake, not input */
    loop->ends[loop->end_count++] = (struct call){handler, context};
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return loop->wall_ms;
}

static bool pipes_wait(struct loop *loop)
{
    for (size_t i = 0; i < loop->pipe_count; i++)
        if (pipe_has_input(loop->pipes[i].pipe))
            return true;
    return false;
}

static int patience_ms(struct loop *loop)
{
    int64_t next_ms = INT64_MAX;

    if (loop->stopped || pipes_wait(loop))
        return 0;
    for (size_t i = 0; i < loop->timer_count; i++)
        if (loop->timers[i].next_ms < next_ms)
            next_ms = loop->timers[i].next_ms;
    if (next_ms == INT64_MAX)
        return -1;
    int64_t wait_ms = next_ms - clock_monotonic_ms();
    return wait_ms < 0 ? 0 : wait_ms > 60000 ? 60000 : (int)wait_ms;
}

static void run_descriptors(struct loop *loop, const struct epoll_event events[], int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t fd = (uint32_t)events[i].data.u64;
        struct watched *watched = &loop->watched[fd];

        if (watched->handler && watched->generation == events[i].data.u64 >> 32)
            watched->handler(watched->context, events[i].events);
    }
}

static void run_pipes(struct loop *loop)
{
    for (size_t i = 0; i < loop->pipe_count; i++)
        if (pipe_has_input(loop->pipes[i].pipe))
            loop->pipes[i].call.handler(loop->pipes[i].call.context);
}

static void run_timers(struct loop *loop)
{
    for (size_t i = 0; i < loop->timer_count; i++) {
        struct timer *timer = &loop->timers[i];

        if (loop->now_ms < timer->next_ms)
            continue;
        timer->next_ms = loop->now_ms + timer->period_ms; /* a late turn fires once, not often */
        timer->call.handler(timer->call.context);
    }
}

enum status loop_run(struct loop *loop)
{
    struct epoll_event events[EVENTS_A_TURN];

    loop->stopped = false;
    while (!loop->stopped) {
        int count = epoll_wait(loop->epoll, events, EVENTS_A_TURN, patience_ms(loop));

        if (count < 0 && errno != EINTR)
            return ST_IO;
        read_clocks(loop);
        run_descriptors(loop, events, count < 0 ? 0 : count);
        run_pipes(loop);
        run_timers(loop);
        for (size_t i = 0; i < loop->end_count; i++)
            loop->ends[i].handler(loop->ends[i].context);
    }
    return ST_OK;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
