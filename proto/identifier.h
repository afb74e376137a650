/*
 * identifier.h - the identifiers of people, offences and courts: normalise, check.
 *
 * PNC, CRO, CRO-SF and ASN end in a check letter: number mod 23 in ZABCDEFGHJKLMNPQRTUVWXY. The
 * padding differs: PNC pads its serial to 7, CRO to 6, SF not at all, ASN to 11. Spaces are dropped
 * and letters made capitals first.
 */
#ifndef PROTO_IDENTIFIER_H
#define PROTO_IDENTIFIER_H

#include <stdbool.h>

#include "lib/reason.h"
#include "lib/status.h"

#define IDENTIFIER_MAX 63 /* bytes before the NUL */

/* Brings `text`, an identifier of `type` (Concordat__Body__Identifier__Type), into canonical form.
 * Types without a rule are copied. `year` is this year, four digits: two-digit PNC years up to it
 * are 20xx.
 *   ST_INVALID  wrong form or check letter; `why` as "PNC check character should be P" */
enum status identifier_normalise(int type, const char *text, int year,
                                 char out[static IDENTIFIER_MAX + 1], struct reason *why);
/* An ASN that systems fill in where there is none (0800NP01...): well formed, never a match. */
bool identifier_is_dummy(int type, const char *canonical);
/* 7 characters: B or C, then three pairs. */
enum status court_ou_check(const char *text, struct reason *why);
/* Two letters, two-digit year, three digits, optional qualifier A B C I; COML + 3; XX00 + 3. */
enum status offence_code_check(const char *text, struct reason *why);
/* Home Office statistics: class of three digits, subclass of two, "019/07". */
enum status offence_class_check(const char *text, struct reason *why);

#endif
