/* Readers never leave their buffer, writers never overrun theirs. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/bytes.h"

static void a_reader_gives_what_a_writer_wrote(void **)
{
    uint8_t buffer[64];
    struct writer w = writer_of(buffer, sizeof buffer);

    write_u8(&w, 0xab);
    write_u16(&w, 0x1234);
    write_u32(&w, 0xdeadbeef);
    write_u64(&w, 0x0102030405060708);
    write_prefixed(&w, "court", 5);
    assert_false(w.failed);

    struct reader r = reader_of(buffer, w.size);
    assert_int_equal(read_u8(&r), 0xab);
    assert_int_equal(read_u16(&r), 0x1234);
    assert_int_equal(read_u32(&r), 0xdeadbeef);
    assert_true(read_u64(&r) == 0x0102030405060708);
    struct bytes b = read_prefixed(&r);
    assert_int_equal(b.size, 5);
    assert_memory_equal(b.data, "court", 5);
    assert_true(reader_done(&r));
}

static void a_reader_past_its_end_fails_for_good(void **)
{
    const uint8_t buffer[] = {0, 0, 0, 9, 1, 2};
    struct reader r = reader_of(buffer, sizeof buffer);

    assert_null(read_prefixed(&r).data);
    assert_true(r.failed);
    assert_int_equal(read_u8(&r), 0);
    assert_false(reader_done(&r));
}

static void a_full_writer_fails_and_keeps_its_bounds(void **)
{
    uint8_t buffer[6] = {0};
    struct writer w = writer_of(buffer, 5);

    write_u32(&w, 1);
    write_u16(&w, 0xffff);
    assert_true(w.failed);
    assert_int_equal(buffer[5], 0);
    write_u8(&w, 1); /* would fit, but the text before it is broken */
    assert_int_equal(w.size, 4);
}

static void hex_goes_both_ways_and_refuses_the_rest(void **)
{
    uint8_t out[3] = {9, 9, 9};
    char text[7];

    assert_true(hex_parse("00fFa5", out, 3));
    hex_print(out, 3, text);
    assert_string_equal(text, "00ffa5");
    assert_false(hex_parse("00ff", out, 3));
    assert_false(hex_parse("00ffax", out, 3));
    assert_false(hex_parse("00ffa55", out, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_gives_what_a_writer_wrote),
        cmocka_unit_test(a_reader_past_its_end_fails_for_good),
        cmocka_unit_test(a_full_writer_fails_and_keeps_its_bounds),
        cmocka_unit_test(hex_goes_both_ways_and_refuses_the_rest),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
