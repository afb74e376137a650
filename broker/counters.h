/*
 * counters.h - what the broker counts, for status and metrics: numbers only, nobody's data.
 *
 * Threads: any; each number is written by relaxed atomics and read as it comes.
 */
#ifndef BROKER_COUNTERS_H
#define BROKER_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct counters {
    /* gauges */
    _Atomic uint64_t sockets;   /* open */
    _Atomic uint64_t strangers; /* of these, not welcomed yet */
    /* listener and links */
    _Atomic uint64_t connections, turned_away, handshakes_failed, sessions, alarms;
    _Atomic uint64_t bytes_in, bytes_out, turns;
    /* exchange */
    _Atomic uint64_t accepted, refused, refused_retryable, duplicates, reused;
    _Atomic uint64_t steps, steps_refused, taken, delivered, delivered_again, steps_delivered;
    _Atomic uint64_t withheld, published, instruments_refused, notices, rate_limited;
    _Atomic uint64_t held, gaps, custody_acts, transferred, lapsed, claims, claims_refused;
    _Atomic uint64_t cases_over, silent, silent_forgotten;
    _Atomic uint64_t cases, conversations; /* gauges: kept */
    _Atomic uint64_t clocks;               /* gauge: open ones */
    _Atomic uint64_t clocks_warned, clocks_escalated, clocks_breached, clocks_late;
    _Atomic uint64_t holidays_days_left; /* gauge: days until no bank holidays are known */
    _Atomic uint64_t batches, batch_bytes, journal_waits;
    /* state */
    _Atomic uint64_t checkpoints, checkpoint_ms, checkpoint_sequence, sequence;
};

extern struct counters counters;

static inline void count(_Atomic uint64_t *counter, uint64_t by)
{
    (void)atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static inline void uncount(_Atomic uint64_t *counter)
{
    (void)atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
}

static inline uint64_t counted(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void set_count(_Atomic uint64_t *counter, uint64_t to)
{
    atomic_store_explicit(counter, to, memory_order_relaxed);
}

/* What the exchange counts by itself, as it stands now. By its thread, after each batch. */
struct exchange_counts;
void counters_of_exchange(const struct exchange_counts *counts);

/* Each by name, for printing. `is_gauge`: may go down. */
struct counter_name {
    const char *name;
    _Atomic uint64_t *counter;
    int is_gauge;
};
const struct counter_name *counters_all(size_t *count);

#endif
