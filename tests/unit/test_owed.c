/* What is owed and what was not met, in the agent's store: all of it goes when it should, and no
 * alarm that nobody has seen. */
#include "tests/unit/agent_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/alarms.h"
#include "agents/custody.h"
#include "agents/owed.h"
#include "agents/trees.h"
#include "lib/bytes.h"
#include "lib/text.h"

#define MANY 1000 /* of one conversation: more than are looked at in one go */

static struct id id_number(uint32_t number)
{
    struct id id = {{0}};

    memcpy(id.bytes, &number, sizeof number);
    return id;
}

static enum owed_fate end_even(void *context, struct owed *owed)
{
    ++*(size_t *)context;
    return owed->due_ms % 2 == 0 ? OWED_ENDS : OWED_STAYS;
}

static bool count_one(void *context, const struct owed *)
{
    ++*(size_t *)context;
    return true;
}

static void all_of_a_conversation_are_asked(void **state)
{
    struct place *place = *state;
    const struct id conversation = id_number(7), other = id_number(8);
    size_t asked = 0, left = 0;

    for (uint32_t i = 0; i < MANY + 1; i++) {
        struct owed owed = {.due_ms = 1000 + i,
                            .kind = CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE,
                            .message_id = id_number(100 + i),
                            .conversation_id = i < MANY ? conversation : other};
        assert_int_equal(owed_put(place->txn, &owed), ST_OK);
    }
    assert_int_equal(owed_stop(place->txn, OWED_OF_CONVERSATION, &conversation, end_even, &asked),
                     ST_OK);
    assert_int_equal(asked, MANY);
    assert_int_equal(owed_each(place->txn, 0, count_one, &left), ST_OK);
    assert_int_equal(left, MANY / 2 + 1);
}

static void take(struct place *place, uint32_t number)
{
    struct clock_told told = {.kind = CONCORDAT__CLOCK_KIND__CLOCK_ANSWER, .at_ms = number};
    struct digest digest = {{0}};
    bool is_new = false;

    memcpy(digest.bytes, &number, sizeof number);
    assert_int_equal(alarms_take(place->txn, &told, &digest, &is_new), ST_OK);
    assert_true(is_new);
}

struct tally {
    uint64_t count, oldest;
};

static bool tally_one(void *context, const struct alarm *alarm)
{
    struct tally *tally = context;

    tally->count++;
    tally->oldest = alarm->number;
    return true;
}

static struct tally tally_of(struct place *place, bool all)
{
    struct tally tally = {0};

    assert_int_equal(alarms_each(place->txn, all, tally_one, &tally), ST_OK);
    return tally;
}

/* What was seen makes room; what was not stays, however much comes after it. */
static void a_flood_pushes_out_no_alarm_that_nobody_saw(void **state)
{
    struct place *place = *state;

    for (uint32_t i = 1; i <= 3; i++)
        take(place, i);
    assert_int_equal(alarms_see(place->txn, 2), ST_OK);
    for (uint32_t i = 4; i <= ALARMS_MAX + 3; i++)
        take(place, i);
    struct tally all = tally_of(place, true), unseen = tally_of(place, false);
    assert_int_equal(all.count, ALARMS_MAX + 2);
    assert_int_equal(unseen.count, ALARMS_MAX + 2);
    assert_int_equal(unseen.oldest, 1);
    assert_int_equal(alarms_see(place->txn, 1), ST_OK); /* beyond the room: it goes now */
    assert_int_equal(alarms_see(place->txn, 5), ST_OK); /* within */
    all = tally_of(place, true);
    assert_int_equal(all.count, ALARMS_MAX + 1);
    assert_int_equal(all.oldest, 3);
}

static bool take_last(void *context, const struct owed *owed)
{
    *(struct owed *)context = *owed;
    return true;
}

/* As the release before wrote it: it ends with the role. */
static void an_older_record_of_what_is_owed_is_read(void **state)
{
    struct place *place = *state;
    const struct owed owed = {.due_ms = 5000,
                              .started_ms = 4000,
                              .kind = CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED,
                              .place = 3,
                              .by_us = true,
                              .message_id = id_number(1),
                              .conversation_id = id_number(2),
                              .case_handle = id_number(3),
                              .other = "csc.a",
                              .type = "case.first_contact",
                              .expected = "case.update",
                              .role = "Head of casework",
                              .agreement_id = "cases",
                              .expectation = "first",
                              .is_shared = true,
                              .is_behind = true,
                              .met_by = id_number(4)};
    struct owed read = {.due_ms = 0};
    uint8_t key[64], record[1024];
    struct bytes value = {NULL, 0}, name = {NULL, 0};
    struct walk *walk;

    assert_int_equal(owed_put(place->txn, &owed), ST_OK);
    assert_int_equal(owed_each(place->txn, 0, take_last, &read), ST_OK);
    assert_string_equal(read.expectation, "first");
    assert_true(read.is_behind);
    assert_int_equal(
        walk_open(place->txn, TREE_OWED, (struct bytes){(const uint8_t *)"d", 1}, &walk), ST_OK);
    assert_int_equal(walk_next(walk, &name, &value), ST_OK);
    assert_in_range(name.size, ID_SIZE, sizeof key);
    memcpy(key, name.data, name.size);
    memcpy(record, value.data, value.size);
    name = (struct bytes){key, name.size};
    walk_close(walk);
    const uint8_t *role = memmem(record, value.size, owed.role, strlen(owed.role));
    assert_non_null(role);
    record[0] = 1;
    value = (struct bytes){record, (size_t)(role - record) + strlen(owed.role)};
    assert_int_equal(store_put(place->txn, TREE_OWED, name, value), ST_OK);
    read = (struct owed){.due_ms = 0};
    assert_int_equal(owed_each(place->txn, 0, take_last, &read), ST_OK);
    assert_int_equal(read.due_ms, 5000);
    assert_string_equal(read.role, owed.role);
    assert_string_equal(read.expected, owed.expected);
    assert_true(read.by_us);
    assert_int_equal(read.started_ms, 0);
    assert_string_equal(read.expectation, "");
    assert_false(read.is_shared || read.is_behind);
    assert_true(id_is_zero(&read.met_by));
}

/* As the release before wrote it: without the time of the last telling. */
static void an_older_record_of_a_case_is_read(void **state)
{
    struct place *place = *state;
    struct holding held = {.handle = id_number(3),
                           .version = 4,
                           .changed_ms = 1000,
                           .ended_ms = 2000,
                           .told_ms = INT64_C(0x1122334455667788)},
                   read;
    uint8_t key[1 + ID_SIZE], record[4096], eight[8];
    struct writer e = writer_of(eight, sizeof eight);
    struct bytes value = {NULL, 0}, name = {NULL, 0};
    struct walk *walk;

    strcpy(held.holder, "nps.a");
    assert_int_equal(holding_put(place->txn, &held), ST_OK);
    assert_int_equal(walk_open(place->txn, TREE_CUSTODY, (struct bytes){NULL, 0}, &walk), ST_OK);
    while (walk_next(walk, &name, &value) == ST_OK && value.size < 8)
        ;
    assert_in_range(name.size, ID_SIZE, sizeof key);
    memcpy(key, name.data, name.size);
    memcpy(record, value.data, value.size);
    name = (struct bytes){key, name.size};
    value = (struct bytes){record, value.size};
    walk_close(walk);
    write_u64(&e, (uint64_t)held.told_ms);
    uint8_t *at = memmem(record, value.size, eight, sizeof eight);
    assert_non_null(at);
    memmove(at, at + sizeof eight, (size_t)(record + value.size - at) - sizeof eight);
    record[0] = 1;
    assert_int_equal(store_put(place->txn, TREE_CUSTODY, name,
                               (struct bytes){record, value.size - sizeof eight}),
                     ST_OK);
    assert_int_equal(holding_get(place->txn, &held.handle, &read), ST_OK);
    assert_int_equal(read.version, 4);
    assert_int_equal(read.ended_ms, 2000);
    assert_int_equal(read.told_ms, 0);
    assert_string_equal(read.holder, "nps.a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_a_conversation_are_asked, place_open, place_close),
        cmocka_unit_test_setup_teardown(a_flood_pushes_out_no_alarm_that_nobody_saw, place_open,
                                        place_close),
        cmocka_unit_test_setup_teardown(an_older_record_of_what_is_owed_is_read, place_open,
                                        place_close),
        cmocka_unit_test_setup_teardown(an_older_record_of_a_case_is_read, place_open, place_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
