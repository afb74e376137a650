/*
 * body.h - bodies as JSON and as protobuf, checked against the schema.
 *
 * JSON is protobuf's own mapping (lowerCamelCase or the schema's names; int64 as string or number;
 * enumerations by name; bytes as base64), read and written with jansson. Errors name the path:
 * "defendant.identifiers[0].value: PNC check character should be P".
 */
#ifndef AGENTS_BODY_H
#define AGENTS_BODY_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/catalogue.h"

#define PROBLEMS_MAX 16 /* told at once */

struct problem {
    char where[256];
    char text[256];
};

struct problems {
    size_t count; /* may exceed PROBLEMS_MAX: the rest is not kept */
    struct problem items[PROBLEMS_MAX];
};

/* JSON text to a checked, serialised body. `arena` holds it until its reset.
 *   ST_INVALID  see `problems`: not JSON, an unknown or misspelt field (with the nearest name), a
 *               wrong type, a missing required field, an identifier that fails its check
 *   ST_LIMIT    over BODY_MAX */
enum status body_from_json(const struct message_type *type, const char *json, size_t size,
                           int64_t now_ms, struct arena *arena, struct bytes *out,
                           struct problems *problems);
/* A serialised body from outside: pre-scanned, unpacked, checked as above, serialised anew. */
enum status body_from_protobuf(const struct message_type *type, struct bytes body, int64_t now_ms,
                               struct arena *arena, struct bytes *out, struct problems *problems);
/* A serialised body as JSON, two-space indented; free() it. A partial body (sections not shared) is
 * fine. */
enum status body_to_json(const struct message_type *type, struct bytes body, struct arena *arena,
                         char **out, struct reason *why);
/* A skeleton with every field that the type may carry, for `concordat catalogue TYPE`; free() it.
 */
enum status body_skeleton(const struct message_type *type, char **out);

#endif
