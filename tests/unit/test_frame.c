/* Frames come out whole, whatever pieces they came in, and no size over the limits gets room. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "proto/frame.h"

static void feed(struct frame_reader *reader, const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t room;
        uint8_t *to = frame_reader_room(reader, &room);
        assert_non_null(to);
        assert_true(room > 0);
        size_t now = room < size ? room : size;
        memcpy(to, data, now);
        frame_reader_filled(reader, now);
        data += now;
        size -= now;
    }
}

static size_t make_frame(uint8_t *out, size_t head, size_t body, uint8_t fill)
{
    frame_prefix(out, head, body);
    memset(out + FRAME_PREFIX, fill, head);
    memset(out + FRAME_PREFIX + head, fill + 1, body);
    return FRAME_PREFIX + head + body;
}

static void assert_frame(const struct frame *frame, size_t head, size_t body, uint8_t fill)
{
    assert_int_equal(frame->head.size, head);
    assert_int_equal(frame->body.size, body);
    for (size_t i = 0; i < head; i++)
        assert_int_equal(frame->head.data[i], fill);
    for (size_t i = 0; i < body; i++)
        assert_int_equal(frame->body.data[i], fill + 1);
}

static void the_prefix_is_two_big_endian_sizes(void **)
{
    uint8_t prefix[FRAME_PREFIX];
    static const uint8_t want[] = {0, 0, 0x12, 0x34, 0, 0x01, 0x02, 0x03};

    frame_prefix(prefix, 0x1234, 0x010203);
    assert_memory_equal(prefix, want, sizeof want);
}

static void a_frame_comes_out_whatever_its_pieces(void **)
{
    uint8_t bytes[512];
    struct frame frame;

    for (size_t piece = 1; piece <= 200; piece++) {
        OWNED(frame_reader) reader = frame_reader_new();
        size_t size = make_frame(bytes, 20, 50, 7), frames = 0;
        size += make_frame(bytes + size, 1, 0, 9);
        size += make_frame(bytes + size, 33, 100, 11);
        frame_reader_limit(reader, 100, 100);
        for (size_t at = 0; at < size; at += piece) {
            enum status status;
            feed(reader, bytes + at, size - at < piece ? size - at : piece);
            while ((status = frame_next(reader, &frame)) == ST_OK) {
                static const uint8_t heads[] = {20, 1, 33}, bodies[] = {50, 0, 100};
                assert_frame(&frame, heads[frames], bodies[frames], (uint8_t)(7 + 2 * frames));
                frames++;
            }
            assert_int_equal(status, ST_MORE);
        }
        assert_int_equal(frames, 3);
        assert_int_equal(frame_reader_held(reader), 0);
    }
}

static void a_frame_cut_anywhere_waits_for_more(void **)
{
    uint8_t bytes[256];
    size_t size = make_frame(bytes, 40, 60, 3), offsets = 0;

    for (size_t cut = 0; cut < size; cut++) {
        OWNED(frame_reader) reader = frame_reader_new();
        struct frame frame;
        frame_reader_limit(reader, 100, 100);
        feed(reader, bytes, cut);
        assert_int_equal(frame_next(reader, &frame), ST_MORE);
        assert_int_equal(frame_reader_held(reader), cut);
        feed(reader, bytes + cut, size - cut);
        assert_int_equal(frame_next(reader, &frame), ST_OK);
        assert_frame(&frame, 40, 60, 3);
        offsets++;
    }
    printf("%zu offsets\n", offsets);
}

static void sizes_over_the_limits_are_refused_before_any_room(void **)
{
    static const struct {
        uint32_t head, body;
        enum status status;
    } cases[] = {
        {0, 0, ST_INVALID},
        {0, 1, ST_INVALID},
        {1, 0, ST_MORE},
        {HEAD_MAX, 0, ST_MORE},
        {HEAD_MAX + 1, 0, ST_INVALID},
        {1, SEALED_MAX, ST_MORE},
        {1, SEALED_MAX + 1, ST_INVALID},
        {HEAD_MAX, SEALED_MAX, ST_MORE},
        {0x80000000, 0, ST_INVALID},
        {UINT32_MAX, 0, ST_INVALID},
        {1, 0x80000000, ST_INVALID},
        {1, UINT32_MAX, ST_INVALID},
        {UINT32_MAX, UINT32_MAX, ST_INVALID},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(frame_reader) reader = frame_reader_new();
        uint8_t prefix[FRAME_PREFIX];
        struct writer w = writer_of(prefix, sizeof prefix);
        struct frame frame;
        write_u32(&w, cases[i].head);
        write_u32(&w, cases[i].body);
        frame_reader_limit(reader, HEAD_MAX, SEALED_MAX);
        feed(reader, prefix, sizeof prefix);
        assert_int_equal(frame_next(reader, &frame), cases[i].status);
    }
}

static void a_stranger_makes_us_hold_little(void **)
{
    OWNED(frame_reader) reader = frame_reader_new();
    uint8_t bytes[FRAME_PREFIX + HEAD_MAX_BEFORE_HELLO + 1];
    struct frame frame;
    size_t room;

    assert_non_null(frame_reader_room(reader, &room));
    assert_true(room <= FRAME_PREFIX + HEAD_MAX_BEFORE_HELLO);
    feed(reader, bytes, make_frame(bytes, HEAD_MAX_BEFORE_HELLO, 0, 1));
    assert_int_equal(frame_next(reader, &frame), ST_OK);
    assert_frame(&frame, HEAD_MAX_BEFORE_HELLO, 0, 1);
    frame_prefix(bytes, HEAD_MAX_BEFORE_HELLO + 1, 0);
    feed(reader, bytes, FRAME_PREFIX);
    assert_int_equal(frame_next(reader, &frame), ST_INVALID);
}

static void before_hello_there_is_no_body(void **)
{
    OWNED(frame_reader) reader = frame_reader_new();
    uint8_t prefix[FRAME_PREFIX];
    struct frame frame;

    frame_prefix(prefix, 1, 1);
    feed(reader, prefix, sizeof prefix);
    assert_int_equal(frame_next(reader, &frame), ST_INVALID);
}

/* A prefix may announce a megabyte; room follows what really comes. */
static void room_grows_with_what_comes_not_with_what_is_announced(void **)
{
    OWNED(frame_reader) reader = frame_reader_new();
    uint8_t prefix[FRAME_PREFIX], zeroes[1024] = {0};
    size_t came = FRAME_PREFIX, room;
    struct frame frame;

    frame_reader_limit(reader, HEAD_MAX, SEALED_MAX);
    frame_prefix(prefix, 100, SEALED_MAX);
    feed(reader, prefix, sizeof prefix);
    while (came < FRAME_PREFIX + 100 + SEALED_MAX) {
        size_t now = FRAME_PREFIX + 100 + SEALED_MAX - came;
        assert_int_equal(frame_next(reader, &frame), ST_MORE);
        assert_non_null(frame_reader_room(reader, &room));
        assert_true(room <= 2 * came || room <= 32 * 1024);
        now = now < sizeof zeroes ? now : sizeof zeroes;
        feed(reader, zeroes, now);
        came += now;
    }
    assert_int_equal(frame_next(reader, &frame), ST_OK);
    assert_int_equal(frame.body.size, SEALED_MAX);
}

static void a_reader_full_of_frames_gives_no_room_until_one_is_taken(void **)
{
    OWNED(frame_reader) reader = frame_reader_new();
    struct frame frame;
    size_t room;
    uint8_t *to;

    while ((to = frame_reader_room(reader, &room))) { /* the least frames: heads of one byte */
        for (size_t i = 0; i < room; i++)
            to[i] = (frame_reader_held(reader) + i) % (FRAME_PREFIX + 1) == 3;
        frame_reader_filled(reader, room);
    }
    assert_int_equal(frame_next(reader, &frame), ST_OK);
    assert_int_equal(frame.head.size, 1);
    assert_non_null(frame_reader_room(reader, &room));
    assert_int_equal(room, FRAME_PREFIX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_prefix_is_two_big_endian_sizes),
        cmocka_unit_test(a_frame_comes_out_whatever_its_pieces),
        cmocka_unit_test(a_frame_cut_anywhere_waits_for_more),
        cmocka_unit_test(sizes_over_the_limits_are_refused_before_any_room),
        cmocka_unit_test(a_stranger_makes_us_hold_little),
        cmocka_unit_test(a_reader_full_of_frames_gives_no_room_until_one_is_taken),
        cmocka_unit_test(before_hello_there_is_no_body),
        cmocka_unit_test(room_grows_with_what_comes_not_with_what_is_announced),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
