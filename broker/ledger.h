/*
 * ledger.h - the events since the last checkpoint, by sequence: where their records lie in memory.
 *
 * Sequences have no gaps, so this is a ring: 16 bytes an event. The bytes belong to whoever keeps
 * the batches (writer.c), who keeps them until ledger_cut has passed them.
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_LEDGER_H
#define BROKER_LEDGER_H

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/status.h"

struct ledger;

/* An empty one whose first event will be `sequence` + 1; NULL when memory is out. */
struct ledger *ledger_new(uint64_t sequence);
void ledger_free(struct ledger *ledger);
OWN(ledger)

/* Makes sure that the next add cannot fail.
 *   ST_NOMEM */
enum status ledger_reserve(struct ledger *ledger);
/* The next event: its record, and the message it touched (place in messages.h, 0 = none). */
void ledger_add(struct ledger *ledger, const uint8_t *record, uint32_t size, uint32_t message);
/* Of the last event; where the ledger began when there is none. */
uint64_t ledger_sequence(const struct ledger *ledger);
/* The record of an event in the ledger; {NULL, 0} when a checkpoint has taken it, or before. */
struct bytes ledger_record(const struct ledger *ledger, uint64_t sequence);
/* A checkpoint holds everything up to `sequence`: drops those, giving each message it touched. */
void ledger_cut(struct ledger *ledger, uint64_t sequence,
                void (*touched)(void *context, uint32_t message), void *context);

#endif
