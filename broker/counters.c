#include "broker/counters.h"

#include "broker/exchange.h"

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
    COUNTER(claims_refused),
    COUNTER(cases_over),
    COUNTER(silent),
    COUNTER(silent_forgotten),
    GAUGE(cases),
    GAUGE(conversations),
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

void counters_of_exchange(const struct exchange_counts *c)
{
    set_count(&counters.accepted, c->accepted);
    set_count(&counters.refused, c->refused);
    set_count(&counters.refused_retryable, c->refused_retryable);
    set_count(&counters.duplicates, c->duplicates);
    set_count(&counters.reused, c->reused);
    set_count(&counters.steps, c->steps);
    set_count(&counters.steps_refused, c->steps_refused);
    set_count(&counters.taken, c->taken);
    set_count(&counters.delivered, c->delivered);
    set_count(&counters.delivered_again, c->delivered_again);
    set_count(&counters.steps_delivered, c->steps_delivered);
    set_count(&counters.withheld, c->withheld);
    set_count(&counters.published, c->published);
    set_count(&counters.instruments_refused, c->instruments_refused);
    set_count(&counters.notices, c->notices);
    set_count(&counters.rate_limited, c->rate_limited);
    set_count(&counters.held, c->held);
    set_count(&counters.gaps, c->gaps);
    set_count(&counters.custody_acts, c->custody_acts);
    set_count(&counters.transferred, c->transferred);
    set_count(&counters.lapsed, c->lapsed);
    set_count(&counters.claims, c->claims);
    set_count(&counters.claims_refused, c->claims_refused);
    set_count(&counters.cases_over, c->cases_over);
    set_count(&counters.silent, c->silent);
    set_count(&counters.silent_forgotten, c->silent_forgotten);
    set_count(&counters.cases, c->cases);
    set_count(&counters.conversations, c->conversations);
    set_count(&counters.clocks, c->clocks);
    set_count(&counters.clocks_warned, c->clocks_warned);
    set_count(&counters.clocks_escalated, c->clocks_escalated);
    set_count(&counters.clocks_breached, c->clocks_breached);
    set_count(&counters.clocks_late, c->clocks_late);
}
