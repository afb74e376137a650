/*
 * json.h - a message as JSON, and JSON as a message: any type, by its descriptor.
 *
 * protobuf's own mapping: names in lowerCamelCase (the schema's are taken too), int64 as text,
 * enumerations by name, bytes as base64, null as not there. Nothing is guessed: an unknown field, a
 * repeated one, a fraction where a whole number belongs are problems.
 */
#ifndef AGENTS_JSON_H
#define AGENTS_JSON_H

#include <jansson.h>

#include "agents/body.h"
#include "agents/reflect.h"

/* Commas and brackets of one text: bounds its heap. */
#define JSON_VALUES_MAX (2 * BODY_FIELDS_MAX)

/* What is wrong with a text, without quoting it as jansson's own words do: it names people. */
const char *json_fault(const json_error_t *error);

/* Text to a tree. `problems` says line and column when it is no JSON object.
 *   ST_INVALID, ST_LIMIT (LOCAL_REQUEST_MAX, JSON_VALUES_MAX), ST_NOMEM */
enum status json_parse(const char *text, size_t size, json_t **out, struct problems *problems);

/* A tree to a message in the arena; `problems` may be added to, and then the message is partial.
 *   ST_LIMIT  the arena is used up */
enum status json_to_message(const ProtobufCMessageDescriptor *type, json_t *json,
                            struct arena *arena, ProtobufCMessage **out, struct problems *problems);

/* A new tree in the schema's order; unknown enumeration values stay numbers. NULL: memory. */
json_t *json_of_message(const ProtobufCMessage *message);

/* A new tree with every field, each holding a placeholder that json_to_message refuses. */
json_t *json_skeleton(const ProtobufCMessageDescriptor *type);

/* What stands in a skeleton for a text. */
#define JSON_TEXT_PLACEHOLDER "<text>"
#define JSON_TEXT_PLACEHOLDER_REQUIRED "<text, required>"

#endif
