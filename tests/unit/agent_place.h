/*
 * agent_place.h - an agent's store in a folder of its own with one write transaction open, as the
 * state of a cmocka test.
 *
 * What the test writes is seen by it alone and never committed; both go with the test. Failures
 * fail the test's setup or teardown.
 */
#ifndef TESTS_UNIT_AGENT_PLACE_H
#define TESTS_UNIT_AGENT_PLACE_H

#include "tests/unit/unit.h"

#include "lib/store.h"

struct place {
    char folder[64];
    struct store *store; /* owned */
    struct txn *txn;     /* owned */
};

/* Setup and teardown: *state is a struct place. */
int place_open(void **state);
int place_close(void **state);

#endif
