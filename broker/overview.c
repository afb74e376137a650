/* overview.c - the exchange for people: counts, what somebody should hear of, and its status. */
#include <stdlib.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

void exchange_raise(struct exchange *x, enum exchange_alarm_kind kind, uint32_t member)
{
    if (x->alarm_count == ALARMS_MAX)
        return;
    struct exchange_alarm *alarm = &x->alarms[(x->alarm_first + x->alarm_count++) % ALARMS_MAX];
    alarm->kind = kind;
    TEXT_COPY(alarm->agency, directory_name(x->directory, member));
}

bool exchange_next_alarm(struct exchange *x, struct exchange_alarm *out)
{
    if (x->alarm_count == 0)
        return false;
    *out = x->alarms[x->alarm_first];
    x->alarm_first = (x->alarm_first + 1) % ALARMS_MAX;
    x->alarm_count--;
    return true;
}

const struct exchange_counts *exchange_counts(const struct exchange *x)
{
    return &x->counts;
}

struct note_status *exchange_status(const struct exchange *x, size_t *size)
{
    uint32_t count = directory_count(x->directory);
    struct note_status *status = calloc(1, sizeof *status + count * sizeof status->members[0]);

    if (!status)
        return NULL;
    *size = sizeof *status + count * sizeof status->members[0];
    status->note = (struct note){NOTE_STATUS, count};
    status->sequence = ledger_sequence(x->ledger);
    status->items = queues_count(x->queues);
    status->recent = messages_count(x->messages);
    status->agreements = (uint32_t)agreement_set_count(registrar_set(x->registrar));
    for (uint32_t i = 0; i < count; i++) {
        const struct member *member = &x->members[i];
        struct member_status *out = &status->members[i];
        TEXT_COPY(out->agency, directory_name(x->directory, i));
        out->connected = member->session != 0;
        for (unsigned lane = 0; lane < LANES; lane++)
            out->waiting[lane] = member->queue.lanes[lane].count;
        out->in_flight = member->queue.flying.count;
        out->certificates = directory_certificate_count(x->directory, i);
        out->keys = directory_key_count(x->directory, i);
    }
    return status;
}
