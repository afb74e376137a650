/*
 * restore.c - the exchange as a checkpoint left it: filled at start, before the first batch.
 *
 * Nothing is judged again here. Signatures were checked when the events were recorded, and every
 * record is checked when it is read (record.h).
 */
#include <stdlib.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

/* Time does not go back over a restart either: under a clock that was set back meanwhile, an
 * agreement that had expired would permit again. */
void exchange_restore_time(struct exchange *x, int64_t at_ms)
{
    if (at_ms > x->now_ms)
        x->now_ms = at_ms;
}

static void note_time(struct exchange *x, const struct event *event)
{
    exchange_restore_time(x, event->at_ms);
}

enum status exchange_restore_item(struct exchange *x, const char *agency, uint8_t lane,
                                  uint64_t sequence, const struct event *event)
{
    struct item item = {.sequence = sequence,
                        .size = (uint32_t)event_size(event),
                        .lane = lane,
                        .is_step = event->kind != EVENT_ACCEPTED,
                        .again = true};
    enum status status = exchange_enter(x, agency, &item.agency);

    note_time(x, event);
    if (status == ST_OK)
        status = queues_reserve(x->queues);
    if (status != ST_OK)
        return status;
    if (item.is_step)
        queue_put_step(x->queues, &x->members[item.agency].queue, &item);
    else
        queue_put(x->queues, &x->members[item.agency].queue, &item, permit_of_record());
    return ST_OK;
}

enum status exchange_restore_certificate(struct exchange *x, const char *agency, struct bytes der)
{
    struct digest digest = sha256(der.data, der.size);
    uint32_t place;
    enum status status = exchange_enter(x, agency, &place);

    if (status == ST_OK)
        status = directory_add_certificate(x->directory, place, &digest, der);
    return status == ST_MORE || status == ST_LIMIT ? ST_OK : status;
}

enum status exchange_restore_key(struct exchange *x, const char *agency, struct bytes statement,
                                 struct bytes proof)
{
    struct signed_statement whole = {.statement = statement};
    struct reader r = reader_of(proof.data, proof.size);
    struct key_statement key;
    uint32_t place;

    read_into(&r, whole.signer.bytes, DIGEST_SIZE);
    read_into(&r, whole.signature, SIGNATURE_SIZE);
    if (!reader_done(&r))
        return ST_INVALID;
    enum status status = key_statement_read(statement, x->arena, &key, NULL);
    if (status == ST_LIMIT)
        return ST_INVALID;
    if (status == ST_OK)
        status = exchange_enter(x, agency, &place);
    if (status != ST_OK)
        return status;
    /* Its time is judged when it is used. The state keeps closed ones too, and gives them in the
     * order of their closing: no more were ever open at once than have room. */
    directory_make_room_for_key(x->directory, place);
    status = directory_add_key(x->directory, place, &key, &whole, INT64_MIN);
    return status == ST_MORE || status == ST_LIMIT ? ST_OK : status;
}

enum status exchange_restore_refusal(struct exchange *x, const struct event *event)
{
    uint32_t place;

    note_time(x, event);
    if (event->kind != EVENT_REFUSED)
        return ST_OK; /* a count of an hour that is over */
    enum status status = exchange_enter(x, event->sender, &place);
    return status == ST_OK ? exchange_recount_refusal(x, place, event) : status;
}

static enum status restore_instrument(struct exchange *x, const struct event *event,
                                      struct published *published)
{
    struct signed_instrument given;
    struct instrument instrument;

    if (signed_instrument_read(event->instrument, &given, NULL) != ST_OK
        || instrument_read(given.instrument, &instrument, NULL) != ST_OK)
        return ST_INVALID;
    instrument.key = event->governance_key;
    TEXT_COPY(instrument.officer, event->officer);
    instrument.digest = sha256(given.instrument.data, given.instrument.size);
    published->act = instrument.act;
    published->text_size = (uint32_t)event->text.size;
    published->digest = instrument.digest;
    published->key = instrument.key;
    published->agreement_hash = instrument.agreement_hash;
    enum status status = exchange_enter(x, instrument.agency, &published->agency);
    if (status != ST_OK)
        return status;
    status = registrar_take(x->registrar, &instrument, event->text, event->at_ms, NULL);
    if (status == ST_OK)
        status = exchange_charter_restore(x, &instrument, event->at_ms);
    return status == ST_NOMEM || status == ST_OK ? status : ST_INVALID;
}

enum status exchange_restore_gazette(struct exchange *x, const struct event *event)
{
    struct published published = {.sequence = event->sequence, .at_ms = event->at_ms};
    struct notice notice;
    enum status status;

    note_time(x, event);
    if (event->instrument.size > 0) {
        status = restore_instrument(x, event, &published);
    } else {
        status = notice_read(event->notice, x->arena, &notice, NULL);
        if (status == ST_OK)
            status = exchange_restore_notice(x, &notice, event->at_ms);
        else
            status = ST_INVALID;
    }
    return status == ST_OK ? exchange_add_published(x, &published) : status;
}

/* ---- what is kept ---- */

static enum status restore_case(struct exchange *x, struct bytes key, struct bytes record)
{
    const struct cases_names names = exchange_names(x);
    struct case_held read;
    enum status status = case_read(key, record, &names, &read);

    if (status != ST_OK)
        return status;
    x->members[read.opened_by - 1].cases_opened++;
    return cases_take(x->cases, &read);
}

/* `read` is given away. */
static enum status take_conversation(struct exchange *x, struct conversation_kept *read)
{
    struct conversation_kept *kept = conversations_add(x->cases, &read->conversation);

    if (!kept) {
        free(read->held);
        return ST_NOMEM;
    }
    kept->first = read->first;
    kept->silent_ms = read->silent_ms;
    kept->silent_told = read->silent_told;
    kept->held = read->held;
    kept->held_count = read->held_count;
    for (uint32_t i = 0; i < kept->held_count; i++) {
        struct item *item = queues_find(x->queues, kept->held[i].message);
        if (!item)
            continue; /* a number that was refused has none */
        if (item->is_step || item->held)
            return ST_INVALID;
        queue_hold(x->queues, &x->members[item->agency].queue, item);
    }
    return ST_OK;
}

static enum status restore_conversation(struct exchange *x, struct bytes key, struct bytes record)
{
    const struct cases_names names = exchange_names(x);
    struct conversation_kept read;
    enum status status = conversation_read(key, record, &names, &read);

    return status == ST_OK ? take_conversation(x, &read) : status;
}

static enum status restore_clock(struct exchange *x, struct bytes key, struct bytes record)
{
    const struct cases_names names = exchange_names(x);
    struct clock_running read;
    enum status status = clock_read(key, record, &names, &read);

    if (status != ST_OK)
        return status;
    return clocks_start(x->clocks, &read) ? ST_OK : ST_NOMEM;
}

enum status exchange_restore_kept(struct exchange *x, enum kept_kind kind, struct bytes key,
                                  struct bytes record)
{
    switch (kind) {
    case KEPT_CASE:
        return restore_case(x, key, record);
    case KEPT_CONVERSATION:
        return restore_conversation(x, key, record);
    case KEPT_CLOCK:
        return restore_clock(x, key, record);
    case KEPT_TALLY:
        return exchange_restore_tally(x, key, record);
    case KEPT_KIND_END:
        break;
    }
    return ST_INVALID;
}
