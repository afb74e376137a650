/*
 * statehash.c - checkpoint and tail equal the live run, by a hash over all trees.
 *
 *     statehash [SCHEDULES [SEED [CONTROL...]]]
 *
 * Each schedule is a random history that a broker could write: messages accepted and refused, ids
 * used again, steps, messages withheld, items taken, certificates, keys, the gazette, refusals only
 * counted, records kept, changed and gone, what is told, days that pass. Two stores fold it:
 *
 *     plain    every batch is written on its own: nothing is coalesced
 *     crashed  windows of random length; the process dies at random places between checkpoints, or
 *              the power goes while a batch is on its way (brittle.h: one of the images that may be
 *              left), and recovers from its last checkpoint and the journal's tail (recovery.c, the
 *              real one)
 *
 * After each recovery what is queued, told and kept (cases, conversations, clocks are such records,
 * docs/custody.md) must be what a small model says of that batch: all that was acknowledged, and of
 * the batch that was on its way all or nothing. At the end the hashes must be equal.
 *
 * A history with one event changed must give another hash. CONTROL programs are this one with a bug
 * planted in the journal or in the fold: each must end with a difference (exit 1).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "broker/recovery.h"
#include "tests/sim/brittle.h"
#include "tests/unit/samples.h"

#define MAP_SIZE ((size_t)64 << 20)
#define EVENTS 120
#define MESSAGES_MAX 64
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))
#define KEPT_MAX 12
#define HISTORY_ROOM (256 * 1024)

static const struct journal_config ring = {"ring", 4, 8 * JOURNAL_BLOCK};
static const char *const agencies[] = {"nps.cambs", "csc.cambs", "court.b35cz00", "police.cambs"};

#define CHECK(call)                                                                                \
    do {                                                                                           \
        enum status status_ = (call);                                                              \
        if (status_ != ST_OK) {                                                                    \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, status_name(status_));   \
            exit(EXIT_FAILURE);                                                                    \
        }                                                                                          \
    } while (0)

/* ---- histories ---- */

struct message {
    const char *sender, *recipient;
    struct id id;
    uint64_t sequence; /* 0: refused */
    uint8_t lane, steps;
    bool settled;
};

struct item {
    uint64_t sequence;
    const char *agency;
    uint8_t lane;
};

/* What a broker knows while it writes a history: just enough to write a valid one. */
struct model {
    uint64_t random, sequence;
    int64_t now_ms;
    struct message messages[MESSAGES_MAX];
    size_t message_count;
    struct item items[EVENTS];  /* steps not taken yet */
    size_t item_count, waiting; /* waiting: messages not settled yet */
    bool is_kept[KEPT_MAX];
};

/* A history: batches back to back. */
struct history {
    uint8_t data[HISTORY_ROOM];
    struct batch {
        size_t at, size;
        uint32_t count;
        size_t items; /* queued at its end, as the model has it */
        size_t kept;  /* and kept */
    } batches[EVENTS];
    size_t batch_count;
};

static uint64_t below(struct model *m, uint64_t bound)
{
    return random_below(&m->random, bound);
}

static struct bytes noise(struct model *m, uint8_t *out, size_t room)
{
    size_t size = below(m, room + 1);

    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)random_next(&m->random);
    return (struct bytes){out, size};
}

static void name(char *out, const char *text)
{
    (void)snprintf(out, AGENCY_MAX + 1, "%s", text);
}

static void name_message(struct event *e, const struct message *message)
{
    name(e->sender, message->sender);
    e->message_id = message->id;
    e->header_digest = sha256(&message->id, sizeof message->id);
}

static void describe(struct event *e)
{
    (void)snprintf(e->clause, sizeof e->clause, "psr");
    (void)snprintf(e->agreement_id, sizeof e->agreement_id, "cambs-psr");
    e->code = 9;
    e->offending = 4;
    e->agreement_version = 2;
}

static void submit(struct model *m, struct event *e, uint8_t *scratch)
{
    struct message *message = &m->messages[m->message_count++];
    bool refused = below(m, 4) == 0;

    *message = (struct message){
        .sender = agencies[below(m, 4)],
        .recipient = agencies[below(m, 4)],
        .id = sample_id((uint32_t)random_next(&m->random)),
        .sequence = refused ? 0 : e->sequence,
        .lane = (uint8_t)below(m, LANES),
        .settled = refused,
    };
    name_message(e, message);
    describe(e);
    e->kind = refused ? EVENT_REFUSED : EVENT_ACCEPTED;
    if (refused)
        return;
    name(e->recipient, message->recipient);
    e->lane = message->lane;
    e->agreement_hash = sha256("agreement", 9);
    e->expires_ms = e->at_ms + DAY_MS;
    e->header = noise(m, scratch, 100);
    e->proof = noise(m, scratch + 100, 100);
    e->body = noise(m, scratch + 200, 600);
    m->waiting++;
}

/* The same id again with other bytes. */
static void reuse(struct event *e, const struct message *message)
{
    name_message(e, message);
    describe(e);
    e->kind = EVENT_REFUSED;
    e->header_digest = sha256("other", 5);
}

static void step(struct model *m, struct event *e, struct message *message, uint8_t *scratch)
{
    e->kind = EVENT_STEP;
    name_message(e, message);
    e->lane = message->lane;
    e->step_kind = ++message->steps;
    e->message_sequence = message->sequence;
    e->step = noise(m, scratch, 200);
    e->step_proof = noise(m, scratch + 200, 100);
    if (!message->settled)
        m->waiting--;
    message->settled = true;
    m->items[m->item_count++] = (struct item){e->sequence, message->sender, message->lane};
}

/* Accepted and not handed over; a message that was may be so too, in the same moment. */
static void withhold(struct model *m, struct event *e, struct message *message)
{
    e->kind = EVENT_WITHHELD;
    name_message(e, message);
    e->lane = message->lane;
    e->code = 41;
    e->message_sequence = message->sequence;
    if (!message->settled)
        m->waiting--;
    message->settled = true;
    m->items[m->item_count++] = (struct item){e->sequence, message->sender, message->lane};
}

static void publish(struct model *m, struct event *e, uint8_t *scratch)
{
    uint64_t choice = below(m, 3);

    scratch[0] = 1; /* neither is empty */
    if (choice == 0) {
        e->kind = EVENT_COUNTED;
        name(e->agency, agencies[below(m, 4)]);
        describe(e);
        e->from_ms = e->at_ms - 1;
        e->refusals = (uint32_t)below(m, 50);
        return;
    }
    e->kind = EVENT_GAZETTE;
    if (choice == 1) {
        e->notice = (struct bytes){scratch, 1 + below(m, 50)};
        return;
    }
    e->governance_key = sha256("key", 3);
    e->instrument = (struct bytes){scratch, 1 + below(m, 50)};
    e->text = noise(m, scratch + 100, 300);
}

/* Clock `n` of a few, so that one is often kept again, or gone again, in the same window. */
static void keep(struct model *m, struct event *e, uint8_t *scratch)
{
    size_t n = below(m, KEPT_MAX);

    e->kind = EVENT_KEPT;
    e->kept_kind = KEPT_CLOCK;
    memset(scratch, (int)n, 8);
    e->key = (struct bytes){scratch, 8};
    m->is_kept[n] = below(m, 3) > 0;
    if (!m->is_kept[n])
        return;
    scratch[8] = 1; /* not empty */
    e->record = (struct bytes){scratch + 8, 1 + noise(m, scratch + 9, 300).size};
}

static void tell(struct model *m, struct event *e, uint8_t *scratch)
{
    const char *agency = agencies[below(m, 4)];

    e->kind = EVENT_TOLD;
    name(e->agency, agency);
    e->lane = (uint8_t)below(m, LANES);
    e->told = noise(m, scratch, 200);
    m->items[m->item_count++] = (struct item){e->sequence, agency, e->lane};
}

static void claim(struct model *m, struct event *e, uint8_t *scratch)
{
    e->kind = EVENT_CLAIM;
    name(e->agency, agencies[below(m, 4)]);
    e->case_handle.bytes[0] = (uint8_t)(1 + below(m, 4));
    e->case_version = 1 + below(m, 9);
    e->statement = noise(m, scratch, 200);
    e->statement_proof = noise(m, scratch + 200, 96);
}

static void take(struct model *m, struct event *e)
{
    size_t place = below(m, m->item_count);
    struct item item = m->items[place];

    m->items[place] = m->items[--m->item_count];
    e->kind = EVENT_TAKEN;
    name(e->agency, item.agency);
    e->lane = item.lane;
    e->item_sequence = item.sequence;
}

static void register_agency(struct model *m, struct event *e, uint8_t *scratch)
{
    name(e->agency, agencies[below(m, 4)]);
    if (below(m, 2)) {
        e->kind = EVENT_AGENCY;
        e->certificate = noise(m, scratch, 4);
    } else {
        e->kind = EVENT_KEY;
        memset(e->key_id, (int)below(m, 3), sizeof e->key_id);
        e->open_until_ms = (int64_t)below(m, 3);
        e->statement = noise(m, scratch, 100);
        e->statement_proof = noise(m, scratch + 100, 100);
    }
}

static struct event next_event(struct model *m, uint8_t *scratch)
{
    struct event e = {.kind = EVENT_AGED, .sequence = ++m->sequence};
    uint64_t choice = below(m, 25);
    struct message *message =
        m->message_count > 0 ? &m->messages[below(m, m->message_count)] : NULL;

    m->now_ms += (int64_t)below(m, below(m, 8) ? 1000 : 20 * DAY_MS);
    e.at_ms = m->now_ms;
    if (choice == 0)
        return e; /* ids are forgotten */
    if (choice == 1)
        register_agency(m, &e, scratch);
    else if (choice == 2 && message)
        reuse(&e, message);
    else if (choice == 3)
        publish(m, &e, scratch);
    else if (choice == 4 && message && message->sequence > 0)
        withhold(m, &e, message);
    else if (choice == 24)
        claim(m, &e, scratch);
    else if (choice >= 22)
        tell(m, &e, scratch);
    else if (choice >= 20)
        keep(m, &e, scratch);
    else if (choice < 11 && message && message->sequence > 0 && message->steps < 6)
        step(m, &e, message, scratch);
    else if (choice < 15 && m->item_count > 0)
        take(m, &e);
    else if (m->message_count < MESSAGES_MAX)
        submit(m, &e, scratch);
    return e;
}

static size_t count_kept_of(const struct model *m)
{
    size_t kept = 0;

    for (size_t n = 0; n < KEPT_MAX; n++)
        kept += m->is_kept[n];
    return kept;
}

static void write_history(struct history *h, uint64_t seed)
{
    struct model m = {.random = seed, .now_ms = 1000 * DAY_MS};
    struct writer w = writer_of(h->data, sizeof h->data);
    uint8_t scratch[1024];

    h->batch_count = 0;
    while (m.sequence < EVENTS) {
        struct batch *batch = &h->batches[h->batch_count++];
        *batch = (struct batch){.at = w.size};
        for (uint64_t n = 1 + below(&m, 5); n > 0 && m.sequence < EVENTS; n--) {
            struct event event = next_event(&m, scratch);
            CHECK(event_write(&event, &w));
            batch->count++;
        }
        batch->size = w.size - batch->at;
        batch->items = m.item_count + m.waiting;
        batch->kept = count_kept_of(&m);
    }
}

static struct bytes payload(const struct history *h, size_t batch)
{
    return (struct bytes){h->data + h->batches[batch].at, h->batches[batch].size};
}

/* ---- folding ---- */

struct checked {
    struct digest hash;
    size_t items, kept;
};

static enum status count_item(void *context, const char *agency, uint8_t lane, uint64_t sequence,
                              const struct event *event)
{
    (void)agency, (void)lane, (void)sequence, (void)event;
    ++*(size_t *)context;
    return ST_OK;
}

static enum status count_kept(void *context, enum kept_kind kind, struct bytes key,
                              struct bytes record)
{
    (void)kind, (void)key, (void)record;
    ++*(size_t *)context;
    return ST_OK;
}

static struct checked check_state(struct state *state)
{
    struct checked checked = {0};
    OWNED(state_reader) reader = NULL;

    CHECK(state_hash(state, &checked.hash));
    CHECK(state_reader_open(state, &reader));
    CHECK(state_each_item(reader, count_item, &checked.items));
    CHECK(state_each_kept(reader, count_kept, &checked.kept));
    return checked;
}

static struct state *open_state(const char *folder)
{
    struct state *state;
    struct reason why = {""};

    if (state_open(folder, MAP_SIZE, &state, &why) != ST_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(EXIT_FAILURE);
    }
    return state;
}

/* Every batch written on its own, one commit at the end. */
static struct checked fold_plainly(const struct history *h, const char *folder)
{
    OWNED(state) state = open_state(folder);
    const struct journal_mark mark = {.sequence = EVENTS};

    for (size_t i = 0; i < h->batch_count; i++) {
        CHECK(state_gather(state, payload(h, i)));
        CHECK(state_spill(state));
    }
    CHECK(state_commit(state, &mark));
    return check_state(state);
}

struct tallies {
    uint64_t schedules, crashes, cuts, in_flight_kept, replayed, checkpoints;
};

struct process {
    struct state *state;
    struct journal *journal;
    uint64_t sequence; /* the last one that its start found */
};

static struct process start(const char *folder, const struct disk *disk, struct tallies *t)
{
    struct process p = {.state = open_state(folder)};
    struct recovery found;
    struct reason why = {""};

    if (recovery_run(p.state, disk, &ring, &p.journal, &found, &why) != ST_OK) {
        fprintf(stderr, "recovery: %s\n", why.text);
        exit(EXIT_FAILURE);
    }
    t->replayed += found.batches;
    p.sequence = found.sequence;
    return p;
}

static void checkpoint(struct process *p, struct tallies *t)
{
    const struct journal_mark mark = journal_mark(p->journal);

    CHECK(state_commit(p->state, &mark));
    journal_release(p->journal, mark.sequence);
    t->checkpoints++;
}

/* One image of those that a cut during an append may leave, each as likely. */
struct cut {
    struct brittle *disk;  /* the one that is visited */
    struct brittle *image; /* owned */
    uint64_t random, seen;
};

static void catch_image(void *context)
{
    struct cut *cut = context;

    if (random_below(&cut->random, ++cut->seen) > 0)
        return;
    brittle_free(cut->image);
    cut->image = brittle_copy(cut->disk, cut->random);
}

/* What the store has, against what the model says of that batch. */
static bool is_as_modelled(struct state *state, const struct history *h, size_t batches)
{
    const struct batch nothing = {.at = 0}, *b = batches > 0 ? &h->batches[batches - 1] : &nothing;
    const struct checked checked = check_state(state);

    return checked.items == b->items && checked.kept == b->kept;
}

/* Appends batch `i`; with `cut` the power goes meanwhile. */
static void append(struct process *p, const struct history *h, size_t i, struct cut *cut)
{
    const struct bytes bytes = payload(h, i);
    const struct iovec part = {(void *)(uintptr_t)bytes.data, bytes.size};

    if (cut)
        brittle_visit(cut->disk, 4, 16, catch_image, cut);
    CHECK(journal_append(p->journal, &part, 1, h->batches[i].count));
    if (cut)
        brittle_visit(cut->disk, 0, 0, NULL, NULL);
    CHECK(state_gather(p->state, bytes));
}

/* Dies without a checkpoint: what is gathered is lost. It starts on what is left. Gives how many
 * batches it finds: the last on its way may be there. */
static size_t die(struct process *p, const struct history *h, size_t batches, const char *folder,
                  const struct disk *disk, struct tallies *t)
{
    uint64_t sequence = 0;
    size_t found = 0;

    journal_free(p->journal);
    state_free(p->state);
    *p = start(folder, disk, t);
    while (sequence < p->sequence && found < h->batch_count)
        sequence += h->batches[found++].count;
    if (sequence != p->sequence || found > batches || found + 1 < batches
        || !is_as_modelled(p->state, h, found)) {
        fprintf(stderr, "recovered: %zu batches of %zu, sequence %" PRIu64 "\n", found, batches,
                p->sequence);
        exit(EXIT_FAILURE);
    }
    return found;
}

static struct checked fold_with_crashes(const struct history *h, const char *folder,
                                        uint64_t random, struct tallies *t)
{
    struct brittle *brittle = brittle_new(ring.segment_count, ring.segment_size, random);
    struct disk disk = brittle_disk(brittle);
    struct process p = start(folder, &disk, t);
    struct checked checked;

    for (size_t i = 0; i < h->batch_count;) {
        struct cut cut = {.disk = brittle, .random = random_next(&random)};
        bool is_cut = random_below(&random, 40) == 0;

        if (!journal_has_room(p.journal, h->batches[i].size))
            checkpoint(&p, t);
        append(&p, h, i++, is_cut ? &cut : NULL);
        if (is_cut && cut.image) {
            brittle_free(brittle);
            brittle = cut.image;
            disk = brittle_disk(brittle);
            size_t found = die(&p, h, i, folder, &disk, t);
            t->cuts++;
            t->in_flight_kept += found == i;
            i = found;
            continue;
        }
        if (random_below(&random, 8) == 0)
            checkpoint(&p, t);
        if (random_below(&random, 40) == 0 || i == h->batch_count) {
            if (die(&p, h, i, folder, &disk, t) != i) {
                fprintf(stderr, "an acknowledged batch is lost\n");
                exit(EXIT_FAILURE);
            }
            t->crashes++;
        }
    }
    checked = check_state(p.state);
    journal_free(p.journal);
    state_free(p.state);
    brittle_free(brittle);
    return checked;
}

/* ---- the run ---- */

static void compare(const char *scratch, uint64_t seed, struct tallies *t)
{
    static struct history history;
    char plain[SCRATCH_SIZE + 16], crashed[SCRATCH_SIZE + 16];
    struct checked a, b;
    const struct batch *last;

    (void)snprintf(plain, sizeof plain, "%s/plain", scratch);
    (void)snprintf(crashed, sizeof crashed, "%s/crashed", scratch);
    write_history(&history, seed);
    last = &history.batches[history.batch_count - 1];
    a = fold_plainly(&history, plain);
    b = fold_with_crashes(&history, crashed, seed, t);
    if (!digest_equal(&a.hash, &b.hash) || a.items != last->items || b.items != last->items
        || a.kept != last->kept || b.kept != last->kept) {
        fprintf(stderr,
                "schedule %" PRIu64 ": states differ (items %zu, %zu, expected %zu; kept %zu, %zu, "
                "expected %zu)\n",
                seed, a.items, b.items, last->items, a.kept, b.kept, last->kept);
        exit(EXIT_FAILURE);
    }
    scratch_remove(plain);
    scratch_remove(crashed);
    t->schedules++;
}

/* One bit of the last body: another state. */
static bool control(const char *scratch, uint64_t seed)
{
    static struct history history;
    char folder[SCRATCH_SIZE + 16];
    struct event event = sample_accepted(EVENTS + 1, 1);
    struct digest hashes[2];
    uint8_t record[1024];

    write_history(&history, seed);
    for (size_t n = 0; n < 2; n++) {
        const struct journal_mark mark = {.sequence = EVENTS + 1};
        struct writer w = writer_of(record, sizeof record);

        (void)snprintf(folder, sizeof folder, "%s/control", scratch);
        OWNED(state) state = open_state(folder);
        for (size_t i = 0; i < history.batch_count; i++)
            CHECK(state_gather(state, payload(&history, i)));
        CHECK(event_write(&event, &w));
        record[w.size - 1] ^= (uint8_t)n;
        CHECK(state_gather(state, (struct bytes){record, w.size}));
        CHECK(state_commit(state, &mark));
        CHECK(state_hash(state, &hashes[n]));
        scratch_remove(folder);
    }
    return !digest_equal(&hashes[0], &hashes[1]);
}

static bool is_caught(const char *program)
{
    char command[4096];

    (void)snprintf(command, sizeof command, "'%s' 40 1 >/dev/null 2>&1", program);
    const int status = system(command); // NOLINT(cert-env33-c): a test's own program
    const bool caught = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE;
    printf("control_caught=%s (%s)\n", caught ? "yes" : "NO", strrchr(program, '/') + 1);
    return caught;
}

int main(int argc, char **argv)
{
    uint64_t schedules = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct tallies t = {0};
    char scratch[SCRATCH_SIZE];
    bool caught;

    scratch_make(scratch);
    caught = control(scratch, seed);
    for (int i = 3; i < argc; i++)
        caught = is_caught(argv[i]) && caught;
    for (uint64_t n = 0; n < schedules; n++)
        compare(scratch, seed + n, &t);
    scratch_remove(scratch);
    printf("statehash: seed=%" PRIu64 " schedules=%" PRIu64 " events=%" PRIu64 " crashes=%" PRIu64
           " power_cuts=%" PRIu64 " in_flight_kept=%" PRIu64 " checkpoints=%" PRIu64
           " batches_replayed=%" PRIu64 " differences=0 control_caught=%s\n",
           seed, t.schedules, t.schedules * EVENTS, t.crashes, t.cuts, t.in_flight_kept,
           t.checkpoints, t.replayed, caught ? "yes" : "NO");
    return caught && t.replayed > 0 && t.cuts > 0 && t.in_flight_kept > 0 ? EXIT_SUCCESS
                                                                          : EXIT_FAILURE;
}
