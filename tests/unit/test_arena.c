/* An arena never exceeds its room and gives all of it back. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/arena.h"

static void it_grows_up_to_its_room_and_no_further(void **)
{
    OWNED(arena) arena = arena_new(64, 1024);
    size_t taken = 0;

    assert_non_null(arena);
    while (arena_take(arena, 48))
        taken += 48;
    assert_true(taken >= 512);
    assert_true(taken <= 1024);
    assert_null(arena_take(arena, SIZE_MAX - 3));
}

static void a_reset_gives_everything_back(void **)
{
    OWNED(arena) arena = arena_new(64, 1024);

    for (int round = 0; round < 100; round++) {
        uint8_t *large = arena_take(arena, 600);
        assert_non_null(large);
        memset(large, 0xaa, 600);
        arena_reset(arena, true);
    }
}

static void what_is_taken_is_aligned(void **)
{
    OWNED(arena) arena = arena_new(64, 4096);

    for (size_t size = 1; size < 40; size++)
        assert_int_equal((uintptr_t)arena_take(arena, size) % 16, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_up_to_its_room_and_no_further),
        cmocka_unit_test(a_reset_gives_everything_back),
        cmocka_unit_test(what_is_taken_is_aligned),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
