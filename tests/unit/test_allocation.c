/* Who takes a case: the table of docs/allocation.md, row by row and at each boundary. */
#include "tests/unit/unit.h"

#include "agreements/allocation.h"

#define ROSH(name) CONCORDAT__BODY__ROSH__ROSH_##name
#define GROUND(name) CONCORDAT__BODY__ALLOCATION_DECISION__GROUND__##name
#define BEFORE 20210625
#define AFTER 20210626

static void the_first_row_that_fits_decides(void **)
{
    static const struct {
        struct allocation_facts facts;
        struct allocation wanted;
    } cases[] = {
        {{BEFORE, true, ROSH(HIGH), 9999, true, true, true, true},
         {KIND_NPS, GROUND(MAPPA_ELIGIBLE)}},
        {{BEFORE, true, ROSH(UNSPECIFIED), RSR_UNKNOWN, 0, 0, 0, 0},
         {KIND_NPS, GROUND(MAPPA_ELIGIBLE)}},
        {{BEFORE, false, ROSH(HIGH), 0, 0, 0, 0, 0}, {KIND_NPS, GROUND(ROSH_HIGH_OR_ABOVE)}},
        {{BEFORE, false, ROSH(VERY_HIGH), 700, 0, 0, 0, 0}, {KIND_NPS, GROUND(ROSH_HIGH_OR_ABOVE)}},
        {{BEFORE, false, ROSH(MEDIUM), 690, 0, 0, 0, 0}, {KIND_NPS, GROUND(RSR_AT_OR_OVER_6_90)}},
        {{BEFORE, false, ROSH(MEDIUM), 689, 0, 0, 0, 0}, {KIND_CRC, GROUND(LOW_OR_MEDIUM_TO_CRC)}},
        {{BEFORE, false, ROSH(LOW), 9999, 0, 0, 0, 0}, {KIND_NPS, GROUND(RSR_AT_OR_OVER_6_90)}},
        {{BEFORE, false, ROSH(LOW), 240, true, 0, 0, 0},
         {KIND_NPS, GROUND(DEFERRED_OR_PUBLIC_INTEREST)}},
        {{BEFORE, false, ROSH(LOW), 240, 0, true, 0, 0},
         {KIND_NPS, GROUND(DEFERRED_OR_PUBLIC_INTEREST)}},
        {{BEFORE, false, ROSH(LOW), 240, 0, 0, true, 0},
         {KIND_CRC, GROUND(PSS_OR_SHORT_CUSTODY_TO_CRC)}},
        {{BEFORE, false, ROSH(LOW), 240, 0, 0, 0, true},
         {KIND_CRC, GROUND(PSS_OR_SHORT_CUSTODY_TO_CRC)}},
        {{BEFORE, false, ROSH(LOW), 690, 0, 0, true, true},
         {KIND_NPS, GROUND(RSR_AT_OR_OVER_6_90)}},
        {{BEFORE, false, ROSH(NOT_APPLICABLE), 0, 0, 0, 0, 0},
         {KIND_CRC, GROUND(LOW_OR_MEDIUM_TO_CRC)}},
        {{AFTER, false, ROSH(LOW), 240, 0, 0, 0, 0}, {KIND_NPS, GROUND(UNIFIED_SERVICE)}},
        {{AFTER, true, ROSH(HIGH), 9999, true, 0, 0, 0}, {KIND_NPS, GROUND(UNIFIED_SERVICE)}},
        {{20140601, false, ROSH(LOW), 240, 0, 0, 0, 0}, {KIND_CRC, GROUND(LOW_OR_MEDIUM_TO_CRC)}},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct allocation got = {AGENCY_KINDS, 0};
        assert_int_equal(allocate(&cases[i].facts, &got), ST_OK);
        if (got.to != cases[i].wanted.to || got.ground != cases[i].wanted.ground)
            fail_msg("case %zu: to %s on ground %d", i, agency_kind_name(got.to), got.ground);
    }
}

static void what_is_not_known_allocates_nobody(void **)
{
    static const struct allocation_facts cases[] = {
        {BEFORE, false, ROSH(UNSPECIFIED), 240, 0, 0, 0, 0},
        {BEFORE, false, ROSH(LOW), RSR_UNKNOWN, 0, 0, 0, 0},
        {BEFORE, false, ROSH(LOW), RSR_UNKNOWN, 0, 0, true, true},
        {BEFORE, true, ROSH(LOW), 10001, 0, 0, 0, 0},
        {20210631, true, ROSH(LOW), 240, 0, 0, 0, 0},
        {0, true, ROSH(LOW), 240, 0, 0, 0, 0},
        {20140531, false, ROSH(LOW), 240, 0, 0, 0, 0},
        {20140531, true, ROSH(HIGH), 240, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct allocation got = {AGENCY_KINDS, GROUND(UNIFIED_SERVICE)};
        assert_int_equal(allocate(&cases[i], &got), ST_INVALID);
        assert_int_equal(got.to, AGENCY_KINDS);
    }
}

/* Every combination: no case goes to a CRC that something would keep with the NPS. */
static void nothing_of_high_risk_goes_to_a_crc(void **)
{
    static const int rosh[] = {0, 1, 2, 3, 4, 9};

    for (unsigned bits = 0; bits < 32; bits++)
        for (size_t r = 0; r < LENGTH(rosh); r++)
            for (uint32_t rsr = 0; rsr <= RSR_UNKNOWN; rsr += rsr >= 680 && rsr < 700 ? 1
                                                            : rsr < 700               ? 10
                                                                                      : 100) {
                const struct allocation_facts f = {
                    BEFORE,   bits & 1, (Concordat__Body__Rosh)rosh[r], rsr, bits & 2, bits & 4,
                    bits & 8, bits & 16};
                struct allocation got;
                if (allocate(&f, &got) != ST_OK || got.to != KIND_CRC)
                    continue;
                assert_false(bits & 7);
                assert_true(rsr < 690 && rosh[r] != 0 && rosh[r] != 3 && rosh[r] != 4);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_row_that_fits_decides),
        cmocka_unit_test(what_is_not_known_allocates_nobody),
        cmocka_unit_test(nothing_of_high_risk_goes_to_a_crc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
