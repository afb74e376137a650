/* All that an agent tracks is read, each item once, whatever the number of pages. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "agents/cli/tracked.h"

#define PAGE 1000 /* that an agent gives at most */

/* An agent: items are numbered from 1, the oldest; their sequence is in created_ms. */
static struct {
    uint64_t count;
    bool knows_pages, fails_later;
    size_t asked;
} agent;

struct concordat_answer *__wrap_concordat_track_older(struct concordat *, uint64_t next,
                                                      uint32_t limit);
struct concordat_answer *__wrap_concordat_track_older(struct concordat *, uint64_t next,
                                                      uint32_t limit)
{
    struct concordat_answer *answer = calloc(1, sizeof *answer);
    uint64_t newest = next && agent.knows_pages ? next - 1 : agent.count;

    assert_non_null(answer);
    assert_in_range(limit, 1, PAGE);
    answer->outcome = CONCORDAT_DONE;
    if (agent.asked++ > 0 && agent.fails_later) {
        answer->outcome = CONCORDAT_FAILED;
        return answer;
    }
    answer->item_count = newest < limit ? newest : limit;
    struct concordat_item *items = calloc(answer->item_count + 1, sizeof *items);
    assert_non_null(items);
    for (size_t i = 0; i < answer->item_count; i++)
        items[i].created_ms = (int64_t)(newest - i);
    answer->items = items;
    answer->next = newest > limit ? newest - limit + 1 : 0;
    return answer;
}

void __wrap_concordat_answer_free(struct concordat_answer *answer);
void __wrap_concordat_answer_free(struct concordat_answer *answer)
{
    if (answer)
        free((void *)answer->items);
    free(answer);
}

struct seen {
    uint64_t count, stop_at;
};

static enum exit_code see(void *context, const struct concordat_item *item)
{
    struct seen *seen = context;

    assert_int_equal(item->created_ms, agent.count - seen->count);
    seen->count++;
    return seen->count == seen->stop_at ? EXIT_BAD_INPUT : EXIT_DONE;
}

static void all_is_visited_once_newest_first(void **)
{
    static const struct {
        uint64_t there, limit, visited;
        size_t pages;
    } cases[] = {
        {0, 0, 0, 1},          {1, 0, 1, 1},    {PAGE, 0, PAGE, 1},    {PAGE + 1, 0, PAGE + 1, 2},
        {2500, 0, 2500, 3},    {2500, 1, 1, 1}, {2500, PAGE, PAGE, 1}, {2500, 1700, 1700, 2},
        {2500, 9000, 2500, 3},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct seen seen = {0};

        agent.count = cases[i].there;
        agent.knows_pages = true;
        agent.fails_later = false;
        agent.asked = 0;
        assert_int_equal(tracked_each(&(struct cli){0}, NULL, cases[i].limit, see, &seen),
                         EXIT_DONE);
        assert_int_equal(seen.count, cases[i].visited);
        assert_int_equal(agent.asked, cases[i].pages);
    }
}

static void a_visit_that_fails_ends_the_reading(void **)
{
    struct seen seen = {.stop_at = 1200};

    agent.count = 2500;
    agent.knows_pages = true;
    agent.fails_later = false;
    assert_int_equal(tracked_each(&(struct cli){0}, NULL, 0, see, &seen), EXIT_BAD_INPUT);
    assert_int_equal(seen.count, 1200);
}

static void a_page_that_fails_is_no_end(void **)
{
    struct seen seen = {0};

    agent.count = 2500;
    agent.knows_pages = true;
    agent.fails_later = true;
    agent.asked = 0;
    assert_int_not_equal(tracked_each(&(struct cli){0}, NULL, 0, see, &seen), EXIT_DONE);
    assert_int_equal(seen.count, PAGE);
}

/* Visits nothing and counts, since what comes again is not in order. */
static enum exit_code count_only(void *context, const struct concordat_item *)
{
    ++*(uint64_t *)context;
    return EXIT_DONE;
}

static void an_agent_that_knows_no_pages_is_not_asked_for_ever(void **)
{
    uint64_t count = 0;

    agent.count = 2500;
    agent.knows_pages = false;
    agent.fails_later = false;
    agent.asked = 0;
    assert_int_equal(tracked_each(&(struct cli){0}, NULL, 0, count_only, &count), EXIT_FAILED);
    assert_int_equal(agent.asked, 2);
    assert_int_equal(count, PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_visited_once_newest_first),
        cmocka_unit_test(a_visit_that_fails_ends_the_reading),
        cmocka_unit_test(a_page_that_fails_is_no_end),
        cmocka_unit_test(an_agent_that_knows_no_pages_is_not_asked_for_ever),
    };
    return cmocka_run_group_tests_name("tracked", tests, NULL, NULL);
}
