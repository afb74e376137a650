/*
 * kept.c - what the exchange writes of cases, conversations and clocks: records that stand in the
 * state as they are, and evidence of its own for an agency.
 *
 *     custody, conversations, clocks --exchange_keep--> EVENT_KEPT --> tree `kept`
 *                                    --exchange_tell--> EVENT_TOLD --> the agency's queue
 *
 * Both go into the batch of what caused them, so that they last together or not at all.
 * PLANT_* leave a record out, for tests/system/keepers.c, iofaults.c and tests/sim/custody.c to
 * notice; no other build has them.
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

static const char *name_of(void *context, uint32_t agency)
{
    const struct exchange *x = context;

    return directory_name(x->directory, agency - 1);
}

static enum status number_of(void *context, const char *name, uint32_t *agency)
{
    uint32_t member;
    enum status status = exchange_enter(context, name, &member);

    if (status == ST_OK)
        *agency = member + 1;
    return status;
}

struct cases_names exchange_names(struct exchange *x)
{
    return (struct cases_names){x, name_of, number_of};
}

enum status exchange_keep_case(struct exchange *x, const struct case_held *held)
{
    const struct cases_names names = exchange_names(x);
    uint8_t record[KEPT_RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);

#ifdef PLANT_CASE_UNKEPT
    return ST_OK;
#endif
    case_write(held, &names, &w);
    assert(!w.failed);
    return exchange_keep(x, KEPT_CASE, (struct bytes){held->handle.bytes, ID_SIZE},
                         (struct bytes){record, w.size});
}

enum status exchange_keep_conversation(struct exchange *x, const struct conversation_kept *kept)
{
    const struct cases_names names = exchange_names(x);
    uint8_t record[KEPT_RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);

#ifdef PLANT_MOVE_UNKEPT
    if (kept->conversation.before != 0)
        return ST_OK;
#endif
    conversation_write(kept, &names, &w);
    assert(!w.failed);
    return exchange_keep(x, KEPT_CONVERSATION, (struct bytes){kept->conversation.id.bytes, ID_SIZE},
                         (struct bytes){record, w.size});
}

enum status exchange_keep_clock(struct exchange *x, const struct clock_running *running)
{
    const struct cases_names names = exchange_names(x);
    uint8_t record[KEPT_RECORD_MAX], key[8];
    struct writer w = writer_of(record, sizeof record), k = writer_of(key, sizeof key);

#ifdef PLANT_STRIKE_UNKEPT
    if (running->clock.count > 0)
        return ST_OK;
#endif
#ifdef PLANT_CLOCK_UNKEPT
    return ST_OK;
#endif
    clock_write(running, &names, &w);
    write_u64(&k, running->number);
    assert(!w.failed);
    return exchange_keep(x, KEPT_CLOCK, (struct bytes){key, sizeof key},
                         (struct bytes){record, w.size});
}

enum status exchange_keep_no_clock(struct exchange *x, uint64_t number)
{
    uint8_t key[8];
    struct writer k = writer_of(key, sizeof key);

    write_u64(&k, number);
    return exchange_keep(x, KEPT_CLOCK, (struct bytes){key, sizeof key}, (struct bytes){NULL, 0});
}

enum status exchange_keep_no(struct exchange *x, enum kept_kind kind, const struct id *id)
{
    return exchange_keep(x, kind, (struct bytes){id->bytes, ID_SIZE}, (struct bytes){NULL, 0});
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
