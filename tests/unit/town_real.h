/*
 * town_real.h - a town with the real broker: its sessions and its exchange, where town.h has a few
 * lines. No threads, no sockets, no clock but the test's; the state is the simulation's (hub.h).
 *
 * A program links this library or `town', not both: they share the town's own files. What town.h
 * says of mischief, and of what the broker is made to tell, is not here.
 */
#ifndef TESTS_UNIT_TOWN_REAL_H
#define TESTS_UNIT_TOWN_REAL_H

#include "tests/unit/town.h"

#include "agreements/agreement.h"

/* A clock as the broker has it. */
struct town_clock {
    Concordat__ClockKind kind;
    struct id message, conversation, case_handle;
    char owed_by[AGENCY_MAX + 1], owed_to[AGENCY_MAX + 1];
    char type[TYPE_MAX + 1], expected[TYPE_MAX + 1];
    int64_t due_ms;
    bool rests; /* under what came for it, which nobody has yet */
};
/* All that run, or rest: how many of `most' there are; more abort. */
size_t town_clocks(struct town *town, struct town_clock *out, size_t most);

/* The broker does what is due by the clock; then all settles. */
void town_tick(struct town *town);
/* It dies, and comes back; who was connected connects anew. */
void town_broker_dies(struct town *town);
/* From now on messages for this agency come with a bit of their body flipped; or no more. */
void town_spoil(struct town *town, size_t agency, bool spoils);

#endif
