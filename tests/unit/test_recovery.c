/* A start folds the tail, syncs it, and only then begins a new ring. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "broker/recovery.h"
#include "tests/unit/samples.h"

#define MAP_SIZE ((size_t)16 << 20)

struct fixture {
    char folder[SCRATCH_SIZE], store[SCRATCH_SIZE + 8], ring[SCRATCH_SIZE + 8];
    struct journal_config config;
    struct state *state;
    struct journal *journal;
    struct recovery found;
    struct reason why;
};

static enum status start(struct fixture *f)
{
    assert_int_equal(state_open(f->store, MAP_SIZE, &f->state, &f->why), ST_OK);
    return recovery_run(f->state, &disk_system, &f->config, &f->journal, &f->found, &f->why);
}

static void stop(struct fixture *f)
{
    journal_free(f->journal);
    state_free(f->state);
    f->journal = NULL;
    f->state = NULL;
}

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){0};
    scratch_make(f.folder);
    (void)snprintf(f.store, sizeof f.store, "%s/store", f.folder);
    (void)snprintf(f.ring, sizeof f.ring, "%s/ring", f.folder);
    f.config = (struct journal_config){f.ring, 4, 8 * JOURNAL_BLOCK};
    *state = &f;
    return start(&f) == ST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    stop(f);
    scratch_remove(f->folder);
    return 0;
}

static void append(struct fixture *f, struct event event)
{
    uint8_t data[1024];
    struct writer w = writer_of(data, sizeof data);
    struct iovec part = {data, 0};

    assert_int_equal(event_write(&event, &w), ST_OK);
    part.iov_len = w.size;
    assert_int_equal(journal_append(f->journal, &part, 1, 1), ST_OK);
}

static void a_first_start_finds_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->found.batches, 0);
    assert_int_equal(f->found.sequence, 0);
}

static void the_tail_is_in_the_state_after_a_start(void **state)
{
    struct fixture *f = *state;
    struct message_record message;
    struct journal_mark before, after;

    append(f, sample_accepted(1, 1));
    append(f, sample_accepted(2, 2));
    append(f, sample_step(3, 1, 1, 1));
    assert_int_equal(state_mark(f->state, &before), ST_OK);
    stop(f);
    assert_int_equal(start(f), ST_OK);
    assert_int_equal(f->found.batches, 3);
    assert_int_equal(f->found.events, 3);
    assert_int_equal(f->found.sequence, 3);
    assert_int_equal(state_mark(f->state, &after), ST_OK);
    assert_int_equal(after.first, 4);
    assert_memory_not_equal(before.nonce, after.nonce, DIGEST_SIZE);

    OWNED(state_reader) reader;
    const struct id first = sample_id(1), second = sample_id(2);
    assert_int_equal(state_reader_open(f->state, &reader), ST_OK);
    assert_int_equal(state_message(reader, "nps.cambs", &first, &message), ST_OK);
    assert_int_equal(message.settled_ms, 3);
    assert_int_equal(state_message(reader, "nps.cambs", &second, &message), ST_OK);
    assert_int_equal(message.settled_ms, 0);
}

static void a_start_after_a_start_finds_nothing_more(void **state)
{
    struct fixture *f = *state;

    append(f, sample_accepted(1, 1));
    for (uint64_t batches = 1; batches < 2; batches--) {
        stop(f);
        assert_int_equal(start(f), ST_OK);
        assert_int_equal(f->found.batches, batches);
        assert_int_equal(f->found.sequence, 1);
    }
    append(f, sample_accepted(2, 2));
}

static void a_store_without_its_ring_does_not_start(void **state)
{
    struct fixture *f = *state;

    append(f, sample_accepted(1, 1));
    stop(f);
    assert_int_equal(start(f), ST_OK);
    stop(f);
    scratch_remove(f->ring);
    assert_int_equal(start(f), ST_INVALID);
    assert_non_null(strstr(f->why.text, "segment 0"));
}

static void a_ring_without_its_store_does_not_start(void **state)
{
    struct fixture *f = *state;

    append(f, sample_accepted(1, 1));
    stop(f);
    scratch_remove(f->store);
    assert_int_equal(start(f), ST_INVALID);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_first_start_finds_nothing),
        WITH(the_tail_is_in_the_state_after_a_start),
        WITH(a_start_after_a_start_finds_nothing_more),
        WITH(a_store_without_its_ring_does_not_start),
        WITH(a_ring_without_its_store_does_not_start),
    };
    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
