/*
 * regimes.h - the data-protection regime under which each kind of agency processes.
 *
 * A flow between the two regimes has two bases, one on each side; who writes an agreement for it
 * must state both. General knowledge but for departments and chief officers (Data Protection Act
 * 2018 Sch. 7); who signs confirms it. The regime is that of the kind's usual business: a body that
 * enforces the law and does other things is under each for each.
 *
 * Source: docs/agreements.md, regimes.
 */
#ifndef AGREEMENTS_REGIMES_H
#define AGREEMENTS_REGIMES_H

#include "proto/catalogue.h"

enum regime {
    REGIME_PART3 = 1, /* competent authority for law enforcement: Data Protection Act 2018 Part 3 */
    REGIME_UK_GDPR
};

enum regime regime_of(enum agency_kind kind);
const char *regime_name(enum regime regime); /* "PART3", "UK_GDPR" */

#endif
