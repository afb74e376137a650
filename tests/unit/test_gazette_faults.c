/* A long gazette is followed in as many steps; without memory nothing is in force by halves. */
#include "tests/unit/law_desk.h"

#include <stdlib.h>
#include <string.h>

#define MANY 10000

/* One more entry as the journal would have it; *size: of all so far. */
static void write_entry(uint8_t *history, size_t room, size_t *size, uint64_t sequence,
                        const struct law *law, const struct instrument *instrument)
{
    const bool proposes = instrument->act == CONCORDAT__ACT__PROPOSE;
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    struct digest digest;
    struct writer w = writer_of(history + *size, room - *size);
    const struct event event = {
        .kind = EVENT_GAZETTE,
        .sequence = sequence,
        .at_ms = instrument->signed_ms,
        .instrument = {bytes, law_signed(instrument, bytes, &digest)},
        .text = {(const uint8_t *)law->text, proposes ? law->size : 0},
        .governance_key = law_governance(instrument->agency),
    };

    assert_int_equal(event_write(&event, &w), ST_OK);
    *size += w.size;
}

/* Put in force, then suspended and resumed, over and over. */
static uint8_t *write_history(const struct law *law, size_t *size)
{
    const size_t room = (size_t)MANY * 1024;
    uint8_t *history = malloc(room);
    struct instrument i = law_instrument(law, CONCORDAT__ACT__PROPOSE, "court.a");

    assert_non_null(history);
    *size = 0;
    write_entry(history, room, size, 1, law, &i);
    i = law_instrument(law, CONCORDAT__ACT__ACCEPT, "nps.a");
    write_entry(history, room, size, 2, law, &i);
    i = law_instrument(law, CONCORDAT__ACT__SUSPEND, "nps.a");
    for (uint64_t n = 3; n <= MANY; n++) {
        i.act = n % 2 ? CONCORDAT__ACT__SUSPEND : CONCORDAT__ACT__RESUME;
        i.signed_ms++;
        write_entry(history, room, size, n, law, &i);
    }
    return history;
}

/* Each is read once at the start, and once for each follower: the work grows as the gazette does.
 */
static void many_entries_are_each_read_once(void **)
{
    struct scratch_store s = scratch_store_open();
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct journal_mark mark = {.segment = 1, .offset = 4096, .sequence = MANY};
    struct state_reader *reader;
    size_t size;
    uint8_t *history = write_history(&law, &size);

    assert_int_equal(state_gather(s.state, (struct bytes){history, size}), ST_OK);
    assert_int_equal(state_commit(s.state, &mark), ST_OK);
    assert_int_equal(state_reader_open(s.state, &reader), ST_OK);
    struct desk *d = desk_restored(NULL, reader, MANY);
    d->now_ms += DAY;
    assert_int_equal(d->entries_read, 0); /* all were walked through, none was looked for */
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    for (int batch = 0; batch < 100 && d->entries_read < MANY; batch++) {
        struct command_drained *drained =
            turn_command(&d->turn, COMMAND_DRAINED, NPS, sizeof *drained);
        drained->head.member = d->nps;
        drained->size = GAZETTE_WINDOW;
        desk_run(d);
    }
    desk_run(d);
    assert_int_equal(d->entries_read, MANY);
    desk_free(d);
    scratch_store_close(&s);
    free(history);
    free(law.text);
}

/* ---- without memory ---- */

static long allocations = -1; /* that there is still memory for; -1: for all */

static bool is_out_of_memory(void)
{
    if (allocations <= 0)
        return allocations == 0;
    allocations--;
    return false;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return is_out_of_memory() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return is_out_of_memory() ? NULL : __real_calloc(count, size);
}

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size)
{
    return is_out_of_memory() ? NULL : __real_realloc(old, size);
}

void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return is_out_of_memory() ? NULL : __real_reallocarray(old, count, size);
}

/* The turn's one command, with memory for so many allocations. */
static enum status run_with(struct desk *d, long enough_for)
{
    size_t size;

    assert_int_equal(exchange_begin(d->x, d->now_ms), ST_OK);
    uint8_t *data = turn_give(&d->turn, &size);
    struct turn_walk walk = turn_walk_of(data, size);
    desk_hold(d, data);
    allocations = enough_for;
    enum status status = exchange_run(d->x, data, turn_next(&walk));
    allocations = -1;
    return status;
}

/* The process stops in the middle of it; the journal does not have the entry, so nobody has. */
static void without_memory_a_version_comes_into_force_whole_or_not_at_all(void **)
{
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);
    enum status status = ST_NOMEM;
    long n = 0;

    second.predecessor = first.hash;
    for (; status != ST_OK; n++) {
        struct scratch_store s = scratch_store_open();
        struct desk *d = law_desk();
        law_put_in_force(d, &first);
        (void)law_published(d, &second, CONCORDAT__ACT__PROPOSE, "court.a");
        law_act(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
        status = run_with(d, n);
        if (status != ST_OK) {
            assert_int_equal(status, ST_NOMEM);
            d = desk_restart(d, s.state, NULL);
            d->court = desk_hello(d, COURT, "court.a", 1000);
            d->agreement_hash = first.hash;
            (void)desk_accept(d, 1);
            (void)law_published(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
            assert_int_equal(law_refusal_of(d, 2),
                             CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
        }
        desk_free(d);
        scratch_store_close(&s);
    }
    assert_true(n > 3); /* it was out of memory at some places */
    free(first.text);
    free(second.text);
}

static enum status restore_entry(void *context, const struct event *event)
{
    return exchange_restore_gazette(context, event);
}

static uint32_t agreements_of(const struct exchange *x)
{
    size_t size;
    struct note_status *status = exchange_status(x, &size);
    uint32_t count = status->agreements;

    free(status);
    return count;
}

static void without_memory_nothing_starts_with_fewer_agreements(void **)
{
    struct scratch_store s = scratch_store_open();
    struct desk *d = law_desk();
    struct law one = law_of("ISA-ONE", 1, 0), two = law_of("ISA-TWO", 1, 0);
    enum status status = ST_NOMEM;
    long n = 0;

    law_put_in_force(d, &one);
    law_put_in_force(d, &two);
    d = desk_restart(d, s.state, NULL);
    for (; status != ST_OK; n++) {
        const struct exchange_config config = {.links = 1};
        OWNED(exchange) x = NULL;
        assert_int_equal(exchange_new(&config, &x), ST_OK);
        allocations = n;
        status = state_each_gazette(d->reader, restore_entry, x);
        allocations = -1;
        assert_true(status == ST_NOMEM || (status == ST_OK && agreements_of(x) == 2));
    }
    assert_true(n > 10);
    desk_free(d);
    scratch_store_close(&s);
    free(one.text);
    free(two.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_entries_are_each_read_once),
        cmocka_unit_test(without_memory_a_version_comes_into_force_whole_or_not_at_all),
        cmocka_unit_test(without_memory_nothing_starts_with_fewer_agreements),
    };
    return cmocka_run_group_tests_name("gazette_faults", tests, NULL, NULL);
}
