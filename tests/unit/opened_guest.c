#include "tests/unit/opened_guest.h"

uint8_t frame[FRAME_MAX];

struct guest *open_guest(struct guest *guest)
{
    unsigned count;

    guest_start(guest);
    size_t size = guest_hello(frame, sizeof frame);
    assert_int_equal(guest_feed(guest, frame, size), ST_LIMIT); /* joining: nothing is read */
    assert_int_equal(session_state(guest->session), SESSION_JOINING);
    assert_int_equal(guest_answer(guest, &count, NULL), ST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(session_state(guest->session), SESSION_OPEN);
    return guest;
}

struct wire heard(struct guest *guest)
{
    struct wire wire = {0};
    size_t at = 0;

    assert_true(guest_said(guest, &at, &wire));
    assert_int_equal(at, session_out(guest->session).size);
    session_sent(guest->session);
    return wire;
}
