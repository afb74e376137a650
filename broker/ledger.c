#include "broker/ledger.h"

#include <assert.h>
#include <stdlib.h>

#define ROOM_FIRST 4096 /* events */

struct entry {
    const uint8_t *record; /* borrowed */
    uint32_t size, message;
};

struct ledger {
    struct entry *ring; /* owned; the event `s` is at s & (room - 1) */
    uint64_t first;     /* sequence of the oldest */
    uint64_t next;      /* sequence the next add gets */
    uint64_t room;      /* a power of two */
};

struct ledger *ledger_new(uint64_t sequence)
{
    OWNED(ledger) ledger = calloc(1, sizeof *ledger);

    if (!ledger)
        return NULL;
    ledger->room = ROOM_FIRST;
    ledger->first = ledger->next = sequence + 1;
    ledger->ring = calloc(ledger->room, sizeof *ledger->ring);
    if (!ledger->ring)
        return NULL;
    return GIVE(ledger);
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    free(ledger->ring);
    free(ledger);
}

static struct entry *entry_of(const struct ledger *ledger, uint64_t sequence)
{
    return &ledger->ring[sequence & (ledger->room - 1)];
}

enum status ledger_reserve(struct ledger *ledger)
{
    if (ledger->next - ledger->first < ledger->room)
        return ST_OK;

    struct ledger bigger = *ledger;
    bigger.room *= 2;
    bigger.ring = reallocarray(NULL, bigger.room, sizeof *bigger.ring);
    if (!bigger.ring)
        return ST_NOMEM;
    for (uint64_t s = ledger->first; s < ledger->next; s++)
        *entry_of(&bigger, s) = *entry_of(ledger, s);
    free(ledger->ring);
    *ledger = bigger;
    return ST_OK;
}

void ledger_add(struct ledger *ledger, const uint8_t *record, uint32_t size, uint32_t message)
{
    assert(ledger->next - ledger->first < ledger->room);

    *entry_of(ledger, ledger->next++) = (struct entry){record, size, message};
}

uint64_t ledger_sequence(const struct ledger *ledger)
{
    return ledger->next - 1;
}

struct bytes ledger_record(const struct ledger *ledger, uint64_t sequence)
{
    if (sequence < ledger->first || sequence >= ledger->next)
        return (struct bytes){NULL, 0};
    const struct entry *entry = entry_of(ledger, sequence);
    return (struct bytes){entry->record, entry->size};
}

void ledger_cut(struct ledger *ledger, uint64_t sequence,
                void (*touched)(void *context, uint32_t message), void *context)
{
    assert(sequence < ledger->next);

    for (; ledger->first <= sequence; ledger->first++) {
        uint32_t message = entry_of(ledger, ledger->first)->message;
        if (message)
            touched(context, message);
    }
}
