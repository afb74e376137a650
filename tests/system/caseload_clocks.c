/* What clocks told the keepers of a caseload: each strike once, and none missing. See caseload.h.
 */
#include "tests/system/caseload.h"

#define CLOCK(name) CONCORDAT__CLOCK_KIND__CLOCK_##name

/* Was it told of the last stage of that clock? OPEN has none: of a rung. */
static bool was_told(enum who who, Concordat__ClockKind kind, const struct id *of)
{
    const struct keeper *k = &caseload.keepers[who];
    const Concordat__ClockStage stage = kind == CLOCK(OPEN)
                                          ? CONCORDAT__CLOCK_STAGE__STAGE_ESCALATED
                                          : CONCORDAT__CLOCK_STAGE__STAGE_BREACHED;

    for (size_t i = 0; i < k->clock_count; i++)
        if (k->clocks[i].told.stage == stage && k->clocks[i].told.kind == kind
            && id_equal(&k->clocks[i].told.message_id, of))
            return true;
    return false;
}

static bool was_breached(enum who who, const struct id *message)
{
    const struct keeper *k = &caseload.keepers[who];

    for (size_t i = 0; i < k->clock_count; i++)
        if (k->clocks[i].told.stage == CONCORDAT__CLOCK_STAGE__STAGE_BREACHED
            && k->clocks[i].told.kind == CONCORDAT__CLOCK_KIND__CLOCK_ANSWER
            && id_equal(&k->clocks[i].told.message_id, message))
            return true;
    return false;
}

/* Of what is between who answers and whoever holds the case by then. */
static size_t count_untold(Concordat__ClockKind kind, const struct id *of)
{
    return (size_t)!was_told(CARE, kind, of)
         + (size_t)(!was_told(NPS, kind, of) && !was_told(CRC, kind, of));
}

/* Between the two who keep cases. */
static size_t count_unkept(Concordat__ClockKind kind, const struct id *of)
{
    return (size_t)!was_told(NPS, kind, of) + (size_t)!was_told(CRC, kind, of);
}

/* What the last acts on it, and its referrals, were to bring. */
static size_t count_unstruck(const struct file *f)
{
    static const Concordat__ClockKind of_referrals[] = {CLOCK(ACKNOWLEDGE), CLOCK(OPEN),
                                                        CLOCK(DECIDE), CLOCK(CLOSE)};
    size_t count = 0;

    for (size_t i = 0; i < f->asked_count; i++) {
        const struct asked *asked = &f->asked[i];
        for (size_t j = 0; asked->is_referral && j < sizeof of_referrals / sizeof *of_referrals;
             j++)
            count += count_untold(of_referrals[j], &asked->id);
        if (!id_is_zero(&asked->late))
            count += count_unkept(CLOCK(FORWARD), &asked->late);
    }
    if (f->phase == ACCEPTED) {
        count += count_unkept(CLOCK(COMPLETE), &f->accepted);
        count += count_unkept(CLOCK(DECIDE), &f->offer);
    }
    if (!id_is_zero(&f->completed))
        count += count_unkept(CLOCK(EXPECTED), &f->completed);
    return f->is_lapsing ? count + count_unkept(CLOCK(REPLY), &f->offer) : count;
}

/* Both sides of what is due know. */
static size_t count_unbreached(void)
{
    size_t count = 0;

    for (size_t i = 0; i < CASES && caseload.is_timed; i++)
        count += count_unstruck(&caseload.files[i]);

    for (size_t i = 0; i < CASES; i++)
        for (size_t j = 0; j < caseload.files[i].asked_count; j++) {
            const struct asked *asked = &caseload.files[i].asked[j];
            if (!asked->is_open || asked->is_referral || !asked->is_due)
                continue;
            count += !was_breached(CARE, &asked->id);
            count += !was_breached(NPS, &asked->id) && !was_breached(CRC, &asked->id);
        }
    return count;
}

size_t caseload_count_early(void)
{
    size_t count = 0;

    for (size_t i = 0; i < CASES; i++)
        for (size_t j = 0; j < caseload.files[i].asked_count; j++) {
            const struct asked *asked = &caseload.files[i].asked[j];
            for (enum who who = NPS; who < WHO_COUNT && !asked->is_due; who++)
                count += was_breached(who, &asked->id);
        }
    return count;
}

size_t caseload_count_twice(void)
{
    size_t twice = 0;

    for (size_t who = 0; who < WHO_COUNT; who++)
        for (size_t i = 0; i < caseload.keepers[who].clock_count; i++)
            for (size_t j = 0; j < i; j++) {
                const struct clock_told *a = &caseload.keepers[who].clocks[i].told,
                                        *b = &caseload.keepers[who].clocks[j].told;
                twice += a->clock == b->clock && a->stage == b->stage && a->count == b->count;
            }
    return twice;
}

size_t caseload_await_breaches(int64_t wait_ms)
{
    int64_t until_ms = peer_now_ms() + wait_ms;
    size_t left;

    while ((left = count_unbreached()) > 0 && peer_now_ms() < until_ms)
        for (size_t i = 0; i < WHO_COUNT; i++)
            caseload_hear((enum who)i, 5);
    return left;
}
