/*
 * refusal.h - refusal codes: their names, and the fixed advice that goes with each.
 *
 * What is said depends on the code alone, so that a refusal never tells whether a person is known.
 */
#ifndef PROTO_REFUSAL_H
#define PROTO_REFUSAL_H

#include <stdbool.h>

#include "proto/evidence.pb-c.h"

const char *refusal_name(Concordat__RefusalCode code); /* "CATEGORY_NOT_COVERED"; "?" when none */
/* One sentence: what the sender can do about it. */
const char *refusal_advice(Concordat__RefusalCode code);
/* May the same message succeed later without any change? */
bool refusal_is_retryable(Concordat__RefusalCode code);

#endif
