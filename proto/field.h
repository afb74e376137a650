/*
 * field.h - single fields of wire messages: written in canonical form, and checked when read.
 *
 * Writing fills a caller's buffer. A value that proto3 leaves out (zero, empty) is left out here
 * too, lengths and numbers are as short as they can be, so ascending calls give the canonical form
 * of docs/protocol.md §4 without building a message first. Allocates nothing; what does not fit
 * makes the writer `failed`.
 */
#ifndef PROTO_FIELD_H
#define PROTO_FIELD_H

#include <protobuf-c/protobuf-c.h>

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/merkle.h"
#include "lib/reason.h"
#include "lib/status.h"

/* Numbers, enumerations and booleans. */
void field_number(struct writer *w, uint32_t tag, uint64_t v);
void field_bytes(struct writer *w, uint32_t tag, const void *data, size_t size);
void field_text(struct writer *w, uint32_t tag, const char *text);
/* Left out when all its bytes are zero. */
void field_id(struct writer *w, uint32_t tag, const struct id *id);
void field_digest(struct writer *w, uint32_t tag, const struct digest *digest);
/* The number alone: for what is packed. */
void field_varint(struct writer *w, uint64_t v);
size_t field_varint_size(uint64_t v);
uint64_t field_read_varint(struct reader *r);

/* A message, or a packed list, inside: size_t at = field_begin(...); its fields; field_end(w, at).
 * Always written, even when empty. One byte is set aside for its length; a longer length moves the
 * content up. */
size_t field_begin(struct writer *w, uint32_t tag);
void field_end(struct writer *w, size_t at);

/* What an unpacked field must hold; each copies it out, or says false and leaves `to` alone. */
/* Exactly `size` bytes, not all of them zero: zero stands for "none" in our structs. */
bool field_take(const ProtobufCBinaryData *from, void *to, size_t size);
/* The same, or nothing at all. */
bool field_take_optional(const ProtobufCBinaryData *from, void *to, size_t size);
/* 1..max printable ASCII characters without space; `to` holds max + 1. */
bool field_take_word(const char *from, char *to, size_t max);
bool field_take_agency(const char *from, char to[static AGENCY_MAX + 1]);
/* 1..max bytes, borrowed. */
bool field_take_bytes(const ProtobufCBinaryData *from, size_t max, struct bytes *to);

/* The first sized field `tag` of a message that has passed prescan, where it stands in the message;
 * {NULL, 0} when there is none. */
struct bytes field_find(struct bytes message, uint32_t tag);
/* The same for a number: enumerations, booleans, int64 but not sint64. False: there is none. */
bool field_find_number(struct bytes message, uint32_t tag, uint64_t *out);

/* Memory on the stack for unpacking a message of a few hundred bytes: an allocator for protobuf-c
 * that stops at its end. */
#define FIELD_SCRATCH 2048 /* bytes: a step of STEP_MAX takes under 1600 */
struct field_scratch {
    ProtobufCAllocator allocator;
    size_t used;
    _Alignas(16) uint8_t room[FIELD_SCRATCH];
};
ProtobufCAllocator *field_scratch_allocator(struct field_scratch *scratch);

/* ST_INVALID, with the sentence "field: fault". */
enum status field_refuse(struct reason *why, const char *field, const char *fault);

#endif
