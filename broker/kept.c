/*
 * kept.c - what the exchange writes of cases, conversations and clocks: records that stand in the
 * state as they are, and evidence of its own for an agency.
 *
 *     custody, conversations, clocks --exchange_keep--> EVENT_KEPT --> tree `kept`
 *                                    --exchange_tell--> EVENT_TOLD --> the agency's queue
 *
 * Both go into the batch of what caused them, so that they last together or not at all.
 */
#include <assert.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

enum status exchange_keep(struct exchange *x, enum kept_kind kind, struct bytes key,
                          struct bytes record)
{
    struct event event = {
        .kind = EVENT_KEPT, .kept_kind = (uint8_t)kind, .key = key, .record = record};

    assert(kind > 0 && kind < KEPT_KIND_END);
    assert(key.size > 0 && key.size <= KEPT_KEY_MAX && record.size <= KEPT_RECORD_MAX);

    return exchange_record(x, &event, 0);
}

enum status exchange_tell(struct exchange *x, uint32_t agency, uint8_t lane, struct bytes told)
{
    struct event event = {.kind = EVENT_TOLD, .lane = lane, .told = told};
    uint32_t member = agency - 1;

    assert(agency > 0 && member < directory_count(x->directory) && lane < LANES);

    TEXT_COPY(event.agency, directory_name(x->directory, member));
    if (queues_reserve(x->queues) != ST_OK)
        return ST_NOMEM;
    enum status status = exchange_record(x, &event, 0);
    if (status != ST_OK)
        return status;
    queue_put_step(x->queues, &x->members[member].queue,
                   &(struct item){.sequence = event.sequence,
                                  .size = (uint32_t)event_size(&event),
                                  .agency = member,
                                  .lane = lane,
                                  .is_step = true});
    exchange_wake(x, member);
    return ST_OK;
}
