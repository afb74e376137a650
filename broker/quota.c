#include "broker/quota.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* An owner was told of an agency. */
struct telling {
    char agreement_id[AGREEMENT_ID_MAX + 1];
    int64_t at_ms;
};

/* Hours of one agency, in no order, and what was told of it in the last days, in order. */
struct hours {
    struct quota *list; /* owned */
    uint32_t count, room;
    struct telling *tellings; /* owned */
    uint32_t telling_count, telling_room;
};

struct quotas {
    struct hours *agencies; /* owned; by place */
    uint32_t room;
    int64_t first_ms; /* no hour ends before this */
};

struct quotas *quotas_new(void)
{
    struct quotas *quotas = calloc(1, sizeof *quotas);

    if (quotas)
        quotas->first_ms = INT64_MAX;
    return quotas;
}

void quotas_free(struct quotas *quotas)
{
    if (!quotas)
        return;
    for (uint32_t i = 0; i < quotas->room; i++) {
        free(quotas->agencies[i].list);
        free(quotas->agencies[i].tellings);
    }
    free(quotas->agencies);
    free(quotas);
}

static int64_t end_of(const struct quota *quota)
{
    return quota->from_ms + REFUSALS_QUOTA_MS;
}

static enum status reserve_agency(struct quotas *quotas, uint32_t agency)
{
    if (agency < quotas->room)
        return ST_OK;
    uint32_t room = agency + 64;
    struct hours *agencies = reallocarray(quotas->agencies, room, sizeof *agencies);
    if (!agencies)
        return ST_NOMEM;
    memset(agencies + quotas->room, 0, (room - quotas->room) * sizeof *agencies);
    quotas->agencies = agencies;
    quotas->room = room;
    return ST_OK;
}

static enum status reserve(struct quotas *quotas, uint32_t agency)
{
    if (reserve_agency(quotas, agency) != ST_OK)
        return ST_NOMEM;
    struct hours *hours = &quotas->agencies[agency];
    if (hours->count < hours->room)
        return ST_OK;
    uint32_t room = hours->room ? 2 * hours->room : 4;
    struct quota *list = reallocarray(hours->list, room, sizeof *list);
    if (!list)
        return ST_NOMEM;
    hours->list = list;
    hours->room = room;
    return ST_OK;
}

enum status quotas_find(struct quotas *quotas, uint32_t agency, const char *agreement_id,
                        int64_t now_ms, struct quota **out)
{
    struct hours *hours = agency < quotas->room ? &quotas->agencies[agency] : NULL;

    for (uint32_t i = 0; hours && i < hours->count; i++)
        if (strcmp(hours->list[i].agreement_id, agreement_id) == 0
            && now_ms < end_of(&hours->list[i])) {
            *out = &hours->list[i];
            return ST_OK;
        }
    if (reserve(quotas, agency) != ST_OK)
        return ST_NOMEM;
    hours = &quotas->agencies[agency];
    struct quota *quota = &hours->list[hours->count++];
    *quota = (struct quota){.agency = agency, .from_ms = now_ms};
    TEXT_COPY(quota->agreement_id, agreement_id);
    if (end_of(quota) < quotas->first_ms)
        quotas->first_ms = end_of(quota);
    *out = quota;
    return ST_OK;
}

static void forget_tellings(struct hours *hours, int64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < hours->telling_count; i++)
        if (now_ms < hours->tellings[i].at_ms + OUTSIDER_TOLD_MS)
            hours->tellings[kept++] = hours->tellings[i];
    hours->telling_count = kept;
}

static enum status add_telling(struct hours *hours, const char *agreement_id, int64_t at_ms)
{
    forget_tellings(hours, at_ms);
    if (hours->telling_count == hours->telling_room) {
        uint32_t room = hours->telling_room ? 2 * hours->telling_room : 4;
        struct telling *list = reallocarray(hours->tellings, room, sizeof *list);
        if (!list)
            return ST_NOMEM;
        hours->tellings = list;
        hours->telling_room = room;
    }
    struct telling *telling = &hours->tellings[hours->telling_count++];
    telling->at_ms = at_ms;
    TEXT_COPY(telling->agreement_id, agreement_id);
    return ST_OK;
}

enum status quotas_tell(struct quotas *quotas, uint32_t agency, const char *agreement_id,
                        int64_t at_ms)
{
    if (reserve_agency(quotas, agency) != ST_OK)
        return ST_NOMEM;
    struct hours *hours = &quotas->agencies[agency];
    for (uint32_t i = 0; i < hours->count; i++) {
        struct quota *quota = &hours->list[i];
        if (strcmp(quota->agreement_id, agreement_id) == 0 && quota->from_ms <= at_ms
            && at_ms < end_of(quota))
            quota->told = true;
    }
    return add_telling(hours, agreement_id, at_ms);
}

bool quotas_told(const struct quotas *quotas, uint32_t agency, const char *agreement_id,
                 int64_t now_ms)
{
    const struct hours *hours = agency < quotas->room ? &quotas->agencies[agency] : NULL;

    for (uint32_t i = 0; hours && i < hours->telling_count; i++)
        if (strcmp(hours->tellings[i].agreement_id, agreement_id) == 0
            && now_ms < hours->tellings[i].at_ms + OUTSIDER_TOLD_MS)
            return true;
    return false;
}

enum status quotas_end(struct quotas *quotas, int64_t now_ms, struct quota *out)
{
    int64_t first_ms = INT64_MAX;

    if (now_ms < quotas->first_ms)
        return ST_MORE;
    for (uint32_t i = 0; i < quotas->room; i++) {
        struct hours *hours = &quotas->agencies[i];
        for (uint32_t j = 0; j < hours->count; j++) {
            struct quota *quota = &hours->list[j];
            if (end_of(quota) <= now_ms) {
                *out = *quota;
                *quota = hours->list[--hours->count];
                return ST_OK;
            }
            if (end_of(quota) < first_ms)
                first_ms = end_of(quota);
        }
    }
    quotas->first_ms = first_ms;
    return ST_MORE;
}
