/*
 * statute.h - a clause held against the statute book; and the book in words.
 *
 *     clauses.c reads a clause --> statute_permits() --> part of the agreement, or its text refused
 *
 * So a clause whose gateway does not run its way is in no agreement that was ever read: it neither
 * lints, nor loads, nor can be signed. What kinds cannot show (that a subject is flagged, that
 * consent was given, that an enactment had begun on the day) stays with people.
 *
 * Source: docs/agreements.md, gateways.
 */
#ifndef AGREEMENTS_STATUTE_H
#define AGREEMENTS_STATUTE_H

#include "agreements/agreement.h"
#include "agreements/gateways.h"
#include "lib/reason.h"

#define GATEWAY_WORDS_MAX                                                                          \
    1024 /* bytes of a row's directions, limits, origin in words, with the NUL */

/* Does the clause's gateway run from every party that fits its `from` to every other that fits its
 * `to`, and have room for its purpose, its categories (`carried`: all that may come) and its way of
 * replying? The gateway is one of the book; the agreement's parties are read. If not, `why` quotes
 * the row and says what it has no room for. O(parties squared). */
bool statute_permits(const struct agreement *agreement, const struct clause *clause,
                     category_set carried, struct reason *why);

/* Why it does not run so: "Housing Act 1996 s.213B (HA1996_S213B) runs from prisons and probation
 * to the housing authority; not from POLICE to LA_HOUSING". */
void gateway_why_not(const struct gateway *gateway, const char *from_kind, const char *to_kind,
                     struct reason *why);

/* "from CRC, NPS, PRISON to LA_HOUSING; from ..."; "nowhere". */
void gateway_directions(const struct gateway *gateway, char out[static GATEWAY_WORDS_MAX]);
/* "for mappa; never an answer; only DC_AGGREGATE"; "none". */
void gateway_limits(const struct gateway *gateway, char out[static GATEWAY_WORDS_MAX]);
/* "text read, but for s.32"; "general knowledge". */
void gateway_origin(const struct gateway *gateway, char out[static GATEWAY_WORDS_MAX]);

#endif
