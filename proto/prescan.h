/*
 * prescan.h - the shape of untrusted protobuf, checked before it is unpacked.
 *
 * protobuf-c 1.4.1 recurses without limit (30 KB of nesting overflow its stack), keeps unknown
 * fields and does not check UTF-8. This walk has no recursion and no allocation; what passes is
 * safe to unpack into an arena. Rules: every tag known for its message, right wire type, no field
 * twice unless repeated, depth and count bounded, text is UTF-8 without NUL. `canonical` adds: tags
 * ascending, minimal varints, no default values of proto3 scalars, no unknown enum values.
 * `category` adds, for a body section: top-level fields of that category only.
 *
 * Source: protobuf encoding; RFC 3629 (UTF-8); docs/protocol.md §4.
 */
#ifndef PROTO_PRESCAN_H
#define PROTO_PRESCAN_H

#include <protobuf-c/protobuf-c.h>

#include "lib/bytes.h"
#include "lib/reason.h"
#include "lib/status.h"

struct prescan {
    uint32_t depth_max;  /* messages inside messages; at most BODY_DEPTH_MAX */
    uint32_t fields_max; /* in all */
    size_t heap_max;     /* bytes that protobuf-c would take, estimated */
    bool canonical;      /* headers, key statements, steps */
    bool ascending;      /* top-level tags ascending (body sections) */
    uint32_t category;   /* != 0: top-level fields must carry this DataCategory */
};

/* ST_OK, or
 *   ST_INVALID  the bytes break a rule; `why` names field and offset, never content
 *   ST_LIMIT    depth, count or heap is over its bound
 * Cost: one pass, about 1 ns a byte. */
enum status prescan(const ProtobufCMessageDescriptor *type, struct bytes input,
                    const struct prescan *rules, struct reason *why);

/* The same, then unpacked with `allocator`. The message lives as long as the allocator's memory.
 *   ST_LIMIT    also when the allocator has no more */
enum status prescan_unpack(const ProtobufCMessageDescriptor *type, struct bytes input,
                           const struct prescan *rules, ProtobufCAllocator *allocator,
                           ProtobufCMessage **out, struct reason *why);

#endif
