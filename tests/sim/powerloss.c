/*
 * powerloss.c - the journal under a disk that loses its power at every operation.
 *
 *     powerloss [STATES [SEED [CONTROL...]]]
 *
 * A writer appends random batches; checkpoints are modelled as what LMDB makes of them: an atomic
 * change of mark, which may reach the disk at any moment between its begin and its end. At each cut
 * (brittle.h) the journal is replayed from every mark that the store could hold, and must give:
 * every sequence that was acknowledged, in order, without a gap; what was in flight whole or not at
 * all; nothing that was never appended; and no report of damage, since a power cut is none. Some
 * cuts are restarted from, with cuts during the restart itself.
 *
 * Distinct states are counted by the surviving image and the mark. Then bits are flipped: what is
 * behind the flipped bit is never dropped in silence, unless it was the last batch, which no reader
 * can tell from a torn one.
 *
 * CONTROL programs are this one with a bug planted in the journal (PLANT_*): each must report that
 * it was caught, or this harness proves nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal.h"
#include "tests/sim/brittle.h"

#define FOLDER "ring"
#define SEGMENTS 4
#define SEGMENT_SIZE ((uint64_t)5 * JOURNAL_BLOCK) /* four blocks of batches */
#define PAYLOAD_MAX (3 * JOURNAL_BLOCK - 200)
#define MADE_MAX 64 /* batches kept for comparison: more than the ring holds */

#if defined(PLANT_ACK_BEFORE_SYNC) || defined(PLANT_EARLY_RECYCLE)
#define PLANTED true
#else
#define PLANTED false
#endif

/* ---- a set of 64-bit hashes ---- */

struct set {
    uint64_t *places; /* owned; 0 = empty */
    size_t size, count;
};

static bool set_add(struct set *set, uint64_t hash)
{
    size_t at;

    hash |= hash == 0;
    if (2 * (set->count + 1) > set->size) {
        struct set larger = {.size = set->size ? 2 * set->size : 1 << 16};
        larger.places = calloc(larger.size, sizeof *larger.places);
        if (!larger.places)
            abort();
        for (size_t i = 0; i < set->size; i++)
            if (set->places[i])
                (void)set_add(&larger, set->places[i]);
        free(set->places);
        *set = larger;
    }
    for (at = hash & (set->size - 1); set->places[at]; at = (at + 1) & (set->size - 1))
        if (set->places[at] == hash)
            return false;
    set->places[at] = hash;
    set->count++;
    return true;
}

/* ---- a broker's storage, as far as the journal knows it ---- */

struct made {
    uint64_t first, salt;
    uint32_t count, size;
};

struct world {
    struct brittle *disk;
    struct journal *journal;
    struct journal_mark held;       /* the checkpoint on the disk */
    struct journal_mark committing; /* the one on its way there */
    bool is_committing;
    uint64_t acked;             /* last sequence that was acknowledged */
    struct made made[MADE_MAX]; /* by batch, the newest MADE_MAX */
    size_t made_count;
    unsigned depth; /* 1: inside a restart after a cut */
    uint64_t random;
};

static struct {
    uint64_t seed, cuts, checked, restarts, violations;
    struct set states, done;
} run;

static const struct journal_config config = {FOLDER, SEGMENTS, SEGMENT_SIZE};

static void violation(const struct world *w, const char *what, const char *detail)
{
    if (run.violations++ < 5 && !PLANTED)
        fprintf(stderr,
                "VIOLATION: %s: %s (seed %" PRIu64 ", acknowledged %" PRIu64 ", depth %u)\n", what,
                detail, run.seed, w->acked, w->depth);
}

static void fill(uint8_t *out, const struct made *made)
{
    uint64_t random = made->salt;

    memset(out, 0, made->size);
    for (size_t i = 0; i + 8 <= made->size; i += 8) {
        uint64_t word = random_next(&random);
        memcpy(out + i, &word, sizeof word);
    }
}

static const struct made *find_made(const struct world *w, uint64_t first)
{
    size_t from = w->made_count > MADE_MAX ? w->made_count - MADE_MAX : 0;

    for (size_t i = w->made_count; i-- > from;)
        if (w->made[i % MADE_MAX].first == first)
            return &w->made[i % MADE_MAX];
    return NULL;
}

/* ---- what a replay must give ---- */

struct replay {
    const struct world *world;
    uint64_t last;
    const char *wrong;
};

static enum status compare(void *context, struct bytes payload, uint32_t count,
                           const struct journal_mark *after)
{
    static uint8_t expected[PAYLOAD_MAX];
    struct replay *replay = context;
    const struct made *made = find_made(replay->world, replay->last + 1);

    if (!made || made->count != count || made->size != payload.size
        || after->sequence != replay->last + count) {
        replay->wrong = "a batch that was never appended";
        return ST_OK;
    }
    fill(expected, made);
    if (memcmp(expected, payload.data, payload.size) != 0)
        replay->wrong = "a batch with other bytes";
    replay->last += count;
    return ST_OK;
}

/* Replays from `mark` and judges; gives the last sequence. */
static uint64_t check_from(const struct world *w, const struct journal_mark *mark)
{
    struct replay replay = {w, mark->sequence, NULL};
    struct disk disk = brittle_disk(w->disk);
    struct reason why = {""};
    enum status status = journal_replay(&disk, &config, mark, compare, &replay, &why);

    run.checked++;
    if (status != ST_OK)
        violation(w, "the journal does not replay", why.text);
    else if (replay.wrong)
        violation(w, "the journal gives", replay.wrong);
    else if (replay.last < w->acked)
        violation(w, "acknowledged and lost", "sequences after the last replayed");
    return replay.last;
}

static uint64_t mark_hash(const struct journal_mark *mark)
{
    uint64_t hash = mark->sequence;

    for (size_t i = 0; i < 8; i++)
        hash = hash * 257 + mark->nonce[i];
    return random_next(&hash);
}

static void restart_after_cut(const struct world *w, const struct journal_mark *mark,
                              uint64_t last);

static void visit_mark(struct world *w, const struct journal_mark *mark)
{
    uint64_t state = brittle_hash(w->disk) ^ mark_hash(mark), acked = w->acked, last;

    (void)set_add(&run.states, state);
    if (!set_add(&run.done, state ^ random_next(&acked)))
        return;
    last = check_from(w, mark);
    if (w->depth == 0 && run.violations == 0 && random_below(&w->random, 64) == 0)
        restart_after_cut(w, mark, last);
}

/* One image after a cut: the store may hold the old mark or the one on its way. */
static void visit(void *context)
{
    struct world *w = context;

    run.cuts++;
    visit_mark(w, &w->held);
    if (w->is_committing)
        visit_mark(w, &w->committing);
}

/* ---- life ---- */

static void finish_checkpoint(struct world *w)
{
    if (!w->is_committing)
        return;
    w->held = w->committing;
    w->is_committing = false;
    if (w->journal)
        journal_release(w->journal, w->held.sequence);
    brittle_cut(w->disk);
}

static void begin_checkpoint(struct world *w)
{
    if (w->is_committing)
        return;
    w->committing = journal_mark(w->journal);
    w->is_committing = true;
    brittle_cut(w->disk);
}

/* From the checkpoint and what a replay gave after it to an open ring: as recovery.c does. */
static void start(struct world *w, uint64_t last)
{
    struct disk disk = brittle_disk(w->disk);
    uint8_t nonce[DIGEST_SIZE];
    struct journal_mark recovered = {.sequence = last};
    struct reason why = {""};

    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (uint8_t)random_next(&w->random);
    w->committing = journal_start(&config, &recovered, nonce);
    w->is_committing = true;
    w->acked = last;
    finish_checkpoint(w);
    if (journal_open(&disk, &config, &w->held, &w->journal, &why) != ST_OK) {
        fprintf(stderr, "the ring does not open: %s\n", why.text);
        abort();
    }
}

static void append(struct world *w)
{
    static uint8_t payload[PAYLOAD_MAX];
    struct made *made = &w->made[w->made_count % MADE_MAX];
    const struct iovec parts[] = {{payload, 0}};
    struct iovec part = parts[0];
    enum status status;

    *made = (struct made){
        .first = journal_mark(w->journal).sequence + 1,
        .salt = random_next(&w->random),
        .count = 1 + (uint32_t)random_below(&w->random, 5),
        /* Mostly one block, often a full one: more sectors, more ways to tear. */
        .size = (uint32_t)(1
                           + random_below(&w->random,
                                          random_below(&w->random, 4) ? 3900 : PAYLOAD_MAX)),
    };
    fill(payload, made);
    part.iov_len = made->size;
    w->made_count++;
    status = journal_append(w->journal, &part, 1, made->count);
    if (status == ST_MORE) {
        w->made_count--;
        begin_checkpoint(w);
        finish_checkpoint(w);
    } else if (status == ST_OK) {
        w->acked = journal_mark(w->journal).sequence;
        brittle_cut(w->disk);
    } else {
        abort();
    }
}

/* A broker starts on what a cut has left, and is cut again. */
static void restart_after_cut(const struct world *from, const struct journal_mark *mark,
                              uint64_t last)
{
    struct world *w = malloc(sizeof *w);

    if (!w)
        abort();
    *w = *from;
    w->random = random_next(&w->random) ^ run.restarts++;
    w->disk = brittle_copy(from->disk, w->random);
    w->journal = NULL;
    w->held = *mark;
    w->is_committing = false;
    w->depth++;
    brittle_visit(w->disk, 4, 8, visit, w);
    start(w, last);
    append(w);
    begin_checkpoint(w);
    append(w);
    finish_checkpoint(w);
    journal_free(w->journal);
    brittle_free(w->disk);
    free(w);
}

/* One broker from its first start on, with clean restarts in between. */
static void live(uint64_t seed, unsigned appends)
{
    struct world *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    w->random = run.seed = seed;
    w->disk = brittle_new(SEGMENTS, SEGMENT_SIZE, seed);
    brittle_visit(w->disk, 10, 200, visit, w);
    start(w, check_from(w, &w->held));
    for (unsigned n = 0; n < appends && (!PLANTED || run.violations == 0); n++) {
        append(w);
        if (random_below(&w->random, 4) == 0)
            begin_checkpoint(w);
        if (random_below(&w->random, 5) == 0)
            finish_checkpoint(w);
        if (random_below(&w->random, 20) == 0) {
            journal_free(w->journal);
            w->journal = NULL;
            w->is_committing = false;
            start(w, check_from(w, &w->held));
        }
    }
    journal_free(w->journal);
    brittle_free(w->disk);
    free(w);
}

/* ---- flipped bits ---- */

struct flips {
    uint64_t flipped, refused, harmless, torn, silent;
};

/* A ring with a tail of whole batches, and each of its bits in turn. */
static void flip_bits(uint64_t seed, struct flips *out)
{
    struct world *w = calloc(1, sizeof *w);
    uint64_t before_last = 0;
    struct disk disk;

    if (!w)
        abort();
    w->random = run.seed = seed;
    w->disk = brittle_new(SEGMENTS, SEGMENT_SIZE, seed);
    disk = brittle_disk(w->disk);
    start(w, 0);
    for (unsigned n = 0; n < 7; n++) {
        before_last = w->acked;
        append(w);
    }
    for (uint64_t bit = 0; bit < SEGMENTS * SEGMENT_SIZE * 8;
         bit += 1 + random_below(&w->random, 40)) {
        size_t file = (size_t)(bit / 8 / SEGMENT_SIZE);
        uint64_t offset = bit / 8 % SEGMENT_SIZE;
        struct replay replay = {w, w->held.sequence, NULL};
        struct reason why = {""};
        enum status status;

        if (!brittle_flip(w->disk, file, offset, (unsigned)(bit % 8)))
            continue;
        status = journal_replay(&disk, &config, &w->held, compare, &replay, &why);
        out->flipped++;
        if (status == ST_INVALID && strstr(why.text, "segment ") && strstr(why.text, "offset "))
            out->refused++;
        else if (status == ST_OK && !replay.wrong && replay.last == w->acked)
            out->harmless++;
        else if (status == ST_OK && !replay.wrong && replay.last == before_last)
            out->torn++;
        else
            out->silent++;
        (void)brittle_flip(w->disk, file, offset, (unsigned)(bit % 8));
    }
    journal_free(w->journal);
    brittle_free(w->disk);
    free(w);
}

/* ---- the run ---- */

static int report_control(void)
{
    printf("control_caught=%s violations=%" PRIu64 " after cuts=%" PRIu64 "\n",
           run.violations > 0 ? "yes" : "NO", run.violations, run.cuts);
    return run.violations > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 30000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct flips flips = {0};
    int failed = 0;

    for (uint64_t n = 0; run.states.count < wanted && run.violations == 0; n++)
        live(seed + n, 60);
    if (PLANTED)
        return report_control();

    for (uint64_t n = 0; n < 2; n++)
        flip_bits(seed + n, &flips);
    printf("powerloss: seed=%" PRIu64 " cuts=%" PRIu64 " crash_states=%zu replays=%" PRIu64
           " restarts_cut_again=%" PRIu64 " violations=%" PRIu64 "\n",
           seed, run.cuts, run.states.count, run.checked, run.restarts, run.violations);
    printf("powerloss: bits_flipped=%" PRIu64 " refused=%" PRIu64 " outside_any_batch=%" PRIu64
           " in_the_last_batch=%" PRIu64 " dropped_in_silence=%" PRIu64 "\n",
           flips.flipped, flips.refused, flips.harmless, flips.torn, flips.silent);
    (void)fflush(stdout);
    for (int i = 3; i < argc; i++) {
        char command[4096];
        (void)snprintf(command, sizeof command, "printf '%%s: ' \"$(basename '%s')\"; '%s'",
                       argv[i], argv[i]);
        failed += system(command) != 0;
    }
    failed += run.violations > 0 || flips.silent > 0 || flips.refused == 0;
    free(run.states.places);
    free(run.done.places);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
