/* A large community's cases, conversations and clocks: a start reads them all soon enough, a tick
 * at which nothing is due costs nothing, and the memory they take is known. The figures are an
 * optimised build's; any other runs a tenth of it and judges nothing. */
#include "tests/unit/unit.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "broker/cases.h"
#include "broker/clocks.h"
#include "broker/recovery.h"
#include "tests/unit/exchange_desk.h"
#include "tests/unit/samples.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define MEASURED false
#define SHARE 10
#else
#define MEASURED true
#define SHARE 1
#endif

#define CASES (250000 / SHARE)
#define CONVERSATIONS (100000 / SHARE) /* of the first cases */
#define CLOCKS (100000 / SHARE)        /* of these conversations */
#define STRIKING 100                   /* clocks that warn an hour from now */
#define MINUTE INT64_C(60000)
#define BATCH (256 * 1024)       /* bytes of records */
#define COMMIT (8 * 1024 * 1024) /* bytes between checkpoints: less than the ring */
#define TICKS 2000

#define RESTART_MAX 2.0          /* seconds */
#define TICK_MAX 0.001           /* seconds */
#define RESIDENT_MAX (250 << 20) /* bytes */
#define MAP_SIZE ((size_t)2 << 30)

static double seconds_of(clockid_t clock)
{
    struct timespec at;

    assert_int_equal(clock_gettime(clock, &at), 0);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t all = 0, pages = 0, shared = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu %zu %zu", &all, &pages, &shared), 3);
    (void)fclose(file);
    return (pages - shared) * (size_t)sysconf(_SC_PAGESIZE); /* the store's map is shared */
}

/* ---- what is kept ---- */

static const char *const agencies[] = {"court.a", "nps.a"};

static const char *name_of(void *, uint32_t agency)
{
    return agencies[agency - 1];
}

static const struct cases_names names = {.name = name_of};

static struct id id_of(uint8_t kind, uint32_t n)
{
    const struct digest digest = sha256(&n, sizeof n);
    struct id id;

    memcpy(id.bytes, digest.bytes, ID_SIZE);
    id.bytes[0] = kind;
    return id;
}

static size_t write_case(uint32_t n, uint8_t *key, struct writer *w)
{
    const struct case_held held = {.handle = id_of(1, n),
                                   .custody = {.holder = 2, .version = 1, .handed = 1},
                                   .opened_by = 2,
                                   .changed_ms = NOW};

    memcpy(key, held.handle.bytes, ID_SIZE);
    case_write(&held, &names, w);
    return ID_SIZE;
}

static size_t write_conversation(uint32_t n, uint8_t *key, struct writer *w)
{
    const struct conversation_kept kept = {.conversation = {.id = id_of(2, n),
                                                            .case_handle = id_of(1, n),
                                                            .opened = catalogue_find("psr.request"),
                                                            .state = CONVERSATION_OPEN,
                                                            .asker = 1,
                                                            .other = 2,
                                                            .next_of_asker = 2,
                                                            .next_of_other = 1,
                                                            .changed_ms = NOW}};

    memcpy(key, kept.conversation.id.bytes, ID_SIZE);
    conversation_write(&kept, &names, w);
    return ID_SIZE;
}

static struct digest agreement_hash;

static size_t write_clock(uint32_t n, uint8_t *key, struct writer *w)
{
    struct clock_running running = {
        .number = n + 1,
        .clock = {.kind = CONCORDAT__CLOCK_KIND__CLOCK_ANSWER,
                  .started_ms = NOW,
                  .due_ms = NOW + 120 * MINUTE,
                  .next_ms = NOW + 60 * MINUTE,
                  .span = {.minutes = 120},
                  .calendar = CALENDAR_ALWAYS},
        .message = id_of(2, n),
        .conversation = id_of(2, n),
        .case_handle = id_of(1, n),
        .owed_by = 2,
        .owed_to = 1,
        .agreement_id = "ISA-TEST",
        .agreement_version = 1,
        .type = "psr.request",
        .clause = "psr-request",
        .agreement_hash = agreement_hash,
    };
    struct writer k = writer_of(key, 8);

    if (n >= STRIKING) {
        running.clock.started_ms += DAY + n;
        running.clock.due_ms += DAY + n;
        running.clock.next_ms += DAY + n;
    }
    write_u64(&k, running.number);
    clock_write(&running, &names, w);
    return 8;
}

/* ---- the past: a journal and a store, with a tail that no checkpoint holds ---- */

struct past {
    char folder[SCRATCH_SIZE], store[SCRATCH_SIZE + 8], ring[SCRATCH_SIZE + 8];
    struct journal_config config;
    struct state *state;
    struct journal *journal;
    uint64_t sequence;
    uint8_t *batch; /* owned: this window's records, the batch at hand from `at` on */
    size_t at, size;
    uint32_t count;
};

static void open_past(struct past *p, struct recovery *found)
{
    struct reason why = {""};

    if (state_open(p->store, MAP_SIZE, &p->state, &why) != ST_OK
        || recovery_run(p->state, &disk_system, &p->config, &p->journal, found, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static void append(struct past *p)
{
    if (p->count == 0)
        return;
    if (p->at + p->size > COMMIT) {
        const struct journal_mark mark = journal_mark(p->journal);
        assert_int_equal(state_commit(p->state, &mark), ST_OK);
        journal_release(p->journal, mark.sequence);
        memmove(p->batch, p->batch + p->at, p->size);
        p->at = 0;
    }
    const struct bytes payload = {p->batch + p->at, p->size};
    const struct iovec part = {p->batch + p->at, p->size};
    assert_int_equal(journal_append(p->journal, &part, 1, p->count), ST_OK);
    assert_int_equal(state_gather(p->state, payload), ST_OK);
    p->at += p->size;
    p->size = 0;
    p->count = 0;
}

static void keep(struct past *p, enum kept_kind kind, uint32_t n,
                 size_t (*write)(uint32_t n, uint8_t *key, struct writer *w))
{
    uint8_t key[ID_SIZE], record[KEPT_RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);
    struct event event = {
        .kind = EVENT_KEPT, .sequence = ++p->sequence, .at_ms = NOW, .kept_kind = (uint8_t)kind};

    event.key = (struct bytes){key, write(n, key, &w)};
    event.record = (struct bytes){record, w.size};
    assert_false(w.failed);
    if (p->size + event_size(&event) > BATCH)
        append(p);
    struct writer out = writer_of(p->batch + p->at + p->size, event_size(&event));
    assert_int_equal(event_write(&event, &out), ST_OK);
    p->size += out.size;
    p->count++;
}

static void live(struct past *p)
{
    struct recovery found;

    scratch_make(p->folder);
    (void)snprintf(p->store, sizeof p->store, "%s/store", p->folder);
    (void)snprintf(p->ring, sizeof p->ring, "%s/ring", p->folder);
    p->config = (struct journal_config){p->ring, 4, 4 * 1024 * 1024};
    p->batch = malloc(COMMIT + 2 * BATCH);
    assert_non_null(p->batch);
    open_past(p, &found);
    for (uint32_t n = 0; n < CASES; n++)
        keep(p, KEPT_CASE, n, write_case);
    for (uint32_t n = 0; n < CONVERSATIONS; n++)
        keep(p, KEPT_CONVERSATION, n, write_conversation);
    for (uint32_t n = 0; n < CLOCKS; n++)
        keep(p, KEPT_CLOCK, n, write_clock);
    append(p);
    journal_close(p->journal);
    state_close(p->state);
    free(p->batch);
}

/* ---- the present ---- */

struct present {
    struct state_reader *reader;
    struct exchange *x;
    struct exchange_batch batch;
    void *pages[16];
    size_t page_count;
};

static enum status find_message(void *context, const char *sender, const struct id *id,
                                struct message_record *out)
{
    return state_message(((struct present *)context)->reader, sender, id, out);
}

static enum status find_item(void *context, uint64_t sequence, struct bytes *record)
{
    return state_item(((struct present *)context)->reader, sequence, record);
}

static enum status find_gazette(void *context, uint64_t sequence, struct bytes *record)
{
    return state_gazette(((struct present *)context)->reader, sequence, record);
}

static enum status fill(void *context, enum kept_kind kind, struct bytes key, struct bytes record)
{
    return exchange_restore_kept(context, kind, key, record);
}

static struct agreement_set *agreements(void)
{
    struct agreement *agreement = NULL;
    struct agreement_set *set = NULL;
    struct reason why = {""};

    assert_int_equal(
        agreement_parse("test.yaml", desk_agreement, strlen(desk_agreement), &agreement, &why),
        ST_OK);
    agreement_hash = agreement->hash;
    assert_int_equal(agreement_set_take(&agreement, 1, &set, &why), ST_OK);
    return set;
}

static void start(struct past *p, struct present *now, struct recovery *found)
{
    const struct exchange_config config = {
        .agreements = agreements(),
        .reader = {now, find_message, find_item, find_gazette},
        .seed = 77,
        .links = 1,
    };
    struct exchange_config whole = config;

    open_past(p, found);
    whole.sequence = found->sequence;
    assert_int_equal(state_reader_open(p->state, &now->reader), ST_OK);
    assert_int_equal(exchange_new(&whole, &now->x), ST_OK);
    exchange_restore_time(now->x, state_time_ms(p->state));
    assert_int_equal(state_each_kept(now->reader, fill, now->x), ST_OK);
}

/* One turn of the writer's loop without a command. */
static void tick(struct present *now, int64_t now_ms)
{
    bool more;

    assert_int_equal(exchange_begin(now->x, now_ms), ST_OK);
    exchange_take_batch(now->x, &now->batch);
    for (uint32_t i = 0; i < now->batch.page_count; i++) {
        assert_true(now->page_count < LENGTH(now->pages));
        now->pages[now->page_count++] = now->batch.pages[i].data;
    }
    assert_int_equal(exchange_durable(now->x, &more), ST_OK);
}

static void judge(double figure, double most)
{
    if (MEASURED) /* slow machines are no fault */
        assert_true(figure < (getenv("STRICT") ? 1 : 4) * most);
}

static void measure_ticks(struct present *now)
{
    double worst = 0, before, first;

    tick(now, NOW + MINUTE); /* the start's own: what is held is held again */
    before = first = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < TICKS; i++) {
        tick(now, NOW + MINUTE + i);
        double after = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        worst = after - before > worst ? after - before : worst;
        before = after;
        assert_int_equal(now->batch.records, 0);
    }
    double mean = (before - first) / TICKS;
    print_message("a tick: %.2f us of processor time, the longest of %d %.1f us\n", 1e6 * mean,
                  TICKS, 1e6 * worst);
    judge(worst, TICK_MAX);
}

/* Each clock's record, and what both sides are told of it, in one batch. */
static void measure_strikes(struct present *now)
{
    double before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

    tick(now, NOW + 60 * MINUTE);
    double seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - before;
    print_message("a tick at which %d clocks strike: %.2f ms of it\n", STRIKING, 1e3 * seconds);
    assert_in_range(now->batch.records, 3 * STRIKING, 3 * STRIKING + 1); /* ids may be forgotten */
    judge(seconds, 10 * TICK_MAX);
    tick(now, NOW + 60 * MINUTE + 1);
    assert_int_equal(now->batch.records, 0);
}

static void a_start_and_a_tick_are_quick_however_much_is_kept(void **)
{
    struct past past = {.sequence = 0};
    struct present now = {.page_count = 0};
    struct recovery found;

    agreement_set_free(agreements()); /* for its hash */
    live(&past);
    (void)malloc_trim(0);
    size_t before = resident();
    double wall = seconds_of(CLOCK_MONOTONIC), processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    start(&past, &now, &found);
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - processor;
    (void)malloc_trim(0);
    size_t held = resident() - before;
    print_message("%d cases, %d conversations, %d clocks: started in %.2f s, %.2f s of processor "
                  "time, %zu events in the tail; %zu bytes resident%s\n",
                  CASES, CONVERSATIONS, CLOCKS, wall, processor, (size_t)found.events, held,
                  MEASURED ? "" : " (not measured: instrumented or not optimised)");
    assert_int_equal(found.sequence, CASES + CONVERSATIONS + CLOCKS);
    assert_true(found.events > 0);
    judge(processor, RESTART_MAX);
    judge((double)held, RESIDENT_MAX);
    measure_ticks(&now);
    measure_strikes(&now);
    exchange_free(now.x);
    for (size_t i = 0; i < now.page_count; i++)
        free(now.pages[i]);
    state_reader_close(now.reader);
    journal_close(past.journal);
    state_close(past.state);
    scratch_remove(past.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_and_a_tick_are_quick_however_much_is_kept),
    };
    return cmocka_run_group_tests_name("custody_load", tests, NULL, NULL);
}
