/*
 * wire.h - bodies as JSON: reading and making what protobuf's JSON mapping asks for.
 *
 * A body travels as one JSON object: names in lowerCamelCase, enumerations by name, 64-bit numbers
 * as text, bytes as base64 (https://protobuf.dev/programming-guides/json). A field that is not
 * there was not shared or is not known: never take it for "no".
 *
 * Memory running out ends the process: the store is as it was, so nothing is lost by that. What
 * came from elsewhere must not be able to: json_pack takes it as "O*", which leaves out what is not
 * there.
 */
#ifndef AGENTS_ROLES_WIRE_H
#define AGENTS_ROLES_WIRE_H

#include <jansson.h>
#include <stdint.h>

#include "agents/client.h"

/* `json`, or the end of the process when it is NULL: around everything that jansson makes. */
json_t *wire_made(json_t *json);

/* A field by path, "subject.name.surname": borrowed, NULL when it is not there. */
json_t *wire_at(const json_t *json, const char *path);
const char *wire_text(const json_t *json, const char *path); /* "" when it is not there */
int64_t wire_number(const json_t *json, const char *path); /* number or digits; 0 when not there */
bool wire_true(const json_t *json, const char *path);      /* false when not there */

/* Sets `key` to a copy of what stands at `path` of `from`, if anything does. */
void wire_copy(json_t *to, const char *key, const json_t *from, const char *path);

json_t *wire_time(int64_t ms);                         /* int64 */
json_t *wire_bytes(const uint8_t *bytes, size_t size); /* at most 64 of them */
json_t *wire_id(const char *id);                       /* bytes, of an id as text; "" gives NULL */
/* The id that a bytes field holds, as text. False: it holds none. */
bool wire_id_text(const json_t *bytes, char out[static CONCORDAT_ID_TEXT]);
json_t *wire_day(uint32_t day); /* a Date */
/* A Statement. `basis` is FACT, ASSESSMENT_OR_OPINION or UNVERIFIED: the law keeps them apart. */
json_t *wire_statement(const char *text, const char *basis);

/* An id as text, "" when it is none. */
void wire_print_id(const struct concordat_id *id, char out[static CONCORDAT_ID_TEXT]);

#endif
