/* Two threads, two loops, a bounded pipe: everything arrives, in order, and a full pipe says so. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "lib/pipe.h"

#define MESSAGES 20000
#define DEPTH 8

struct end {
    struct loop *loop;
    struct pipe *pipe;
    uint32_t next; /* the number to give or take */
    bool saw_full;
};

static void *made(void *thing)
{
    assert_non_null(thing);
    return thing;
}

static void give_some(void *context)
{
    struct end *end = context;

    while (end->next < MESSAGES) {
        uint32_t *number = made(malloc(sizeof *number));

        *number = end->next;
        if (pipe_give(end->pipe, number, sizeof *number) != ST_OK) {
            free(number);
            end->saw_full = true;
            return;
        }
        end->next++;
    }
}

static void hear_answer(void *context)
{
    struct end *end = context;
    zmq_msg_t msg;

    while (pipe_take(end->pipe, &msg) == ST_OK)
        (void)zmq_msg_close(&msg);
    loop_stop(end->loop);
}

static void take_some(void *context)
{
    struct end *end = context;
    zmq_msg_t msg;

    for (int i = 0; i < 3 && pipe_take(end->pipe, &msg) == ST_OK; i++) {
        uint32_t number;

        assert_int_equal(zmq_msg_size(&msg), sizeof number);
        memcpy(&number, zmq_msg_data(&msg), sizeof number);
        assert_int_equal(number, end->next++);
        (void)zmq_msg_close(&msg);
    }
    if (end->next == MESSAGES) {
        assert_int_equal(pipe_give(end->pipe, made(malloc(1)), 1), ST_OK);
        loop_stop(end->loop);
    }
}

static void *receive(void *context)
{
    struct end *end = context;

    assert_int_equal(loop_add_pipe(end->loop, end->pipe, take_some, end), ST_OK);
    assert_int_equal(loop_run(end->loop), ST_OK);
    return NULL;
}

static void everything_arrives_in_order_through_a_full_pipe(void **)
{
    void *zmq = made(zmq_ctx_new());
    struct end giver = {made(loop_new()), made(pipe_bind(zmq, "test", DEPTH)), 0, false};
    struct end taker = {made(loop_new()), made(pipe_connect(zmq, "test", DEPTH)), 0, false};
    pthread_t thread;

    assert_int_equal(loop_add_pipe(giver.loop, giver.pipe, hear_answer, &giver), ST_OK);
    assert_int_equal(loop_every(giver.loop, 1, give_some, &giver), ST_OK);
    loop_at_end_of_turn(giver.loop, give_some, &giver);
    give_some(&giver);
    assert_true(giver.saw_full); /* nobody takes yet */

    assert_int_equal(pthread_create(&thread, NULL, receive, &taker), 0);
    assert_int_equal(loop_run(giver.loop), ST_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(taker.next, MESSAGES);

    pipe_free(giver.pipe);
    pipe_free(taker.pipe);
    loop_free(giver.loop);
    loop_free(taker.loop);
    (void)zmq_ctx_term(zmq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_in_order_through_a_full_pipe),
    };
    return cmocka_run_group_tests_name("pipe", tests, NULL, NULL);
}
