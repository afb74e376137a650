/*
 * main.c - concordatd: starts the broker's threads, accepts connections, and ends it well.
 *
 * Start: settings, TLS, store, the journal's tail into a checkpoint, agreements and queues from it;
 * only then threads and the listening socket. SIGTERM and SIGINT drain: what has come in is
 * finished and answered, the last checkpoint written. SIGHUP reads the TLS files again, and the
 * bank holidays, each whole or not at all: agreements come as instruments of their parties and in
 * no other way. The first I/O error of journal or store ends the process at once, in its own
 * thread.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/admin.h"
#include "broker/checkpointer.h"
#include "broker/config.h"
#include "broker/credentials.h"
#include "broker/filling.h"
#include "broker/claims_shown.h"
#include "broker/holidays.h"
#include "broker/link.h"
#include "broker/listener.h"
#include "broker/pace.h"
#include "broker/recovery.h"
#include "broker/writer.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/secret.h"

#define VERSION "0.1.0"
#define TURN_DEPTH 64    /* turns that may wait for the exchange, of each link */
#define EFFECT_DEPTH 64  /* batches' effects that may wait for a link */
#define STATE_DEPTH 4096 /* buffers that may wait for the state thread */
#define NOTE_DEPTH 256   /* anything else */
#define GATHERED_MOST                                                                              \
    (UINT64_C(64) * 1024 * 1024) /* bytes between checkpoints: bounds memory and restart           \
                                  */
#define RING_SHARE 4             /* of the ring at most; the rest takes what comes meanwhile */
#define WARN_EVERY_MS 3600000

struct broker {
    struct config config;
    void *zmq;
    struct loop *loop;
    struct state *state;
    struct link *links[LINKS_MAX];
    struct writer_thread *writer;
    struct checkpointer *checkpointer;
    struct admin *admin;
    struct listener *listener;
    struct pipe *to_links[LINKS_MAX], *to_admin;
    struct holidays holidays;
    struct credentials credentials;
    int signals;
    bool takes_clock; /* however far ahead of the store it is: an operator's word */
};

/* Both ends of a pipe, before any thread has one. */
struct ends {
    struct pipe *here, *there;
};

static enum status make_pipe(void *zmq, const char *name, unsigned number, int depth,
                             struct ends *out, struct reason *why)
{
    char address[32];

    (void)snprintf(address, sizeof address, "%s-%u", name, number);
    out->here = pipe_bind(zmq, address, depth);
    out->there = out->here ? pipe_connect(zmq, address, depth) : NULL;
    if (out->there)
        return ST_OK;
    reason_set(why, "pipe %s: %s", address, strerror(errno));
    return ST_IO;
}

/* ---- what runs out ---- */

static void warn(void *context)
{
    struct broker *b = context;

    holidays_watch(&b->holidays, loop_wall_ms(b->loop));
    credentials_watch(&b->credentials, loop_wall_ms(b->loop));
}

/* ---- the past ---- */

static enum status fill_calendar(struct broker *b, struct exchange *exchange, struct reason *why)
{
    struct calendar_days *days;
    enum status status = holidays_read(&b->holidays, &days, why);

    if (status == ST_OK)
        exchange_set_calendar(exchange, days);
    return status;
}

/* The exchange's time never goes back, so a wrong clock must not set it. One that is behind waits:
 * time goes on from there more slowly until it has caught up (pace.h), and what is new is refused
 * as too early. */
static enum status check_clock(const struct broker *b, struct reason *why)
{
    const int64_t recorded_ms = state_time_ms(b->state), wall_ms = clock_wall_ms();

    if (recorded_ms - wall_ms > CREATED_AHEAD_MS)
        log_event(LOG_WARN, "clock_behind", "behind_ms=%lld", (long long)(recorded_ms - wall_ms));
    if (b->takes_clock)
        return ST_OK;
    return pace_check_start(recorded_ms, wall_ms, why);
}

/* Store, journal, exchange: after this the past is whole, and nothing is served yet. */
static enum status recover(struct broker *b, struct tls_context *tls, struct writer_config *out,
                           struct reason *why)
{
    const struct journal_config journal = {b->config.journal, (uint32_t)b->config.journal_segments,
                                           b->config.journal_segment_size};
    struct digest community;
    struct recovery found = {0};

    memcpy(community.bytes, tls_context_community(tls), DIGEST_SIZE);
    enum status status = state_open(b->config.store, b->config.map_size, &b->state, why);
    if (status == ST_OK)
        status = state_bind(b->state, &community, why);
    if (status == ST_OK)
        status = recovery_run(b->state, &disk_system, &journal, &out->journal, &found, why);
    if (status != ST_OK)
        return status;
    log_event(LOG_INFO, "recovered", "batches=%llu events=%llu sequence=%llu",
              (unsigned long long)found.batches, (unsigned long long)found.events,
              (unsigned long long)found.sequence);
    out->checkpoint = found.sequence;
    status = check_clock(b, why);
    if (status != ST_OK)
        return status;
    reason_set(why, "%s: the store is damaged", b->config.store);
    status = state_reader_open(b->state, &out->reader);
    if (status != ST_OK)
        return status;
    const struct filling filling = {out->reader, b->config.store, found.sequence,
                                    state_time_ms(b->state), (unsigned)b->config.links};
    status = filling_run(&filling, &out->exchange, why);
    if (status == ST_OK)
        exchange_set_cases_most(out->exchange, (uint32_t)b->config.cases_per_agency);
    return status == ST_OK ? fill_calendar(b, out->exchange, why) : status;
}

/* ---- threads ---- */

static enum status start_link(struct broker *b, unsigned number, struct writer_config *writer,
                              struct reason *why)
{
    struct link_config config = {.number = number, .broker = b->config.id};
    struct ends exchange = {0}, main = {0};

    enum status status = credentials_load(&b->credentials, &config.tls, why);
    if (status == ST_OK)
        status = make_pipe(b->zmq, "link", number, TURN_DEPTH, &exchange, why);
    if (status == ST_OK)
        status = make_pipe(b->zmq, "main", number, NOTE_DEPTH, &main, why);
    if (status != ST_OK)
        return status;
    writer->links[number] = exchange.here;
    config.exchange = exchange.there;
    b->to_links[number] = main.here;
    config.main = main.there;
    return link_start(&config, &b->links[number]);
}

static enum status start_threads(struct broker *b, struct writer_config *writer, struct reason *why)
{
    struct ends state = {0}, admin = {0}, drain = {0}, main = {0};
    enum status status = ST_OK;

    writer->link_count = (unsigned)b->config.links;
    for (unsigned i = 0; status == ST_OK && i < writer->link_count; i++)
        status = start_link(b, i, writer, why);
    if (status == ST_OK)
        status = make_pipe(b->zmq, "state", 0, STATE_DEPTH, &state, why);
    if (status == ST_OK)
        status = make_pipe(b->zmq, "admin", 0, NOTE_DEPTH, &admin, why);
    if (status == ST_OK)
        status = make_pipe(b->zmq, "drain", 0, NOTE_DEPTH, &drain, why);
    if (status == ST_OK)
        status = make_pipe(b->zmq, "calendar", 0, NOTE_DEPTH, &main, why);
    if (status != ST_OK)
        return status;
    writer->main = main.there;
    b->holidays.writer = main.here;
    writer->state = state.here;
    writer->admin = admin.here;
    b->to_admin = drain.here;
    reason_set(why, "threads: %s", strerror(errno));
    uint64_t ring = b->config.journal_segments * b->config.journal_segment_size;
    uint64_t gathered = ring / RING_SHARE < GATHERED_MOST ? ring / RING_SHARE : GATHERED_MOST;
    const struct checkpointer_config checkpointer = {b->state, state.there, gathered,
                                                     b->config.store};
    status = checkpointer_start(&checkpointer, &b->checkpointer);
    if (status == ST_OK)
        status = writer_start(writer, &b->writer);
    if (status != ST_OK)
        return status;
    const struct admin_config config = {b->config.control, b->config.id, admin.there, drain.there,
                                        &b->credentials.crl_until_ms};
    return admin_start(&config, &b->admin, why);
}

/* ---- signals ---- */

static void on_signal(void *context, uint32_t)
{
    struct broker *b = context;
    struct signalfd_siginfo signal;

    if (read(b->signals, &signal, sizeof signal) != (ssize_t)sizeof signal)
        return;
    if (signal.ssi_signo == SIGHUP) {
        credentials_reload(&b->credentials);
        holidays_reload(&b->holidays);
    } else
        loop_stop(b->loop);
}

static enum status watch_signals(struct broker *b, struct reason *why)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    /* Blocked before any thread starts, so that all of them leave these to the descriptor. */
    b->signals = pthread_sigmask(SIG_BLOCK, &set, NULL) == 0
                   ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)
                   : -1;
    b->loop = loop_new();
    if (b->signals >= 0 && b->loop && loop_add(b->loop, b->signals, EPOLLIN, on_signal, b) == ST_OK
        && loop_every(b->loop, WARN_EVERY_MS, warn, b) == ST_OK)
        return ST_OK;
    reason_set(why, "signals: %s", strerror(errno));
    return ST_IO;
}

/* ---- life ---- */

static enum status make_folder(const char *folder, struct reason *why)
{
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return ST_OK;
    reason_set(why, "%s: %s", folder, strerror(errno));
    return ST_IO;
}

static enum status start(struct broker *b, struct reason *why)
{
    struct writer_config writer = {.link_count = 0};
    struct tls_context *tls = NULL;

    enum status status = watch_signals(b, why);
    if (status == ST_OK)
        status = make_folder(b->config.folder, why);
    if (status == ST_OK)
        status = credentials_load(&b->credentials, &tls, why);
    if (status != ST_OK)
        return status;
    credentials_note(&b->credentials, tls);
    b->zmq = zmq_ctx_new();
    if (!b->zmq) {
        reason_set(why, "ZeroMQ: %s", strerror(errno));
        status = ST_IO;
    }
    if (status == ST_OK)
        status = recover(b, tls, &writer, why);
    if (status == ST_OK)
        warn(b);
    tls_context_free(tls);
    if (status == ST_OK)
        status = start_threads(b, &writer, why);
    if (status == ST_OK)
        status = listener_open(b->loop, b->config.listen, b->to_links, writer.link_count,
                               &b->listener, why);
    return status;
}

/* Comes into its place in the queue, when there is room for it. */
static void tell_to_drain(struct pipe *pipe)
{
    struct note *note;

    while (!(note = malloc(sizeof *note)))
        (void)usleep(1000);
    *note = (struct note){NOTE_DRAIN, 0};
    while (pipe_give(pipe, note, sizeof *note) == ST_MORE)
        (void)usleep(1000);
}

/* Invariant: what has come in is finished and answered, then the last checkpoint. */
static void drain(struct broker *b)
{
    listener_close(b->listener);
    b->listener = NULL;
    for (unsigned i = 0; i < b->config.links; i++)
        tell_to_drain(b->to_links[i]);
    writer_join(b->writer);
    for (unsigned i = 0; i < b->config.links; i++)
        link_join(b->links[i]);
    checkpointer_join(b->checkpointer);
    tell_to_drain(b->to_admin);
    admin_join(b->admin);
}

static void clean_up(struct broker *b)
{
    for (unsigned i = 0; i < b->config.links; i++) {
        link_free(b->links[i]);
        pipe_free(b->to_links[i]);
    }
    writer_free(b->writer);
    checkpointer_free(b->checkpointer);
    admin_free(b->admin);
    pipe_free(b->to_admin);
    pipe_free(b->holidays.writer);
    state_free(b->state);
    loop_free(b->loop);
    (void)close(b->signals);
    (void)zmq_ctx_term(b->zmq);
}

static int serve(const char *path, bool takes_clock)
{
    static struct broker broker; /* zeroed; the process has one */
    struct broker *b = &broker;
    struct reason why = {""};

    b->takes_clock = takes_clock;
    secret_start();
    (void)umask(077);
    log_start("concordatd", LOG_INFO);
    /* Turns and effects are buffers of 100 KiB and more that come and go: keep their memory. */
    (void)mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);

    enum status status = config_load(path, &b->config, &why);
    if (status != ST_OK) {
        log_event(LOG_ERROR, "config_refused", "why=\"%s\"", why.text);
        return 2;
    }
    b->holidays.path = b->config.bank_holidays;
    b->credentials.config = &b->config;
    b->credentials.links = b->to_links;
    status = start(b, &why);
    if (status != ST_OK) {
        log_event(LOG_ERROR, "start_failed", "status=%s why=\"%s\"", status_name(status), why.text);
        _exit(EXIT_FAILURE); /* threads may run: the system takes the rest back */
    }
    log_event(LOG_INFO, "ready", "broker=%s listen=%s links=%u", b->config.id,
              listener_address(b->listener), (unsigned)b->config.links);
    if (loop_run(b->loop) != ST_OK) {
        log_event(LOG_ERROR, "main_failed", "errno=\"%s\"", strerror(errno));
        return EXIT_FAILURE;
    }
    log_event(LOG_INFO, "draining", "broker=%s", b->config.id);
    drain(b);
    clean_up(b);
    log_event(LOG_INFO, "stopped", "broker=%s", broker.config.id);
    return EXIT_SUCCESS;
}

/* Of a broker that does not run. 1: there is none. */
static int show_claims(const char *path, const char *text)
{
    struct config config;
    struct reason why = {""};
    struct id handle;
    size_t count = 0;

    if (!id_parse(text, &handle)) {
        (void)fprintf(stderr, "%s: not a case handle\n", text);
        return 2;
    }
    enum status status = config_load(path, &config, &why);
    if (status == ST_OK)
        status = claims_show(&config, &handle, stdout, &count, &why);
    if (status != ST_OK) {
        (void)fprintf(stderr, "%s: %s\n", status_name(status), why.text);
        return 2;
    }
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int usage(FILE *to, int code)
{
    (void)fprintf(to, "usage: concordatd --config FILE [--take-clock]\n"
                      "       concordatd --config FILE --claims HANDLE\n"
                      "       concordatd --help | --version\n"
                      "The settings are explained in the broker's README.\n");
    return code;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, EXIT_SUCCESS);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("concordatd %s\n", VERSION) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    if (argc == 3 && strcmp(argv[1], "--config") == 0)
        return serve(argv[2], false);
    if (argc == 4 && strcmp(argv[1], "--config") == 0 && strcmp(argv[3], "--take-clock") == 0)
        return serve(argv[2], true);
    if (argc == 5 && strcmp(argv[1], "--config") == 0 && strcmp(argv[3], "--claims") == 0)
        return show_claims(argv[2], argv[4]);
    return usage(stderr, 2);
}
