/* What was refused is kept as it was said, so long and so many, and read back the newest last. */
#include "tests/unit/agent_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/refusals.h"
#include "agents/track.h"
#include "agents/trees.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

static struct refused sample(int64_t at_ms)
{
    struct refused refused = {.at_ms = at_ms,
                              .by = "court.b35cz00",
                              .type = "psr.request",
                              .to = "nps.cambs",
                              .purpose = "court_advice",
                              .code = 7,
                              .agreement_id = "ISA-COURT",
                              .agreement_version = 3,
                              .clause = "psr-request",
                              .offending = 6,
                              .officer = "K. Hartley",
                              .justification = "the list is today"};

    refused.message_id.bytes[0] = 1;
    refused.resent_as.bytes[15] = 2;
    return refused;
}

static void a_refusal_reads_back_and_half_of_one_does_not(void **)
{
    struct refused refused = sample(5), back;
    uint8_t record[REFUSAL_SIZE_MAX];
    size_t size;

    assert_int_equal(refused_write(&refused, record, sizeof record, &size), ST_OK);
    assert_int_equal(refused_read((struct bytes){record, size}, &back), ST_OK);
    assert_memory_equal(&back, &refused, sizeof back);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(refused_read((struct bytes){record, cut}, &back), ST_INVALID);
    assert_int_equal(refused_write(&refused, record, size - 1, &size), ST_LIMIT);
    record[0] = 2;
    assert_int_equal(refused_read((struct bytes){record, size}, &back), ST_INVALID);
}

/* Every text as long as it may be. */
static void the_longest_refusal_fits(void **)
{
    struct refused refused = sample(5), back;
    uint8_t record[REFUSAL_SIZE_MAX];
    size_t size;

    memset(refused.by, 'b', sizeof refused.by - 1);
    memset(refused.type, 't', sizeof refused.type - 1);
    memset(refused.to, 'r', sizeof refused.to - 1);
    memset(refused.purpose, 'p', sizeof refused.purpose - 1);
    memset(refused.agreement_id, 'a', sizeof refused.agreement_id - 1);
    memset(refused.clause, 'c', sizeof refused.clause - 1);
    memset(refused.officer, 'o', sizeof refused.officer - 1);
    memset(refused.justification, 'j', sizeof refused.justification - 1);
    assert_int_equal(refused_write(&refused, record, sizeof record, &size), ST_OK);
    assert_int_equal(refused_read((struct bytes){record, size}, &back), ST_OK);
    assert_memory_equal(&back, &refused, sizeof back);
}

struct seen {
    size_t count, most;
    int64_t first_ms, last_ms;
};

static bool see(void *context, const struct refused *refused)
{
    struct seen *seen = context;

    if (seen->count++ == 0)
        seen->first_ms = refused->at_ms;
    else
        assert_true(refused->at_ms >= seen->last_ms);
    seen->last_ms = refused->at_ms;
    return seen->count < seen->most;
}

static struct seen list(struct txn *txn, int64_t since_ms, int64_t before_ms, size_t limit)
{
    struct seen seen = {.most = SIZE_MAX};

    assert_int_equal(refusals_each(txn, since_ms, before_ms, limit, see, &seen), ST_OK);
    return seen;
}

static void put(struct txn *txn, uint64_t number, int64_t at_ms, bool full)
{
    struct refused refused = sample(at_ms);
    bool pushed_out = !full;

    assert_int_equal(refusals_put(txn, number, &refused, &pushed_out), ST_OK);
    assert_true(pushed_out == full);
}

static void a_list_is_the_newest_between_two_times(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct seen seen;

    assert_int_equal(list(txn, 0, INT64_MAX, 9).count, 0);
    for (uint64_t i = 1; i <= 9; i++)
        put(txn, i, (int64_t)(10 * i), false);
    seen = list(txn, 0, INT64_MAX, 4);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.first_ms, 60);
    assert_int_equal(seen.last_ms, 90);
    seen = list(txn, 30, 60, 100);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.first_ms, 30);
    assert_int_equal(seen.last_ms, 50);
    assert_int_equal(list(txn, 30, 60, 1).first_ms, 50);
    assert_int_equal(list(txn, 91, INT64_MAX, 9).count, 0);
    seen = (struct seen){.most = 2};
    assert_int_equal(refusals_each(txn, 0, INT64_MAX, 9, see, &seen), ST_OK);
    assert_int_equal(seen.count, 2);
}

static void a_damaged_one_is_passed_over(void **state)
{
    static const uint8_t key[16] = {0, 0, 0, 0, 0, 0, 0, 5};
    struct txn *txn = ((struct place *)*state)->txn;

    put(txn, 1, 4, false);
    put(txn, 2, 6, false);
    assert_int_equal(
        store_put(txn, TREE_REFUSALS, (struct bytes){key, sizeof key}, (struct bytes){key, 3}),
        ST_OK);
    assert_int_equal(list(txn, 0, INT64_MAX, 9).count, 2);
}

static void what_is_too_old_goes_a_few_at_a_time(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    const int64_t over_ms = REFUSALS_DAYS * DAY_MS;

    for (uint64_t i = 1; i <= 5; i++)
        put(txn, i, (int64_t)i, false);
    assert_int_equal(refusals_trim(txn, over_ms, 9), ST_OK);
    assert_int_equal(store_entries(txn, TREE_REFUSALS), 5);
    assert_int_equal(refusals_trim(txn, over_ms + 4, 3), ST_OK);
    assert_int_equal(store_entries(txn, TREE_REFUSALS), 2);
    assert_int_equal(refusals_trim(txn, over_ms + 4, 3), ST_OK);
    assert_int_equal(store_entries(txn, TREE_REFUSALS), 1);
    assert_int_equal(list(txn, 0, INT64_MAX, 9).first_ms, 5);
}

static void beyond_the_most_the_oldest_goes_and_it_is_told(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;

    for (uint64_t i = 1; i <= REFUSALS_MAX; i++)
        put(txn, i, (int64_t)i, false);
    put(txn, REFUSALS_MAX + 1, REFUSALS_MAX + 1, true);
    assert_int_equal(store_entries(txn, TREE_REFUSALS), REFUSALS_MAX);
    assert_int_equal(list(txn, 0, INT64_MAX, SIZE_MAX / 2).first_ms, 2);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_reads_back_and_half_of_one_does_not),
        cmocka_unit_test(the_longest_refusal_fits),
        IN_STORE(a_list_is_the_newest_between_two_times),
        IN_STORE(a_damaged_one_is_passed_over),
        IN_STORE(what_is_too_old_goes_a_few_at_a_time),
        IN_STORE(beyond_the_most_the_oldest_goes_and_it_is_told),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
