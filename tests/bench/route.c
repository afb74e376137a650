/* How fast one broker routes: real TLS, real signatures, confirmed after sync, delivered and
 * settled.
 *
 *     senders (one thread) --submit--> concordatd --deliver--> receivers (one thread)
 *              <--receipt, step--                 <--signed step--
 *
 * Each message is signed (in batches of what the window lets go at once, at most 64), decided,
 * journaled, synced, receipted, delivered, answered with a signed DELIVERED, and that step is
 * journaled, delivered to the sender and settled. Payload is one section of random bytes: sealing
 * is the agents' work, not the broker's.
 *
 *     route BIN SOURCE FOLDER [--pairs N] [--window W] [--size BYTES] [--seconds S] [--json]
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <unistd.h>

#include "agreements/agreement.h"
#include "lib/clock.h"
#include "tests/system/community.h"
#include "tests/system/peer.h"

#define PAIRS_MAX 8
#define WINDOW_MAX 1024
#define LATENCIES_MAX (8 << 20)
#define THREADS_MAX 16

struct plan {
    int pairs, window, seconds;
    size_t size;
    bool json;
};

/* One sender and what it has under way. */
struct sender {
    struct peer *peer;
    struct envelope templates[BATCH_LEAVES_MAX];
    uint8_t *body;
    int64_t sent_ns[WINDOW_MAX]; /* in order of submission: receipts come in that order */
    uint32_t first, under_way;
};

struct load {
    struct plan plan;
    struct sender senders[PAIRS_MAX];
    struct peer *receivers[PAIRS_MAX];
    uint32_t *latencies_us;
    atomic_bool stop_sending, stop_receiving, measuring;
    atomic_ulong confirmed, received, settled;
    size_t latency_count;
};

static void settle(struct peer *peer, const uint64_t sequences[], uint32_t count)
{
    struct wire wire = {.kind = WIRE_SETTLE};

    wire.settle.count = count;
    wire.settle.sequences = sequences;
    if (count > 0)
        peer_say(peer, &wire, (struct bytes){NULL, 0});
}

static void confirm_one(struct load *load, struct sender *s, int64_t now_ns)
{
    int64_t took_ns = now_ns - s->sent_ns[s->first];

    s->first = (s->first + 1) % WINDOW_MAX;
    s->under_way--;
    load->confirmed++;
    if (load->measuring && load->latency_count < LATENCIES_MAX)
        load->latencies_us[load->latency_count++] = (uint32_t)(took_ns / 1000);
}

/* Takes everything that has come for this sender. */
static void hear_sender(struct load *load, struct sender *s)
{
    uint64_t sequences[SETTLE_MAX];
    uint32_t count = 0;
    struct wire wire;
    struct bytes body;
    enum status status;

    while ((status = peer_next(s->peer, &wire, &body, 0)) == ST_OK) {
        if (wire.kind == WIRE_RECEIPT) {
            confirm_one(load, s, clock_monotonic_ns());
        } else if (wire.kind == WIRE_STEP) {
            sequences[count++] = wire.step.sequence;
            load->settled++;
        } else if (wire.kind == WIRE_REFUSAL) {
            fail("refused: %s", refusal_name(wire.refusal.refusal.code));
        }
        if (count == SETTLE_MAX)
            break;
    }
    if (status != ST_OK && status != ST_MORE)
        fail("sender %s: %s", peer_agency(s->peer), status_name(status));
    settle(s->peer, sequences, count);
}

/* Fills the window. */
static void submit_more(struct load *load, struct sender *s)
{
    while (s->under_way < (uint32_t)load->plan.window && !load->stop_sending) {
        size_t count = (size_t)load->plan.window - s->under_way;
        int64_t now_ms = peer_now_ms();

        if (count > BATCH_LEAVES_MAX)
            count = BATCH_LEAVES_MAX;
        for (size_t i = 0; i < count; i++) {
            struct envelope *e = &s->templates[i];
            e->message_id = e->share_id = e->conversation_id = id_new(now_ms);
            e->created_ms = now_ms;
        }
        peer_submit(s->peer, s->templates, count, (struct bytes){s->body, load->plan.size});
        int64_t now_ns = clock_monotonic_ns();
        for (size_t i = 0; i < count; i++)
            s->sent_ns[(s->first + s->under_way++) % WINDOW_MAX] = now_ns;
    }
}

static void wait_any(struct peer *peers[], int count)
{
    struct pollfd ready[PAIRS_MAX];

    for (int i = 0; i < count; i++)
        ready[i] = (struct pollfd){peer_fd(peers[i]),
                                   (short)(POLLIN | (peer_unsent(peers[i]) ? POLLOUT : 0)), 0};
    (void)poll(ready, (nfds_t)count, 100);
}

static void push(struct peer *peer)
{
    enum status status = peer_push(peer);

    if (status != ST_OK && status != ST_MORE)
        fail("%s: %s", peer_agency(peer), status_name(status));
}

static void *send_all(void *context)
{
    struct load *load = context;
    struct peer *peers[PAIRS_MAX];
    uint32_t under_way = 1;

    for (int i = 0; i < load->plan.pairs; i++)
        peers[i] = load->senders[i].peer;
    while (!load->stop_sending || under_way > 0 || load->settled < load->confirmed) {
        under_way = 0;
        for (int i = 0; i < load->plan.pairs; i++) {
            struct sender *s = &load->senders[i];
            hear_sender(load, s);
            submit_more(load, s);
            push(s->peer);
            under_way += s->under_way;
        }
        wait_any(peers, load->plan.pairs);
    }
    return NULL;
}

static void hear_receiver(struct load *load, struct peer *peer)
{
    struct taken taken[BATCH_LEAVES_MAX];
    size_t count = 0;
    struct wire wire;
    struct bytes body;
    enum status status;

    while ((status = peer_next(peer, &wire, &body, 0)) == ST_OK) {
        if (wire.kind != WIRE_DELIVER)
            continue;
        /* A canonical header begins 08 01 12 10 and then the message id. */
        memcpy(taken[count].message_id.bytes, wire.deliver.header.data + 4, ID_SIZE);
        taken[count++].header_digest = sha256(wire.deliver.header.data, wire.deliver.header.size);
        load->received++;
        if (count == BATCH_LEAVES_MAX) {
            peer_confirm(peer, taken, count);
            count = 0;
        }
    }
    if (status != ST_MORE)
        fail("receiver %s: %s", peer_agency(peer), status_name(status));
    if (count > 0)
        peer_confirm(peer, taken, count);
    push(peer);
}

static void *receive_all(void *context)
{
    struct load *load = context;

    while (!load->stop_receiving) {
        for (int i = 0; i < load->plan.pairs; i++)
            hear_receiver(load, load->receivers[i]);
        wait_any(load->receivers, load->plan.pairs);
    }
    return NULL;
}

/* ---- CPU of the broker's threads ---- */

struct thread_time {
    char name[32];
    unsigned long long ticks;
};

static int broker_threads(pid_t pid, struct thread_time times[THREADS_MAX])
{
    char folder[64];
    int count = 0;

    (void)snprintf(folder, sizeof folder, "/proc/%d/task", pid);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[400], line[1024];
        unsigned long long user, kernel;

        (void)snprintf(path, sizeof path, "%s/%s/stat", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!file)
            continue;
        if (fgets(line, sizeof line, file) && count < THREADS_MAX) {
            struct thread_time *t = &times[count];
            char *open = strchr(line, '('), *end = strrchr(line, ')');
            if (open && end
                && sscanf(end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
                          &kernel)
                       == 2) {
                (void)snprintf(t->name, sizeof t->name, "%.*s", (int)(end - open - 1), open + 1);
                t->ticks = user + kernel;
                count++;
            }
        }
        (void)fclose(file);
    }
    if (dir)
        (void)closedir(dir);
    return count;
}

/* ---- the run ---- */

static void prepare(struct load *load, struct community *c, const struct agreement *agreement)
{
    char pki[COMMUNITY_PATH + 8];

    (void)snprintf(pki, sizeof pki, "%s/pki", c->folder);
    for (int i = 0; i < load->plan.pairs; i++) {
        struct sender *s = &load->senders[i];
        uint8_t key_id[KEY_ID_SIZE];
        char to[AGENCY_MAX + 1];

        (void)snprintf(to, sizeof to, "%s", c->members[load->plan.pairs + i].agency);
        load->receivers[i] = peer_new(pki, to);
        peer_open(load->receivers[i], c->port, 1024);
        peer_publish_key(load->receivers[i], key_id);
        if (peer_flush(load->receivers[i], 5000) != ST_OK)
            fail("cannot publish");
        s->peer = peer_new(pki, c->members[i].agency);
        peer_open(s->peer, c->port, 4096);
        s->body = malloc(load->plan.size);
        struct mail mail = mail_request(to, key_id, &agreement->hash, load->plan.size);
        if (!s->body)
            fail("memory");
        peer_compose(s->peer, &mail, &s->templates[0], s->body);
        for (int k = 1; k < BATCH_LEAVES_MAX; k++)
            s->templates[k] = s->templates[0];
    }
}

/* Keys travel through the exchange: the first message may come before them. */
static void await_keys(struct load *load)
{
    for (int i = 0; i < load->plan.pairs; i++) {
        struct sender *s = &load->senders[i];
        struct wire verdict = {0};

        do {
            s->templates[0].message_id = s->templates[0].conversation_id = id_new(peer_now_ms());
            if (peer_submit_and_wait(s->peer, &s->templates[0],
                                     (struct bytes){s->body, load->plan.size}, &verdict, 10000)
                != ST_OK)
                fail("no verdict");
            if (verdict.kind == WIRE_REFUSAL
                && verdict.refusal.refusal.code != CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN)
                fail("refused: %s", refusal_name(verdict.refusal.refusal.code));
        } while (verdict.kind != WIRE_RECEIPT);
        struct bytes body;
        while (verdict.kind != WIRE_STEP)
            if (peer_next(s->peer, &verdict, &body, 10000) != ST_OK)
                fail("not delivered");
        settle(s->peer, &verdict.step.sequence, 1);
    }
}

static void wait_ms(int ms)
{
    (void)poll(NULL, 0, ms); /* a measured stretch of time, not a wait for an event */
}

static int compare_latencies(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t percentile(const struct load *load, double share)
{
    size_t at = (size_t)((double)load->latency_count * share);

    return load->latency_count ? load->latencies_us[at < load->latency_count ? at : at - 1] : 0;
}

static void measure(struct load *load, struct community *c)
{
    struct thread_time before[THREADS_MAX], after[THREADS_MAX];
    pthread_t senders, receivers;
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);

    if (pthread_create(&receivers, NULL, receive_all, load) != 0
        || pthread_create(&senders, NULL, send_all, load) != 0)
        fail("pthread_create");
    wait_ms(1500); /* warm */
    int count = broker_threads(c->broker.pid, before);
    unsigned long confirmed = load->confirmed, received = load->received;
    int64_t start_ns = clock_monotonic_ns();
    load->measuring = true;
    wait_ms(load->plan.seconds * 1000);
    load->measuring = false;
    double seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    unsigned long got_confirmed = load->confirmed - confirmed,
                  got_received = load->received - received;
    (void)broker_threads(c->broker.pid, after);
    load->stop_sending = true;
    (void)pthread_join(senders, NULL);
    load->stop_receiving = true;
    (void)pthread_join(receivers, NULL);
    if (load->received != load->confirmed)
        fail("confirmed %lu, received %lu", (unsigned long)load->confirmed,
             (unsigned long)load->received);

    qsort(load->latencies_us, load->latency_count, sizeof *load->latencies_us, compare_latencies);
    double rate = (double)got_confirmed / seconds, cpu = 0;
    for (int i = 0; i < count; i++)
        cpu += (double)(after[i].ticks - before[i].ticks) * tick;
    if (load->plan.json)
        printf(
            "{\"bench\":\"route\",\"pairs\":%d,\"window\":%d,\"size\":%zu,\"confirmed_per_s\":%.0f,"
            "\"received_per_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,\"p999_us\":%u,"
            "\"broker_cpu_s_per_100k\":%.3f,\"threads\":{",
            load->plan.pairs, load->plan.window, load->plan.size, rate,
            (double)got_received / seconds, percentile(load, 0.5), percentile(load, 0.99),
            percentile(load, 0.999), cpu * 100000 / (double)got_confirmed);
    else
        printf("concordatd  %d -> %d, window %d, %zu B: %.0f confirmed/s, %.0f received/s; confirm "
               "p50 %u us, p99 %u us, p99.9 %u us; broker CPU %.2f s per 100,000 (",
               load->plan.pairs, load->plan.pairs, load->plan.window, load->plan.size, rate,
               (double)got_received / seconds, percentile(load, 0.5), percentile(load, 0.99),
               percentile(load, 0.999), cpu * 100000 / (double)got_confirmed);
    for (int i = 0; i < count; i++) {
        double part =
            (double)(after[i].ticks - before[i].ticks) * tick * 100000 / (double)got_confirmed;
        printf(load->plan.json ? "%s\"%s\":%.3f" : "%s%s %.3f",
               i ? (load->plan.json ? "," : ", ") : "", after[i].name, part);
    }
    puts(load->plan.json ? "}}" : ")");
}

static int number(const char *text, int most)
{
    long n = text ? strtol(text, NULL, 10) : 0;

    if (n < 1 || n > most)
        fail("a number from 1 to %d is wanted, not %s", most, text ? text : "nothing");
    return (int)n;
}

int main(int argc, char **argv)
{
    static struct community c;
    static struct load load = {.plan = {4, 256, 6, 1024, false}};
    static const char letters[] = "abcdefgh";
    static char names[2 * PAIRS_MAX][16];
    struct member members[2 * PAIRS_MAX];
    OWNED(agreement) agreement = NULL;
    struct reason why;

    if (argc < 4) {
        fprintf(stderr,
                "usage: %s BIN SOURCE FOLDER [--pairs N] [--window W] [--size BYTES] [--seconds S] "
                "[--json]\n",
                argv[0]);
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            load.plan.json = true;
            continue;
        }
        if (strcmp(argv[i], "--pairs") == 0)
            load.plan.pairs = number(value, PAIRS_MAX);
        else if (strcmp(argv[i], "--window") == 0)
            load.plan.window = number(value, WINDOW_MAX);
        else if (strcmp(argv[i], "--size") == 0)
            load.plan.size = (size_t)number(value, BODY_MAX) / 2 * 2;
        else if (strcmp(argv[i], "--seconds") == 0)
            load.plan.seconds = number(value, 3600);
        else
            fail("unknown option %s", argv[i]);
        i++;
    }
    for (int i = 0; i < 2 * load.plan.pairs; i++) {
        bool sends = i < load.plan.pairs;
        (void)snprintf(names[i], sizeof names[i], "%s.%c", sends ? "court" : "nps",
                       letters[i % load.plan.pairs]);
        members[i] = (struct member){names[i], sends ? "COURT" : "NPS"};
    }
    load.latencies_us = calloc(LATENCIES_MAX, sizeof *load.latencies_us);
    if (!load.latencies_us)
        fail("memory");
    community_make(&c, &(struct places){argv[1], argv[2]}, argv[3], members,
                   2 * (size_t)load.plan.pairs);
    char path[COMMUNITY_PATH + 32];
    community_start_for_peers(&c);
    (void)snprintf(path, sizeof path, "%s/pinned/test.yaml", c.folder);
    if (agreement_load(path, &agreement, &why) != ST_OK)
        fail("%s", why.text);
    prepare(&load, &c, agreement);
    pthread_t receivers;
    if (pthread_create(&receivers, NULL, receive_all, &load) != 0)
        fail("pthread_create");
    await_keys(&load);
    load.stop_receiving = true;
    (void)pthread_join(receivers, NULL);
    load.stop_receiving = false;
    load.received = 0;
    measure(&load, &c);
    for (int i = 0; i < load.plan.pairs; i++) {
        peer_free(load.senders[i].peer);
        peer_free(load.receivers[i]);
        free(load.senders[i].body);
    }
    daemon_stop(&c.broker);
    community_free(&c);
    free(load.latencies_us);
    return 0;
}
