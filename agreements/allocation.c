#include "agreements/allocation.h"

#include "lib/day.h"

#define UNIFIED_FROM 20210626 /* the contracts of the 21 CRCs end */

#define GROUND(name) CONCORDAT__BODY__ALLOCATION_DECISION__GROUND__##name
#define ROSH(name) CONCORDAT__BODY__ROSH__ROSH_##name

static bool is_unified(const struct allocation_facts *f)
{
    return f->decided >= UNIFIED_FROM;
}

static bool is_mappa(const struct allocation_facts *f)
{
    return f->mappa_eligible;
}

static bool is_high_harm(const struct allocation_facts *f)
{
    return f->rosh == ROSH(HIGH) || f->rosh == ROSH(VERY_HIGH);
}

static bool is_high_rsr(const struct allocation_facts *f)
{
    return f->rsr != RSR_UNKNOWN && f->rsr >= RSR_TO_NPS;
}

static bool is_deferred_or_public(const struct allocation_facts *f)
{
    return f->deferred_sentence || f->public_interest;
}

/* Low or medium is something that somebody found, not what nobody looked at. */
static bool is_low_or_medium(const struct allocation_facts *f)
{
    return (f->rosh == ROSH(LOW) || f->rosh == ROSH(MEDIUM) || f->rosh == ROSH(NOT_APPLICABLE))
        && f->rsr < RSR_TO_NPS;
}

static bool is_short(const struct allocation_facts *f)
{
    return is_low_or_medium(f) && (f->post_sentence_supervision || f->short_custody);
}

/* In this order; docs/allocation.md has the sources. */
static const struct row {
    bool (*fits)(const struct allocation_facts *facts);
    struct allocation allocation;
} rows[] = {
    {is_unified, {KIND_NPS, GROUND(UNIFIED_SERVICE)}},
    {is_mappa, {KIND_NPS, GROUND(MAPPA_ELIGIBLE)}},
    {is_high_harm, {KIND_NPS, GROUND(ROSH_HIGH_OR_ABOVE)}},
    {is_high_rsr, {KIND_NPS, GROUND(RSR_AT_OR_OVER_6_90)}},
    {is_deferred_or_public, {KIND_NPS, GROUND(DEFERRED_OR_PUBLIC_INTEREST)}},
    {is_short, {KIND_CRC, GROUND(PSS_OR_SHORT_CUSTODY_TO_CRC)}},
    {is_low_or_medium, {KIND_CRC, GROUND(LOW_OR_MEDIUM_TO_CRC)}},
};

enum status allocate(const struct allocation_facts *facts, struct allocation *out)
{
    if (!day_is_real(facts->decided) || facts->decided < ALLOCATED_FROM
        || (facts->rsr > RSR_MAX && facts->rsr != RSR_UNKNOWN))
        return ST_INVALID;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].fits(facts)) {
            *out = rows[i].allocation;
            return ST_OK;
        }
    return ST_INVALID;
}
