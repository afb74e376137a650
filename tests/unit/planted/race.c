/* Two threads and a number: without any order between them, or ordered by a pipe. ThreadSanitizer
 * must report the first and nothing of the second.
 *
 *     planted_race plain|pipe
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "lib/pipe.h"

#define ROUNDS 1000

static long shared; /* the race */
static struct loop *loop;
static struct pipe *near, *far;

static void *add(void *)
{
    for (int i = 0; i < ROUNDS; i++)
        shared++;
    return NULL;
}

static void *add_and_tell(void *context)
{
    (void)add(context);
    if (pipe_give(far, calloc(1, 64), 64) != ST_OK)
        abort();
    return NULL;
}

static void on_told(void *)
{
    zmq_msg_t msg;

    if (pipe_take(near, &msg) != ST_OK)
        return;
    (void)zmq_msg_close(&msg);
    (void)add(NULL);
    loop_stop(loop);
}

static void run(bool ordered)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, ordered ? add_and_tell : add, NULL) != 0)
        abort();
    if (!ordered)
        (void)add(NULL);
    else if (loop_run(loop) != ST_OK)
        abort();
    (void)pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    void *zmq = zmq_ctx_new();

    near = pipe_bind(zmq, "race", 1);
    far = pipe_connect(zmq, "race", 1);
    loop = loop_new();
    if (argc != 2 || !near || !far || !loop || loop_add_pipe(loop, near, on_told, NULL) != ST_OK)
        return 2;
    run(strcmp(argv[1], "pipe") == 0);
    printf("sum=%ld\n", shared);
    pipe_free(near);
    pipe_free(far);
    loop_free(loop);
    (void)zmq_ctx_term(zmq);
    return 0;
}
