/*
 * sections.h - a serialised body as its top-level fields: split by data category, and merged again.
 *
 * A field lies whole in the section of its category (proto/catalogue.h), in order of tags; merging
 * takes the least tag of all sections until none is left. Nothing here is secret or allocates.
 */
#ifndef AGENTS_SECTIONS_H
#define AGENTS_SECTIONS_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/limits.h"
#include "lib/status.h"
#include "proto/catalogue.h"

#define ON_BEHALF_OF 100 /* tag, in every body: who it is sent for */

#define CATEGORY_MAX SECTIONS_MAX /* categories count from 1 */

struct field {
    uint32_t tag;
    struct bytes whole; /* tag and value */
};

/* The next top-level field; false at the end and when the bytes break the encoding (`r` is failed
 * then). */
bool next_field(struct reader *r, struct field *out);

/* What a body holds of each category. */
struct sections {
    size_t sizes[CATEGORY_MAX + 1]; /* bytes */
    category_set categories;
};

/*   ST_INVALID  an empty body, not protobuf, tags that descend, or a field without a category */
enum status sections_of(const struct message_type *type, struct bytes body, struct sections *out);

/* All fields of up to SECTIONS_MAX parts in order of their tags. No tag may be in two parts.
 *   ST_INVALID  a part is not protobuf
 *   ST_LIMIT    `out` is too small; it is failed then */
enum status sections_merge(const struct bytes parts[], uint32_t count, struct writer *out);

#endif
