/*
 * desk_town.h - a court, probation and social care, for the tests of the desk.
 *
 * Failures abort through cmocka.
 */
#ifndef TESTS_UNIT_DESK_TOWN_H
#define TESTS_UNIT_DESK_TOWN_H

#include "tests/unit/unit.h"

#include "tests/unit/town.h"

#define COURT "court.b35cz00"
#define NPS "nps.cambs"
#define CSC "csc.cambs"

extern const char *const court_and_nps[2];

struct id id_of(const Concordat__Response *response);
/* The court asks probation for a report. */
struct id send_request(struct town *town, Concordat__Outcome expected);

/* ---- groups of tests of this executable; each says how many have failed ---- */

int desk_derived_tests(void); /* desk_derived.c */
int desk_trouble_tests(void); /* desk_troubles.c */
int desk_ageing_tests(void);  /* desk_ageing.c */

#endif
