/*
 * stand_in.h - stands where an agent does: takes requests, keeps them, and gives what it was told
 * to, in order.
 *
 *     setup stand_in_start -> stand_in_says(s, responses, n) -> the client or a command asks
 *     -> stand_in_asked(s, i) -> teardown stand_in_stop
 *
 * A request beyond what it was told to answer is answered FAILED, and kept too.
 */
#ifndef TESTS_UNIT_STAND_IN_H
#define TESTS_UNIT_STAND_IN_H

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "agents/client.h"
#include "proto/local.pb-c.h"

#define STAND_IN_MAX 16 /* requests */

struct stand_in {
    char folder[64], path[96]; /* path: its socket */
    void *zmq, *socket;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint count; /* requests taken */
    size_t told;
    const Concordat__Response *const *says; /* borrowed until stop */
    Concordat__Request *asked[STAND_IN_MAX];
};

int stand_in_start(void **state); /* *state: a struct stand_in */
int stand_in_stop(void **state);

void stand_in_says(struct stand_in *s, const Concordat__Response *const responses[], size_t count);
/* Request `index` from 0, which has been answered. */
const Concordat__Request *stand_in_asked(struct stand_in *s, size_t index);

char *unit_text(const char *literal); /* generated structs have plain `char *` */
ProtobufCBinaryData unit_bytes(const void *data, size_t size);

#endif
