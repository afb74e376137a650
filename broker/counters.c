#include "broker/counters.h"

struct counters counters;

#define COUNTER(name)                                                                              \
    {                                                                                              \
#name, &counters.name, 0                                                                   \
    }
#define GAUGE(name)                                                                                \
    {                                                                                              \
#name, &counters.name, 1                                                                   \
    }

static const struct counter_name all[] = {
    GAUGE(sockets),
    GAUGE(strangers),
    COUNTER(connections),
    COUNTER(turned_away),
    COUNTER(handshakes_failed),
    COUNTER(sessions),
    COUNTER(alarms),
    COUNTER(bytes_in),
    COUNTER(bytes_out),
    COUNTER(turns),
    COUNTER(accepted),
    COUNTER(refused),
    COUNTER(refused_retryable),
    COUNTER(duplicates),
    COUNTER(reused),
    COUNTER(steps),
    COUNTER(steps_refused),
    COUNTER(taken),
    COUNTER(delivered),
    COUNTER(delivered_again),
    COUNTER(steps_delivered),
    COUNTER(withheld),
    COUNTER(published),
    COUNTER(instruments_refused),
    COUNTER(notices),
    COUNTER(rate_limited),
    COUNTER(held),
    COUNTER(gaps),
    COUNTER(custody_acts),
    COUNTER(transferred),
    COUNTER(lapsed),
    COUNTER(claims),
    GAUGE(clocks),
    COUNTER(clocks_warned),
    COUNTER(clocks_escalated),
    COUNTER(clocks_breached),
    COUNTER(clocks_late),
    GAUGE(holidays_days_left),
    COUNTER(batches),
    COUNTER(batch_bytes),
    COUNTER(journal_waits),
    COUNTER(checkpoints),
    COUNTER(checkpoint_ms),
    GAUGE(checkpoint_sequence),
    GAUGE(sequence),
};

const struct counter_name *counters_all(size_t *count)
{
    *count = sizeof all / sizeof *all;
    return all;
}
