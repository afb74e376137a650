/* A notice is read as it was written, in one form alone. */
#include "tests/unit/unit.h"

#include <string.h>

#include "proto/notice.h"

static struct notice sample(void)
{
    struct notice n = {.kind = CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA,
                       .agency = "crc.a",
                       .agreement_id = "ISA-POLICE",
                       .agreement_version = 3,
                       .count = 20,
                       .to_count = NOTICE_TO_MAX};

    for (uint32_t i = 0; i < n.to_count; i++) {
        memset(n.to[i], 'a', AGENCY_MAX); /* the longest there can be */
        n.to[i][AGENCY_MAX - 1 - i % 32] = (char)('b' + i / 32);
    }
    return n;
}

static void the_largest_comes_back_whole(void **)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    const struct notice n = sample();
    struct notice back = {0};
    uint8_t bytes[NOTICE_MAX];
    size_t size;

    assert_int_equal(notice_write(&n, bytes, sizeof bytes, &size), ST_OK);
    assert_int_equal(notice_read((struct bytes){bytes, size}, arena, &back, NULL), ST_OK);
    assert_memory_equal(&n, &back, sizeof n);
    assert_true(notice_is_for(&back, n.to[NOTICE_TO_MAX - 1]));
    assert_false(notice_is_for(&back, "crc.a"));
}

static void other_bytes_are_refused(void **)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    struct notice n = sample(), back = {.count = 77};
    uint8_t bytes[NOTICE_MAX + 1];
    size_t size;

    n.to_count = 1;
    assert_int_equal(notice_write(&n, bytes, sizeof bytes, &size), ST_OK);
    for (size_t cut = 0; cut < size; cut++)
        if (notice_read((struct bytes){bytes, cut}, arena, &back, NULL) == ST_OK)
            assert_true(cut < size && back.to_count == 0); /* whole fields may be missing */
    bytes[1] = 0;                                          /* no kind: not canonical */
    assert_int_equal(notice_read((struct bytes){bytes, size}, arena, &back, NULL), ST_INVALID);
    assert_int_equal(notice_read((struct bytes){bytes, sizeof bytes}, arena, &back, NULL),
                     ST_LIMIT);
    assert_int_equal(notice_write(&n, bytes, 10, &size), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_comes_back_whole),
        cmocka_unit_test(other_bytes_are_refused),
    };
    return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
