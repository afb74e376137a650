/*
 * allocation.h - who takes a case after sentence: NPS or CRC until 25 June 2021, the unified
 * Probation Service from 26 June 2021.
 *
 *     what the court team knows --allocate--> kind of agency, and the ground it stands on
 *
 * Pure. Every row and its source: docs/allocation.md, of which tests/unit/test_allocation.c is the
 * second reading.
 */
#ifndef AGREEMENTS_ALLOCATION_H
#define AGREEMENTS_ALLOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"
#include "proto/bodies/allocation.pb-c.h"
#include "proto/catalogue.h"

#define ALLOCATED_FROM 20140601 /* the first day of NPS and CRCs */
#define RSR_TO_NPS 690          /* basis points: 6.90 % and over */
#define RSR_MAX 9999            /* 99.99 % */
#define RSR_UNKNOWN 10000       /* not assessed: nobody is allocated on it */

struct allocation_facts {
    uint32_t decided; /* the day, written 20210625; a real one of the calendar */
    bool mappa_eligible;
    Concordat__Body__Rosh rosh; /* UNSPECIFIED: not assessed; NOT_APPLICABLE: need not be */
    uint32_t rsr;               /* basis points, or RSR_UNKNOWN */
    bool deferred_sentence, public_interest;
    bool post_sentence_supervision, short_custody;
};

struct allocation {
    enum agency_kind to; /* KIND_NPS or KIND_CRC; the unified service is KIND_NPS */
    Concordat__Body__AllocationDecision__Ground ground;
};

/* The first row of the table that fits.
 *   ST_INVALID  no such day or score, a day before ALLOCATED_FROM, or what is known settles
 * nothing: a case goes to a CRC only when both RoSH and RSR are known; `out` is untouched */
enum status allocate(const struct allocation_facts *facts, struct allocation *out);

#endif
