/*
 * awaiting.h - what the broker tells an agency of its own, awaited by events and never by time.
 *
 *     what must come       await_custody, await_alarms: the agent answers when it has
 *     what must not come   hear_out: what the broker says behind it has come
 *
 * An agent that is down meanwhile, or has no connection, is asked again until `patience_ms` are
 * over: only a test that fails waits that long.
 *
 * Threads: the client's.
 */
#ifndef TESTS_SYSTEM_AWAITING_H
#define TESTS_SYSTEM_AWAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/client.h"

/* Until what the agent knows of the case is so; `custody' NULL: it knows nothing of it. */
bool await_custody(struct concordat *client, const struct concordat_id *handle,
                   bool (*is_so)(const struct concordat_custody *custody, const void *context),
                   const void *context, int64_t patience_ms);

/* Which alarms: seen or not. */
struct alarms_meant {
    bool (*is_meant)(const struct concordat_alarm *alarm, const void *context);
    const void *context;
};
size_t count_alarms(struct concordat *client, const struct alarms_meant *which);
/* Until the agent has so many of them; false: fewer. */
bool await_alarms(struct concordat *client, const struct alarms_meant *which, size_t count,
                  int64_t patience_ms);

/* Until the agent has all that the broker had for it when this was called, what its clocks strike
 * at that time included, and either knows that the other is there. It asks about that case: any
 * will do, one in which the agency has part leaves no refusal behind. */
bool hear_out(struct concordat *client, const struct concordat_id *handle, int64_t patience_ms);

#endif
