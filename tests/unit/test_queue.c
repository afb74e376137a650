/* A queue keeps its lanes in order through flights and landings, and forgets what is settled. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "agreements/decide.h"
#include "broker/ledger.h"
#include "broker/messages.h"
#include "broker/parcel.h"
#include "broker/queue.h"

static void put(struct queues *queues, struct queue *queue, uint64_t sequence, uint8_t lane)
{
    assert_int_equal(queues_reserve(queues), ST_OK);
    queue_put(queues, queue, &(struct item){.sequence = sequence, .size = 10, .lane = lane},
              permit_of_record());
}

static void lanes_leave_in_order(void **)
{
    OWNED(queues) queues = queues_new();
    struct queue queue = {0};

    put(queues, &queue, 1, 2);
    put(queues, &queue, 2, 0);
    put(queues, &queue, 3, 2);
    assert_int_equal(queue_first(queues, &queue, 0)->sequence, 2);
    assert_null(queue_first(queues, &queue, 1));
    assert_int_equal(queue_first(queues, &queue, 2)->sequence, 1);
    queue_fly(queues, &queue, queue_first(queues, &queue, 2));
    assert_int_equal(queue_first(queues, &queue, 2)->sequence, 3);
    assert_int_equal(queue.flying.count, 1);
    assert_int_equal(queue.flying_size, 10);
}

static void what_lands_is_first_again_and_marked(void **)
{
    OWNED(queues) queues = queues_new();
    struct queue queue = {0};

    for (uint64_t s = 1; s <= 6; s++)
        put(queues, &queue, s, s % 2 ? 0 : 2);
    for (int i = 0; i < 2; i++) {
        queue_fly(queues, &queue, queue_first(queues, &queue, 0));
        queue_fly(queues, &queue, queue_first(queues, &queue, 2));
    }
    queue_land(queues, &queue);
    assert_int_equal(queue.flying.count, 0);
    assert_int_equal(queue.flying_size, 0);
    for (uint64_t s = 1; s <= 6; s++) {
        struct item *item = queue_first(queues, &queue, s % 2 ? 0 : 2);
        assert_int_equal(item->sequence, s);
        assert_int_equal(item->again, s <= 4);
        queue_remove(queues, &queue, item);
    }
    assert_int_equal(queues_count(queues), 0);
}

static void put_step(struct queues *queues, struct queue *queue, uint64_t sequence, uint8_t lane)
{
    assert_int_equal(queues_reserve(queues), ST_OK);
    queue_put_step(queues, queue,
                   &(struct item){.sequence = sequence, .size = 10, .lane = lane, .is_step = true});
}

/* A thousand messages behind as many steps are found with as many looks, not with a million. */
static void messages_behind_steps_are_found_without_walking_them_again(void **)
{
    enum {
        MANY = 1000
    };
    OWNED(queues) queues = queues_new();
    struct queue queue = {0};

    for (uint64_t s = 1; s <= MANY; s++)
        put_step(queues, &queue, s, 1);
    for (uint64_t s = 1; s <= MANY; s++) {
        put(queues, &queue, MANY + 2 * s, 1);
        put_step(queues, &queue, MANY + 2 * s + 1, 1);
    }
    for (uint64_t s = 1; s <= MANY; s++) {
        struct item *item = queue_first_message(queues, &queue, 1);
        assert_int_equal(item->sequence, MANY + 2 * s);
        queue_remove(queues, &queue, item);
    }
    assert_null(queue_first_message(queues, &queue, 1));
    for (uint64_t s = 1; s <= MANY; s++) { /* nor are they when there is none, again and again */
        assert_null(queue_first_message(queues, &queue, 1));
        put_step(queues, &queue, 10 * MANY + s, 1);
    }
    assert_true(queues_walked(queues) < 8 * MANY);
}

/* The first message of the lane, found by looking at every number. */
static uint64_t first_message(struct queues *queues, uint64_t last, uint8_t lane)
{
    for (uint64_t s = 1; s <= last; s++) {
        const struct item *item = queues_find(queues, s);
        if (item && item->lane == lane && !item->is_step && !item->flying)
            return s;
    }
    return 0;
}

static void the_first_message_is_found_whatever_came_went_and_landed(void **)
{
    OWNED(queues) queues = queues_new();
    struct queue queue = {0};
    uint64_t last = 0;
    unsigned random = 1;

    for (int i = 0; i < 5000; i++) {
        random = random * 1103515245 + 12345;
        const unsigned what = random >> 16 & 7;
        const uint8_t lane = random >> 20 & 1;
        struct item *item = last ? queues_find(queues, 1 + (random >> 8) % last) : NULL;
        if (what < 3 && last < 300)
            put_step(queues, &queue, ++last, lane);
        else if (what == 3 && last < 300)
            put(queues, &queue, ++last, lane);
        else if (what == 4 && item)
            queue_remove(queues, &queue, item);
        else if (what == 5 && queue_first(queues, &queue, lane))
            queue_fly(queues, &queue, queue_first(queues, &queue, lane));
        else if (what == 6 && random >> 24 == 3)
            queue_land(queues, &queue);
        item = queue_first_message(queues, &queue, lane);
        assert_int_equal(item ? item->sequence : 0, first_message(queues, last, lane));
    }
}

static void what_is_held_waits_and_is_released_behind_what_it_waited_for(void **)
{
    OWNED(queues) queues = queues_new();
    struct queue queue = {0};

    for (uint64_t s = 1; s <= 5; s++)
        put(queues, &queue, s, 1);
    put_step(queues, &queue, 6, 1);
    queue_hold(queues, &queue, queues_find(queues, 1));
    queue_hold(queues, &queue, queues_find(queues, 3));
    queue_hold(queues, &queue, queues_find(queues, 5));
    assert_int_equal(queue_first(queues, &queue, 1)->sequence, 2);
    assert_int_equal(queue.lanes[1].count, 3);
    assert_int_equal(queue.held.count, 3);
    queue_remove(queues, &queue, queues_find(queues, 5));
    queue_release(queues, &queue, queues_find(queues, 3));
    queue_release(queues, &queue, queues_find(queues, 1));
    assert_int_equal(queue.held.count, 0);
    static const uint64_t order[] = {2, 4, 3, 1};
    for (size_t i = 0; i < LENGTH(order); i++) {
        struct item *item = queue_first_message(queues, &queue, 1);
        assert_int_equal(item->sequence, order[i]);
        assert_false(item->held);
        queue_remove(queues, &queue, item);
    }
    assert_null(queue_first_message(queues, &queue, 1));
    assert_int_equal(queue_first(queues, &queue, 1)->sequence, 6);
    put(queues, &queue, 7, 2);
    queue_hold(queues, &queue, queues_find(queues, 7));
    queue_release(queues, &queue, queues_find(queues, 7)); /* into an empty lane */
    assert_int_equal(queue_first(queues, &queue, 2)->sequence, 7);
}

static void settled_items_go_from_anywhere(void **)
{
    OWNED(queues) queues = queues_new();
    struct queue queue = {0};

    put(queues, &queue, 1, 1);
    put(queues, &queue, 2, 1);
    put(queues, &queue, 3, 1);
    queue_fly(queues, &queue, queues_find(queues, 1));
    queue_remove(queues, &queue, queues_find(queues, 2));
    queue_remove(queues, &queue, queues_find(queues, 1));
    assert_int_equal(queue.flying_size, 0);
    assert_null(queues_find(queues, 1));
    assert_null(queues_find(queues, 2));
    assert_int_equal(queue_first(queues, &queue, 1)->sequence, 3);
    assert_int_equal(queue.lanes[1].count, 1);
}

/* Against a plain array, at random: the index finds exactly what is there. */
static void the_index_survives_any_order(void **)
{
    OWNED(queues) queues = queues_new();
    struct queue queue = {0};
    enum {
        MOST = 5000
    };
    static bool there[MOST];
    size_t count = 0;

    srandom(7);
    for (int i = 0; i < 40000; i++) {
        uint64_t s = 1 + (uint64_t)(random() % (MOST - 1));
        struct item *item = queues_find(queues, s);
        assert_int_equal(item != NULL, there[s]);
        if (item) {
            assert_int_equal(item->sequence, s);
            queue_remove(queues, &queue, item);
            count--;
        } else {
            put(queues, &queue, s, (uint8_t)(s % LANES));
            count++;
        }
        there[s] = !there[s];
    }
    assert_int_equal(queues_count(queues), count);
    for (uint64_t s = 1; s < MOST; s++)
        assert_int_equal(queues_find(queues, s) != NULL, there[s]);
}

static struct message message_of(uint32_t n, uint32_t sender, uint64_t touched)
{
    struct message m = {.sender = sender, .recipient = 9, .sequence = touched, .touched = touched};

    for (size_t i = 0; i < 4; i++)
        m.id.bytes[12 + i] = (uint8_t)(n >> (8 * i));
    m.header_digest.bytes[0] = (uint8_t)sender;
    return m;
}

static void messages_are_found_by_sender_and_by_recipient(void **)
{
    OWNED(messages) messages = messages_new(1);
    struct message a = message_of(1, 1, 1), b = message_of(1, 2, 2);

    assert_int_equal(messages_reserve(messages), ST_OK);
    uint32_t at = messages_add(messages, &a);
    assert_int_equal(messages_reserve(messages), ST_OK);
    (void)messages_add(messages, &b);
    assert_ptr_equal(messages_find(messages, 1, &a.id), messages_at(messages, at));
    assert_null(messages_find(messages, 3, &a.id));
    assert_int_equal(messages_find_received(messages, 9, &b.id, &b.header_digest)->sender, 2);
    assert_null(messages_find_received(messages, 8, &b.id, &b.header_digest));
    messages_at(messages, at)->refused = true;
    assert_null(messages_find_received(messages, 9, &a.id, &a.header_digest));
}

static void messages_go_when_nothing_newer_touched_them(void **)
{
    OWNED(messages) messages = messages_new(1);
    uint32_t places[3000];

    for (uint32_t n = 0; n < 3000; n++) {
        struct message m = message_of(n, 1, n + 1);
        assert_int_equal(messages_reserve(messages), ST_OK);
        places[n] = messages_add(messages, &m);
    }
    for (uint32_t n = 0; n < 3000; n++)
        messages_expire(messages, places[n], 2000);
    assert_int_equal(messages_count(messages), 1000);
    for (uint32_t n = 0; n < 3000; n++) {
        struct message m = message_of(n, 1, 0);
        assert_int_equal(messages_find(messages, 1, &m.id) != NULL, n >= 2000);
    }
}

static void note_touched(void *context, uint32_t message)
{
    *(uint32_t *)context += message;
}

static void the_ledger_finds_records_until_they_are_cut(void **)
{
    OWNED(ledger) ledger = ledger_new(100);
    static const uint8_t record[1];
    uint32_t touched = 0;

    assert_null(ledger_record(ledger, 100).data);
    for (uint32_t i = 1; i <= 10000; i++) {
        assert_int_equal(ledger_reserve(ledger), ST_OK);
        ledger_add(ledger, record, i, i % 2);
    }
    assert_int_equal(ledger_sequence(ledger), 10100);
    assert_int_equal(ledger_record(ledger, 5100).size, 5000);
    ledger_cut(ledger, 5100, note_touched, &touched);
    assert_int_equal(touched, 2500);
    assert_null(ledger_record(ledger, 5100).data);
    assert_int_equal(ledger_record(ledger, 5101).size, 5001);
    assert_null(ledger_record(ledger, 10101).data);
}

static void a_parcel_grows_and_is_given_whole(void **)
{
    struct parcel parcel = {.data = NULL};
    size_t size;

    for (size_t i = 0; i < 1000; i++) {
        uint8_t *at = parcel_add(&parcel, 5);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % 8, 0);
        *at = (uint8_t)i;
    }
    uint8_t *data = parcel_give(&parcel, &size);
    assert_int_equal(size, 8000);
    assert_int_equal(data[8 * 999], 999 % 256);
    assert_null(parcel.data);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_leave_in_order),
        cmocka_unit_test(what_lands_is_first_again_and_marked),
        cmocka_unit_test(messages_behind_steps_are_found_without_walking_them_again),
        cmocka_unit_test(the_first_message_is_found_whatever_came_went_and_landed),
        cmocka_unit_test(what_is_held_waits_and_is_released_behind_what_it_waited_for),
        cmocka_unit_test(settled_items_go_from_anywhere),
        cmocka_unit_test(the_index_survives_any_order),
        cmocka_unit_test(messages_are_found_by_sender_and_by_recipient),
        cmocka_unit_test(messages_go_when_nothing_newer_touched_them),
        cmocka_unit_test(the_ledger_finds_records_until_they_are_cut),
        cmocka_unit_test(a_parcel_grows_and_is_given_whole),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
