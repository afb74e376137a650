/*
 * powercut.c - real power cuts, on a file system of our own.
 *
 *     powercut [CUTS [SEED [CONTROL...]]]
 *
 * An ext4 on a loop device; a writer with the real journal and state that says after each append
 * what it acknowledges; at a random moment FS_IOC_SHUTDOWN without flushing the file system's log,
 * which drops all that was not synced. Then the writer is killed, the file system unmounted and
 * mounted again, the storage recovered as at any start, and everything acknowledged since the first
 * cut is looked for: messages, clocks as they were kept last, what was told once. Only what was
 * acknowledged before the cut began counts: a sync that races it may succeed.
 *
 * Needs root, loop devices and mkfs.ext4; skipped (77) where they are not to be had. What it does
 * not test is the cache of a physical disk, which must honour a flush.
 *
 * CONTROL programs are this one with a bug planted in the journal or the fold: each must be caught.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "broker/recovery.h"
#include "tests/sim/brittle.h"
#include "tests/unit/samples.h"

#define SKIPPED 77
#define SHUTDOWN _IOR('X', 125, __u32) /* FS_IOC_SHUTDOWN of ext4 and xfs */
#define NOLOGFLUSH 2
#define MAP_SIZE ((size_t)512 << 20)
#define BODY_ROOM 4096
#define BATCH_EVENTS 8
#define LIFE_EVENTS 800 /* of a writer at most, some turns of the ring; not a time: disks differ   \
                         */
#define PATIENCE_MS 20000

#if defined(PLANT_ACK_BEFORE_SYNC) || defined(PLANT_EARLY_RECYCLE) || defined(PLANT_FIRST_KEPT)
#define PLANTED true
#else
#define PLANTED false
#endif

/* What the writer tells, in memory that outlives it and the cut. */
struct ledger {
    _Atomic uint64_t acked, started;
};

struct place {
    char scratch[SCRATCH_SIZE];
    char image[SCRATCH_SIZE + 16], mount[SCRATCH_SIZE + 16];
    char store[SCRATCH_SIZE + 32], ring[SCRATCH_SIZE + 32];
    struct journal_config config;
    bool mounted;
};

/* ---- what is written: event n of every run is the same ---- */

/* Of five events the second settles the first and the third takes that step; in every sixteenth
 * five, two messages stay in the queue instead. The fourth keeps a clock of a few as it is now, or
 * no more; the fifth tells of it, or takes what the fifth of the five before told. */
#define ROUND 5
#define CLOCKS 5

static uint64_t round_of(uint64_t sequence)
{
    return (sequence - 1) / ROUND;
}

static bool stays(uint64_t sequence)
{
    return round_of(sequence) % 16 == 0;
}

static enum event_kind kind_of(uint64_t sequence)
{
    switch ((sequence - 1) % ROUND) {
    case 0:
        return EVENT_ACCEPTED;
    case 1:
        return stays(sequence) ? EVENT_ACCEPTED : EVENT_STEP;
    case 2:
        return EVENT_TAKEN;
    case 3:
        return EVENT_KEPT;
    default:
        return round_of(sequence) % 2 == 0 ? EVENT_TOLD : EVENT_TAKEN;
    }
}

/* The clock as the fourth event of a round leaves it: its key, and the round; or gone. */
static struct event kept_of(uint64_t sequence, uint8_t out[static 16])
{
    struct writer w = writer_of(out, 16);
    const uint64_t round = round_of(sequence);

    write_u64(&w, round % CLOCKS);
    write_u64(&w, round);
    return (struct event){.kind = EVENT_KEPT,
                          .sequence = sequence,
                          .at_ms = (int64_t)sequence,
                          .kept_kind = KEPT_CLOCK,
                          .key = {out, 8},
                          .record = {out + 8, round % 7 == 0 ? 0 : 8}};
}

static struct bytes body_of(uint64_t sequence, uint8_t out[static BODY_ROOM])
{
    uint64_t random = sequence;
    size_t size = 100 + random_below(&random, 2000);

    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(sequence + i);
    return (struct bytes){out, size};
}

static struct event event_of(uint64_t sequence, uint8_t body[static BODY_ROOM])
{
    const uint32_t n = (uint32_t)sequence;
    struct event e;

    switch (kind_of(sequence)) {
    case EVENT_STEP:
        return sample_step(sequence, n - 1, sequence - 1, 1);
    case EVENT_TAKEN:
        return sample_taken(sequence,
                            (sequence - 1) % ROUND == 2 ? sequence - 1 : sequence - ROUND);
    case EVENT_KEPT:
        return kept_of(sequence, body);
    case EVENT_TOLD:
        return sample_told(sequence);
    case EVENT_ACCEPTED:
    case EVENT_REFUSED:
    case EVENT_AGENCY:
    case EVENT_KEY:
    case EVENT_AGED:
    case EVENT_GAZETTE:
    case EVENT_WITHHELD:
    case EVENT_COUNTED:
    case EVENT_CLAIM:
    case EVENT_KIND_END:
        break;
    }
    e = sample_accepted(sequence, n);
    e.body = body_of(sequence, body);
    return e;
}

/* ---- the writer ---- */

static _Noreturn void write_until_killed(const struct place *place, struct ledger *ledger,
                                         uint64_t random)
{
    static uint8_t data[256][BATCH_EVENTS * (BODY_ROOM + 512)], body[BODY_ROOM];
    struct recovery found;
    struct journal *journal;
    struct state *state;
    struct reason why = {""};
    unsigned gathered = 0;

    if (state_open(place->store, MAP_SIZE, &state, &why) != ST_OK
        || recovery_run(state, &disk_system, &place->config, &journal, &found, &why) != ST_OK) {
        fprintf(stderr, "powercut: the writer does not start: %s\n", why.text);
        _exit(EXIT_FAILURE);
    }
    atomic_store(&ledger->started, found.sequence + 1);

    for (uint64_t sequence = found.sequence + 1;;) {
        struct writer w = writer_of(data[gathered], sizeof data[gathered]);
        uint32_t count = 1 + (uint32_t)random_below(&random, BATCH_EVENTS);
        enum status status = ST_OK;

        for (uint32_t i = 0; i < count; i++) {
            struct event event = event_of(sequence + i, body);
            (void)event_write(&event, &w);
        }
        const struct iovec part = {w.start, w.size};
        bool full = gathered == 255 || !journal_has_room(journal, w.size);
        if (full || random_below(&random, 150) == 0) {
            const struct journal_mark mark = journal_mark(journal);
            status = state_commit(state, &mark);
            if (status == ST_OK)
                journal_release(journal, mark.sequence);
            gathered = 0;
            if (status == ST_OK)
                continue;
        }
        if (status == ST_OK)
            status = journal_append(journal, &part, 1, count);
        if (status == ST_OK)
            status = state_gather(state, (struct bytes){w.start, w.size});
        if (status != ST_OK)
            for (;;) /* the power has gone: nothing more is acknowledged */
                (void)pause();
        gathered++;
        sequence += count;
        atomic_store(&ledger->acked, sequence - 1);
    }
}

/* ---- what must be there ---- */

static bool is_there(struct state_reader *reader, uint64_t sequence)
{
    const struct id id = sample_id((uint32_t)sequence);
    uint8_t body[BODY_ROOM];
    struct message_record message;
    struct event event;
    struct bytes record, expected = body_of(sequence, body);
    struct reader r;

    if (kind_of(sequence) != EVENT_ACCEPTED)
        return true; /* what it changed is looked for with its message */
    if (state_message(reader, "nps.cambs", &id, &message) != ST_OK || message.sequence != sequence)
        return false;
    if (!stays(sequence))
        return true;
    if (state_item(reader, sequence, &record) != ST_OK)
        return false;
    r = reader_of(record.data, record.size);
    return event_read(&r, &event) == ST_OK && event.body.size == expected.size
        && memcmp(event.body.data, expected.data, expected.size) == 0;
}

/* What was told is owed until it was taken, and never again after that. */
static bool is_told_once(struct state_reader *reader, uint64_t sequence, uint64_t recovered)
{
    struct bytes record;
    enum status status;

    if (kind_of(sequence) != EVENT_TOLD)
        return true;
    status = state_item(reader, sequence, &record);
    return status == (sequence + ROUND <= recovered ? ST_MORE : ST_OK);
}

struct clocks {
    uint64_t rounds[CLOCKS]; /* that the record names, + 1; 0: gone */
};

static enum status find_clock(void *context, enum kept_kind kind, struct bytes key,
                              struct bytes record)
{
    struct clocks *clocks = context;
    struct reader k = reader_of(key.data, key.size), r = reader_of(record.data, record.size);
    uint64_t n = read_u64(&k), round = read_u64(&r);

    if (kind != KEPT_CLOCK || !reader_done(&k) || !reader_done(&r) || n >= CLOCKS)
        return ST_INVALID;
    clocks->rounds[n] = round + 1;
    return ST_OK;
}

/* Every clock is as the newest event of it left it: gives how many are not. */
static uint64_t count_wrong_clocks(struct state_reader *reader, uint64_t recovered)
{
    struct clocks found = {{0}}, expected = {{0}};
    uint64_t wrong = 0;

    if (state_each_kept(reader, find_clock, &found) != ST_OK)
        return CLOCKS;
    for (uint64_t sequence = 4; sequence <= recovered; sequence += ROUND) {
        uint64_t round = round_of(sequence);
        expected.rounds[round % CLOCKS] = round % 7 == 0 ? 0 : round + 1;
    }
    for (size_t n = 0; n < CLOCKS; n++)
        wrong += found.rounds[n] != expected.rounds[n];
    return wrong;
}

static enum status count_item(void *context, const char *agency, uint8_t lane, uint64_t sequence,
                              const struct event *event)
{
    (void)agency, (void)lane, (void)sequence, (void)event;
    ++*(uint64_t *)context;
    return ST_OK;
}

/* Recovers and looks for everything up to `acked`; gives how many acknowledged events are lost. */
static uint64_t count_lost(const struct place *place, uint64_t acked, uint64_t *recovered)
{
    OWNED(state) state = NULL;
    OWNED(journal) journal = NULL;
    OWNED(state_reader) reader = NULL;
    struct recovery found;
    struct reason why = {""};
    uint64_t lost = 0, items = 0;

    *recovered = 0;
    if (state_open(place->store, MAP_SIZE, &state, &why) != ST_OK
        || recovery_run(state, &disk_system, &place->config, &journal, &found, &why) != ST_OK
        || state_reader_open(state, &reader) != ST_OK) {
        if (!PLANTED)
            fprintf(stderr, "powercut: does not recover: %s\n", why.text);
        return acked > 0 ? acked : 1;
    }
    *recovered = found.sequence;
    for (uint64_t n = 1; n <= acked; n++)
        lost += !is_there(reader, n) || !is_told_once(reader, n, found.sequence);
    lost += count_wrong_clocks(reader, found.sequence);
    if (found.sequence < acked && lost == 0)
        lost = acked - found.sequence;
    return state_each_item(reader, count_item, &items) == ST_OK ? lost : acked;
}

/* ---- the file system ---- */

static bool command(const char *format, const char *a, const char *b)
{
    char text[4096];

    (void)snprintf(text, sizeof text, format, a, b);
    return system(text) == 0;
}

static bool mount_it(struct place *place)
{
    place->mounted = command("mount -o loop '%s' '%s' 2>/dev/null", place->image, place->mount);
    return place->mounted;
}

/* The kernel may hold it for a moment after the writer's death. */
static bool unmount(struct place *place)
{
    const struct timespec moment = {0, 10 * 1000 * 1000};

    for (int i = 0; i < 500 && place->mounted; i++) {
        if (command("umount '%s' 2>/dev/null", place->mount, ""))
            place->mounted = false;
        else
            (void)nanosleep(&moment, NULL);
    }
    return !place->mounted;
}

static void leave(struct place *place)
{
    (void)unmount(place);
    scratch_remove(place->scratch);
}

static int skip(struct place *place, const char *why)
{
    printf("powercut: skipped: %s\n", why);
    leave(place);
    return SKIPPED;
}

static bool cut_power(const struct place *place)
{
    int folder = open(place->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    __u32 flag = NOLOGFLUSH;
    bool done = folder >= 0 && ioctl(folder, SHUTDOWN, &flag) == 0;

    if (folder >= 0)
        (void)close(folder);
    return done;
}

/* ---- the run ---- */

struct tally {
    uint64_t cuts, acked, in_flight_kept, lost;
};

/* Until the writer has come as far as `sequence`; false where it never does. */
static bool await(const _Atomic uint64_t *told, uint64_t sequence)
{
    const struct timespec turn = {0, 1000 * 1000};

    for (int i = 0; i < PATIENCE_MS && atomic_load(told) < sequence; i++)
        (void)nanosleep(&turn, NULL);
    return atomic_load(told) >= sequence;
}

/* One life of the writer and its end; false when the harness itself failed. */
static bool live_and_die(struct place *place, struct ledger *ledger, uint64_t *random,
                         struct tally *t)
{
    uint64_t before = atomic_load(&ledger->acked), acked, recovered;
    uint64_t life = random_below(random, LIFE_EVENTS);
    const struct timespec anywhere = {0, (long)random_below(random, 4 * 1000 * 1000)};
    bool lived;
    pid_t writer;

    atomic_store(&ledger->started, 0);
    writer = fork();
    if (writer == 0)
        write_until_killed(place, ledger, *random);
    lived = writer > 0 && await(&ledger->started, 1) && await(&ledger->acked, before + life);
    (void)nanosleep(&anywhere, NULL); /* the cut may come anywhere in an append */

    acked = atomic_load(&ledger->acked); /* before the cut: what is said after may race it */
    if (!lived || !cut_power(place) || kill(writer, SIGKILL) != 0
        || waitpid(writer, NULL, 0) != writer || !unmount(place) || !mount_it(place)) {
        fprintf(stderr, "powercut: the harness failed: %s\n", strerror(errno));
        return false;
    }
    t->cuts++;
    t->acked += acked - before;
    t->lost += count_lost(place, acked, &recovered);
    t->in_flight_kept += recovered > acked;
    atomic_store(&ledger->acked, recovered);
    return true;
}

int main(int argc, char **argv)
{
    uint64_t cuts = argc > 1 ? strtoull(argv[1], NULL, 10) : 60;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, random = seed;
    struct ledger *ledger =
        mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct place place = {0};
    struct tally t = {0};
    bool sound = true;
    int failed = 0;

    scratch_make(place.scratch);
    (void)snprintf(place.image, sizeof place.image, "%s/image", place.scratch);
    (void)snprintf(place.mount, sizeof place.mount, "%s/mount", place.scratch);
    (void)snprintf(place.store, sizeof place.store, "%s/store", place.mount);
    (void)snprintf(place.ring, sizeof place.ring, "%s/ring", place.mount);
    place.config = (struct journal_config){place.ring, 4, 16 * JOURNAL_BLOCK};

    if (geteuid() != 0)
        return skip(&place, "needs root");
    if (ledger == MAP_FAILED
        || !command("mkdir '%s' && truncate -s 768M '%s'", place.mount, place.image))
        return skip(&place, "no room for a disk image");
    if (!command("mkfs.ext4 -q -F '%s' >/dev/null 2>&1", place.image, ""))
        return skip(&place, "no mkfs.ext4");
    if (!mount_it(&place))
        return skip(&place, "no loop devices, or mounting is not allowed");
    while (sound && t.cuts < cuts && (!PLANTED || t.lost == 0))
        sound = live_and_die(&place, ledger, &random, &t);
    leave(&place);
    if (!sound)
        return EXIT_FAILURE;

    if (PLANTED) {
        printf("control_caught=%s lost=%" PRIu64 " after cuts=%" PRIu64 "\n",
               t.lost > 0 ? "yes" : "NO", t.lost, t.cuts);
        return t.lost > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    printf("powercut: ext4 seed=%" PRIu64 " cuts=%" PRIu64 " acknowledged=%" PRIu64
           " unacknowledged_kept_in=%" PRIu64 " lost=%" PRIu64 "\n",
           seed, t.cuts, t.acked, t.in_flight_kept, t.lost);
    (void)fflush(stdout);
    for (int i = 3; i < argc; i++)
        failed += !command("printf '%%s: ' \"$(basename '%s')\"; '%s'", argv[i], argv[i]);
    return t.lost == 0 && t.acked > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
