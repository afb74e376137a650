/*
 * keeper.h - an agency that keeps cases, for tests that kill the broker under it: a raw peer
 * (peer.h) that claims cases, answers what comes, and remembers what it was told.
 *
 * It outlives the broker: after each start it is connected anew, and what had no answer is said
 * again by the caller. What comes twice, since the broker could not know that it had arrived, is
 * told from what happens twice by the item's sequence.
 *
 * Threads: one calls.
 */
#ifndef TESTS_SYSTEM_KEEPER_H
#define TESTS_SYSTEM_KEEPER_H

#include "proto/claim.h"
#include "proto/told.h"
#include "tests/system/peer.h"

struct keeper {
    struct peer *peer; /* owned */
    const char *agency;
    uint8_t key_id[KEY_ID_SIZE]; /* for mail to it */
    struct heard {
        uint64_t item;
        struct clock_told told;
    } * clocks; /* owned: each item once */
    size_t clock_count, clock_room;
    struct arrival {
        struct id message, conversation;
        uint32_t sequence;
    } * arrivals; /* owned: each message once, in the order of coming */
    size_t arrival_count, arrival_room;
    struct transferred {
        uint64_t item;
        struct id case_handle;
        uint64_t version;
        uint32_t conversations;
    } * transfers; /* owned */
    size_t transfer_count, transfer_room;
    uint64_t requests;
};

void keeper_init(struct keeper *k, const char *pki, const char *agency);
void keeper_fini(struct keeper *k);
/* Connects, says hello and follows; fails the test when that is not to be. */
void keeper_connect(struct keeper *k, uint16_t port);
/* The same, under a broker that may stop meanwhile; false: it is not to be. */
bool keeper_try_connect(struct keeper *k, uint16_t port);
/* Forgets what it heard: the broker's store is another. */
void keeper_forget(struct keeper *k);
/* What comes within `wait_ms` of silence; false: the connection went. */
bool keeper_hear(struct keeper *k, int wait_ms);
/* Hears until the broker has judged the message; false: the connection went before. */
bool keeper_await(struct keeper *k, const struct id *message, struct wire *verdict);
/* Asks for the case, or claims it when `claim` is not UNSPECIFIED; *told: when the code is 0.
 * False: the connection went before the answer. */
bool keeper_case(struct keeper *k, const struct id *handle, Concordat__ClaimKind claim,
                 Concordat__RefusalCode *code, struct custody_told *told);
/* Where in the order of coming; SIZE_MAX: it has not come. */
size_t keeper_arrived(const struct keeper *k, const struct id *message);

#endif
