/* What was appended is replayed; what is damaged is named; after one I/O error nothing is tried. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/journal.h"
#include "tests/unit/samples.h"

#define SEGMENTS 3
#define SEGMENT_SIZE ((uint64_t)4 * JOURNAL_BLOCK) /* three blocks of batches */

struct fixture {
    char folder[SCRATCH_SIZE];
    struct journal_config config;
    struct journal_mark start;
    struct journal *journal;
    struct reason why;
};

static const uint8_t nonce_of_test[DIGEST_SIZE] = {1, 2, 3};

static void open_journal(struct fixture *f, uint64_t held, uint8_t start)
{
    const struct journal_mark mark = {.sequence = held};
    uint8_t nonce[DIGEST_SIZE];

    memcpy(nonce, nonce_of_test, DIGEST_SIZE);
    nonce[31] = start;
    f->start = journal_start(&f->config, &mark, nonce);
    if (journal_open(&disk_system, &f->config, &f->start, &f->journal, &f->why) != ST_OK)
        fail_msg("%s", f->why.text);
}

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){0};
    scratch_make(f.folder);
    f.config = (struct journal_config){f.folder, SEGMENTS, SEGMENT_SIZE};
    open_journal(&f, 0, 1);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    journal_free(f->journal);
    scratch_remove(f->folder);
    return 0;
}

/* A batch of `count` records; the payload begins with its first sequence. */
static enum status append(struct fixture *f, uint32_t count, size_t size)
{
    static uint8_t data[SEGMENT_SIZE];
    uint64_t first = journal_mark(f->journal).sequence + 1;
    const struct iovec parts[] = {{&first, sizeof first}, {data, size - sizeof first}};

    memset(data, (int)first, sizeof data);
    return journal_append(f->journal, parts, 2, count);
}

struct seen {
    uint64_t batches, last;
    struct journal_mark after;
};

static enum status see(void *context, struct bytes payload, uint32_t count,
                       const struct journal_mark *after)
{
    struct seen *seen = context;
    uint64_t first;

    memcpy(&first, payload.data, sizeof first);
    assert_int_equal(first, after->sequence - count + 1);
    if (seen->last)
        assert_int_equal(first, seen->last + 1);
    for (size_t i = sizeof first; i < payload.size; i++)
        assert_int_equal(payload.data[i], (uint8_t)first);
    seen->last = after->sequence;
    seen->batches++;
    seen->after = *after;
    return ST_OK;
}

static enum status replay(struct fixture *f, const struct journal_mark *mark, struct seen *seen)
{
    *seen = (struct seen){0};
    return journal_replay(&disk_system, &f->config, mark, see, seen, &f->why);
}

static bool same_mark(const struct journal_mark *a, const struct journal_mark *b)
{
    return memcmp(a->nonce, b->nonce, DIGEST_SIZE) == 0 && a->sequence == b->sequence
        && a->first == b->first && digest_equal(&a->chain, &b->chain) && a->segment == b->segment
        && a->offset == b->offset;
}

static void path_of(const struct fixture *f, uint32_t segment, char out[static SCRATCH_SIZE + 32])
{
    (void)snprintf(out, SCRATCH_SIZE + 32, "%s/segment.%04u", f->folder, segment);
}

/* Flips one bit of a segment file; the same again flips it back. */
static void flip(const struct fixture *f, uint32_t segment, uint64_t at, uint8_t bit)
{
    char path[SCRATCH_SIZE + 32];
    uint8_t byte;
    int file;

    path_of(f, segment, path);
    file = open(path, O_RDWR);
    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, (off_t)at), 1);
    byte ^= bit;
    assert_int_equal(pwrite(file, &byte, 1, (off_t)at), 1);
    assert_int_equal(close(file), 0);
}

static void what_was_appended_is_replayed_in_order(void **state)
{
    struct fixture *f = *state;
    struct journal_mark at;
    struct seen seen;

    assert_int_equal(append(f, 3, 100), ST_OK);
    assert_int_equal(append(f, 1, 5000), ST_OK);
    assert_int_equal(append(f, 2, 9), ST_OK); /* goes to the next segment */
    at = journal_mark(f->journal);
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.batches, 3);
    assert_int_equal(seen.last, 6);
    assert_true(same_mark(&seen.after, &at));
    assert_int_equal(at.segment, 1);

    assert_int_equal(replay(f, &at, &seen), ST_OK);
    assert_int_equal(seen.batches, 0);
}

static void the_ring_is_used_again_only_when_it_is_released(void **state)
{
    struct fixture *f = *state;
    struct journal_mark marks[100];
    struct seen seen;
    uint64_t n = 0, held = 0;

    for (; n < 9; n++)
        assert_int_equal(append(f, 1, 100), ST_OK); /* three segments of three */
    assert_false(journal_has_room(f->journal, 100));
    assert_int_equal(append(f, 1, 100), ST_MORE);
    journal_release(f->journal, 2); /* the first segment holds 3 too */
    assert_int_equal(append(f, 1, 100), ST_MORE);
    journal_release(f->journal, 3);
    assert_true(journal_has_room(f->journal, 100));
    marks[9] = journal_mark(f->journal);
    for (held = 9; n < 90; n++) {
        if (!journal_has_room(f->journal, 100)) {
            journal_release(f->journal, n - 1);
            held = n - 1;
        }
        assert_int_equal(append(f, 1, 100), ST_OK);
        marks[n + 1] = journal_mark(f->journal);
        assert_int_equal(replay(f, &marks[held], &seen), ST_OK);
        assert_int_equal(seen.batches, n + 1 - held);
    }
}

static void a_batch_that_no_segment_can_hold_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t most = journal_batch_max(f->journal);
    struct seen seen;

    assert_int_equal(append(f, 1, most + 1), ST_LIMIT);
    assert_false(journal_has_room(f->journal, most + 1));
    assert_int_equal(append(f, 1, most), ST_OK);
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.batches, 1);
}

/* The end of a torn batch: whatever of it is there, the log ends before it. */
static void a_torn_last_batch_ends_the_log(void **state)
{
    struct fixture *f = *state;
    struct seen seen;

    assert_int_equal(append(f, 1, 100), ST_OK);
    assert_int_equal(append(f, 1, 6000), ST_OK);
    for (uint64_t at = 2 * JOURNAL_BLOCK; at < 2 * JOURNAL_BLOCK + 152 + 6000; at += 97) {
        flip(f, 0, at, 8);
        assert_int_equal(replay(f, &f->start, &seen), ST_OK);
        assert_int_equal(seen.last, 1);
        flip(f, 0, at, 8);
    }
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.last, 2);
}

/* Every bit of a batch that is not the last. */
static void a_flipped_bit_in_the_middle_is_refused_and_named(void **state)
{
    struct fixture *f = *state;
    struct seen seen;

    for (int i = 0; i < 5; i++)
        assert_int_equal(append(f, 1, 40), ST_OK); /* batch 4 begins segment 1 */
    for (uint64_t at = 0; at < 152 + 40; at++)
        for (int bit = 0; bit < 8; bit += at < 152 ? 1 : 7) {
            flip(f, 0, 2 * JOURNAL_BLOCK + at, (uint8_t)(1 << bit));
            assert_int_equal(replay(f, &f->start, &seen), ST_INVALID);
            assert_int_equal(seen.batches, 0);
            assert_non_null(strstr(f->why.text, "segment 0 offset 8192"));
            flip(f, 0, 2 * JOURNAL_BLOCK + at, (uint8_t)(1 << bit));
        }
    flip(f, 1, JOURNAL_BLOCK, 1); /* the first of the next segment */
    assert_int_equal(replay(f, &f->start, &seen), ST_INVALID);
    flip(f, 1, JOURNAL_BLOCK, 1);
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.last, 5);
}

static void a_flipped_bit_in_the_padding_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct seen seen;

    assert_int_equal(append(f, 1, 40), ST_OK);
    assert_int_equal(append(f, 1, 40), ST_OK);
    flip(f, 0, 2 * JOURNAL_BLOCK - 1, 1);
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.last, 2);
}

static void a_missing_or_shortened_segment_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[SCRATCH_SIZE + 32];
    struct seen seen;

    assert_int_equal(append(f, 1, 40), ST_OK);
    path_of(f, 2, path);
    assert_int_equal(truncate(path, JOURNAL_BLOCK), 0);
    assert_int_equal(replay(f, &f->start, &seen), ST_INVALID);
    assert_non_null(strstr(f->why.text, "segment 2"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(replay(f, &f->start, &seen), ST_INVALID);
}

/* The store remembers a ring; the folder it was in is not mounted. */
static void a_ring_that_has_gone_is_refused(void **state)
{
    struct fixture *f = *state;
    struct journal_mark mark;
    struct seen seen;

    assert_int_equal(append(f, 1, 40), ST_OK);
    mark = journal_mark(f->journal);
    scratch_remove(f->folder);
    assert_int_equal(replay(f, &mark, &seen), ST_INVALID);
    /* Also when the start before the last one had written. */
    mark = journal_start(&f->config, &mark, nonce_of_test);
    assert_int_equal(replay(f, &mark, &seen), ST_INVALID);
}

static void a_used_ring_without_its_store_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct journal_mark none = {0};
    struct seen seen;

    assert_int_equal(replay(f, &none, &seen), ST_INVALID);
    assert_non_null(strstr(f->why.text, "store"));
    f->config.folder = "scratch.none";
    assert_int_equal(replay(f, &none, &seen), ST_OK);
}

static void a_new_start_does_not_see_the_batches_of_an_old_one(void **state)
{
    struct fixture *f = *state;
    struct seen seen;

    for (int i = 0; i < 4; i++)
        assert_int_equal(append(f, 1, 100), ST_OK);
    journal_close(f->journal);
    open_journal(f, 4, 2);
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.batches, 0);
    assert_int_equal(append(f, 1, 100), ST_OK);
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.last, 5);
}

/* An operator changes the ring between two starts; the tail is read in its old shape. */
static void the_shape_of_the_ring_may_change_at_a_start(void **state)
{
    struct fixture *f = *state;
    struct journal_mark first = f->start;
    struct seen seen;

    for (int i = 0; i < 7; i++)
        assert_int_equal(append(f, 1, 100), ST_OK);
    journal_close(f->journal);
    f->config.segment_count = 2;
    f->config.segment_size = 6 * JOURNAL_BLOCK;
    assert_int_equal(replay(f, &first, &seen), ST_OK);
    assert_int_equal(seen.last, 7);
    open_journal(f, 7, 2);
    for (int i = 0; i < 10; i++)
        assert_int_equal(append(f, 1, 100), ST_OK);
    assert_int_equal(append(f, 1, 100), ST_MORE);
    assert_int_equal(replay(f, &f->start, &seen), ST_OK);
    assert_int_equal(seen.last, 17);
}

static void a_mark_that_is_not_a_starts_does_not_open(void **state)
{
    struct fixture *f = *state;
    struct journal_mark mark;
    struct journal *journal;

    assert_int_equal(append(f, 1, 100), ST_OK);
    mark = journal_mark(f->journal);
    assert_int_equal(journal_open(&disk_system, &f->config, &mark, &journal, &f->why), ST_INVALID);
    f->config.segment_count = 1;
    assert_int_equal(journal_open(&disk_system, &f->config, &f->start, &journal, &f->why),
                     ST_INVALID);
}

static void segments_are_for_the_broker_alone(void **state)
{
    struct fixture *f = *state;
    char path[SCRATCH_SIZE + 32];
    struct stat info;

    path_of(f, 0, path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_size, SEGMENT_SIZE);
}

/* ---- a disk that fails once ---- */

static struct {
    int writes, syncs, fail_write, fail_sync;
} faults;

static enum status count_write(void *context, int file, const struct iovec *parts, int count,
                               uint64_t offset)
{
    if (++faults.writes == faults.fail_write)
        return ST_IO;
    return disk_system.write(context, file, parts, count, offset);
}

static enum status count_sync(void *context, int file)
{
    if (++faults.syncs == faults.fail_sync)
        return ST_IO;
    return disk_system.sync(context, file);
}

static void after_one_error_nothing_is_tried_again(void **state)
{
    struct fixture *f = *state;

    for (int write = 0; write < 2; write++) {
        struct disk disk = disk_system;
        disk.write = count_write;
        disk.sync = count_sync;
        journal_close(GIVE(f->journal));
        memset(&faults, 0, sizeof faults);
        assert_int_equal(journal_open(&disk, &f->config, &f->start, &f->journal, &f->why), ST_OK);
        assert_int_equal(append(f, 1, 100), ST_OK);
        faults.fail_write = write ? faults.writes + 1 : 0;
        faults.fail_sync = write ? 0 : faults.syncs + 1;
        assert_int_equal(append(f, 1, 100), ST_IO);
        memset(&faults, 0, sizeof faults);
        assert_int_equal(append(f, 1, 100), ST_IO);
        assert_false(journal_has_room(f->journal, 1));
        assert_int_equal(faults.writes + faults.syncs, 0);
    }
}

static void an_error_while_opening_is_named(void **state)
{
    struct fixture *f = *state;
    struct disk disk = disk_system;
    struct journal *journal = NULL;

    disk.sync = count_sync;
    memset(&faults, 0, sizeof faults);
    faults.fail_sync = 2;
    assert_int_equal(journal_open(&disk, &f->config, &f->start, &journal, &f->why), ST_IO);
    assert_non_null(strstr(f->why.text, "segment.0001"));
    assert_null(journal);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(what_was_appended_is_replayed_in_order),
        WITH(the_ring_is_used_again_only_when_it_is_released),
        WITH(a_batch_that_no_segment_can_hold_is_refused),
        WITH(a_torn_last_batch_ends_the_log),
        WITH(a_flipped_bit_in_the_middle_is_refused_and_named),
        WITH(a_flipped_bit_in_the_padding_changes_nothing),
        WITH(a_missing_or_shortened_segment_is_refused),
        WITH(a_ring_that_has_gone_is_refused),
        WITH(a_used_ring_without_its_store_is_refused),
        WITH(a_new_start_does_not_see_the_batches_of_an_old_one),
        WITH(the_shape_of_the_ring_may_change_at_a_start),
        WITH(a_mark_that_is_not_a_starts_does_not_open),
        WITH(segments_are_for_the_broker_alone),
        WITH(after_one_error_nothing_is_tried_again),
        WITH(an_error_while_opening_is_named),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
