#include "broker/attempts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED 4  /* of one agency: the oldest goes */
#define SAME_MS 60000 /* that long the same answer holds */
#define HOUR_MS 3600000

struct remembered {
    struct attempt attempt;
    char why[ATTEMPT_WHY_MAX + 1];
};

/* Of one agency. */
struct refusals {
    int64_t from_ms;
    uint32_t count; /* since then; 0: no hour */
    uint32_t next;  /* place of the oldest */
    struct remembered last[REMEMBERED];
};

struct attempts {
    struct refusals **agencies; /* owned, as each; by place, NULL: never refused */
    uint32_t room;
};

struct attempts *attempts_new(void)
{
    return calloc(1, sizeof(struct attempts));
}

void attempts_free(struct attempts *attempts)
{
    if (!attempts)
        return;
    for (uint32_t i = 0; i < attempts->room; i++)
        free(attempts->agencies[i]);
    free(attempts->agencies);
    free(attempts);
}

static struct refusals *refusals_of(const struct attempts *attempts, uint32_t agency)
{
    return agency < attempts->room ? attempts->agencies[agency] : NULL;
}

uint32_t attempts_count(const struct attempts *attempts, uint32_t agency, int64_t now_ms)
{
    const struct refusals *refusals = refusals_of(attempts, agency);

    return refusals && now_ms < refusals->from_ms + HOUR_MS ? refusals->count : 0;
}

static bool is_same(const struct attempt *old, const struct attempt *attempt)
{
    return old->at_ms > 0 && old->entries == attempt->entries
        && attempt->at_ms < old->at_ms + SAME_MS && digest_equal(&old->digest, &attempt->digest);
}

const char *attempts_find(const struct attempts *attempts, const struct attempt *attempt)
{
    const struct refusals *refusals = refusals_of(attempts, attempt->agency);

    for (uint32_t i = 0; refusals && i < REMEMBERED; i++)
        if (is_same(&refusals->last[i].attempt, attempt))
            return refusals->last[i].why;
    return NULL;
}

static enum status reserve(struct attempts *attempts, uint32_t agency)
{
    if (agency >= attempts->room) {
        uint32_t room = agency + 64;
        struct refusals **agencies = reallocarray(attempts->agencies, room, sizeof *agencies);
        if (!agencies)
            return ST_NOMEM;
        for (uint32_t i = attempts->room; i < room; i++)
            agencies[i] = NULL;
        attempts->agencies = agencies;
        attempts->room = room;
    }
    if (!attempts->agencies[agency])
        attempts->agencies[agency] = calloc(1, sizeof **attempts->agencies);
    return attempts->agencies[agency] ? ST_OK : ST_NOMEM;
}

enum status attempts_add(struct attempts *attempts, const struct attempt *attempt, const char *why)
{
    if (reserve(attempts, attempt->agency) != ST_OK)
        return ST_NOMEM;
    struct refusals *refusals = attempts->agencies[attempt->agency];
    if (refusals->count == 0 || attempt->at_ms >= refusals->from_ms + HOUR_MS) {
        refusals->from_ms = attempt->at_ms;
        refusals->count = 0;
    }
    refusals->count++;
    struct remembered *place = &refusals->last[refusals->next];
    refusals->next = (refusals->next + 1) % REMEMBERED;
    place->attempt = *attempt;
    (void)snprintf(place->why, sizeof place->why, "%s", why);
    return ST_OK;
}
