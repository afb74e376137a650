/*
 * opened_guest.h - a guest whose session is open, for the tests of what a session takes and says.
 *
 * Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_OPENED_GUEST_H
#define TESTS_UNIT_OPENED_GUEST_H

#include "tests/unit/unit.h"

#include "proto/frame.h"
#include "tests/unit/guest.h"

extern uint8_t frame[FRAME_MAX]; /* where a test writes one */

/* Hello and welcome; the guest itself. */
struct guest *open_guest(struct guest *guest);
/* What the session said since it was last asked, which must be one frame. */
struct wire heard(struct guest *guest);

/* ---- groups of tests of this executable; each says how many have failed ---- */

int session_case_tests(void);       /* session_cases.c */
int session_told_tests(void);       /* session_told.c */
int session_instrument_tests(void); /* session_instruments.c */

#endif
