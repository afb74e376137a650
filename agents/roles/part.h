/*
 * part.h - a part of a case record, as it is sent, and what a manifest says of it.
 *
 * A manifest lists each part with the size and the SHA-256 of its body as protobuf, so that whoever
 * takes the record can tell that all of it has come, unaltered. The body is made here both ways, as
 * JSON to send and as bytes to measure: another system would have a protobuf library and a hash.
 * Sources: proto/bodies/record.proto; protobuf.dev/programming-guides/encoding; FIPS 180-4.
 *
 * Of the agency's files (--data): "category" the body's field ("sentenceOrder"), "kind" ("contact
 * log"), "text" a Statement of text and basis.
 */
#ifndef AGENTS_ROLES_PART_H
#define AGENTS_ROLES_PART_H

#include <jansson.h>
#include <stdint.h>

#include "agents/client.h"

/* The body of case.record.part; NULL: the file has a category that no record has. */
json_t *part_body(const char *manifest_id, uint32_t number, const json_t *part);
/* As the manifest lists it; NULL: as above, or more than 1 MiB. */
json_t *part_listed(const char *manifest_id, uint32_t number, const json_t *part);

#endif
