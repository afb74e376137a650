/*
 * cases_agreement.h - the agreement under which two agencies hand cases to each other, ask and
 * refer about them, and a third answers: for tests whose daemons die or whose disks fail.
 */
#ifndef TESTS_SYSTEM_CASES_AGREEMENT_H
#define TESTS_SYSTEM_CASES_AGREEMENT_H

#include "tests/system/community.h"

#define CASES_PARTIES 3 /* an NPS and a CRC, which keep cases, and LA_CHILDREN, which answers */

/* As ISA-CASES, version 1, into the community's agreements. Enquiries are to be answered within
 * 4 hours, referrals acknowledged within one; every desk is open day and night. */
void cases_agreement(struct community *c, const struct member parties[CASES_PARTIES]);
/* The same with a time for all that may be owed: offers and referrals are to be decided within two
 * hours, watches to be closed within one, and contact made within four of taking a case. */
void cases_agreement_timed(struct community *c, const struct member parties[CASES_PARTIES]);

#endif
