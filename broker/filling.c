#include "broker/filling.h"

#include <openssl/rand.h>

/* ---- what the exchange reads later ---- */

static enum status read_message(void *context, const char *sender, const struct id *id,
                                struct message_record *out)
{
    return state_message(context, sender, id, out);
}

static enum status read_item(void *context, uint64_t sequence, struct bytes *record)
{
    return state_item(context, sequence, record);
}

static enum status read_gazette(void *context, uint64_t sequence, struct bytes *record)
{
    return state_gazette(context, sequence, record);
}

/* ---- what it holds from the start ---- */

static enum status fill_refusal(void *context, const struct event *event)
{
    return exchange_restore_refusal(context, event);
}

/* How far the gazette was read, for a person. */
struct entries {
    struct exchange *exchange;
    uint64_t last; /* that was whole */
    bool fits;     /* and it followed from those before it */
};

static enum status fill_gazette(void *context, const struct event *event)
{
    struct entries *entries = context;

    entries->last = event->sequence;
    enum status status = exchange_restore_gazette(entries->exchange, event);
    entries->fits = status == ST_OK;
    return status;
}

static enum status fill_agreements(struct state_reader *reader, const char *store,
                                   struct exchange *exchange, struct reason *why)
{
    struct entries entries = {.exchange = exchange, .fits = true};
    enum status status = state_each_gazette(reader, fill_gazette, &entries);

    if (status == ST_INVALID && entries.fits)
        reason_set(why, "%s: the gazette is damaged, or entries are missing, after entry %llu",
                   store, (unsigned long long)entries.last);
    else if (status == ST_INVALID)
        reason_set(why, "%s: the gazette's entry %llu does not follow from those before it", store,
                   (unsigned long long)entries.last);
    else if (status == ST_NOMEM)
        reason_set(why, "out of memory at the gazette's entry %llu",
                   (unsigned long long)entries.last);
    return status;
}

static enum status fill_item(void *context, const char *agency, uint8_t lane, uint64_t sequence,
                             const struct event *event)
{
    return exchange_restore_item(context, agency, lane, sequence, event);
}

static enum status fill_kept(void *context, enum kept_kind kind, struct bytes key,
                             struct bytes record)
{
    return exchange_restore_kept(context, kind, key, record);
}

static enum status fill_certificate(void *context, const char *agency, struct bytes der)
{
    return exchange_restore_certificate(context, agency, der);
}

static enum status fill_key(void *context, const char *agency, struct bytes statement,
                            struct bytes proof)
{
    return exchange_restore_key(context, agency, statement, proof);
}

enum status filling_restore(struct state_reader *reader, const char *store,
                            struct exchange *exchange, struct reason *why)
{
    reason_set(why, "%s: the store is damaged", store);
    enum status status = state_each_certificate(reader, fill_certificate, exchange);

    if (status == ST_OK)
        status = state_each_key(reader, fill_key, exchange);
    if (status == ST_OK)
        status = state_each_refusal(reader, fill_refusal, exchange);
    if (status == ST_OK)
        status = fill_agreements(reader, store, exchange, why);
    if (status == ST_OK)
        status = state_each_item(reader, fill_item, exchange);
    if (status == ST_OK)
        status = state_each_kept(reader, fill_kept, exchange);
    return status;
}

enum status filling_run(const struct filling *f, struct exchange **out, struct reason *why)
{
    struct exchange_config config = {
        .reader = {f->reader, read_message, read_item, read_gazette},
        .sequence = f->sequence,
        .links = f->links,
    };

    if (RAND_bytes((unsigned char *)&config.seed, sizeof config.seed) != 1) {
        reason_set(why, "the system has no randomness");
        return ST_IO;
    }
    reason_set(why, "%s: the store is damaged", f->store);
    enum status status = exchange_new(&config, out);
    if (status != ST_OK)
        return status;
    exchange_restore_time(*out, f->at_ms);
    return filling_restore(f->reader, f->store, *out, why);
}
