/*
 * id.h - the names of things: agencies, messages, cases.
 *
 * An agency id is [a-z][a-z0-9-]*(\.[a-z0-9-]+)*, at most AGENCY_MAX bytes
 * (DESIGN of identities: docs/protocol.md §1). Message, share, case and
 * conversation ids are 16 bytes, printed as RFC 9562 UUIDs; message ids are
 * version 7, so that they sort by time.
 */
#ifndef LIB_ID_H
#define LIB_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"

#define ID_TEXT_SIZE 37 /* bytes with the NUL: 8-4-4-4-12 */

struct id {
    uint8_t bytes[ID_SIZE];
};

/* Is `text` (NUL-terminated) an agency id? */
bool agency_is_valid(const char *text);

/* A new version-7 id for `now_ms` (RFC 9562 §5.7); random bits from the system. */
struct id id_new(int64_t now_ms);
/* A new random id (version 4, RFC 9562 §5.4): case handles say nothing, not even when. */
struct id id_random(void);
/* An id whose unpredictable bits are these, so that the same bits are the same id: version 7 for
 * `at_ms`, or with ID_WITHOUT_TIME version 4. */
#define ID_WITHOUT_TIME INT64_MIN
struct id id_from_random(const uint8_t random[static ID_SIZE], int64_t at_ms);
bool id_equal(const struct id *a, const struct id *b);
bool id_is_zero(const struct id *id);
/* Milliseconds since 1970 that a version-7 id claims; -1 for another version. */
int64_t id_time_ms(const struct id *id);
void id_print(const struct id *id, char out[static ID_TEXT_SIZE]);
/* Accepts only the printed form, in either case. */
bool id_parse(const char *text, struct id *out);

#endif
