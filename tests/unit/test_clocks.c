/* Clocks strike in the order of their time, and those of a message, conversation or case are found,
 * whatever was started and stopped; their records read back. */
#include "broker/clocks.h"

#include "tests/unit/kept_names.h"

#define CLOCKS 40
#define IDS 4 /* of each kind; 0: none */

static const Concordat__ClockKind kinds[] = {
    CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE, CONCORDAT__CLOCK_KIND__CLOCK_ANSWER,
    CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED, CONCORDAT__CLOCK_KIND__CLOCK_REPLY};

static struct id id_of(uint32_t n)
{
    struct id id = {0};

    id.bytes[ID_SIZE - 1] = (uint8_t)n;
    return id;
}

/* By number - 1; number 0: it does not run. */
static void change(struct clocks *clocks, struct clock_running *naive, uint64_t *random)
{
    uint32_t at = below(random, CLOCKS);
    struct clock_running *n = &naive[at];
    uint32_t place = 0;
    struct clock_running *found = NULL;

    if (n->number == 0) {
        *n = (struct clock_running){.number = at + 1,
                                    .clock = {.kind = kinds[below(random, LENGTH(kinds))],
                                              .next_ms = 1 + below(random, 50)},
                                    .message = id_of(below(random, IDS)),
                                    .conversation = id_of(below(random, IDS)),
                                    .case_handle = id_of(below(random, IDS))};
        assert_non_null(clocks_start(clocks, n));
        return;
    }
    while ((found = clocks_walk(clocks, &place)) && found->number != at + 1)
        ;
    assert_non_null(found);
    if (below(random, 2) == 0) {
        n->number = 0;
        clocks_stop(clocks, found);
    } else {
        n->clock.next_ms = found->clock.next_ms =
            below(random, 6) == 0 ? INT64_MAX : 1 + below(random, 50);
        clocks_put(clocks, found);
    }
}

/* By case only what the case waits for; what one message waits for stands under that. */
static bool stands_under(const struct clock_running *c, enum clocks_by by, const struct id *id)
{
    if (by == CLOCKS_BY_CASE)
        return (c->clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED
                || c->clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_REPLY)
            && id_equal(&c->case_handle, id);
    return id_equal(by == CLOCKS_BY_MESSAGE ? &c->message : &c->conversation, id);
}

static void check_rings(struct clocks *clocks, const struct clock_running *naive)
{
    for (enum clocks_by by = 0; by < CLOCKS_BY_COUNT; by++)
        for (uint32_t n = 0; n < IDS; n++) {
            const struct id id = id_of(n);
            const struct clock_running *found;
            uint32_t at = 0;

            for (uint32_t i = 0; n > 0 && i < CLOCKS; i++)
                if (naive[i].number != 0 && stands_under(&naive[i], by, &id)) {
                    found = clocks_next(clocks, by, &id, &at);
                    assert_non_null(found);
                    assert_int_equal(found->number, naive[i].number);
                }
            assert_null(clocks_next(clocks, by, &id, &at));
        }
}

static void check_first(struct clocks *clocks, const struct clock_running *naive)
{
    const struct clock_running *first = NULL;
    size_t count = 0;

    for (uint32_t i = 0; i < CLOCKS; i++) {
        if (naive[i].number == 0)
            continue;
        count++;
        if (!first || naive[i].clock.next_ms < first->clock.next_ms)
            first = &naive[i];
    }
    assert_int_equal(clocks_count(clocks), count);
    if (!first) {
        assert_null(clocks_due(clocks, INT64_MAX));
        return;
    }
    assert_null(clocks_due(clocks, first->clock.next_ms - 1));
    assert_int_equal(clocks_due(clocks, first->clock.next_ms)->number, first->number);
}

static void whatever_was_started_and_stopped_the_first_strikes(void **context)
{
    (void)context;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        OWNED(clocks) clocks = clocks_new(seed);
        struct clock_running naive[CLOCKS] = {0};
        uint64_t random = seed;

        assert_non_null(clocks);
        for (size_t i = 0; i < 300; i++) {
            change(clocks, naive, &random);
            check_first(clocks, naive);
            check_rings(clocks, naive);
        }
    }
}

static void what_was_given_may_be_stopped_before_the_next(void **context)
{
    (void)context;
    OWNED(clocks) clocks = clocks_new(3);
    const struct id id = id_of(1);
    struct clock_running *found;
    uint32_t at = 0, stopped = 0;

    for (uint32_t i = 1; i <= 1000; i++)
        assert_non_null(clocks_start(clocks, &(struct clock_running){.number = i, .message = id}));
    while ((found = clocks_next(clocks, CLOCKS_BY_MESSAGE, &id, &at))) {
        assert_int_equal(found->number, ++stopped);
        clocks_stop(clocks, found);
    }
    assert_int_equal(stopped, 1000);
    assert_int_equal(clocks_count(clocks), 0);
    at = 0;
    assert_null(clocks_next(clocks, CLOCKS_BY_MESSAGE, &id, &at));
}

/* ---- records ---- */

static struct named named;

static enum status clock_again(struct bytes key, struct bytes record, struct writer *w)
{
    const struct cases_names names = named_of(&named);
    struct clock_running running;
    enum status status = clock_read(key, record, &names, &running);

    if (status == ST_OK)
        clock_write(&running, &names, w);
    return status;
}

static struct clock_running sample(void)
{
    struct clock_running running = {.number = 77,
                                    .clock = {.kind = CONCORDAT__CLOCK_KIND__CLOCK_DECIDE,
                                              .stage = CONCORDAT__CLOCK_STAGE__STAGE_WARNED,
                                              .count = 3,
                                              .started_ms = 1600000000000,
                                              .due_ms = 1600009000000,
                                              .next_ms = INT64_MAX,
                                              .span = {.minutes = 900, .working = true},
                                              .calendar = CALENDAR_ENGLAND_AND_WALES,
                                              .rungs = 4},
                                    .message = id_of(1),
                                    .conversation = id_of(2),
                                    .case_handle = id_of(3),
                                    .message_sequence = 76,
                                    .owed_by = 1,
                                    .owed_to = 2,
                                    .told_by = 78,
                                    .told_to = 79,
                                    .agreement_version = 4,
                                    .agreement_hash = {.bytes = {9, 8, 7}}};

    memset(running.type, 't', TYPE_MAX);
    memset(running.expected, 'e', TYPE_MAX);
    memset(running.agreement_id, 'a', AGREEMENT_ID_MAX);
    memset(running.clause, 'c', CLAUSE_ID_MAX);
    return running;
}

static void records_of_clocks_read_back(void **context)
{
    (void)context;
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 77};
    const struct clock_running clocks[] = {
        sample(),
        {.number = 77, .clock = {.kind = CONCORDAT__CLOCK_KIND__CLOCK_VOLUME}},
    };

    for (size_t i = 0; i < LENGTH(clocks); i++) {
        uint8_t record[KEPT_RECORD_MAX];
        struct writer w = writer_of(record, sizeof record);
        struct clock_running read;

        named_fill(&named, 2);
        const struct cases_names names = named_of(&named);
        clock_write(&clocks[i], &names, &w);
        assert_false(w.failed);
        if (i == 0)
            assert_int_equal(w.size, CLOCK_RECORD_MAX);
        assert_int_equal(clock_read((struct bytes){key, sizeof key}, (struct bytes){record, w.size},
                                    &names, &read),
                         ST_OK);
        assert_memory_equal(&read, &clocks[i], sizeof read);
        check_record((struct bytes){key, sizeof key}, (struct bytes){record, w.size}, clock_again);
    }
}

/* Written by the release before, which did not know which alarm was taken. */
static void older_clocks_read_back(void **context)
{
    (void)context;
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 77};
    struct clock_running clock = sample(), read;
    uint8_t record[KEPT_RECORD_MAX], two[16];
    struct writer w = writer_of(record, sizeof record), t = writer_of(two, sizeof two);

    write_u64(&t, clock.told_by);
    write_u64(&t, clock.told_to);
    named_fill(&named, 2);
    const struct cases_names names = named_of(&named);
    clock_write(&clock, &names, &w);
    uint8_t *at = memmem(record, w.size, two, sizeof two);
    assert_non_null(at);
    memmove(at, at + sizeof two, (size_t)(record + w.size - at) - sizeof two);
    record[0] = 1;
    assert_int_equal(clock_read((struct bytes){key, sizeof key},
                                (struct bytes){record, w.size - sizeof two}, &names, &read),
                     ST_OK);
    clock.told_by = clock.told_to = 0;
    assert_memory_equal(&read, &clock, sizeof read);
}

static void a_clock_of_no_kind_is_refused(void **context)
{
    (void)context;
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 77};
    struct clock_running clocks[] = {sample(), sample(), sample(), sample()};

    clocks[0].clock.kind = 0;
    clocks[1].clock.kind = 99;
    clocks[2].clock.stage = 99;
    clocks[3].clock.calendar = 3;
    for (size_t i = 0; i < LENGTH(clocks); i++) {
        uint8_t record[KEPT_RECORD_MAX], out[KEPT_RECORD_MAX];
        struct writer w = writer_of(record, sizeof record), o = writer_of(out, sizeof out);

        named_fill(&named, 2);
        const struct cases_names names = named_of(&named);
        clock_write(&clocks[i], &names, &w);
        assert_int_equal(
            clock_again((struct bytes){key, sizeof key}, (struct bytes){record, w.size}, &o),
            ST_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_started_and_stopped_the_first_strikes),
        cmocka_unit_test(what_was_given_may_be_stopped_before_the_next),
        cmocka_unit_test(records_of_clocks_read_back),
        cmocka_unit_test(older_clocks_read_back),
        cmocka_unit_test(a_clock_of_no_kind_is_refused),
    };
    return cmocka_run_group_tests_name("clocks", tests, NULL, NULL);
}
