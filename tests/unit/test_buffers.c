/* What a batch lies in stays until a checkpoint holds it, and no longer. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "broker/buffers.h"

#define SIZE 64

static unsigned alive; /* buffers that nobody has closed yet */

static void let_go(void *data, void *)
{
    alive--;
    free(data);
}

/* A turn as a link gives it; its bytes. */
static const uint8_t *add_turn(struct buffers *b)
{
    uint8_t *data = malloc(SIZE);
    zmq_msg_t turn;

    assert_non_null(data);
    alive++;
    assert_int_equal(zmq_msg_init_data(&turn, data, SIZE, let_go, NULL), 0);
    assert_int_equal(buffers_add_turn(b, &turn), ST_OK);
    (void)zmq_msg_close(&turn);
    return data;
}

static struct iovec part(const uint8_t *at, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)at, size};
}

static void parts_are_found_among_the_buffers_that_have_one(void **)
{
    struct buffers b = {.batch = NULL};
    struct page page = {.data = malloc(SIZE), .size = SIZE};
    const uint8_t *first = add_turn(&b), *unused = add_turn(&b), *last = add_turn(&b);
    struct piece pieces[4];
    uint32_t at = 0;

    assert_non_null(page.data);
    assert_int_equal(buffers_add_page(&b, &page), ST_OK);
    const struct iovec parts[] = {part(first + 8, 16), part(page.data, 8), part(last + 32, 32),
                                  part(first + 40, 8)};
    buffers_locate(&b, parts, LENGTH(parts), pieces);
    const struct piece expected[] = {{0, 16, 8}, {2, 8, 0}, {1, 32, 32}, {0, 8, 40}};
    for (size_t i = 0; i < LENGTH(expected); i++) {
        assert_int_equal(pieces[i].buffer, expected[i].buffer);
        assert_int_equal(pieces[i].size, expected[i].size);
        assert_int_equal(pieces[i].at, expected[i].at);
    }
    assert_ptr_equal(zmq_msg_data(buffers_next_used(&b, &at)), first);
    assert_ptr_equal(zmq_msg_data(buffers_next_used(&b, &at)), last);
    assert_ptr_equal(zmq_msg_data(buffers_next_used(&b, &at)), page.data);
    assert_null(buffers_next_used(&b, &at));
    assert_ptr_not_equal(unused, NULL);
    assert_int_equal(alive, 3);
    assert_int_equal(buffers_keep(&b, 7), ST_OK);
    assert_int_equal(alive, 2); /* the one that no part lies in is gone */
    buffers_release(&b, 6);
    assert_int_equal(alive, 2);
    buffers_release(&b, 7);
    assert_int_equal(alive, 0);
    buffers_fini(&b);
}

/* Batch after batch, with a checkpoint now and then: the ring grows while its first is anywhere. */
static void each_is_kept_until_its_own_checkpoint(void **)
{
    struct buffers b = {.batch = NULL};
    uint64_t released = 0;

    for (uint64_t last = 1; last <= 5000; last++) {
        const uint8_t *data = add_turn(&b);
        struct iovec whole = part(data, SIZE);
        struct piece piece;

        buffers_locate(&b, &whole, 1, &piece);
        assert_int_equal(buffers_keep(&b, last), ST_OK);
        if (last % 700 == 0 && last < 4000) {
            released = last - 650;
            buffers_release(&b, released);
        }
        assert_int_equal(alive, last - released);
    }
    buffers_release(&b, 4999);
    assert_int_equal(alive, 1);
    (void)add_turn(&b); /* a batch that did not end */
    buffers_fini(&b);
    assert_int_equal(alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_found_among_the_buffers_that_have_one),
        cmocka_unit_test(each_is_kept_until_its_own_checkpoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
