/* Of a reference system that takes a case over: what became of its completion. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agents/roles/transfer.h"
#include "agents/roles/wire.h"

static const char handle[] = "11111111-2222-4333-8444-555555555555";
static const char complete[] = "01800000-0000-7000-8000-000000000001";

/* --- the agent --- */

static struct concordat_rung rung;
static struct concordat_item tracked;
static struct concordat_custody custody;

static struct concordat_answer *answer_new(void)
{
    struct concordat_answer *answer = calloc(1, sizeof *answer);

    assert_non_null(answer);
    return answer;
}

/* NOLINTBEGIN: the linker asks for these names */
struct concordat_answer *__wrap_concordat_track(struct concordat *, const struct concordat_id *,
                                                uint32_t, const char *, uint32_t);

struct concordat_answer *__wrap_concordat_track(struct concordat *, const struct concordat_id *,
                                                uint32_t, const char *, uint32_t)
{
    struct concordat_answer *answer = answer_new();

    tracked.rungs = &rung;
    tracked.rung_count = 1;
    answer->item_count = 1;
    answer->items = &tracked;
    return answer;
}

struct concordat_answer *__wrap_concordat_case(struct concordat *, const struct concordat_id *,
                                               uint32_t);

struct concordat_answer *__wrap_concordat_case(struct concordat *, const struct concordat_id *,
                                               uint32_t)
{
    struct concordat_answer *answer = answer_new();

    answer->custody = &custody;
    return answer;
}

void __wrap_concordat_answer_free(struct concordat_answer *answer);

void __wrap_concordat_answer_free(struct concordat_answer *answer)
{
    free(answer);
}
/* NOLINTEND */

/* --- a turn --- */

static struct turn turn;

static int begin(void **)
{
    turn = (struct turn){.book = json_object(), .now_ms = 1500000000000, .events = json_array()};
    (void)json_object_set_new(turn.book, "custody",
                              json_pack("{s:{s:s, s:s, s:s, s:s}}", handle, "state", "taking",
                                        "complete", complete, "us", "crc.bench", "with",
                                        "nps.cambs"));
    (void)json_object_set_new(turn.book, "sent",
                              json_pack("{s:{s:s}}", complete, "outcome", "QUEUED"));
    custody = (struct concordat_custody){.holder = "nps.cambs"};
    return 0;
}

static int end(void **)
{
    json_decref(turn.book);
    json_decref(turn.events);
    return 0;
}

static const char *state(void)
{
    return wire_text(json_object_get(json_object_get(turn.book, "custody"), handle), "state");
}

static void a_completion_that_waits_is_looked_at_again(void **)
{
    rung = (struct concordat_rung){.name = "queued", .by = "", .detail = ""};
    assert_true(tend_transfers(&turn) < INT64_MAX);
    assert_string_equal(state(), "taking");
    custody.holder = "crc.bench";
    assert_true(tend_transfers(&turn) == INT64_MAX);
    assert_string_equal(state(), "taken");
}

static void a_completion_that_is_refused_later_is_told(void **)
{
    rung = (struct concordat_rung){.name = "refused", .by = "hub", .detail = "TRANSFER_UNKNOWN"};
    assert_true(tend_transfers(&turn) == INT64_MAX);
    assert_string_equal(state(), "refused");
    assert_int_equal(json_array_size(turn.events), 1);
    assert_string_equal(wire_text(json_array_get(turn.events, 0), "code"), "TRANSFER_UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_completion_that_waits_is_looked_at_again, begin, end),
        cmocka_unit_test_setup_teardown(a_completion_that_is_refused_later_is_told, begin, end),
    };
    return cmocka_run_group_tests_name("roles_transfer", tests, NULL, NULL);
}
