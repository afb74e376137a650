/* Of several proposals in a file the last open one is answered. */
#include "tests/unit/unit.h"

#include "agents/cli/proposals.h"

#include <string.h>

#define NOW 1000

static const struct digest ours = {{1}}, other = {{2}};

/* `place` tells it from the others. */
static struct instrument proposal(const struct digest *text, uint8_t id, int64_t expires_ms,
                                  uint32_t place)
{
    return (struct instrument){.act = CONCORDAT__ACT__PROPOSE,
                               .agreement_hash = *text,
                               .proposal_id.bytes[0] = id,
                               .proposal_expires_ms = expires_ms,
                               .agreement_version = place};
}

static void the_last_open_one_is_answered(void **)
{
    struct instrument list[] = {
        proposal(&ours, 1, NOW + 1, 0), proposal(&ours, 1, NOW, 1),
        proposal(&ours, 2, NOW + 1, 2), proposal(&other, 1, NOW + 9, 3),
        proposal(&ours, 1, NOW + 5, 4), proposal(&ours, 1, NOW + 9, 5),
        proposal(&ours, 3, NOW, 6),     proposal(&ours, 3, NOW - 1, 7),
    };
    const struct id one = {{1}}, two = {{2}}, three = {{3}}, four = {{4}};
    const struct digest unknown = {{9}};
    const struct {
        size_t count;
        const struct digest *text;
        const struct id *id;
        enum proposal_found expected;
        uint32_t place;
    } rows[] = {
        {8, &ours, NULL, PROPOSAL_OPEN, 4},      {8, &ours, &one, PROPOSAL_OPEN, 4},
        {4, &ours, &one, PROPOSAL_OPEN, 0},      {4, &ours, NULL, PROPOSAL_OPEN, 2},
        {8, &ours, &two, PROPOSAL_OPEN, 2},      {8, &ours, &three, PROPOSAL_OVER, 7},
        {8, &ours, &four, PROPOSAL_OTHER_ID, 7}, {8, &other, NULL, PROPOSAL_OPEN, 3},
        {8, &other, &two, PROPOSAL_OTHER_ID, 3}, {8, &unknown, NULL, PROPOSAL_NONE, 99},
        {0, &ours, NULL, PROPOSAL_NONE, 99},
    };

    list[5].act = CONCORDAT__ACT__ACCEPT;
    for (size_t n = 0; n < LENGTH(rows); n++) {
        struct instrument found = {.agreement_version = 99};
        assert_int_equal(proposal_pick(list, rows[n].count, rows[n].text, rows[n].id, NOW, &found),
                         rows[n].expected);
        assert_int_equal(found.agreement_version, rows[n].place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_open_one_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
