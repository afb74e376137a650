/*
 * reflect.h - the fields of a protobuf-c message, reached by its descriptor.
 *
 * protobuf-c lays a message out as a C struct and describes it by offsets; this is the one place
 * that follows them. Singular fields of proto2: a text or message is there when its pointer is not
 * NULL, the rest when their has-flag is set. No body uses `oneof`.
 */
#ifndef AGENTS_REFLECT_H
#define AGENTS_REFLECT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

#define JSON_NAME_MAX 63 /* bytes before the NUL */

/* How many values the field has: 0 or 1 when it is not repeated. */
size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
/* Value `index` of those: points at the int, pointer or ProtobufCBinaryData inside the message. */
void *field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                  size_t index);
/* Makes room for `count` values (1 when it is not repeated) and says that they are there; their
 * bytes are zero. False when the arena is used up. */
bool field_make(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t count,
                struct arena *arena);
/* An empty message; NULL when the arena is used up. */
ProtobufCMessage *message_make(const ProtobufCMessageDescriptor *type, struct arena *arena);

/* lowerCamelCase, as protobuf's JSON mapping has it: "court_ou" is "courtOu". */
void field_json_name(const ProtobufCFieldDescriptor *field, char out[static JSON_NAME_MAX + 1]);

#endif
